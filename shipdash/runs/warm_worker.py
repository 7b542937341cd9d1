"""A worker that has its network ready before there is a run: the click need not wait for it.

Python, TensorFlow and the compiler take a sixth of a compact run until its selection. A page that
shows the settings of a run not yet started writes what it *wants*; this process *offers* to
work on such runs, makes their learner ready and waits. Whoever works the queue off *hands over* a
run that fits. It completes one run and ends, like any worker; without one it leaves when its
page or its server has gone. Three notes in the runs folder carry all of it, and a lock says
whether it lives.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import secrets
import sys
import time

import shipdash
from shipdash.config import ALGORITHM, ConfigError, NetworkConfig, RunConfig
from shipdash.learning.learner import open_learner, threads
from shipdash.processes import parent_lives, replace_by
from shipdash.runs import Store, StoreError, kept_worker

WANT, OFFER, RUN = "standby.want", "standby.offer", "standby.run"
LOG = "standby.log"
IDLE_S = 600.0  # a page that nobody has touched for so long wants nothing any more
PAINT_S = 1.0  # the page that asked is still being painted
AGAIN_S = 60.0  # one that ended unasked must not be started anew by every look at the page
LOOK_S = 0.05  # between two looks of the one that waits; it costs no measurable time
POLL_S = 0.2  # between two looks of the one that has handed over


def want(store: Store, config: RunConfig) -> bool:
    """Say what is about to be asked for; whether a process must be started to make it ready."""
    store.write_note(WANT, json.dumps(_needs(config)).encode())
    ended_unasked = abs(store.read_note(LOG)[1]) < AGAIN_S and not _offered(store).get("taken")
    return not store.standby_is_alive() and not ended_unasked


def is_ready(store: Store, config: RunConfig) -> bool:
    """Whether a warm worker is waiting whose compiled network fits this run."""
    offer = _offered(store)
    return bool(offer.get("ready") and offer["needs"] == _needs(config)
                and store.standby_is_alive())


def hand_over(store: Store, run_id: str) -> None:
    """Hand this run to the waiting warm worker, if it fits; returns when the run has ended.

    One that is still preparing is waited for: it is ahead of whoever would begin now. The run's
    status tells whether anything was done: one that died on the way leaves the run as it was.
    """
    offer = _offered(store)
    if "token" not in offer or "taken" in offer or offer["needs"] != _needs(store.config(run_id)):
        return
    store.write_note(RUN, json.dumps({"to": offer["token"], "run_id": run_id}).encode())
    while store.standby_is_alive() and _offered(store).get("token") == offer["token"]:
        time.sleep(POLL_S)
    store.remove_note(RUN)


def dismiss(store: Store) -> None:
    """Make waiting workers exit, because a run needs the processors and the memory."""
    kept_worker.dismiss(store)
    with contextlib.suppress(StoreError):
        store.remove_note(WANT)


def serve(store: Store, server: int) -> None:
    """Prepare the network that is wanted, wait, and work on the run that is handed over, if any.

    Returns at once where another warm worker is waiting already, or where the queue is being run;
    leaves when the process `server` has gone.
    """
    with store.standby_lock() as ours:
        needs = _wanted(store)
        if not ours or needs is None or needs != needs | _own():
            return
        token = secrets.token_hex(8)
        _offer(store, token, needs)  # first: a drainer that comes now hands over
        if not store.queue_is_worked() or _read(store, RUN).get("to") == token:
            _stand_by(store, token, needs, server)
        if "taken" in _offered(store):
            return
        store.remove_note(OFFER)
    if parent_lives(server) and _wanted(store) not in (None, needs):
        # Other settings, another network: a fresh process, because TensorFlow forgets nothing.
        replace_by([sys.executable, "-m", "shipdash", "standby", "--server", str(server), "--runs",
                    str(store.root)])


def _stand_by(store: Store, token: str, needs: dict, server: int) -> None:
    asked = began = time.perf_counter()
    while began - asked < PAINT_S and _handed(store, token) is None:
        time.sleep(LOOK_S)
        began = time.perf_counter()
    try:
        network, shape = NetworkConfig(**needs["network"]), tuple(needs["shape"])
        learner = open_learner(network, shape=shape, seed=0)
    except (ConfigError, TypeError, KeyError):
        return  # a note that no page of ours has written
    learner.prepare()
    took_s = time.perf_counter() - began
    from shipdash.runs import worker  # here: a page, which works on no run, would wait for pandas

    _offer(store, token, needs, ready=True)
    while (run_id := _handed(store, token)) is None:
        if not parent_lives(server) or _wanted(store) != needs:
            return  # no more reason to wait
        time.sleep(LOOK_S)
    # A note's age is by the clock of the disk, which may be another machine's, and ahead.
    waited_s = max(0.0, min(time.perf_counter() - asked, store.read_note(RUN)[1]))
    _offer(store, token, needs, taken=run_id)
    _speak_into(store, run_id)
    worker.work(store, run_id, prepared=worker.Prepared(
        learner, max(0.0, took_s - waited_s), waited_s),
        wait=lambda: kept_worker.wait(store, run_id, server))


def _needs(config: RunConfig) -> dict:
    """All that a compiled learner depends on, but for its seed."""
    return {"network": dataclasses.asdict(config.network), "shape": list(config.shape)} | _own()


def _own() -> dict:
    """What this process would compute with; another's program or processors are no fit."""
    return {"threads": threads(), "algorithm": ALGORITHM, "version": shipdash.__version__,
            "python": sys.prefix, "gpus": os.environ.get("CUDA_VISIBLE_DEVICES")}


def _wanted(store: Store) -> dict | None:
    """What a page wants, None where none has said so for long."""
    return _read(store, WANT, IDLE_S) or None


def _offer(store: Store, token: str, needs: dict, **how: bool | str) -> None:
    store.write_note(OFFER, json.dumps({"token": token, "needs": needs, **how}).encode())


def _offered(store: Store) -> dict:
    """The last offer; a killed one's stays until the next has come."""
    return _read(store, OFFER)


def _handed(store: Store, token: str) -> str | None:
    """The run handed over to the one of this token."""
    asked = _read(store, RUN)
    return asked["run_id"] if asked.get("to") == token else None


def _read(store: Store, name: str, at_most_s: float = math.inf) -> dict:
    """What a note says; nothing where there is none, or none so young, or not one of ours."""
    text, age_s = store.read_note(name)
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(text)
        # A note from before the clock was set back is not young until the clock has caught up.
        return found if isinstance(found, dict) and abs(age_s) <= at_most_s else {}
    return {}


def _speak_into(store: Store, run_id: str) -> None:
    """From here on the process's words belong to the run."""
    with store.log_path(run_id).open("ab") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
