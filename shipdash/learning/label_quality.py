"""How well a mask fits what a network that has never seen it predicts: one number a pair.

A smaller number is a more suspicious label. It ranks nothing and decides nothing; which of the two
measures finds wrong masks is measured in `benchmarks.suspects`.
"""

from __future__ import annotations

import numpy as np

from shipdash.data.source import TARGET, VOID

TEMPERATURE = 0.1
"""Of the soft minimum: cleanlab's."""


def self_confidence(masks: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """The probability that the network gives each pixel's label: float64, NaN where it is void.

    >>> self_confidence(np.array([[[True, False]]]), np.array([[[0.75, 0.75]]])).tolist()
    [[[0.75, 0.25]]]
    """
    p = np.asarray(probability, np.float64)
    found = np.where(masks == TARGET, p, 1 - p)
    found[masks == VOID] = np.nan
    return found


def soft_minimum(masks: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """The soft minimum of a mask's pixels' self-confidence: near 0 where some pixels are wrong.

    ``sum w s`` with weights ``w`` in proportion to ``exp((1 - s) / 0.1)``: the label quality score
    of segmentation in cleanlab (Lad and Mueller, "Estimating label quality and errors in semantic
    segmentation data via any model", ICML DMLR workshop, 2023), here without void pixels.

    Parameters
    ----------
    masks : bool or uint8 array, shape (n, rows, cols), see `data.source`
    probability : float array, the same shape, range [0, 1]

    Returns
    -------
    float64 array, shape (n,), range [0, 1]
        1 where every pixel is void.

    >>> soft_minimum(np.array([[[True, True]]]), np.array([[[1.0, 0.0]]])).round(4).tolist()
    [0.0]
    """
    s = self_confidence(masks, probability).reshape(len(masks), -1)
    known = ~np.isnan(s)
    s = np.where(known, s, 1.0)
    weight = known * np.exp((1 - s) / TEMPERATURE)  # at most e^10: no overflow
    total = weight.sum(axis=1)
    return np.where(total > 0, (weight * s).sum(axis=1) / np.maximum(total, 1.0), 1.0)
