"""Which image belongs to which label: candidates for pairs, found by name. Nothing is decoded."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple, Protocol

import numpy as np

from shipdash.config import ConfigError
from shipdash.data.file_names import ends, spelled
from shipdash.importing.report import LeftOut
from shipdash.importing.request import BY_FOLDER

PICTURES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp"}
FORMATS = "PNG, JPEG, TIFF, WebP or BMP"


class Unfit(Exception):
    """Why one image or mask cannot be taken, as the end of a sentence that its name begins."""


class Candidate(NamedTuple):
    """An image, its group, and the label that its name leads to."""

    image: str  # relative to the folder of images
    group: str
    label_file: str = ""  # as given; empty where the labels of all images are one file, or none


class Mask(NamedTuple):
    """What a label says of an image's pixels."""

    pixels: np.ndarray  # uint8 (rows, cols): 0 outside, 1 target, 2 void
    value: int = 0  # of a binary picture: the one besides 0 in its file; 0 where there is none


class Labels(Protocol):
    """The labels of an import: which images have one, and their masks."""

    candidates: list[Candidate]
    left_out: list[LeftOut]

    def mask(self, candidate: Candidate, shape: tuple[int, int]) -> Mask:
        """`Unfit` where it has not `shape`, the rows and columns of its image, or cannot be read.
        """
        ...


def stem(name: str) -> str:
    """The name without its extension, folders included.

    >>> stem("berlin/0001.left.png")
    'berlin/0001.left'
    """
    return str(PurePosixPath(name).with_suffix(""))


def group_of(image: str, rule: str) -> str:
    """The group of an image by its folder or by its file name; empty where the rule finds none.

    >>> group_of("berlin/s01_0001.png", "folder"), group_of("berlin/s01_0001.png", r"(s\\d+)_")
    ('berlin', 's01')
    """
    path = PurePosixPath(image)
    if rule == BY_FOLDER:
        return "" if path.parent == PurePosixPath(".") else str(path.parent)
    found = re.search(rule, path.name) if rule else None
    return (found[1] or "") if found else ""


def refused(labels: str, rule: str) -> ConfigError:
    """What is wrong with a file of labels for all images, as what must hold of it."""
    return ConfigError("import.labels", labels, rule)


class ByName:
    """Images found by what a CSV or a COCO file calls them.

    That is what the path of an image ends in, from any folder on: from above the folder of images,
    from below it, or the name alone; each with or without extension.
    """

    def __init__(self, images: Iterable[str], folder: str = "") -> None:
        self._found: dict[str, set[str]] = defaultdict(set)
        self._whole: dict[str, set[str]] = defaultdict(set)
        for image in images:
            for end in ends(spelled(image)):
                self._found[end].add(image)
                self._found[stem(end)].add(image)
            for whole in (spelled(image), stem(spelled(image))):
                self._whole[whole].add(image)
        self._found.default_factory = self._whole.default_factory = None
        self._images = set(images)
        self._folders = [f"{end}/" for end in ends(spelled(folder)) if ".." not in end]

    def __call__(self, called: str) -> str:
        """The one image of that name; `Unfit` where there is none, or more than one."""
        if called in self._images:
            return called
        name = spelled(called)
        whole = self._whole.get(name) if "/" in name else None  # though others end in it
        found = whole or self._found.get(name) or self._found.get(
            self._below(name.replace("\\", "/")))
        if not found:
            raise Unfit(f"has no image of the name {called!r:.80}")
        found = sorted(found)
        if len(found) > 1:
            raise Unfit(f"is the name of {len(found)} images: {', '.join(found[:3])}")
        return found[0]

    def _below(self, name: str) -> str:
        """The name below the folder of images, where it begins above it."""
        above = next((end for end in self._folders if name.startswith(end)), "")
        return name.removeprefix(above)
