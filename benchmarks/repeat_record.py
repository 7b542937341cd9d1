"""Whether a random tenth of what is stored as recorded repeats on this machine.

    python -m benchmarks.record --check

Runs are computed again in a folder of their own and compared with what is stored: the core set in
order, and every number of the held-out scores and of the re-audit. Of the recorded sweep the core
set, the pairs tested and the mean held-out IoU are compared, as its table rounds them. Nothing
stored is changed. The tables of the recorded study are averages without their runs, so they are
not checked here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.child import ROOT
from shipdash.config import RunConfig
from shipdash.results import Result
from shipdash.runs import Store
from shipdash.runs.machine import environment
from shipdash.studies import sweep_details

SHARE = 0.1  # of the stored runs


class Stored(NamedTuple):
    """A stored run: its settings, the numbers to compare, what they were computed with."""

    run_id: str
    config: RunConfig
    numbers: Callable[[Result], dict]  # what is compared, of a result computed again
    expected: dict
    threads: int | None  # None: not known
    words: str  # machine, threads and version


def check(folder: Path, seed: int) -> bool:
    """Say of a random tenth, at least one, of each kind of record whether it repeats; all do?

    Parameters
    ----------
    folder : Path
        As `shipdash/recorded`: folders of runs, and `sweep`.
    seed : int
        Decides which are computed again.
    """
    answers = [_repeats(stored) for kind in (_runs(folder), _sweep(folder))
               for stored in tenth(kind, seed)]
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
    return [Stored(run.run_id, run.config, _of_run, _of_run(run.result), run.result.threads,
                   f"{run.result.machine}, version {run.result.version}") for run in found]


def _of_run(result: Result) -> dict:
    return {"core set": list(result.core), "held-out scores": result.held_out,
            "re-audit": result.reaudit}


def _sweep(folder: Path) -> list[Stored]:
    return list(_points(folder / "sweep")) if (folder / "sweep").exists() else []


def _points(folder: Path) -> Iterator[Stored]:
    from benchmarks.record_sweep import plan_of  # it imports the command line

    command = json.loads((folder / "sweep.json").read_text())["command"]
    configs = {run.digest: run for run in plan_of(command.partition(" sweep ")[2]).runs}
    details = sweep_details.read(folder / sweep_details.FILE)
    for row in pd.read_csv(folder / "points.csv").itertuples():
        core = details[row.run_id].core.tolist() if row.run_id in details else None
        yield Stored(row.run_id, configs[row.run_id], _of_point,
                     {"core set": core, "pairs tested": row.n_tested,
                      "held-out scores": row.mean_iou},
                     row.threads, f"{row.machine}, version {row.version}")


def _of_point(result: Result) -> dict:
    return {"core set": list(result.core), "pairs tested": result.n_tested,
            "held-out scores": float(f"{result.held_out.mean_iou:.6g}")}


def _repeats(stored: Stored) -> bool:
    """Compute one again and print the sentence."""
    with tempfile.TemporaryDirectory() as runs:
        store = Store(runs)
        run_id, _ = store.create(stored.config)
        bound = {f"TF_NUM_{kind}_THREADS": str(stored.threads) for kind in ("INTRAOP", "INTEROP")}
        done = subprocess.run(
            [sys.executable, "-m", "shipdash", "work", run_id], cwd=ROOT, check=False,
            env=os.environ | {"SHIPDASH_RUNS": runs, "SHIPDASH_STANDBY": "0"}
            | (bound if stored.threads else {}))
        result = store.result(run_id)
    if result is None:
        print(f"Run {stored.run_id} could not be computed again (exit code {done.returncode}).")
        return False
    now = stored.numbers(result)
    differ = [name for name, value in stored.expected.items() if now[name] != value]
    here = environment()
    verdict = ("repeats: same core set, same numbers" if not differ
               else f"does not repeat: other {', other '.join(differ)}")
    print(f"Run {stored.run_id} {verdict}. Stored: {stored.words}; now: {here.machine}, "
          f"{result.threads} thread{'s' if result.threads != 1 else ''}, version "
          f"{here.shipdash}, TensorFlow {here.tensorflow}.")
    return not differ
