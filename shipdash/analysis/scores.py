"""Scores of pairs and rates by true factor as tables. Nothing of how a run got there."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from shipdash.acceptance import TIE, fails
from shipdash.analysis.intervals import wilson
from shipdash.analysis.run import MOST_POINTS
from shipdash.results import HeldOut

NONE = "none"
"""Group of the pairs that have no value of a factor: without a distractor there is no gap."""


def distribution(values: np.ndarray, acceptance: float) -> pd.DataFrame:
    """Histogram of scores in [0, 1] at 0.02, failing and passing pairs apart: left, n, passes."""
    edges = np.round(np.arange(0, 1.0001, 0.02), 2)
    values = np.asarray(values, float)
    below = fails(values, acceptance)
    parts = [pd.DataFrame({
        "left": edges[:-1], "n": np.histogram(np.minimum(values[which] + TIE, 1), edges)[0],
        "passes": passes}) for passes, which in ((False, below), (True, ~below))]
    return pd.concat(parts, ignore_index=True)


def ecdf(values: np.ndarray) -> pd.DataFrame:
    """Share of pairs at or below each score, thinned to `MOST_POINTS`: score, share."""
    ordered = np.sort(np.asarray(values, float))
    n = len(ordered)
    keep = np.unique(np.linspace(0, n - 1, min(n, MOST_POINTS)).astype(int))
    share = (np.arange(len(ordered)) + 1) / max(len(ordered), 1)
    return pd.DataFrame({"score": ordered[keep], "share": share[keep]})


def measures(held: HeldOut | None) -> pd.DataFrame:
    """The four held-out measures in words: measure, value, scale. Empty without an evaluation."""
    rows = [] if held is None else [
        ("Mean IoU", held.mean_iou, "0 to 1, thresholded masks"),
        ("Failure rate", held.share_failing,
         f"0 to 1, pairs below IoU {held.acceptance_iou:.2f}"),
        ("Article score", held.article_score, "0 to 1.1, thresholded masks"),
        ("Article score, soft", held.article_score_soft, "0 to 1.1, from probabilities"),
    ]
    return pd.DataFrame(rows, columns=["measure", "value", "scale"])


def factor_rates(facts: pd.DataFrame, core: Sequence[int], factor: str, *, n_pool: int,
                 sampled: Sequence[int] | None = None) -> pd.DataFrame:
    """Selection rate by a true factor: group, n_pool, n_core, rate, low, high (95 %, Wilson).

    Parameters
    ----------
    facts : DataFrame
        Column `index` and the factors, one row for each pair of the pool; of a larger pool, for
        its core pairs and the sampled ones.
    core : sequence of int
        Pool numbers of the core set.
    factor : str
        A numeric one is cut at the quartiles.
    n_pool : int
        Pairs in the pool.
    sampled : sequence of int, optional
        Pool numbers drawn at random that stand for the pool. The interval counts the core pairs'
        chance only: draw many times as many as there are core pairs.
    """
    stands = np.ones(len(facts), bool) if sampled is None else facts["index"].isin(sampled)
    groups = _groups(facts[factor], stands)
    parts = pd.DataFrame({"group": groups, "n_pool": stands, "n_core": facts["index"].isin(core)})
    table = parts.groupby("group", observed=True, as_index=False)[["n_pool", "n_core"]].sum()
    scaled = (table["n_pool"] * n_pool / max(stands.sum(), 1)).round()
    table["n_pool"] = np.maximum(scaled, table["n_core"]).astype(int)
    table["group"] = table["group"].astype(str)
    ends = [wilson(row.n_core, row.n_pool) for row in table.itertuples()]
    return table.assign(rate=table["n_core"] / table["n_pool"], low=[low for low, _ in ends],
                        high=[high for _, high in ends])


def factor_groups(facts: pd.DataFrame, factor: str, *, sampled: Sequence[int] | None = None
                  ) -> pd.Series:
    """The group of each row by its name in `factor_rates`, which takes the same arguments."""
    stands = np.ones(len(facts), bool) if sampled is None else facts["index"].isin(sampled)
    return _groups(facts[factor], stands)


def _groups(values: pd.Series, stands: np.ndarray) -> pd.Series:
    """Names of the ranges between quartiles of the rows that stand for the pool, or each value by
    itself; a categorical in order, rows without a value in `NONE`, the last."""
    known, standing = values.dropna(), values[stands].dropna()
    if values.dtype.kind not in "if" or values.nunique() <= 4 or standing.empty:
        found = pd.Categorical(known.astype(str).replace({"True": "yes", "False": "no"}))
    else:
        edges = np.unique(np.quantile(standing, np.linspace(0, 1, 5)))
        edges[0], edges[-1] = known.min(), known.max()
        found = pd.cut(known, edges, labels=_range_names(edges), include_lowest=True)
    groups = pd.Series(found, known.index).reindex(values.index)
    if len(known) == len(values):
        return groups
    return groups.cat.add_categories(NONE).fillna(NONE)


def _range_names(edges: np.ndarray) -> list[str]:
    """With as many decimals as tell neighbouring ends apart.

    >>> _range_names(np.array([9, 9.3, 1200.0]))
    ['9.0 to 9.3', '9.3 to 1,200.0']
    """
    ends = next(ends for digits in range(17) if len(set(
        ends := [f"{edge:,.{digits}f}" for edge in edges])) == len(edges))
    return [f"{low} to {high}" for low, high in itertools.pairwise(ends)]


def same_rate(table: pd.DataFrame) -> float:
    """Probability of rates at least so different if every group were picked alike.

    Pearson's chi-square test of homogeneity (1900) on `factor_rates`; 1 for a single group, or
    where nothing or everything was picked.
    """
    from scipy.stats import chi2_contingency

    counts = np.array([table["n_core"], table["n_pool"] - table["n_core"]])
    if len(table) < 2 or not counts.sum(axis=1).all():
        return 1.0
    return float(chi2_contingency(counts, correction=False).pvalue)
