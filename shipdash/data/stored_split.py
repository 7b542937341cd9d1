"""A stored data set with another split. Which pairs are held out is decided in `held_out`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from shipdash.config import SourceConfig
from shipdash.data import files

_OF_ONE_SPLIT = ("name", "fingerprint", "n", "rows", "cols", "sample", "split_of", "split_by",
                 files.PARENT, files.N_CARRIED, files.CONTINUED_WITH,
                 files.N_COPIES)
"""What the manifest of the copy does not take over: its pool begins with no run's core set."""


def store_split(name: str, new: str, split: np.ndarray, **facts: Any) -> SourceConfig:
    """Store data set `name` with another split as the data set `new`; pictures are kept once.

    The split is part of the content that a run id stands for, so it is never changed in place.
    Images and masks are hard links; copies where the file system has none.

    Raises
    ------
    ConfigError
        There is no data set `name`.
    DataError
        There is a data set `new` already.
    """
    folder = files.folder_of(name)
    manifest = files.read_manifest(folder)
    with files.draft_in(files.root()) as draft:
        for file in ("images.npy", "masks.npy", files.PAIRS):
            if (folder / file).exists():
                _link(folder / file, draft / file)
        np.save(draft / "split.npy", split, allow_pickle=False)
        kept = {key: value for key, value in manifest.items() if key not in _OF_ONE_SPLIT}
        return files.publish(draft, files.place_of(new).name, files.fingerprint(draft),
                             **kept, split_of=name, **facts)


def _link(old: Path, new: Path) -> None:
    try:
        os.link(old, new)
    except OSError:
        shutil.copy2(old, new)
