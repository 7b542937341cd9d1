"""Repeats and wrong masks: planted in the pool of any source, and only there."""

import math

import numpy as np
import pytest

from shipdash.config import PlantedConfig, RunConfig, SceneConfig
from shipdash.data import open_source

SHIFT = 32 / 6


def pool(n=50, split="pool", **planted):
    scene = SceneConfig(size=32, radius_min=3.0, radius_max=6.0)
    return open_source(RunConfig(scene=scene, planted=PlantedConfig(**planted)), split, n)


@pytest.mark.parametrize("kind", ["shifted", "dropped", "borrowed"])
@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_the_share_of_wrong_labels_is_the_asked_one(kind, share):
    """Wrong labels come in the asked share, to five standard errors, and say their kind."""
    source = pool(1000, label_noise=share, label_noise_kind=kind)
    labels = [source.label(i) for i in range(1000)]
    assert set(labels) <= {"true", kind}
    wrong = 1 - labels.count("true") / 1000
    assert abs(wrong - share) <= 5 * math.sqrt(share * (1 - share) / 1000)


def test_a_dropped_mask_is_empty_and_its_image_unchanged():
    """The ship is in the image but not in the label; the factors still tell its area."""
    wrong, right = pool(label_noise=1.0, label_noise_kind="dropped"), pool()
    (image, mask), (same, truth) = wrong.draw([1]), right.draw([1])
    assert not mask.any() and np.array_equal(image, same)
    assert wrong.factors(1).target_area_px == truth.sum()


def test_a_shifted_mask_is_the_target_moved_by_a_sixth_of_the_side():
    """In any direction; what leaves the image is cut off."""
    wrong, right = pool(label_noise=1.0), pool()
    around = [(d, r) for d in range(-6, 7) for r in range(-6, 7)]
    ring = [o for o in around if abs(math.hypot(*o) - SHIFT) <= math.sqrt(0.5)]
    directions = set()
    for moved, truth in zip(wrong.draw(range(40))[1], right.draw(range(40))[1], strict=True):
        wide = np.pad(truth, 6)
        fits = [(d, r) for d, r in ring
                if np.array_equal(moved, wide[6 - d : 38 - d, 6 - r : 38 - r])]
        assert fits
        directions.add(fits[0])
    assert len(directions) > 10


def test_a_borrowed_mask_is_the_true_one_of_another_image():
    """Not of one neighbour for all, never of the image itself, and the images stay."""
    wrong, right = pool(label_noise=1.0, label_noise_kind="borrowed"), pool()
    (images, masks), (same, truths) = wrong.draw(range(50)), right.draw(range(50))
    assert np.array_equal(images, same)
    whose = [{j for j in range(50) if np.array_equal(mask, truths[j])} for mask in masks]
    assert all(found and i not in found for i, found in enumerate(whose))
    assert len({(min(found) - i) % 50 for i, found in enumerate(whose)}) > 10


def test_nothing_is_borrowed_from_a_copy():
    """Of two distinct images the other one lends; a single image has an empty mask instead."""
    two = pool(10, distinct=2, label_noise=1.0, label_noise_kind="borrowed").draw(range(10))[1]
    truths = pool(2).draw([1, 0])[1]
    assert np.array_equal(two, np.tile(truths, (5, 1, 1)))
    one = pool(10, distinct=1, label_noise=1.0, label_noise_kind="borrowed")
    assert not one.draw(range(10))[1].any()


def test_a_repeat_is_labelled_as_its_origin():
    """The same picture cannot be right in one place and wrong in another."""
    source = pool(200, distinct=10, label_noise=0.5)
    assert all(source.label(i) == source.label(i % 10) for i in range(200))
    masks = source.draw(range(20))[1]
    assert np.array_equal(masks[:10], masks[10:])


def test_repeats_are_no_independent_draws():
    """They carry no guarantee on unseen pairs; wrong masks are drawn like everything else."""
    assert pool().independent and pool(label_noise=0.5).independent
    assert not pool(distinct=5).independent and not pool(duplicates=0.1).independent
