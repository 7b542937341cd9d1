"""Speed of what needs no network: drawing pairs, and scoring predictions."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from benchmarks.report import Asked, Row, median
from shipdash.config import SceneConfig
from shipdash.data.scene import SceneSource
from shipdash.learning import metrics

N_PAIRS = 256  # a block of the evaluation


def generator(asked: Asked) -> list[Row]:
    """Pairs drawn per second, by image size; radii grow with the image."""
    found = []
    for side in (64, 128, 256):
        pool = SceneSource(scene_of(side), seed=1, n=N_PAIRS)
        n = N_PAIRS // (8 if asked.quick else 1)
        speeds = _speeds(lambda: pool.draw(range(n)), n, asked.repeats)  # noqa: B023
        found.append(median(f"pairs drawn, {side} x {side}", speeds, "pairs/s", "one thread"))
    return found


def scores(asked: Asked) -> list[Row]:
    """Predictions scored per second at 128 x 128, by what is asked of them."""
    n = N_PAIRS // (8 if asked.quick else 1)
    _, truth = SceneSource(scene_of(128), seed=1, n=n).draw(range(n))
    chance = np.random.default_rng(1)
    probability = np.clip(truth + chance.normal(0, 0.3, truth.shape), 0, 1).astype(np.float32)
    c = metrics.counts(truth, probability)
    calls: dict[str, Callable] = {
        "pixel counts": lambda: metrics.counts(truth, probability),
        "IoU, Dice and article score from counts":
            lambda: (metrics.iou(c), metrics.dice(c), metrics.article_score(c)),
        "the article's soft score": lambda: metrics.article_score_soft(truth, probability),
    }
    return [median(f"pairs scored: {name}", _speeds(call, n, asked.repeats), "pairs/s")
            for name, call in calls.items()]


def scene_of(side: int) -> SceneConfig:
    """The article's scene at another image size, radii in proportion."""
    return SceneConfig(size=side, radius_min=10 * side / 128, radius_max=20 * side / 128)


def _speeds(call: Callable, n: int, repeats: int) -> list[float]:
    call()  # the first call finds no memory at hand
    speeds = []
    for _ in range(max(5, repeats)):
        began = time.perf_counter()
        call()
        speeds.append(n / (time.perf_counter() - began))
    return speeds
