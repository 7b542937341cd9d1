"""How well a predicted mask agrees with the truth: IoU, Dice and the article's score.

Not a loss and not a decision: the settings have the thresholds of acceptance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from shipdash.data.source import TARGET, VOID

MASK_THRESHOLD = 0.5
"""A pixel belongs to the predicted mask where its probability exceeds this (the article's)."""


class Counts(NamedTuple):
    """Pixels per pair, int64, shape (n,); all scores below follow from these exactly."""

    intersection: np.ndarray
    union: np.ndarray


def counts(truth: np.ndarray, probability: np.ndarray) -> Counts:
    """Pixels in both masks and in either.

    Parameters
    ----------
    truth : bool array, shape (n, rows, cols); or uint8, see `data.source`
        Void pixels are in neither mask, whatever is predicted there.
    probability : float array, the same shape, range [0, 1]
        Thresholded at `MASK_THRESHOLD`; a bool array passes unchanged.

    >>> counts(np.array([[[1, 0, VOID]]], np.uint8), np.ones((1, 1, 3)))
    Counts(intersection=array([1]), union=array([2]))
    """
    if truth.shape != probability.shape or truth.ndim != 3:
        raise ValueError(
            "truth and probability must share one shape (n, rows, cols). "
            f"Received: truth={truth.shape}, probability={probability.shape}"
        )
    t, p = truth, probability > MASK_THRESHOLD
    if truth.dtype != bool:
        t, p = truth == TARGET, p & (truth != VOID)
    both = np.count_nonzero(t & p, axis=(1, 2))
    either = np.count_nonzero(t | p, axis=(1, 2))
    return Counts(both, either)


def iou(c: Counts) -> np.ndarray:
    """Intersection over union, float64, shape (n,), range [0, 1].

    An empty mask gives 1 if nothing is predicted on it, else 0.

    >>> iou(Counts(np.array([9, 0]), np.array([10, 0])))
    array([0.9, 1. ])
    """
    return np.where(c.union > 0, c.intersection / np.maximum(c.union, 1), 1.0)


def dice(c: Counts) -> np.ndarray:
    """Dice coefficient ``2 |t and p| / (|t| + |p|)``, float64, range [0, 1]; two empty masks: 1."""
    total = c.union + c.intersection
    return np.where(total > 0, 2 * c.intersection / np.maximum(total, 1), 1.0)


def article_tenths(c: Counts) -> np.ndarray:
    """The article's score in whole tenths, int64, shape (n,), range 0 to 11.

    ``floor(max(0, 20 (iou - 0.45)))``, computed as ``20 |t and p| // |t or p| - 9`` so that no
    rounding moves a step: IoU 0.5 is 1, 0.55 is 2, 0.9 is 9, 0.95 is 10 and 1 is 11. An empty
    truth scores 10 if the prediction is empty too, else 0. Up to the 11 it is ten times the
    average precision of one object over the IoU thresholds 0.50:0.05:0.95 (ChePeter, Habr, 2018).

    >>> article_tenths(Counts(np.array([1, 11, 9, 19, 7, 0]), np.array([2, 20, 10, 20, 7, 0])))
    array([ 1,  2,  9, 10, 11, 10])
    """
    steps = np.maximum(0, 20 * c.intersection // np.maximum(c.union, 1) - 9)
    return np.where(c.union > 0, steps, 10)


def article_score(c: Counts) -> np.ndarray:
    """`article_tenths` over ten: float64, range 0 to 1.1."""
    return article_tenths(c) / 10


def training_score(acceptance: str) -> Callable[[Counts], np.ndarray]:
    """The score that training looks at, where the settings say ``article`` or ``iou``."""
    return article_score if acceptance == "article" else iou


def article_score_soft(truth: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """The score as the article took it on held-out pairs: on probabilities, not masks.

    Intersection is ``sum(t p)`` and union ``sum t + sum p - sum(t p)``, without void pixels. It
    flatters or punishes calibration rather than shape, so it stands beside the thresholded score,
    never instead.

    Returns
    -------
    float64 array, shape (n,), range 0 to 1.1
    """
    # One pair at a time: its float64 copies stay in the processor's cache, those of 256 do not.
    scores = [_soft(truth[i : i + 1], probability[i : i + 1]) for i in range(len(truth))]
    return np.concatenate([np.zeros(0), *scores])


def _soft(truth: np.ndarray, probability: np.ndarray) -> np.ndarray:
    t = (truth == TARGET).astype(np.float64)
    p = probability.astype(np.float64)
    if truth.dtype != bool:
        p[truth == VOID] = 0.0
    both = np.sum(t * p, axis=(1, 2))
    either = t.sum(axis=(1, 2)) + p.sum(axis=(1, 2)) - both
    ratio = 20 * both / np.maximum(either, np.finfo(np.float64).tiny)  # whole ones stay whole
    steps = np.maximum(0, np.floor(ratio) - 9) / 10
    empty = np.where(p.any(axis=(1, 2)), 0.0, 1.0)
    return np.where(t.any(axis=(1, 2)), steps, empty)
