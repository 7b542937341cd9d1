"""Where the pairs of a stored data set come from: the rows of its pairs.csv, with their split."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from shipdash.data.errors import DataError
from shipdash.data.seeded_random import SPLIT_KEYS

PAIRS = "pairs.csv"


class PairRow(NamedTuple):
    """One pair: the files as they were given, the offset of its tile (empty for a whole image), its
    group (empty for none), and its target pixels before and after resizing."""

    number: int
    file: str
    mask_file: str
    tile: str
    group: str
    area_before: int
    area_after: int


def read_pairs(folder: Path) -> list[PairRow]:
    """All pairs of a data set by number; `DataError` where it has no list or a damaged one."""
    try:
        with (folder / PAIRS).open(encoding="utf-8", newline="") as text:
            return [PairRow(int(row["number"]), row["file"], row["mask_file"], row["tile"],
                            row["group"], int(row["area_before"]), int(row["area_after"]))
                    for row in csv.DictReader(text)]
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        raise DataError(f"the data set {folder.name} has no list of its original files that can be "
                        "read: import it again") from None


def write_pairs(folder: Path, rows: Iterable[PairRow]) -> None:
    """Store the list of a data set that is being made."""
    with (folder / PAIRS).open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(PairRow._fields)
        writer.writerows(rows)


def read_split(folder: Path) -> np.ndarray:
    """The split of each pair: uint8, shape (n,), see `SPLIT_KEYS`; `DataError` where it is damaged.
    """
    try:
        return np.load(folder / "split.npy", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"split.npy of the data set {folder.name} cannot be read ({error}): remove "
                        "the data set and import it again") from None


def places(split: np.ndarray, name: str) -> np.ndarray:
    """Numbers in the data set of the pairs of one split, in their order in the split: int64.

    A run counts pairs within their split: number 3 of the pool is pair ``places(split, "pool")[3]``
    of the data set.
    """
    return np.flatnonzero(split == SPLIT_KEYS[name])


def rows_of(folder: Path, name: str) -> list[PairRow]:
    """The pairs of one split of a data set, in their order in the split."""
    rows = read_pairs(folder)
    return [rows[place] for place in places(read_split(folder), name)]
