"""Pairs of the asked size from an image of any size: resized, with bars, or cut into tiles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from shipdash.data.source import TARGET, VOID
from shipdash.importing.listing import Unfit
from shipdash.importing.mask_values import marked
from shipdash.importing.request import ImportRequest

_HALF = 128  # of 255


class Fitted(NamedTuple):
    """A pair of the stored size: image uint8 (rows, cols, 3), mask uint8 (rows, cols).

    `tile` is the row and column where it was cut out, or None. The areas are numbers of target
    pixels, before in the image as it came (or in the tile), after in `mask`.
    """

    image: np.ndarray
    mask: np.ndarray
    tile: tuple[int, int] | None
    area_before: int
    area_after: int


def fitted(image: np.ndarray, mask: np.ndarray, request: ImportRequest,
           chance: np.random.Generator) -> Iterator[Fitted]:
    """The pairs that one image gives: one, or a number of tiles.

    Parameters
    ----------
    image : uint8 array, shape (h, w, 3)
    mask : uint8 array, shape (h, w)
        0 outside, 1 target, 2 void.
    request : ImportRequest
    chance : numpy.random.Generator
        Decides which tiles without target are kept.

    Raises
    ------
    Unfit
        The image is smaller than a tile. Raised before the first pair.
    """
    shape = request.rows, request.cols
    if request.fit == "tiles":
        if mask.shape[0] < shape[0] or mask.shape[1] < shape[1]:
            raise Unfit(f"has {mask.shape[0]} x {mask.shape[1]} pixels and is smaller than a tile "
                        f"of {shape[0]} x {shape[1]}; resize or letterbox it")
        return _tiles(image, mask, request, chance)
    change = resized if request.fit == "resize" else letterboxed
    new_image, new_mask = change(image, mask, shape)
    return iter([Fitted(new_image, new_mask, None, area(mask), area(new_mask))])


def area(mask: np.ndarray) -> int:
    """Number of target pixels."""
    return int(np.count_nonzero(mask == TARGET))


def resized(image: np.ndarray, mask: np.ndarray, shape: tuple[int, int]
            ) -> tuple[np.ndarray, np.ndarray]:
    """Both at a new size, averaged over the pixels that fall together.

    A mask pixel is target (or void) where at least half of what falls on it is.
    """
    if mask.shape == shape:
        return image, mask
    planes = [_scaled((mask == value) * np.uint8(255), shape) >= _HALF
              for value in ((TARGET, VOID) if VOID in mask else (TARGET,))]
    return _scaled(image, shape), marked(shape, *planes)


def letterboxed(image: np.ndarray, mask: np.ndarray, shape: tuple[int, int]
                ) -> tuple[np.ndarray, np.ndarray]:
    """Both scaled by one factor into the middle of the new size; the bars are black and outside."""
    factor = min(new / old for new, old in zip(shape, mask.shape, strict=True))
    inner = tuple(max(1, round(side * factor)) for side in mask.shape)
    top, left = ((new - old) // 2 for new, old in zip(shape, inner, strict=True))
    window = np.s_[top:top + inner[0], left:left + inner[1]]
    new_image, new_mask = np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.uint8)
    new_image[window], new_mask[window] = resized(image, mask, inner)
    return new_image, new_mask


def offsets(side: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin along one side; the last one is moved back so that it ends at the border.

    >>> offsets(300, 128, 0), offsets(256, 128, 32)
    ([0, 128, 172], [0, 96, 128])
    """
    starts = list(range(0, side - tile + 1, tile - overlap))
    return starts if starts[-1] == side - tile else [*starts, side - tile]


def _tiles(image: np.ndarray, mask: np.ndarray, request: ImportRequest,
           chance: np.random.Generator) -> Iterator[Fitted]:
    for row in offsets(mask.shape[0], request.rows, request.overlap):
        for col in offsets(mask.shape[1], request.cols, request.overlap):
            window = np.s_[row:row + request.rows, col:col + request.cols]
            size = area(mask[window])
            if size or chance.random() < request.keep_empty:
                yield Fitted(image[window], mask[window], (row, col), size, size)


def _scaled(array: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A uint8 array at (rows, cols); Pillow's bilinear filter averages when it shrinks."""
    picture = Image.fromarray(array)
    return np.asarray(picture.resize(shape[::-1], Image.Resampling.BILINEAR))
