"""Random numbers from a seed and a key: no global random state, and no draw shifts another.

Every random draw of the package has a key of its own here, so that no two share a stream.
"""

from __future__ import annotations

import numpy as np

SPLIT_KEYS = {"pool": 0, "held_out": 1, "probe": 2}
"""Pair i of a split is drawn from (pool seed; split, i)."""

ORIGIN, ORDER, SUBSET, EPOCH, LABEL = 100, 101, 102, 103, 104
"""Which pair repeats which (pool seed), the order of the stream (order seed), the pairs of an arm
(its draw), the batches of an arm's epoch (model seed), which masks are wrong (pool seed)."""

HELD_OUT_IMAGES, EMPTY_TILES = 110, 111
"""Which images of an import are held out, which of an image's empty tiles are kept (its seed)."""

UNRANKED, FOLDS = 120, 121
"""The random order of images that are to be labelled, beside which rankings are judged; which pairs
a network of a cross-validation is trained without (model seed)."""


def generator(seed: int, *key: int) -> np.random.Generator:
    """SFC64 (Doty-Humphrey, PractRand) on a spawned seed: NumPy's fastest, independent per key."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=key)))
