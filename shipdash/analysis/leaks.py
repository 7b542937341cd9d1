"""Held-out pictures with near duplicates in the pool, and groups of which selection kept nothing.

No picture is compared here; distances come from `data.near_duplicates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd


class Leaks(NamedTuple):
    """How many held-out images have a near duplicate in the pool, within a Hamming distance."""

    n_held_out: int
    n_leaking: int
    distance: int

    @property
    def share(self) -> float:
        """From 0 to 1; NaN where nothing is held out."""
        return self.n_leaking / self.n_held_out if self.n_held_out else float("nan")


def leaks(nearest: np.ndarray, distance: int) -> Leaks:
    """The leaks at a distance.

    Parameters
    ----------
    nearest : int array, shape (n held-out,)
        Distance of each held-out picture to the nearest in the pool, -1 for none.
    distance : int
        Hamming distance up to which two pictures are near duplicates.

    Examples
    --------
    >>> leaks(np.array([-1, 0, 8, 9]), 8)
    Leaks(n_held_out=4, n_leaking=2, distance=8)
    """
    return Leaks(len(nearest), int(((nearest >= 0) & (nearest <= distance)).sum()), distance)


def leaks_finding(found: Leaks) -> str:
    """The number in a sentence, and what it means for the held-out score."""
    if not found.n_held_out:
        return "No images are held out, so nothing can leak and nothing is measured."
    if not found.n_leaking:
        return (f"None of the {found.n_held_out:,} held-out images has a near duplicate in the "
                f"pool (Hamming distance at most {found.distance}).")
    verb = "has" if found.n_leaking == 1 else "have"
    return (f"Leak: {found.n_leaking:,} of the {found.n_held_out:,} held-out images "
            f"({found.share:.1%}) {verb} a near duplicate in the pool (Hamming distance at most "
            f"{found.distance}). The held-out score may be higher than it would be on new "
            "images.")


def groups_on_both_sides(groups: Sequence[str], split: np.ndarray) -> list[str]:
    """Sorted names of the groups with pairs in the pool (0) and held out (1); no group is named
    by an empty text."""
    names = np.asarray(groups, dtype=object)
    both = set(names[split == 0]) & set(names[split == 1])
    return sorted(both - {""})


def kept_by_group(groups: Sequence[str], core: Sequence[int]) -> pd.DataFrame:
    """What selection kept of each group of the pool, the smallest share first.

    Parameters
    ----------
    groups : sequence of str, length n
        Of each pool pair that was tested; empty where a pair has none.
    core : sequence of int
        Numbers of the pairs that were kept.

    Returns
    -------
    DataFrame
        One row per group: `group`, `pairs`, `kept`, and `share`, from 0 to 1. Pairs without a
        group are left out.
    """
    kept = np.zeros(len(groups), bool)
    kept[list(core)] = True
    table = pd.DataFrame({"group": list(groups), "kept": kept})
    table = table[table["group"] != ""].groupby("group")["kept"].agg(["size", "sum", "mean"])
    table = table.reset_index().set_axis(["group", "pairs", "kept", "share"], axis=1)
    return table.sort_values(["share", "pairs", "group"], ascending=[True, False, True],
                             ignore_index=True)


def groups_to_drop(table: pd.DataFrame) -> list[str]:
    """The groups of which selection kept nothing, largest first, from `kept_by_group`."""
    return table.loc[table["kept"] == 0, "group"].tolist()
