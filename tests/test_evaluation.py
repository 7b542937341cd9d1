"""Scores on pairs in blocks, against scikit-learn and by hand; no network."""

import threading

import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score

from shipdash.config import RunConfig, SceneConfig
from shipdash.data import open_source
from shipdash.data.scene import SceneSource
from shipdash.learning import evaluation, metrics
from shipdash.learning.evaluation import Scores
from shipdash.learning.learner import RoteLearner
from shipdash.results import HeldOut, Reaudit

SCENE = SceneConfig(size=32, radius_min=3, radius_max=6)


@pytest.fixture
def pool():
    return SceneSource(SCENE, seed=2, n=60, split="held_out")


class Blurred:
    """Predicts each mask moved by some rows: every IoU between 0 and 1, another for each pair."""

    def __init__(self, pool):
        self.n_blocks = 0
        images, masks = pool.draw(range(pool.n))
        self.answers = {image.tobytes(): np.roll(mask, i % 9, axis=0) * 0.8
                        for i, (image, mask) in enumerate(zip(images, masks, strict=True))}

    def predict(self, images):
        self.n_blocks += 1
        return np.array([self.answers[image.tobytes()] for image in images], np.float32)


def test_scores_are_those_of_scikit_learn(pool):
    """IoU is the Jaccard index of the pixels, Dice their F1 score."""
    learner = Blurred(pool)
    scores = evaluation.score(pool, learner, np.arange(60))
    for i in range(60):
        images, masks = pool.draw([i])
        truth = masks[0].ravel()
        predicted = learner.answers[images[0].tobytes()].ravel() > 0.5
        assert scores.iou[i] == pytest.approx(jaccard_score(truth, predicted))
        assert scores.dice[i] == pytest.approx(f1_score(truth, predicted))
        assert scores.article[i] == pytest.approx(
            np.floor(max(0.0, 20 * (scores.iou[i] - 0.45) + 1e-9)) / 10)
    assert len(np.unique(scores.iou)) > 20


def test_scores_come_in_the_order_asked_for(pool):
    """A permutation of the pairs is the same permutation of the scores."""
    forward = evaluation.score(pool, Blurred(pool), np.arange(60))
    backward = evaluation.score(pool, Blurred(pool), np.arange(60)[::-1])
    assert backward.index.tolist() == list(range(60))[::-1]
    for name in ("iou", "dice", "article", "soft"):
        assert np.array_equal(getattr(backward, name)[::-1], getattr(forward, name))


