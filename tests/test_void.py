"""Void pixels count nowhere, and synthetic masks know nothing of them."""

import time

import numpy as np
import paging
import pytest
import streamlit as st
from skimage.io import imread

from shipdash import config as configs
from shipdash.data import export_core_set, files, open_source
from shipdash.data.own_preset import own_config
from shipdash.data.source import TARGET, VOID, AheadSource
from shipdash.learning import metrics
from shipdash.learning.learner import RoteLearner
from shipdash.loop import select
from shipdash.records import LoopState, StopReason
from shipdash.runs import Store, worker
from shipdash.ui import gallery
from shipdash.ui.run import last_pick
from shipdash.ui.run.probe_strip import strip


def some(n=6, rows=32, cols=32, seed=1):
    """Images uint8, masks uint8 with all three values."""
    chance = np.random.default_rng(seed)
    images = chance.integers(0, 256, (n, rows, cols, 3), np.uint8)
    return images, chance.choice(3, (n, rows, cols), p=[0.6, 0.3, 0.1]).astype(np.uint8)


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """A stored data set with void pixels, and a run on it."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    files.write("roads", *some(), np.array([0, 0, 0, 0, 1, 1], np.uint8))
    return own_config("roads").replace(**{"network.kind": "rote", "network.predict_batch": 2})


def test_scores_with_void_pixels_are_those_of_the_other_pixels():
    """Leaving the pixels out of both arrays gives the same counts and the same soft score."""
    _, masks = some(20)
    probability = np.random.default_rng(2).random(masks.shape, np.float32)
    whole = metrics.counts(masks, probability)
    soft = metrics.article_score_soft(masks, probability)
    for i, mask in enumerate(masks):
        known = mask != VOID
        truth, there = (mask[known] == TARGET)[None, None], probability[i][known][None, None]
        alone = metrics.counts(truth, there)
        assert (whole.intersection[i], whole.union[i]) == (alone.intersection[0], alone.union[0])
        assert soft[i] == pytest.approx(metrics.article_score_soft(truth, there)[0])


def test_a_mask_that_is_void_throughout_counts_as_empty():
    """Whatever is predicted, there is nothing to get wrong."""
    masks = np.full((1, 4, 4), VOID, np.uint8)
    assert metrics.iou(metrics.counts(masks, np.ones((1, 4, 4)))).tolist() == [1.0]


def test_an_empty_mask_scores_one_if_nothing_is_predicted_and_else_zero():
    """One wrong pixel is enough; half a probability is no prediction."""
    masks, probability = np.zeros((2, 4, 4), bool), np.full((2, 4, 4), 0.5)
    probability[1, 0, 0] = 0.51
    assert metrics.iou(metrics.counts(masks, probability)).tolist() == [1.0, 0.0]


def test_void_pixels_come_from_the_disk_as_they_were_stored(stored):
    """Also where pairs are drawn ahead; and a run on them selects, discards and ends."""
    pool = open_source(stored)
    _, masks = AheadSource(pool).draw([3, 0])
    assert masks.dtype == np.uint8 and np.array_equal(masks, some()[1][[3, 0]])
    state = LoopState()
    events = list(select(pool, RoteLearner(), stored, np.arange(4), state))
    assert events[-1].reason is StopReason.EXHAUSTED and state.core == [0, 1, 2, 3]


def test_masks_are_bool_where_no_pixel_can_be_void(stored, tmp_path):
    """Stored as bool, or as uint8 with a manifest that says so; and those of a scene."""
    images, masks = some()
    split = np.zeros(6, np.uint8)
    files.write("plain", images, masks == TARGET, split)
    files.write("said", images, (masks == TARGET).astype(np.uint8), split, void=False)
    drawn = [open_source(own_config(name)) for name in ("plain", "said")]
    drawn.append(open_source(configs.quick(), n=2))
    assert [(source.void, source.draw([1])[1].dtype) for source in drawn] == [(False, bool)] * 3
    assert np.array_equal(drawn[1].draw([2])[1][0], masks[2] == TARGET)


def test_a_wrong_mask_takes_its_void_pixels_along(stored):
    """They move with the target and stay void."""
    planted = open_source(stored.replace(**{"planted.label_noise": 1.0}))
    was, now = open_source(stored).draw([0])[1][0], planted.draw([0])[1][0]
    assert planted.void and now.dtype == np.uint8
    found = [(down, right) for down in range(-6, 7) for right in range(-6, 7)
             if (down, right) != (0, 0) and np.array_equal(
                 now[6:-6, 6:-6], was[6 - down : 26 - down, 6 - right : 26 - right])]
    assert len(found) == 1 and set(np.unique(now)) == {0, TARGET, VOID}


def test_the_preset_of_a_data_set_asks_for_all_of_its_pairs(stored):
    """Shape, name and fingerprint too; other pairs or seeds make no other preset of it."""
    config = own_config("roads")
    assert (config.selection.n_pool, config.evaluation.n_held_out, config.shape) == (4, 2, (32, 32))
    assert config.selection.acceptance == "iou" and not config.network.invert
    assert configs.preset_of(config.replace(**{"seeds.order": 3, "selection.n_pool": 4})) == "own"
    assert configs.preset_of(stored) == "custom"
    assert open_source(config).fingerprint.startswith(config.source.fingerprint)


def test_a_run_on_a_data_set_is_one_command(stored, call):
    """It is named with the preset, and the page's command repeats it."""
    code, out, err = call("run", "--data", "roads", "--set", "network.kind=rote", "--json")
    assert code == 0, err
    assert '"n_core": 4' in out
    assert call("run", "--data", "ships")[0] != 0
    assert call("run", "--data", "roads", "--preset", "quick")[0] == 2


