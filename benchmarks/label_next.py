"""``python -m benchmarks.label_next FOLDER``: which ranking finds what a network fails.

`FOLDER` holds ``images/ID.png`` and ``masks/ID.png`` (BBBC038). Five runs of different seeds on
the nuclei, of which 15 % are in the pool, and five on the scene of the quick preset; every ranking
of every run is judged on its held-out pairs. Written: ``results/label_next.csv``, one row a run and
ranking, and ``label_next_curves.csv``, what was found after looking at so many, over the runs.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.stored import RESULTS
from shipdash import config as configs
from shipdash.acceptance import fails
from shipdash.analysis.ranking import RANKINGS, Trust, found_curve, trust
from shipdash.config import RunConfig
from shipdash.data import open_source
from shipdash.data.own_preset import own_config
from shipdash.importing import ImportRequest, import_pairs
from shipdash.labelling import rank_request, scoring
from shipdash.labelling.ranking_job import MOST_KNOWN
from shipdash.runs import Store, queue

SEEDS = (1, 2, 3, 4, 5)
HELD_OUT = 0.85  # about a hundred labelled pairs, as after a first day of labelling
SIZE = 64  # rows and columns of the nuclei: a quarter of the time of 128
STEP = 10  # between two points of a stored curve


def main(folder: Path) -> None:
    """Run, score and write."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["SHIPDASH_DATA"] = f"{place}/data"
        store = Store(f"{place}/runs")
        rows, curves = [], []
        for source, config in asked(folder).items():
            found = list(_of_seeds(store, config))
            rows += [(source, seed, *row) for seed, scores, limit in found
                     for row in trust(scores, limit)]
            curves += [(source, *row) for row in _curves([(s, limit) for _, s, limit in found])]
    _write("label_next.csv", ("source", "seed", *Trust._fields), rows)
    _write("label_next_curves.csv", ("source", "ranking", "looked_at", "lowest", "median",
                                     "highest"), curves)


def asked(folder: Path) -> dict[str, RunConfig]:
    """The run of each source; the nuclei are imported for it."""
    import_pairs(ImportRequest(name="nuclei", images=f"{folder}/images", labels=f"{folder}/masks",
                               held_out=HELD_OUT, rows=SIZE, cols=SIZE))
    return {"nuclei": own_config("nuclei"), "scene": configs.quick()}


def _of_seeds(store: Store, config: RunConfig) -> Iterator[tuple[int, dict, float]]:
    """Seed, scores of the held-out pairs, and the IoU below which one fails, for each seed."""
    ids = {}
    for seed in SEEDS:
        ids[seed], _ = store.create(config.replace(**{"seeds.model": seed, "seeds.order": seed}))
        queue.work_one(store, ids[seed])
        print(f"{ids[seed]}: seed {seed}", flush=True)
    for seed, run_id in ids.items():
        data = config.source.name
        others = (rank_request(store, data, run_id).others if data
                  else tuple(other for other in ids.values() if other != run_id)[:2])
        by = scoring.known(store, run_id, others)
        fresh = open_source(by.config, "held_out")
        scores = scoring.scored(by, fresh, np.arange(min(fresh.n, MOST_KNOWN)))
        print(f"{run_id}: scored", flush=True)
        yield seed, scores, by.config.selection.acceptance_iou


def _curves(found: list[tuple[dict, float]]) -> Iterator[tuple]:
    """Shares of the failing pairs found: over runs, whose numbers of failing pairs differ."""
    for name in RANKINGS:
        shares = []
        for scores, limit in found:
            curve = found_curve(scores[name], fails(scores["iou"], limit))
            shares.append(curve / max(curve[-1], 1))
        over = np.array(shares)
        for k in range(0, over.shape[1], STEP):
            yield (name, k, *np.round(np.quantile(over[:, k], (0, 0.5, 1)), 4).tolist())


def _write(name: str, columns: tuple[str, ...], rows: list[tuple]) -> None:
    with (RESULTS / name).open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([round(cell, 6) if isinstance(cell, float) else cell for cell in row]
                         for row in rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
