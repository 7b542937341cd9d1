"""How many of 664 pictures of nuclei were needed: selections, all controls, learning curve.

    python -m benchmarks.nuclei_study FOLDER --workers 1
    python -m benchmarks.nuclei_study --tables

`FOLDER` holds ``images/ID.png`` and ``masks/ID.png`` of BBBC038. All pairs are imported as a person
imports their own (the data set is stored under $SHIPDASH_DATA), with the kind of picture as group;
a fifth is held out, near duplicates on one side. Runs are those of `study`, in their own processes
and the most important first, so it goes on where it was stopped; after every run the tables of what
is complete are written. It computes no statistics.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks import study
from benchmarks.child import BenchError
from benchmarks.record_nuclei import kind_of
from benchmarks.stored import RESULTS
from shipdash.analysis.groups import scores_by_group
from shipdash.analysis.leaks import kept_by_group
from shipdash.config import ConfigError, RunConfig
from shipdash.data import files, open_source
from shipdash.data.held_out import split_by
from shipdash.data.near_duplicates import clusters
from shipdash.data.own_preset import own_config
from shipdash.data.stored_duplicates import near_duplicates
from shipdash.data.stored_split import store_split
from shipdash.importing import ImportRequest, import_pairs
from shipdash.records import RunState
from shipdash.results import StoredRun
from shipdash.runs import Store, StoreError
from shipdash.studies import arms, replicas
from shipdash.studies.folder import state_of
from shipdash.studies.study import asked

SIDE = 64  # all 53 runs in an hour and a half on two busy cores
NAME = f"nuclei-664-{SIDE}"
HELD_OUT, SPLIT_SEED = 0.2, 1
N_ORDERS = 5
DECIDING, FURTHER = ("core", "random", "full"), ("stratified", "full-cost")
"""Controls that the finding rests on, and the others."""

SHARES = (8, 4, 2)
"""The curve has an eighth, a fourth and a half of the pool, as on *Your data*; all pairs end it."""

OUT = RESULTS / "nuclei-study"


def stored(folder: Path | None) -> RunConfig:
    """The preset on the data set, which is imported unless it is stored already.

    Raises
    ------
    BenchError
        It is not stored and no folder was given.
    """
    if not (files.root() / NAME).exists():
        if folder is None:
            raise BenchError(f"{files.root()} has no data set {NAME}: give the folder of nuclei")
        _import(folder)
    return own_config(NAME)


def _import(folder: Path) -> None:
    """All pairs in folders by kind, then the split: a group of kinds is no reason to hold one out
    as a whole. What was imported before a kill is taken as it is."""
    whole = f"{NAME}-whole"
    if not (files.root() / whole).exists():
        _import_whole(folder, whole)
    n = int(files.read_manifest(files.root() / whole)["n"])
    alike = clusters(near_duplicates(files.root() / whole).by_picture, n)
    store_split(whole, NAME, split_by([str(first) for first in alike], HELD_OUT, SPLIT_SEED),
                split_by="near duplicates")
    files.remove(whole)


def _import_whole(folder: Path, whole: str) -> None:
    with tempfile.TemporaryDirectory() as sorted_by_kind:
        for image in sorted((folder / "images").glob("*.png")):
            for side in ("images", "masks"):
                link = Path(sorted_by_kind, side, kind_of(image), image.name)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to((folder / side / image.name).resolve())
        report = import_pairs(ImportRequest(
            name=whole, images=f"{sorted_by_kind}/images", labels=f"{sorted_by_kind}/masks",
            rows=SIDE, cols=SIDE, group="folder", held_out=0))
    print(f"{report.n_pairs:,} pairs imported, {len(report.left_out):,} files left out", flush=True)


def tasks(base: RunConfig) -> list[study.Task]:
    """Everything that is asked, the most important first."""
    others = [config for config in replicas.fan(base, N_ORDERS) if config != base]
    sizes = sorted({base.selection.n_pool // share for share in SHARES} - {0})
    return [
        study.Task("orders", "the selection", base),
        *study.arm_tasks("controls", base, DECIDING, "steps"),
        *[study.Task("orders", f"order seed {config.seeds.order}", config) for config in others],
        *study.arm_tasks("controls", base, FURTHER, "steps"),
        *study.curve_tasks(base, sizes),
        *[arm for config in others
          for arm in study.arm_tasks("other orders", config, ("core", "random"), "steps")],
    ]


def keep(store: Store, base: RunConfig, todo: list[study.Task], out: Path) -> None:
    """Write what is complete: the tables of the Evaluation page, every run, and runs by group."""
    if state_of(store, base.digest) != RunState.COMPLETED:
        return
    study.tables(store, base, todo, out, "python -m benchmarks.nuclei_study")
    found = [(task, store.info(config.digest)) for task in todo
             if (config := asked(store, task.run)) is not None
             and state_of(store, config.digest) == RunState.COMPLETED]
    pd.DataFrame([_row(store, *each) for each in found]).to_csv(
        out / "runs.csv", index=False, float_format="%.6g")
    pd.concat([_groups(store, run) for _, run in found]).to_csv(
        out / "groups.csv", index=False, float_format="%.6g")


def _row(store: Store, task: study.Task, run: StoredRun) -> dict:
    """One run: what it was asked, what it reached, and on what machine."""
    config, result = run.config, run.result
    selection = config if config.arm.kind == "selection" else store.config(config.arm.source)
    return {
        "task": task.group, "arm": _arm(selection, config), "order_seed": config.seeds.order,
        "model_seed": config.seeds.model, "draw": config.arm.draw, "run_id": run.run_id,
        "n_pairs": result.n_core, "n_set_aside": len(result.set_aside), "n_pool": result.n_pool,
        "n_forward": result.n_forward, "n_backward": result.n_backward,
        "n_held_out": result.held_out.n, "mean_iou": result.held_out.mean_iou,
        "foreground_iou": result.held_out.foreground_iou,
        "share_failing": result.held_out.share_failing, "reason": str(result.reason),
        "seconds": result.seconds, "device": result.device, "threads": result.threads,
        "machine": result.machine, "version": result.version, "date": result.date,
    }


def _groups(store: Store, run: StoredRun) -> pd.DataFrame:
    """Pairs of each group in the pool, those learnt from, and the scores of those held out."""
    config, result = run.config, run.result
    pool, held_out = (list(_group_names(config, split)) for split in ("pool", "held_out"))
    kept = kept_by_group(pool, result.core)[["group", "pairs", "kept"]]
    scores = store.load_scores(run.run_id, "held_out")
    scored = scores_by_group([held_out[int(i)] for i in scores["index"]], scores["iou"],
                             result.held_out.acceptance_iou)
    table = kept.rename(columns={"pairs": "n_pool"}).merge(
        scored.rename(columns={"pairs": "n_held_out"}), on="group", how="outer")
    table.insert(0, "run_id", run.run_id)
    return table


def _group_names(config: RunConfig, split: str) -> Iterator[str]:
    source = open_source(config, split)
    return (source.group(i) for i in range(source.n))


def _arm(selection: RunConfig, config: RunConfig) -> str:
    return ("selection" if config.arm.kind == "selection"
            else arms.name_of(config, selection))


def main(argv: list[str] | None = None) -> int:
    """Run what is missing, or write the tables of what is there."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="the nuclei, to import them")
    parser.add_argument("--runs", default=os.environ.get("SHIPDASH_RUNS"), metavar="DIR")
    parser.add_argument("--budget", type=float, default=float("inf"), metavar="MINUTES",
                        help="start no run after so many minutes")
    parser.add_argument("--workers", type=int, metavar="N",
                        help="worker processes at a time, one thread each; by default one per core")
    parser.add_argument("--tables", action="store_true",
                        help="write the tables of what is complete, run nothing")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR")
    args = parser.parse_args(argv)
    try:
        store, base = Store(args.runs), stored(args.folder)
        todo = tasks(base)
        if args.tables:
            keep(store, base, todo, args.out)
        else:
            study.run(store, todo, budget_min=args.budget, n_workers=args.workers, n_threads=1,
                      name="nuclei study", afterwards=lambda: keep(store, base, todo, args.out))
    except (BenchError, ConfigError, StoreError, files.DataError) as error:
        print(f"nuclei study: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
