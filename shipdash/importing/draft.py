"""A data set while it is being made: arrays that grow on disk, and where to go on after a stop.

    .import-<digest>/        digest: of the request
      images.npy, masks.npy  written row after row; their headers say 0 rows until the end
      pairs.csv              one row a pair
      journal.jsonl          one line an image: taken, or left out and why
      checkpoint.json        how much of all that is valid; what is behind it happens again

Whoever imports under a name holds the lock of ``.import-<name>.lock`` beside it.

Files are appended to and not mapped: on a full disk a write raises, while a mapped page kills the
process. How pairs come about is not known here.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from shipdash.data import files
from shipdash.data.files import DataError
from shipdash.data.held_out import split_by
from shipdash.data.pair_list import PairRow, read_pairs, read_split
from shipdash.data.source import VOID
from shipdash.importing.fit import Fitted
from shipdash.importing.report import REPORT, LeftOut, Report, Taken
from shipdash.importing.request import ImportRequest
from shipdash.runs import locks
from shipdash.runs.folder import replace

PREFIX = ".import-"
CHECKPOINT, JOURNAL = "checkpoint.json", "journal.jsonl"
CHECKPOINT_S = 2.0  # the most that a killed import does twice
_GROWING = ("images.npy", "masks.npy", files.PAIRS, JOURNAL)


class _Line(NamedTuple):
    """What the journal says of one image; areas in pixels, summed over its pairs."""

    file: str
    n_pairs: int
    reason: str  # why it was left out, or empty
    area_before: int = 0
    area_after: int = 0
    n_void: int = 0
    value: int = 0  # of its mask, see `listing.Mask`
    turned: bool = False  # see `pictures.Seen`


class Unfinished(NamedTuple):
    """An import that has not ended; one that was stopped is continued by the same request."""

    name: str
    n_done: int
    n_files: int
    at_work: bool  # a process is importing it just now


class Draft:
    """The draft of one request; what an earlier attempt at the same files stored is kept.

    `n_done` says how many images are dealt with, `n_pairs` how many pairs they gave.
    """

    def __init__(self, request: ImportRequest, listing: str, n_files: int) -> None:
        self.request, self.listing, self.n_files = request, listing, n_files
        self.folder = folder_of(request)
        self._shapes = {"images.npy": (request.rows, request.cols, 3),
                        "masks.npy": (request.rows, request.cols)}
        stored = _checkpoint(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        goes_on = stored.get("listing") == listing and _is_whole(self.folder, stored)
        valid = stored if goes_on else {}
        self.n_done, self.n_pairs = valid.get("n_done", 0), valid.get("n_pairs", 0)
        self._files = {name: (self.folder / name).open("ab") for name in _GROWING}
        for name, file in self._files.items():
            file.truncate(valid.get("lengths", {}).get(name, 0))
            file.seek(0, os.SEEK_END)  # or `tell` still says where the file ended before
        if not valid:
            self._begin()
        self._saved = time.monotonic()

    def take(self, image: str, label: str, group: str, pairs: Iterable[Fitted],
             value: int = 0, turned: bool = False) -> None:
        """Append the pairs of one image; `value` is that of its `Mask`, `turned` of `Seen`."""
        before = self.n_pairs
        areas = np.zeros(3, int)  # target before, target after, void
        for pair in pairs:
            self._files["images.npy"].write(pair.image.tobytes())
            self._files["masks.npy"].write(pair.mask.tobytes())
            tile = "" if pair.tile is None else "{} {}".format(*pair.tile)
            self._files[files.PAIRS].write(_line(PairRow(
                self.n_pairs, image, label, tile, group, pair.area_before, pair.area_after)))
            areas += pair.area_before, pair.area_after, np.count_nonzero(pair.mask == VOID)
            self.n_pairs += 1
        self._note(_Line(image, self.n_pairs - before, "", *areas.tolist(), value, turned))

    def leave_out(self, file: str, reason: str) -> None:
        """Note why an image gives no pair."""
        self._note(_Line(file, 0, reason))

    def save(self) -> None:
        """Store the progress so far, so that the import can be continued from here."""
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())  # a checkpoint never counts what a crash could take away
        state = {"name": self.request.name, "listing": self.listing, "n_files": self.n_files,
                 "n_done": self.n_done, "n_pairs": self.n_pairs,
                 "lengths": {name: file.tell() for name, file in self._files.items()}}
        replace(self.folder / CHECKPOINT, json.dumps(state).encode())
        self._saved = time.monotonic()

    def publish(self, left_out: Iterable[LeftOut]) -> Report:
        """Make the draft a stored data set, after `close`; the report names `left_out` too."""
        for name, shape in self._shapes.items():
            with (self.folder / name).open("r+b") as file:
                _write_header(file, (self.n_pairs, *shape))
        np.save(self.folder / "split.npy", self._split(), allow_pickle=False)
        report = self._report(left_out)
        (self.folder / REPORT).write_text(json.dumps(report.to_dict()))
        for name in (CHECKPOINT, JOURNAL):
            (self.folder / name).unlink()
        files.publish(self.folder, self.request.name, report.fingerprint,
                      given_in=os.getcwd(), images=self.request.images,
                      n_left_out=len(report.left_out),
                      **({} if report.labelled else {files.LABELLED: False}),
                      archive=self.request.archive, **{files.VOID_PIXELS: report.n_void})
        return report

    def left_out(self, others: Iterable[LeftOut]) -> list[LeftOut]:
        """The images that gave no pair and the other files, by name; after `close`."""
        return sorted([*others, *(LeftOut(line.file, line.reason) for line in self._journal()
                                  if line.reason)])

    def close(self) -> None:
        """Close the files; what was written since the last checkpoint is not valid."""
        with contextlib.ExitStack() as files_of_draft:  # all of them, though one cannot be written
            for file in self._files.values():
                files_of_draft.callback(file.close)

    def _begin(self) -> None:
        for name, shape in self._shapes.items():
            _write_header(self._files[name], (0, *shape))
        self._files[files.PAIRS].write(_line(PairRow._fields))
        self.save()

    def _note(self, line: _Line) -> None:
        self._files[JOURNAL].write(json.dumps(line).encode() + b"\n")
        self.n_done += 1
        if time.monotonic() - self._saved > CHECKPOINT_S:
            self.save()

    def _split(self) -> np.ndarray:
        """Groups stay together, and so do the tiles of an image without one."""
        units = [row.group or row.file for row in read_pairs(self.folder)]
        return split_by(units, self.request.held_out, self.request.seed)

    def _report(self, others: Iterable[LeftOut]) -> Report:
        lines = self._journal()
        return Report(
            name=self.request.name, fingerprint=files.fingerprint(self.folder),
            n_pairs=self.n_pairs, n_held_out=int(np.count_nonzero(read_split(self.folder))),
            rows=self.request.rows, cols=self.request.cols,
            n_with_target=sum(line.area_before > 0 for line in lines),
            n_vanished=sum(line.area_before > 0 and not line.area_after for line in lines),
            n_void=sum(line.n_void for line in lines),
            taken=tuple(Taken(line.file, line.n_pairs) for line in lines if not line.reason),
            left_out=tuple(self.left_out(others)), labelled=self.request.labelled,
            n_turned=sum(line.turned for line in lines),
            values=tuple(sorted({line.value for line in lines} - {0})))

    def _journal(self) -> list[_Line]:
        with (self.folder / JOURNAL).open("rb") as journal:
            return [_Line(*json.loads(line)) for line in journal]


def folder_of(request: ImportRequest) -> Path:
    """Where the draft of a request lies.

    An archive counts by its file name: a browser's upload lies in another folder each time, and
    whether the files are the same is said by their sizes and checksums.
    """
    named = dataclasses.replace(request, archive=Path(request.archive).name)
    return files.root() / f"{PREFIX}{named.digest}"


def unfinished() -> list[Unfinished]:
    """Imports that were stopped or are at work, by name."""
    stored = [(folder, _checkpoint(folder)) for folder in files.root().glob(f"{PREFIX}*")]
    return sorted(Unfinished(said["name"], said["n_done"], said["n_files"],
                             locks.is_held(lock_of(said["name"])))
                  for folder, said in stored if said)


def lock_of(name: str) -> Path:
    """What whoever imports a data set of that name holds, whatever the settings: of two, one would
    find the name taken when all is done."""
    return files.root() / f"{PREFIX}{name}.lock"


@contextlib.contextmanager
def locked(name: str, remedy: str) -> Iterator[None]:
    """Be the only one who works on drafts of a name; `DataError`, with the remedy, where another
    does."""
    files.root().mkdir(parents=True, exist_ok=True)
    with locks.held(lock_of(name)) as ours:
        if not ours:
            raise DataError(f"the data set {name} is being imported just now: {remedy}")
        try:
            yield
        finally:
            lock_of(name).unlink(missing_ok=True)


def discard(name: str) -> int:
    """Remove the drafts of a name; how many there were. `DataError` while one is being made."""
    found = [folder for folder in files.root().glob(f"{PREFIX}*")
             if _checkpoint(folder).get("name") == name]
    if found:
        with locked(name, "stop that import first"):
            for folder in found:
                shutil.rmtree(folder)
    return len(found)


def _checkpoint(folder: Path) -> dict:
    try:
        return json.loads((folder / CHECKPOINT).read_bytes())
    except (OSError, ValueError):
        return {}


def _is_whole(folder: Path, checkpoint: dict) -> bool:
    """Whether every file is still as long as the checkpoint says; it may be longer."""
    lengths = checkpoint.get("lengths", {})
    return all(name in lengths and (folder / name).is_file()
               and (folder / name).stat().st_size >= lengths[name] for name in _GROWING)


def _line(cells: Iterable) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _write_header(file, shape: tuple[int, ...]) -> None:
    """NumPy leaves room in the header for the first number to grow, so its length is constant."""
    np.lib.format.write_array_header_1_0(
        file, {"descr": "|u1", "fortran_order": False, "shape": shape})
