"""A stored data set as a source: arrays on disk, read by memory map, one folder a data set.

How pictures become such arrays is not said here but in `importing`.

    data/<name>/           root: $SHIPDASH_DATA, else ./data
      manifest.json        what it is, and the fingerprint of its content; written last
      images.npy           uint8, (n, rows, cols, 3)
      masks.npy            uint8, (n, rows, cols): 0 outside, 1 target, 2 void, which counts
                           nowhere; or bool
      split.npy            uint8, (n,): 0 pool, 1 held-out, 2 probe
      pairs.csv            of an import: the original files, tile, group and areas of each pair
      report.json          of an import: what was taken and what was not
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shipdash.config import ConfigError, SourceConfig
from shipdash.config.base import A_DATA_NAME
from shipdash.data.errors import DataError, explained
from shipdash.data.pair_list import PAIRS, PairRow, places, read_pairs, read_split, write_pairs
from shipdash.data.source import VOID, Source, checked

MANIFEST = "manifest.json"
VOID_PIXELS = "void_pixels"
LABELLED = "labelled"
PARENT, N_CARRIED, CONTINUED_WITH = "parent", "n_carried", "goes_on_with"
N_COPIES = "n_copies"
"""Facts of a manifest: of a data set that begins with the core set of a run."""
ARRAYS = ("images", "masks", "split")
ABANDONED_S = 86_400.0
"""A draft that nobody has written to for so long is of a killed process: one takes minutes, and
writes all the time."""
_CHUNK = 2**20


def root() -> Path:
    """The folder of data sets: ``$SHIPDASH_DATA``, else ``./data``."""
    return Path(os.environ.get("SHIPDASH_DATA") or "data").absolute()


def place_of(name: str) -> Path:
    """Where a data set of that name is or would be stored; `ConfigError` for what is no name."""
    pattern, words = A_DATA_NAME
    if not re.fullmatch(pattern, name):
        raise ConfigError("source.name", name, f"must be {words}")
    return root() / name


def folder_of(name: str) -> Path:
    """Where a data set is read: its place, or for a sample that is not stored here a folder that
    this process unpacked; `ConfigError` for what is no name."""
    from shipdash.data import sample_data  # which stands on this module

    place = place_of(name)
    if not place.exists() and name in sample_data.ATTRIBUTION:
        return sample_data.unpacked(name)
    return place


class FileSource(Source):
    """`n` pairs of one split of a stored data set, in the order in which they are stored."""

    independent = False
    """Nobody can know of pictures from the world whether they are independent draws."""

    def __init__(self, asked: SourceConfig, *, n: int, split: str = "pool") -> None:
        folder = folder_of(asked.name)
        self.manifest = read_manifest(folder)
        self.fingerprint = str(self.manifest["fingerprint"])
        if not asked.fingerprint or not self.fingerprint.startswith(asked.fingerprint):
            raise ConfigError("source.fingerprint", asked.fingerprint, f"must be that of the data "
                              f"set {asked.name} as it is stored here ({self.fingerprint[:16]})")
        try:
            self.images, self.masks = (np.load(folder / f"{name}.npy", "r", allow_pickle=False)
                                       for name in ("images", "masks"))
        except (OSError, ValueError, EOFError) as error:
            raise DataError(f"the arrays of the data set {asked.name} cannot be read ({error}): "
                            "remove it and import it again") from None
        self.shape = self.masks.shape[1:]
        self.void = bool(self.manifest.get(VOID_PIXELS))
        if self.shape != (asked.rows, asked.cols):
            raise ConfigError("source.rows", asked.rows, f"and cols must be {self.shape[0]} and "
                              f"{self.shape[1]}, as the data set {asked.name} is stored")
        self.places = places(read_split(folder), split)
        if n > len(self.places):
            name = {"pool": "selection.n_pool", "held_out": "evaluation.n_held_out"}.get(split, "n")
            raise ConfigError(name, n, f"must be at most {len(self.places):,}, the "
                              f"{split.replace('_', '-')} pairs of the data set {asked.name}")
        self.n = n

    def draw(self, indices: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
        """See `Source.draw`; masks are uint8 as stored where the data set has void pixels."""
        places = [self.places[checked(i, self.n)] for i in indices]
        masks = self.masks[places]
        return (self.images[places].astype(np.float32) / 255,
                masks if self.void else masks.astype(bool))

    def group(self, i: int) -> str:
        """As pairs.csv has it; empty where the data set has no such list."""
        return self._groups[checked(i, self.n)]

    @functools.cached_property
    def _groups(self) -> list[str]:
        folder = folder_of(self.manifest["name"])
        if not (folder / PAIRS).exists():  # stored without an import
            return [""] * self.n
        rows = read_pairs(folder)
        return [rows[place].group for place in self.places[:self.n]]


def n_stored(name: str, split: str) -> int:
    """How many pairs of a split a data set has; `ConfigError` where there is no such data set."""
    folder = folder_of(name)
    read_manifest(folder)
    return len(places(read_split(folder), split))


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a data set says of itself; `ConfigError` where there is none that can be read."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        manifest["fingerprint"], manifest["rows"], manifest["cols"]
        return manifest | {"name": folder.name}  # whatever it was called when it was made
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise ConfigError("source.name", folder.name, "must name a data set stored in "
                          f"{folder.parent}") from None


def require_labels(name: str) -> None:
    """`ConfigError` where a data set was imported without masks: nothing can be learnt from it."""
    if not read_manifest(folder_of(name)).get(LABELLED, True):
        raise ConfigError("source.name", name, "must name a data set with masks; this one holds "
                          "images that nobody has labelled, which `shipdash label` ranks")


def stored() -> list[dict[str, Any]]:
    """The manifests of all data sets here, by name; what cannot be read is left out."""
    found = []
    for folder in sorted(root().glob("[a-z0-9]*")):
        with contextlib.suppress(ConfigError):
            found.append(read_manifest(folder))
    return found


def remove(name: str) -> None:
    """Remove a stored data set; `ConfigError` where there is none of that name."""
    folder = place_of(name)
    read_manifest(folder)
    with explained(f"cannot remove the data set {name} from {root()}",
                   "check who may write there"):
        remove_folder(folder)


def remove_folder(folder: Path) -> None:
    """Remove a folder of any kind, and what is left of others whose removal was killed.

    Its name is free at once for everybody, whatever happens while its files are deleted.
    """
    doomed = folder.with_name(f".old-{secrets.token_hex(8)}")
    folder.rename(doomed)
    for old in folder.parent.glob(".old-*"):
        with contextlib.suppress(FileNotFoundError):  # another removes it too
            shutil.rmtree(old, ignore_errors=old != doomed)
        for draft in root().glob(".new-*"):  # and those whose making was
            with contextlib.suppress(OSError):  # it was renamed meanwhile
                written = max(path.stat().st_mtime for path in (draft, *draft.iterdir()))
                if time.time() - written > ABANDONED_S:
                    shutil.rmtree(draft, ignore_errors=True)


def write(name: str, images: np.ndarray, masks: np.ndarray, split: np.ndarray,
          rows: Sequence[PairRow] = (), into: Path | None = None, **facts: Any) -> SourceConfig:
    """Store a data set that is in memory; the settings that ask for it.

    The folder appears whole or not at all.

    Parameters
    ----------
    name : str
        Lower-case letters, digits, ``-`` and ``_``.
    images : uint8 array, shape (n, rows, cols, 3)
    masks : bool or uint8 array, shape (n, rows, cols)
    split : uint8 array, shape (n,)
        See the module.
    rows : sequence of PairRow
        The original file of each pair, where there are such.
    into : Path, optional
        By default the folder of data sets.
    facts
        What else the manifest says, ready for JSON.
    """
    with draft_in(into or root()) as draft:
        for key, array in zip(ARRAYS, (images, masks, split), strict=True):
            np.save(draft / f"{key}.npy", np.ascontiguousarray(array), allow_pickle=False)
        if rows:
            write_pairs(draft, rows)
        return publish(draft, name, fingerprint(draft),
                       **{VOID_PIXELS: int((masks == VOID).sum()), **facts})


@contextlib.contextmanager
def draft_in(parent: Path) -> Iterator[Path]:
    """A new folder for a data set in the making (see `publish`); gone again if that fails.

    What the system refuses becomes a `DataError`.
    """
    draft = parent / f".new-{secrets.token_hex(8)}"
    with explained(f"cannot write to {parent}",
                   "free some space or choose another folder with SHIPDASH_DATA"):
        try:
            draft.mkdir(parents=True)
            yield draft
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


def fingerprint(folder: Path) -> str:
    """The sha256 of the arrays in a folder, read in small pieces: 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for name in ARRAYS:
        array = np.load(folder / f"{name}.npy", "r", allow_pickle=False)
        digest.update(repr((array.shape, array.dtype.str)).encode())
        with (folder / f"{name}.npy").open("rb") as file:
            file.seek(array.offset)
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def publish(draft: Path, name: str, digest: str, **facts: Any) -> SourceConfig:
    """Make a folder of arrays the data set `name` beside it; `DataError` where that is taken."""
    n, rows, cols = np.load(draft / "masks.npy", "r", allow_pickle=False).shape
    manifest = {"name": name, "fingerprint": digest, "n": n, "rows": rows, "cols": cols, **facts}
    asked = asking_for(manifest)  # first: what no run could ask for is not stored
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
    try:
        draft.rename(draft.parent / name)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        raise DataError(f"{draft.parent} has a data set {name} already: remove it first or choose "
                        "another name") from None
    return asked


def asking_for(manifest: dict[str, Any]) -> SourceConfig:
    """The settings that ask for the data set with this manifest."""
    return SourceConfig(kind="files", fingerprint=manifest["fingerprint"][:16],
                        **{key: manifest[key] for key in ("name", "rows", "cols")})
