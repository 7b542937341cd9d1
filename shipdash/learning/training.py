"""The training that a selection owes: until the core set is known, or training gets no further.

Which pairs join the core set is for the loop to decide, how a batch is drawn for `core_set`.
"""

from __future__ import annotations

import time

from shipdash.config import RunConfig
from shipdash.learning.core_set import CoreSet
from shipdash.records import AsideReason, LoopState, SetAside, Trained

REPORT_IMAGES = 256  # between reports of a long phase: some seconds, so that requests are heard
PROGRESS = 0.01  # the mean score of the first pairs varies by about as much from step to step


class Training:
    """Bouts of training on a core set; where they stand is in the loop's state."""

    def __init__(self, core: CoreSet, config: RunConfig, state: LoopState) -> None:
        self.core, self.rules, self.network = core, config.selection, config.network
        self.state, self.by_pair = state, self.rules.train_until == "pair"

    @property
    def warms_up(self) -> bool:
        """Whether only the first pairs are there, which joined untested."""
        return self.state.n_tested <= self.rules.first

    @property
    def is_stalled(self) -> bool:
        """Whether training must end and nothing may be set aside."""
        return not self.rules.set_aside_after and self.state.bout_steps >= self.rules.max_steps

    @property
    def is_stuck(self) -> bool:
        """Whether a pair must be set aside before training can go on or end.

        After the warm-up, a training phase is limited to `set_aside_after` steps. The warm-up
        starts from nothing and may go on as long as it makes progress; it is stuck at a plateau.
        """
        s, limit = self.state, self.rules.set_aside_after
        if not limit or not self.warms_up:
            return 0 < limit <= s.bout_steps
        return s.flat_steps >= limit or s.bout_steps >= self.rules.max_steps

    def train(self) -> Trained:
        """Train until the core set passes; a long training phase is reported in pieces."""
        s, began, n_before, n_images = self.state, time.perf_counter(), self.state.n_steps, 0
        batch = self.network.warmup_batch if self.warms_up else self.network.batch
        while (s.owes_training and n_images < REPORT_IMAGES
               and not self.is_stuck and not self.is_stalled):
            n, score, loss = (
                self.core.step(s.n_steps, batch, with_newest=s.learns_newest) if self.by_pair
                else self.core.epoch(s.n_steps, batch))
            s.n_steps, s.bout_steps, s.flat_steps = (
                count + n for count in (s.n_steps, s.bout_steps, s.flat_steps))
            n_images += n * batch
            if score > s.best_mean + PROGRESS:
                s.best_mean, s.flat_steps = score, 0
            self._go_on_or_end(score)
        s.learns_newest = s.learns_newest and s.owes_training
        return Trained(len(s.core), s.n_steps - n_before, n_images, round(score, 4),
                       round(loss, 4), round(time.perf_counter() - began, 4))

    def set_aside(self) -> SetAside:
        """No longer demand the pair that holds training up: see `_holds_up`."""
        s, mean, place = self.state, self.core.mean_score(), self._holds_up()
        is_newest = place == len(s.core) - 1
        reason = (AsideReason.WARM_UP if self.warms_up else AsideReason.NOT_LEARNT if is_newest
                  else AsideReason.HELD_BACK)
        self.core.demanded[place] = False
        s.aside.append(s.core[place])
        s.learns_newest = s.learns_newest and not is_newest
        found = SetAside(s.core[place], len(s.core), s.n_tested, s.bout_steps,
                         round(s.scores[place], 4), round(mean, 4), reason)
        self._go_on_or_end(self.core.mean_score())
        return found

    def _go_on_or_end(self, score: float) -> None:
        """Idle training, which may follow a phase, has a step limit of its own."""
        s = self.state
        s.owes_training = not self._is_enough(score)
        if not s.owes_training:
            s.bout_steps = self.rules.min_steps

    def _holds_up(self) -> int:
        """Place of the least known pair while the mean is too low, else of the new pair.

        So of the pairs that are known least as few are given up as bring the mean of the others
        above the precision.
        """
        if self.core.mean_score() > self.rules.precision:
            return len(self.core.scores) - 1
        return self.core.least_known()

    def _is_enough(self, score: float) -> bool:
        """Whether the core set is known: by its score, its newest pair and the steps it had."""
        s, rules = self.state, self.rules
        # Not `acceptance.fails`: under the article score, whose values are tenths, both say the
        # same, but under IoU its tolerance would now and then end a training phase a step earlier
        # (a tie where margin x precision is rounded up, as 0.9 x 0.8 is; pairs of 512 x 512), and
        # the same run id would then stand for other picks.
        newest_known = not s.learns_newest or s.scores[-1] >= rules.threshold
        return (score > rules.precision and newest_known
                and (not self.by_pair or s.bout_steps >= rules.min_steps))
