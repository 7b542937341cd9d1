"""The next run: a data set that begins with a finished run's core and goes on with new pairs.

The network starts anew. What was learnt is carried over as pairs, so that the new run is a run like
any other: repeatable from its settings, which name the run that it goes on from.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Sequence

import numpy as np

from shipdash.config import ConfigError, PlantedConfig, RunConfig, SourceConfig
from shipdash.data import files, open_source
from shipdash.data.pair_list import PairRow, rows_of
from shipdash.data.seeded_random import SPLIT_KEYS
from shipdash.data.source import Source
from shipdash.labelling.ranking_job import images_of
from shipdash.runs import Store
from shipdash.runs.prerequisites import finished_selection

FIRST_ROUND = 2
"""The number behind the name of the data set that is made of one that somebody brought."""

LONGEST_STEM = 56
"""Characters before the number: a name has at most 64 (`A_DATA_NAME`)."""

BLOCK = 64
"""Pairs drawn at once: drawn images have four bytes a value, those that are stored one."""


def go_on(store: Store, run_id: str, data: str, name: str = "") -> RunConfig:
    """The run on the pool of `data` that starts with the core set of a finished run.

    Core pairs, then the new pairs, and the held-out pairs of the old run are stored together as the
    data set `name`; if that is done already, it is used as it is. New pairs whose image is that of
    a core or a held-out pair, to the pixel, are left out: a network trained on held-out images
    would be praised for it.

    Parameters
    ----------
    store : Store
    run_id : str
        A finished selection from a data set.
    data : str
        Newly labelled pairs of the same size.
    name : str
        By default that of the data set already stored for these pairs, else `free_name`.

    Raises
    ------
    ConfigError
        `data` is not here, has no masks, no new pair in its pool or another size; the old run is
        not one of a data set, or kept more pairs than a run can start with; or `name` is taken.
    StoreError
        The old run has not finished or is a control arm.
    DataError
        A list of original files is missing, or the disk cannot be written.
    """
    config, result = finished_selection(store, run_id)
    if config.source.kind != "files":
        raise ConfigError("run", run_id, "must be of a data set: drawn pairs need no labelling")
    files.require_labels(data)
    core = list(result.core)
    name = name or stored_name(run_id, len(core), data) or free_name(config.source.name)
    source, n_new = _stored(config, run_id, core, data, name)
    plain = {f"planted.{key}": getattr(PlantedConfig(), key)
             for key in ("distinct", "duplicates", "label_noise")}  # planted pairs are carried over
    return config.replace(**plain, **{
        "source.name": source.name, "source.fingerprint": source.fingerprint,
        "selection.parent": run_id, "selection.first": len(core), "selection.exclude": [],
        "selection.n_pool": len(core) + n_new})


def stored_name(run_id: str, n_core: int, data: str) -> str:
    """The data set that holds the core set of a run and the pairs of `data`; empty if none."""
    made_of = _made_of(run_id, n_core, data)
    return next((m["name"] for m in files.stored() if made_of.items() <= m.items()), "")


def free_name(data: str) -> str:
    """What the next round of a data set is called where nobody names it: the first free number.

    >>> free_name("no-such-data"), free_name("no-such-data-2")
    ('no-such-data-2', 'no-such-data-3')
    """
    stem, dash, last = data.rpartition("-")
    is_round = bool(dash) and last.isdecimal() and int(last) >= FIRST_ROUND
    stem, first = (stem, int(last) + 1) if is_round else (data, FIRST_ROUND)
    names = (f"{stem[:LONGEST_STEM]}-{k}" for k in itertools.count(first))
    return next(name for name in names if not files.place_of(name).exists())


def _made_of(run_id: str, n_core: int, data: str) -> dict[str, str | int]:
    """What the manifest of a data set says that begins with a run's core set."""
    return {files.PARENT: run_id, files.N_CARRIED: n_core,
            files.CONTINUED_WITH: images_of(data).fingerprint}


def _stored(config: RunConfig, run_id: str, core: list[int], data: str, name: str
            ) -> tuple[SourceConfig, int]:
    """The data set of core, new and held-out pairs, and how many pairs are new."""
    new, folder = images_of(data), files.folder_of(name)
    made_of = _made_of(run_id, len(core), data)
    if not new.n:
        raise ConfigError("data", data, "must have pairs in its pool")
    if new.shape != config.shape:
        raise ConfigError("data", data, f"must have pairs of {config.shape[0]} x "
                          f"{config.shape[1]} pixels, as run {run_id} has")
    if folder.exists():
        manifest = files.read_manifest(folder)
        if not made_of.items() <= manifest.items():
            raise ConfigError("new", name, "must be new: there is another data set of that name")
        return files.asking_for(manifest), files.n_stored(name, "pool") - len(core)
    fresh = config.evaluation.n_held_out
    parts = [(open_source(config), core), (new, range(new.n))]
    if fresh:
        parts.append((open_source(config, "held_out"), range(fresh)))
    images, masks = _drawn(parts, config.shape)
    split = np.repeat([SPLIT_KEYS["pool"], SPLIT_KEYS["held_out"]],
                      [len(core) + new.n, fresh]).astype(np.uint8)
    copies = _copies(images, slice(len(core), len(core) + new.n))
    n_new = new.n - len(copies)
    if not n_new:
        raise ConfigError("data", data, "must have an image that is neither a kept nor a held-out "
                          f"one of run {run_id}")
    rows = [row for place, row in enumerate(_rows(config, core, data)) if place not in copies]
    rows = [row._replace(number=number) for number, row in enumerate(rows)]
    if copies:  # else they need not be in memory twice
        images, masks, split = (np.delete(array, sorted(copies), axis=0)
                                for array in (images, masks, split))
    return files.write(name, images, masks, split, rows, **made_of,
                       **{files.N_COPIES: len(copies)}), n_new


def n_copies(name: str) -> int:
    """How many new pairs were left out of a stored data set, as images that its run has already."""
    return files.read_manifest(files.folder_of(name)).get(files.N_COPIES, 0)


def _copies(images: np.ndarray, new: slice) -> set[int]:
    """Places of new images that stand among the others as well."""
    keys = [hashlib.sha256(image).digest() for image in images]
    others = {*keys[:new.start], *keys[new.stop:]}
    return {place for place in range(new.start, new.stop) if keys[place] in others}


def _drawn(parts: Iterable[tuple[Source, Sequence[int]]], shape: tuple[int, int]
           ) -> tuple[np.ndarray, np.ndarray]:
    """Images and masks of numbers of sources one after another, uint8 as they are stored."""
    blocks = [(source, numbers[start:start + BLOCK]) for source, numbers in parts
              for start in range(0, len(numbers), BLOCK)]
    n = sum(len(numbers) for _, numbers in blocks)
    images, masks = np.empty((n, *shape, 3), np.uint8), np.empty((n, *shape), np.uint8)
    at = 0
    for source, numbers in blocks:
        here = slice(at, at := at + len(numbers))
        drawn, masks[here] = source.draw(numbers)
        images[here] = np.rint(drawn * 255)
    return images, masks


def _rows(config: RunConfig, core: list[int], data: str) -> list[PairRow]:
    """The original files of core, new and held-out pairs."""
    old, new = (files.folder_of(name) for name in (config.source.name, data))
    pool, source = rows_of(old, "pool"), open_source(config)
    chosen = [*(pool[source.origin(i)] for i in core),  # a planted repeat's is the repeated
              *rows_of(new, "pool"),
              *rows_of(old, "held_out")[:config.evaluation.n_held_out]]
    return chosen