@pytest.mark.parametrize("block", [1, 7, 60, 61])
def test_the_block_changes_no_score(pool, monkeypatch, block):
    """It bounds memory, and how often somebody may stop it; the worst pairs are the same too."""
    expected = evaluation.score(pool, Blurred(pool), np.arange(60))
    monkeypatch.setattr(evaluation, "BLOCK", block)
    learner, heard = Blurred(pool), []
    found = evaluation.score(pool, learner, np.arange(60), heard.append)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    assert learner.n_blocks == len(heard) == -(-60 // block)
    assert heard[-1] == 60


def test_the_answers_are_those_of_one_block_after_the_other(pool, monkeypatch):
    """Drawing, predicting and scoring at the same time changes no bit of any score."""
    monkeypatch.setattr(evaluation, "BLOCK", 7)
    found = evaluation.score(pool, Blurred(pool), np.arange(60))
    images, masks = pool.draw(range(60))
    probability = Blurred(pool).predict(images)
    c = metrics.counts(masks, probability)
    straightforward = {"iou": metrics.iou(c), "dice": metrics.dice(c),
                       "article": metrics.article_score(c),
                       "soft": metrics.article_score_soft(masks, probability),
                       "has_target": masks.any(axis=(1, 2))}
    for name, expected in straightforward.items():
        assert getattr(found, name).tobytes() == expected.tobytes(), name
    worst = np.argsort(straightforward["iou"], kind="stable")[: evaluation.N_WORST]
    assert found.worst.tolist() == worst.tolist()
    assert np.array_equal(found.worst_prediction, np.rint(probability[worst] * 255))


def test_one_block_is_drawn_ahead_and_no_more(pool, monkeypatch):
    """However many pairs there are, drawing is one block ahead of the network at most."""
    monkeypatch.setattr(evaluation, "BLOCK", 4)
    drawn, learner = [], Blurred(pool)
    draw = pool.draw
    monkeypatch.setattr(pool, "draw", lambda indices: drawn.append(1) or draw(indices))
    ahead = []
    predict = learner.predict
    monkeypatch.setattr(learner, "predict", lambda images: (
        ahead.append(len(drawn) - len(ahead)), predict(images))[1])
    evaluation.score(pool, learner, np.arange(60))
    assert len(drawn) == len(ahead) == 15
    assert max(ahead) <= 2


def test_whoever_stops_hears_no_more_and_leaves_no_thread(pool, monkeypatch):
    """An error raised after a block ends the scoring, and nothing is drawn any more."""
    monkeypatch.setattr(evaluation, "BLOCK", 4)
    before = set(threading.enumerate())

    def stop(n_done):
        raise InterruptedError(n_done)

    with pytest.raises(InterruptedError, match="4"):
        evaluation.score(pool, Blurred(pool), np.arange(60), stop)
    assert set(threading.enumerate()) <= before


def test_the_worst_pairs_are_the_worst_first(pool, monkeypatch):
    """With the prediction that each was scored on, ready to be looked at."""
    monkeypatch.setattr(evaluation, "N_WORST", 5)
    monkeypatch.setattr(evaluation, "BLOCK", 8)
    learner = Blurred(pool)
    scores = evaluation.score(pool, learner, np.arange(60))
    ious = dict(zip(scores.index.tolist(), scores.iou.tolist(), strict=True))
    by_hand = sorted(ious, key=lambda i: (ious[i], i))[:5]
    assert scores.worst.tolist() == by_hand
    assert scores.worst_prediction.dtype == np.uint8
    for i, picture in zip(scores.worst, scores.worst_prediction, strict=True):
        answer = learner.answers[pool.draw([int(i)])[0][0].tobytes()]
        assert np.array_equal(picture, np.rint(answer.astype(np.float32) * 255))


def test_no_pairs_give_no_scores(pool):
    """The re-audit of a pool that was kept whole."""
    scores = evaluation.score(pool, Blurred(pool), np.zeros(0, int))
    assert {len(column) for column in scores} == {0}
    assert scores.worst_prediction.shape == (0, *pool.shape)  # no pictures, yet of that size


def test_whoever_listens_may_stop_it(pool, monkeypatch):
    """A block late at most: the next one is predicted while it is being scored."""
    monkeypatch.setattr(evaluation, "BLOCK", 10)
    learner = Blurred(pool)

    def enough(n_done):
        if n_done >= 20:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        evaluation.score(pool, learner, np.arange(60), enough)
    assert learner.n_blocks == 3  # the next one was predicted while the second was scored


def scored(*ious, index=None):
    iou = np.array(ious, float)
    index = np.arange(len(iou)) if index is None else np.array(index)
    return Scores(index, iou, iou / 2, iou / 3, iou / 4, iou > 0.4, index[:0], index[:0])


def test_the_held_out_summary_by_hand():
    """Four pairs, one of them on the threshold: it passes, and no rounding makes it fail."""
    assert evaluation.held_out_summary(scored(0.9, 0.89, 1.0, 0.5), 0.9) == HeldOut(
        n=4, mean_iou=pytest.approx(0.8225), share_failing=0.5, mean_dice=pytest.approx(0.41125),
        article_score=pytest.approx(0.8225 / 3), article_score_soft=pytest.approx(0.8225 / 4),
        acceptance_iou=0.9, n_foreground=4, foreground_iou=pytest.approx(0.8225))
    third = evaluation.held_out_summary(scored(0.1 + 0.2, 0.3), 0.1 + 0.2)
    assert third.share_failing == 0.0


def test_the_mean_of_pairs_with_a_target_stands_beside_the_mean_of_all():
    """An empty mask on which nothing is predicted scores 1 and would flatter the mean."""
    summary = evaluation.held_out_summary(scored(1.0, 0.5)._replace(
        has_target=np.array([False, True])), 0.9)
    assert (summary.mean_iou, summary.foreground_iou, summary.n_foreground) == (0.75, 0.5, 1)
    empty = evaluation.held_out_summary(scored(1.0)._replace(has_target=np.array([False])), 0.9)
    assert (empty.foreground_iou, empty.n_foreground) == (None, 0)


def test_scores_know_which_pairs_have_a_target():
    """Wrong masks that were left empty have none."""
    pool = open_source(RunConfig(scene=SCENE).replace(
        **{"planted.label_noise": 0.5, "planted.label_noise_kind": "dropped"}), n=20)
    scores = evaluation.score(pool, RoteLearner(), np.arange(20))
    assert scores.has_target.tolist() == [pool.label(i) == "true" for i in range(20)]
    assert scores.iou.tolist() == (~scores.has_target).astype(float).tolist()


def test_the_reaudit_summary_by_hand():
    """Failing pairs by number, the worst first; of two alike the first comes first."""
    found = evaluation.reaudit_summary(
        scored(0.95, 0.2, 0.9, 0.1, 0.2, index=[40, 7, 3, 12, 5]), 0.9)
    assert found == Reaudit(n=5, n_failing=3, lowest_iou=0.1, failing=(12, 7, 5))


def test_a_reaudit_of_nothing():
    """No lowest score, and no failure."""
    assert evaluation.reaudit_summary(scored(), 0.9) == Reaudit(
        n=0, n_failing=0, lowest_iou=None, failing=())
