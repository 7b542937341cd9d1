"""Perceptual hashes of many pictures at once: 64 bits each, alike for pictures that look alike.

Which pictures are near duplicates of each other is decided elsewhere (`near_duplicates`).

The hash is the DCT hash of Zauner (Implementation and Benchmarking of Perceptual Image Hash
Functions, 2010) as the ImageHash library computes it: grey, 32 x 32 pixels, discrete cosine
transform, one bit for each of the 8 x 8 lowest frequencies that is above their median.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image
from scipy.fft import dct

SIDE, LOWEST = 32, 8
CELLS = 3
"""A picture has 3 x 3 cells."""

_FREQUENCIES = dct(np.eye(SIDE), axis=0)[:LOWEST]  # (8, 32): only these of the transform are needed

FLAT = 4.0
"""A cell whose grey levels have a smaller standard deviation shows nothing but noise: on the dark
background of a microscope's picture it is about 1 of 255, on a cell with a nucleus above 10."""


def hashes(images: np.ndarray) -> np.ndarray:
    """One hash for each picture.

    Parameters
    ----------
    images : uint8 array, shape (n, rows, cols, 3)

    Returns
    -------
    uint64 array, shape (n,)
        The first bit is the lowest frequency. Pictures of one even colour are all alike.
    """
    return _hashes_of_grey(grey(images))


def cell_hashes(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of the 3 x 3 cells of each picture, and which cells show anything.

    Two tiles that overlap by one or two thirds of their side share whole cells.

    Parameters
    ----------
    images : uint8 array, shape (n, rows, cols, 3)
        Rows and columns that three does not divide are left out at the far edges.

    Returns
    -------
    hashes : uint64 array, shape (n, 9)
        Cells row by row.
    shows : bool array, shape (n, 9)
        False for a cell that is even in grey (see `FLAT`).
    """
    n, rows, cols = images.shape[:3]
    height, width = rows // CELLS, cols // CELLS
    levels = grey(images[:, : height * CELLS, : width * CELLS])
    cells = levels.reshape(n, CELLS, height, CELLS, width).swapaxes(2, 3)
    cells = cells.reshape(-1, height, width)
    shows = cells.std(axis=(1, 2)) >= FLAT
    return _hashes_of_grey(cells).reshape(n, CELLS**2), shows.reshape(n, CELLS**2)


def grey(images: np.ndarray) -> np.ndarray:
    """Pillow's grey levels (luma of ITU-R 601-2): uint8, shape (n, rows, cols)."""
    n, rows, cols = images.shape[:3]
    tall = np.ascontiguousarray(images).reshape(n * rows, cols, 3)  # one call for the whole batch
    return np.asarray(Image.fromarray(tall).convert("L")).reshape(n, rows, cols)


def _hashes_of_grey(levels: np.ndarray) -> np.ndarray:
    small = (_FREQUENCIES @ _resized(levels) @ _FREQUENCIES.T).reshape(-1, LOWEST**2)
    small = small.round(6)  # an even picture has no frequencies, only rounding errors
    bits = small > np.median(small, axis=1, keepdims=True)
    return np.packbits(bits, axis=1, bitorder="little").view("<u8")[:, 0].astype(np.uint64)


def _resized(levels: np.ndarray) -> np.ndarray:
    """32 x 32 pixels by the Lanczos filter, columns first and whole grey levels, as in Pillow."""
    n, rows, cols = levels.shape
    flat = levels.reshape(-1, cols).astype(np.float32)        # one product is faster than n
    across = np.rint(flat @ _lanczos(cols).T).clip(0, 255)    # (n * rows, 32)
    across = across.reshape(n, rows, SIDE)
    return np.rint(_lanczos(rows) @ across).clip(0, 255)      # (n, 32, 32)


@lru_cache(maxsize=32)
def _lanczos(size: int) -> np.ndarray:
    """Weights that bring `size` pixels to 32: float32, shape (32, size), rows of sum 1."""
    scale = size / SIDE
    stretch = max(scale, 1.0)  # the filter is widened where pixels become fewer
    centres = (np.arange(SIDE) + 0.5) * scale
    x = (np.arange(size) + 0.5 - centres[:, None]) / stretch
    weights = np.where(abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
