"""What the order of the stream decides: core sizes of an order fan, and folds without overlap.

Overlap itself is measured in `overlap`; here is what chance would give, exactly.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import gammaln

from shipdash.analysis.core_against_random import Finding
from shipdash.analysis.run_numbers import run_numbers
from shipdash.results import StoredRun

NUMBERS = ("run_id", "n_core", "mean_iou", "share_failing", "n_reaudit_failing", "seconds", "date")
"""What a table of repeats holds of every run, from `run_numbers`."""


def fan_table(runs: Sequence[StoredRun]) -> pd.DataFrame:
    """One row per order seed: order_seed and `NUMBERS`."""
    rows = [_numbers(run) | {"order_seed": run.config.seeds.order} for run in runs]
    table = pd.DataFrame(rows, columns=["order_seed", *NUMBERS])
    return table.sort_values("order_seed", ignore_index=True)


def fan_median(steps: pd.DataFrame) -> pd.DataFrame:
    """Median of the orders' step curves, at the places where one of them changes.

    Parameters
    ----------
    steps : DataFrame
        order_seed, tested, selected: the corners of every order's curve.

    Returns
    -------
    DataFrame
        tested, selected.
    """
    places = np.unique(steps["tested"].to_numpy())
    levels = []
    for _, curve in steps.groupby("order_seed"):
        at = np.searchsorted(curve["tested"].to_numpy(), places, side="right") - 1
        levels.append(curve["selected"].to_numpy()[np.maximum(at, 0)])
    middle = np.median(levels, axis=0) if levels else np.zeros(0)
    return pd.DataFrame({"tested": places, "selected": middle})


def _numbers(run: StoredRun) -> dict[str, Any]:
    found = run_numbers(run.result)
    return found | {"date": found["date"][:10]}


def random_overlap(n_a: int, n_b: int, n_pool: int) -> tuple[float, float]:
    """Jaccard index of two random subsets of one pool: its mean, and what 97.5 % stay within.

    The number in common is hypergeometric, so both are sums over its probabilities.

    >>> mean, most = random_overlap(100, 100, 10_000)
    >>> round(mean, 4), round(most, 4)
    (0.0051, 0.0152)
    """
    if not 0 <= n_a <= n_pool >= n_b >= 0:
        raise ValueError("n_a and n_b must be from 0 to n_pool. "
                         f"Received: n_a={n_a}, n_b={n_b}, n_pool={n_pool}")
    common = np.arange(max(0, n_a + n_b - n_pool), min(n_a, n_b) + 1)
    chance = np.exp(_log_choose(n_a, common) + _log_choose(n_pool - n_a, n_b - common)
                    - _log_choose(n_pool, n_b))
    jaccard = np.where(n_a + n_b > 0, common / np.maximum(n_a + n_b - common, 1), 1.0)
    most = np.searchsorted(np.cumsum(chance), 0.975)
    return float(chance @ jaccard), float(jaccard[min(most, len(jaccard) - 1)])


def _log_choose(n: Any, k: Any) -> np.ndarray:
    return gammaln(np.add(n, 1)) - gammaln(np.add(k, 1)) - gammaln(np.subtract(n, k) + 1)


def overlap_table(cores: Mapping[int, Sequence[int]], n_pool: int) -> pd.DataFrame:
    """Every two core sets: a, b, common, jaccard, random (its mean by chance), random_high."""
    rows = []
    for a, b in itertools.combinations(cores, 2):
        one, two = set(cores[a]), set(cores[b])
        either = len(one | two)
        rows.append((a, b, len(one & two), len(one & two) / either if either else 1.0,
                     *random_overlap(len(one), len(two), n_pool)))
    return pd.DataFrame(rows, columns=["a", "b", "common", "jaccard", "random", "random_high"])


def overlap_matrix(table: pd.DataFrame) -> pd.DataFrame:
    """`overlap_table` as a square table of Jaccard indices, one row and column an order seed."""
    seeds = sorted({*table["a"], *table["b"]})
    matrix = pd.DataFrame(1.0, index=seeds, columns=seeds)
    for row in table.itertuples():
        matrix.loc[row.a, row.b] = matrix.loc[row.b, row.a] = row.jaccard
    return matrix


def fan_finding(table: pd.DataFrame, overlap: pd.DataFrame) -> Finding:
    """Median and range of the core size, and the overlap beside that of random sets."""
    n, sizes = len(table), table["n_core"]
    if n < 2:
        return Finding("One order has no spread", "Queue more orders of the same stream.")
    title = (f"{n} orders keep {sizes.median():,.0f} pairs in the median, from {sizes.min():,} "
             f"to {sizes.max():,}")
    mean, chance = overlap["jaccard"].mean(), overlap["random"].mean()
    above = int((overlap["jaccard"] > overlap["random_high"]).sum())
    return Finding(title, (
        f"Two of these core sets share {overlap['common'].mean():.1f} pairs on average: a Jaccard "
        f"index of {mean:.4f}, where random sets of these sizes have {chance:.4f}. {above} of "
        f"{len(overlap)} comparisons lie above what 97.5 % of random sets stay within."))


def folds_table(runs: Sequence[StoredRun],
                scratch: Mapping[str, tuple[int, float]] | None = None) -> pd.DataFrame:
    """One row per fold: fold, the pairs it chose from, its numbers, and pairs shared with others.

    `n_shared` counts core pairs that another fold of the list has too; 0 is what must come out.
    `scratch` has, by run id, how many runs learned that fold's core from scratch at equal updates
    and their mean share failing: `n_scratch` and `share_failing_scratch`, 0 and NaN where none did.
    """
    cores = [set(run.result.core) for run in runs]
    rows, n_left = [], runs[0].result.n_pool if runs else 0
    for i, run in enumerate(runs):
        others = set().union(*(core for j, core in enumerate(cores) if j != i))
        n_scratch, failing = (scratch or {}).get(run.run_id, (0, np.nan))
        rows.append(_numbers(run) | {
            "fold": i + 1, "n_left": n_left, "n_shared": len(cores[i] & others),
            "n_scratch": n_scratch, "share_failing_scratch": failing})
        n_left -= run.result.n_core
    return pd.DataFrame(rows, columns=["fold", "n_left", "n_shared", *NUMBERS, "n_scratch",
                                       "share_failing_scratch"])


def folds_finding(table: pd.DataFrame) -> Finding:
    """Sizes of the folds and whether they are disjoint."""
    n, sizes = len(table), table["n_core"]
    if n < 2:
        return Finding("One fold so far", "Take its core set out of the pool and select again.")
    shared = int(table["n_shared"].sum())
    kind = "disjoint core sets" if not shared else f"core sets that share {shared} pairs"
    words = ", ".join(f"{size:,}" for size in sizes)
    detail = ("Each was chosen from what the ones before had left. Held-out share failing of their "
              f"streaming learners: {_shares(table['share_failing'])}")
    if "n_scratch" in table and table["n_scratch"].any():  # a study of before has no such column
        detail += ("; of networks trained on each core set from scratch: "
                   f"{_shares(table['share_failing_scratch'])}")
    return Finding(f"{n} {kind} of {words} pairs", f"{detail}.")


def _shares(values: pd.Series) -> str:
    return ", ".join("not run" if np.isnan(share) else f"{share:.2%}" for share in values)
