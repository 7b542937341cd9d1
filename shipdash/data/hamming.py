"""All 64-bit hashes within a Hamming distance of each other, without comparing each with each.

Two hashes within distance d agree in at least one of d + 1 bands of bits, so only hashes that agree
in a band are compared (Norouzi, Punjani and Fleet, Fast Exact Search in Hamming Space with
Multi-Index Hashing, 2014). The result is exact, and memory does not grow with what is compared.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

BITS = 64
FEWEST_BANDS = 4
"""Of 16 bits each: a table of the values of a longer band would be larger than that of hashes."""

BLOCK = 1 << 18
"""Comparisons at a time: 2 MB of differences stay in a processor's cache."""

TOGETHER = 1 << 16
"""Found hashes that are handed over together: a call for each block would take most of the time."""


def within(a: np.ndarray, b: np.ndarray, distance: int
           ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Places in `a`, places in `b` and the distances of all hashes that lie within it.

    Parameters
    ----------
    a, b : uint64 arrays, shapes (n,) and (m,)
        Where both are the same object, every two hashes come in one order only, and each hash
        comes with itself.
    distance : int
        From 0 to 16; the smaller, the faster.

    Yields
    ------
    three int64 arrays of one length
        Two hashes that agree in several bands come several times.
    """
    waiting, n_waiting = [], 0
    for found in _found(a, b, distance):
        waiting.append(found)
        n_waiting += found.shape[1]
        if n_waiting >= TOGETHER:
            yield tuple(np.concatenate(waiting, axis=1))
            waiting, n_waiting = [], 0
    if waiting:
        yield tuple(np.concatenate(waiting, axis=1))


def _found(a: np.ndarray, b: np.ndarray, distance: int) -> Iterator[np.ndarray]:
    """What `within` yields, block by block: int64, shape (3, k)."""
    for rows, cols in _buckets(a, b, distance):
        step = max(1, BLOCK // len(cols))
        for start in range(0, len(rows), step):
            some = rows[start:start + step]
            others = cols[start:] if a is b else cols
            apart = np.bitwise_count(a[some, None] ^ b[others])
            i, j = np.nonzero(apart <= distance)
            if len(i):
                yield np.stack([some[i], others[j], apart[i, j].astype(np.int64)])


def _buckets(a: np.ndarray, b: np.ndarray, distance: int
             ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Places of hashes that agree in a band; all places at once where bands would save nothing."""
    if not len(a) or not len(b):
        return
    edges = np.linspace(0, BITS, max(distance + 1, FEWEST_BANDS) + 1).astype(int)
    bands = list(itertools.pairwise(edges.tolist()))
    if sum(_n_equal(_band(a, *band), _band(b, *band)) for band in bands) > len(a) * len(b):
        yield np.arange(len(a)), np.arange(len(b))
        return
    for band in bands:  # cut out anew: all bands of a million hashes would take 70 MB
        places = _places(_band(b, *band))
        for value, rows in (places if a is b else _places(_band(a, *band))).items():
            if value in places:
                yield rows, places[value]


def _band(hashes: np.ndarray, low: int, high: int) -> np.ndarray:
    mask = np.uint64((1 << (high - low)) - 1)
    return ((hashes >> np.uint64(low)) & mask).astype(np.int64)


def _n_equal(a: np.ndarray, b: np.ndarray) -> int:
    """How many pairs of one value of `a` and one of `b` are equal."""
    n_a, n_b = np.bincount(a), np.bincount(b)
    return int(n_a[:len(n_b)] @ n_b[:len(n_a)])


def _places(values: np.ndarray) -> dict[int, np.ndarray]:
    """Where each value stands, in rising order."""
    order = np.argsort(values, kind="stable")
    found, start = np.unique(values[order], return_index=True)
    return dict(zip(found.tolist(), np.split(order, start[1:]), strict=True))
