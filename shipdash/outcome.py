"""What came out of a run, as one table of plain values; counted from its events.

It measures nothing: scores come from `evaluation`, times and devices from whoever worked.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
from collections.abc import Iterable
from pathlib import Path

import shipdash
from shipdash import config as configs
from shipdash.config import RunConfig
from shipdash.learner import Learner, threads
from shipdash.records import Event, RunState, Scanned, Trained


def outcome(run_id: str, config: RunConfig, core: list[int], events: Iterable[Event],
            phases: dict[str, float], learner: Learner) -> dict:
    """Numbers of a completed run, ready for JSON.

    Parameters
    ----------
    run_id, config
        Name and settings of the run.
    core : list of int
        Pool numbers the network has learnt from, in order.
    events : iterable of Event
        All of them; the last is `Stopped`.
    phases : dict
        Wall time in seconds by phase.
    learner : Learner
        Asked for its device and size.
    """
    *events, stopped = events
    scans = [e for e in events if isinstance(e, Scanned)]
    bouts = [e for e in events if isinstance(e, Trained)]
    return {
        "run_id": run_id, "state": str(RunState.COMPLETED),
        "reason": str(stopped.reason), "algorithm": configs.ALGORITHM,
        "version": shipdash.__version__, "preset": configs.preset_of(config),
        "n_pool": config.selection.n_pool, "n_tested": stopped.n_tested,
        "n_core": len(core), "core": core, "rounds": stopped.n_rounds,
        "n_forward": sum(s.n_forward for s in scans),
        "n_wasted": sum(s.n_wasted for s in scans),
        "n_backward": sum(b.n_images for b in bouts),
        "seconds": round(sum(phases.values()), 2),
        "phases": {k: round(v, 2) for k, v in (phases | _detail(config, events)).items()},
        "n_parameters": learner.n_parameters, "device": learner.device,
        "threads": threads(), "machine": machine(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def _detail(config: RunConfig, events: list[Event]) -> dict[str, float]:
    """What a selection's time is made of: all training before the first scan is warm-up."""
    if config.arm.kind != "selection":
        return {}  # an arm only trains
    is_scan = [isinstance(e, Scanned) for e in events]
    first = is_scan.index(True) if True in is_scan else len(events)
    parts = {"warmup": events[:first], "train": events[first:], "scan": events}
    return {name: sum(e.seconds for e in part
                      if isinstance(e, Scanned if name == "scan" else Trained))
            for name, part in parts.items()}


def machine() -> str:
    """What a figure was measured on, e.g. ``"Intel(R) Xeon(R), 2 cores, Linux"``."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    return f"{name}, {len(os.sched_getaffinity(0))} cores, {platform.system()}"
