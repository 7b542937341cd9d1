"""The networks, their loss and the one learner that trains them: small, real, compiled rarely."""

import numpy as np
import pytest
from compiled import open_learner as shared_learner
from test_void import some

from shipdash import config as configs
from shipdash.data.scene import SceneSource
from shipdash.data.source import TARGET, VOID

pytestmark = pytest.mark.tensorflow

SIZE, BATCH = 32, 16
NETWORK = configs.quick().network
SCENE = configs.SceneConfig(size=SIZE, radius_min=4.0, radius_max=8.0)


def small(**changes):
    """Quicker to compile than the preset's."""
    return configs.NetworkConfig(**{"filters": 4, "batch": 4, "warmup_batch": 4,
                                    "predict_batch": 4, **changes})


def pairs(n, start=0):
    return SceneSource(SCENE, seed=1, n=1000).draw(range(start, start + n))


@pytest.fixture
def fresh():
    """The preset's learner, shared with other files: all compiled, and nothing learnt."""
    return shared_learner(NETWORK, shape=(SIZE, SIZE), seed=1)


@pytest.fixture(scope="module")
def varied_by_nothing():
    """A learner that sees its pairs as they are, and its fresh state."""
    from shipdash.learning.learner import open_learner

    plain = small(augment=False, invert=False, average=0.0)
    learner = open_learner(plain, shape=(SIZE, SIZE), seed=3)
    return learner, learner.get_state()


def same(a, b):
    return a.keys() == b.keys() and all(
        a[k].dtype == b[k].dtype and a[k].tobytes() == b[k].tobytes() for k in a)


@pytest.mark.parametrize("size", [32, 128])
def test_the_article_network_has_5_123_089_parameters(size):
    """The article's number, whatever the size of the image."""
    from shipdash.learning.networks import article_network

    built = article_network((size, size), 16)
    assert built.count_params() == 5_123_089
    assert built.output_shape == (None, size, size)


@pytest.mark.parametrize("size", [32, 48, 64, 128])
def test_the_compact_network_gives_a_mask_of_every_size(size):
    """One probability per pixel; its weights do not depend on the size."""
    from shipdash.learning.networks import compact_network

    built = compact_network((size, size), 16)
    assert built.output_shape == (None, size, size)
    assert built.count_params() == compact_network((32, 32), 16).count_params() < 200_000


def test_the_loss_by_hand_and_by_keras():
    """Two pixels on paper; random masks against keras.losses and the Dice formula in NumPy."""
    import keras
    import tensorflow as tf

    from shipdash.learning.networks import bce_dice_loss

    by_hand = -np.log(0.8) / 2 - np.log(0.4) / 2 + 1 - (2 * 0.8 + 1) / (1 + 1.4 + 1)
    found = bce_dice_loss(tf.constant([[[1.0, 0.0]]]), tf.constant([[[0.8, 0.6]]]))
    assert float(found) == pytest.approx(by_hand, rel=1e-6)
    chance = np.random.default_rng(1)
    truth = (chance.random((5, 8, 8)) < 0.3).astype(np.float32)
    p = chance.random((5, 8, 8)).astype(np.float32)
    dice = 1 - (2 * (truth * p).sum() + 1) / (truth.sum() + p.sum() + 1)
    bce = float(keras.losses.BinaryCrossentropy()(truth, p))
    assert float(bce_dice_loss(tf.constant(truth), tf.constant(p))) == pytest.approx(
        bce + dice, rel=1e-5)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_the_loss_is_finite_where_the_network_is_certain(value):
    """Certainly right costs nothing, certainly wrong a finite amount."""
    import tensorflow as tf

    from shipdash.learning.networks import bce_dice_loss

    certain = tf.fill((2, 4, 4), value)
    assert float(bce_dice_loss(certain, certain)) == pytest.approx(0.0, abs=1e-5)
    assert 10 < float(bce_dice_loss(1 - certain, certain)) < 20


