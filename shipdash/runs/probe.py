"""Looking at the probe pairs while a run learns: which moments are worth a prediction.

Nothing is decided by what is seen, and nothing of the learner or the loop is changed. Where the
frames are kept is not known here (`probe_frames`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from shipdash.config import RunConfig
from shipdash.data import open_source
from shipdash.learning.learner import Learner
from shipdash.learning.metrics import MASK_THRESHOLD
from shipdash.records import Event, Stopped
from shipdash.runs.probe_frames import ProbeFrame

SHARE = 0.01  # of a run's time at most; the first frames borrow from it
AHEAD = 4  # frames before their time has come: masks take shape in the first seconds of training
GAP_S = 0.5  # between two frames; nobody sees more
GAP_SHARE = 1 / 20  # of the time so far, so that a run of two days keeps some hundreds of frames


@dataclass
class ProbeState:
    """What a run remembers from one frame to the next; plain numbers, part of its checkpoint."""

    n_frames: int = 0
    spent_s: float = 0.0  # wall time of all frames
    seen_steps: int = -1  # training steps at the last frame
    seen_s: float = 0.0  # clock of the events at the last frame


class Probe:
    """The probe pairs of a run, and the clock of its events.

    A control arm has none: only a selection is watched. The eight pairs are one call of
    `Learner.predict`, padded to the batch that is compiled already. Compiling for eight would take
    one to three seconds and save 12 to 26 ms a frame, of which a run takes some 30.
    """

    def __init__(self, config: RunConfig) -> None:
        self.images = np.zeros((0, *config.shape, 3), np.float32)
        if config.arm.kind == "selection":
            source = open_source(config, "probe")
            self.images = source.draw(range(source.n))[0]
        self.state = ProbeState()
        self.n_steps = self.n_tested = self.n_core = 0
        self.elapsed_s, self.stopped = 0.0, False

    def hear(self, event: Event) -> None:
        """Follow the run, whether or not a frame is taken."""
        self.n_steps += getattr(event, "n_steps", 0)
        self.n_tested = getattr(event, "n_tested", self.n_tested)
        self.n_core = getattr(event, "n_core", self.n_core)
        self.elapsed_s += getattr(event, "seconds", 0.0)
        self.stopped = isinstance(event, Stopped)

    def is_due(self, run_s: float) -> bool:
        """Whether a frame should be taken now, `run_s` seconds after the run has begun.

        The first and the last moment always; never twice of the same weights.
        """
        s = self.state
        if not len(self.images) or s.seen_steps == self.n_steps:
            return False
        if self.stopped or not s.n_frames:
            return True
        gap_s = max(GAP_S, GAP_SHARE * self.elapsed_s)
        one_s = s.spent_s / s.n_frames
        affordable = s.spent_s + one_s <= max(SHARE * run_s, AHEAD * one_s)
        return self.elapsed_s - s.seen_s >= gap_s and affordable

    def look(self, learner: Learner) -> ProbeFrame:
        """What the learner predicts for the probe pairs now; what it took is added up."""
        began = time.perf_counter()
        masks = learner.predict(self.images) > MASK_THRESHOLD
        s = self.state
        s.n_frames, s.seen_steps, s.seen_s = s.n_frames + 1, self.n_steps, self.elapsed_s
        s.spent_s += time.perf_counter() - began
        return ProbeFrame(self.n_steps, self.n_tested, self.n_core, round(self.elapsed_s, 3), masks)
