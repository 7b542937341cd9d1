"""Progress bars on a terminal, drawn by rich. What they show is read, never decided, here."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn

from shipdash.config import RunConfig
from shipdash.config.settings import SEED_MAX
from shipdash.did_not_learn import Watch, is_judged
from shipdash.records import Event, Picked, RunState, Scanned, Trained
from shipdash.runs import Store, StoreError
from shipdash.studies.study import Study

LOOKS_PER_S = 2  # as often as events reach the disk


@contextlib.contextmanager
def of_run(config: RunConfig) -> Iterator[Callable[[Event], None]]:
    """A consumer of the run's events that moves its bar."""
    progress = RunProgress(config)
    with _shown(lambda: (progress.share, progress.words)):
        yield progress.hear


def of_study(store: Store, study: Study) -> AbstractContextManager:
    """A bar for the runs of a study, which other processes compute; it reads the store."""
    return _shown(StudyProgress(store, study).look)


@contextlib.contextmanager
def of_units(units: str) -> Iterator[Callable[[int, int], None]]:
    """What moves the bar of images or steps: called with those dealt with and the number of all."""
    with _shown() as bar:
        yield lambda n_done, n: bar and bar.show(n_done / n, f"{n_done:>7,} of {n:,} {units}")


def warned(config: RunConfig, bar: Callable[[Event], None]) -> Callable[[Event], None]:
    """A consumer of a run's events that says on standard error, once, that it does not learn."""
    watch = Watch() if is_judged(config) else None

    def hear(event: Event) -> None:
        bar(event)
        if watch is not None and not watch.symptom and watch.hear(event):
            seed = (config.seeds.model + 1) % (SEED_MAX + 1)
            print(f"\nshipdash: this run does not learn. {watch.symptom} Stop it with Ctrl-C and "
                  f"try another model seed: --model-seed {seed}", file=sys.stderr, flush=True)

    return hear


def _shown(look: Callable[[], tuple[float, str]] | None = None
           ) -> AbstractContextManager[_Bar | None]:
    """A bar where the output is a terminal; elsewhere none."""
    return _Bar(look) if sys.stderr.isatty() else contextlib.nullcontext()


class _Bar(Progress):
    """One bar from 0 to 1 with words after it; `look`, if given, says both at every redraw."""

    def __init__(self, look: Callable[[], tuple[float, str]] | None = None) -> None:
        self.look = None  # the first picture is drawn before there is a task
        super().__init__(BarColumn(30), TextColumn("{task.description}"),
                         console=Console(stderr=True), refresh_per_second=LOOKS_PER_S)
        self.only, self.look = self.add_task("", total=1.0), look

    def show(self, done: float, words: str) -> None:
        """Move the bar."""
        self.update(self.only, completed=min(1.0, done), description=words)

    def get_renderables(self) -> Iterable[RenderableType]:
        """What rich draws, twice a second and at the end."""
        if self.look is not None:
            self.show(*self.look())
        return super().get_renderables()


class RunProgress:
    """How far a run is, from its events: pairs tested and kept, or the steps of a control arm."""

    def __init__(self, config: RunConfig) -> None:
        self.config, self.is_arm = config, config.arm.kind != "selection"
        self.share, self.words = 0.0, ""
        self.n_core, self.n_steps, self.score = 0, 0, ""

    def hear(self, event: Event) -> None:
        """Take in one more event."""
        if isinstance(event, Picked):
            self.n_core = event.n_core
        if isinstance(event, Trained):
            self.n_steps, self.score = self.n_steps + event.n_steps, f"score {event.score:.3f}"
        if isinstance(event, Trained) and self.is_arm:
            self.share = self.n_steps / self.config.arm.n_steps
            self.words = f"{self.n_steps:>7,} steps  {self.score}"
        if isinstance(event, Scanned):
            self.share = event.n_tested / self.config.selection.n_pool
            self.words = f"{event.n_tested:>7,} tested  {self.n_core:>5,} kept  {self.score}"


class StudyProgress:
    """How far the runs of a study are, read from the store; events are read once."""

    def __init__(self, store: Store, study: Study) -> None:
        self.store, self.study = store, study
        self.read: dict[str, tuple[int, RunProgress]] = {}  # by run id: bytes read, what they say

    def look(self) -> tuple[float, str]:
        """The share that is done, and words: how many runs have ended, what one is doing now."""
        shares, words = [], ""
        for config in self.study.settings(self.store):
            share, said = self._share(config)
            shares.append(share)
            words = said or words
        n_ended, n = sum(share == 1 for share in shares), len(self.study.runs)
        return sum(shares) / max(1, n), f"{n_ended} of {n} runs  {words}"

    def _share(self, config: RunConfig) -> tuple[float, str]:
        run_id = config.digest
        try:
            status = self.store.status(run_id)
            if status.state is not RunState.RUNNING:
                return float(status.state is not RunState.QUEUED), ""
            offset, run = self.read.get(run_id) or (0, RunProgress(config))
            events, offset = self.store.events(run_id, offset)
        except StoreError:  # its folder is not there yet, or is damaged: its worker says so
            self.read.pop(run_id, None)  # whatever comes in its place is read from the start
            return 0.0, ""
        for event in events:
            run.hear(event)
        self.read[run_id] = offset, run
        kind = f"{config.arm.kind}, " if run.is_arm else ""
        return min(0.99, run.share), f"{kind}model seed {config.seeds.model}: {status.reason}"
