"""Whether a pair fails: the one comparison of an IoU with the acceptance IoU.

The acceptance IoU itself follows from the settings (`SelectionConfig.acceptance_iou`).
"""

from __future__ import annotations

import numpy as np

TIE = 1e-7
"""What counts as equal to a threshold: more than float32 rounds an IoU by (6e-8), less than two
ratios of pixel counts can differ by (1 / (20 x 512 x 512) = 1.9e-7 from any step of 0.05)."""


def fails(iou: np.ndarray, limit: float) -> np.ndarray:
    """Which pairs fall below an acceptance IoU: bool, the shape of `iou`; a tie passes.

    The one rule of the whole package: the loop, the evaluation and every table ask here. Two
    places compare without `TIE`, and each says why: when a training phase may end
    (`learning.training`), and IoUs stored in half precision (`analysis.share_below_iou`).

    >>> fails(np.array([0.8999, 0.9, 0.90001]), 0.9)
    array([ True, False, False])
    """
    return np.asarray(iou) < limit - TIE
