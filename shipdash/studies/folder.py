"""A study on disk: ``sweeps/<id>`` in the runs folder, with its spec, lock and cancel request.

No result is kept here: where a study stands follows from its runs, and they are in the store.
"""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple

from shipdash.config import RUN_ID, ConfigError
from shipdash.records import RunState
from shipdash.runs import RunCorrupt, RunNotFound, Store, StoreError
from shipdash.runs.errors import explained
from shipdash.runs.folder import Cancellable, Folder, replace
from shipdash.studies.study import Study

MISSING = "missing"
"""State of a run that was never started; every other state is a `RunState`."""


class Standing(NamedTuple):
    """Where a study stands; `states` has one entry per run, in the order of the study."""

    states: Mapping[str, str]  # run id -> RunState, or MISSING
    alive: bool  # a process works on it
    stopping: bool  # it was asked to stop

    @property
    def counts(self) -> collections.Counter:
        """Number of runs by state."""
        return collections.Counter(self.states.values())

    @property
    def n_done(self) -> int:
        """Runs with a result."""
        return self.counts[RunState.COMPLETED]

    @property
    def complete(self) -> bool:
        """Whether every run has a result."""
        return self.n_done == len(self.states)


class Studies(Cancellable, Folder):
    """The studies of a runs folder."""

    noun = "study"

    def __init__(self, store: Store) -> None:
        super().__init__(store.root / "sweeps")
        self.store = store

    def create(self, study: Study) -> str:
        """Store a study once; its id. A request to cancel is kept: see `forget_cancel`."""
        study_id = study.digest
        with explained(f"cannot create a study in {self.root}"):
            folder = self.root / study_id
            folder.mkdir(parents=True, exist_ok=True)
            if self._read(study_id) is None:
                replace(folder / "spec.json", study.to_json().encode())
        return study_id

    def __contains__(self, study_id: str) -> bool:
        return (self.root / study_id / "spec.json").is_file()

    def study(self, study_id: str) -> Study:
        """What was asked."""
        path = self.folder(study_id) / "spec.json"
        try:
            return Study.from_json(path.read_bytes())
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise RunCorrupt(f"spec.json of study {study_id} cannot be read ({error}): ask for "
                             "the study again") from None

    def list(self) -> list[str]:
        """Ids of the readable studies, newest first; those of other versions, whose ids do not
        follow from today's runs, are left out."""
        with explained(f"cannot read {self.root}"), contextlib.suppress(FileNotFoundError):
            paths = [path / "spec.json" for path in self.root.iterdir()
                     if RUN_ID.fullmatch(path.name)]
            paths = [path for path in paths if path.exists()]
            paths.sort(key=lambda path: path.stat().st_mtime, reverse=True)
            read = {path.parent.name: self._read(path.parent.name) for path in paths}
            return [name for name, study in read.items() if study and study.digest == name]
        return []

    def _read(self, study_id: str) -> Study | None:
        """What was asked; None where it cannot be read."""
        with contextlib.suppress(StoreError, ConfigError):
            return self.study(study_id)
        return None

    def standing(self, study_id: str) -> Standing:
        """States of all runs, read from the store."""
        return self.standing_of(self.study(study_id))

    def standing_of(self, study: Study) -> Standing:
        """The same of a study at hand, with the runs that can be asked by now."""
        ids = [config.digest for config in study.settings(self.store)]
        return Standing({run_id: state_of(self.store, run_id) for run_id in ids},
                        self.is_alive(study.digest), self.cancelled(study.digest))

    def turn(self) -> AbstractContextManager[bool]:
        """Whether it is our turn: one study at a time computes, or they would share the cores."""
        return self._locked(self.root / "turn.lock")

    def _is_here(self, study_id: str) -> bool:
        return study_id in self

    def _explained(self, study_id: str) -> AbstractContextManager:
        return explained(f"cannot write to study {study_id}")


def state_of(store: Store, run_id: str) -> str:
    """State of a run, `MISSING` where there is none, *failed* where it cannot be read."""
    try:
        return store.status(run_id).state
    except RunNotFound:
        return MISSING
    except StoreError:
        return RunState.FAILED
