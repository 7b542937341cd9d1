"""A sweep on disk: ``sweeps/<id>`` in the runs folder, with its spec, its lock and a wish to stop.

No result is kept here: where a sweep stands follows from its runs, and they are in the store.
"""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple

from shipdash.config import RUN_ID, ConfigError
from shipdash.records import RunState
from shipdash.runs import RunBusy, RunCorrupt, RunNotFound, Store, StoreError, locks
from shipdash.runs.errors import explained
from shipdash.runs.folder import Folder, replace
from shipdash.studies.sweep.grid import SweepConfig

MISSING = "missing"
"""State of a point that nobody has begun; every other is a `RunState`."""


class Standing(NamedTuple):
    """Where a sweep stands; `states` has one entry a point, in the order of the sweep."""

    states: Mapping[str, str]  # run id -> RunState, or MISSING
    alive: bool  # a process works on it
    stopping: bool  # it was asked to stop

    @property
    def counts(self) -> collections.Counter:
        """Number of points by state."""
        return collections.Counter(self.states.values())

    @property
    def n_done(self) -> int:
        """Points with a result."""
        return self.counts[RunState.COMPLETED]

    @property
    def complete(self) -> bool:
        """Whether every point has a result."""
        return self.n_done == len(self.states)


class Sweeps(Folder):
    """The sweeps of a runs folder."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.root / "sweeps")
        self.store = store

    def create(self, config: SweepConfig) -> str:
        """Store what is asked, once; its id. A wish to stop is kept: see `forget_cancel`."""
        sweep_id = config.digest
        with explained(f"cannot create a sweep in {self.root}"):
            folder = self.root / sweep_id
            folder.mkdir(parents=True, exist_ok=True)
            if not self._is_readable(sweep_id):
                replace(folder / "spec.json", config.to_json().encode())
        return sweep_id

    def __contains__(self, sweep_id: str) -> bool:
        return (self.root / sweep_id / "spec.json").is_file()

    def config(self, sweep_id: str) -> SweepConfig:
        """What was asked."""
        path = self.folder(sweep_id) / "spec.json"
        try:
            return SweepConfig.from_json(path.read_bytes())
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise RunCorrupt(f"spec.json of sweep {sweep_id} cannot be read ({error}): ask for "
                             "the sweep again") from None

    def list(self) -> list[str]:
        """Ids of the readable sweeps, newest first."""
        with explained(f"cannot read {self.root}"), contextlib.suppress(FileNotFoundError):
            paths = [path / "spec.json" for path in self.root.iterdir()
                     if RUN_ID.fullmatch(path.name)]
            paths = [path for path in paths if path.exists()]
            paths.sort(key=lambda path: path.stat().st_mtime, reverse=True)
            return [path.parent.name for path in paths if self._is_readable(path.parent.name)]
        return []

    def _is_readable(self, sweep_id: str) -> bool:
        try:
            self.config(sweep_id)
        except (StoreError, ConfigError):
            return False
        return True

    def standing(self, sweep_id: str) -> Standing:
        """States of all points, read from the store."""
        ids = [run.digest for run in self.config(sweep_id).points]
        return Standing({run_id: state_of(self.store, run_id) for run_id in ids},
                        self.is_alive(sweep_id), self.cancelled(sweep_id))

    @contextlib.contextmanager
    def lock(self, sweep_id: str) -> Iterator[None]:
        """Be the one process that works on this sweep."""
        with self._locked(self.folder(sweep_id) / "alive.lock", patience_s=1.0) as held:
            if not held:
                raise RunBusy(f"sweep {sweep_id} is being worked on by another process: watch it, "
                              "or cancel it first")
            yield

    @contextlib.contextmanager
    def turn(self) -> Iterator[bool]:
        """Whether it is our turn: one sweep at a time computes, or they would share the cores."""
        with self._locked(self.root / "turn.lock", patience_s=0.0) as held:
            yield held

    def is_alive(self, sweep_id: str) -> bool:
        """Whether some process works on it, or has been started to: see `open_log`."""
        return (self._is_held(self.folder(sweep_id) / "alive.lock")
                or self._is_held(self.log_path(sweep_id)))

    def ask_cancel(self, sweep_id: str) -> None:
        """Leave the wish to stop; no further point begins."""
        with explained(f"cannot write to sweep {sweep_id}"):
            (self.folder(sweep_id) / "cancel").touch()

    def cancelled(self, sweep_id: str) -> bool:
        """Whether it was asked to stop."""
        return (self.folder(sweep_id) / "cancel").exists()

    def forget_cancel(self, sweep_id: str) -> None:
        """It is asked to go on."""
        with explained(f"cannot write to sweep {sweep_id}"):
            (self.folder(sweep_id) / "cancel").unlink(missing_ok=True)

    def open_log(self, sweep_id: str) -> IO[bytes]:
        """Where a process of its own prints to, locked; `RunBusy` if one does already.

        The lock is dropped when the process ends (see `locks.take`): a sweep that was started
        counts as at work from the first moment, and two presses start one.
        """
        log = self.log_path(sweep_id).open("ab")
        if not locks.take(log.fileno(), patience_s=1.0):  # one that only looks holds it a moment
            log.close()
            raise RunBusy(f"sweep {sweep_id} has been started already: watch it")
        return log

    def log_path(self, sweep_id: str) -> Path:
        """Where the output of its process goes."""
        return self.folder(sweep_id) / "log.txt"

    def folder(self, sweep_id: str) -> Path:
        """The folder of a sweep that is here; `RunNotFound` if it is not."""
        if not isinstance(sweep_id, str) or not RUN_ID.fullmatch(sweep_id):
            raise RunNotFound(f"a sweep id has 16 hexadecimal digits. Received: {sweep_id!r:.40}")
        if sweep_id not in self:
            raise RunNotFound(f"there is no sweep {sweep_id} in {self.root}: check the link or "
                              "the runs folder")
        return self.root / sweep_id


def state_of(store: Store, run_id: str) -> str:
    """State of a run, `MISSING` where there is none, *failed* where it cannot be read."""
    try:
        return store.status(run_id).state
    except RunNotFound:
        return MISSING
    except StoreError:
        return RunState.FAILED
