"""The loop: scan the stream, keep the first pair that fails, train until it is known, go on.

No drawing of pairs, no network, no files: `select` yields records and keeps what it needs to go
on in one `LoopState`. Mistake-driven selection is Hart's condensed nearest neighbour rule (IEEE
Trans. Inf. Theory, 1968); with a deep network inside it is Pick-to-Learn (Paccagnan, Campi and
Garatti, NeurIPS 2023).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from shipdash.config import RunConfig, SelectionConfig
from shipdash.data.pool import Pool
from shipdash.learning import metrics
from shipdash.learning.learner import Learner
from shipdash.records import Event, Picked, Scanned, Stopped, StopReason, Trained


@dataclass
class LoopState:
    """All that the loop remembers; `select` changes it in place.

    While `settled` is true the state and the learner's state together are enough to go on exactly
    as if nothing had happened; in between, events of one scan are still being handed out.
    """

    core: list[int] = field(default_factory=list)  # pool numbers in order of selection
    scores: list[float] = field(default_factory=list)  # last training score of each core pair
    n_new: int = 0  # newest core pairs that training has not been confirmed on
    owes_training: bool = True
    position: int = 0  # next place in the stream
    block_stop: int = 0  # place where the scan block ends
    round: int = 1
    n_added: int = 0  # core pairs found in this round
    n_tested: int = 0
    n_steps: int = 0  # training steps so far: numbers the batches
    bout_steps: int = 0  # training steps since the last pick
    steps_due: int = 0  # training steps still owed before the bout may end
    n_refuted: int = 0  # times since the last pick that inference mode did not confirm training
    n_repeated: int = 0  # predictions thrown away since the last `Scanned`
    settled: bool = True


REPORT_IMAGES = 256
"""Training images after which a long bout is reported: seconds, so that a request is heard."""


def select(pool: Pool, learner: Learner, config: RunConfig, order: np.ndarray, state: LoopState,
           failed: dict[int, np.ndarray] | None = None) -> Iterator[Event]:
    """Select a core set from `pool`, one event at a time.

    Parameters
    ----------
    pool : Pool
        Draws pairs by number; the next ones are drawn while the network is busy.
    learner : Learner
        Fresh, or restored to where `state` stands.
    config : RunConfig
        Its `selection`, the batch sizes of its `network` and its model seed are used.
    order : int64 array, shape (n,)
        Pool numbers in stream order, each at most once.
    state : LoopState
        A new one to start, a stored one to go on. Safe to store whenever `settled`.
    failed : dict, optional
        Receives the prediction (uint8, 0..255) that each core pair failed with, by pool number.

    Yields
    ------
    Event
        In stream order; the last one is `Stopped`.
    """
    loop = _Loop(pool, learner, config, order, state, {} if failed is None else failed)
    if not state.core:
        yield from loop.start()
    while True:
        if state.owes_training:
            yield loop.train()
            if state.owes_training and state.bout_steps >= config.selection.max_steps:
                yield loop.stop(StopReason.STALLED)
                return
        elif state.position < len(order):
            yield from loop.scan()
        elif not state.n_added:
            yield loop.stop(StopReason.CLEAN)
            return
        elif state.round == config.selection.passes:
            yield loop.stop(StopReason.EXHAUSTED)
            return
        else:
            state.round, state.position, state.block_stop, state.n_added = state.round + 1, 0, 0, 0


def passes(c: metrics.Counts, rules: SelectionConfig) -> np.ndarray:
    """Which predictions are good enough to throw the pair away: bool, shape (n,)."""
    if rules.acceptance == "article":
        return metrics.article_tenths(c) >= rules.acceptance_tenths
    return metrics.iou(c) >= rules.acceptance_iou


class _Loop:
    """The loop's three moves: train on the core, scan ahead, let a pair join."""

    def __init__(self, pool, learner, config, order, state, failed):
        self.pool, self.learner, self.order = pool.draw_ahead(), learner, order
        self.rules, self.network, self.seed = config.selection, config.network, config.seeds.model
        self.state, self.failed = state, failed
        self.in_core = np.zeros(int(order.max(initial=-1)) + 1, bool)
        self.in_core[state.core] = True
        images, masks = pool.draw(state.core)
        self.images, self.masks = list(images), list(masks)

    def start(self) -> Iterator[Event]:
        """The first pairs start the core set untested."""
        s, first = self.state, self.order[: self.rules.first].tolist()
        images, masks = self.pool.draw(first)
        for n, index in enumerate(first, start=1):
            self._join(index, images[n - 1], masks[n - 1])
            s.n_tested = s.position = s.n_added = n
            s.settled = n == len(first)
            s.n_new = 0  # warm-up asks for the mean score only
            yield Picked(s.round, index, n - 1, n, n, None, None)

    def train(self) -> Trained:
        """Train until the core set is known well enough, at least one step; a long bout is
        handed out in pieces, and owes training until its last one."""
        s, began, steps_before = self.state, time.perf_counter(), self.state.n_steps
        by_epoch = self.rules.train_until == "epoch"
        batch = self.network.batch if s.n_tested > self.rules.first else self.network.warmup_batch
        while True:
            score, loss, known = self._epoch(batch) if by_epoch else self._step(batch)
            s.owes_training = not (score > self.rules.precision and known and s.steps_due <= 0)
            n_steps = s.n_steps - steps_before
            spent = n_steps * batch >= REPORT_IMAGES or s.bout_steps >= self.rules.max_steps
            if spent or not s.owes_training:
                break
        if not s.owes_training:
            s.n_new = s.n_new if self.rules.confirm and not by_epoch else 0
        return Trained(len(s.core), n_steps, n_steps * batch, round(score, 4), round(loss, 4),
                       round(time.perf_counter() - began, 4))

    def scan(self) -> Iterator[Event]:
        """One prediction batch: what passes is discarded, the first failures join.

        With `confirm`, the newest pairs go in front, to show in inference mode what training
        claimed: if one still fails, the batch is thrown away and training goes on.
        """
        s, began = self.state, time.perf_counter()
        if s.position >= s.block_stop:
            s.block_stop = min(s.position + self.rules.block, len(self.order))
        room = min(max(1, self.network.predict_batch - s.n_new), s.block_stop - s.position)
        window = np.arange(s.position, s.position + room)
        places = window[~self.in_core[self.order[window]]]
        front, ahead = s.core[len(s.core) - s.n_new :], self.order[places].tolist()
        if not ahead:  # a later round passing over core pairs only
            s.position = int(window[-1]) + 1
            return
        images, masks = self._draw(front, ahead)
        probability = self.learner.predict(images)
        c = metrics.counts(masks, probability)
        good = passes(c, self.rules)
        if not good[: s.n_new].all():
            s.owes_training, s.n_repeated = True, s.n_repeated + len(good)
            s.n_refuted += 1
            # Each time the claim is refuted, train twice as long before making it again.
            s.steps_due = self.rules.min_steps << min(s.n_refuted, 8)
            return
        ious = np.round(metrics.iou(c), 4)
        scores = self._scores(c)
        picks = np.flatnonzero(~good)[: self.rules.picks_per_scan].tolist()
        full = len(picks) == self.rules.picks_per_scan
        stop = picks[-1] + 1 if full else len(good)
        passed = [j for j in range(len(front), stop) if good[j]]
        n_tested = s.n_tested + stop - len(front)
        n_wasted = len(good) - (stop - len(front)) + s.n_repeated
        seconds = round(time.perf_counter() - began, 4)
        seen = Scanned(
            s.round, int(places[stop - len(front) - 1]) + 1 if full else int(window[-1]) + 1,
            n_tested, tuple(ahead[j - len(front)] for j in passed), tuple(ious[passed].tolist()),
            len(good) + s.n_repeated, n_wasted, seconds,
        )
        tested_before, n_front = s.n_tested - len(front) + 1, len(front)
        s.position, s.n_tested, s.n_repeated, s.n_new = seen.position, n_tested, 0, 0
        ended = s.position >= s.block_stop
        s.owes_training = bool(picks) or (ended and self.rules.idle_epochs)
        s.block_stop = 0 if s.owes_training else s.block_stop
        s.settled = not picks
        yield seen
        for j in picks:
            index, place = ahead[j - n_front], int(places[j - n_front])
            self.failed[index] = np.rint(probability[j] * 255).astype(np.uint8)
            s.n_added += 1
            s.settled = j == picks[-1]
            self._join(index, images[j], masks[j])
            yield Picked(s.round, index, place, len(s.core), tested_before + j,
                         float(ious[j]), float(scores[j]))

    def stop(self, reason: StopReason) -> Stopped:
        """The last word."""
        s = self.state
        return Stopped(reason, len(s.core), s.n_tested, s.round)

    def _join(self, index: int, image: np.ndarray, mask: np.ndarray) -> None:
        s = self.state
        s.core.append(index)
        s.scores.append(0.0)
        s.n_new, s.bout_steps, s.n_refuted, s.owes_training = s.n_new + 1, 0, 0, True
        s.steps_due = self.rules.min_steps if self.rules.train_until == "pair" else 0
        self.in_core[index] = True
        self.images.append(image.copy())  # a view would keep its whole batch alive
        self.masks.append(mask.copy())

    def _step(self, batch: int) -> tuple[float, float, bool]:
        """One step on the newest pairs and a random handful of the others."""
        s, n_old = self.state, len(self.state.core) - self.state.n_new
        newest = np.arange(n_old, len(s.core))[:batch]
        others = np.resize(self._permutation(n_old), batch - len(newest)) if n_old else newest
        _, loss = self._train_on(np.resize(np.append(newest, others), batch))
        known = all(s.scores[i] >= self.rules.threshold for i in newest)
        return float(np.mean(s.scores)), loss, known

    def _epoch(self, batch: int) -> tuple[float, float, bool]:
        """Every core pair once in random order; the last batch is filled from the beginning."""
        whole = -(-len(self.state.core) // batch) * batch
        order = np.resize(self._permutation(len(self.state.core)), whole)
        results = [self._train_on(part) for part in np.split(order, whole // batch)]
        return float(np.mean([r[0] for r in results])), results[-1][1], True

    def _train_on(self, which: np.ndarray) -> tuple[float, float]:
        """One step; the mean score of its batch, and its loss."""
        s = self.state
        step = self.learner.train(
            np.stack([self.images[i] for i in which]), np.stack([self.masks[i] for i in which])
        )
        scores = self._scores(step.counts)
        for i, score in zip(which.tolist(), scores.tolist(), strict=True):
            s.scores[i] = score
        s.n_steps, s.bout_steps, s.steps_due = s.n_steps + 1, s.bout_steps + 1, s.steps_due - 1
        return float(np.mean(scores)), step.loss

    def _permutation(self, n: int) -> np.ndarray:
        """A function of model seed and step number alone, so that nothing need be stored."""
        chance = np.random.SeedSequence(self.seed, spawn_key=(self.state.n_steps,))
        return np.random.Generator(np.random.SFC64(chance)).permutation(n)

    def _scores(self, c: metrics.Counts) -> np.ndarray:
        return (metrics.article_score if self.rules.acceptance == "article" else metrics.iou)(c)

    def _draw(self, front: list[int], ahead: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of the scan; the next batch is drawn while the network predicts this one."""
        after = self.state.position + len(front) + len(ahead)
        following = self.order[after : after + self.network.predict_batch]
        images, masks = self.pool.draw(ahead, following[~self.in_core[following]].tolist())
        n = len(front)
        if n:
            images = np.concatenate([np.stack(self.images[-n:]), images])
            masks = np.concatenate([np.stack(self.masks[-n:]), masks])
        return images, masks
