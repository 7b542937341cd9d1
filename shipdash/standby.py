"""A worker that has its network ready before there is a run: the click need not wait for it.

Python, TensorFlow and the compiler take some twelve of a compact run's seventy seconds. A page
that shows the settings of a run not yet started writes what it *wants*; this process *offers* to
work on such runs, makes their learner ready and waits. Whoever works the queue off *hands over* a
run that fits. It sees one run through and ends, like any worker; without one it leaves when its
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

from shipdash import experiment
from shipdash.config import ConfigError, NetworkConfig, RunConfig
from shipdash.experiment import Prepared
from shipdash.learner import open_learner, threads
from shipdash.store import Store

WANT, OFFER, RUN = "standby.want", "standby.offer", "standby.run"
IDLE_S = 600.0  # a page that nobody has touched for so long wants nothing any more
PAINT_S = 1.0  # the page that asked is still being painted
LOOK_S = 0.05  # between two looks of the one that waits; it costs no measurable time
POLL_S = 0.2  # between two looks of the one that has handed over


def want(store: Store, config: RunConfig) -> bool:
    """Say what is about to be asked for; whether a process must be started to make it ready."""
    store.write_note(WANT, json.dumps(_needs(config)).encode())
    return not store.standby_is_alive()


def is_ready(store: Store, config: RunConfig) -> bool:
    """Whether a process stands by whose network is compiled and fits this run."""
    offer = _read(store, OFFER) or {}
    return bool(offer.get("ready") and offer["needs"] == _needs(config)
                and store.standby_is_alive())


def hand_over(store: Store, run_id: str) -> None:
    """Let the one that stands by work on this run, if it fits; returns when that has ended.

    One that is still preparing is waited for: it is ahead of whoever would begin now. The run's
    status tells whether anything was done: one that died on the way leaves the run as it was.
    """
    offer = _read(store, OFFER) or {}
    if offer.get("needs") != _needs(store.config(run_id)) or offer.get("taken"):
        return
    store.write_note(RUN, json.dumps({"to": offer["token"], "run_id": run_id}).encode())
    while store.standby_is_alive() and _token(store) == offer["token"]:
        time.sleep(POLL_S)
    store.remove_note(RUN)


def serve(store: Store) -> None:
    """Make ready what is wanted, wait, and see the run through that is handed over, if any.

    Returns at once where another process stands by already, or where runs are at work.
    """
    with store.standby_lock() as ours:
        needs = _wanted(store)
        if not ours or needs is None or store.queue_is_worked():
            return
        parent, token = os.getppid(), secrets.token_hex(8)
        _offer(store, token, needs)
        time.sleep(PAINT_S)
        prepared = _prepare(needs)
        run_id = None
        if prepared is not None:
            _offer(store, token, needs, ready=True)
            run_id = _wait(store, token, needs, parent)
        if run_id:
            _offer(store, token, needs, taken=run_id)
            _speak_into(store, run_id)
            experiment.work(store, run_id, prepared=prepared)
            return
        store.remove_note(OFFER)
    if os.getppid() == parent and _wanted(store) not in (None, needs):
        # Other settings, another network: a fresh process, because TensorFlow forgets nothing.
        os.execv(sys.executable, [sys.executable, "-m", "shipdash", "standby",
                                  "--runs", str(store.root)])


def _prepare(needs: dict) -> Prepared | None:
    began = time.perf_counter()
    try:
        learner = open_learner(NetworkConfig(**needs["network"]), size=needs["size"], seed=0)
    except (ConfigError, TypeError, KeyError):
        return None  # a note that no page of ours has written
    learner.prepare()
    return Prepared(learner, time.perf_counter() - began)


def _wait(store: Store, token: str, needs: dict, parent: int) -> str | None:
    """The run handed over; None when there is no more reason to wait."""
    while os.getppid() == parent and _wanted(store) == needs:
        asked = _read(store, RUN)
        if asked is not None and asked.get("to") == token:
            return asked["run_id"]
        time.sleep(LOOK_S)
    return None


def _needs(config: RunConfig) -> dict:
    """All that a compiled learner depends on, but for its seed."""
    return {"network": dataclasses.asdict(config.network), "size": config.scene.size,
            "threads": threads()}


def _wanted(store: Store) -> dict | None:
    """What a page wants, None where none has said so for long."""
    return _read(store, WANT, IDLE_S)


def _offer(store: Store, token: str, needs: dict, **how: bool | str) -> None:
    words = {"token": token, "needs": needs, **how}
    store.write_note(OFFER, json.dumps(words).encode())


def _token(store: Store) -> str | None:
    """Of whose offer stands: a killed one's stays until the next has come."""
    return (_read(store, OFFER) or {}).get("token")


def _read(store: Store, name: str, at_most_s: float = math.inf) -> dict | None:
    """What a note says; None where there is none, or none so young, or not one of ours."""
    text, age_s = store.read_note(name)
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(text)
        return found if isinstance(found, dict) and age_s <= at_most_s else None
    return None


def _speak_into(store: Store, run_id: str) -> None:
    """From here on the process's words belong to the run."""
    with store.log_path(run_id).open("ab") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
