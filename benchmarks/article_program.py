"""The article's program, rebuilt as it was, to hold our loop against: slow on purpose.

Keras `fit` for single epochs with the score as a metric, `predict` on blocks of 1,024, and
everything behind a pick predicted again. Written from the specification of the experiment, not
from the article's code, and with none of the article's bugs: one index space, fresh weights.

Two switches make its picks comparable with those of our loop, which is the point. With
``batches="ours"`` the order of an epoch comes from our loop's seeds and its last batch is filled
from the beginning (the article: Keras shuffles, and the last batch is short). The score is counted
in whole tenths from pixel counts, so that no rounding moves a step.
"""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from shipdash.config import RunConfig
from shipdash.data import open_source
from shipdash.data.source import stream_order
from shipdash.learning import metrics
from shipdash.learning.networks import NETWORKS, bce_dice_loss

BLOCK = 1024  # pairs predicted at a time
KERAS_BATCH = 32  # what `predict` does where nothing is said


def tenths(truth: tf.Tensor, probability: tf.Tensor) -> tf.Tensor:
    """The score of each pair of a batch in whole tenths, as `metrics.article_tenths` counts it."""
    t, p = truth > 0.5, probability > metrics.MASK_THRESHOLD
    both = tf.math.count_nonzero(t & p, axis=(1, 2))
    either = tf.math.count_nonzero(t | p, axis=(1, 2))
    steps = tf.maximum(tf.constant(0, tf.int64), 20 * both // tf.maximum(either, 1) - 9)
    return tf.cast(tf.where(either > 0, steps, 10), tf.float32)


class ArticleProgram:
    """Arrays in memory, a compiled Keras model, and the loop; counts what it does."""

    def __init__(self, config: RunConfig, *, batches: str) -> None:
        self.config, self.batches = config, batches
        self.stream = stream_order(config.selection.n_pool, config.seeds.order)
        self.n_epochs = self.n_trained = self.n_predicted = self.n_batches = 0

    def build(self) -> None:
        """Fresh weights; everything is traced on black pairs and taken back, as our loop does."""
        config = self.config
        keras.utils.set_random_seed(config.seeds.model)
        network = config.network
        self.model = NETWORKS[network.kind](config.shape, network.filters)
        self.model.compile(optimizer=keras.optimizers.Adam(network.learning_rate),
                           loss=bce_dice_loss, metrics=[tenths])
        self._trace()

    def draw_pool(self) -> None:
        """The whole pool as arrays in stream order, as the article held it."""
        pool = open_source(self.config)
        self.images, masks = pool.draw(self.stream.tolist())
        self.masks = masks.astype(np.float32)

    def run(self) -> list[int]:
        """Warm up, then scan and train until the pool is used up: the picks as pool numbers."""
        rules = self.config.selection
        core, position = list(range(rules.first)), rules.first
        self.train(core, self.config.network.warmup_batch)
        while position < len(self.images):
            ahead = slice(position, position + BLOCK)
            scores = self.predict(ahead)
            failing = np.flatnonzero(scores < rules.acceptance_tenths)
            if len(failing):
                core.append(position + int(failing[0]))
                position = core[-1] + 1
            else:
                position += len(scores)
            self.train(core, self.config.network.batch)
        return self.stream[core].tolist()

    def train(self, core: list[int], batch: int) -> None:
        """Whole epochs, one call of `fit` each, until the epoch's mean score passes."""
        score = 0.0
        while not score > 10 * self.config.selection.precision:
            which = np.array(core)[self._epoch_order(len(core), batch)]
            score = self.fit(self.images[which], self.masks[which], batch)
            self.n_epochs, self.n_trained = self.n_epochs + 1, self.n_trained + len(which)
            self.n_batches += -(-len(which) // batch)

    def fit(self, images: np.ndarray, masks: np.ndarray, batch: int) -> float:
        """One epoch of Keras; its mean score in tenths."""
        if self.batches == "keras":
            history = self.model.fit(images, masks, batch_size=batch, epochs=1, verbose=0)
        else:  # arrays would lose the batch's size from the graph, and with it the last bits
            whole = tf.data.Dataset.from_tensor_slices((images, masks))
            history = self.model.fit(whole.batch(batch, drop_remainder=True), epochs=1,
                                     shuffle=False, verbose=0)
        return history.history["tenths"][-1]

    def predict(self, ahead: slice) -> np.ndarray:
        """Scores in tenths of the pairs ahead."""
        probability = self.model.predict(self.images[ahead], batch_size=KERAS_BATCH, verbose=0)
        self.n_predicted += len(probability)
        return metrics.article_tenths(metrics.counts(self.masks[ahead], probability))

    def _epoch_order(self, n: int, batch: int) -> np.ndarray:
        if self.batches == "keras":
            return np.arange(n)
        chance = np.random.SeedSequence(self.config.seeds.model, spawn_key=(self.n_batches,))
        permutation = np.random.Generator(np.random.SFC64(chance)).permutation(n)
        return np.resize(permutation, -(-n // batch) * batch)

    def _trace(self) -> None:
        model, batch, side = self.model, self.config.network.batch, self.config.scene.size
        black = np.zeros((batch, side, side, 3), np.float32)
        model.optimizer.build(model.trainable_variables)
        variables = [*model.variables, *model.optimizer.variables]
        fresh = [v.numpy() for v in variables]
        self.fit(black, black[..., 0], batch)
        model.predict(black, verbose=0)
        for variable, value in zip(variables, fresh, strict=True):
            variable.assign(value)
