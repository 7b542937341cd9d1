"""Repeats and wrong masks, planted in any source: settings whose right answer is known.

No pixel is drawn here: images are the source's own, masks are moved, emptied or exchanged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from shipdash.config import PlantedConfig
from shipdash.data.seeded_random import LABEL, ORIGIN, generator
from shipdash.data.source import Source, checked

SHIFT_SHARE = 1 / 6
"""How far a wrong mask lies from its place, as a share of the image's shorter side: at 128 pixels
21, more than the largest semi-axis of the article's ships."""


class PlantedSource:
    """A source whose pairs partly repeat each other, or whose masks are partly wrong."""

    def __init__(self, source: Source, planted: PlantedConfig, seed: int) -> None:
        self.source, self.planted, self.seed = source, planted, seed
        self.n, self.shape = source.n, source.shape
        self.fingerprint, self.void = source.fingerprint, source.void
        repeats = planted.distinct or planted.duplicates
        self.independent = source.independent and not repeats

    def origin(self, i: int) -> int:
        """The first pair that pair `i` repeats; its own first pair where the source has one."""
        i = checked(i, self.n)
        if self.planted.distinct:
            i %= self.planted.distinct
        while i and self.planted.duplicates:
            chance = generator(self.seed, ORIGIN, i)
            if chance.random() >= self.planted.duplicates:
                break
            i = int(chance.integers(i))
        return self.source.origin(i)

    def draw(self, indices: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
        """See `Source.draw`."""
        origins = [self.origin(i) for i in indices]
        images, masks = self.source.draw(origins)
        for k, i in enumerate(origins):
            label = self.label(i)
            if label == "dropped":
                masks[k] = False
            elif label == "shifted":
                masks[k] = self._shifted(masks[k], i)
            elif label == "borrowed":
                masks[k] = self._borrowed(i)
        return images, masks

    def factors(self, i: int) -> NamedTuple | None:
        """See `Source.factors`: of what is in the image, whatever the mask says."""
        return self.source.factors(self.origin(i))

    def group(self, i: int) -> str:
        """See `Source.group`: that of the pair that is repeated."""
        return self.source.group(self.origin(i))

    def label(self, i: int) -> str:
        """``"true"``, ``"shifted"``, ``"dropped"`` or ``"borrowed"``; a repeat is labelled as its
        origin is."""
        i, share = self.origin(i), self.planted.label_noise
        if not share or generator(self.seed, LABEL, i).random() >= share:
            return self.source.label(i)
        return self.planted.label_noise_kind

    def _shifted(self, mask: np.ndarray, i: int) -> np.ndarray:
        """The mask, moved in any direction; what leaves the image is lost."""
        from scipy import ndimage  # here: it takes 0.2 s, which a page without such masks spares

        angle = 2 * math.pi * generator(self.seed, LABEL, i).random(2)[1]
        step = SHIFT_SHARE * min(self.shape)
        down, right = (round(step * f(angle)) for f in (math.sin, math.cos))
        return ndimage.shift(mask, (down, right), order=0)  # void pixels move along

    def _borrowed(self, i: int) -> np.ndarray:
        """The true mask of another image of the pool; in a pool of one image, nothing."""
        start = int(generator(self.seed, LABEL, i).random(2)[1] * self.n)
        others = (self.origin((start + k) % self.n) for k in range(self.n))
        other = next((j for j in others if j != i), None)
        if other is None:
            return np.zeros(self.shape, np.uint8 if self.void else bool)
        return self.source.draw([other])[1][0]
