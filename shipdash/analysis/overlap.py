"""How far core sets hold the same pairs: Jaccard indices, and what chance alone would give.

Not a verdict: two orders of one pool may find disjoint core sets that serve equally well.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from shipdash.analysis.orders import random_overlap


class Overlap(NamedTuple):
    """Median and range of the Jaccard index over all comparable pairs of core sets."""

    n: int
    median: float
    low: float
    high: float
    chance: float


def jaccard(cores: Mapping[str, Sequence[int]],
            pools: Mapping[str, Hashable] | None = None) -> pd.DataFrame:
    """Jaccard index of every two core sets (Jaccard, New Phytologist 11, 1912): square, symmetric.

    Parameters
    ----------
    cores : mapping of label -> pool numbers
        In the order in which rows and columns are to stand.
    pools : mapping of label -> hashable, optional
        What tells pools apart. Number 7 of two pools is not the same pair: such cells are NaN.
        Without it all cores are taken to come from one pool.

    Returns
    -------
    DataFrame of float
        ``|a and b| / |a or b|``, from 0 (disjoint) to 1 (the same); 1 where both are empty.

    Examples
    --------
    >>> float(jaccard({"a": [1, 2, 3], "b": [2, 3, 4]}).loc["a", "b"])
    0.5
    """
    sets, labels = {label: set(core) for label, core in cores.items()}, list(cores)
    table = pd.DataFrame(1.0, index=labels, columns=labels)
    for a, b in itertools.combinations(labels, 2):
        either = len(sets[a] | sets[b])
        share = len(sets[a] & sets[b]) / either if either else 1.0
        same_pool = pools is None or pools[a] == pools[b]
        table.loc[a, b] = table.loc[b, a] = share if same_pool else np.nan
    return table


def overlap(table: pd.DataFrame, sizes: Sequence[int], n_pool: int | Sequence[int]) -> Overlap:
    """The matrix in five numbers; all but the first are NaN where no two cores can be compared.

    Parameters
    ----------
    table : DataFrame
        From `jaccard`.
    sizes : sequence of int
        Number of pairs in each core set, in the order of the rows.
    n_pool : int, or one a core set
        Pairs each was chosen from. Of two pools that begin alike the larger one sets the chance.
    """
    a, b = np.triu_indices(len(table), 1)
    values = table.to_numpy()[a, b]
    known = ~np.isnan(values)
    if not known.any():
        return Overlap(0, np.nan, np.nan, np.nan, np.nan)
    pools = np.broadcast_to(n_pool, len(table))
    chances = [random_overlap(sizes[i], sizes[j], int(max(pools[i], pools[j])))[0]
               for i, j in zip(a[known].tolist(), b[known].tolist(), strict=True)]
    values = values[known]
    return Overlap(len(values), float(np.median(values)), float(values.min()),
                   float(values.max()), float(np.median(chances)))
