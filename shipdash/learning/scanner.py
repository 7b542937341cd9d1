"""What predicts the stream: batches of numbered pairs in, pixel counts out, on this machine.

Nothing is decided here: which pair fails, and what comes next, is for the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import numpy as np

from shipdash.data.source import AheadSource, Source
from shipdash.learning import metrics
from shipdash.learning.learner import Learner
from shipdash.learning.metrics import Counts


class Shown(NamedTuple):
    """One pair with what was predicted for it."""

    image: np.ndarray  # float32, (rows, cols, 3), 0..1
    mask: np.ndarray  # bool or uint8, (rows, cols), as `Source.draw` gives it
    prediction: np.ndarray  # uint8, (rows, cols), probability 0..1 as 0..255


class Predicted(NamedTuple):
    """A predicted batch; `shown` gives the first pair of it that fails, by its place in it."""

    counts: Counts  # int64, (batch,) each
    shown: Callable[[int], Shown]


class Scanner(Protocol):
    """Something that predicts the pairs of a source as the learner does, to the bit."""

    def predict(self, batch: list[int], then: Iterator[list[int]], n_steps: int) -> Predicted:
        """Predict pairs by number.

        Parameters
        ----------
        batch : list of int
            Pairs to predict now, at most a prediction batch.
        then : iterator of list of int
            The batches that will be asked for next as long as no pair fails. As much of it may be
            taken as helps, before `predict` returns.
        n_steps : int
            Training steps of the learner so far: as long as it is the same, so are predictions.
        """
        ...


class LocalScanner:
    """Predicts with the learner itself, and draws the next batch meanwhile."""

    def __init__(self, source: Source, learner: Learner) -> None:
        self.source, self.learner = AheadSource(source), learner

    def predict(self, batch: list[int], then: Iterator[list[int]], n_steps: int) -> Predicted:
        """See `Scanner.predict`."""
        images, masks = self.source.draw(batch, then=next(then, ()))
        probability = self.learner.predict(images)

        def shown(k: int) -> Shown:
            return Shown(images[k], masks[k], np.rint(probability[k] * 255).astype(np.uint8))

        return Predicted(metrics.counts(masks, probability), shown)
