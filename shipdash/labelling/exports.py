"""Marks as files and back: a CSV of the whole log, and the images to label as CSV, COCO or folder.

What is written to the disk is decided by who calls, but for the folder of pictures.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from shipdash.config import ConfigError
from shipdash.data import export_files, files
from shipdash.data.export_files import Placed
from shipdash.data.file_names import ends, from_cell, in_cell, spelled
from shipdash.data.pair_list import PairRow, places, read_pairs, read_split
from shipdash.labelling.marks import Mark, Marks
from shipdash.labelling.rankings import Ranking

COLUMNS = (*Mark._fields, "file", "tile")

_ID = re.compile(r"[0-9a-f]{16}")
_WHEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", re.ASCII)


class Draft(NamedTuple):
    """A COCO file of predicted masks to correct, and the pictures that it is about."""

    content: dict
    pictures: dict[str, bytes]  # PNG by the names in `content`, at the size of its masks


def marked(data: str) -> list[tuple[Mark, PairRow]]:
    """The images that stand as wrong, in the order of marking, with their files."""
    rows = read_pairs(files.folder_of(data))
    standing = sorted(Marks(data).standing().values(), key=lambda line: line.when)
    return [(line, rows[line.number]) for line in standing if line.mark == "wrong"]


def images_csv(data: str) -> str:
    """The images that stand as wrong: who, when, number, file, tile and group."""
    found = marked(data)
    return export_files.pair_table([row for _, row in found], mark=[line.mark for line, _ in found],
                                   who=[line.who for line, _ in found],
                                   when=[line.when for line, _ in found])


def log_csv(data: str) -> str:
    """Every line of the log, undone ones too: `merge_csv` takes it back without loss."""
    rows, text = read_pairs(files.folder_of(data)), io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in Marks(data).log():
        writer.writerow([*line, in_cell(rows[line.number].file), rows[line.number].tile])
    return text.getvalue()


def merge_csv(data: str, text: str) -> int:
    """Take in a log that `log_csv` wrote, here or elsewhere; how many lines are new.

    An image is known by file and tile: by the path as it was imported, or by the longest end of it
    that one image here has. The number that it had elsewhere is not used.

    Raises
    ------
    ConfigError
        The text is no such table, or a line is of no image here. Nothing is taken in then.
    """
    number_of = _Numbers(read_pairs(files.folder_of(data)))
    lines, unknown = [], []
    for row in _rows_of(text):
        number = number_of(row["file"], row["tile"])
        if number is None:
            unknown.append(row["file"])
            continue
        lines.append(Mark(**{name: row[name] for name in Mark._fields} | {"number": number}))
    if unknown:
        raise ConfigError("marks", unknown[:5], f"must name images of the data set {data}; "
                          f"{len(unknown):,} of the lines name none")
    return Marks(data).merge(lines)


def _rows_of(text: str) -> list[dict[str, str]]:
    """The lines of a log as text; `ConfigError` where it is no table, or a line is no mark."""
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), restval="")
        rows = list(reader)
    except csv.Error as error:
        raise ConfigError("marks", text[:20], f"must be a CSV table ({error})") from None
    if not set(COLUMNS) <= set(reader.fieldnames or ()):
        raise ConfigError("marks", reader.fieldnames, f"must have the columns {', '.join(COLUMNS)}")
    for row in rows:
        # Marks are sorted by time, and a damaged one cannot be removed from the log again.
        if not (_ID.fullmatch(row["id"]) and _WHEN.fullmatch(row["when"])):
            raise ConfigError("marks", [row["id"][:40], row["when"][:40]], "must have on each line "
                              "an id of 16 hexadecimal digits and a time as it was exported")
        # A formula in a cell would be carried out by whoever opens the next export.
        for name in ("undoes", "ranking"):
            if row[name] and not _ID.fullmatch(row[name]):
                raise ConfigError("marks", row[name][:40], f"must have in the column {name} "
                                  "nothing or an id of 16 hexadecimal digits")
    return rows


def numbers_of(data: str, names: Iterable[str]) -> list[int]:
    """Numbers of whole images by path or an end of it; `ConfigError` where one stands for none."""
    number_of, names = _Numbers(read_pairs(files.folder_of(data))), list(names)
    found = {name: number_of(name) for name in names}
    unknown = [name for name, number in found.items() if number is None]
    if unknown:
        raise ConfigError("images", unknown[:5], f"must be images of the data set {data}, each "
                          "identified unambiguously; tiles are named by their numbers")
    return list(found.values())


def coco(ranking: Ranking, numbers: Iterable[int]) -> Draft:
    """The predicted masks of some images as a COCO file, to be corrected instead of drawn.

    Parameters
    ----------
    ranking : Ranking
    numbers : iterable of int
        Of images in the data set.

    Returns
    -------
    Draft
        Pictures and masks at the size in which they are stored, so that the corrected file is
        imported with them by ``shipdash data add --coco``.

    Raises
    ------
    ConfigError
        An image has no prediction, since it is not of the pool.
    """
    folder, numbers = files.folder_of(ranking.request.data), list(numbers)
    images = np.load(folder / "images.npy", "r", allow_pickle=False)
    place_of = _places(ranking)
    unknown = unranked(ranking, numbers)
    if unknown:
        raise ConfigError("images", unknown[:5], "must be of the pool of the data set "
                          f"{ranking.request.data}, which is what was ranked; export them with "
                          "--format folder")
    names = [f"{number:07d}.png" for number in numbers]
    bits = ranking.images["bits"][[place_of[number] for number in numbers]]
    masks = np.unpackbits(bits, axis=2).astype(bool)
    return Draft(export_files.coco_of_masks(names, masks),
                 {name: _png(images[number]) for name, number in zip(names, numbers, strict=True)})


def unranked(ranking: Ranking, numbers: Iterable[int]) -> list[int]:
    """Those of the numbers that have no prediction: held-out images, which people may mark too."""
    place_of = _places(ranking)
    return [number for number in numbers if number not in place_of]


def _places(ranking: Ranking) -> dict[int, int]:
    """Where the arrays of a ranking have each image, by its number in the data set."""
    pool = places(read_split(files.folder_of(ranking.request.data)), "pool")
    return {int(pool[i]): k for k, i in enumerate(ranking.images["index"])}


def write_coco(out: Path, draft: Draft) -> None:
    """``to_label.json`` and its pictures below ``images``."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    (out / "to_label.json").write_text(json.dumps(draft.content), "utf-8")
    for name, content in draft.pictures.items():
        (out / "images" / name).write_bytes(content)


