"""What a run's own records allow to claim about pairs nobody has seen.

The bounds are `certificate`'s; here is which of its conditions the records show to hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from shipdash.analysis.certificate import (
    Certificate,
    FailureRate,
    certify,
    progressive_bound,
    recent_failure_rate,
)
from shipdash.config import RunConfig
from shipdash.records import Event, Picked, Scanned, StopReason, Trained
from shipdash.results import Result, StoredRun

WINDOW = 1_000
"""Pairs that progressive validation looks back on: one failure is then 0.1 %."""


class Progressive(NamedTuple):
    """Progressive validation of the first pass, and the stretch after its last pick."""

    rate: FailureRate
    n_clean: int
    bound: float


def first_pass(events: Iterable[Event]) -> np.ndarray:
    """Which of the tested pairs failed: bool, in stream order, first pass only.

    Without the pairs that joined untested.
    """
    parts = []
    for event in events:
        if isinstance(event, Scanned) and event.round == 1:
            parts.append(np.zeros(len(event.indices), bool))
        elif isinstance(event, Picked) and event.round == 1 and event.iou is not None:
            parts.append(np.ones(1, bool))
    return np.concatenate(parts) if parts else np.zeros(0, bool)


def progressive(events: Iterable[Event], window: int = WINDOW) -> Progressive:
    """Failure rate over the last pairs of the first pass, and a bound from its clean end."""
    events = list(events)
    n_clean = _clean_stretch(events)
    return Progressive(recent_failure_rate(first_pass(events), window), n_clean,
                       progressive_bound(n_clean))


def _clean_stretch(events: Iterable[Event]) -> int:
    """Pairs in a row that one unchanged network passed at the end of the first pass."""
    n_clean = 0
    for event in events:
        if isinstance(event, (Picked, Scanned)) and event.round != 1:
            break
        if isinstance(event, Scanned):
            n_clean += len(event.indices)
        elif isinstance(event, (Picked, Trained)):
            n_clean = 0
    return n_clean


def conditions(config: RunConfig, result: Result) -> dict[str, bool]:
    """The conditions of `certificate.certify`, from settings and result of a finished run.

    - deterministic: no training after a scan that found nothing, and a device
      that repeats itself (a CPU; a GPU's sums depend on the order they happen to be made in);
    - clean_pass: the last pass added nothing, or every discarded pair passed the re-audit, which
      is the same network looking at the same pairs;
    - iid: no planted repeats and no pool that another core was taken from. The order is a
      permutation with a seed of its own. Wrong masks are drawn like everything else;
    - first_counted: the number kept is the number of core pairs, the untested first ones included;
    - wall_clock_free: nothing in the loop looks at a clock.
    """
    planted, rules = config.planted, config.selection
    return {
        "deterministic": not rules.idle_epochs and result.device.startswith("CPU"),
        "clean_pass": result.reason is StopReason.CLEAN or _passed_reaudit(result),
        "iid": not (planted.distinct or planted.duplicates or rules.exclude
                    or config.source.kind != "scene"),
        "first_counted": (len(set(result.core)) == result.n_core
                          >= min(rules.first, result.n_pool)),
        "wall_clock_free": True,
    }


def _passed_reaudit(result: Result) -> bool:
    found = result.reaudit
    return (found is not None and found.n == result.n_pool - result.n_core
            and not found.n_failing and result.reason is StopReason.EXHAUSTED)


def certificate_of(run: StoredRun, delta: float = 0.01) -> Certificate:
    """The certificate of a finished run."""
    return certify(n_kept=run.result.n_core, n_pool=run.result.n_pool, delta=delta,
                   **conditions(run.config, run.result))
