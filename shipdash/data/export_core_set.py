"""A core set for use elsewhere: its manifest, its arrays, its pictures. It chooses no pair."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from shipdash.data.source import TARGET, VOID, Source, pair

GREYS = np.zeros(3, np.uint8)  # of a mask's picture
GREYS[TARGET], GREYS[VOID] = 255, 127


def manifest(source: Source, core: Sequence[int]) -> str:
    """The text of core.csv: rank (from 1), index, label, and true factors where anybody knows
    them, in order of selection."""
    rows = [{"rank": rank, "index": index, **_known(source, index)}
            for rank, index in enumerate(map(int, core), start=1)]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0] if rows else ["rank", "index"])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def arrays(source: Source, core: Sequence[int]) -> dict[str, np.ndarray]:
    """What core.npz holds: index, images and masks, in order of selection."""
    images, masks = source.draw([int(index) for index in core])
    return {"index": np.array(core, int), "images": images, "masks": masks}


def write_pictures(folder: Path, source: Source, core: Sequence[int]) -> None:
    """Two PNG files per pair, image and mask, named by the pair's number; void is grey."""
    from skimage.io import imsave

    for index in core:
        shown = pair(source, index)
        image = np.rint(shown.image * 255).astype(np.uint8)
        mask = GREYS[shown.mask.astype(np.uint8)]
        imsave(folder / f"{index:07d}_image.png", image, check_contrast=False)
        imsave(folder / f"{index:07d}_mask.png", mask, check_contrast=False)


def _known(source: Source, index: int) -> dict:
    """What is known of a pair beside its pixels."""
    factors = source.factors(index)
    return ({} if factors is None else factors._asdict()) | {"label": source.label(index)}
