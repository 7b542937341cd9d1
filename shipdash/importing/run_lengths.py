"""Labels as run lengths in a CSV, as in the Airbus ship detection contest.

Each row names an image and holds pairs of start and length, counted from 1 down the columns. An
image may have several rows; a row without runs says that there is nothing.
"""

from __future__ import annotations

import contextlib
import csv
import io
import threading
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from shipdash.data.source import TARGET
from shipdash.importing.file_reading import Place, joined, pictures_in
from shipdash.importing.listing import ByName, Candidate, Mask, Unfit, group_of, refused
from shipdash.importing.report import LeftOut
from shipdash.importing.request import ImportRequest

MOST_CELL = 2**24
"""Characters of a cell: some million runs; the csv module allows 131,072."""

_LIMIT = threading.Lock()

_FIRST_COLUMNS = {"imageid", "image_id", "image", "id", "img_id"}


class RunLengths:
    """See `listing.Labels`."""

    def __init__(self, place: Place, request: ImportRequest) -> None:
        images, self.left_out = pictures_in(place, request.images, "images")
        self._cells: dict[str, list[str]] = defaultdict(list)
        find, missing = ByName(images, request.images), {}
        for called, cell in _rows(place, request.labels):
            try:
                self._cells[find(called)].append(cell)
            except Unfit as error:
                missing[called] = str(error)
        self.left_out += [LeftOut(f"{called!r} in {request.labels}", why, is_file=False)
                          for called, why in missing.items()]
        self.candidates = [Candidate(image, group_of(image, request.group))
                           for image in images if image in self._cells]
        self.left_out += [LeftOut(joined(request.images, image), f"has no row in {request.labels}")
                          for image in images if image not in self._cells]

    def mask(self, candidate: Candidate, shape: tuple[int, int]) -> Mask:
        """See `listing.Labels.mask`."""
        flat = np.zeros(shape[0] * shape[1], np.uint8)
        for cell in self._cells[candidate.image]:
            for start, length in runs(cell, len(flat)):
                flat[start - 1:start - 1 + length] = TARGET
        return Mask(flat.reshape(shape, order="F"))


def runs(cell: str, n_pixels: int) -> np.ndarray:
    """The runs of one cell as an int64 array of shape (n, 2): start, from 1, and length.

    >>> runs("1 3 10 2", 12).tolist()
    [[1, 3], [10, 2]]

    Raises
    ------
    Unfit
        They are no positive whole numbers in pairs, not in order, or leave the image.
    """
    words = cell.split()
    if len(words) % 2:
        raise Unfit(f"has an odd number of run lengths ({len(words)}); they come in pairs")
    wrong = [word for word in words
             if not (word.isdecimal() and word.isascii() and len(word) <= 12)]
    if wrong:
        raise Unfit(f"has {wrong[0]!r:.40} among its run lengths, which is not a whole number "
                    "of at least 1")
    found = np.array(words, np.int64).reshape(-1, 2)
    if (found < 1).any():
        raise Unfit("has a 0 among its run lengths, which count from 1")
    ends = found.sum(axis=1) - 1
    if (ends > n_pixels).any():
        raise Unfit(f"has a run that ends at pixel {ends.max():,} of {n_pixels:,}: the mask is of "
                    "another size than its image")
    if (found[1:, 0] <= ends[:-1]).any():
        raise Unfit("has run lengths that overlap or are not in order")
    return found


def _rows(place: Place, name: str) -> list[tuple[str, str]]:
    """Image and runs of each row, without the header; `ConfigError` where it is no such table."""
    try:
        text, rows = place.read(name).decode("utf-8-sig"), []
        with _long_cells():
            table = csv.reader(io.StringIO(text, newline=""), strict=True)
            for number, row in enumerate(table, start=1):
                if not any(row) or (number == 1 and row[0].strip().lower() in _FIRST_COLUMNS):
                    continue
                if len(row) != 2:
                    raise refused(name, f"must have two columns, image and run lengths; row "
                                   f"{number:,} has {len(row)}")
                if not row[0].strip():
                    raise refused(name, f"must name an image in the first column; row {number:,} "
                                   "names none")
                rows.append((row[0].strip(), row[1]))
        return rows
    except (Unfit, UnicodeDecodeError, csv.Error) as error:
        raise refused(name, f"must be a CSV in UTF-8 ({error})") from None


@contextlib.contextmanager
def _long_cells() -> Iterator[None]:
    """The csv module's limit is one for the whole process, so it is put back; with two imports at
    once, the first to end would put it back for both."""
    with _LIMIT:
        before = csv.field_size_limit(MOST_CELL)
        try:
            yield
        finally:
            csv.field_size_limit(before)
