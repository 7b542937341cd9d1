"""The article's generator as its text describes it: another implementation to test ours against.

Written from docs/experiment.md alone, with two noise images, NumPy's global-style draws and
scikit-image's polygon, and sharing no line with `shipdash.data.scene`.
"""

from typing import NamedTuple

import numpy as np
from skimage import draw


class ArticlePair(NamedTuple):
    """Image, the two filled shapes, and whether the sea is the high noise."""

    image: np.ndarray
    ellipse: np.ndarray
    rectangle: np.ndarray
    high_sea: bool


def article_pair(chance: np.random.RandomState, size=128, radius_min=10, radius_max=20):
    """One pair of the article's distribution."""
    low = 0.75 * chance.rand(size, size, 3)
    high = 0.75 * chance.rand(size, size, 3) + 0.25
    ellipse = _ellipse(chance, size, radius_min, radius_max)
    rectangle = _rectangle(chance, size, radius_min, radius_max)
    rectangle = _moved(rectangle, ellipse, size)
    shapes = (_filled(ellipse, size) | _filled(rectangle, size))[..., None]
    high_sea = chance.rand() >= 0.5
    image = np.where(shapes, low, high) if high_sea else np.where(shapes, high, low)
    return ArticlePair(image, _filled(ellipse, size), _filled(rectangle, size), high_sea)


def _ellipse(chance, size, radius_min, radius_max):
    row, col = chance.rand(2) * (size - 2 * radius_max) + radius_max
    axes = chance.rand(2) * (radius_max - radius_min) + radius_min
    turn = np.deg2rad(360 * chance.rand())
    return np.stack(draw.ellipse(row, col, *axes, rotation=turn, shape=(size, size)))


def _rectangle(chance, size, radius_min, radius_max):
    """Pixels of the polygon before anything is clipped: edges included."""
    r, c = np.rint(chance.rand(2) * (size - 2 * radius_max) + radius_max)
    h, w = np.rint(chance.rand(2) * (2 * radius_max - radius_min) + radius_min)
    return np.stack(draw.polygon([r, r, r + h, r + h], [c, c + w, c + w, c]))


def _moved(rectangle, ellipse, size):
    """Away from the ellipse by the meeting ranges, where both of them meet."""
    shown = rectangle[:, (rectangle < size).all(axis=0)]
    steps = []
    for one, other in zip(shown, ellipse, strict=True):
        meeting = np.intersect1d(np.arange(one.min(), one.max() + 1),
                                 np.arange(other.min(), other.max() + 1))
        if not len(meeting):
            return rectangle
        middle = (one.min() + one.max()) / 2
        steps.append(len(meeting) if middle > meeting.mean() else -len(meeting))
    return rectangle + np.array(steps)[:, None]


def _filled(pixels, size):
    inside = ((pixels >= 0) & (pixels < size)).all(axis=0)
    mask = np.zeros((size, size), bool)
    mask[tuple(pixels[:, inside])] = True
    return mask
