"""The synthetic scene: a noise sea, an ellipse to find, a distractor of its colour, their factors.

A pair is a pure function of settings, seed, split and number, so no pixel is ever stored.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
from skimage import draw

from shipdash.config import SceneConfig
from shipdash.data.seeded_random import SPLIT_KEYS, generator
from shipdash.data.source import SPLITS, Pair, Source, checked


class Factors(NamedTuple):
    """What was drawn, in pixels (row, col) and degrees; plain numbers, ready for a table."""

    high_sea: bool
    target_row: float
    target_col: float
    semi_row: float
    semi_col: float
    angle_deg: float
    target_area_px: int
    distractor: str
    distractor_row: int  # first filled row of its box, after it has moved away
    distractor_col: int
    distractor_height: int  # filled rows, before the image clips them
    distractor_width: int
    distractor_area_px: int  # what of it is inside the image
    distance_px: float  # between the two centres; NaN without a distractor
    gap_px: float  # between the nearest pixels of both (1: touching, 0: overlapping); NaN if none


class SceneSource(Source):
    """`n` numbered pairs of a scene, independent and all different.

    Without `edges` a rectangle covers a row and a column less, as versions before 0.3.0 drew it.
    """

    independent, void = True, False

    def __init__(self, scene: SceneConfig, *, seed: int, n: int, split: str = "pool",
                 edges: bool = True) -> None:
        if split not in SPLITS:
            raise ValueError(f"split must be one of {', '.join(SPLITS)}. Received: split={split!r}")
        self.scene, self.seed, self.n, self.split, self.edges = scene, seed, n, split, edges
        self.shape = (scene.size, scene.size)

    @property
    def fingerprint(self) -> str:
        """See `Source.fingerprint`: settings, seed and split decide every pixel."""
        text = json.dumps([asdict(self.scene), self.seed, self.split], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def draw(self, indices: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
        """See `Source.draw`."""
        indices = list(indices)
        images = np.empty((len(indices), *self.shape, 3), np.float32)
        masks = np.empty((len(indices), *self.shape), bool)
        for k, i in enumerate(indices):
            images[k], masks[k], _ = draw_pair(self.scene, self._rng(i), edges=self.edges)
        return images, masks

    def factors(self, i: int) -> Factors:
        """The true factors of pair `i`, without drawing its noise."""
        return draw_factors(self.scene, self._rng(i), edges=self.edges)

    def _rng(self, i: int) -> np.random.Generator:
        return generator(self.seed, SPLIT_KEYS[self.split], checked(i, self.n))


class _Geometry(NamedTuple):
    factors: Factors
    shapes: np.ndarray  # bool, (size, size): target and distractor
    target: np.ndarray  # bool, (size, size)


def draw_pair(config: SceneConfig, rng: np.random.Generator, *, edges: bool = True) -> Pair:
    """Draw one pair.

    Every channel of every pixel is ``noise * U``, lifted by ``contrast`` on the high side: the
    sea, or both shapes. The article draws a low and a high noise image and each pixel uses one of
    them; one draw plus a lift has the same distribution.

    Parameters
    ----------
    config : SceneConfig
    rng : numpy Generator
        Geometry is drawn first and noise last, so `draw_factors` needs no noise.
    edges : bool
        Whether the distractor covers its edges, as in the article.
    """
    geometry = _draw_geometry(config, rng, edges)
    image = rng.random((config.size, config.size, 3), dtype=np.float32)
    image *= np.float32(config.noise)
    high = geometry.shapes != geometry.factors.high_sea
    lift = np.multiply(high, np.float32(config.contrast), dtype=np.float32)
    for channel in range(3):  # three strided adds are cheaper than one broadcast
        image[:, :, channel] += lift
    return Pair(image, geometry.target, geometry.factors)


def draw_factors(config: SceneConfig, rng: np.random.Generator, *,
                 edges: bool = True) -> Factors:
    """The factors of the pair that `draw_pair` would draw from the same generator."""
    return _draw_geometry(config, rng, edges).factors


def _draw_geometry(config: SceneConfig, rng: np.random.Generator, edges: bool) -> _Geometry:
    size = config.size
    u = rng.random(16).tolist()  # always sixteen, so that settings do not shift what follows
    high_sea = {"both": u[0] >= 0.5, "low_sea": False, "high_sea": True}[config.polarity]
    inner, thickness = size - 2 * config.radius_max, config.radius_max - config.radius_min
    row, col = (v * inner + config.radius_max for v in u[1:3])
    semi_row, semi_col = (v * thickness + config.radius_min for v in u[3:5])
    angle = 360 * u[5]
    rows, cols = draw.ellipse(
        row, col, semi_row, semi_col, shape=(size, size), rotation=math.radians(angle)
    )
    target = np.zeros((size, size), bool)
    target[rows, cols] = True
    box, distractor = _draw_distractor(config, u[6:11], rows, cols, edges)
    middle = box[0] + (box[2] - 1) / 2 - row, box[1] + (box[3] - 1) / 2 - col
    has_one = distractor is not None
    gap = _gap(rows, cols, box, distractor, config) if has_one else math.nan
    factors = Factors(
        high_sea, row, col, semi_row, semi_col, angle, len(rows),
        config.distractor, *box, int(np.count_nonzero(distractor)) if has_one else 0,
        math.hypot(*middle) if has_one else math.nan, gap,
    )
    return _Geometry(factors, target | distractor if has_one else target, target)


def _draw_distractor(config, u, rows, cols, edges: bool
                     ) -> tuple[tuple[int, int, int, int], np.ndarray | None]:
    """Box (row, col, height, width) and filled pixels of the distractor, clear of the target.

    The article fills a polygon with its edges included, so a rectangle that is drawn h high and w
    wide covers (h + 1) x (w + 1) pixels. Where the filled rows and columns of both shapes meet, it
    moves by the height of the meeting range along rows and by its width along columns, away from
    it. It may leave the image in part or wholly.
    """
    if config.distractor == "none":
        return (0, 0, 0, 0), None
    size = config.size
    inner, longest = size - 2 * config.radius_max, 2 * config.radius_max - config.radius_min
    corner = [round(v * inner + config.radius_max) for v in u[:2]]
    extent = [round(v * longest + config.radius_min) + edges for v in u[2:4]]
    meets = [
        _meeting(start, length, ellipse, size)
        for start, length, ellipse in zip(corner, extent, (rows, cols), strict=True)
    ]
    if all(meets):
        corner = [start + meet for start, meet in zip(corner, meets, strict=True)]
    top, left = corner
    height, width = extent
    filled = np.zeros((size, size), bool)
    if config.distractor == "rectangle":
        filled[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] = True
    else:
        apex = left + u[4] * (width - 1)
        r, c = draw.polygon(
            (top, top + height - 1, top + height - 1), (apex, left, left + width - 1),
            shape=(size, size),
        )
        filled[r, c] = True
    return (top, left, height, width), filled


def _gap(rows, cols, box, distractor, config) -> float:
    """Distance between the centres of the nearest two pixels of target and distractor.

    That of a rectangle follows from its corners in the image, which takes a tenth of the time of
    a distance transform.
    """
    if config.distractor != "rectangle":
        from scipy import ndimage  # here: it takes 0.2 s, and a page waits for it before its title

        gaps = ndimage.distance_transform_edt(~distractor)[rows, cols]
        return float(gaps.min()) if distractor.any() else math.nan
    top, left, height, width = box
    bottom, right = min(top + height, config.size) - 1, min(left + width, config.size) - 1
    top, left = max(top, 0), max(left, 0)
    if bottom < top or right < left:
        return math.nan
    down = np.maximum(np.maximum(top - rows, rows - bottom), 0)
    across = np.maximum(np.maximum(left - cols, cols - right), 0)
    return math.sqrt(int((down * down + across * across).min()))


def _meeting(start: int, length: int, ellipse: np.ndarray, size: int) -> int:
    """How far to move along one axis, signed; 0 where the two ranges do not meet."""
    stop = min(start + length, size)
    low, high = max(start, int(ellipse.min())), min(stop - 1, int(ellipse.max()))
    if high < low:
        return 0
    down = (start + stop - 1) / 2 > (low + high) / 2
    return (high - low + 1) * (1 if down else -1)