def test_augmentation_turns_images_and_masks_alike():
    """Each pair comes out in one of its eight orientations, all eight come, the same by seed."""
    import tensorflow as tf

    from shipdash.learning import augmentation

    images, masks = pairs(64)
    masks = masks.astype(np.float32)
    turned, truth = (x.numpy() for x in augmentation.turned(
        tf.constant(images), tf.constant(masks), tf.constant([1, 7])))
    seen = set()
    for image, mask, after, mask_after in zip(images, masks, turned, truth, strict=True):
        ways = [(k, t) for k in range(4) for t in (False, True)]
        for k, t in ways:
            was, mask_was = (np.rot90(x.swapaxes(0, 1) if t else x, k) for x in (image, mask))
            if np.array_equal(was, after):
                assert np.array_equal(mask_was, mask_after)
                seen.add((k, t))
                break
        else:
            pytest.fail("not an orientation of the pair")
    assert len(seen) == 8
    again, other = (augmentation.turned(tf.constant(images), tf.constant(masks),
                                        tf.constant([1, step]))[0].numpy() for step in (7, 8))
    assert np.array_equal(turned, again)
    assert not np.array_equal(turned, other)


def test_pictures_with_an_up_are_mirrored_left_to_right_only():
    """Images and masks alike, and both ways come."""
    import tensorflow as tf

    from shipdash.learning import augmentation

    images, masks = pairs(32)
    after, truth = (x.numpy() for x in augmentation.turned(
        tf.constant(images), tf.constant(masks.astype(np.float32)), tf.constant([1, 7]),
        "left-right"))
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(after, images, strict=True)]
    assert 0 < sum(mirrored) < 32
    for k, is_mirrored in enumerate(mirrored):
        assert np.array_equal(after[k], images[k, :, ::-1] if is_mirrored else images[k])
        assert np.array_equal(truth[k], masks[k, :, ::-1] if is_mirrored else masks[k])


def test_brightness_adds_one_number_to_a_whole_image():
    """Between both limits, another for each image and step, and cut off at black and white."""
    import tensorflow as tf

    from shipdash.learning import augmentation

    grey = tf.fill((64, 8, 8, 3), 0.5)
    more, again, other = (augmentation.brightened(grey, tf.constant([1, step]), 0.2).numpy() - 0.5
                          for step in (7, 7, 8))
    each = more[:, 0, 0, 0]
    assert np.array_equal(more, np.broadcast_to(each[:, None, None, None], more.shape))
    assert -0.2 <= each.min() < -0.1 and 0.1 < each.max() <= 0.2 and len(set(each)) > 60
    assert np.array_equal(more, again) and not np.array_equal(more, other)
    white = augmentation.brightened(tf.ones((64, 8, 8, 3)), tf.constant([1, 7]), 0.2).numpy()
    assert white.max() == 1.0 and white.min() >= 0.8


def test_a_step_counts_the_pixels_of_its_batch(fresh):
    """Shapes and types as the protocol says; a mask keeps its area however it is turned."""
    images, masks = pairs(BATCH)
    step = fresh.train(images, masks)
    both, either = step.counts
    assert both.dtype == either.dtype == np.int64
    assert both.shape == either.shape == (BATCH,)
    assert np.isfinite(step.loss)
    assert (both <= masks.sum(axis=(1, 2))).all()
    assert (either >= masks.sum(axis=(1, 2))).all()


