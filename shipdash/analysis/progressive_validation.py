"""How often the network fails pairs it has not seen, for free: every pair is tested before it
joins (Blum, Kalai and Langford, COLT 1999)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from shipdash.analysis.intervals import clopper_pearson
from shipdash.records import Event, Picked, Scanned, Trained

WINDOW = 1_000
"""Pairs that progressive validation looks back on: one failure is then 0.1 %."""


class Progressive(NamedTuple):
    """Failures among the last pairs of the first pass, and the stretch after its last pick.

    `low` and `high` are the interval of Clopper and Pearson: exact for one network, and a guide
    to the average one where the network learned inside the window.
    """

    n_failed: int
    n_tested: int
    low: float
    high: float
    n_clean: int
    bound: float  # on the rate of failure, from the clean stretch: see `progressive_bound`


def progressive(events: Iterable[Event], window: int = WINDOW) -> Progressive:
    """Progressive validation over the last `window` pairs; the interval [0, 1] of no pair."""
    events = list(events)
    recent = first_pass(events)[-window:]
    n_failed, n_clean = int(np.count_nonzero(recent)), _clean_stretch(events)
    return Progressive(n_failed, len(recent), *clopper_pearson(n_failed, len(recent)), n_clean,
                       progressive_bound(n_clean))


def progressive_bound(n_clean: int, confidence: float = 0.95) -> float:
    """Bound on the failure rate after tests in a row without a failure.

    Parameters
    ----------
    n_clean : int
        Pairs m, new to the run (first pass only), that one unchanged network passed; at least 0.
    confidence : float
        In (0, 1); that of one stretch named beforehand, not of the longest one found afterwards.

    Returns
    -------
    float
        ``1 - (1 - confidence)^(1/m)``, in (0, 1]: a network that fails more often passes m pairs
        with probability below ``1 - confidence`` (binomial tail at no failure). 1 for m = 0.

    Examples
    --------
    >>> round(progressive_bound(1), 3), round(progressive_bound(1000), 5)
    (0.95, 0.00299)
    """
    return -math.expm1(math.log1p(-confidence) / n_clean) if n_clean else 1.0


def first_pass(events: Iterable[Event]) -> np.ndarray:
    """Which of the tested pairs failed: bool, in stream order, first pass only.

    Without the pairs that joined untested; a later pass meets pairs again.
    """
    parts = []
    for event in events:
        if isinstance(event, Scanned) and event.round == 1:
            parts.append(np.zeros(len(event.indices), bool))
        elif isinstance(event, Picked) and event.round == 1 and event.iou is not None:
            parts.append(np.ones(1, bool))
    return np.concatenate(parts) if parts else np.zeros(0, bool)


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
