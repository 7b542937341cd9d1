"""Which pairs are held out: drawn by seed with what belongs together, or named by a person."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import numpy as np

from shipdash.config import ConfigError
from shipdash.data.file_names import from_cell, spelled
from shipdash.data.pair_list import PairRow
from shipdash.data.seeded_random import HELD_OUT_IMAGES, SPLIT_KEYS, generator
from shipdash.data.spanning_forest import first_of_component

MOST_NAMED = 5  # names that an error lists


def split_by(units: Sequence[str], share: float, seed: int) -> np.ndarray:
    """The split of each pair: uint8 (n,), 0 pool or 1 held-out.

    Pairs of one unit (a group, or an image with all its tiles) stay together. Units are drawn
    until at least `share` of the pairs is held out; one unit is left in the pool always.

    >>> split_by(["a", "a", "b", "b"], 0.5, seed=1).tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    True
    """
    sizes = Counter(units)
    names = sorted(sizes)
    chosen: set[str] = set()
    n_chosen = 0
    for k in generator(seed, HELD_OUT_IMAGES).permutation(len(names))[:-1]:
        if n_chosen >= share * len(units):
            break
        chosen.add(names[k])
        n_chosen += sizes[names[k]]
    return np.array([SPLIT_KEYS["held_out" if unit in chosen else "pool"] for unit in units],
                    np.uint8)


def together(rows: Sequence[PairRow], cluster: np.ndarray) -> np.ndarray:
    """What must stay on one side of a split: pairs of one image, of one group, near duplicates.

    Parameters
    ----------
    rows : sequence of PairRow, length n
    cluster : int64 array, shape (n,)
        The first pair of each pair's cluster of near duplicates, see `near_duplicates.clusters`.

    Returns
    -------
    int64 array, shape (n,)
        The first pair of each pair's unit. Units that share a single pair are one unit.
    """
    of_file = _first_alike([row.file for row in rows])
    of_group = _first_alike([("group", row.group) if row.group else k
                             for k, row in enumerate(rows)])
    each = np.arange(len(rows))
    return first_of_component(np.concatenate([each, each, each]),
                              np.concatenate([cluster, of_file, of_group]), len(rows))


def named(rows: Sequence[PairRow], names: Iterable[str]) -> np.ndarray:
    """The split in which the pairs of the named images are held out: uint8 (n,).

    Parameters
    ----------
    rows : sequence of PairRow, length n
    names : iterable of str
        Paths as they were imported, folders of such paths, or file names that no two images share;
        all of them with or without extension.

    Raises
    ------
    ConfigError
        A name stands for no image or for several, or no image is left in the pool.
    """
    wanted, by_name = set(), _by_name(rows)
    unknown, ambiguous = [], []
    for name in (from_cell(name.strip()) for name in names):
        found = by_name.get(name.rstrip("/"), set())
        if len(found) > 1 and not all(
                _is_below(spelled(file), name) for file in found):
            ambiguous.append(name)
        elif not found:
            unknown.append(name)
        wanted |= found
    if unknown:
        raise ConfigError("held_out", unknown[:MOST_NAMED], "must name images of the data set; "
                          f"nothing is found for {len(unknown):,} of the names")
    if ambiguous:
        raise ConfigError("held_out", ambiguous[:MOST_NAMED], "must name single images or folders: "
                          "several images have this name, so give its path")
    split = np.array([SPLIT_KEYS["held_out" if row.file in wanted else "pool"] for row in rows],
                     np.uint8)
    if split.all() or not split.any():
        raise ConfigError("held_out", len(wanted), f"must name some of the {len(rows):,} pairs and "
                          "leave some in the pool")
    return split


def _first_alike(keys: Sequence) -> np.ndarray:
    first: dict = {}
    return np.array([first.setdefault(key, k) for k, key in enumerate(keys)], np.int64)


def _by_name(rows: Sequence[PairRow]) -> dict[str, set[str]]:
    """Files by path and by name, with and without extension, and by each folder above them."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in {row.file for row in rows}:
        name = spelled(file)
        path = PurePosixPath(name)
        names = {name, str(path.with_suffix("")), path.name, path.stem, *map(str, path.parents)}
        for name in names - {".", "/"}:
            found[name].add(file)
    return found


def _is_below(file: str, folder: str) -> bool:
    return file.startswith(folder.rstrip("/") + "/")
