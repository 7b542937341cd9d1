"""Compute the sweep that the Threshold page shows at once, and copy its numbers into the package.

    python -m benchmarks.record_sweep RUNS_FOLDER    # two hours on two fast cores; may be stopped
    python -m benchmarks.record_sweep --report       # the section of docs/results.md; runs nothing

The compact network over 10,000 pairs: nine precisions and both acceptance rules for each of five
orders, an order with initial weights of its own. One run after the other, each on all cores and in
a process of its own: one process that compiled ninety networks ended in an error of XLA.

Three files come of it: ``points.csv``, a row for each run; ``details.npz``, its curve, core set,
held-out histogram and failed predictions (`shipdash.studies.sweep_details`); ``sweep.json``, where
they come from. Until the last run they are kept under benchmarks/results/sweep: a run that has a
row there is not run again, on whatever machine.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.child import ROOT
from shipdash import analysis, figures
from shipdash import config as configs
from shipdash.analysis.sweep import spread
from shipdash.config import ALGORITHM, RunConfig
from shipdash.runs import Store, queue
from shipdash.runs.folder import replace
from shipdash.studies import grid, sweep_details
from shipdash.studies.study import points

RECORDED = ROOT / "shipdash" / "recorded" / "sweep"
UNFINISHED = ROOT / "benchmarks" / "results" / "sweep"

PRECISIONS = grid.parse_values("selection.precision", "0.55:0.95:0.05")
ORDERS = range(1, 6)

MOST_BYTES = 3_000_000
"""All files together: they are in every clone of the repository."""


def plan() -> list[RunConfig]:
    """The ninety runs, order by order: a few whole staircases say more than all of their feet."""
    axes = [("selection.acceptance", ("article", "iou")), ("selection.precision", PRECISIONS)]
    bases = (configs.compact().replace(**{"seeds.order": n, "seeds.model": n}) for n in ORDERS)
    return [run for base in bases for run in points(base, axes)]


def main(options: Sequence[str] | None = None) -> None:
    """Run what has no row, keep each as it ends, and give the package the whole of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.record_sweep")
    parser.add_argument("runs", metavar="RUNS_FOLDER", nargs="?",
                        help="outside the clone: checkpoints too")
    parser.add_argument("--report", action="store_true")
    args = parser.parse_args(options)
    if args.report:
        print(report(pd.read_csv(RECORDED / "points.csv")))
        return
    if args.runs is None:
        parser.error("RUNS_FOLDER is missing")
    store, asked = Store(args.runs), plan()
    rows, details = kept()
    for n, config in enumerate(asked, 1):
        if config.digest in set(rows["run_id"]):
            continue
        store.create(config)
        queue.work_one(store, config.digest)
        if (result := store.result(config.digest)) is None:
            sys.exit(f"Run {config.digest} was stopped: the same command goes on with it.")
        rows, details = _keep(store, config, rows, details)
        print(f"{n} of {len(asked)}: precision {config.selection.precision:g}, rule "
              f"{config.selection.acceptance}, order {config.seeds.order}: {result.n_core} kept, "
              f"{result.reason}", flush=True)
    ship(asked, rows, details)


def kept() -> tuple[pd.DataFrame, dict[str, sweep_details.Detail]]:
    """Rows and details of the runs that are stored already; none before the first. A row whose
    details cannot be read is none: its run is made again, or taken from the runs folder."""
    path = UNFINISHED / "points.csv"
    if not path.exists():
        return pd.DataFrame(columns=analysis.POINT_COLUMNS), {}
    rows = pd.read_csv(path, dtype={"run_id": str, "version": str})
    details = sweep_details.read(UNFINISHED / sweep_details.FILE)
    return rows[rows["run_id"].isin(list(details))], details


def _keep(store: Store, config: RunConfig, rows: pd.DataFrame, details: dict) -> tuple:
    """A run more, its details first: one that has a row has them too."""
    run_id, scores = config.digest, store.load_scores(config.digest, "held_out")
    if (detail := sweep_details.of_run(store, run_id)) is not None:
        details = details | {run_id: detail}
    row = analysis.sweep_points([(store.info(run_id), scores and scores["iou"])])
    row = row[analysis.POINT_COLUMNS]
    rows = pd.concat([rows, row], ignore_index=True) if len(rows) else row
    _write(UNFINISHED, rows, details)
    return rows, details


def _write(folder: Path, rows: pd.DataFrame, details: dict[str, sweep_details.Detail]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    sweep_details.write(folder / sweep_details.FILE, details)
    table = rows.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    replace(folder / "points.csv", table.encode())


def ship(asked: Sequence[RunConfig], rows: pd.DataFrame, details: dict) -> None:
    """Give the package every run that was asked; what was kept on the way goes."""
    rows = rows.set_index("run_id").loc[[run.digest for run in asked]].reset_index()
    _write(RECORDED, rows, details)
    (RECORDED / "sweep.json").write_text(json.dumps(_facts(asked, rows), indent=1) + "\n")
    shutil.rmtree(UNFINISHED, ignore_errors=True)
    n_bytes = sum(file.stat().st_size for file in RECORDED.iterdir())
    print(f"{len(rows)} points in {RECORDED}, {n_bytes / 1e6:.2f} MB")
    if n_bytes > MOST_BYTES:
        sys.exit(f"that is more than {MOST_BYTES / 1e6:.0f} MB: do not commit it")


def _facts(asked: Sequence[RunConfig], rows: pd.DataFrame) -> dict:
    """Where the numbers come from; a list wherever points may differ."""
    facts = {name: sorted(map(str, rows[name].unique()))
             for name in ("machine", "device", "threads", "version")}
    return {"command": "python -m benchmarks.record_sweep RUNS_FOLDER", "algorithm": ALGORITHM,
            "first_date": rows["date"].min(), "last_date": rows["date"].max(),
            "seconds": round(float(rows["seconds"].sum()), 1),
            "base": grid.plain(asked[0]).to_dict()} | facts


COLUMNS = {"n_core": ("kept", "{:,.0f}"), "below_90": ("below IoU 0.90", "{:.2%}"),
           "mean_iou": ("mean IoU", "{:.4f}"), "n_backward": ("training images", "{:,.0f}")}
"""Columns of the report by those of the table, with heading and format."""


def report(table: pd.DataFrame) -> str:
    """Markdown: a row a precision and rule, medians with ranges over the orders, then the slopes.

    Parameters
    ----------
    table : DataFrame
        ``points.csv`` as it ships.
    """
    headings = ["rule", "precision", "passes at IoU", *(words for words, _ in COLUMNS.values())]
    lines, said = [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"], []
    for rule, words in figures.RULES.items():
        curves = [analysis.sweep_curve(table, name, rule) for name in COLUMNS]
        limits = analysis.completed(table, rule).groupby("precision")["acceptance_iou"].first()
        for rows in zip(*(curve.itertuples() for curve in curves), strict=True):
            cells = [spread(row, form) for row, (_, form)
                     in zip(rows, COLUMNS.values(), strict=True)]
            precision = rows[0].precision
            lines.append(f"| {words} | {precision:.2f} | {limits[precision]:.4g} "
                         f"| {' | '.join(cells)} |")
        if (slope := analysis.precision_slope(table, rule)) is not None:
            said.append(analysis.slope_words(slope, rule))
    return "\n".join([*lines, "", *said])


if __name__ == "__main__":
    main()
