"""When a run tested and selected its pairs, on its own clock. Nothing is drawn here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from shipdash.records import Event, Picked, Scanned, Trained

MOST_MOMENTS = 4_000
"""Moments of a replay: more than a screen has columns, and some 100 kB on their way to it."""


class Timeline(NamedTuple):
    """Moments of a run, one entry each, none of them falling.

    `seconds` float64 is the time spent training and scanning, without start-up and compilation;
    `tested` and `selected` int64 count pairs.
    """

    seconds: np.ndarray
    tested: np.ndarray
    selected: np.ndarray


def timeline(events: Iterable[Event]) -> Timeline:
    """The clock of a run, from all zero on; at most about `MOST_MOMENTS` entries.

    Between two moments *tested* grows evenly and *selected* stays: a pair joins at a moment.
    Every moment at which a pair joined is kept, however long the run was.

    >>> timeline([Scanned(1, 4, 4, (0, 1, 2, 3), (1.0,) * 4, 4, 0, 0.5)]).tested
    array([0, 4])
    """
    rows = [(0.0, 0, 0)]
    for event in events:
        seconds, tested, selected = rows[-1]
        if isinstance(event, Trained):
            rows.append((seconds + event.seconds, tested, selected))
        elif isinstance(event, Scanned):
            rows.append((seconds + event.seconds, event.n_tested, selected))
        elif isinstance(event, Picked):
            rows.append((seconds, event.n_tested, event.n_core))
    return _thinned(Timeline(*(np.array(column) for column in zip(*rows, strict=True))))


def _thinned(line: Timeline) -> Timeline:
    """Every moment around a change of *selected*, and evenly some of the others."""
    n = len(line.seconds)
    if n <= MOST_MOMENTS:
        return line
    joined = np.flatnonzero(np.diff(line.selected)) + 1
    kept = np.unique(np.concatenate([[0, n - 1], joined, joined - 1,
                                     np.linspace(0, n - 1, MOST_MOMENTS).round().astype(int)]))
    return Timeline(*(column[kept] for column in line))
