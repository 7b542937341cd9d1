"""Selected pairs of a stored data set by their original files: lists, COCO subset, links, copies.

Which pairs is decided by who calls; what a scene's pairs are exported as is in `export_core_set`.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

import numpy as np

from shipdash.config import ConfigError
from shipdash.data.file_names import ends, in_cell, name_of, spelled
from shipdash.data.pair_list import PairRow
from shipdash.data.seeded_random import SPLIT_KEYS
from shipdash.data.source import TARGET, VOID

COLUMNS = ("number", "file", "mask_file", "tile", "group")
LONGEST_NAME = 240
"""Bytes of an original name that a copy keeps, from its end: with the number before it, a name may
have 255."""

SPLIT_NAMES = {value: name for name, value in SPLIT_KEYS.items()}


class Placed(NamedTuple):
    """How many files were put into a folder, and which original files were not found whole."""

    n: int
    missing: tuple[str, ...]


def pair_table(rows: Iterable[PairRow], **more: Sequence) -> str:
    """The text of a CSV: number in the data set, original files, tile and group of each pair.

    `more` are further columns, of one value a row, that stand first. Names are as `in_cell` makes
    them.

    Examples
    --------
    >>> print(pair_table([PairRow(7, "a.png", "m/a.png", "", "sea", 9, 9)], rank=[1]), end="")
    rank,number,file,mask_file,tile,group
    1,7,a.png,m/a.png,,sea
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*more, *COLUMNS])
    for k, row in enumerate(rows):
        writer.writerow([*(values[k] for values in more.values()),
                         row.number, in_cell(row.file), in_cell(row.mask_file), row.tile,
                         in_cell(row.group)])
    return text.getvalue()


def split_table(rows: Sequence[PairRow], split: np.ndarray) -> str:
    """The text of split.csv: every pair of a data set with ``pool``, ``held_out`` or ``probe``."""
    return pair_table(rows, split=[SPLIT_NAMES[int(value)] for value in split])


