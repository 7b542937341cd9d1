"""The queue: submit, resume, pause, step, cancel, and the processes that do the work.

It reads no events and trains nothing. A page or a command writes what it wants into the store and
makes sure that one drainer process is alive; the drainer runs one worker process after another.
"""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence

from shipdash import config as configs
from shipdash import view_only
from shipdash.config import RunConfig
from shipdash.processes import give_way, outliving, without_interrupts
from shipdash.records import UNDER_WAY, RunState
from shipdash.runs import (
    RunCorrupt,
    Store,
    StoreError,
    kept_worker,
    prerequisites,
    warm_worker,
)

COMMAND = (sys.executable, "-m", "shipdash")

HALTED = (RunState.PAUSED, RunState.CANCELLED, RunState.FAILED, RunState.LOST)
POLL_S = 0.2  # how often a drainer looks whether a worker that is not its own has ended


def submit(store: Store, config: RunConfig) -> str:
    """Queue the run that answers this question and return its id; a stored answer is kept."""
    run_id = enqueue(store, config)
    ensure_drainer(store)
    return run_id


def enqueue(store: Store, config: RunConfig) -> str:
    """`submit` without starting a drainer, for callers that queue many runs or drain themselves."""
    refuse_to_start()
    run_id, created = store.create(config)
    if not created and _state(store, run_id) in HALTED:
        _requeue(store, run_id)
    return run_id


def resume(store: Store, run_id: str) -> str:
    """Queue a stopped run again; it continues from its last checkpoint."""
    refuse_to_start()
    state = _state(store, run_id)
    if state not in HALTED:
        raise StoreError(f"run {run_id} is {state}: only a paused, cancelled, failed or lost run "
                         "can be resumed")
    prerequisites.require_current(store, run_id)
    _requeue(store, run_id)
    ensure_drainer(store)
    return run_id


def _state(store: Store, run_id: str) -> RunState:
    try:
        return store.status(run_id).state
    except RunCorrupt:
        return RunState.LOST  # a damaged status is written anew


def step(store: Store, run_id: str) -> None:
    """Let a run pick one more pair and pause."""
    refuse_to_start()
    prerequisites.require_current(store, run_id)
    store.request(run_id, "step")
    if store.status(run_id).state in HALTED:
        store.set_status(run_id, RunState.QUEUED)
    ensure_drainer(store)


def pause(store: Store, run_id: str) -> None:
    """Ask a run to put itself away; it frees the device and can be resumed."""
    _halt(store, run_id, "pause", RunState.PAUSED)


def cancel(store: Store, run_id: str) -> None:
    """Ask a run to stop; what it has found stays, and it can be resumed."""
    _halt(store, run_id, "cancel", RunState.CANCELLED)


def refuse_to_start() -> None:
    """Raise a StoreError where nothing can be computed, before anything is written."""
    if why := view_only.why_no_start():
        raise StoreError(why)


def waiting(store: Store) -> list[str]:
    """Ids of the queued runs, the next one first."""
    found = [(status.updated, run_id) for run_id, status in store.statuses().items()
             if status.state is RunState.QUEUED]
    return [run_id for _, run_id in sorted(found)]


def ensure_drainer(store: Store) -> None:
    """Start a drainer if runs wait and none is running; harmless at any time.

    A paused run's own worker takes it up by itself, and leaves for any other run. Where nothing can
    be computed the runs wait, and nothing is written.
    """
    if view_only.why_no_start():
        return
    queued = set(waiting(store)) - {kept := kept_worker.waiting_run(store)}
    if queued and kept:
        kept_worker.dismiss(store)
    if not queued or store.queue_is_worked():
        return
    try:
        with (store.root / "queue.log").open("ab") as log:
            start_process(store, ["work", "--queue", "--server", str(os.getpid())], log,
                          subprocess.STDOUT)
    except OSError as error:
        raise StoreError(f"cannot start a worker: {error.strerror or error}; the run waits in "
                         f"{store.root}") from None


def ensure_standby(store: Store, config: RunConfig, states: Iterable[RunState]) -> None:
    """Have the network of a run ready that is about to be asked for; harmless at any time.

    Not while anything is at work or waits, by the `states` of the runs there are: it would only
    be in the way. Networks of the presets made for CPUs only, that of one's own data among them,
    at their sizes: others can take any amount of memory. ``SHIPDASH_STANDBY=0`` is for whoever has
    not a gigabyte to spare.
    """
    largest, own = configs.compact(), configs.own_of(config)
    is_light = (config.network in (largest.network, own.network)
                and math.prod(config.shape) <= math.prod(largest.shape))
    busy = set(UNDER_WAY) & set(states)
    unwanted = os.environ.get("SHIPDASH_STANDBY") == "0" or view_only.why_no_start()
    if unwanted or not is_light or busy:
        return
    # Nowhere to write, no process to be had: the run will start as it does without.
    with contextlib.suppress(StoreError, OSError):
        if not store.queue_is_worked() and warm_worker.want(store, config):
            with (store.root / warm_worker.LOG).open("wb") as log:
                start_process(store, ["standby", "--server", str(os.getpid())], log,
                              subprocess.STDOUT)


