"""Working a sweep off: one isolated worker process per point, several at a time, here or on Dask.

No point is computed in this process. Whatever happens to it, or to a machine of the cluster, is
repaired by asking again: runs are found in the store, and a run's lock lets one worker in.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import glob
import logging
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import joblib

from shipdash.config import ALGORITHM, ConfigError, RunConfig
from shipdash.processes import memory_bytes, n_processors
from shipdash.records import RunState
from shipdash.runs import RunBusy, Store, StoreError, queue
from shipdash.studies.sweep.folder import MISSING, Standing, Sweeps, state_of
from shipdash.studies.sweep.grid import SweepConfig

WORKER_GB = 1.5  # a worker with the compact network takes 1.1 GB, most of it TensorFlow
DASK_TIMEOUT_S = 5  # a scheduler that does not answer within this is not there
NO_WORKER_S = 30  # a cluster without a worker for so long gets none: points would wait for ever
POLL_S = 0.2


class Arrived(NamedTuple):
    """One point's turn is over: its run, how that stands, and why if it did not end well."""

    run_id: str
    state: str
    reason: str


class Workers(NamedTuple):
    """How many points at a time, and threads for each (0: as many as TensorFlow likes)."""

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
    if n is not None and (isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= 64):
        raise ConfigError("--workers", n, "must be a whole number from 1 to 64")
    if glob.glob("/dev/nvidia[0-9]*") or os.path.exists("/dev/kfd"):
        return Workers(n or 1, 0)
    n_cores = n_processors()
    memory_gb = memory_bytes() / 2**30
    n = n or max(1, min(n_cores, int(memory_gb / WORKER_GB)))
    return Workers(n, max(1, n_cores // n))


def start(store: Store, asked: SweepConfig) -> str:
    """Store the sweep and have a process of its own work on it; its id. Again: go on with it.

    Raises
    ------
    StoreError
        It is still stopping, or no process can be started.
    """
    sweeps = Sweeps(store)
    sweep_id = sweeps.create(asked)
    if sweeps.is_alive(sweep_id):
        if sweeps.cancelled(sweep_id):
            raise StoreError(f"sweep {sweep_id} is still stopping: wait a moment and try again")
        return sweep_id
    sweeps.forget_cancel(sweep_id)
    try:
        with sweeps.open_log(sweep_id) as log:
            queue.start_process(store, ["sweep", "--id", sweep_id], log, subprocess.STDOUT)
    except RunBusy:
        return sweep_id  # somebody else was quicker
    except OSError as error:
        raise StoreError(f"cannot start the sweep: {error.strerror or error}; its settings are "
                         f"kept in {sweeps.folder(sweep_id)}") from None
    return sweep_id


def cancel(store: Store, sweep_id: str) -> None:
    """Begin no further point and stop those at work; what they found is kept."""
    sweeps = Sweeps(store)
    sweeps.ask_cancel(sweep_id)
    for run_id, state in sweeps.standing(sweep_id).states.items():
        if state in (RunState.QUEUED, RunState.RUNNING):
            with contextlib.suppress(StoreError):  # it has ended meanwhile
                queue.cancel(store, run_id)


def work(store: Store, sweep_id: str, *, crew: Workers | None = None, dask: str = "",
         on_point: Callable[[Arrived], None] = lambda arrived: None) -> Standing:
    """Work a stored sweep off until every point had its turn, or somebody cancels it.

    Parameters
    ----------
    crew : Workers, optional
        Points at a time on this machine; by default what it bears. A cluster brings its own.
    dask : str
        Address of a Dask scheduler whose workers see the same runs folder; empty: this machine.
    on_point : callable
        Is told of every point when its turn is over, those computed earlier first.

    Raises
    ------
    RunBusy
        Another process works on this sweep.
    ConfigError
        The scheduler cannot be reached or has no worker.
    StoreError
        The cluster was lost on the way.
    """
    sweeps, crew = Sweeps(store), crew or workers()
    points = {run.digest: run for run in sweeps.config(sweep_id).points}
    with sweeps.lock(sweep_id), _cluster(dask) as cluster, _turn(sweeps, sweep_id):
        open_points = []
        for run_id, config in points.items():
            if state_of(store, run_id) == RunState.COMPLETED:
                on_point(Arrived(run_id, RunState.COMPLETED, "computed earlier"))
            else:
                open_points.append(config)
        root = str(store.root)
        for arrived in (cluster(root, sweep_id, open_points) if cluster else
                        _here(root, sweep_id, open_points, crew)):
            on_point(arrived)
    queue.ensure_drainer(store)  # a run queued meanwhile may have found the machine busy
    return sweeps.standing(sweep_id)


def work_point(root: str, sweep_id: str, config: RunConfig, n_threads: int,
               algorithm: int = ALGORITHM) -> Arrived:
    """One point's turn, in whatever process joblib or Dask chose: see that its run has a result.

    A run that is at work already (the orphan of a killed Dask worker, say) is waited for, never
    doubled. Nothing is raised: one failed point must not end a sweep.
    """
    store, run_id = Store(root), config.digest
    sweeps = Sweeps(store)
    if algorithm != ALGORITHM:
        return Arrived(run_id, RunState.FAILED, f"the worker has algorithm {ALGORITHM}, this sweep "
                       f"is of algorithm {algorithm}: install the same shipdash everywhere")
    if sweep_id not in sweeps:
        return Arrived(run_id, RunState.FAILED, f"the worker sees no sweep in {sweeps.root}: all "
                       "workers of the cluster must share the runs folder")
    try:
        _see_through(store, sweeps, sweep_id, config, n_threads)
        state = state_of(store, run_id)
        reason = "" if state in (MISSING, RunState.COMPLETED) else store.status(run_id).reason
    except (StoreError, ConfigError, OSError) as error:
        return Arrived(run_id, RunState.FAILED, str(error))
    return Arrived(run_id, state, reason)


def _see_through(store: Store, sweeps: Sweeps, sweep_id: str, config: RunConfig,
                 n_threads: int) -> None:
    run_id, tried = config.digest, False
    while not sweeps.cancelled(sweep_id):
        state = state_of(store, run_id)
        if state == RunState.COMPLETED or (tried and state in queue.HALTED):
            return
        at_work = state != MISSING and store.is_alive(run_id)
        # What a person queued goes first; its drainer waits for the points at work, we for it.
        if at_work or store.queue_is_worked():
            time.sleep(POLL_S)
            continue
        # Created only now: a waiting point must not look like a queued run to the queue.
        queue.enqueue(store, config)
        if sweeps.cancelled(sweep_id):
            queue.cancel(store, run_id)
            return
        queue.work_one(store, run_id, n_threads=n_threads, apart=True)
        tried = True


@contextlib.contextmanager
def _turn(sweeps: Sweeps, sweep_id: str) -> Iterator[None]:
    """Wait until no other sweep computes; cancelled meanwhile, go on: no point will begin."""
    while True:
        with sweeps.turn() as ours:
            if ours or sweeps.cancelled(sweep_id):
                yield
                return
        time.sleep(POLL_S)


def _here(root: str, sweep_id: str, points: list[RunConfig], crew: Workers) -> Iterator[Arrived]:
    """Points as their turns end, on threads that each wait for a process of its own."""
    pool = joblib.Parallel(n_jobs=crew.n, backend="threading", batch_size=1, pre_dispatch="all",
                           return_as="generator_unordered")
    yield from pool(joblib.delayed(work_point)(root, sweep_id, config, crew.n_threads)
                    for config in points)


def _outcome(run_id: str, future, lost: tuple[type[Exception], ...]) -> Arrived:
    """What a future of Dask says of its point; the `lost` errors are the whole cluster's."""
    try:
        return future.result()
    except lost:
        raise
    except Exception as error:  # what a strange worker raises is not ours to list
        said = " ".join(str(error).split())[:200]
        return Arrived(run_id, RunState.FAILED, f"given up by Dask ({type(error).__name__}: "
                       f"{said}): do scheduler and workers have this shipdash, and memory?")


@contextlib.contextmanager
def _cluster(address: str) -> Iterator[Callable[..., Iterator[Arrived]] | None]:
    """What works points off on a Dask cluster, or None without an address.

    Not joblib's Dask backend: that one waits for ever for a task the scheduler has given up
    (joblib 1.5 calls nobody back when a future ends in an error).
    """
    if not address:
        yield None
        return
    try:
        import distributed
    except ImportError:
        raise ConfigError("--dask", address, "needs the optional extra: pip install "
                          "'dask[distributed]'") from None
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # it prints tracebacks
    try:
        client = distributed.Client(address, timeout=DASK_TIMEOUT_S)
    except Exception as error:  # a bad address ends in whatever its protocol's code ends in
        raise ConfigError("--dask", address, "must be the address of a Dask scheduler that "
                          f"answers within {DASK_TIMEOUT_S} s, e.g. tcp://127.0.0.1:8786 "
                          f"({type(error).__name__}); nothing was started") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=DASK_TIMEOUT_S)
        except TimeoutError:
            raise ConfigError("--dask", address, "must be a scheduler with at least one worker; "
                              "start one with: dask worker ADDRESS; nothing was started"
                              ) from None
        lost = (concurrent.futures.CancelledError, distributed.client.ClosedClientError,
                distributed.comm.CommClosedError)

        def points_there(root: str, sweep_id: str, points: list[RunConfig]) -> Iterator[Arrived]:
            asked = {client.submit(work_point, root, sweep_id, config, 1, ALGORITHM, pure=False):
                     config.digest for config in points}
            seen = time.monotonic()
            while asked:
                with contextlib.suppress(TimeoutError):
                    distributed.wait([*asked], timeout=1, return_when="FIRST_COMPLETED")
                for future in [f for f in asked if f.done()]:
                    yield _outcome(asked.pop(future), future, lost)
                if client.nthreads():
                    seen = time.monotonic()
                elif time.monotonic() - seen > NO_WORKER_S:
                    for run_id in asked.values():
                        yield Arrived(run_id, RunState.FAILED, "the cluster has had no worker for "
                                      f"{NO_WORKER_S} s: did they end for want of memory, or of "
                                      "shipdash?")
                    return

        try:
            yield points_there
        except lost:
            raise StoreError(f"the cluster was lost: the scheduler at {address} no longer answers. "
                             "What was computed is kept; ask for the sweep again") from None
