"""Pair number i of a split, reproducible by itself, and the order in which pairs come.

It stores no pixels: a pool of a million pairs costs no memory and any picture can be drawn again.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from shipdash.config import SceneConfig
from shipdash.data.scene import Factors, Pair, draw_factors, draw_pair

SPLITS = ("pool", "held_out", "probe")
"""Disjoint by construction: the split is part of every pair's seed."""

_ORIGIN = 100  # spawn keys from here on are for chance that draws no pixel
_ORDER = 101


class Pool:
    """`n` numbered pairs, each a pure function of (seed, split, number).

    Planted repeats and label noise are a property of the pool alone: held-out pairs are always
    distinct and rightly labelled, so that they measure the truth.
    """

    def __init__(self, scene: SceneConfig, *, seed: int, n: int, split: str = "pool") -> None:
        if split not in SPLITS:
            raise ValueError(f"split must be one of {', '.join(SPLITS)}. Received: split={split!r}")
        self.scene, self.seed, self.n, self.split = scene, seed, n, split

    def pair(self, i: int) -> Pair:
        """Pair number `i`; IndexError outside 0..n-1."""
        return draw_pair(self.scene, self._rng(self.origin(i)), clean=self.split != "pool")

    def factors(self, i: int) -> Factors:
        """The true factors of pair `i`, without drawing its noise."""
        return draw_factors(self.scene, self._rng(self.origin(i)), clean=self.split != "pool")

    def origin(self, i: int) -> int:
        """The first pair that pair `i` repeats to the pixel; `i` itself where it repeats none."""
        i = self._checked(i)
        if self.split != "pool":
            return i
        if self.scene.distinct:
            return i % self.scene.distinct
        while i and self.scene.duplicates:
            chance = _generator(self.seed, _ORIGIN, i)
            if chance.random() >= self.scene.duplicates:
                break
            i = int(chance.integers(i))
        return i

    def draw(self, indices: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
        """Images float32 (k, size, size, 3) and masks bool (k, size, size), in the order asked."""
        indices, size = list(indices), self.scene.size
        images = np.empty((len(indices), size, size, 3), np.float32)
        masks = np.empty((len(indices), size, size), bool)
        for k, i in enumerate(indices):
            images[k], masks[k], _ = self.pair(i)
        return images, masks

    def draw_ahead(self) -> AheadPool:
        """This pool with a thread of its own that draws the pairs that come next."""
        return AheadPool(self)

    def _checked(self, i: int) -> int:
        if not 0 <= i < self.n:
            raise IndexError(f"pair number must be from 0 to {self.n - 1:,}. Received: i={i}")
        return int(i)

    def _rng(self, i: int) -> np.random.Generator:
        return _generator(self.seed, SPLITS.index(self.split), i)


class AheadPool:
    """Draws pairs that will be asked for while the network is busy with those before them.

    Answers as the pool does, to the bit: what was drawn in vain is kept until it is asked for or
    something else is to come.
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._thread = ThreadPoolExecutor(1, "draw")
        self._coming: dict[int, Future] = {}

    def draw(self, indices: Iterable[int], then: Iterable[int] = ()
             ) -> tuple[np.ndarray, np.ndarray]:
        """As `Pool.draw`; the pairs in `then` are drawn in the background for a later call."""
        indices, known = list(indices), self._coming
        futures = {i: known.get(i) or self._thread.submit(self.pool.pair, i) for i in indices}
        wanted = dict.fromkeys([*indices, *then])
        for i in known.keys() - wanted.keys():
            known[i].cancel()
        self._coming = {i: futures.get(i) or known.get(i) or self._thread.submit(self.pool.pair, i)
                        for i in wanted}
        size = self.pool.scene.size
        images = np.empty((len(indices), size, size, 3), np.float32)
        masks = np.empty((len(indices), size, size), bool)
        for k, i in enumerate(indices):
            images[k], masks[k], _ = futures[i].result()
        return images, masks


def order(n: int, seed: int, exclude: np.ndarray | None = None) -> np.ndarray:
    """Stream order: every pool number that is not excluded, once, shuffled; int64.

    The whole pool is shuffled first, so leaving pairs out does not change the order of the rest.
    """
    stream = _generator(seed, _ORDER, 0).permutation(n)
    return stream if exclude is None else stream[~np.isin(stream, exclude)]


def _generator(seed: int, *key: int) -> np.random.Generator:
    """SFC64 (Doty-Humphrey, PractRand) on a spawned seed: NumPy's fastest, independent per key."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=key)))
