"""Who is at work on a run, and what was asked of them. No process is started or ended here."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

from shipdash.runs.errors import RunBusy, StoreError, explained
from shipdash.runs.folder import replace
from shipdash.runs.happened import Happened

REQUESTS = ("cancel", "pause", "step")
ABANDONED_S = 60.0  # no write takes this long: older temporary files are of a killed writer


class Liveness(Happened):
    """The locks of a runs folder and the requests to its workers."""

    @contextlib.contextmanager
    def lock(self, run_id: str) -> Iterator[None]:
        """Hold the run's lock. The kernel drops it on any death, so it cannot lie."""
        with self._locked(self._folder(run_id) / "alive.lock", patience_s=1.0) as held:
            if not held:
                raise RunBusy(f"run {run_id} is being worked on by another process: watch it, "
                              "or cancel it first")
            _sweep(self._folder(run_id))
            yield

    @contextlib.contextmanager
    def queue_lock(self) -> Iterator[bool]:
        """Whether we became the one process that works the queue off."""
        with self._locked(self.root / "queue.lock", patience_s=1.0) as held:
            yield held

    def is_alive(self, run_id: str) -> bool:
        """Whether some process holds the run's lock."""
        return self._is_held(self._folder(run_id) / "alive.lock")

    def queue_is_worked(self) -> bool:
        """Whether some process works the queue off."""
        return self._is_held(self.root / "queue.lock")

    @contextlib.contextmanager
    def standby_lock(self) -> Iterator[bool]:
        """Whether we became the one process that stands by with a network ready."""
        with self._locked(self.root / "standby.lock") as held:
            yield held

    def standby_is_alive(self) -> bool:
        """Whether some process stands by, or works on the run it was given."""
        return self._is_held(self.root / "standby.lock")

    def write_note(self, name: str, content: bytes) -> None:
        """Replace a file of the folder itself, which processes leave for each other."""
        with explained(f"cannot write {name} in {self.root}"):
            said, age_s = self.read_note(name)
            if said == content and age_s < math.inf:
                os.utime(self.root / name)  # that need not wait for the disk
                return
            self.root.mkdir(parents=True, exist_ok=True)
            replace(self.root / name, content)

    def read_note(self, name: str) -> tuple[bytes, float]:
        """A note and its age in seconds; empty and infinitely old where there is none."""
        with contextlib.suppress(OSError), (self.root / name).open("rb") as note:
            return note.read(), time.time() - os.fstat(note.fileno()).st_mtime
        return b"", math.inf

    def remove_note(self, name: str) -> None:
        """It has been heeded, or nobody will."""
        with explained(f"cannot remove {name} in {self.root}"):
            (self.root / name).unlink(missing_ok=True)

    def request(self, run_id: str, what: str) -> None:
        """Ask the worker to ``cancel``, ``pause`` or ``step`` (one more pick, then pause)."""
        if what not in REQUESTS:
            raise ValueError(f"what must be one of {', '.join(REQUESTS)}. Received: {what!r}")
        if self.result(run_id) is not None:
            raise StoreError(f"run {run_id} is completed: there is nothing to {what}")
        self._write(run_id, "control", what.encode())

    def requested(self, run_id: str) -> str | None:
        """What was asked of the worker, if anything."""
        with contextlib.suppress(OSError):
            word = (self._folder(run_id) / "control").read_text(errors="replace")
            return word if word in REQUESTS else None
        return None

    def clear_request(self, run_id: str) -> None:
        """The request has been honoured."""
        with explained(f"cannot remove control of run {run_id}"):
            (self._folder(run_id) / "control").unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what a writer left that was killed while writing: a checkpoint can be 60 MB."""
    with contextlib.suppress(OSError):
        for path in folder.rglob(".*"):
            if time.time() - path.stat().st_mtime > ABANDONED_S:
                path.unlink()
