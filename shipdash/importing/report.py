"""What an import took and what it did not, file by file, and the same in sentences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from shipdash.counted import counted
from shipdash.data.files import DataError

REPORT = "report.json"


class Taken(NamedTuple):
    """An image that was taken, and how many pairs it gave: one, or one a tile."""

    file: str
    n_pairs: int


class LeftOut(NamedTuple):
    """A file that was not taken, or an entry of the labels that belongs to no image that was.

    The reason continues the sentence that the name begins.
    """

    file: str
    reason: str
    is_file: bool = True  # earlier reports do not say; they count entries as files

    def __str__(self) -> str:
        return f"{self.file} {self.reason}."


class Report(NamedTuple):
    """The import of one data set; areas are in pixels."""

    name: str
    fingerprint: str
    n_pairs: int
    n_held_out: int
    rows: int
    cols: int
    n_with_target: int  # images whose mask, as it came, has target
    n_vanished: int  # of those, images whose target is gone in what is stored
    n_void: int  # void pixels stored
    taken: tuple[Taken, ...]
    left_out: tuple[LeftOut, ...]
    labelled: bool = True  # whether the images came with masks
    values: tuple[int, ...] = ()  # of binary mask pictures: those besides 0 in any of the files
    n_turned: int = 0  # images that were turned as their EXIF data say

    @property
    def sentences(self) -> list[str]:
        """What a person should know of it, the most important first."""
        n_taken, n_files = len(self.taken), sum(row.is_file for row in self.left_out)
        n_entries = len(self.left_out) - n_files
        size = f"of {self.rows} x {self.cols} pixels"
        gave = f"{n_taken:,} of {counted(n_taken + n_files, 'file')} gave"
        said = [f"{gave} {counted(self.n_pairs, 'pair')} {size}, {self.n_held_out:,} of them held "
                "out." if self.labelled else
                f"{gave} {counted(self.n_pairs, 'image')} {size} without masks."]
        if n_files:
            said.append(f"{counted(n_files, 'file was', 'files were')} left out.")
        if n_entries:
            said.append(counted(n_entries, "entry of the labels belongs",
                                "entries of the labels belong") + " to no image that was taken.")
        if not self.labelled:
            return said
        if not self.n_with_target:
            said.append("No mask has any target: check how the masks are to be read.")
        elif self.n_vanished:
            said.append(f"In {self.n_vanished:,} of {self.n_with_target:,} images with a target, "
                        "nothing of it is left at the stored size. Tiles keep small targets.")
        if self.n_turned:
            said.append(f"{counted(self.n_turned, 'image was', 'images were')} turned as EXIF data "
                        "say: check that the masks lie on the targets.")
        if len(self.values) > 1:
            shown = ", ".join(map(str, self.values[:4])) + ", ..." * (len(self.values) > 4)
            said.append(f"The masks have different values besides 0 ({shown}): if these are "
                        "classes, read them with --mask-kind classes.")
        if self.n_void:
            share = self.n_void / (self.n_pairs * self.rows * self.cols)
            said.append(f"{share:.1%} of all pixels are void and count nowhere.")
        return said

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return self._asdict() | {"taken": [row._asdict() for row in self.taken],
                                 "left_out": [row._asdict() for row in self.left_out]}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Report:
        """The report that `to_dict` described."""
        return cls(**stored | {
            "values": tuple(stored.get("values", ())),
            "taken": tuple(Taken(**row) for row in stored["taken"]),
            "left_out": tuple(LeftOut(**row) for row in stored["left_out"])})


def read_report(folder: Path) -> Report:
    """The report of a stored data set; `DataError` where it has none that can be read."""
    try:
        return Report.from_dict(json.loads((folder / REPORT).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise DataError(f"the data set {folder.name} has no report of an import that can be "
                        "read") from None
