"""The learning curve of random pairs, and how many random pairs a core set is worth on it.

Every point is trained on that many random pairs with the same number of updates; the last point is
the whole pool, also at equal updates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from shipdash.acceptance import fails
from shipdash.analysis.arms import ARMS, EQUAL_UPDATES, SAME, ArmRun, set_of
from shipdash.analysis.bootstrap import SEED, interval, monotone, resampled_means
from shipdash.analysis.difference import FEWEST_RUNS, summary

MEASURES = {"share_failing": -1, "mean_iou": 1}
"""The two measures that lead, and whether more is better (1) or worse (-1)."""


FEWEST_SIZES = 3
"""Fewer sizes, such as the core set's size and the whole pool alone, make no curve."""


def curve_runs(runs: Sequence[ArmRun]) -> list[ArmRun]:
    """The runs that are points of the curve, fewest pairs first."""
    kinds = (ARMS["random"], ARMS["full"])
    points = [r for r in runs
              if r.arm in kinds and r.stop == EQUAL_UPDATES and r.network == SAME]
    return sorted(points, key=lambda r: (r.n_pairs, r.run.config.seeds.model,
                                         r.run.config.arm.draw))


def curve_table(runs: Sequence[ArmRun], acceptance: float) -> pd.DataFrame:
    """One row per size: n_pairs, n_runs, and of both measures what `difference.summary` gives."""
    points, rows = curve_runs(runs), []
    for k in sorted({r.n_pairs for r in points}):
        row: dict[str, float] = {"n_pairs": k}
        members = [r for r in points if r.n_pairs == k]
        for name in MEASURES:
            means = [_measure(r, name, acceptance).mean() for r in members]
            row |= {"n_runs": len(members)} | summary(means, [set_of(r) for r in members], name)
        rows.append(row)
    ends = [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high", "_sd")]
    return pd.DataFrame(rows, columns=["n_pairs", "n_runs", "n_sets", *ends])


def worth_table(runs: Sequence[ArmRun], core: Sequence[ArmRun], acceptance: float) -> pd.DataFrame:
    """How many random pairs do what the core set does, one row per measure.

    The curve is made monotone over log k and inverted where it first reaches the core's value.
    The interval is a bootstrap over the held-out pairs and over the runs of every point and of
    the core together, so other seeds and other draws count; of three runs a bootstrap knows less
    spread than there is, so read it as the narrow side.

    Parameters
    ----------
    runs : sequence of ArmRun
        All arms; those of the curve are taken.
    core : sequence of ArmRun
        Runs of the core set from scratch, at equal updates.

    Returns
    -------
    DataFrame
        measure, core (its value), worth, worth_low, worth_high, k_min, k_max. A worth of 0 means
        `k_min` pairs or fewer, an infinite one more than `k_max`. No interval (NaN) where a size
        or the core has fewer than `FEWEST_RUNS` runs. Empty with fewer than `FEWEST_SIZES` sizes
        or without a core.
    """
    columns = ["measure", "core", "worth", "worth_low", "worth_high", "k_min", "k_max"]
    points = curve_runs(runs)
    sizes = sorted({r.n_pairs for r in points})
    if len(sizes) < FEWEST_SIZES or not core:
        return pd.DataFrame(columns=columns)
    groups = [[i for i, r in enumerate(points) if r.n_pairs == k] for k in sizes]
    groups.append(list(range(len(points), len(points) + len(core))))
    weights = np.array([len(g) for g in groups[:-1]], float)
    enough = min(map(len, groups)) >= FEWEST_RUNS
    rows = []
    for name, sign in MEASURES.items():
        values = np.stack([_measure(r, name, acceptance) for r in (*points, *core)])
        levels = np.array([values[g].mean() for g in groups])
        drawn = _with_runs(resampled_means(values), groups)
        found = [invert(sizes, monotone(sign * row[:-1], weights), sign * row[-1])
                 for row in drawn]
        at = invert(sizes, monotone(sign * levels[:-1], weights), sign * levels[-1])
        ends = interval(np.array(found)) if enough else (np.nan, np.nan)
        rows.append((name, levels[-1], at, *ends, sizes[0], sizes[-1]))
    return pd.DataFrame(rows, columns=columns)


def invert(sizes: Sequence[int], fit: np.ndarray, target: float) -> float:
    """The size at which a non-decreasing fit first reaches `target`, linear in log size.

    0 where the smallest size is enough, infinite where the largest is not.

    >>> round(invert([10, 100, 1000], np.array([0.2, 0.4, 0.8]), 0.6))
    316
    """
    enough = np.flatnonzero(fit >= target)
    if not len(enough):
        return math.inf
    i = int(enough[0])
    if i == 0:
        return 0.0
    share = (target - fit[i - 1]) / (fit[i] - fit[i - 1])
    return float(sizes[i - 1] * (sizes[i] / sizes[i - 1]) ** share)


def _measure(r: ArmRun, name: str, acceptance: float) -> np.ndarray:
    return r.iou if name == "mean_iou" else fails(r.iou, acceptance).astype(float)


def _with_runs(drawn: np.ndarray, groups: list[list[int]]) -> np.ndarray:
    """Mean of each group over its runs, drawn again with replacement in every resample."""
    rng, columns = np.random.default_rng(SEED + 1), []
    for members in groups:
        which = np.array(members)[rng.integers(len(members), size=(len(drawn), len(members)))]
        columns.append(np.take_along_axis(drawn, which, axis=1).mean(axis=1))
    return np.stack(columns, axis=1)


def worth_words(row: pd.Series) -> str:
    """``"the core set is worth 130 random pairs (95% interval: 90 to 260)"``, or a limit of it."""
    low, high = row["worth_low"], row["worth_high"]
    if pd.isna(low):
        sure = "too few runs for an interval"
    elif low == high:
        sure = "the same in every resample"
    else:
        sure = f"95% interval: {_size(low, row)} to {_size(high, row)}"
    if math.isinf(row["worth"]):
        return f"no number of random pairs up to {row['k_max']:,.0f} does as well ({sure})"
    return f"the core set is worth {_size(row['worth'], row)} random pairs ({sure})"


def _size(value: float, row: pd.Series) -> str:
    if value == 0:
        return f"{row['k_min']:,.0f} or fewer"
    if math.isinf(value):
        return f"more than {row['k_max']:,.0f}"
    return f"{value:,.0f}"
