"""``python -m benchmarks.label_round FOLDER PLACE``: does a round of labelling improve a network?

`FOLDER` holds ``images/ID.png`` and ``masks/ID.png`` (BBBC038, 664 pairs). The masks of 400 are
held back, drawn by the seed. A run on the other pairs ranks the 400, the masks of the first 50 are
imported, and a new run goes on with them; another one goes on with 50 random ones. All three are
scored on the same held-out pairs.

Runs and data sets are stored in `PLACE`. Written: ``results/label_round.csv``, one row a seed and
run. Rows that are there already are kept, so that a stopped measurement goes on; remove the file
and `PLACE` to start anew. One thread; no statistics are computed here.
"""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

import shipdash
from benchmarks.stored import RESULTS
from shipdash.acceptance import fails
from shipdash.analysis.ranking import usual
from shipdash.config import RunConfig
from shipdash.data import files
from shipdash.data.own_preset import own_config
from shipdash.importing import ImportRequest, import_pairs
from shipdash.labelling import Ranking, rank_request, ranking_job
from shipdash.labelling.going_on import go_on
from shipdash.labelling.listing import Ranked, ranked
from shipdash.learning import metrics
from shipdash.learning.learner import open_learner
from shipdash.results import Result
from shipdash.runs import Store, worker
from shipdash.runs.machine import machine
from shipdash.runs.worker import Prepared

NAME = "label_round.csv"
COLUMNS = ("seed", "labelled", "ranking", "run_id", "n_pool", "n_core", "n_new", "n_new_failing",
           "n_new_kept", "n_held_out", "mean_iou", "share_failing", "acceptance_iou", "seconds",
           "device", "threads", "machine", "version", "date")
SEEDS = (1, 2, 3, 4, 5)
WAYS = ("ranked", "random")
N_UNLABELLED, N_LABELLED_NEXT = 400, 50
HELD_OUT = 0.5  # of the 264 labelled pairs: 132 that judge, 132 in the pool
SIZE = 64  # rows and columns: a quarter of the time of 128


class Round(NamedTuple):
    """One seed's files and where everything about it is stored."""

    seed: int
    folder: Path  # of all pairs
    links: Path
    store: Store
    compiled: list[Prepared]  # one learner for all runs, once it is there


def main(folder: Path, place: Path) -> None:
    """Measure what is missing, and write after every run."""
    os.environ |= {f"TF_NUM_{kind}_THREADS": "1" for kind in ("INTRAOP", "INTEROP")}
    os.environ["SHIPDASH_DATA"] = f"{place}/data"
    path, store, compiled = RESULTS / NAME, Store(f"{place}/runs"), []
    done = {tuple(row[:2]) for row in _stored(path)}
    for seed in SEEDS:
        if all((str(seed), labelled) in done for labelled in ("before", *WAYS)):
            continue
        this = Round(seed, folder, place / "links" / str(seed), store, compiled)
        for row in measured(this):
            if tuple(map(str, row[:2])) not in done:
                _append(path, row)
                print(f"seed {seed}, {row[1]}: mean IoU {row[10]}, failing {row[11]}", flush=True)


def measured(this: Round) -> Iterator[tuple]:
    """The rows of one seed: the run on the labelled pairs, then one for each way of choosing."""
    labelled, images = names(this.folder, this.seed)
    old = _imported(this, "old", labelled, held_out=HELD_OUT)
    new = _imported(this, "new", images, kind="none")
    seeds = {f"seeds.{which}": this.seed for which in ("model", "order")}
    before = _run(this, own_config(old).replace(**seeds))
    yield _row(this, "before", "", before)
    ranking = ranking_job.compute(this.store, rank_request(this.store, new, before.run_id))
    for way in WAYS:
        by = usual(ranking.images) if way == "ranked" else "random"
        chosen = ranked(ranking, by)[:N_LABELLED_NEXT]
        more = _imported(this, way, sorted(Path(each.file).name for each in chosen))
        after = _run(this, go_on(this.store, before.run_id, more))
        yield _row(this, way, by, after, n_carried=before.n_core,
                   n_failing=_n_failing(ranking, chosen, more, after.held_out.acceptance_iou))


def names(folder: Path, seed: int) -> tuple[list[str], list[str]]:
    """File names of the labelled pairs and of the images whose masks are held back."""
    there = sorted(path.name for path in (folder / "images").glob("*.png"))
    order = np.random.default_rng(seed).permutation(len(there)).tolist()
    return (sorted(there[i] for i in order[N_UNLABELLED:]),
            sorted(there[i] for i in order[:N_UNLABELLED]))


def _imported(this: Round, what: str, chosen: list[str], kind: str = "folders",
              held_out: float = 0.0) -> str:
    """The name of the data set of these files, which is imported unless it is stored already."""
    name, links = f"{what}-{this.seed}", this.links / what
    if (files.root() / name).exists():
        return name
    sides = ("images", "masks") if kind == "folders" else ("images",)
    for side in sides:
        (links / side).mkdir(parents=True, exist_ok=True)
        for file in chosen:
            link = links / side / file
            if not link.is_symlink():
                link.symlink_to((this.folder / side / file).resolve())
    import_pairs(ImportRequest(
        name=name, kind=kind, images=f"{links}/images", rows=SIZE, cols=SIZE, held_out=held_out,
        labels=f"{links}/masks" if kind == "folders" else "", seed=this.seed))
    return name


def _run(this: Round, config: RunConfig) -> Result:
    run_id, _ = this.store.create(config)
    if this.store.result(run_id) is None and not this.compiled:
        began = time.perf_counter()
        learner = open_learner(config.network, shape=config.shape, seed=this.seed)
        learner.prepare(void=False)
        this.compiled.append(Prepared(learner, time.perf_counter() - began))
    return worker.work(this.store, run_id,
                       prepared=this.compiled[0] if this.compiled else None)


def _n_failing(ranking: Ranking, chosen: list[Ranked], labelled: str, limit: float) -> int:
    """How many of the chosen images the old network predicts worse than it accepts."""
    places = [each.place for each in sorted(chosen, key=lambda each: Path(each.file).name)]
    predicted = np.unpackbits(ranking.images["bits"][places], axis=2).astype(np.float32)
    _, masks = ranking_job.images_of(labelled).draw(range(len(places)))
    return int(fails(metrics.iou(metrics.counts(masks, predicted)), limit).sum())


def _row(this: Round, labelled: str, ranking: str, result: Result, n_carried: int = 0,
         n_failing: int = 0) -> tuple:
    n_new = 0 if labelled == "before" else N_LABELLED_NEXT
    n_kept = sum(number >= n_carried for number in result.core) if n_new else 0
    held_out = result.held_out
    return (this.seed, labelled, ranking, result.run_id, result.n_pool, result.n_core, n_new,
            n_failing, n_kept, held_out.n, round(held_out.mean_iou, 6),
            round(held_out.share_failing, 6), round(held_out.acceptance_iou, 4),
            round(result.seconds, 1), result.device, result.threads, machine(),
            shipdash.__version__, result.date)


def _stored(path: Path) -> list[list[str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text))[1:]


def _append(path: Path, row: tuple) -> None:
    fresh = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([COLUMNS, row] if fresh else [row])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
