"""Whether a random tenth of what is stored as recorded repeats on this machine.

    python -m benchmarks.record --check              # with seed 1: another one chooses others
    python -m benchmarks.record --check 2 runs study # of these kinds only

Computed again in a folder of its own and compared with what is stored: of the recorded runs the
core set in order, and every number of the held-out scores and of the re-audit; of the sweep the
core set, the pairs tested and the mean held-out IoU, as its table rounds them; of the study's arms
the IoU of every held-out pair, as its file rounds them; of the registered pools every count and
measure of every arm. Nothing stored is changed. Most of the time goes to the pool, which is eleven
runs or more.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks import preregistered, registration, study
from shipdash.config import RunConfig, preset
from shipdash.results import Result
from shipdash.runs import Store, StoreError, queue
from shipdash.runs.machine import environment
from shipdash.studies import collect, stored_ious, sweep_details
from shipdash.studies.ensure import workers
from shipdash.studies.study import asked

SHARE = 0.1  # of the stored runs
KINDS = ("runs", "sweep", "study", "pools")

ELSEWHERE = ["seconds", "device", "machine", "version", "tensorflow", "date"]
"""What may differ between a pool and the same pool again."""


class Stored(NamedTuple):
    """A stored run: its settings, the numbers to compare, what they were computed with."""

    run_id: str
    config: RunConfig
    numbers: Callable[[Store, str], dict]  # what is compared, of a run computed again
    expected: dict
    threads: int | None  # None: not known
    words: str  # machine, threads and version
    rests_on: tuple[Path, ...] = ()  # folders of stored runs that it cannot do without


def check(folder: Path, seed: int, kinds: Sequence[str] = KINDS, *,
          pools: Path = preregistered.RESULTS,
          registered: registration.Plan | None = None) -> bool:
    """Say of a random tenth, at least one, of each kind of record whether it repeats; all do?

    Parameters
    ----------
    folder : Path
        As `shipdash/recorded`: folders of runs, `sweep` and `study`.
    seed : int
        Decides which are computed again.
    kinds : sequence of str
        Of `KINDS`.
    pools : Path
        Of the stored pools.
    registered : registration.Plan, optional
        Their plan; by default that of the registration.
    """
    registered = registered or registration.plan()
    read = {"runs": _runs, "sweep": _sweep, "study": _arms}
    answers = [_repeats(stored) for kind in read if kind in kinds
               for stored in tenth(read[kind](folder), seed)]
    if "pools" in kinds:
        stored = sorted({*registered.seeds} - {*preregistered.missing(pools, registered.seeds)})
        answers += [_pool_repeats(pool, pools, registered) for pool in tenth(stored, seed)]
    if not answers:
        print(f"nothing stored in {folder} can be computed again")
    return bool(answers) and all(answers)


def tenth(found: Sequence, seed: int) -> list:
    """A tenth of them, rounded up, without repeats and in their order.

    >>> tenth(range(11), seed=1) == sorted(tenth(range(11), seed=1)), len(tenth(range(11), 1))
    (True, 2)
    """
    n = -(-len(found) // round(1 / SHARE))
    chosen = np.random.default_rng(seed).choice(len(found), n, replace=False) if n else []
    return [found[i] for i in sorted(chosen)]


def _runs(folder: Path) -> list[Stored]:
    found = [run for run in Store(folder, recorded=True).list() if run.result and run.config]
    return [Stored(run.run_id, run.config, _of_run, _of_result(run.result), run.result.threads,
                   f"{run.result.machine}, version {run.result.version}") for run in found]


def _of_run(store: Store, run_id: str) -> dict:
    return _of_result(store.result(run_id))


def _of_result(result: Result) -> dict:
    return {"core set": list(result.core), "held-out scores": result.held_out,
            "re-audit": result.reaudit}


def _sweep(folder: Path) -> list[Stored]:
    return list(_points(folder / "sweep")) if (folder / "sweep").exists() else []


def _points(folder: Path) -> Iterator[Stored]:
    base = RunConfig.from_stored(json.loads((folder / "sweep.json").read_text())["base"])
    details = sweep_details.read(folder / sweep_details.FILE)
    for row in pd.read_csv(folder / "points.csv", dtype={"run_id": str}).itertuples():
        known = row.run_id in details  # else there is no core set to compare
        core = {"core set": details[row.run_id].core.tolist()} if known else {}
        config = base.replace(**{
            "selection.precision": row.precision, "selection.acceptance": row.acceptance,
            "seeds.order": row.order_seed, "seeds.model": row.model_seed})
        yield Stored(row.run_id, config, _of_point,
                     core | {"pairs tested": row.n_tested, "held-out scores": row.mean_iou},
                     row.threads, f"{row.machine}, version {row.version}")


def _of_point(store: Store, run_id: str) -> dict:
    result = store.result(run_id)
    return {"core set": list(result.core), "pairs tested": result.n_tested,
            "held-out scores": float(f"{result.held_out.mean_iou:.6g}")}


def _arms(folder: Path) -> list[Stored]:
    """Arms of the recorded study that rest on a recorded selection and on no other run."""
    if not (folder / "study" / "about.json").exists():
        return []
    about = json.loads((folder / "study" / "about.json").read_text())
    ious, shipped = collect.read(folder / "study").ious, Store(folder, recorded=True)
    runs = {} if ious is None else dict(zip(ious.runs["run_id"], ious.iou, strict=True))
    planned = [asked(shipped, task.run) for task in study.tasks(preset(about["preset"]))]
    words = f"{about.get('arm_machine') or about['machine']}, version {about['version']}"
    return [Stored(arm.digest, arm, _of_arm, {"held-out scores": runs[arm.digest].tolist()},
                   about["threads"], words, (folder / arm.arm.source,))
            for arm in planned if arm is not None and arm.digest in runs and not arm.arm.scores
            and (folder / arm.arm.source / "result.json").exists()]


def _of_arm(store: Store, run_id: str) -> dict:
    iou = store.load_scores(run_id, "held_out")["iou"]
    return {"held-out scores": stored_ious.unpacked(stored_ious.packed(iou)).tolist()}


def _repeats(stored: Stored) -> bool:
    """Compute one again and print the sentence."""
    with tempfile.TemporaryDirectory() as runs:
        store = Store(runs)
        for source in stored.rests_on:
            shutil.copytree(source, store.root / source.name)
        run_id, _ = store.create(stored.config)
        queue.work_one(store, run_id, n_threads=stored.threads or 0)
        result = store.result(run_id)
        if result is None:
            print(f"Run {stored.run_id} could not be computed again: "
                  f"{store.status(run_id).reason}.")
            return False
        now = stored.numbers(store, run_id)
    differ = [name for name, value in stored.expected.items() if now[name] != value]
    here = environment()
    verdict = (f"repeats: same {', same '.join(stored.expected)}" if not differ
               else f"does not repeat: other {', other '.join(differ)}")
    print(f"Run {stored.run_id} {verdict}. Stored: {stored.words}; now: {here.machine}, "
          f"{result.threads} thread{'s' if result.threads != 1 else ''}, version "
          f"{here.shipdash}, TensorFlow {here.tensorflow}.")
    return not differ


def _pool_repeats(pool: int, stored: Path, registered: registration.Plan) -> bool:
    """Compute every run of a pool again and print the sentence."""
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / "pools"
        try:
            preregistered.compute(Store(folder), registered, pool, again,
                                  crew=workers()._replace(n_threads=1))
        except StoreError as error:
            print(f"Pool {pool} could not be computed again: {error}")
            return False
        then, now = (pd.read_csv(where / f"pool-{pool}.csv").set_index("arm")
                     for where in (stored, again))
    same = (then.drop(columns=ELSEWHERE) == now.drop(columns=ELSEWHERE)).all(axis=1)
    differ = same.index[~same].tolist()
    verdict = ("repeats: same counts, same measures" if not differ
               else f"does not repeat: other {', other '.join(differ)}")
    words = [f"{facts['machine']}, version {facts['version']}, TensorFlow {facts['tensorflow']}"
             for facts in (then.iloc[0], now.iloc[0])]
    print(f"Pool {pool} {verdict}. Stored: {words[0]}; now: {words[1]}.")
    return not differ
