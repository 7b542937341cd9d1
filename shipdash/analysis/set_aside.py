"""Pairs that a selection kept but could not learn: their labels should be checked first."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from shipdash.records import AsideReason, Event, SetAside

REASONS = {
    AsideReason.NOT_LEARNT: "did not pass within the step limit",
    AsideReason.HELD_BACK: "kept the mean score below the precision",
    AsideReason.WARM_UP: "kept the first pairs below the precision",
}
"""Why a pair was set aside, for a caption."""


def set_aside_table(events: Iterable[Event]) -> pd.DataFrame:
    """One row per pair set aside, lowest score first: index, score, n_steps, n_tested, reason."""
    rows = [(e.index, e.score, e.n_steps, e.n_tested, REASONS[e.reason])
            for e in events if isinstance(e, SetAside)]
    table = pd.DataFrame(rows, columns=["index", "score", "n_steps", "n_tested", "reason"])
    return table.sort_values(["score", "index"], ignore_index=True)


def set_aside_words(events: Iterable[Event], n_core: int, precision: float) -> str:
    """What was set aside, and whether warming up reached the precision; empty where all is well.

    >>> early = SetAside(7, 11, 11, 240, 0.31, 0.742, AsideReason.WARM_UP)
    >>> print(set_aside_words([early], 84, 0.8))
    1 of 84 kept pairs could not be learnt and was set aside: check its label first. The warm-up \
reached a plateau at a mean score of 0.74, below the precision of 0.80.
    """
    found = [event for event in events if isinstance(event, SetAside)]
    if not found:
        return ""
    was, its = ("was", "its label") if len(found) == 1 else ("were", "their labels")
    words = (f"{len(found):,} of {n_core:,} kept pairs could not be learnt and {was} set aside: "
             f"check {its} first.")
    plateau = next((e.mean for e in found if e.reason is AsideReason.WARM_UP), None)
    if plateau is None:
        return words
    below = math.floor(100 * plateau) / 100  # rounded down, so as not to read like the precision
    return (f"{words} The warm-up reached a plateau at a mean score of {below:.2f}, below the "
            f"precision of {precision:.2f}.")
