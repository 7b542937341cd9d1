"""A run's event log: append-only, one writer, one JSON object a line; readers at any moment."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from shipdash import records
from shipdash.records import Event
from shipdash.runs.errors import UNREADABLE, RunCorrupt, explained, legible

FLUSH_S = 0.5  # events reach the disk at most twice a second: enough to watch, cheap to write
REMEDY = "remove the run's folder and start it again"  # of a damaged log
LOOK_BACK = 65_536  # bytes that a look from a log's end reads at once: some 500 events


def read(path: Path, start: int = 0) -> tuple[list[Event], int]:
    """Events from byte `start` on, and the byte to go on from; a torn last line is left."""
    what = f"{path.name} of run {path.parent.name}"
    with contextlib.suppress(FileNotFoundError), legible(what, REMEDY), path.open("rb") as file:
        file.seek(start)
        text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        events = [records.from_json(json.loads(line)) for line in whole.splitlines()]
        return events, start + len(whole)
    return [], 0


def each(path: Path) -> Iterator[Event]:
    """Every event in turn, in the memory of one: a stream of a million pairs logs 100 MB of them.

    A torn last line is left, as `read` leaves it.
    """
    what = f"{path.name} of run {path.parent.name}"
    with contextlib.suppress(FileNotFoundError), legible(what, REMEDY), path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield records.from_json(json.loads(line))


def progress(path: Path) -> tuple[int, int]:
    """Core size and pairs tested so far, from the end of the event log.

    The last pick may lie far back.
    """
    found = {}
    with contextlib.suppress(*UNREADABLE), path.open("rb") as file:
        for line in _backwards(file):
            event = json.loads(line)
            found = {k: event[k] for k in ("n_core", "n_tested") if k in event} | found
            if len(found) == 2:
                break
    return found.get("n_core", 0), found.get("n_tested", 0)


def _backwards(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, the last one first, in the memory of a block; a torn last is left."""
    at, rest, is_torn = file.seek(0, os.SEEK_END), b"", True
    while at:
        stop, at = at, max(0, at - LOOK_BACK)
        file.seek(at)
        rest, *lines = (file.read(stop - at) + rest).split(b"\n")
        if lines and is_torn:
            is_torn = False
            lines.pop()
        yield from reversed(lines)
    if not is_torn:
        yield rest


class LineWriter:
    """Appends JSON objects; `offset` counts what has been appended, `flush` makes it lasting."""

    def __init__(self, path: Path) -> None:
        self.path, self.offset, self._flushed_at = path, 0, 0.0

    def __enter__(self) -> Self:
        with explained(f"cannot open {self.path}"):
            self._file = self.path.open("ab")
        self.offset = self._file.tell()
        return self

    def __exit__(self, *_: object) -> None:
        with explained(f"cannot write {self.path}"):
            self._file.close()

    def truncate(self, n_bytes: int) -> None:
        """Forget what was logged after a checkpoint: it will happen again, the same."""
        if self._file.tell() < n_bytes:
            raise RunCorrupt(f"{self.path} is shorter than its checkpoint says: remove the "
                             "checkpoint folder to start the run again")
        with explained(f"cannot write {self.path}"):
            self._file.truncate(n_bytes)
            self._file.seek(0, os.SEEK_END)
        self.offset = n_bytes

    def write(self, plain: dict) -> None:
        """Add one line; it reaches readers within `FLUSH_S` of the next one."""
        line = json.dumps(plain, allow_nan=False).encode() + b"\n"
        with explained(f"cannot write {self.path}"):
            self._file.write(line)
            self.offset += len(line)
            if time.monotonic() - self._flushed_at > FLUSH_S:
                self._file.flush()
                self._flushed_at = time.monotonic()

    def flush(self) -> None:
        """Everything appended is on the disk when this returns."""
        with explained(f"cannot write {self.path}"):
            self._file.flush()
            os.fsync(self._file.fileno())


class EventWriter(LineWriter):
    """The writer of an event log."""

    def append(self, event: Event) -> None:
        """Add one event."""
        self.write(records.to_json(event))