def drain(store: Store, command: Sequence[str] = COMMAND, *, hand_over: bool = False,
          server: int | None = None) -> None:
    """Work the queue off, a worker process per run, until nothing waits.

    The worker of a run that is paused stays for a while, as long as the process `server` lives.

    Each is a fresh one, or with `hand_over`, for what a page asked for, the warm worker.
    A second drainer returns at once. A run submitted while this one is about to leave is seen by
    the look after the lock has been given back. A run whose folder fails us is left as it is.
    """
    left = set()
    while _next(store, left):
        with store.queue_lock() as ours:
            if not ours:
                return
            while run_id := _next(store, left):
                if _somebody_runs(store):
                    time.sleep(POLL_S)
                    continue
                try:
                    if not (hand_over and _taken(store, run_id)):
                        work_one(store, run_id, command, server=server)
                except StoreError as error:
                    left.add(run_id)
                    print(f"shipdash: {error}", file=sys.stderr, flush=True)


def start_process(store: Store, arguments: list[str], out, err, *, patient: bool = False) -> None:
    """A process that outlives us, and with `patient` gives way to others. A thread takes its exit
    code, lest it stay a zombie for as long as the server lives, and keeps `out` open, and with it
    a lock on it, until it ends."""
    refuse_to_start()
    process = subprocess.Popen(
        [*COMMAND, *arguments], env=_environment(store), stdin=subprocess.DEVNULL, stdout=out,
        stderr=err, **outliving(),
    )
    if patient:
        give_way(process.pid)
    threading.Thread(target=_wait, args=(process, os.dup(out.fileno())), daemon=True).start()


def _wait(process: subprocess.Popen, output: int) -> None:
    process.wait()
    os.close(output)


def work_one(store: Store, run_id: str, command: Sequence[str] = COMMAND, *,
             n_threads: int = 0, apart: bool = False, server: int | None = None) -> None:
    """One worker process, start to end; a run it did not touch would be taken up for ever.

    `n_threads` bounds what its network computes with (0: as many as there are); `apart` keeps a
    Ctrl-C on the terminal from reaching it, for whoever asks it to stop in a gentler way. With
    `server` it may wait while the run is paused (`kept_worker`).
    """
    before, log_path = store.status(run_id), store.log_path(run_id)
    warm_worker.dismiss(store)
    waits = [] if server is None else ["--server", str(server)]
    bound = {f"TF_NUM_{kind}_THREADS": str(n_threads) for kind in ("INTRAOP", "INTEROP")
             if n_threads}
    try:
        with log_path.open("ab") as log:
            code = subprocess.call(
                [*command, "work", *waits, run_id], env=_environment(store) | bound,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                **(without_interrupts() if apart else {}),
            )
        words = log_path.read_text(errors="replace").strip().splitlines()[-1:]
    except OSError as error:
        code, words = 1, [str(error)]
    # Untouched, not merely queued: stopped and resumed while its worker was leaving is queued too.
    if (before.state is RunState.QUEUED and store.status(run_id) == before
            and not store.is_alive(run_id)):  # somebody else has it and is about to say so
        store.set_status(run_id, RunState.FAILED,
                         f"the worker ended with code {code}: {' '.join(words)[:300]}")


def _taken(store: Store, run_id: str) -> bool:
    """Whether one that stood by has worked on the run, or at least begun."""
    before = store.status(run_id)
    with contextlib.suppress(StoreError):
        warm_worker.hand_over(store, run_id)
    return store.status(run_id) != before


def _halt(store: Store, run_id: str, request: str, state: RunState) -> None:
    if view_only.is_read_only():
        refuse_to_start()
    now = store.status(run_id).state
    if now is RunState.RUNNING:
        store.request(run_id, request)
    elif now in (RunState.QUEUED, *HALTED):
        # A worker may just be starting on it, before it says so: the request will reach it.
        store.request(run_id, request)
        store.set_status(run_id, state)
    else:
        raise StoreError(f"run {run_id} is {now}: there is nothing to {request}")


def _requeue(store: Store, run_id: str) -> None:
    store.clear_request(run_id)
    store.set_status(run_id, RunState.QUEUED)


def _next(store: Store, left: set[str]) -> str | None:
    return next((run_id for run_id in waiting(store) if run_id not in left), None)


def _somebody_runs(store: Store) -> bool:
    """Whether a worker is alive that is not ours: a dead drainer's, or a command's."""
    return any(status.state is RunState.RUNNING for status in store.statuses().values())


def _environment(store: Store) -> dict[str, str]:
    """The worker's environment: our runs folder, quiet TensorFlow, our package importable."""
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "SHIPDASH_RUNS": str(store.root), "KERAS_BACKEND": "tensorflow",
            "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONPATH": path}
