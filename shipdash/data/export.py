"""A core set for use elsewhere: its manifest, its arrays, its pictures. It chooses no pair."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from shipdash.data.pool import Pool


def manifest(pool: Pool, core: Sequence[int]) -> str:
    """The text of core.csv: rank (from 1), index and true factors, in order of selection."""
    rows = [{"rank": rank, "index": index, **pool.factors(index)._asdict()}
            for rank, index in enumerate(map(int, core), start=1)]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0] if rows else ["rank", "index"])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def arrays(pool: Pool, core: Sequence[int]) -> dict[str, np.ndarray]:
    """What core.npz holds: index, images and masks, in order of selection."""
    images, masks = pool.draw([int(index) for index in core])
    return {"index": np.array(core, int), "images": images, "masks": masks}


def write_pictures(folder: Path, pool: Pool, core: Sequence[int]) -> None:
    """Two PNG files per pair, image and mask, named by the pair's number."""
    from skimage.io import imsave

    for index in core:
        pair = pool.pair(index)
        image = np.rint(pair.image * 255).astype(np.uint8)
        mask = pair.mask.astype(np.uint8) * 255
        imsave(folder / f"{index:07d}_image.png", image, check_contrast=False)
        imsave(folder / f"{index:07d}_mask.png", mask, check_contrast=False)
