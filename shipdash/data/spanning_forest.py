"""Which nodes hang together by links no longer than a length, for every length, in little memory.

A shortest spanning forest of n nodes has at most n - 1 links, and its parts at each length are
those of all links (Gower and Ross, Minimum Spanning Trees and Single Linkage Cluster Analysis,
1969).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

WAITING = 1 << 20
"""Links that wait for the forest to be made anew: 24 MB."""


class SpanningForest:
    """Grows link by link, with memory for a million links beside its own.

    Links have whole lengths from 0 to `distance`.
    """

    def __init__(self, n: int, distance: int) -> None:
        self.n, self.kept = n, np.empty((3, 0), np.int64)
        self.waiting, self.n_waiting = [], 0
        self.cluster = np.tile(np.arange(n), (distance + 1, 1))  # at each distance, so far

    def add(self, first: np.ndarray, second: np.ndarray, distance: np.ndarray) -> None:
        """Links; those between nodes that are joined by links as short are let go at once."""
        new = self.cluster[distance, first] != self.cluster[distance, second]
        self.waiting.append(np.stack([first, second, distance])[:, new])
        self.n_waiting += int(new.sum())
        if self.n_waiting > WAITING:
            self._grow()

    def links(self) -> np.ndarray:
        """First and second node and length of each link, the shortest first: int64, (3, m)."""
        self._grow()
        first, second, distance = self.kept
        return self.kept[:, np.lexsort([second, first, distance])]

    def _grow(self) -> None:
        self.kept = _spanning(np.concatenate([self.kept, *self.waiting], axis=1), self.n)
        self.waiting, self.n_waiting = [], 0
        first, second, distance = self.kept
        for most, cluster in enumerate(self.cluster):
            near = distance <= most
            cluster[:] = first_of_component(first[near], second[near], self.n)


def _spanning(found: np.ndarray, n: int) -> np.ndarray:
    """The shortest spanning forest of links: int64, shape (3, m), first < second."""
    low, high = np.sort(found[:2], axis=0)
    order = np.lexsort([found[2], high, low])
    low, high, distance = low[order], high[order], found[2][order]
    once = np.ones(len(low), bool)  # the shortest of those between two pictures
    once[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    weights = distance[once] + 1  # SciPy takes a weight of 0 for no link
    graph = csr_array((weights, (low[once], high[once])), shape=(n, n))
    tree = coo_array(minimum_spanning_tree(graph))
    return np.stack([tree.row, tree.col, tree.data - 1]).astype(np.int64)


def first_of_component(first: np.ndarray, second: np.ndarray, n: int) -> np.ndarray:
    """The lowest number in the connected component of each of `n` nodes: int64, shape (n,)."""
    graph = csr_array((np.ones(len(first), bool), (first, second)), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    _, lowest = np.unique(component, return_index=True)
    return lowest[component]
