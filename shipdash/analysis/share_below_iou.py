"""Share of held-out pairs below every IoU, by arm: tail, typical pair, and where arms cross.

Not a test: whether arms are separated at one threshold is decided in `core_against_random`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from shipdash.acceptance import fails
from shipdash.analysis.arms import ARMS, KEYS, ArmRun, rows_of, with_ends
from shipdash.analysis.difference import summary

THRESHOLDS = np.round(np.arange(0.5, 0.991, 0.01), 2)
"""IoU below which a pair is counted, from half an overlap to one pixel in a hundred."""


class PairIous(NamedTuple):
    """The held-out IoU of single pairs, one row a run; pairs have the same order in every row."""

    runs: pd.DataFrame  # KEYS, run_id, pool_seed, order_seed, model_seed, draw
    iou: np.ndarray  # float32, of older stored studies float16; (n_runs, n_held_out), 0 to 1
    factors: pd.DataFrame | None = None  # true factors, n_held_out rows; None where not at hand


def pair_ious(runs: Sequence[ArmRun]) -> PairIous:
    """The IoU of every run and pair, as their evaluation has it."""
    columns = [*KEYS, "run_id", "pool_seed", "order_seed", "model_seed", "draw"]
    rows = []
    for r in runs:
        seeds = r.run.config.seeds
        rows.append((r.arm, r.stop, r.network, r.n_pairs, r.run.run_id, seeds.pool, seeds.order,
                     seeds.model, r.run.config.arm.draw))
    found = np.stack([r.iou for r in runs]) if runs else np.zeros((0, 0))
    return PairIous(pd.DataFrame(rows, columns=columns), found.astype(np.float32))


def share_below(iou: np.ndarray, threshold: float) -> np.ndarray:
    """Share of pairs below a threshold in every row: float64, shape (n_runs,).

    >>> share_below(np.array([[0.89, 0.90, 0.95, 0.99]], np.float32), 0.90)
    array([0.25])
    """
    return fails_below(iou, threshold).mean(axis=-1)


def fails_below(iou: np.ndarray, threshold: float) -> np.ndarray:
    """Which pairs `share_below` counts: bool, of the shape of `iou`.

    As `acceptance.fails` does. Of IoUs in half precision both sides are rounded, so that a tie
    passes as it does there; so does a pair less than 0.00025 below.
    """
    return iou < np.float16(threshold) if iou.dtype == np.float16 else fails(iou, threshold)


def share_below_table(ious: PairIous, n_core: int) -> pd.DataFrame:
    """Every arm at every threshold: `KEYS`, n_runs, threshold, and share, low, high over runs.

    Random arms of another size than `n_core` belong to the random-k curve and are left out.
    """
    rows = []
    for key, members in by_arm(ious, n_core):
        for t in THRESHOLDS:
            shares = share_below(ious.iou[members], t)
            rows.append((*key, len(members), float(t), shares.mean(), shares.min(), shares.max()))
    return pd.DataFrame(rows, columns=[*KEYS, "n_runs", "threshold", "share", "low", "high"])


def medians_table(ious: PairIous, n_core: int) -> pd.DataFrame:
    """The median pair of every arm: `KEYS`, n_runs, and what `difference.summary` gives of it."""
    rows = []
    for key, members in by_arm(ious, n_core):
        medians = np.median(ious.iou[members].astype(np.float64), axis=1)
        rows.append(dict(zip(KEYS, key, strict=True)) | {
            "n_runs": len(members),
            **summary(medians, ious.runs["draw"].iloc[members].tolist(), "median")})
    return pd.DataFrame(rows, columns=[*KEYS, "n_runs", "n_sets", "median", "median_low",
                                       "median_high", "median_sd"])


def crossings(one: np.ndarray, other: np.ndarray,
              thresholds: np.ndarray = THRESHOLDS) -> list[tuple[float, float]]:
    """Pairs of thresholds between which two curves of shares cross.

    Where between them is not said: the curves are steep there, and a straight line between two
    thresholds misses it by half a step. Curves that meet without changing sides, at no pair or at
    all pairs, do not cross.

    >>> crossings(np.array([0.0, 0.1, 0.5]), np.array([0.1, 0.2, 0.3]), np.array([0.7, 0.8, 0.9]))
    [(0.8, 0.9)]
    """
    difference = np.asarray(one, float) - np.asarray(other, float)
    sides = np.flatnonzero(difference)  # a touch is stepped over, so that it counts once or never
    return [(float(thresholds[i]), float(thresholds[j])) for i, j in itertools.pairwise(sides)
            if difference[i] * difference[j] < 0]


def crossing_words(found: Sequence[tuple[float, float]]) -> str:
    """What `crossings` found, behind the name of the curves.

    >>> crossing_words([(0.95, 0.96)]), crossing_words([])
    ('cross between IoU 0.95 and 0.96', 'do not cross')
    """
    where = ", and ".join(f"between IoU {low:.2f} and {high:.2f}" for low, high in found)
    return f"cross {where}" if found else "do not cross"


def tail_and_typical(ious: PairIous, n_core: int, acceptance: float, shares: pd.DataFrame,
                     medians: pd.DataFrame) -> str:
    """Core set and random pairs in the tail and at the median, and where their curves cross.

    `shares` is from `share_below_table`, `medians` from `medians_table`. Empty where one of the two
    arms has not been run at equal updates.
    """
    names = ARMS["core"], ARMS["random"]
    curves = [rows_of(shares, name)["share"].to_numpy() for name in names]
    if not all(map(len, curves)):
        return ""
    core, random = (rows_of(medians, name).iloc[0] for name in names)
    runs = ious.runs[ious.runs["n_pairs"] == n_core]
    tail = [share_below(ious.iou[rows_of(runs, name).index], acceptance).mean() for name in names]
    where = f"Their curves {crossing_words(crossings(*curves))}."
    return (f"Tail: {tail[0]:.2%} of held-out pairs are below IoU {acceptance:.2f} after "
            f"training on the core set, {tail[1]:.2%} after training on random pairs. Typical "
            f"quality: the median IoU is {_median(core)} after training on the core set, "
            f"{_median(random)} after training on random pairs. {where}")


def _median(row: pd.Series) -> str:
    return with_ends(row, "median", ".4f", spread=row["n_runs"] > 1)


def by_arm(ious: PairIous, n_core: int) -> Iterator[tuple[tuple, np.ndarray]]:
    """Keys of the arms with the rows of their runs, in the order of `ARMS`.

    Random arms of another size than `n_core` belong to the random-k curve and are left out.
    """
    runs, names = ious.runs, list(ARMS.values())
    kept = runs[(runs["arm"] != ARMS["random"]) | (runs["n_pairs"] == n_core)]
    groups = list(kept.groupby(KEYS, sort=False))
    for key, part in sorted(groups, key=lambda group: names.index(group[0][0])):
        yield key, part.index.to_numpy()
