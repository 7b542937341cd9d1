"""Random pairs with a core set's factors: the control that asks whether the factors explain it.

It draws no pixel and looks at no prediction. Which factors are matched is found by comparing the
core set with the pool, one after another; no name of a factor stands here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from shipdash.config import ConfigError

MOST_FACTORS = 3
"""More would leave cells that hold one core pair each: a hundred core pairs fill a few dozen."""

N_BINS = 4
"""Bins of a factor, cut at the quartiles of the core set, beside those of repeated values."""

REPEATED = 0.1
"""A value that so large a share of the core set has to the last digit gets a bin of its own, such
as a gap of one pixel."""

CONFIDENCE = 0.99
"""A factor is matched where chance alone would let none of the factors depart so far, with this
probability (the Kolmogorov-Smirnov distance, Bonferroni-corrected)."""


class Telling(NamedTuple):
    """A factor that tells core pairs from others, and how it is cut."""

    column: int
    distance: float  # Kolmogorov-Smirnov, 0..1, once the factors before it are matched
    values: np.ndarray  # float64, those with a bin of their own, ascending
    edges: np.ndarray  # float64, inner edges of the other bins, ascending


def columns_of(factors: Sequence[NamedTuple | None]) -> tuple[list[str], np.ndarray]:
    """Every factor that is a number and varies: names, and float64 of shape (n pairs, n factors).

    NaN (no distractor, say) becomes minus infinity, a value like any other.

    Raises
    ------
    ConfigError
        Nobody knows the factors of these pairs.
    """
    if not factors or None in factors:
        raise ConfigError("arm.kind", "matched", "must be another arm: factors are matched, and "
                          "only the generator knows those of its pairs")
    names = [name for name, value in zip(factors[0]._fields, factors[0], strict=True)
             if not isinstance(value, str)]
    table = np.array([[getattr(f, name) for name in names] for f in factors], np.float64)
    table[np.isnan(table)] = -math.inf
    varies = (table != table[0]).any(axis=0)
    return [name for name, does in zip(names, varies, strict=True) if does], table[:, varies]


def telling_factors(core: np.ndarray, others: np.ndarray) -> list[Telling]:
    """The factors in which core pairs depart from the others, the farthest first.

    After each, the others are weighted so that they have the core's share in every cell of the
    factors found so far: what departs only because it goes with one of these is not found again.

    Parameters
    ----------
    core, others : float64 arrays, shapes (k, n factors) and (m, n factors)

    Returns
    -------
    list of Telling
        `MOST_FACTORS` at most; empty where no factor departs more than chance would let it.
    """
    if not core.shape[1]:  # no factor varies
        return []
    found: list[Telling] = []
    weights, limit = np.ones(len(others)), _limit(len(core), core.shape[1])
    while len(found) < min(MOST_FACTORS, core.shape[1]):
        used = {f.column for f in found}
        distances = [-1.0 if j in used else distance(core[:, j], others[:, j], weights)
                     for j in range(core.shape[1])]
        j = int(np.argmax(distances))
        if distances[j] <= limit:
            break
        found.append(_cut(j, distances[j], core[:, j]))
        weights = _weights(cells(core, found), cells(others, found))
        if not weights.any():  # no other pair in any cell of the core: nothing left to compare
            break
    return found


def distance(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> float:
    """Largest difference between the distribution functions of `a` and of the weighted `b`.

    The Kolmogorov-Smirnov statistic; values of both may repeat.

    >>> distance(np.array([1.0, 2]), np.array([2.0, 3]), np.array([1.0, 3]))
    0.75
    """
    at = np.unique(np.concatenate([a, b]))
    share_a = np.searchsorted(np.sort(a), at, side="right") / len(a)
    order = np.argsort(b, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(weights[order])])
    share_b = total[np.searchsorted(b[order], at, side="right")] / total[-1]
    return float(np.abs(share_a - share_b).max())


def cells(table: np.ndarray, factors: Sequence[Telling]) -> np.ndarray:
    """The cell of every row, int64 of shape (n pairs, n factors): one bin number a factor."""
    if not factors:
        return np.zeros((len(table), 0), np.int64)
    return np.stack([_bins(table[:, f.column], f) for f in factors], axis=1)


def matched(core: np.ndarray, others: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Rows of `others` that fill the core's cells: as many of each cell as there are core pairs.

    A cell with too few others is filled up from those that agree in all factors but the last, and
    so on; in the end by any.

    Parameters
    ----------
    core, others : int64 arrays, shapes (k, n factors) and (m, n factors)
        From `cells`; m is at least k.
    chance : numpy Generator

    Returns
    -------
    int64 array, shape (k,)
        Row numbers, each once, in random order.
    """
    shuffled = chance.permutation(len(others))
    free, wanted, taken = np.ones(len(others), bool), core, []
    for depth in range(core.shape[1], -1, -1):
        left = []
        for cell in np.unique(wanted[:, :depth], axis=0):
            members = wanted[(wanted[:, :depth] == cell).all(axis=1)]
            there = shuffled[(others[shuffled, :depth] == cell).all(axis=1) & free[shuffled]]
            there = there[:len(members)]
            free[there] = False
            taken.append(there)
            left.append(members[len(there):])
        wanted = np.concatenate(left) if left else wanted[:0]
    return chance.permutation(np.concatenate(taken)) if taken else np.zeros(0, np.int64)


def _limit(k: int, n_factors: int) -> float:
    """Distance that none of `n_factors` exceeds by chance (Kolmogorov, 1933), the pool being large.

    The asymptotic tail is ``2 exp(-2 k d^2)``; ties make it an upper bound.
    """
    return math.sqrt(math.log(2 * n_factors / (1 - CONFIDENCE)) / (2 * k))


def _cut(column: int, its_distance: float, core: np.ndarray) -> Telling:
    values, counts = np.unique(core, return_counts=True)
    values = values[counts >= max(2, REPEATED * len(core))]
    rest = core[~np.isin(core, values) & np.isfinite(core)]
    edges = np.unique(np.quantile(rest, np.arange(1, N_BINS) / N_BINS)) if len(rest) else rest
    return Telling(column, its_distance, values, edges)


def _bins(column: np.ndarray, factor: Telling) -> np.ndarray:
    own = np.searchsorted(factor.values, column)
    has_own = np.isin(column, factor.values)
    return np.where(has_own, own, len(factor.values) + np.searchsorted(factor.edges, column))


def _weights(core: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Core pairs a pair of the same cell; 0 where the cell has none."""
    _, which = np.unique(np.concatenate([core, others]), axis=0, return_inverse=True)
    which = which.reshape(-1)
    n_core = np.bincount(which[:len(core)], minlength=which.max() + 1)
    n_others = np.bincount(which[len(core):], minlength=which.max() + 1)
    return (n_core / np.maximum(n_others, 1))[which[len(core):]]
