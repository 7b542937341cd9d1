"""Near duplicates among any number of pictures: which hashes lie within a Hamming distance.

No picture is read here (`perceptual_hash` makes the hashes), and no pair is thrown away.

Where very many pictures are alike, there are too many pairs of them to keep: `links` keeps a
shortest spanning forest, at most n - 1 pairs, from which the clusters at every distance follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

from shipdash.data.hamming import within
from shipdash.data.perceptual_hash import CELLS
from shipdash.data.spanning_forest import SpanningForest, first_of_component

DISTANCE = 8
"""Of 701 video frames, 33 % of consecutive ones lie within it and none of different sequences."""

FARTHEST = 12
"""Of 664 pictures of nuclei two are near duplicates (4 bits apart); the next, at 10 and 12 bits, no
longer look alike."""

CELL_DISTANCE = 4
"""Tiles are compared where some two cells lie within it; see `docs/decisions.md`."""

Found = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Numbers of two pictures and their distance: three int64 arrays of one length."""


class Hashed(Protocol):
    """Pictures whose hashes can be compared."""

    def __len__(self) -> int:
        """Number of pictures."""
        ...

    def alike(self, others: Hashed, distance: int) -> Iterator[Found]:
        """Each picture with those of the others within the distance, some of them repeatedly."""
        ...


class Pictures:
    """Hashes of whole pictures: uint64, shape (n,)."""

    def __init__(self, hashes: np.ndarray) -> None:
        self.hashes = hashes
        self.different, self.first, self.which = np.unique(hashes, return_index=True,
                                                           return_inverse=True)

    def __len__(self) -> int:
        return len(self.hashes)

    def part(self, numbers: np.ndarray) -> Pictures:
        """Those pictures alone."""
        return Pictures(self.hashes[numbers])

    def alike(self, others: Pictures, distance: int) -> Iterator[Found]:
        """See `Hashed.alike`. Of others with one hash only the first is named, so that a thousand
        even pictures are not a million pairs."""
        if others is not self:
            for i, j, apart in within(self.hashes, others.different, distance):
                yield i, others.first[j], apart
            return
        again = np.flatnonzero(self.first[self.which] != np.arange(len(self)))
        yield self.first[self.which[again]], again, np.zeros(len(again), np.int64)
        for i, j, apart in within(self.different, self.different, distance):
            yield self.first[i], self.first[j], apart


class Tiles:
    """Hashes of the 3 x 3 cells of pictures, and which cells show anything: both (n, 9).

    Two tiles are alike if one, moved by whole cells, agrees with the other: all cells that lie on
    each other and show something are within the distance, at least two of them, and one within
    `CELL_DISTANCE`. A single cell proves little: one bright spot at its edge looks like any other.
    Their distance is that of the two cells that differ most.
    """

    def __init__(self, hashes: np.ndarray, shows: np.ndarray) -> None:
        self.hashes, self.shows = hashes, shows
        self.picture, self.cell = np.nonzero(shows)

    def __len__(self) -> int:
        return len(self.hashes)

    def part(self, numbers: np.ndarray) -> Tiles:
        """Those pictures alone."""
        return Tiles(self.hashes[numbers], self.shows[numbers])

    def alike(self, others: Tiles, distance: int) -> Iterator[Found]:
        """See `Hashed.alike`."""
        mine, theirs = self.hashes[self.shows], others.hashes[others.shows]
        if others is self:
            theirs = mine
        for p, q, _ in within(mine, theirs, min(distance, CELL_DISTANCE)):
            if others is self:
                other = self.picture[p] != self.picture[q]
                p, q = p[other], q[other]
            i, j = self.picture[p], others.picture[q]
            apart, n_cells = self._moved(others, i, j, _SHIFT[self.cell[p], others.cell[q]])
            agree = (n_cells >= 2) & (apart <= distance)
            yield i[agree], j[agree], apart[agree]

    def _moved(self, others: Tiles, i: np.ndarray, j: np.ndarray, shift: np.ndarray
               ) -> tuple[np.ndarray, np.ndarray]:
        """Largest distance of the cells that lie on each other, and how many these are."""
        cell = _LIES_ON[shift]  # (m, 9): the cell of j on each cell of i, -1 for none
        both = (cell >= 0) & self.shows[i] & others.shows[j[:, None], cell]
        apart = np.bitwise_count(self.hashes[i] ^ others.hashes[j[:, None], cell]).astype(np.int64)
        return np.where(both, apart, 0).max(axis=1, initial=0), both.sum(axis=1)