def coco_subset(content: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """A COCO file that keeps the images of the given names, with their annotations unchanged.

    Entries without a name or an id, which an import leaves out, are left out.

    Parameters
    ----------
    content : dict
        What a COCO file holds.
    names : iterable of str
        Original files of the pairs to keep. They are listed with the folder that they were read
        from, so the image of a name is that with the longest ``file_name`` in which it ends, with
        or without extension.
    """
    known = set(filter(None, map(_called, content["images"])))
    wanted = {_longest_end(_compared(name), known) for name in names} - {None}
    images = [image for image in content["images"] if _called(image) in wanted]
    kept = {repr(image["id"]) for image in images if "id" in image}
    annotations = [one for one in content.get("annotations", [])
                   if repr(one.get("image_id")) in kept]
    return content | {"images": images, "annotations": annotations}


def _called(image: dict[str, Any]) -> str | None:
    name = image.get("file_name")
    return _compared(name) if isinstance(name, str) else None


def _compared(name: str) -> str:
    """A name as an import finds it, which may have been written on another system."""
    return spelled(name).replace("\\", "/")


def coco_of_masks(files: Sequence[str], masks: np.ndarray) -> dict[str, Any]:
    """A COCO file of stored masks: one annotation of all target, one of all void pixels.

    Parameters
    ----------
    files : sequence of str, length n
        Names of the pictures at the size of the masks.
    masks : bool or uint8 array, shape (n, rows, cols)
        0 outside, 1 target, 2 void: *crowd*, which counts nowhere in COCO, and a category of its
        own, since not every tool knows *crowd*. An import reads it with ``--void void``.
    """
    rows, cols = masks.shape[1:]
    images = [{"id": k, "file_name": file, "height": rows, "width": cols}
              for k, file in enumerate(files, start=1)]
    shown = [(k, value, mask == value) for k, mask in enumerate(masks, start=1)
             for value in (TARGET, VOID)]
    annotations = [{"id": number, "image_id": k, "category_id": value,
                    "iscrowd": int(value == VOID), **_run_lengths(region)}
                   for number, (k, value, region) in
                   enumerate((one for one in shown if one[2].any()), start=1)]
    void = [{"id": VOID, "name": "void"}] if (masks == VOID).any() else []
    return {"images": images, "annotations": annotations,
            "categories": [{"id": TARGET, "name": "target"}, *void]}


def _longest_end(name: str, known: set[str]) -> str | None:
    found = [name, *ends(name)]
    stems = (str(PurePosixPath(end).with_suffix("")) for end in found)
    return next((end for end in (*found, *stems) if end in known), None)


def _run_lengths(region: np.ndarray) -> dict[str, Any]:
    """COCO's uncompressed run lengths (column by column, outside first), area and box."""
    pixels = region.ravel(order="F")
    changes = np.flatnonzero(np.diff(pixels.astype(np.int8), prepend=0))
    counts = np.diff(changes, prepend=0, append=pixels.size).tolist()
    rows, cols = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    box = [cols[0], rows[0], cols[-1] - cols[0] + 1, rows[-1] - rows[0] + 1]
    return {"segmentation": {"size": list(region.shape), "counts": counts},
            "area": int(region.sum()), "bbox": [int(value) for value in box]}


def place_files(out: Path, rows: Sequence[PairRow], manifest: dict[str, Any], *,
                copies: bool = False) -> Placed:
    """Put the original images and masks of pairs into ``out/images`` and ``out/masks``.

    A file's name is the number of its first pair and its own name, so that two files of one name do
    not meet and no path leads out of the folder.

    Parameters
    ----------
    out : Path
        Folder that is made if it is not there.
    rows : sequence of PairRow
    manifest : dict
        Of their data set; it knows where the import was started, and from which archive.
    copies : bool
        Copies instead of symbolic links, which an archive has none of.

    Raises
    ------
    ConfigError
        Links are asked for and the pairs come from an archive, or nobody knows where they were
        imported from, as of a sample in the package.
    OSError
        A file cannot be written.
    """
    archive = manifest.get("archive")
    if archive and not copies:
        raise ConfigError("export.links", True, f"must be copies: the images are in {archive}")
    if "given_in" not in manifest:
        raise ConfigError("export.files", manifest["name"], "must be a data set that was imported "
                          "from files; `shipdash export` writes images as they are stored")
    missing, n = [], 0
    with _originals(manifest) as find:
        for kind, column in (("images", "file"), ("masks", "mask_file")):
            (out / kind).mkdir(parents=True, exist_ok=True)
            for file, number in _first_pairs(rows, column).items():
                name = PurePosixPath(file).name.encode()[-LONGEST_NAME:].decode(errors="ignore")
                target = out / kind / f"{number:07d}_{name}"
                try:
                    _place(find(file), target, copies)
                    n += 1
                except FileNotFoundError:
                    missing.append(file)
    return Placed(n, tuple(missing))


def n_bytes(rows: Sequence[PairRow], manifest: dict[str, Any]) -> int:
    """How large the original files of pairs are together, unpacked; of those that are there."""
    total = 0
    with _originals(manifest) as find:
        for column in ("file", "mask_file"):
            for file in _first_pairs(rows, column):
                with contextlib.suppress(FileNotFoundError):
                    total += find(file).n_bytes
    return total


def why_no_originals(manifest: dict[str, Any]) -> str:
    """Why the original files of a data set cannot be had, in a sentence; empty where they can."""
    if "given_in" not in manifest:
        return "It is not known where the original images of this data set are."
    given = Path(manifest["given_in"]) / (manifest.get("archive") or "")
    return "" if given.exists() else "The original images are no longer where they were."


class _Original(NamedTuple):
    """An original file that is there."""

    n_bytes: int
    path: Path | None  # None inside an archive
    opened: Callable[[], IO[bytes]]


@contextlib.contextmanager
def _originals(manifest: dict[str, Any]) -> Iterator[Callable[[str], _Original]]:
    """Finds an original file of a data set by its name; FileNotFoundError where it has gone."""
    base = Path(manifest["given_in"])
    if not manifest.get("archive"):
        def on_disk(file: str) -> _Original:
            path = (base / file).resolve(strict=True)
            return _Original(path.stat().st_size, path, lambda: path.open("rb"))

        yield on_disk
        return
    try:
        opened = zipfile.ZipFile(base / manifest["archive"])
    except (FileNotFoundError, zipfile.BadZipFile):
        opened = None
    with opened or contextlib.nullcontext():
        named = {name_of(member): member for member in opened.infolist()} if opened else {}
        # An import leaves one folder around all out of the names.
        named = {name.partition("/")[2]: member for name, member in named.items()} | named

        def in_archive(file: str) -> _Original:
            if file not in named:
                raise FileNotFoundError(file)
            return _Original(named[file].file_size, None, lambda: opened.open(named[file]))

        yield in_archive


def _first_pairs(rows: Sequence[PairRow], column: str) -> dict[str, int]:
    """Each original file once, with the number of the first pair that was made of it."""
    found: dict[str, int] = {}
    for row in rows:
        if getattr(row, column):  # masks from a CSV or COCO file are no files of their own
            found.setdefault(getattr(row, column), row.number)
    return found


def _place(original: _Original, target: Path, copies: bool) -> None:
    target.unlink(missing_ok=True)  # as a link it leads to the original, which would be emptied
    if not copies:
        os.symlink(original.path, target)
        return
    try:
        with original.opened() as source, target.open("wb") as written:
            shutil.copyfileobj(source, written)
    except (zipfile.BadZipFile, zlib.error, EOFError):  # the archive was damaged since its import
        target.unlink(missing_ok=True)
        raise FileNotFoundError(target.name) from None
