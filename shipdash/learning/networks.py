"""The networks and their loss: the article's U-Net and a small one made for CPUs.

No training and no files; importing this module starts TensorFlow, so nothing a page imports may.
"""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # the log is for our words

import keras
import tensorflow as tf
from keras import layers


def article_network(shape: tuple[int, int], filters: int) -> keras.Model:
    """The article's U-Net: 5,123,089 parameters at 16 filters, whatever the shape.

    Residual blocks start with ReLU and batch normalization; four poolings lead from 128 to 8
    pixels (ChePeter, Habr, 2018, after the salt-identification U-Net with residual blocks).
    """
    dropouts = (0.25, 0.5, 0.5, 0.5)  # the article's
    inputs = keras.Input((*shape, 3))
    x, skips = inputs, []
    for level, dropout in enumerate(dropouts):
        x = _stage(x, filters << level)  # (n, rows >> level, cols >> level, filters << level)
        skips.append(x)
        x = layers.Dropout(dropout)(layers.MaxPooling2D(2)(x))
    x = _stage(x, filters << 4)  # (n, 8, 8, 256) at 128 pixels
    for level in reversed(range(4)):
        x = layers.Conv2DTranspose(filters << level, 3, strides=2, padding="same")(x)
        x = layers.Dropout(0.5)(layers.Concatenate()([x, skips[level]]))
        x = _stage(x, filters << level)
    x = layers.Dropout(0.25)(x)
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x)[..., 0])


def _stage(x, filters: int):
    x = layers.Conv2D(filters, 3, padding="same")(x)
    return layers.ReLU()(_residual(_residual(x, filters), filters))


def _residual(inputs, filters: int):
    x = layers.BatchNormalization()(layers.ReLU()(inputs))
    x = layers.Conv2D(filters, 3, padding="same")(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2D(filters, 3, padding="same")(x)
    return layers.Add()([layers.BatchNormalization()(x), inputs])


def compact_network(shape: tuple[int, int], filters: int) -> keras.Model:
    """A small U-Net for CPUs: one convolution a level and direction after a space-to-depth stem.

    A few learnt colour features a pixel, then 2 x 2 pixels become channels: convolutions run on a
    quarter of the places, no pixel is lost, and the head undoes it at full resolution.

    A stem that starts without the contrast is never repaired by training. Centred pixels and a
    leaky activation leave no feature dead, and an orthogonal kernel passes every direction of
    colour equally well, whatever the seed (Saxe, McClelland and Ganguli, ICLR 2014).
    """
    widths = [filters * half // 2 for half in (3, 4, 6, 8)]  # 12, 16, 24, 32 at 8 filters
    inputs = keras.Input((*shape, 3))
    x = layers.Rescaling(1.0, offset=-0.5)(inputs)
    x = layers.Conv2D(
        filters * 3 // 4, 1, activation="leaky_relu", name="stem",
        kernel_initializer=keras.initializers.Orthogonal(2.0),  # the spread of He's for 3 colours
    )(x)  # (n, rows, cols, 6)
    x, skips = SpaceToDepth()(x), []  # (n, rows / 2, cols / 2, 3 filters)
    for width in widths[:-1]:
        x = _conv(x, width)
        skips.append(x)
        x = layers.MaxPooling2D(2)(x)
    x = _conv(x, widths[-1])  # (n, rows / 16, cols / 16, widths[-1])
    for width, skip in zip(reversed(widths[:-1]), reversed(skips), strict=True):
        x = layers.Concatenate()([layers.UpSampling2D(2)(x), skip])
        x = _conv(x, width)
    x = DepthToSpace()(layers.Conv2D(4, 1)(x))  # (n, rows, cols, 1)
    return keras.Model(inputs, layers.Activation("sigmoid")(x)[..., 0])


def _conv(x, filters: int):
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False,
                      kernel_initializer="he_normal")(x)
    # Momentum 0.9: a run is some 500 steps, and Keras' 0.99 would still remember the first ones.
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))


class SpaceToDepth(layers.Layer):
    def call(self, x):
        return tf.nn.space_to_depth(x, 2)

    def compute_output_shape(self, shape):
        return (shape[0], shape[1] // 2, shape[2] // 2, shape[3] * 4)


class DepthToSpace(layers.Layer):
    def call(self, x):
        return tf.nn.depth_to_space(x, 2)

    def compute_output_shape(self, shape):
        return (shape[0], shape[1] * 2, shape[2] * 2, shape[3] // 4)


def bce_dice_loss(truth: tf.Tensor, probability: tf.Tensor,
                  known: tf.Tensor | None = None) -> tf.Tensor:
    """Mean binary cross-entropy plus ``1 - (2 sum(t p) + 1) / (sum t + sum p + 1)``.

    The Dice sums run over the whole batch, as in the article (Dice loss: Milletari, 3DV 2016).
    Where `known` is given, pixels at which it is 0 count in no sum and no mean; `truth` is 0 there.
    """
    p = tf.clip_by_value(probability, 1e-7, 1 - 1e-7)
    likelihood = truth * tf.math.log(p) + (1 - truth) * tf.math.log(1 - p)
    if known is None:
        cross_entropy = -tf.reduce_mean(likelihood)
    else:
        cross_entropy = -tf.math.divide_no_nan(tf.reduce_sum(known * likelihood),
                                               tf.reduce_sum(known))
        probability = known * probability
    overlap = 2 * tf.reduce_sum(truth * probability) + 1
    return cross_entropy + 1 - overlap / (tf.reduce_sum(truth) + tf.reduce_sum(probability) + 1)


NETWORKS = {"article": article_network, "compact": compact_network}
