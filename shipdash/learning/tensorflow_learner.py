"""A network with its optimizer as a learner: the one room behind `open_learner`.

No selection and no files; importing this module starts TensorFlow, so nothing a page imports may.
"""

from __future__ import annotations

import random
import threading

import keras
import numpy as np
import tensorflow as tf

from shipdash.config import NetworkConfig
from shipdash.counted import counted
from shipdash.data.source import VOID
from shipdash.learning import augmentation
from shipdash.learning.learner import Step, threads
from shipdash.learning.metrics import MASK_THRESHOLD, Counts
from shipdash.learning.networks import NETWORKS, bce_dice_loss

SHARDS = 2  # a laptop's cores; 4 shards of 4 pairs trained 20 % slower
SHARD_SEED = 1_000_003  # apart from any seed a person would choose next

class TensorFlowLearner:
    """A network with its optimizer: one compiled training step and one compiled prediction.

    Each is compiled for one batch shape (the article's warm-up batch is a third): a new shape
    would cost many seconds in the middle of a run.

    A batch of the compact network is cut into `SHARDS` that are worked on side by side: XLA keeps
    two cores busier with two small programs than with one large one. Batch normalization sees a
    shard at a time ("ghost batches", Hoffer, Hubara and Soudry, NeurIPS 2017). The number is part
    of the recipe and not of the machine, so that a spec means the same sums with any threads.
    """

    def __init__(self, config: NetworkConfig, *, shape: tuple[int, int], seed: int) -> None:
        _allow_memory_growth()
        keras.utils.set_random_seed(seed)
        self.config, self.shape, self.seed = config, shape, seed
        self.network, self.optimizer, self.averaged = _built(config, shape)
        self.n_parameters = self.network.count_params()
        self.device = _device_name()
        # XLA speeds up the small network on any device; compiling the article's takes minutes on
        # a CPU, which only a GPU pays back.
        xla = config.kind == "compact" or bool(tf.config.list_physical_devices("GPU"))
        self._gradients = tf.function(self._shard_gradients, jit_compile=xla)
        self._forward = tf.function(self._shard_forward, jit_compile=xla)
        self._update = tf.function(self._apply, jit_compile=xla)
        self._train, self._predict = tf.function(self._train_step), tf.function(self._predict_batch)
        self._features = None  # made when it is first asked for: few runs ask

    @property
    def n_shapes(self) -> int:
        """How many shapes of image batches have been compiled so far."""
        return sum(f.experimental_get_tracing_count() for f in (self._gradients, self._forward))

    def prepare(self, *, void: bool = False) -> None:
        """See `Learner.prepare`: one step and one prediction on black images, then back.

        The two are compiled at the same time, each on a core of its own.
        """
        fresh = self.get_state()
        other = threading.Thread(target=self.predict, args=(self._black(1),))
        other.start()
        for batch in {self.config.warmup_batch, self.config.batch}:
            self.train(self._black(batch),
                       np.zeros((batch, *self.shape), np.uint8 if void else bool))
        other.join()
        self.set_state(fresh)

    def reseed(self, seed: int) -> None:
        """See `Learner.reseed`: the variables stay, because what is compiled holds on to them.

        Keras draws weights and dropout seeds from Python's random numbers. TensorFlow's own seed,
        which nothing here depends on, is left as it is: setting it makes TensorFlow prepare every
        compiled function again at its next call, 0.8 s for the compact network and 10 s for the
        article's.
        """
        random.seed(seed)
        self.set_state(_state(*_built(self.config, self.shape)))
        self.seed = seed

    def train(self, images: np.ndarray, masks: np.ndarray) -> Step:
        """See `Learner.train`: masks that may have void pixels are compiled for apart."""
        step = int(self.optimizer.iterations.numpy())
        masks = masks.astype(np.float32) if masks.dtype == bool else masks
        both, either, loss = self._train(
            tf.constant(images), tf.constant(masks), tf.constant([self.seed % 2**31, step]),
        )
        return Step(Counts(both.numpy().astype(np.int64), either.numpy().astype(np.int64)),
                    float(loss))

    def predict(self, images: np.ndarray) -> np.ndarray:
        """See `Learner.predict`."""
        return self._in_batches(self._predict, images, self.shape)

    def features(self, images: np.ndarray) -> np.ndarray:
        """See `Learner.features`: the deepest level of the U-Net, averaged over its places."""
        if self._features is None:
            deepest = self._deepest()
            network = keras.Model(self.averaged.inputs,
                                  keras.ops.mean(deepest, axis=(1, 2)))
            self._features = tf.function(lambda part: network(part, training=False))
            self._n_features = int(deepest.shape[-1])
        return self._in_batches(self._features, images, (self._n_features,))

    def _deepest(self):
        """The last tensor at the lowest resolution, whose channels have seen the most."""
        tensors = [layer.output for layer in self.averaged.layers if len(layer.output.shape) == 4]
        lowest = min(tensor.shape[1] for tensor in tensors)
        return [tensor for tensor in tensors if tensor.shape[1] == lowest][-1]

    def _in_batches(self, function, images: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """What a compiled function gives; the last batch is padded with black images."""
        batch = self.config.predict_batch
        out = np.empty((len(images), *shape), np.float32)
        for start in range(0, len(images), batch):
            part = images[start : start + batch]
            n = len(part)
            if n < batch:
                part = np.concatenate([part, self._black(batch - n)])
            out[start : start + n] = function(tf.constant(part)).numpy()[:n]
        return out

    def get_state(self) -> dict[str, np.ndarray]:
        """Weights, moving statistics, dropout seeds and Adam's moments, in order of creation."""
        return _state(self.network, self.optimizer, self.averaged)

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """See `Learner.set_state`."""
        variables = _variables(self.network, self.optimizer, self.averaged)
        shapes = {f"v{i:04d}": tuple(v.shape) for i, v in enumerate(variables)}
        if {name: value.shape for name, value in state.items()} != shapes:
            raise ValueError(f"state must come from the same {self.config.kind} network")
        for i, variable in enumerate(variables):
            variable.assign(state[f"v{i:04d}"])

    def _black(self, n: int) -> np.ndarray:
        return np.zeros((n, *self.shape, 3), np.float32)

    def _train_step(self, images, masks, seed):
        """Gradients of every shard side by side, then one update with their mean."""
        n = self._n_shards(images.shape[0])
        weights = [tf.identity(v.value) for v in self.network.trainable_variables]
        state = [tf.identity(v.value) for v in self.network.non_trainable_variables]
        shards = [
            self._gradients(weights, state, part, truth, tf.add(seed, [i * SHARD_SEED, 0]))
            for i, (part, truth) in enumerate(
                zip(tf.split(images, n), tf.split(masks, n), strict=True))
        ]
        both, either, losses, gradients, states = zip(*shards, strict=True)
        self._update(gradients, states)
        return tf.concat(both, 0), tf.concat(either, 0), tf.add_n(losses) / n

    def _shard_gradients(self, weights, state, images, masks, seed):
        """Pixel counts, loss, gradients and new state of one shard; changes nothing."""
        void = masks.dtype == tf.uint8
        images, masks = augmentation.varied(self.config, images, tf.cast(masks, tf.float32), seed)
        known = tf.cast(masks != VOID, tf.float32) if void else None
        masks = masks * known if void else masks
        with tf.GradientTape() as tape:
            tape.watch(weights)
            probability, state = self.network.stateless_call(weights, state, images, training=True)
            loss = bce_dice_loss(masks, probability, known)
        p, t = probability > MASK_THRESHOLD, masks > MASK_THRESHOLD
        p = p & (known > 0) if void else p
        both, either = (tf.math.count_nonzero(pixels, axis=(1, 2), dtype=tf.int32)
                        for pixels in (p & t, p | t))
        return both, either, loss, tape.gradient(loss, weights), state

    def _apply(self, gradients, states) -> None:
        """One optimizer step with the mean gradient; moving statistics are averaged likewise."""
        n = len(gradients)
        self.optimizer.apply([tf.add_n(g) / n for g in zip(*gradients, strict=True)])
        for variable, values in zip(self.network.non_trainable_variables,
                                    zip(*states, strict=True), strict=True):
            variable.assign(values[0] if n == 1 else tf.add_n(values) / n)
        if self.averaged is not self.network:
            self._average()

    def _average(self) -> None:
        """Follow the weights with a short memory at first, so as not to hold on to the start."""
        step = tf.cast(self.optimizer.iterations, tf.float32)
        decay = tf.minimum(self.config.average, step / (step + 9))
        for mean, now in zip(self.averaged.trainable_variables,
                             self.network.trainable_variables, strict=True):
            mean.assign(decay * mean + (1 - decay) * now)
        for mean, now in zip(self.averaged.non_trainable_variables,
                             self.network.non_trainable_variables, strict=True):
            mean.assign(now)  # moving statistics are averages already

    def _predict_batch(self, images):
        parts = tf.split(images, self._n_shards(images.shape[0]))
        return tf.concat([self._forward(part) for part in parts], 0)

    def _shard_forward(self, images):
        return self.averaged(images, training=False)

    def _n_shards(self, batch: int) -> int:
        """Whole shards only; the article's network keeps its batch, which its Dice loss spans."""
        return SHARDS if self.config.kind == "compact" and batch % SHARDS == 0 else 1


def _built(config: NetworkConfig, shape: tuple[int, int]):
    """A network, its optimizer, and its moving average, which may be the network itself."""
    network = NETWORKS[config.kind](shape, config.filters)
    optimizer = keras.optimizers.Adam(_learning_rate(config))
    optimizer.build(network.trainable_variables)
    averaged = network
    if config.average:
        averaged = NETWORKS[config.kind](shape, config.filters)
        averaged.set_weights(network.get_weights())
    return network, optimizer, averaged


def _variables(network, optimizer, averaged) -> list:
    """TensorFlow's variables behind those of Keras, in order of creation."""
    more = averaged.variables if averaged is not network else []
    return [v.value for v in (*network.variables, *optimizer.variables, *more)]


def _state(network, optimizer, averaged) -> dict[str, np.ndarray]:
    variables = _variables(network, optimizer, averaged)
    return {f"v{i:04d}": v.numpy() for i, v in enumerate(variables)}


def _learning_rate(config: NetworkConfig):
    """Constant, or falling with one over the square root of the step (Robbins and Monro, 1951)."""
    if not config.decay_steps:
        return config.learning_rate
    return _InverseRoot(config.learning_rate, config.decay_steps)


class _InverseRoot(keras.optimizers.schedules.LearningRateSchedule):
    """``start / sqrt(1 + step / decay_steps)``."""

    def __init__(self, start: float, decay_steps: int) -> None:
        self.start, self.decay_steps = start, decay_steps

    def __call__(self, step):
        return self.start / tf.sqrt(1 + tf.cast(step, tf.float32) / self.decay_steps)

    def get_config(self):
        return {"start": self.start, "decay_steps": self.decay_steps}


def _allow_memory_growth() -> None:
    """Take GPU memory as needed, so that the desktop and a second worker keep theirs."""
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)


def device_facts() -> dict:
    """Name, kind and number of threads or GPUs that a worker on this machine would use."""
    gpus = tf.config.list_physical_devices("GPU")
    return {"device": _device_name(), "n_gpus": len(gpus), "threads": threads(),
            "tensorflow": tf.__version__, "keras": keras.__version__}


def _device_name() -> str:
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return f"CPU ({counted(threads(), 'thread')})"
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
