"""THE LOOP: scan the stream, keep the first pair that fails, train until it passes, continue.

A pair that does not pass within a limit is set aside, where the settings have one. The loop makes
no pairs, contains no network and opens no files: `select` yields records and keeps its whole state
in one `LoopState`. Mistake-driven selection is Hart's condensed nearest neighbour rule
(IEEE Trans. Inf. Theory, 1968); with a deep network inside it is Pick-to-Learn (Paccagnan, Campi
and Garatti, NeurIPS 2023).
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from shipdash.acceptance import fails
from shipdash.config import RunConfig
from shipdash.data.source import Source
from shipdash.learning import metrics
from shipdash.learning.core_set import CoreSet
from shipdash.learning.learner import Learner
from shipdash.learning.scanner import LocalScanner, Scanner
from shipdash.learning.training import Training
from shipdash.records import Event, LoopState, Picked, Scanned, Stopped, StopReason


def select(source: Source, learner: Learner, config: RunConfig, order: np.ndarray, s: LoopState,
           failed: dict[int, np.ndarray] | None = None,
           scanner: Scanner | None = None) -> Iterator[Event]:
    """Select a core set from the pairs of `source`, one event at a time; the last is `Stopped`.

    Parameters
    ----------
    source, learner : Source, Learner
        Pairs by number; a learner that is fresh, or restored to where `s` stands.
    config : RunConfig
        Its `selection`, the batch sizes of its `network` and its model seed are used.
    order : int64 array, shape (n,)
        Pool numbers in stream order, each at most once.
    s : LoopState
        A new one to start, a stored one to go on; changed in place.
    failed : dict, optional
        Receives the prediction (uint8, 0..255) that each core pair failed with, by pool number.
    scanner : Scanner, optional
        What predicts the stream; by default the learner itself. It changes no event but `seconds`.
    """
    loop = Loop(source, learner, config, order, s, failed, scanner)
    if not s.core:
        yield from loop.start()
    while (reason := loop.reason_to_stop()) is None:
        if s.owes_training:
            yield loop.training.set_aside() if loop.training.is_stuck else loop.training.train()
        elif s.position < len(order):
            yield from loop.scan()
        else:  # the next round, over all that is not in the core set
            s.round, s.position, s.block_stop, s.n_added = s.round + 1, 0, 0, 0
    yield Stopped(reason, len(s.core), s.n_tested, s.round)


class Loop:
    """The loop's moves: let a pair join, scan ahead; `Training` has those in between.

    Parameters are those of `select`, and `state` is its `s`.
    """

    def __init__(self, source, learner, config, order, state, failed=None, scanner=None):
        self.source, self.order = source, order
        self.scanner = scanner or LocalScanner(source, learner)
        self.rules, self.network = config.selection, config.network
        self.score = metrics.training_score(self.rules.acceptance)
        self.core = CoreSet(learner, self.score, config.seeds.model, *source.draw(state.core),
                            state.scores, [index not in state.aside for index in state.core])
        self.training = Training(self.core, config, state)
        self.in_core = np.isin(np.arange(order.max(initial=-1) + 1), state.core)
        self.state, self.failed = state, {} if failed is None else failed

    def reason_to_stop(self) -> StopReason | None:
        """Why the run is over, None while it is not."""
        s = self.state
        if s.owes_training:
            return StopReason.STALLED if self.training.is_stalled else None
        if s.position < len(self.order):
            return None
        if not s.n_added:  # never the first round, whose first pairs count
            return StopReason.CLEAN
        return StopReason.EXHAUSTED if s.round == self.rules.passes else None  # 0: until clean

    def start(self) -> Iterator[Event]:
        """The first pairs start the core set untested; the mean score decides their training."""
        s, first = self.state, self.order[: self.rules.first].tolist()
        for place, (index, *pair) in enumerate(zip(first, *self.source.draw(first), strict=True)):
            self.join(index, *pair)
            s.n_tested = s.position = s.n_added = place + 1
            s.learns_newest, s.settled = False, place + 1 == len(first)
            yield Picked(s.round, index, place, len(s.core), s.n_tested, None, None)

    def join(self, index: int, image: np.ndarray, mask: np.ndarray) -> None:
        """One more core pair, which the network owes training."""
        self.core.add(image, mask)
        self.state.core.append(index)
        self.in_core[index] = True
        self.state.bout_steps, self.state.owes_training = 0, True
        self.state.best_mean, self.state.flat_steps = 0.0, 0
        self.state.learns_newest = self.training.by_pair

    def scan(self) -> Iterator[Event]:
        """One prediction batch: pairs before the first failure are discarded, that one joins.

        Pairs behind it are predicted again when the network has learnt it.
        """
        s, began = self.state, time.perf_counter()
        if s.position >= s.block_stop:
            s.block_stop = min(s.position + self.rules.block, len(self.order))
        batches = self._batches()
        places, end = next(batches)
        ahead = self.order[places].tolist()
        coming = (self.order[later].tolist() for later, _ in batches)
        counts, shown = self.scanner.predict(ahead, coming, s.n_steps)
        ious = metrics.iou(counts)  # decides under either score: see `acceptance_iou`
        failing = np.flatnonzero(fails(ious, self.rules.acceptance_iou)).tolist()
        n_passed = failing[0] if failing else len(ahead)
        n_seen = n_passed + bool(failing)
        s.position = int(places[n_passed]) + 1 if failing else end
        s.n_tested += n_seen
        s.settled = not failing
        s.owes_training = bool(failing) or (s.position >= s.block_stop and self.rules.idle_epochs)
        s.block_stop = 0 if s.owes_training else s.block_stop
        ious = np.round(ious, 4).tolist()
        if ahead:  # a later round skips core pairs, which may be all of a batch
            yield Scanned(s.round, s.position, s.n_tested, tuple(ahead[:n_passed]),
                          tuple(ious[:n_passed]), len(ahead), len(ahead) - n_seen,
                          round(time.perf_counter() - began, 4))
        if failing:
            image, mask, self.failed[ahead[n_passed]] = shown(n_passed)
            self.join(ahead[n_passed], image, mask)
            s.n_added, s.settled = s.n_added + 1, True
            yield Picked(s.round, ahead[n_passed], int(places[n_passed]), len(s.core), s.n_tested,
                         ious[n_passed], float(self.score(counts)[n_passed]))

    def _batches(self) -> Iterator[tuple[np.ndarray, int]]:
        """Batches to come while no pair fails: places of untaken pairs, and where each ends."""
        start, stop = self.state.position, self.state.block_stop
        while start < len(self.order):
            stop = stop if start < stop else min(start + self.rules.block, len(self.order))
            end = min(start + self.network.predict_batch, stop)
            stretch = np.arange(start, end)
            yield stretch[~self.in_core[self.order[stretch]]], end
            start = end