def test_a_step_is_one_adam_step_with_the_mean_gradient_of_its_shards(varied_by_nothing):
    """Against plain Keras: the counts, the loss and every weight after the step."""
    import keras
    import tensorflow as tf

    from shipdash.learning import metrics
    from shipdash.learning.networks import bce_dice_loss
    from shipdash.learning.tensorflow_learner import SHARDS

    learner, state = varied_by_nothing
    learner.set_state(state)
    plain = keras.models.clone_model(learner.network)
    plain.set_weights(learner.network.get_weights())
    images, masks = pairs(4)
    probabilities, gradients, losses = [], [], []
    before = [w.numpy() for w in plain.non_trainable_variables]
    for part in np.split(np.arange(4), SHARDS):
        for w, value in zip(plain.non_trainable_variables, before, strict=True):
            w.assign(value)
        with tf.GradientTape() as tape:
            p = plain(images[part], training=True)
            losses.append(bce_dice_loss(tf.constant(masks[part].astype("f4")), p))
        probabilities.append(p.numpy())
        gradients.append(tape.gradient(losses[-1], plain.trainable_weights))
    rate = float(learner.optimizer.learning_rate)
    keras.optimizers.Adam(rate).apply_gradients(zip(
        [sum(g) / SHARDS for g in zip(*gradients, strict=True)], plain.trainable_weights,
        strict=True))
    step = learner.train(images, masks)
    expected = metrics.counts(masks, np.concatenate(probabilities))
    assert np.array_equal(step.counts.union, expected.union)
    assert np.array_equal(step.counts.intersection, expected.intersection)
    assert step.loss == pytest.approx(float(sum(losses)) / SHARDS, rel=1e-5)
    for mine, theirs in zip(learner.network.trainable_weights, plain.trainable_weights,
                            strict=True):
        assert np.allclose(mine.numpy(), theirs.numpy(), atol=rate / 20), mine.path


def test_a_training_step_sees_no_void_pixel(varied_by_nothing):
    """Counts of the known pixels alone; where all are known, loss and counts of a bool mask."""
    images, masks = some(4)
    images = images.astype(np.float32) / 255
    learner, state = varied_by_nothing
    learner.set_state(state)
    plain = learner.train(images, masks == TARGET)
    learner.set_state(state)
    known = learner.train(images, (masks == TARGET).astype(np.uint8))
    learner.set_state(state)
    void = learner.train(images, masks)
    assert np.array_equal(plain.counts, known.counts)
    assert known.loss == pytest.approx(plain.loss, rel=1e-5)
    n_target = (masks == TARGET).sum(axis=(1, 2))
    assert np.array_equal(void.counts.intersection, plain.counts.intersection)
    assert (void.counts.union < plain.counts.union).all()
    assert (void.counts.union >= n_target).all()
    learner.set_state(state)
    assert np.array_equal(learner.train(images, np.full_like(masks, VOID)).counts,
                          np.zeros((2, 4)))


def test_preparing_changes_nothing(fresh):
    """Compiling takes a step on black images and takes it back."""
    before = fresh.get_state()
    fresh.prepare()
    assert same(fresh.get_state(), before)


def test_a_prediction_does_not_depend_on_its_company(fresh):
    """Any number of images, none included, in any order; and predicting changes nothing."""
    images, masks = pairs(2 * BATCH + 3)
    for _ in range(3):
        fresh.train(images[:BATCH], masks[:BATCH])
    before = fresh.get_state()
    whole = fresh.predict(images)
    assert whole.shape == (2 * BATCH + 3, SIZE, SIZE)
    assert whole.dtype == np.float32
    for n in (0, 1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH):
        assert np.array_equal(fresh.predict(images[:n]), whole[:n])
    assert np.array_equal(fresh.predict(images[::-1]), whole[::-1])
    assert same(fresh.get_state(), before)


def test_features_are_those_of_the_deepest_level_and_of_no_other_image(fresh):
    """32 channels at 8 filters; padding and company change nothing."""
    n = BATCH + 1
    images, _ = pairs(n)
    features = fresh.features(images)
    assert features.shape == (n, 32) and features.dtype == np.float32
    assert np.allclose(fresh.features(images[n - 1:]), features[n - 1:], atol=1e-6)
    assert len(np.unique(features.round(6), axis=0)) == n


