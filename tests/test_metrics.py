"""IoU, Dice and the article score, held against scikit-learn, fractions and hand counts."""

from fractions import Fraction

import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score

from shipdash.learning import metrics
from shipdash.learning.metrics import Counts


def one(intersection: int, union: int) -> Counts:
    return Counts(np.array([intersection]), np.array([union]))


@pytest.fixture
def blobs():
    """Fifty random masks and predictions of all densities, no two alike."""
    rng = np.random.default_rng(5)
    density = rng.uniform(0.05, 0.95, (2, 50, 1, 1))
    truth = rng.random((50, 16, 12)) < density[0]
    return truth, (rng.random((50, 16, 12)) * density[1] * 2).clip(0, 1).astype(np.float32)


def test_iou_is_scikit_learns_jaccard_score(blobs):
    """Another implementation, pair by pair."""
    truth, probability = blobs
    ours = metrics.iou(metrics.counts(truth, probability))
    theirs = [jaccard_score(t.ravel(), p.ravel() > 0.5) for t, p in zip(*blobs, strict=True)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_dice_is_scikit_learns_f1_score(blobs):
    """Another implementation, pair by pair."""
    truth, probability = blobs
    ours = metrics.dice(metrics.counts(truth, probability))
    theirs = [f1_score(t.ravel(), p.ravel() > 0.5) for t, p in zip(*blobs, strict=True)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_dice_follows_from_iou(blobs):
    """dice = 2 iou / (1 + iou), always."""
    c = metrics.counts(*blobs)
    ratio = metrics.iou(c)
    np.testing.assert_allclose(metrics.dice(c), 2 * ratio / (1 + ratio), rtol=1e-12)


def test_counts_do_not_change_when_truth_and_prediction_change_places(blobs):
    """Intersection and union are symmetric."""
    truth, probability = blobs
    predicted = probability > metrics.MASK_THRESHOLD
    ours, swapped = metrics.counts(truth, predicted), metrics.counts(predicted, truth)
    for a, b in zip(ours, swapped, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", [bool, np.uint8, np.float32])
def test_truth_may_be_of_any_binary_type(blobs, kind):
    """Masks read from files are uint8, drawn ones bool."""
    truth, probability = blobs
    plain = metrics.counts(truth, probability)
    np.testing.assert_array_equal(metrics.counts(truth.astype(kind), probability), plain)


def test_half_is_not_in_the_predicted_mask():
    """The article's threshold is exclusive: exactly 0.5 is sea, the next float is target."""
    truth = np.ones((1, 1, 2), bool)
    probability = np.array([[[0.5, np.nextafter(np.float32(0.5), np.float32(1))]]], np.float32)
    assert metrics.counts(truth, probability) == (1, 2)


def test_arrays_of_two_shapes_are_refused():
    """Broadcasting would give a number, and a wrong one."""
    with pytest.raises(ValueError, match=r"must share one shape .* Received: truth=\(2, 4, 4\)"):
        metrics.counts(np.zeros((2, 4, 4), bool), np.zeros((1, 4, 4)))


def test_a_single_mask_is_refused():
    """Scores are per pair, so the first axis counts pairs."""
    with pytest.raises(ValueError, match=r"\(n, rows, cols\)"):
        metrics.counts(np.zeros((4, 4), bool), np.zeros((4, 4)))


def test_no_pairs_give_no_scores():
    """The empty block of a finished scan is no special case."""
    none = np.zeros((0, 8, 8), bool)
    c = metrics.counts(none, none)
    for score in (metrics.iou, metrics.dice, metrics.article_score):
        assert score(c).shape == (0,)
    assert metrics.article_score_soft(none, none).shape == (0,)


@pytest.mark.parametrize(
    ("intersection", "union", "tenths"),
    [
        (0, 7, 0), (9, 20, 0), (499, 1000, 0),
        (1, 2, 1), (10, 20, 1), (549, 1000, 1),
        (11, 20, 2), (55, 100, 2),
        (899, 1000, 8), (9, 10, 9), (900, 1000, 9), (949, 1000, 9),
        (19, 20, 10), (950, 1000, 10), (999, 1000, 10),
        (1, 1, 11), (16384, 16384, 11),
    ],
)  # fmt: skip
def test_the_staircase_steps_where_the_article_says(intersection, union, tenths):
    """IoU 0.5, 0.55, 0.9, 0.95 and 1 exactly, and one pixel below each, by hand."""
    assert metrics.article_tenths(one(intersection, union)) == tenths
    assert metrics.article_score(one(intersection, union)) == tenths / 10


def test_the_staircase_is_the_formula_in_exact_fractions():
    """floor(max(0, 20 (iou - 0.45))) for every ratio of up to 120 pixels, without a float."""
    both, either = np.array([(i, u) for u in range(1, 121) for i in range(u + 1)]).T
    exact = [max(Fraction(0), 20 * (Fraction(int(i), int(u)) - Fraction(45, 100))) // 1
             for i, u in zip(both, either, strict=True)]
    np.testing.assert_array_equal(metrics.article_tenths(Counts(both, either)), exact)


def test_below_one_the_score_is_average_precision_over_ten_thresholds():
    """What the article measures: the share of thresholds 0.50:0.05:0.95 that the IoU reaches."""
    both, either = np.arange(100), np.full(100, 100)
    share = np.mean([both >= percent for percent in range(50, 100, 5)], axis=0)
    np.testing.assert_allclose(metrics.article_score(Counts(both, either)), share, rtol=1e-12)


@pytest.mark.parametrize("score", [metrics.iou, metrics.dice, metrics.article_score])
def test_two_empty_masks_agree(score):
    """A pair without a target, predicted so, is right: 1, not 1.1 and not 0 / 0."""
    assert score(one(0, 0)) == 1


@pytest.mark.parametrize("score", [metrics.iou, metrics.dice, metrics.article_score])
def test_an_empty_truth_with_a_prediction_scores_nothing(score):
    """One wrong pixel on an empty mask is all wrong."""
    assert score(one(0, 1)) == 0


def test_soft_score_by_hand():
    """1.7 of the target found, 0.1 beside it: 1.7 / (2 + 1.8 - 1.7) = 0.81, step seven."""
    truth = np.array([[[1, 1, 0, 0]]])
    probability = np.array([[[0.9, 0.8, 0.1, 0.0]]])
    assert metrics.article_score_soft(truth, probability) == [0.7]


def test_soft_score_of_a_binary_prediction_is_the_score(blobs):
    """With nothing soft in it both are one measure, at the steps themselves too."""
    truth, probability = blobs
    steps = np.arange(20) < np.array([[10], [11], [18], [19], [20], [9]])
    truth = np.concatenate([truth.reshape(50, -1)[:, :20], np.ones((6, 20), bool)])[:, None]
    binary = np.concatenate([probability.reshape(50, -1)[:, :20] > 0.5, steps])[:, None]
    expected = metrics.article_score(metrics.counts(truth, binary))
    np.testing.assert_array_equal(metrics.article_score_soft(truth, binary.astype(np.float32)),
                                  expected)
    np.testing.assert_array_equal(expected[-6:], [0.1, 0.2, 0.9, 1.0, 1.1, 0.0])


def test_soft_score_of_empty_masks():
    """Empty truth: 1 where the prediction is empty too, 0 where any pixel is above 0."""
    truth = np.zeros((2, 2, 2), bool)
    probability = np.array([np.zeros((2, 2)), np.full((2, 2), 1e-6)])
    np.testing.assert_array_equal(metrics.article_score_soft(truth, probability), [1, 0])
