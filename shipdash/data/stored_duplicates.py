"""The near duplicates of a stored data set: found once, kept beside it, with flat memory."""

from __future__ import annotations

import contextlib
import os
import secrets
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from shipdash.data import files, perceptual_hash
from shipdash.data.errors import explained
from shipdash.data.near_duplicates import (
    DISTANCE,
    FARTHEST,
    Links,
    Nearest,
    Pictures,
    Tiles,
    links,
    nearest,
)
from shipdash.data.pair_list import places, read_split

FILE = "near_duplicates.npz"
ARRAYS = ("hashes", "cell_hashes", "shows", "by_picture", "by_cell", "in_pool", "in_pool_by_cell")
BLOCK_PICTURES = 256
"""Pictures are read in blocks, 13 MB of 128 x 128: a memory map that stays open would in the end
hold all of them in memory. Their 9 cells take 20 MB as 32 x 32 numbers."""


class NearDuplicates(NamedTuple):
    """Hashes and links of all pairs of a data set, and of each held-out pair, in their order, the
    pool pair most like it by its number in the pool; up to a distance of `FARTHEST`, by cells of
    `DISTANCE`."""

    pictures: Pictures
    tiles: Tiles
    by_picture: Links
    by_cell: Links
    in_pool: Nearest
    in_pool_by_cell: Nearest


def near_duplicates(folder: Path, on_progress: Callable[[int, int], None] = lambda done, n: None
                    ) -> NearDuplicates:
    """The near duplicates of the data set in a folder, from its file or found now.

    Parameters
    ----------
    folder : Path
        Of a stored data set.
    on_progress : callable
        Told how many pictures of how many are hashed; what it raises ends the search with nothing
        stored.

    Raises
    ------
    ConfigError
        There is no data set in the folder.
    """
    fingerprint = files.read_manifest(folder)["fingerprint"]
    kept = _read(folder, fingerprint)
    if kept is None:
        kept = _find(folder, on_progress) | {"fingerprint": np.array(fingerprint)}
        _write(folder, kept)
    return NearDuplicates(Pictures(kept["hashes"]), Tiles(kept["cell_hashes"], kept["shows"]),
                          Links(*kept["by_picture"]), Links(*kept["by_cell"]),
                          Nearest(*kept["in_pool"]), Nearest(*kept["in_pool_by_cell"]))


def _find(folder: Path, on_progress: Callable[[int, int], None]) -> dict[str, np.ndarray]:
    whole, cells, shows = [], [], []
    for done, n, images in _blocks(folder / "images.npy"):
        whole.append(perceptual_hash.hashes(images))
        of_cells, which_show = perceptual_hash.cell_hashes(images)
        cells.append(of_cells)
        shows.append(which_show)
        on_progress(done, n)
    found = {"hashes": np.concatenate(whole), "cell_hashes": np.concatenate(cells),
             "shows": np.concatenate(shows)}
    pictures, tiles = Pictures(found["hashes"]), Tiles(found["cell_hashes"], found["shows"])
    split = read_split(folder)
    fresh, pool = places(split, "held_out"), places(split, "pool")
    return found | {
        "by_picture": np.stack(links(pictures, FARTHEST)),
        "by_cell": np.stack(links(tiles, DISTANCE)),
        "in_pool": np.stack(nearest(pictures.part(fresh), pictures.part(pool), FARTHEST)),
        "in_pool_by_cell": np.stack(nearest(tiles.part(fresh), tiles.part(pool), DISTANCE))}


def _blocks(path: Path) -> Iterator[tuple[int, int, np.ndarray]]:
    """How many pictures have been read after a block, of how many, and the block."""
    shape = np.load(path, "r", allow_pickle=False).shape
    for start in range(0, shape[0], BLOCK_PICTURES):
        stop = start + BLOCK_PICTURES
        block = np.array(np.load(path, "r", allow_pickle=False)[start:stop])
        yield start + len(block), shape[0], block


def _read(folder: Path, fingerprint: str) -> dict[str, np.ndarray] | None:
    with contextlib.suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        with (folder / FILE).open("rb") as file, np.load(file, allow_pickle=False) as kept:
            if str(kept["fingerprint"]) == fingerprint and set(ARRAYS) <= set(kept.files):
                return dict(kept)
    return None


def _write(folder: Path, found: dict[str, np.ndarray]) -> None:
    draft = folder / f".{FILE}-{secrets.token_hex(8)}"
    with explained(f"cannot write {folder / FILE}", "check the disk and who may write there"):
        try:
            with draft.open("wb") as file:
                np.savez(file, **found)
            os.replace(draft, folder / FILE)
        finally:
            draft.unlink(missing_ok=True)
