"""The quality of labels, against cleanlab's own code and by hand."""

import numpy as np
import pytest

from shipdash.data.source import VOID
from shipdash.learning.label_quality import self_confidence, soft_minimum


def drawn(n=12, shape=(16, 24)):
    """Random masks and probabilities, some of them certain."""
    chance = np.random.default_rng(1)
    probability = chance.random((n, *shape), np.float32)
    probability[0], probability[1] = 0.0, 1.0
    return chance.random((n, *shape)) < 0.3, probability


def test_the_soft_minimum_is_cleanlabs():
    """`get_label_quality_scores` of cleanlab.segmentation gives the same numbers."""
    from cleanlab.segmentation.rank import get_label_quality_scores

    masks, probability = drawn()
    both = np.stack([1 - probability, probability], axis=1)
    scores, pixels = get_label_quality_scores(masks.astype(int), both, verbose=False)
    assert soft_minimum(masks, probability) == pytest.approx(scores, rel=1e-5)
    assert self_confidence(masks, probability) == pytest.approx(pixels, abs=1e-6)


def test_void_pixels_do_not_count():
    """Whatever is predicted there; a mask of nothing else cannot be wrong."""
    masks, probability = drawn(2)
    left = masks.astype(np.uint8)
    left[:, 8:] = VOID
    assert soft_minimum(left, probability) == pytest.approx(
        soft_minimum(masks[:, :8], probability[:, :8]))
    assert soft_minimum(np.full_like(left, VOID), probability).tolist() == [1, 1]


def test_the_better_mask_has_the_larger_soft_minimum():
    """Right everywhere, wrong in one pixel, wrong everywhere."""
    mask = np.zeros((1, 16, 16), bool)
    mask[0, 4:8, 4:8] = True
    one = mask.copy()
    one[0, 0, 0] = True
    found = [soft_minimum(mask, p.astype(float))[0] for p in (mask, one, ~mask)]
    assert found[0] == 1 and found[2] == 0 and 0 < found[1] < 1
