"""A stored data set as a source: arrays on disk, read by memory map, one folder a data set.

How pictures become such arrays is not said here.

    data/<name>/           root: $SHIPDASH_DATA, else ./data
      manifest.json        what it is, and the fingerprint of its content; written last
      images.npy           uint8, (n, rows, cols, 3)
      masks.npy            bool, (n, rows, cols)
      split.npy            uint8, (n,): 0 pool, 1 held-out, 2 probe
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from shipdash.config import ConfigError, SourceConfig
from shipdash.data.chance import SPLIT_KEYS
from shipdash.data.source import checked

MANIFEST = "manifest.json"


def root() -> Path:
    """The folder of data sets: ``$SHIPDASH_DATA``, else ``./data``."""
    return Path(os.environ.get("SHIPDASH_DATA") or "data").absolute()


class FileSource:
    """`n` pairs of one split of a stored data set, in the order in which they are stored."""

    independent = False
    """Nobody can know of pictures from the world whether they are independent draws."""

    def __init__(self, asked: SourceConfig, *, n: int, split: str = "pool") -> None:
        folder = root() / asked.name
        self.manifest = read_manifest(folder)
        self.fingerprint = str(self.manifest["fingerprint"])
        if not asked.fingerprint or not self.fingerprint.startswith(asked.fingerprint):
            raise ConfigError("source.fingerprint", asked.fingerprint, f"must be that of the data "
                              f"set {asked.name} as it is stored here ({self.fingerprint[:16]})")
        self.images, self.masks = (np.load(folder / f"{name}.npy", "r", allow_pickle=False)
                                   for name in ("images", "masks"))
        self.shape = self.masks.shape[1:]
        if self.shape != (asked.rows, asked.cols):
            raise ConfigError("source.rows", asked.rows, f"and cols must be {self.shape[0]} and "
                              f"{self.shape[1]}, as the data set {asked.name} is stored")
        splits = np.load(folder / "split.npy", allow_pickle=False)
        self.places = np.flatnonzero(splits == SPLIT_KEYS[split])
        if n > len(self.places):
            name = {"pool": "selection.n_pool", "held_out": "evaluation.n_held_out"}.get(split, "n")
            raise ConfigError(name, n, f"must be at most {len(self.places):,}, the "
                              f"{split.replace('_', '-')} pairs of the data set {asked.name}")
        self.n = n

    def draw(self, indices: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
        """See `Source.draw`."""
        places = [self.places[checked(i, self.n)] for i in indices]
        return self.images[places].astype(np.float32) / 255, self.masks[places].astype(bool)

    def factors(self, i: int) -> None:
        """Nobody has measured them."""

    def origin(self, i: int) -> int:
        """Every picture counts as its own."""
        return checked(i, self.n)

    def label(self, i: int) -> str:
        """The mask is what we were given."""
        return "true"


def n_stored(name: str, split: str) -> int:
    """How many pairs of a split a data set has; `ConfigError` where there is no such data set."""
    read_manifest(root() / name)
    splits = np.load(root() / name / "split.npy", allow_pickle=False)
    return int(np.count_nonzero(splits == SPLIT_KEYS[split]))


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a data set says of itself; `ConfigError` where there is none that can be read."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        manifest["fingerprint"], manifest["rows"], manifest["cols"]
        return manifest
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise ConfigError("source.name", folder.name, "must name a data set stored in "
                          f"{folder.parent}") from None


def write(name: str, images: np.ndarray, masks: np.ndarray, split: np.ndarray,
          **facts: Any) -> SourceConfig:
    """Store a data set; the settings that ask for it.

    The folder appears whole or not at all.

    Parameters
    ----------
    name : str
        Lower-case letters, digits, ``-`` and ``_``.
    images : uint8 array, shape (n, rows, cols, 3)
    masks : bool array, shape (n, rows, cols)
    split : uint8 array, shape (n,)
        See the module.
    facts
        What else the manifest says, ready for JSON.
    """
    arrays = {"images": images, "masks": masks, "split": split}
    digest = hashlib.sha256()
    for array in arrays.values():
        digest.update(repr((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    rows, cols = masks.shape[1:]
    asked = SourceConfig(kind="files", name=name, fingerprint=digest.hexdigest()[:16],
                         rows=rows, cols=cols)
    draft = root() / f".new-{secrets.token_hex(8)}"
    draft.mkdir(parents=True)
    try:
        for key, array in arrays.items():
            np.save(draft / f"{key}.npy", array, allow_pickle=False)
        manifest = {"name": name, "fingerprint": digest.hexdigest(), "n": len(masks),
                    "rows": rows, "cols": cols, **facts}
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
        draft.rename(root() / name)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return asked