class Links(NamedTuple):
    """Pairs of pictures that look alike, nearest first: three int64 arrays of shape (m,).

    A shortest spanning forest: two pictures within the distance are linked, if not by a link of
    their own then by a chain of links none of which is longer.
    """

    first: np.ndarray
    second: np.ndarray
    distance: np.ndarray

    def within(self, distance: int) -> list[tuple[int, int, int]]:
        """Two pictures and their distance, for each link no longer than that."""
        near = self.distance <= distance
        return list(zip(*(column[near].tolist() for column in self), strict=True))

    def n_clusters(self, distance: int) -> int:
        """How many clusters of two pictures or more there are at a distance."""
        near = self.distance <= distance  # a tree has one link less than pictures
        return len(np.unique([self.first[near], self.second[near]])) - int(near.sum())


class Nearest(NamedTuple):
    """For each picture the most similar of the others: number and distance, -1 where there is none.

    Two int64 arrays of shape (n,).
    """

    number: np.ndarray
    distance: np.ndarray

    def within(self, distance: int) -> list[tuple[int, int, int]]:
        """A picture, the other and their distance, for each that has one as near as that."""
        near = np.flatnonzero((self.number >= 0) & (self.distance <= distance))
        return list(zip(near.tolist(), self.number[near].tolist(), self.distance[near].tolist(),
                        strict=True))


def links(pictures: Hashed, distance: int = DISTANCE) -> Links:
    """Which pictures look alike.

    Examples
    --------
    >>> found = links(Pictures(np.array([0b0000, 0b1111, 0b0001, 0], np.uint64)), distance=2)
    >>> list(zip(found.first.tolist(), found.second.tolist(), found.distance.tolist()))
    [(0, 3, 0), (0, 2, 1)]
    """
    forest = SpanningForest(len(pictures), distance)
    for found in pictures.alike(pictures, distance):
        forest.add(*found)
    return Links(*forest.links())


def clusters(found: Links, n: int, distance: int = DISTANCE) -> np.ndarray:
    """The cluster of each of `n` pictures, at a distance no larger than the one given to `links`.

    Returns
    -------
    int64 array, shape (n,)
        The number of the first picture of its cluster; its own number where it is alone.

    Examples
    --------
    >>> clusters(Links(np.array([0, 0]), np.array([3, 2]), np.array([0, 1])), n=4, distance=0)
    array([0, 1, 2, 0])
    """
    near = found.distance <= distance
    return first_of_component(found.first[near], found.second[near], n)


def nearest(pictures: Hashed, others: Hashed, distance: int = DISTANCE) -> Nearest:
    """For each picture the nearest of the others within the distance; of several the first."""
    n_others, none = max(len(others), 1), distance + 1
    best = np.full(len(pictures), none * n_others)
    for i, j, apart in pictures.alike(others, distance):
        np.minimum.at(best, i, apart * n_others + j)
    apart, number = np.divmod(best, n_others)
    return Nearest(np.where(apart == none, -1, number), np.where(apart == none, -1, apart))


def _shifts() -> tuple[np.ndarray, np.ndarray]:
    """The shift that lays one cell on another, and which cells then lie on each other."""
    row, col = np.divmod(np.arange(CELLS**2), CELLS)
    width = 2 * CELLS - 1
    shift = (row[:, None] - row) * width + (col[:, None] - col)
    lies_on = np.full((width**2, CELLS**2), -1)
    lies_on[shift, np.arange(CELLS**2)[:, None]] = np.arange(CELLS**2)
    return shift, lies_on  # negative shifts count from the end, as Python's places do


_SHIFT, _LIES_ON = _shifts()
