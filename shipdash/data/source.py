"""The one door for data: numbered pairs of an image and its mask, wherever they come from.

A pair is an integer, its number in its split; core sets, logs and figures all use that integer.
Nothing here draws a pair: that is for the sources themselves (`scene`, `files`).
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, Protocol

import numpy as np

from shipdash.data.seeded_random import ORDER, SPLIT_KEYS, generator

SPLITS = tuple(SPLIT_KEYS)
"""What the stream is made of, what scores are taken on, and what may be looked at for a choice."""


TARGET, VOID = 1, 2
"""In masks of uint8: pixels of the target, and pixels that count nowhere; 0 is outside."""


class Source(Protocol):
    """`n` numbered pairs that can be drawn again at any time, in any order.

    `shape` is (rows, cols), each a multiple of 16, because the networks halve it four times.
    `independent` says whether the pairs are independent draws of one distribution, which a
    guarantee on unseen pairs needs. `fingerprint` is the same for the same content only. `void`
    says whether masks may have void pixels, which count neither in a loss nor in a score: these
    masks are uint8 with values 0, `TARGET` and `VOID`, all others are bool.

    What has an answer here is that of a source whose pairs are its own and of which no more is
    known than their image and mask, which is taken to be right.
    """

    n: int
    shape: tuple[int, int]
    independent: bool
    fingerprint: str
    void: bool

    def draw(self, indices: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
        """Images float32 (k, rows, cols, 3) in [0, 1] and masks bool (or uint8, see above)
        (k, rows, cols), in the order asked; IndexError for a number outside 0..n-1."""
        ...

    def factors(self, i: int) -> NamedTuple | None:
        """The true factors of pair `i` as plain numbers; None where they are unknown."""

    def group(self, i: int) -> str:
        """What pair `i` belongs to, such as a folder or a video; empty where nobody has said so."""
        return ""

    def origin(self, i: int) -> int:
        """The first pair that pair `i` repeats to the pixel; `i` itself where it repeats none."""
        return checked(i, self.n)

    def label(self, i: int) -> str:
        """``"true"``, or what has been done to the mask of pair `i`."""
        return "true"


class Pair(NamedTuple):
    """Image float32 (rows, cols, 3) in [0, 1], mask (rows, cols), and factors or None."""

    image: np.ndarray
    mask: np.ndarray
    factors: NamedTuple | None


def pair(source: Source, i: int) -> Pair:
    """Pair `i` of a source with all that is known of it."""
    images, masks = source.draw([i])
    return Pair(images[0], masks[0], source.factors(i))


def checked(i: int, n: int) -> int:
    """A pair number as a plain integer; IndexError outside 0..n-1."""
    if not 0 <= i < n:
        raise IndexError(f"pair number must be from 0 to {n - 1:,}. Received: i={i}")
    return int(i)


def stream_order(n: int, seed: int, exclude: np.ndarray | None = None, *,
                 ahead: int = 0) -> np.ndarray:
    """The order in which pairs come: every number that is not excluded, once, shuffled; int64.

    All `n` are shuffled first, so leaving pairs out does not change the order of the rest. The
    first `ahead` numbers come first, in their own order: the core set that a run goes on from.
    """
    order = generator(seed, ORDER, 0).permutation(n)
    order = np.concatenate([np.arange(ahead), order[order >= ahead]])
    return order if exclude is None else order[~np.isin(order, exclude)]


class AheadSource:
    """Draws pairs that will be asked for while the network is busy with those before them.

    Answers as the source does, to the bit: what was drawn in vain is kept until it is asked for or
    something else is to come.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._thread = ThreadPoolExecutor(1, "draw")
        self._coming: dict[int, Future] = {}

    def draw(self, indices: Iterable[int], then: Iterable[int] = ()
             ) -> tuple[np.ndarray, np.ndarray]:
        """As `Source.draw`; the pairs in `then` are drawn in the background for a later call."""
        indices, known = list(indices), self._coming
        futures = {i: known.get(i) or self._begin(i) for i in indices}
        wanted = dict.fromkeys([*indices, *then])
        for i in known.keys() - wanted.keys():
            known[i].cancel()
        self._coming = {i: futures.get(i) or known.get(i) or self._begin(i) for i in wanted}
        images = np.empty((len(indices), *self.source.shape, 3), np.float32)
        masks = np.empty((len(indices), *self.source.shape),
                         np.uint8 if self.source.void else bool)
        for k, i in enumerate(indices):
            image, mask = futures[i].result()
            images[k], masks[k] = image[0], mask[0]
        return images, masks

    def _begin(self, i: int) -> Future:
        return self._thread.submit(self.source.draw, [i])
