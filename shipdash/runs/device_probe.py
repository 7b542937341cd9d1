"""What a worker would run on: found out once, by a process of its own that starts TensorFlow."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from pathlib import Path

from shipdash.runs import Store, locks, queue

PROBE_AGAIN_S = 60.0  # a probe that dies at once must not be started anew by every page view


def device_facts(store: Store) -> dict | None:
    """What a worker would run on, once a probe has found out; a call before that starts one."""
    path = store.root / "device.json"
    with contextlib.suppress(OSError, ValueError, RecursionError):
        facts = json.loads(path.read_bytes())
        if isinstance(facts, dict) and isinstance(facts.get("device"), str):
            return facts
    with contextlib.suppress(OSError):  # nowhere to write: the page says "not yet known"
        store.root.mkdir(parents=True, exist_ok=True)
        _probe(store, path)
    return None


def _probe(store: Store, path: Path) -> None:
    """Start a probe unless one is at work or has just ended without an answer.

    The file that it prints to is locked until it ends, however it ends: a probe that died is tried
    again.
    """
    with path.with_suffix(".probe").open("ab") as output:
        if not locks.take(output.fileno()):
            return
        tried = os.fstat(output.fileno())
        if tried.st_size and abs(time.time() - tried.st_mtime) < PROBE_AGAIN_S:
            return  # else long ago, or from before the clock was set back
        output.truncate(0)
        output.write(b"probing\n")
        output.flush()
        # TensorFlow's start would take a processor away from the first page's first visit.
        queue.start_process(store, ["probe", "--json", "--out", str(path)], output,
                            subprocess.STDOUT, patient=True)
