"""How much a network doubts its own prediction, without a mask: one number an image.

A larger number is more doubt. It decides nothing and ranks nothing; whether such a number finds
what the network fails is measured in `analysis.ranking`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shipdash.config import NetworkConfig
from shipdash.learning.learner import Learner

_FLIPS = {"all": ((1,), (2,), (1, 2)), "left-right": ((2,),)}
"""Axes of (n, rows, cols) that are turned round: shapes stay, so nothing is compiled anew."""


def soft_iou(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Agreement of two predictions: ``(sum min + 1) / (sum max + 1)`` (Ruzicka's similarity).

    The IoU of the masks where both are 0 or 1, and 1 wherever the two are equal. The pixel added
    to both sums keeps predictions of almost nothing from disagreeing about their traces.

    Parameters
    ----------
    one, other : float arrays, shape (n, rows, cols), range [0, 1]

    Returns
    -------
    float64 array, shape (n,), range (0, 1]

    >>> soft_iou(np.ones((1, 2, 2)), np.array([[[1, 1], [1, 0]]]))
    array([0.8])
    """
    both, either = (f(one, other).sum(axis=(1, 2), dtype=np.float64)
                    for f in (np.minimum, np.maximum))
    return (both + 1) / (either + 1)


def entropy(probability: np.ndarray) -> np.ndarray:
    """Mean binary entropy of the pixels, in bits: float64, shape (n,), range [0, 1].

    >>> entropy(np.array([[[0.5, 1.0]]]))
    array([0.5])
    """
    p = np.clip(probability.astype(np.float64), 1e-12, 1 - 1e-12)
    bits = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    return np.round(bits.mean(axis=(1, 2)), 9)


def doubt_of_flips(learner: Learner, network: NetworkConfig, images: np.ndarray,
                   probability: np.ndarray) -> np.ndarray:
    """One minus the mean agreement of the prediction with those of the flipped images.

    Flipped as the network's settings allow: along both axes, or left to right alone.

    Parameters
    ----------
    learner : Learner
    network : NetworkConfig
    images : float32 array, shape (n, rows, cols, 3), range [0, 1]
    probability : float32 array, shape (n, rows, cols)
        What the learner predicts for `images`.

    Returns
    -------
    float64 array, shape (n,), range [0, 1)
    """
    turned = [np.flip(learner.predict(np.ascontiguousarray(np.flip(images, axes))), axes)
              for axes in _FLIPS[network.orientations]]
    return doubt_of(probability, turned)


def doubt_of(probability: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """One minus the mean agreement with other predictions of the same images, at least one."""
    return 1 - np.mean([soft_iou(probability, other) for other in others], axis=0)