def test_a_stored_state_goes_on_bit_for_bit(fresh):
    """Three steps, put away, three more; back to where it was: the same three again."""
    images, masks = pairs(4 * BATCH)
    batches = [slice(k * BATCH // 2, (k + 2) * BATCH // 2) for k in (0, 2, 4, 6, 1, 3)]
    for batch in batches[:3]:
        fresh.train(images[batch], masks[batch])
    stored = {k: v.copy() for k, v in fresh.get_state().items()}
    first = [fresh.train(images[batch], masks[batch]) for batch in batches[3:]]
    ended = fresh.get_state()
    assert not same(stored, ended)
    fresh.set_state(stored)
    assert same(fresh.get_state(), stored)
    second = [fresh.train(images[batch], masks[batch]) for batch in batches[3:]]
    assert same(fresh.get_state(), ended)
    for a, b in zip(first, second, strict=True):
        assert a.loss == b.loss
        assert np.array_equal(a.counts, b.counts)


def test_training_learns_the_pairs_it_is_shown(fresh):
    """The plain purpose: the loss on four pairs falls by a lot."""
    images, masks = (np.repeat(shown, BATCH // 4, axis=0) for shown in pairs(4))
    losses = [fresh.train(images, masks).loss for _ in range(60)]
    assert np.mean(losses[-5:]) < 0.6 * losses[0]


def test_the_same_seed_gives_the_same_weights_and_another_does_not(fresh):
    """Determinism by seed, without compiling anything."""
    from shipdash.learning.learner import open_learner

    twin = open_learner(NETWORK, shape=(SIZE, SIZE), seed=1).get_state()
    other = open_learner(NETWORK, shape=(SIZE, SIZE), seed=2).get_state()
    assert same(twin, fresh.get_state())
    assert not same(other, twin)


def test_a_reseeded_learner_is_one_of_that_seed_and_compiles_nothing(fresh):
    """Whatever it has learnt before, in any file of tests: weights, optimizer, moving averages and
    augmentation."""
    from shipdash.learning.learner import open_learner

    images, masks = pairs(BATCH)
    first = fresh.get_state()
    twin = open_learner(NETWORK, shape=(SIZE, SIZE), seed=2)
    start = twin.get_state()
    twin.train(images, masks)
    fresh.train(images, masks)
    n_shapes = fresh.n_shapes
    fresh.reseed(2)
    assert same(fresh.get_state(), start)
    fresh.train(images, masks)
    assert same(fresh.get_state(), twin.get_state())
    assert fresh.n_shapes == n_shapes
    fresh.reseed(1)
    assert same(fresh.get_state(), first)


def test_the_state_of_another_network_is_refused(fresh):
    """Another width, a missing or a surplus array."""
    from shipdash.learning.learner import open_learner

    state = fresh.get_state()
    narrower = open_learner(small(), shape=(SIZE, SIZE), seed=1).get_state()
    for wrong in (narrower, {}, dict(list(state.items())[1:]), state | {"more": np.zeros(2)}):
        with pytest.raises(ValueError, match="same compact network"):
            fresh.set_state(wrong)
    assert same(fresh.get_state(), state)


def test_after_all_these_calls_two_shapes_are_compiled(fresh):
    """One for training and one for prediction, however many pairs were asked for."""
    images, masks = pairs(BATCH + 1)
    fresh.train(images[:BATCH], masks[:BATCH])
    fresh.predict(images)
    assert fresh.n_shapes == 2


def test_the_device_is_named_and_the_parameters_are_counted(fresh):
    """What a result says about where it was made."""
    assert fresh.device
    assert fresh.n_parameters == fresh.network.count_params() > 1000


def test_pairs_need_not_be_square():
    """Rows and columns of their own, and of the eight orientations the four that keep the shape."""
    import tensorflow as tf

    from shipdash.learning import augmentation
    from shipdash.learning.learner import open_learner

    learner = open_learner(small(), shape=(32, 48), seed=1)
    chance = np.random.default_rng(1)
    images = chance.random((4, 32, 48, 3), np.float32)
    masks = chance.random((4, 32, 48)) < 0.3
    step = learner.train(images, masks)
    assert step.counts.union.shape == (4,) and np.isfinite(step.loss)
    assert learner.predict(images[:3]).shape == (3, 32, 48)
    one = np.repeat(images[:1], 64, axis=0)
    same = tf.constant(masks[:1].repeat(64, 0).astype(np.float32))
    turned = augmentation.turned(tf.constant(one), same, tf.constant([1, 7]))[0].numpy()
    ways = [images[0], images[0, ::-1], images[0, :, ::-1], images[0, ::-1, ::-1]]
    seen = {next(k for k, way in enumerate(ways) if np.array_equal(way, after))
            for after in turned}
    assert seen == {0, 1, 2, 3}
