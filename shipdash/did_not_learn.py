"""Whether a selection learns at all, told early and from its events alone.

Not a stopping rule of the loop: it changes no run and needs no network. The limits were measured
for the compact network on drawn pairs, at a precision of 0.85 after eleven first pairs
(docs/recipe.md). The article's network trains longer, and so does a higher precision or a longer
start; at a lower one a run that learns may fail five pairs in a row early on; a pool with wrong
masks has pairs that can only be memorized. None of these is judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from shipdash.config import NetworkConfig, RunConfig, SelectionConfig
from shipdash.records import Event, Picked, Scanned, Trained


class Symptom(StrEnum):
    """What was seen first; the value is a sentence for the page and the command line."""

    SLOW = "Learning the first pairs is far slower than usual."
    WARMUP = "The first pairs have taken far more training than usual and are not learnt yet."
    PHASE = "A single new pair has taken far more training than usual."
    BY_HEART = "The network memorizes its pairs and hardly recognizes a pair it has not seen."
    ROW = "Every pair that is tested fails, although training reaches its score each time."


SLOW_STEPS, SLOW_SCORE = 80, 0.6  # usual is 0.75 or more by then, and at most 0.55 if collapsed
WARMUP_STEPS = 144  # usual are 51 to 94; seeds that collapsed needed 184 to 235
PHASE_STEPS = 100  # usual are at most 49; of those that collapsed one had 97, which
# this limit alone would miss
BY_HEART_PICKS, BY_HEART_IOU = 5, 0.6  # usual is at least one of five above 0.78
ROW_AFTER, ROW_PICKS = 50, 40  # usual are at most 8 in a row


class Watch:
    """Hears a run's events in order; `symptom` is the first sign seen, and none takes it back.

    A training phase is all training between two tests; the first one is the warm-up. Pairs fail
    *in a row* while none passes in between.
    """

    def __init__(self) -> None:
        self.symptom: Symptom | None = None
        self._n_steps, self._warm, self._row = 0, False, []

    def hear(self, event: Event) -> Symptom | None:
        """Take in one more event; the symptom so far."""
        self.symptom = self.symptom or self._judged(event)
        return self.symptom

    def _judged(self, event: Event) -> Symptom | None:
        if isinstance(event, Trained):
            self._n_steps += event.n_steps
            if not self._warm and self._n_steps >= SLOW_STEPS and event.score < SLOW_SCORE:
                return Symptom.SLOW
            if self._n_steps > (PHASE_STEPS if self._warm else WARMUP_STEPS):
                return Symptom.PHASE if self._warm else Symptom.WARMUP
        elif isinstance(event, Scanned):
            self._n_steps, self._warm = 0, True
            self._row = [] if event.indices else self._row
        elif isinstance(event, Picked) and event.iou is not None:
            self._row.append(event.iou)
            if len(self._row) >= BY_HEART_PICKS and max(self._row[-BY_HEART_PICKS:]) < BY_HEART_IOU:
                return Symptom.BY_HEART
            if event.n_core >= ROW_AFTER and len(self._row) >= ROW_PICKS:
                return Symptom.ROW
        return None


def symptom(events: Iterable[Event]) -> Symptom | None:
    """The first sign in the events so far that the run does not learn; None while there is none.

    Examples
    --------
    >>> warmup = [Trained(11, 16, 256, 0.3, 1.5, 0.5)] * 5
    >>> symptom(warmup[:4]) is None, symptom(warmup).name
    (True, 'SLOW')
    """
    watch = Watch()
    for event in events:
        if watch.hear(event):
            break
    return watch.symptom


def is_judged(config: RunConfig) -> bool:
    """Whether the limits were measured for such a run."""
    rules, usual = config.selection, SelectionConfig()
    return (config.network == NetworkConfig() and config.arm.kind == "selection"
            and config.knows_factors and not config.planted.label_noise
            and rules.precision == usual.precision and rules.first <= usual.first
            and rules.train_until == usual.train_until and rules.min_steps <= usual.min_steps)
