"""Target pixels before and after resizing: whether the stored size leaves enough of a target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from shipdash.counted import counted

SMALL_PX = 20
"""Below so many pixels a single wrong one costs five hundredths of the IoU."""


class TargetAreas(NamedTuple):
    """Counts of pairs, and median target pixels of those that have a target as they came."""

    n: int
    n_with_target: int
    n_vanished: int  # nothing left
    n_small: int  # something left, fewer than `SMALL_PX`, of what had as many before
    median_before: float  # NaN where no pair has a target
    median_after: float


def target_areas(before: Sequence[int], after: Sequence[int]) -> TargetAreas:
    """The summary of two areas a pair, in pixels.

    >>> target_areas([0, 400, 90, 30], [0, 100, 9, 0])
    TargetAreas(n=4, n_with_target=3, n_vanished=1, n_small=1, median_before=90.0, median_after=9.0)
    """
    came, stored = np.asarray(before, np.int64), np.asarray(after, np.int64)
    has = came > 0
    small = has & (stored > 0) & (stored < SMALL_PX) & (came >= SMALL_PX)
    medians = [float(np.median(area[has])) if has.any() else float("nan")
               for area in (came, stored)]
    return TargetAreas(len(came), int(has.sum()), int((has & (stored == 0)).sum()),
                       int(small.sum()), *medians)


def areas_words(found: TargetAreas) -> str:
    """The medians in a sentence; one number where resizing has not changed it."""
    if not found.n_with_target:
        return "No mask has any target: check how the masks are to be read."
    n_empty = found.n - found.n_with_target
    verb = "is" if n_empty == 1 else "are"
    empty = f" {n_empty:,} of {found.n:,} masks {verb} empty." if n_empty else ""
    if found.median_before == found.median_after:
        return f"The target of a pair has {found.median_after:,.0f} pixels (median).{empty}"
    return (f"The target of a pair has {found.median_before:,.0f} pixels before resizing and "
            f"{found.median_after:,.0f} after it (medians).{empty}")


def areas_warning(found: TargetAreas) -> str:
    """What resizing destroys; empty where it destroys nothing."""
    if not found.n_vanished and not found.n_small:
        return ""
    said = []
    if found.n_vanished:
        verb = "has" if found.n_vanished == 1 else "have"
        said.append(f"{found.n_vanished:,} of {found.n_with_target:,} pairs with a target {verb} "
                    "nothing of it left")
    if found.n_small:
        said.append(f"{counted(found.n_small, 'has', 'have')} fewer than {SMALL_PX} pixels of it "
                    "left")
    words = " and ".join(said)
    return (f"Small targets vanish at the stored size: {words}. Import again in tiles "
            "(*Fit*: tiles), which keep the full resolution, or at a larger size.")
