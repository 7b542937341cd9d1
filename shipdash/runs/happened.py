"""What happened in a run: its events, checkpoint, evaluation and result, read and written."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from shipdash.records import Event
from shipdash.results import Result
from shipdash.runs import log
from shipdash.runs.errors import RunCorrupt
from shipdash.runs.folder import Folder, npz
from shipdash.runs.log import EventWriter


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

    def result(self, run_id: str) -> Result | None:
        """The stored result; None until the run has completed."""
        stored = self._json(run_id, "result.json", missing=None)
        try:
            return None if stored is None else Result.from_json(stored)
        except ValueError as error:
            raise RunCorrupt(f"result.json of run {run_id} is damaged ({error}): remove the run's "
                             "folder and start it again") from None

    def write_result(self, run_id: str, result: Result) -> None:
        """Written last; from here on the run is complete."""
        self._write(run_id, "result.json", json.dumps(result.to_json(), allow_nan=False).encode())

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
        """Arrays of an evaluation, one entry a pair, or None.

        `index` holds the pairs' numbers, `probability` pictures, everything else one score each.
        """
        arrays = self._arrays(run_id, f"evaluation/{name}.npz")
        wanted = "probability" if name == "picked" or name.endswith("_worst") else "iou"
        if arrays is not None and not (wanted in arrays and _are_scores(arrays)):
            raise RunCorrupt(f"evaluation/{name}.npz of run {run_id} is damaged: remove that file")
        return arrays

    def log_path(self, run_id: str) -> Path:
        """Where the worker's output goes."""
        return self._folder(run_id) / "log.txt"


def _are_scores(arrays: dict[str, np.ndarray]) -> bool:
    """Whether they are columns of one table over pairs."""
    kinds = {name: (values.dtype.kind, values.ndim) for name, values in arrays.items()}
    return (kinds.pop("index", None) in (("i", 1), ("u", 1))
            and kinds.pop("probability", ("u", 3)) == ("u", 3)
            and all(kind == ("f", 1) for kind in kinds.values())
            and len({len(values) for values in arrays.values()}) == 1)
