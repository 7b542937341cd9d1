"""What happened in a run: its events, checkpoint, evaluation and result, read and written."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from shipdash.records import Event
from shipdash.store import log
from shipdash.store.errors import RunCorrupt
from shipdash.store.folder import Folder, npz
from shipdash.store.log import EventWriter


class Happened(Folder):
    """The records of the runs of a folder."""

    def events(self, run_id: str, start: int = 0) -> tuple[list[Event], int]:
        """Events from byte `start` on, and the byte to go on from; a torn last line is left."""
        return log.read(self._folder(run_id) / "events.jsonl", start)

    def each_event(self, run_id: str) -> Iterator[Event]:
        """All events in turn, in the memory of one: for whoever adds them up."""
        return log.each(self._folder(run_id) / "events.jsonl")

    def n_bytes(self, run_id: str) -> int:
        """Size of the event log: it changes exactly when something happened."""
        with contextlib.suppress(FileNotFoundError):
            return (self._folder(run_id) / "events.jsonl").stat().st_size
        return 0

    def writer(self, run_id: str) -> EventWriter:
        """The run's event log, for the holder of its lock."""
        return EventWriter(self._folder(run_id) / "events.jsonl")

    def result(self, run_id: str) -> dict | None:
        """The stored result; None until the run has completed."""
        result = self._json(run_id, "result.json", missing=None)
        if result is not None and not _is_result(result):
            raise RunCorrupt(f"result.json of run {run_id} is damaged: remove the run's folder "
                             "and start it again")
        return result

    def write_result(self, run_id: str, result: dict) -> None:
        """Written last; from here on the run is complete."""
        self._write(run_id, "result.json", json.dumps(result, allow_nan=False).encode())

    def save_checkpoint(self, run_id: str, arrays: dict[str, np.ndarray], loop: dict) -> None:
        """Learner and loop state in one file, replaced atomically."""
        words = np.frombuffer(json.dumps(loop, allow_nan=False).encode(), np.uint8)
        self._write(run_id, "checkpoint/state.npz", npz({**arrays, "loop": words}))

    def load_checkpoint(self, run_id: str) -> tuple[dict[str, np.ndarray], dict] | None:
        """What `save_checkpoint` stored, or None."""
        arrays = self._arrays(run_id, "checkpoint/state.npz")
        if arrays is None:
            return None
        try:
            loop = json.loads(arrays.pop("loop").tobytes())
        except (KeyError, ValueError, RecursionError):
            raise RunCorrupt(f"the checkpoint of run {run_id} is damaged: remove its checkpoint "
                             "folder to start the run again") from None
        return arrays, loop

    def save_scores(self, run_id: str, name: str, **arrays: np.ndarray) -> None:
        """Arrays of an evaluation, as ``evaluation/<name>.npz``."""
        self._write(run_id, f"evaluation/{name}.npz", npz(arrays, compressed=True))

    def load_scores(self, run_id: str, name: str) -> dict[str, np.ndarray] | None:
        """Arrays of an evaluation, or None."""
        return self._arrays(run_id, f"evaluation/{name}.npz")

    def save_json(self, run_id: str, name: str, value: Any) -> None:
        """A small table of an evaluation, as ``evaluation/<name>.json``."""
        self._write(run_id, f"evaluation/{name}.json", json.dumps(value, allow_nan=False).encode())

    def load_json(self, run_id: str, name: str) -> Any:
        """A small table of an evaluation, or None."""
        return self._json(run_id, f"evaluation/{name}.json", missing=None)

    def log_path(self, run_id: str) -> Path:
        """Where the worker's output goes."""
        return self._folder(run_id) / "log.txt"


def _is_result(result: Any) -> bool:
    """Whether it holds what every reader relies on."""
    return (isinstance(result, dict) and isinstance(result.get("core"), list)
            and {"n_core", "n_tested", "n_pool", "seconds", "held_out"} <= set(result))
