"""The learner a selection drives, and the one door to TensorFlow.

Not a network: those are in `networks`, imported only inside `open_learner`, so that whoever imports
this module pays nothing for it.
"""

from __future__ import annotations

import hashlib
import os
from typing import NamedTuple, Protocol

import numpy as np

from shipdash.config import NetworkConfig
from shipdash.data.source import TARGET
from shipdash.learning.metrics import Counts, counts
from shipdash.processes import n_processors


class Step(NamedTuple):
    """What one training step saw, in training mode and before its update.

    `counts` holds the thresholded predictions against the masks as augmentation turned them.
    """

    counts: Counts  # int64, (batch,) each
    loss: float


class Learner(Protocol):
    """Something that learns pairs and predicts masks, with a state that can be put away.

    Two learners built from one config and seed and given the same calls in the same order answer
    the same on the same machine with the same number of threads.
    """

    device: str
    n_parameters: int

    def prepare(self, *, void: bool = False) -> None:
        """Compile what will be called, so that no run waits for it later; changes nothing else.

        `void` says whether masks may have void pixels.
        """
        ...

    def reseed(self, seed: int) -> None:
        """Become what `open_learner` gives for this seed; what has been compiled stays."""
        ...

    def train(self, images: np.ndarray, masks: np.ndarray) -> Step:
        """One step on images and masks as `Source.draw` gives them; n is a batch size."""
        ...

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Probabilities float32 (n, rows, cols) for any n, in inference mode; changes nothing."""
        ...

    def features(self, images: np.ndarray) -> np.ndarray:
        """What the network makes of each image before it answers: float32 (n, d) for any n."""
        ...

    def get_state(self) -> dict[str, np.ndarray]:
        """Everything `train` and `predict` depend on, as named arrays without pickles."""
        ...

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Go on exactly where `get_state` stood; ValueError if it is another network's state."""
        ...


class RoteLearner:
    """Knows exactly the pairs it was shown and predicts an empty mask for every other.

    The known answer: on a pool of D distinct pairs it selects each once. No network, no
    TensorFlow, so the loop, the store and the queue can be watched in milliseconds.
    """

    device = "CPU (rote learner, no network)"
    n_parameters = 0

    def __init__(self) -> None:
        self._known: dict[bytes, np.ndarray] = {}

    def prepare(self, *, void: bool = False) -> None:
        """Nothing to compile."""

    def reseed(self, seed: int) -> None:
        """Forget everything: nothing here is random."""
        self._known = {}

    def train(self, images: np.ndarray, masks: np.ndarray) -> Step:
        """Remember every pair of the batch; the answer in training mode is the truth."""
        for image, mask in zip(images, masks, strict=True):
            self._known[_fingerprint(image)] = mask == TARGET
        return Step(counts(masks, masks), 0.0)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """The remembered mask, or an empty one."""
        empty = np.zeros(images.shape[1:3], bool)
        known = [self._known.get(_fingerprint(image), empty) for image in images]
        return np.array(known, np.float32).reshape(images.shape[:3])

    def features(self, images: np.ndarray) -> np.ndarray:
        """The mean of each channel: it has no features of its own."""
        return images.mean(axis=(1, 2))

    def get_state(self) -> dict[str, np.ndarray]:
        """Fingerprints and bit-packed masks of the pairs shown so far."""
        keys = [np.frombuffer(key, np.uint8) for key in self._known]
        masks = list(self._known.values())
        return {
            "keys": np.stack(keys) if keys else np.zeros((0, 0), np.uint8),
            "masks": np.packbits(np.array(masks, bool), axis=-1) if masks else np.zeros(0, "u1"),
            "cols": np.array(masks[0].shape[1] if masks else 0),
        }

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Remember what the state remembered, and nothing else."""
        if set(state) != {"keys", "masks", "cols"}:
            raise ValueError(f"state must come from a RoteLearner. Received: {sorted(state)}")
        cols = int(state["cols"])
        masks = np.unpackbits(state["masks"], axis=-1, count=cols).astype(bool) if cols else []
        self._known = {
            key.tobytes(): mask for key, mask in zip(state["keys"], masks, strict=True)
        }


def _fingerprint(image: np.ndarray) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(image)).digest()


def open_learner(config: NetworkConfig, *, shape: tuple[int, int], seed: int) -> Learner:
    """A fresh learner; a rote one needs no TensorFlow, which is imported when asked for."""
    if config.kind == "rote":
        return RoteLearner()
    from shipdash.learning.tensorflow_learner import TensorFlowLearner

    return TensorFlowLearner(config, shape=shape, seed=seed)


def weights_sha256(learner: Learner) -> str:
    """SHA-256 over the arrays of a learner's state, in order, with their names and types.

    Weights, moving statistics, the optimizer's moments and the averaged weights all count.
    """
    digest = hashlib.sha256()
    for name, array in learner.get_state().items():
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def threads() -> int:
    """Threads that a network in this process computes with.

    As many as there are processors for it, unless TensorFlow was told otherwise in its environment
    (a sweep gives every worker one). The last bit of a sum depends on it, so results name it.
    """
    told = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    return int(told) if told.isdecimal() and int(told) else n_processors()


def probe_device() -> dict:
    """What a learner on this machine would run on; starts TensorFlow, so call it in a process."""
    from shipdash.learning.tensorflow_learner import device_facts

    return device_facts()
