"""Completing a study: its missing runs are computed, on this machine or on a Dask cluster.

The one engine for sweeps, control arms, orders, folds and the recorded study. It computes nothing
in its own process: every run has a worker process, several at a time.
"""

from __future__ import annotations

import contextlib
import glob
import math
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import joblib

from shipdash.processes import memory_bytes, n_processors
from shipdash.records import UNDER_WAY, RunState
from shipdash.runs import RunBusy, Store, StoreError, queue
from shipdash.studies.cluster import cluster
from shipdash.studies.folder import Standing, Studies, state_of
from shipdash.studies.study import Study, whole_number
from shipdash.studies.turns import POLL_S, Arrived, Turns, take_turn

WORKER_GB = 1.5  # a worker with the compact network takes 1.1 GB, most of it TensorFlow


class Workers(NamedTuple):
    """How many runs at a time, and threads for each (0: as many as TensorFlow likes)."""

    n: int
    n_threads: int


def workers(n: int | None = None) -> Workers:
    """What this machine bears: one-thread workers, one a core, as far as memory goes.

    The small network gains little from a second thread (docs/decisions.md has the measurement).
    With a GPU, one worker: it takes the whole device.

    Raises
    ------
    ConfigError
        `n` is not a whole number from 1 to 64.
    """
    if n is not None:
        whole_number("--workers", n, 1, 64)
    if glob.glob("/dev/nvidia[0-9]*") or os.path.exists("/dev/kfd"):
        return Workers(n or 1, 0)
    n_cores, memory_gb = n_processors(), memory_bytes() / 2**30
    n = n or max(1, min(n_cores, int(memory_gb / WORKER_GB)))
    return Workers(n, max(1, n_cores // n))


def ensure(store: Store, study: Study, *, crew: Workers | None = None, dask: str = "",
           until: float = math.inf,
           on_run: Callable[[Arrived], None] = lambda arrived: None) -> Standing:
    """Compute the missing runs of a study until all are done or it is cancelled; its final state.

    Parameters
    ----------
    crew : Workers, optional
        Runs at a time on this machine; by default what it bears. A cluster brings its own.
    dask : str
        Address of a Dask scheduler whose workers see the same runs folder; empty: this machine.
    until : float
        Time of `time.monotonic` after which no run begins.
    on_run : callable
        Is told of every run when its turn is over, those computed earlier first.

    Raises
    ------
    RunBusy
        Another process works on this study.
    ConfigError
        The scheduler cannot be reached or has no worker.
    StoreError
        The cluster was lost on the way.
    """
    studies, crew = Studies(store), crew or workers()
    study_id, root = studies.create(study), str(store.root)
    with contextlib.ExitStack() as held:
        held.enter_context(studies.lock(study_id))
        work_off = held.enter_context(cluster(dask)) if dask else partial(_on_threads, crew)
        held.enter_context(_turn(studies, study_id))
        work_off(Turns(store, study, on_run, until=until), root, study_id)
    queue.ensure_drainer(store)  # a run queued meanwhile may have found the machine busy
    return studies.standing_of(study)


def start(store: Store, study: Study) -> str:
    """Store a study and start a process that computes it; its id. A stored study is continued.

    Raises
    ------
    StoreError
        It is still stopping, or no process can be started.
    """
    queue.refuse_to_start()
    studies = Studies(store)
    study_id = studies.create(study)
    if studies.is_alive(study_id):
        if studies.cancelled(study_id):
            raise StoreError(f"study {study_id} is still stopping; wait a moment and try again")
        return study_id
    studies.forget_cancel(study_id)
    try:
        with studies.open_log(study_id) as log:
            queue.start_process(store, ["sweep", "--id", study_id], log, subprocess.STDOUT)
    except RunBusy:
        return study_id  # somebody else was quicker
    except OSError as error:
        raise StoreError(f"cannot start the study: {error.strerror or error}; its settings are "
                         f"kept in {studies.folder(study_id)}") from None
    return study_id


def cancel(store: Store, study: Study | str) -> None:
    """Begin no further run of a study, or of the one with this id, and stop those at work.

    What they found is kept.
    """
    studies = Studies(store)
    study_id = study if isinstance(study, str) else study.digest
    study = studies.study(study) if isinstance(study, str) else study
    studies.ask_cancel(study_id)
    for config in study.settings(store):
        run_id = config.digest
        if state_of(store, run_id) in UNDER_WAY:
            with contextlib.suppress(StoreError):  # it has ended meanwhile
                queue.cancel(store, run_id)


def _on_threads(crew: Workers, turns: Turns, root: str, study_id: str) -> None:
    """Work turns off with threads that each wait for one process."""
    taking = joblib.Parallel(n_jobs=crew.n, backend="threading")
    taking(joblib.delayed(_take_turns)(turns, root, study_id, crew.n_threads)
           for _ in range(crew.n))


def _take_turns(turns: Turns, root: str, study_id: str, n_threads: int) -> None:
    while config := turns.take():
        arrived = Arrived(config.digest, RunState.FAILED, "its turn was interrupted")
        try:
            arrived = take_turn(root, study_id, config, n_threads)
        finally:
            turns.over(arrived)  # whatever happened: other threads wait for it


@contextlib.contextmanager
def _turn(studies: Studies, study_id: str) -> Iterator[None]:
    """Wait until no other study computes; cancelled meanwhile, go on: no run will begin."""
    while True:
        with studies.turn() as ours:
            if ours or studies.cancelled(study_id):
                yield
                return
        time.sleep(POLL_S)
