"""How far core sets hold the same pairs: Jaccard indices, and what chance alone would give.

Not a verdict: two orders of one pool may find disjoint core sets that serve equally well.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from shipdash.config import PlantedConfig, RunConfig
from shipdash.results import StoredRun

COLUMNS = ["a", "b", "common", "jaccard", "random", "random_high"]


def overlap_table(runs: Mapping[Hashable, StoredRun]) -> pd.DataFrame:
    """Every two core sets of one pool: a, b, common, jaccard, random (its mean by chance),
    random_high.

    The Jaccard index (New Phytologist 11, 1912) is ``|a and b| / |a or b|``, from 0 (disjoint) to
    1 (the same); 1 where both are empty. Two runs whose pools hold other pairs are left out:
    number 7 of the one is not number 7 of the other; and two of which one may not pick what the
    other picked, as folds. Of two pools that begin alike the larger one
    sets the chance.
    """
    rows = []
    for a, b in itertools.combinations(runs, 2):
        if not same_pool(runs[a].config, runs[b].config) or _excludes(runs[a], runs[b]):
            continue
        one, two = set(runs[a].result.core), set(runs[b].result.core)
        n_pool = max(runs[a].result.n_pool, runs[b].result.n_pool)
        n_common = len(one & two)
        rows.append((a, b, n_common, float(_jaccard(n_common, len(one), len(two))),
                     *random_overlap(len(one), len(two), n_pool)))
    return pd.DataFrame(rows, columns=COLUMNS)


def same_pool(a: RunConfig, b: RunConfig) -> bool:
    """Whether a number stands for the same pair in the pools of both."""
    return _pool(a) == _pool(b)


def overlap_matrix(table: pd.DataFrame, labels: Sequence[Hashable]) -> pd.DataFrame:
    """`overlap_table` as a square table of Jaccard indices; NaN where nothing can be compared."""
    matrix = pd.DataFrame(np.nan, index=labels, columns=labels)
    for label in labels:
        matrix.loc[label, label] = 1.0
    for row in table.itertuples():
        matrix.loc[row.a, row.b] = matrix.loc[row.b, row.a] = row.jaccard
    return matrix


def overlap_finding(table: pd.DataFrame) -> str:
    """Median and range of the Jaccard index, beside that of random sets."""
    if table.empty:
        return "No two core sets come from the same pool"
    found = table["jaccard"]
    spread = f", {found.min():.3f} to {found.max():.3f}" if len(table) > 1 else ""
    return (f"Core sets overlap by {found.median():.3f} (Jaccard{spread}); chance alone would give "
            f"{table['random'].median():.3f}")


def random_overlap(n_a: int, n_b: int, n_pool: int) -> tuple[float, float]:
    """Jaccard index of two random subsets of one pool: its mean, and what 97.5 % stay within.

    The number in common is hypergeometric.

    >>> mean, most = random_overlap(100, 100, 10_000)
    >>> round(mean, 4), round(most, 4)
    (0.0051, 0.0152)
    """
    from scipy.stats import hypergeom

    if not 0 <= n_a <= n_pool >= n_b >= 0:
        raise ValueError("n_a and n_b must be from 0 to n_pool. "
                         f"Received: n_a={n_a}, n_b={n_b}, n_pool={n_pool}")
    in_common = hypergeom(n_pool, n_a, n_b)
    n_least, n_most = in_common.support()
    common = np.arange(n_least, n_most + 1)
    mean = in_common.pmf(common) @ _jaccard(common, n_a, n_b)
    return float(mean), float(_jaccard(in_common.ppf(0.975), n_a, n_b))


def _jaccard(n_common: np.ndarray | float, n_a: int, n_b: int) -> np.ndarray | float:
    return n_common / (n_a + n_b - n_common) if n_a + n_b else np.ones_like(n_common, float)


def _excludes(a: StoredRun, b: StoredRun) -> bool:
    return a.run_id in b.config.selection.exclude or b.run_id in a.config.selection.exclude


def _pool(config: RunConfig) -> tuple:
    """What decides which pair a number of the pool stands for; nothing is drawn of a data set that
    has nothing planted in it."""
    if config.source.kind == "files" and config.planted == PlantedConfig():
        return (config.source,)
    return config.source, config.scene, config.planted, config.seeds.pool
