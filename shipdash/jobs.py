"""The queue: submit, resume, pause, step, cancel, and the processes that do the work.

It reads no events and trains nothing. A page or a command writes what it wants into the store and
makes sure that one drainer process is alive; the drainer runs one worker process after another.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

from shipdash.config import RunConfig
from shipdash.records import RunState
from shipdash.store import Store, StoreError

COMMAND = (sys.executable, "-m", "shipdash")

WAITING = (RunState.QUEUED,)
HALTED = (RunState.PAUSED, RunState.CANCELLED, RunState.FAILED, RunState.LOST)


def submit(store: Store, config: RunConfig) -> str:
    """Queue the run that answers this question and return its id; a stored answer is kept."""
    run_id, created = store.create(config)
    if not created and store.status(run_id).state in HALTED:
        return resume(store, run_id)
    ensure_drainer(store)
    return run_id


def resume(store: Store, run_id: str) -> str:
    """Queue a halted run again; it goes on from its last checkpoint."""
    state = store.status(run_id).state
    if state not in HALTED:
        raise StoreError(f"run {run_id} is {state}: only a paused, cancelled, failed or lost run "
                         "can be resumed")
    store.clear_request(run_id)
    store.set_status(run_id, RunState.QUEUED)
    ensure_drainer(store)
    return run_id


def step(store: Store, run_id: str) -> None:
    """Let a run pick one more pair and pause."""
    if store.status(run_id).state in HALTED:
        store.set_status(run_id, RunState.QUEUED)
    store.request(run_id, "step")
    ensure_drainer(store)


def pause(store: Store, run_id: str) -> None:
    """Ask a run to put itself away; it frees the device and can be resumed."""
    _halt(store, run_id, "pause", RunState.PAUSED)


def cancel(store: Store, run_id: str) -> None:
    """Ask a run to stop; what it has found stays, and it can be resumed."""
    _halt(store, run_id, "cancel", RunState.CANCELLED)


def queue(store: Store) -> list[str]:
    """Ids of the queued runs, the next one first."""
    waiting = [info for info in store.list() if info.state in WAITING]
    return [i.run_id for i in sorted(waiting, key=lambda i: store.status(i.run_id).updated)]


def ensure_drainer(store: Store) -> None:
    """Start a drainer if runs wait and nobody works them off; harmless at any time."""
    if not store.queue_is_worked() and queue(store):
        log = (store.root / "queue.log").open("ab")
        with log:
            subprocess.Popen(
                [*COMMAND, "work", "--queue"], start_new_session=True, env=_environment(store),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )


def drain(store: Store, command: Sequence[str] = COMMAND) -> None:
    """Work the queue off, one fresh worker process per run, until nothing waits.

    A second drainer returns at once. A run submitted while this one is about to leave is seen by
    the look after the lock has been given back.
    """
    while queue(store):
        with store.queue_lock() as ours:
            if not ours:
                return
            waiting = queue(store)
            while waiting:
                _work(store, waiting[0], command)
                waiting = queue(store)


def device_facts(store: Store) -> dict | None:
    """What a worker would run on, once the probe has found out; the first call starts it."""
    path = store.root / "device.json"
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        pass
    except ValueError:
        return None  # being written
    try:
        store.root.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".probe").open("x") as draft:
            subprocess.Popen(
                [*COMMAND, "probe", "--json", "--out", str(path)], start_new_session=True,
                env=_environment(store), stdin=subprocess.DEVNULL, stdout=draft,
                stderr=subprocess.DEVNULL,
            )
    except OSError:
        pass  # probed already, or nowhere to write: the page says "not yet known"
    return None


def _halt(store: Store, run_id: str, request: str, state: RunState) -> None:
    now = store.status(run_id).state
    if now is RunState.RUNNING:
        store.request(run_id, request)
    elif now in (RunState.QUEUED, *HALTED):
        store.clear_request(run_id)
        store.set_status(run_id, state)
    else:
        raise StoreError(f"run {run_id} is {now}: there is nothing to {request}")


def _work(store: Store, run_id: str, command: Sequence[str]) -> None:
    """One worker process, start to end; a run it leaves queued would be taken up for ever."""
    with store.log_path(run_id).open("ab") as log:
        code = subprocess.call(
            [*command, "work", run_id], env=_environment(store),
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )
    if store.status(run_id).state is RunState.QUEUED:
        words = store.log_path(run_id).read_text(errors="replace").strip().splitlines()[-1:]
        store.set_status(run_id, RunState.FAILED,
                         f"the worker ended with code {code}: {' '.join(words)[:300]}")


def _environment(store: Store) -> dict[str, str]:
    """The worker's environment: our runs folder, quiet TensorFlow, our package importable."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "SHIPDASH_RUNS": str(store.root), "KERAS_BACKEND": "tensorflow",
            "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONPATH": path}
