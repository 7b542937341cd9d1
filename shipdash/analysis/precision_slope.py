"""How fast the core set grows with the precision, and how much of that is the staircase.

The unit is the order: runs of one order, with its model seed, at every precision. Orders share
their pool, so the intervals are about other orders of these pairs and not about other pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from shipdash.analysis.difference import FEWEST_RUNS, Difference, paired
from shipdash.analysis.sweep import completed

UNDER = {"article": "Under the article score", "iou": "Under plain IoU"}
"""How the sentences about a rule begin."""

STEP = 0.1
"""The move of the precision that a slope is said for."""


class Move(NamedTuple):
    """From one precision to the next: what that multiplies the core set by, a geometric mean over
    orders."""

    start: float
    end: float
    factor: float


class PrecisionSlope(NamedTuple):
    """Means over orders, with Student's 95 % intervals."""

    n_orders: int
    log_factor: Difference  # natural logarithm of what `STEP` more multiplies the core set by
    n_moves: int  # from one precision to the next
    n_crossings: int  # of them, those at which the acceptance IoU moves as well
    largest: Move
    share_crossing: Difference | None  # of the growth; None where all moves cross, or none does


def precision_slope(points: pd.DataFrame, acceptance: str) -> PrecisionSlope | None:
    """Slope of the logarithm of the core size over the precision, fitted to each order.

    From the first precision to the last, the logarithm's growth is the sum of its moves from each
    precision to the next; `share_crossing` is that of the moves at which the acceptance IoU is
    another one. At the other moves only the end of training changes.

    Parameters
    ----------
    points : DataFrame
        From `sweep_points`. Orders without a completed run at every precision are left out.
    acceptance : str
        The rule whose runs count.

    Returns
    -------
    PrecisionSlope or None
        None for fewer orders or precisions than `FEWEST_RUNS`, and where nothing grows.
    """
    found = completed(points, acceptance)
    cores = found.pivot_table(index=["order_seed", "model_seed"], columns="precision",
                              values="n_core").dropna()
    if min(cores.shape) < FEWEST_RUNS:
        return None
    logs, precisions = np.log(cores.to_numpy(float)), cores.columns.to_numpy(float)
    factor = paired(STEP * np.polyfit(precisions, logs.T, 1)[0])
    moves = np.diff(logs, axis=1)
    limits = found.groupby("precision")["acceptance_iou"].first().loc[cores.columns]
    crosses = np.diff(limits.to_numpy(float)) > 0
    grown = moves.sum(axis=1)
    if not factor.is_defined or (grown <= 0).any():
        return None
    share = None if crosses.all() or not crosses.any() else paired(
        moves[:, crosses].sum(axis=1) / grown)
    mean = moves.mean(axis=0)
    most = int(mean.argmax())
    largest = Move(*precisions[most:most + 2].tolist(), float(np.exp(mean[most])))
    return PrecisionSlope(len(cores), factor, len(crosses), int(crosses.sum()), largest, share)


def slope_words(slope: PrecisionSlope, rule: str) -> str:
    """Factor and share in a sentence, the second only where there is a staircase."""
    factor, low, high = (float(np.exp(end)) for end in slope.log_factor[:3])
    said = (f"{UNDER[rule]}, {STEP:g} more precision multiplies the core set by {factor:.2f} on "
            f"average (95% interval {low:.2f} to {high:.2f}, Student's over the slopes of "
            f"{slope.n_orders} orders of one pool)")
    if slope.share_crossing is None:
        return f"{said}."
    move = slope.largest
    said += f"; the largest move, {move.start:.2f} to {move.end:.2f}, alone by {move.factor:.2f}"
    at, low, high = slope.share_crossing[:3]
    interval = f" ({low:.0%} to {high:.0%})" if slope.share_crossing.is_defined else ""
    rest = ("the rest falls on those that only train for longer" if at < 1 else
            "none is found on those that only train for longer")
    return (f"{said}. {at:.0%}{interval} of the growth falls on the {slope.n_crossings} of "
            f"{slope.n_moves} moves at which the acceptance IoU takes a step, and {rest}.")
