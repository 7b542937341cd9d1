"""``python -m benchmarks.record_nuclei FOLDER``: the sample *Nuclei* in the package.

`FOLDER` holds ``images/ID.png`` and ``masks/ID.png`` of BBBC038. The same folder gives the same
file, to the byte.
"""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from shipdash.data import perceptual_hash
from shipdash.data.near_duplicates import Pictures, clusters, links
from shipdash.data.sample_data import ATTRIBUTION, SAMPLES

SIDE, SEED = 128, 1
WANTED = {"fluorescence, small field": 57, "fluorescence, large field": 57, "grey on white": 16,
          "purple on white": 30, "stained tissue": 40}
"""Pairs of each kind; there are no more than 16 grey ones. 30 % of each are held out."""

HELD_OUT = 0.3


def main(source: Path) -> None:
    """Choose pairs by seed, spread over the kinds, and write them."""
    pairs = {path.stem: (_square(path, Image.Resampling.LANCZOS).convert("RGB"),
                         _square(source / "masks" / path.name, Image.Resampling.BOX))
             for path in sorted((source / "images").glob("*.png"))}
    kinds = {stem: kind_of(source / "images" / f"{stem}.png") for stem in pairs}
    twin = dict(zip(pairs, _clusters([image for image, _ in pairs.values()]), strict=True))
    rows = []
    chance = np.random.default_rng(SEED)
    for kind, n in WANTED.items():
        stems = chance.permutation([stem for stem in pairs if kinds[stem] == kind])[:n].tolist()
        held_out: set[int] = set()  # clusters of near duplicates stay on one side
        for stem in stems:
            if len(held_out) < round(HELD_OUT * n):
                held_out.add(twin[stem])
            rows.append((stem, kind, "held_out" if twin[stem] in held_out else "pool"))
    _write(SAMPLES / "nuclei.zip", sorted(rows), pairs)


def _write(path: Path, rows: list[tuple[str, str, str]], pairs: dict) -> None:
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["id", "group", "split"])
    writer.writerows(rows)
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        _add(archive, "pairs.csv", table.getvalue().encode())
        _add(archive, "ATTRIBUTION.txt", ATTRIBUTION["nuclei"].encode())
        for stem, *_ in rows:
            image, mask = pairs[stem]
            if np.ptp(np.asarray(image), axis=2).max() == 0:
                image = image.convert("L")
            _add(archive, f"images/{stem}.png", _png(image))
            _add(archive, f"masks/{stem}.png", _png(mask.point(lambda v: 255 * (v >= 128), "1")))


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)  # no clock in the file


def _png(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "png", optimize=True)
    return written.getvalue()


def _square(path: Path, by: Image.Resampling) -> Image.Image:
    """The largest square in the middle, at 128 x 128 pixels."""
    picture = Image.open(path)
    picture = picture.convert("L" if picture.mode == "1" else picture.mode)
    side = min(picture.size)
    left, top = ((extent - side) // 2 for extent in picture.size)
    return picture.resize((SIDE, SIDE), by, (left, top, left + side, top + side))


def kind_of(path: Path) -> str:
    """One of five, by brightness and colour of the background: the median of each channel."""
    picture = Image.open(path).convert("RGB")
    red, green, blue = np.median(np.asarray(picture), axis=(0, 1))
    if max(red, green, blue) < 100:
        return f"fluorescence, {'small' if min(picture.size) <= 256 else 'large'} field"
    if np.ptp(np.asarray(picture), axis=2).max() == 0:
        return "grey on white"
    return "purple on white" if min(red, green, blue) > 165 else "stained tissue"


def _clusters(images: list[Image.Image]) -> list[int]:
    hashes = perceptual_hash.hashes(np.stack([np.asarray(image) for image in images]))
    return clusters(links(Pictures(hashes)), len(images)).tolist()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
