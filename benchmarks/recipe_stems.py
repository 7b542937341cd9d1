"""The compact network with other first layers: what algorithm 2 had, and what was tried instead.

Not what the app uses: that is `compact_network`; a test holds the copy here against it.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from shipdash.learning import networks


def _colours(x, filters: int, **how):
    """The stem's colour features before its activation; named, so that they can be looked at."""
    how = {"kernel_initializer": "he_normal", **how}
    return layers.Conv2D(filters * 3 // 4, 1, name="stem", **how)(x)


def _centred(x):
    return layers.Rescaling(1.0, offset=-0.5)(x)


def _half_positive(shape, dtype=None):
    """Every feature sees the contrast: weights of one sign, positive or negative in turn."""
    signs = np.where(np.arange(shape[-1]) % 2, -1.0, 1.0).astype(np.float32)
    return abs(keras.initializers.HeNormal()(shape, dtype)) * signs


STEMS: dict[str, Callable] = {
    "algorithm 2": lambda x, filters: layers.ReLU()(_colours(x, filters)),
    "centred leaky": lambda x, filters: layers.LeakyReLU(0.2)(_colours(_centred(x), filters)),
    "centred relu": lambda x, filters: layers.ReLU()(_colours(_centred(x), filters)),
    "leaky": lambda x, filters: layers.LeakyReLU(0.2)(_colours(x, filters)),
    "linear": lambda x, filters: _colours(_centred(x), filters),
    "orthogonal leaky": lambda x, filters: layers.LeakyReLU(0.2)(
        _colours(x, filters, kernel_initializer=keras.initializers.Orthogonal(2.0))),
    "orthogonal centred leaky": lambda x, filters: layers.LeakyReLU(0.2)(
        _colours(_centred(x), filters, kernel_initializer=keras.initializers.Orthogonal(2.0))),
    "positive centred leaky": lambda x, filters: layers.LeakyReLU(0.2)(
        _colours(_centred(x), filters, kernel_initializer=_half_positive)),
    "normalized": lambda x, filters: layers.ReLU()(
        layers.BatchNormalization(momentum=0.9)(_colours(x, filters, use_bias=False))),
}

CHOSEN = "orthogonal centred leaky"  # what `compact_network` has


def network_with(stem: str) -> Callable[[tuple[int, int], int], keras.Model]:
    """A builder like `compact_network` whose first layers are those of this name."""

    def build(shape: tuple[int, int], filters: int) -> keras.Model:
        widths = [filters * half // 2 for half in (3, 4, 6, 8)]
        inputs = keras.Input((*shape, 3))
        x, skips = networks.SpaceToDepth()(STEMS[stem](inputs, filters)), []
        for width in widths[:-1]:
            x = networks._conv(x, width)
            skips.append(x)
            x = layers.MaxPooling2D(2)(x)
        x = networks._conv(x, widths[-1])
        for width, skip in zip(reversed(widths[:-1]), reversed(skips), strict=True):
            x = layers.Concatenate()([layers.UpSampling2D(2)(x), skip])
            x = networks._conv(x, width)
        x = networks.DepthToSpace()(layers.Conv2D(4, 1)(x))
        return keras.Model(inputs, layers.Activation("sigmoid")(x)[..., 0])

    return build
