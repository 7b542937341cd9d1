"""Bars on a terminal: one line, redrawn in place. What they show is read, never decided, here."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

from shipdash.config import RunConfig
from shipdash.records import Event, Picked, RunState, Scanned, Trained
from shipdash.runs import Store, StoreError

LOOK_S = 0.5  # as often as events reach the disk


def bar_for(config: RunConfig) -> SelectionBar | ArmBar | None:
    """A consumer of the run's events that draws its bar; None where nobody watches."""
    if not sys.stderr.isatty():
        return None
    if config.arm.kind == "selection":
        return SelectionBar(config.selection.n_pool)
    return ArmBar(config.arm.n_steps)


class SelectionBar:
    """Pairs tested and kept."""

    def __init__(self, n_pool: int) -> None:
        self.n_pool, self.n_core, self.words = n_pool, 0, ""

    def __call__(self, event: Event) -> None:
        """Redraw after a scan; remember the rest."""
        if isinstance(event, Picked):
            self.n_core = event.n_core
        if isinstance(event, Trained):
            self.words = f"score {event.score:.3f}"
        if isinstance(event, Scanned):
            done = min(1.0, event.n_tested / self.n_pool)
            _draw(done, f"{event.n_tested:>7,} tested  {self.n_core:>5,} kept  {self.words}  ",
                  end="" if done < 1 else "\n")


class ArmBar:
    """Training steps of an arm, out of those it may take."""

    def __init__(self, n_steps: int) -> None:
        self.n_steps, self.n_done = n_steps, 0

    def __call__(self, event: Event) -> None:
        """Redraw after each bout."""
        if isinstance(event, Trained):
            self.n_done += event.n_steps
            done = min(1.0, self.n_done / self.n_steps)
            _draw(done, f"{self.n_done:>7,} steps  score {event.score:.3f}  ",
                  end="" if done < 1 else "\n")


class ArmsBar:
    """Several arms worked off by other processes: looks at the store while its block runs."""

    def __init__(self, store: Store, planned: Sequence[RunConfig]) -> None:
        self.store, self.planned = store, list(planned)
        self.read: dict[str, tuple[int, int]] = {}  # by run id: bytes read, steps in them
        self.over = threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> ArmsBar:
        if sys.stderr.isatty():
            self.watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        if self.watcher.is_alive():
            self.watcher.join()
            print(file=sys.stderr)

    def _watch(self) -> None:
        while not self.over.wait(LOOK_S):
            self.look()
        self.look()

    def look(self) -> None:
        """Redraw: how many arms have ended, and how far the one being trained is."""
        shares, words = [], ""
        for arm in self.planned:
            share, said = self._share(arm)
            shares.append(share)
            words = said or words
        n_ended = sum(share == 1 for share in shares)
        _draw(sum(shares) / max(1, len(shares)), f"{n_ended} of {len(shares)} arms  {words:<50}")

    def _share(self, arm: RunConfig) -> tuple[float, str]:
        """How much of an arm is done, and what is being done about it."""
        run_id = arm.digest
        try:
            status = self.store.status(run_id)
            if status.state is not RunState.RUNNING:
                return float(status.state is not RunState.QUEUED), ""
            offset, n_steps = self.read.get(run_id, (0, 0))
            events, offset = self.store.events(run_id, offset)
        except StoreError:  # its folder is being made, or is damaged: whoever works on it says so
            return 0.0, ""
        n_steps += sum(e.n_steps for e in events if isinstance(e, Trained))
        self.read[run_id] = offset, n_steps
        done = min(0.99, n_steps / arm.arm.n_steps)
        return done, f"{arm.arm.kind}, model seed {arm.seeds.model}: {status.reason}"


def _draw(done: float, words: str, end: str = "") -> None:
    filled = "█" * round(30 * done)
    print(f"\r{filled:<30} {words}", end=end, file=sys.stderr, flush=True)