@pytest.mark.parametrize("option", ["--pool", "--held-out"])
def test_more_pairs_than_a_data_set_has_leave_no_run_behind(stored, call, tmp_path, option):
    """A failed one would stand in the list, and fail again at each resume."""
    code, _, err = call("run", "--data", "roads", option, 5, "--set", "selection.first=3")
    assert code == 2, err
    assert not (tmp_path / "runs").exists()


def test_a_network_made_ready_beforehand_is_compiled_for_void_pixels(stored, tmp_path):
    """Or it would be compiled again in mid-run, whose time would be called training."""
    asked = []

    class Asked(RoteLearner):
        def prepare(self, *, void=False):
            """Takes a while."""
            time.sleep(0.05)
            asked.append(void)

    store = Store(tmp_path / "runs")
    run_id, _ = store.create(stored)
    result = worker.work(store, run_id, prepared=worker.Prepared(Asked(), 1.0))
    assert asked == [True] and result.phases["compile"] >= 0.05
    plain, _ = store.create(configs.quick().replace(**{
        "network.kind": "rote", "selection.n_pool": 12, "evaluation.n_held_out": 0}))
    worker.work(store, plain, prepared=worker.Prepared(Asked(), 1.0))
    assert asked == [True]


def test_an_exported_mask_shows_void_pixels_grey(stored, tmp_path):
    """Almost as white as the target they could not be told from it."""
    export_core_set.write_pictures(tmp_path, open_source(stored), [3])
    seen = imread(tmp_path / "0000003_mask.png")
    assert np.array_equal(seen, np.array([0, 255, 127])[some()[1][3]])


@pytest.mark.tensorflow
def test_the_loss_with_void_pixels_is_that_of_the_other_pixels():
    """Against the loss of the pixels that are left; one that is nowhere known costs nothing."""
    import tensorflow as tf

    from shipdash.learning.networks import bce_dice_loss

    _, masks = some(3)
    probability = np.random.default_rng(3).random(masks.shape).astype(np.float32)
    known = masks != VOID
    truth = (masks == TARGET).astype(np.float32)
    whole = bce_dice_loss(tf.constant(truth), tf.constant(probability),
                          tf.constant(known.astype(np.float32)))
    alone = bce_dice_loss(tf.constant(truth[known]), tf.constant(probability[known]))
    assert float(whole) == pytest.approx(float(alone), rel=1e-5)
    nothing = bce_dice_loss(tf.zeros((1, 2, 2)), tf.ones((1, 2, 2)), tf.zeros((1, 2, 2)))
    assert float(nothing) == 0.0


def test_the_newest_pick_shows_void_pixels_grey(stored, tmp_path, monkeypatch):
    """As Samples does: masks with void pixels are numbers, not bool."""
    store = paging.quiet_store(tmp_path, monkeypatch)
    run = store.info(worker.work(store, store.create(stored)[0]).run_id)
    shown = []
    monkeypatch.setattr(st, "image", lambda picture, **_: shown.append(picture))
    last_pick.show(run, store.events(run.run_id)[0])
    (image,), (mask,) = gallery.of_run(run, run.result.core[-1:])
    assert (mask == VOID).any()
    assert shown[:2] == [gallery.inline(image), gallery.truth(mask).url]


def test_void_pixels_are_ground_in_the_strip():
    """Whatever is predicted there."""
    images, masks = np.zeros((2, 32, 32, 3), np.float32), some(2)[1]
    seen = np.ones(masks.shape, bool)
    expected = strip(images, masks == TARGET, seen & (masks != VOID))
    assert strip(images, masks, seen) == expected != strip(images, masks == TARGET, seen)
