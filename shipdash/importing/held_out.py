"""Which pairs of an import are held out: whole images or whole groups, drawn with its seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from shipdash.data.chance import HELD_OUT_IMAGES, SPLIT_KEYS, generator


def split_by(units: Sequence[str], share: float, seed: int) -> np.ndarray:
    """The split of each pair: uint8 (n,), 0 pool or 1 held-out.

    Pairs of one unit (a group, or an image with all its tiles) stay together. Units are drawn
    until at least `share` of the pairs is held out; one unit is left in the pool always.

    >>> split_by(["a", "a", "b", "b"], 0.5, seed=1).tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    True
    """
    sizes = Counter(units)
    names = sorted(sizes)
    chosen: set[str] = set()
    n_chosen = 0
    for k in generator(seed, HELD_OUT_IMAGES).permutation(len(names))[:-1]:
        if n_chosen >= share * len(units):
            break
        chosen.add(names[k])
        n_chosen += sizes[names[k]]
    return np.array([SPLIT_KEYS["held_out" if unit in chosen else "pool"] for unit in units],
                    np.uint8)
