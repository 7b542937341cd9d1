"""How training varies the pairs of a batch: orientations, brightness, negatives; all by chance.

No network; importing this module starts TensorFlow, so nothing a page imports may. The chance of a
batch is decided by `seed`, two whole numbers: model seed and step.
"""

from __future__ import annotations

import tensorflow as tf

from shipdash.config import NetworkConfig

NEGATIVES, BRIGHTNESS = [1, 0], [2, 0]  # added to the seed: each kind of chance is its own


def varied(config: NetworkConfig, images, masks, seed):
    """A batch as a training step sees it: float32 (n, rows, cols, 3) and (n, rows, cols)."""
    if config.augment:
        images, masks = turned(images, masks, seed, config.orientations)
    if config.invert:
        images = inverted(images, seed)
    if config.brightness:
        images = brightened(images, seed, config.brightness)
    return images, masks


def turned(images, masks, seed, orientations: str = "all"):
    """Each pair mirrored left to right or not; or, with ``all``, in one of its orientations: two
    flips and, where it is square, a transposition."""
    n, rows, cols, _ = images.shape
    chance = tf.random.stateless_uniform((3, n), seed) < 0.5
    both = tf.concat([images, masks[..., None]], axis=-1)  # (n, rows, cols, 4)
    turns = [lambda x: x[:, ::-1], lambda x: x[:, :, ::-1]]
    if orientations == "left-right":
        turns = turns[1:]
    elif rows == cols:
        turns.append(lambda x: tf.transpose(x, (0, 2, 1, 3)))
    for turn, coin in zip(turns, tf.unstack(chance), strict=False):
        both = tf.where(coin[:, None, None, None], turn(both), both)
    return both[..., :3], both[..., 3]


def inverted(images, seed):
    """Each image as its negative, or not: the other polarity of the same scene."""
    coin = tf.random.stateless_uniform((images.shape[0], 1, 1, 1), tf.add(seed, NEGATIVES)) < 0.5
    return tf.where(coin, 1 - images, images)


def brightened(images, seed, most: float):
    """Each image with one number from -`most` to `most` added to all of it, cut off at 0 and 1."""
    more = tf.random.stateless_uniform((images.shape[0], 1, 1, 1), tf.add(seed, BRIGHTNESS),
                                       -most, most)
    return tf.clip_by_value(images + more, 0.0, 1.0)
