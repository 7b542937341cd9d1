"""Which pairs of a source show one image: repeats are never on both sides of a fold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from shipdash.data.source import Source
from shipdash.learning.evaluation import blocks


def alike(source: Source, pairs: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Each of `pairs` with one number for all that have its image to the pixel.

    A drawn pair knows its origin. Pictures from the world are compared, since one may have been
    brought twice.
    """
    first: dict[bytes, int] = {}
    for block in blocks(pairs, source.shape):
        origins = [source.origin(i) for i in block]
        if source.factors(block[0]) is not None:
            yield from zip(block, origins, strict=True)
            continue
        images, _ = source.draw(block)
        for i, origin, image in zip(block, origins, images, strict=True):
            yield i, first.setdefault(hashlib.sha256(image.tobytes()).digest(), origin)
