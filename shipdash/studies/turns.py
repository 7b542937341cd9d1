"""Turns of a study's runs: whose is next, and one turn from start to end in a worker process.

No run is computed in this process. Whatever happens to it, or to a machine of a cluster, is
repaired by asking again: runs are found in the store, and a run's lock lets one worker in.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from shipdash.config import ALGORITHM, ConfigError, RunConfig
from shipdash.records import RunState
from shipdash.runs import Store, StoreError, kept_worker, queue
from shipdash.studies.folder import MISSING, Studies, state_of
from shipdash.studies.study import Later, Study, asked

POLL_S = 0.2


class Arrived(NamedTuple):
    """One run's turn is over: how the run stands, and why if it did not end well."""

    run_id: str
    state: str
    reason: str


class Turns:
    """Runs of a study that have not had their turn, the most important first; for any thread."""

    def __init__(self, store: Store, study: Study, on_run: Callable[[Arrived], None], *,
                 until: float = math.inf) -> None:
        self.store, self.on_run, self.until = store, on_run, until
        self.left: list[RunConfig | Later] = []
        self.taken: set[str] = set()  # two of them may turn out to be one run
        self.n_busy, self.changed = 0, threading.Condition()
        for run in study.runs:
            if isinstance(run, Later) or not self._is_complete(run):
                self.left.append(run)

    def take(self, *, wait: bool = True) -> RunConfig | None:
        """Settings of the next run whose turn may begin; None where there will be none.

        Parameters
        ----------
        wait : bool
            Wait for a run that rests on others at work; else None where there is none now.
        """
        with self.changed:
            while self.left and time.monotonic() < self.until:
                config = self._ready() or (None if self.n_busy else self._stuck())
                if config is not None:
                    self.n_busy += 1
                    return config
                if not self.n_busy or not wait:
                    return None
                self.changed.wait()
            return None

    def over(self, arrived: Arrived) -> None:
        """A turn that was taken has ended: what rests on its run may begin."""
        with self.changed:
            self.n_busy -= 1
            self.changed.notify_all()
            self.on_run(arrived)

    def _ready(self) -> RunConfig | None:
        for run in list(self.left):
            config = asked(self.store, run)
            if config is None or not self._rests_on_results(config):
                continue
            self.left.remove(run)
            if config.digest not in self.taken and not (
                    isinstance(run, Later) and self._is_complete(config)):
                self.taken.add(config.digest)
                return config
        return None

    def _stuck(self) -> RunConfig | None:
        """The first run that waits in vain: its turn says for what."""
        run = next((run for run in self.left if isinstance(run, RunConfig)), None)
        if run is not None:
            self.left.remove(run)
        return run

    def _rests_on_results(self, config: RunConfig) -> bool:
        rests_on = {*config.selection.exclude, config.arm.source, config.arm.scores} - {""}
        return all(state_of(self.store, run_id) == RunState.COMPLETED for run_id in rests_on)

    def _is_complete(self, config: RunConfig) -> bool:
        if state_of(self.store, config.digest) != RunState.COMPLETED:
            return False
        self.on_run(Arrived(config.digest, RunState.COMPLETED, "computed earlier"))
        return True


def take_turn(root: str, study_id: str, config: RunConfig, n_threads: int,
              algorithm: int = ALGORITHM) -> Arrived:
    """One run's turn, in whatever process joblib or Dask chose: see that it has a result.

    A run that is at work already (the orphan of a killed Dask worker, say) is waited for, never
    doubled. Nothing is raised: one failed run must not end a study.
    """
    store, run_id = Store(root), config.digest
    studies = Studies(store)
    if algorithm != ALGORITHM:
        return Arrived(run_id, RunState.FAILED, f"the worker has algorithm {ALGORITHM}, this study "
                       f"is of algorithm {algorithm}: install the same shipdash everywhere")
    if study_id not in studies:
        return Arrived(run_id, RunState.FAILED, f"the worker sees no study in {studies.root}: all "
                       "workers of the cluster must share the runs folder")
    try:
        _see_through(store, studies, study_id, config, n_threads)
        state = state_of(store, run_id)
        reason = "" if state in (MISSING, RunState.COMPLETED) else store.status(run_id).reason
    except (StoreError, ConfigError, OSError) as error:
        return Arrived(run_id, RunState.FAILED, str(error))
    return Arrived(run_id, state, reason)


def _see_through(store: Store, studies: Studies, study_id: str, config: RunConfig,
                 n_threads: int) -> None:
    run_id, tried = config.digest, False
    while not studies.cancelled(study_id):
        state = state_of(store, run_id)
        if state == RunState.COMPLETED or (tried and state in queue.HALTED):
            return
        at_work = state != MISSING and store.is_alive(run_id)
        # What a person queued goes first; its drainer waits for the runs at work, we for it.
        if at_work or store.queue_is_worked():
            kept_worker.dismiss(store)  # a paused run whose worker waits is no work
            time.sleep(POLL_S)
            continue
        # Created only now: a waiting run must not look like a queued one to the queue.
        queue.enqueue(store, config)
        if studies.cancelled(study_id):
            queue.cancel(store, run_id)
            return
        queue.work_one(store, run_id, n_threads=n_threads, apart=True)
        tried = True
