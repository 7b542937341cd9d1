"""Train fresh weights on a fixed set of pairs until the arm's rule says enough.

No choice of pairs (`data.subsets`), no network and no files: `train_arm` yields records and keeps
what it needs to go on in one `ArmState`.

The three rules, for the docs and whoever compares arms:

- ``steps``: exactly `n_steps` training steps.
- ``score``: until the mean over all pairs of each pair's last training score exceeds the
  precision, every pair having been seen.
- ``plateau`` (convergence): the mean training loss is taken over windows of one epoch, of
  `WINDOW_STEPS` steps at least; training ends when `PATIENCE` windows in a row have not been
  lower than `FALL` times the lowest before them (early stopping: Prechelt, 1998).

The last two give up after `n_steps`, and the record then says *stalled*.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from shipdash.acceptance import fails
from shipdash.config import RunConfig
from shipdash.data.seeded_random import EPOCH, generator
from shipdash.data.source import Source
from shipdash.learning import metrics
from shipdash.learning.learner import Learner
from shipdash.records import Event, Stopped, StopReason, Trained

REPORT_IMAGES = 160  # a record so often: some seconds on a CPU, so pause and cancel act soon
KEEP_BYTES = 420_000_000  # drawn pairs kept in memory: some 2,000 at 128 x 128; else drawn anew
WINDOW_STEPS = 200  # the loss of one step varies by a tenth or more; a mean of 200 by under 1 %
FALL = 0.98  # with 0.99 the quick preset's loss was still said to fall after 40 epochs
PATIENCE = 2


@dataclass
class ArmState:
    """All that training remembers; with the learner's state, enough to go on as if unbroken.

    `train_arm` changes it in place; it is whole whenever an event has been handed out.
    """

    n_steps: int = 0  # numbers the batches
    scores: list[float] = field(default_factory=list)  # last training score of each pair
    window_loss: float = 0.0  # sum of the losses of this window
    lowest_loss: float | None = None  # mean of the best window so far
    n_flat: int = 0  # windows since then
    n_forgotten: list[int] = field(default_factory=list)  # of each pair; -1: it never passed


def train_arm(source: Source, learner: Learner, config: RunConfig, pairs: list[int],
              state: ArmState) -> Iterator[Event]:
    """Train on `pairs`, one event at a time.

    Whole epochs in random order without replacement, the last batch filled from the epoch's
    beginning. A batch is a function of model seed and step number, so nothing of it is stored.

    Parameters
    ----------
    source : Source
    learner : Learner
        Fresh, or restored to where `state` stands.
    config : RunConfig
        Of a control arm; its stopping rule, batch size, model seed and precision are used.
    pairs : list of int
        Pool numbers, at least one.
    state : ArmState
        A new one to start, a stored one to go on.

    Yields
    ------
    Event
        `Trained` every `REPORT_IMAGES` images and at the end, its `score` the mean over the
        pairs seen so far; the last event is `Stopped`.
    """
    training = _Training(source, learner, config, pairs, state)
    while training.ended() is None:
        yield training.bout()
    yield Stopped(training.ended(), len(pairs), 0, 0)


class _Training:
    """The arm being trained: its pairs, this epoch's batches, and whether it is enough."""

    def __init__(self, source, learner, config, pairs, state) -> None:
        self.source, self.learner, self.pairs, self.state = source, learner, pairs, state
        self.arm, self.rules, self.seed = config.arm, config.selection, config.seeds.model
        self.score = metrics.training_score(self.rules.acceptance)
        self.batch = config.network.batch
        self.epoch_steps = -(-len(pairs) // self.batch)
        self.window = max(self.epoch_steps, WINDOW_STEPS)
        self.report = max(1, REPORT_IMAGES // self.batch)
        pair_bytes = math.prod(config.shape) * (3 * 4 + 1)  # three float32 channels and a mask
        self.keeps = len(pairs) * pair_bytes <= KEEP_BYTES
        self.kept: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self.epoch, self.shuffled = -1, np.zeros(0, np.int64)
        state.scores = state.scores or [0.0] * len(pairs)
        state.n_forgotten = state.n_forgotten or [-1] * len(pairs)

    def ended(self) -> StopReason | None:
        """Why training is over, or None."""
        s = self.state
        if self.arm.stop == "steps":
            return StopReason.TRAINED if s.n_steps >= self.arm.n_steps else None
        if self.arm.stop == "score":
            enough = s.n_steps >= self.epoch_steps and self._score() > self.rules.precision
        else:
            enough = s.n_flat >= PATIENCE
        if enough:
            return StopReason.TRAINED
        return StopReason.STALLED if s.n_steps >= self.arm.n_steps else None

    def bout(self) -> Trained:
        """Steps up to the next report or the end."""
        began, steps_before = time.perf_counter(), self.state.n_steps
        while True:
            loss = self._step()
            if self.state.n_steps % self.report == 0 or self.ended() is not None:
                break
        n_steps = self.state.n_steps - steps_before
        return Trained(len(self.pairs), n_steps, n_steps * self.batch, round(self._score(), 4),
                       round(loss, 4), round(time.perf_counter() - began, 4))

    def _step(self) -> float:
        s, which = self.state, self._batch()
        images, masks = zip(*(self._pair(i) for i in which), strict=True)
        step = self.learner.train(np.stack(images), np.stack(masks))
        for i, score in zip(which, self.score(step.counts).tolist(), strict=True):
            self._note(i, score)
        s.n_steps += 1
        s.window_loss += step.loss
        if s.n_steps % self.window == 0:
            mean, s.window_loss = s.window_loss / self.window, 0.0
            falls = s.lowest_loss is None or mean < FALL * s.lowest_loss
            s.n_flat = 0 if falls else s.n_flat + 1
            s.lowest_loss = mean if falls else s.lowest_loss
        return step.loss

    def _note(self, i: int, score: float) -> None:
        """A pair's training score; it is forgotten when it fails after it has passed (Toneva et
        al., ICLR 2019)."""
        s, limit = self.state, self.rules.threshold
        passed, passes = (not fails(x, limit) for x in (s.scores[i], score))
        if passes:
            s.n_forgotten[i] = max(s.n_forgotten[i], 0)
        elif passed:
            s.n_forgotten[i] += 1
        s.scores[i] = score

    def _batch(self) -> list[int]:
        """Places in `pairs` that this step learns from."""
        epoch, part = divmod(self.state.n_steps, self.epoch_steps)
        if epoch != self.epoch:
            shuffled = generator(self.seed, EPOCH, epoch).permutation(len(self.pairs))
            self.epoch, self.shuffled = epoch, np.resize(shuffled, self.epoch_steps * self.batch)
        return self.shuffled[part * self.batch : (part + 1) * self.batch].tolist()

    def _pair(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        if place in self.kept:
            return self.kept[place]
        images, masks = self.source.draw([self.pairs[place]])
        if self.keeps:
            self.kept[place] = images[0], masks[0]
        return images[0], masks[0]

    def _score(self) -> float:
        """Mean last score of the pairs seen so far: in the first epoch, as many as were shown."""
        n_seen = min(self.state.n_steps * self.batch, len(self.pairs))
        return sum(self.state.scores) / max(1, n_seen)