def write_folder(out: Path, data: str) -> Placed:
    """Copies of their original pictures below ``images``; see `export_files.place_files`."""
    return export_files.place_files(out, _images_marked(data),
                                    files.read_manifest(files.folder_of(data)), copies=True)


def n_bytes_of_folder(data: str) -> int:
    """How large the pictures are that `write_folder` copies."""
    return export_files.n_bytes(_images_marked(data), files.read_manifest(files.folder_of(data)))


def _images_marked(data: str) -> list[PairRow]:
    return [row._replace(mask_file="") for _, row in marked(data)]


class _Numbers:
    """Numbers of images by file and tile; by the longest end of the path that one image has."""

    def __init__(self, rows: list[PairRow]) -> None:
        self._by_path = {(spelled(row.file), row.tile): row.number for row in rows}
        self._by_end: dict[tuple[str, str], int | None] = {}
        for row in rows:
            for end in ends(spelled(row.file)):
                key = (end, row.tile)
                self._by_end[key] = None if key in self._by_end else row.number

    def __call__(self, file: str, tile: str = "") -> int | None:
        """The number; None where there is no such image, or more than one."""
        file = from_cell(file)
        by_path = self._by_path.get((file, tile))
        if by_path is not None:
            return by_path
        by_end = (self._by_end.get((end, tile)) for end in ends(file))
        return next((number for number in by_end if number is not None), None)


def _png(image: np.ndarray) -> bytes:
    written = io.BytesIO()
    Image.fromarray(image).save(written, "png")
    return written.getvalue()
