"""Held-out scores by group: where the network is good, and where it is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from shipdash.acceptance import fails


def scores_by_group(groups: Sequence[str], iou: np.ndarray, acceptance: float) -> pd.DataFrame:
    """Mean IoU and share failing of each group's pairs, the lowest mean first.

    Parameters
    ----------
    groups : sequence of str, length n
        Empty where a pair has none; such pairs are left out.
    iou : float array, shape (n,)
    acceptance : float
        IoU below which a pair fails.

    Returns
    -------
    DataFrame
        group, pairs, mean_iou, share_failing (from 0 to 1).

    Examples
    --------
    >>> table = scores_by_group(["a", "b", "a"], np.array([0.5, 0.9, 0.9]), 0.8)
    >>> table.to_dict("list")  # doctest: +NORMALIZE_WHITESPACE
    {'group': ['a', 'b'], 'pairs': [2, 1], 'mean_iou': [0.7, 0.9], 'share_failing': [0.5, 0.0]}
    """
    table = pd.DataFrame({"group": list(groups), "iou": np.asarray(iou, float)})
    table["failing"] = fails(table["iou"].to_numpy(), acceptance)
    table = table[table["group"] != ""]
    found = table.groupby("group").agg(pairs=("iou", "size"), mean_iou=("iou", "mean"),
                                       share_failing=("failing", "mean")).reset_index()
    return found.sort_values(["mean_iou", "group"], ignore_index=True)


def kept_finding(table: pd.DataFrame) -> str:
    """What `leaks.kept_by_group` shows, in a sentence; empty with fewer than two groups."""
    if len(table) < 2:
        return ""
    low, high = table.iloc[0], table.iloc[-1]
    return (f"Kept from {low['group']}: {_share(low)}; from {high['group']}: {_share(high)}")


def _share(row: pd.Series) -> str:
    return f"{row['share']:.0%} ({int(row['kept']):,} of {int(row['pairs']):,})"
