"""Compute the sweep that the Threshold page shows at once, and copy its numbers into the package.

    python -m benchmarks.record_sweep                # about half an hour on two cores
    python -m benchmarks.record_sweep --workers 1    # options go on to `shipdash sweep`

Three files are written: ``points.csv``, a row for each run; ``details.npz``, its curve, core set,
held-out histogram and failed predictions (`shipdash.studies.sweep_details`); ``sweep.json``, where
they come from.

Not a way to edit a result: points are ordinary runs of the runs folder, so an interrupted
recording goes on where it stood, and a second one right after the first takes seconds.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from shipdash import analysis
from shipdash.cli import commands as command_line
from shipdash.cli import studies
from shipdash.config import ALGORITHM
from shipdash.results import StoredRun
from shipdash.runs import Store
from shipdash.studies import grid, sweep_details
from shipdash.studies.study import Study

RECORDED = Path(__file__).parents[1] / "shipdash" / "recorded" / "sweep"
ASKED = ("--preset quick --precision 0.55:0.95:0.05 --order-seeds 5 "
         "--acceptance article,iou")
"""Nine precisions, five orders, both acceptance rules: 90 points."""

MOST_BYTES = 3_000_000
"""All files together: they are in every clone of the repository."""

_RUNS = argparse.ArgumentParser(add_help=False)
_RUNS.add_argument("--runs")


def main(options: list[str], asked_for: str = ASKED, target: Path = RECORDED) -> None:
    """Run what is missing and write the files; none is written unless every point is there."""
    runs, _ = _RUNS.parse_known_args(options)
    asked, store = plan_of(asked_for), Store(runs.runs)
    command_line.main(["sweep", *asked_for.split(), *options])
    found = [store.info(run.digest) for run in asked.runs]
    if not all(run.result for run in found):
        sys.exit("not every point was computed: run the same command again")
    points = analysis.sweep_points((run, _iou(store, run)) for run in found)
    target.mkdir(parents=True, exist_ok=True)
    columns = analysis.POINT_COLUMNS
    points[columns].to_csv(target / "points.csv", index=False, float_format="%.6g")
    sweep_details.write(target / sweep_details.FILE, _details(store, asked))
    base = grid.plain(asked.runs[0]).to_dict()
    facts = _facts(points, asked_for) | {"base": base, "axes": asked.axes}
    (target / "sweep.json").write_text(json.dumps(facts, indent=1) + "\n")
    n_bytes = sum(file.stat().st_size for file in target.iterdir())
    print(f"{len(points)} points in {target}, {n_bytes / 1e6:.2f} MB")
    if n_bytes > MOST_BYTES:
        sys.exit(f"that is more than {MOST_BYTES / 1e6:.0f} MB: do not commit it")


def _details(store: Store, asked: Study) -> dict[str, sweep_details.Detail]:
    """What every run looks like, those without an evaluation left out."""
    found = {run.digest: sweep_details.of_run(store, run.digest) for run in asked.runs}
    return {run_id: detail for run_id, detail in found.items() if detail is not None}


def plan_of(asked_for: str) -> Study:
    """The sweep that these options of the command line ask for."""
    parser = argparse.ArgumentParser()
    studies.add_sweep_options(parser)
    return studies.grid_of(parser.parse_args(asked_for.split()))


def _iou(store: Store, run: StoredRun) -> np.ndarray | None:
    scores = store.load_scores(run.run_id, "held_out")
    return scores and scores["iou"]


def _facts(points: pd.DataFrame, asked_for: str) -> dict:
    """Where the numbers come from; a list wherever points may differ."""
    facts = {name: sorted(map(str, points[name].unique()))
             for name in ("machine", "device", "threads", "version")}
    return {"command": f"python -m shipdash sweep {asked_for}", "algorithm": ALGORITHM,
            "first_date": points["date"].min(), "last_date": points["date"].max(),
            "seconds": round(float(points["seconds"].sum()), 1)} | facts


if __name__ == "__main__":
    main(sys.argv[1:])
