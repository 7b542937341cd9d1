"""What a run has stored, as this server has read it so far. Nothing is drawn but an error."""

from __future__ import annotations

import threading

import streamlit as st

from shipdash.records import Event, Picked, RunState
from shipdash.results import StoredRun
from shipdash.runs import RunCorrupt, Store, StoreError


def store_of(run: StoredRun) -> Store:
    """The runs folder that a run in view is kept in."""
    return Store(run.root, recorded=run.recorded)


class _Log:
    """Events of one run as read so far, for all viewers of this server."""

    def __init__(self) -> None:
        self.events, self.offset, self.state = [], 0, None
        self.lock = threading.Lock()  # two viewers must not both append what is new

    def read(self, run: StoredRun, state: RunState) -> list[Event]:
        """Read what was appended since the last look, and all of it where the file was cut."""
        with self.lock:
            resumed = state == RunState.RUNNING != self.state
            if resumed or store_of(run).n_bytes(run.run_id) < self.offset:
                self.events, self.offset = [], 0
            try:
                fresh, offset = store_of(run).events(run.run_id, self.offset)
            except StoreError:
                if not self.offset:
                    raise
                self.events, self.offset = [], 0
                fresh, offset = store_of(run).events(run.run_id, 0)
            _require_pool_numbers(run, fresh)
            self.events = [*self.events, *fresh] if fresh else self.events
            self.offset, self.state = offset, state
            return self.events


def _require_pool_numbers(run: StoredRun, events: list[Event]) -> None:
    """A pair that the pool does not have cannot be drawn."""
    last = run.config.selection.n_pool - 1
    for event in events:
        found = (event.index,) if isinstance(event, Picked) else getattr(event, "indices", ())
        if found and not 0 <= min(found) <= max(found) <= last:
            raise RunCorrupt(f"a pair number in events.jsonl lies beyond the pool (0 to {last:,}): "
                             "remove the run's folder and start it again")


@st.cache_resource(max_entries=64, show_spinner=False)  # some 2 MB for a full-size run
def _log(root: str, run_id: str) -> _Log:
    return _Log()


def events(run: StoredRun, state: RunState | None = None) -> list[Event]:
    """All events so far; only what was appended since the last look is read from disk.

    A worker that resumes cuts the file back to its checkpoint: then everything is read again.
    """
    try:
        return _log(run.root, run.run_id).read(run, state or run.state)
    except (StoreError, OSError) as error:
        st.error(f"The events of run {run.run_id} cannot be read: {error}")
        return []
