"""What came out of a run, as one table of plain values; counted from its events.

It measures nothing: scores come from `evaluation`, times and devices from whoever worked.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable

import shipdash
from shipdash import config as configs
from shipdash.config import RunConfig
from shipdash.learning.learner import Learner, threads
from shipdash.records import Event, Scanned, SetAside, Stopped, Trained
from shipdash.results import Result
from shipdash.runs.machine import machine


def final_result(run_id: str, config: RunConfig, core: list[int], events: Iterable[Event],
            phases: dict[str, float], learner: Learner, *, probe_s: float = 0.0,
            **more) -> Result:
    """What a completed run found.

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
    probe_s : float
        Part of the selection that was spent on the probe pairs.
    learner : Learner
        Asked for its device and size.
    **more
        What was measured afterwards: prepared_s, held_out, reaudit, weights_sha256;
        and the segments.
    """
    set_aside = []
    sums, detail = Counter(), dict.fromkeys(("warmup", "train", "scan"), 0.0) | {"probe": probe_s}
    for event in events:  # added up one by one: a long stream has too many to hold
        if isinstance(event, Scanned):
            sums += {"scans": 1, "forward": event.n_forward, "wasted": event.n_wasted}
            detail["scan"] += event.seconds
        elif isinstance(event, Trained):
            sums["backward"] += event.n_images
            detail["train" if sums["scans"] else "warmup"] += event.seconds
        elif isinstance(event, SetAside):
            set_aside.append(event.index)
        elif isinstance(event, Stopped):
            stopped = event
    if config.arm.kind != "selection":
        detail = {}  # an arm only trains, and nobody watches it
    return Result(
        run_id=run_id, reason=stopped.reason, algorithm=configs.ALGORITHM,
        version=shipdash.__version__, preset=configs.preset_of(config),
        n_pool=config.selection.n_pool, n_tested=stopped.n_tested, core=tuple(core),
        set_aside=tuple(set_aside), rounds=stopped.n_rounds, n_forward=sums["forward"],
        n_wasted=sums["wasted"], n_backward=sums["backward"],
        seconds=round(sum(phases.values()), 2),
        phases={k: round(v, 2) for k, v in (phases | detail).items()},
        n_parameters=learner.n_parameters, device=learner.device, threads=threads(),
        machine=machine(),
        date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), **more,
    )
