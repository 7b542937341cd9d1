"""The worker of a paused run stays for a while, so that Step and Resume need no new one.

Starting Python, TensorFlow and the compiler takes some ten seconds; the network of a paused run is
still there. The worker keeps the run's lock and looks at the run's status: whoever resumes queues
the run as ever, and the worker takes it up itself. Everything is on disk before it waits, so a
killed one costs nothing but those seconds. One note in the runs folder says whose worker waits;
without it the worker leaves.
"""

from __future__ import annotations

import contextlib
import os
import time

from shipdash.processes import lives
from shipdash.records import RunState
from shipdash.runs import Store, StoreError

NOTE = "paused.wait"
STAY_S = 600.0  # as long as a network is kept ready for a page; it holds some 1 GB
LOOK_S = 0.05  # between two looks at the status; costs no measurable time


def wait(store: Store, run_id: str, server: int) -> bool:
    """Wait until the paused run is queued again; False where the worker should leave instead.

    It leaves when the run is cancelled or removed, when the process `server` has gone, when
    `STAY_S` have passed, and when another run is queued or has taken the note away.
    """
    if os.environ.get("SHIPDASH_STANDBY") == "0":
        return False
    with contextlib.suppress(StoreError):
        store.write_note(NOTE, run_id.encode())
        if _another_is_queued(store, run_id):  # later ones see the note and take it away
            store.remove_note(NOTE)
        until = time.monotonic() + STAY_S
        while (_noted(store) == run_id and store.status(run_id).state is RunState.PAUSED
               and time.monotonic() < until and lives(server)):
            time.sleep(LOOK_S)
        if _noted(store) == run_id:
            store.remove_note(NOTE)
        # Last, because whoever queued the run while the note stood has started no other worker.
        return store.status(run_id).state is RunState.QUEUED
    return False


def waiting_run(store: Store) -> str | None:
    """The paused run whose worker waits, if there is one."""
    with contextlib.suppress(StoreError):
        run_id = _noted(store)
        return run_id if run_id and store.is_alive(run_id) else None
    return None


def dismiss(store: Store) -> None:
    """Somebody needs the processors and the memory: the worker that waits leaves."""
    with contextlib.suppress(StoreError):
        store.remove_note(NOTE)


def _noted(store: Store) -> str:
    return store.read_note(NOTE)[0].decode(errors="replace")


def _another_is_queued(store: Store, run_id: str) -> bool:
    return any(status.state is RunState.QUEUED and other != run_id
               for other, status in store.statuses().items())
