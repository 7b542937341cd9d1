"""Pairs of a stored data set as pictures with the mask drawn as a line around the target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

from shipdash.data import files
from shipdash.data.source import TARGET, VOID
from shipdash.ui import gallery, tiles
from shipdash.ui.overlay import grown

LINE, EDGE, GREY = (255, 214, 0), (15, 23, 42), (122, 134, 148)
"""A yellow line between two dark ones is seen on pictures of any colour; void is striped grey."""

SIDE = 256
"""A picture is enlarged by a whole number up to so many pixels, so that the lines are fine."""

WIDTHS_PX = (150, 190)


@st.cache_data(max_entries=64, show_spinner=False)
def _stored(folder: str, fingerprint: str, numbers: tuple[int, ...]):
    return tuple(np.load(f"{folder}/{name}.npy", "r", allow_pickle=False)[list(numbers)]
                 for name in ("images", "masks"))


def pictures(name: str, numbers: Sequence[int]) -> list[Image.Image]:
    """Numbered pairs of a data set, each image with its mask as an outline."""
    folder = files.folder_of(name)
    fingerprint = files.read_manifest(folder)["fingerprint"]
    images, masks = _stored(str(folder), fingerprint, tuple(map(int, numbers)))
    return [outlined(image, mask) for image, mask in zip(images, masks, strict=True)]


def outlined(image: np.ndarray, mask: np.ndarray) -> Image.Image:
    """An image, enlarged by a whole number, with a line on the inner rim of its target.

    Parameters
    ----------
    image : uint8 array, shape (rows, cols, 3)
    mask : bool or uint8 array, shape (rows, cols)
        Void pixels (2) are striped.
    """
    scale = max(SIDE // max(mask.shape), 1)
    out, large = (part.repeat(scale, 0).repeat(scale, 1) for part in (image, mask))
    line, edge = rims(large == TARGET)
    out[edge], out[line] = EDGE, LINE
    rows, cols = np.indices(large.shape)
    out[(large == VOID) & ((rows + cols) // 3 % 3 == 0)] = GREY
    return Image.fromarray(out)


def border(mask: np.ndarray, side: int = SIDE) -> Image.Image:
    """The line alone, of a mask bool (rows, cols), to be laid over its image: all else is
    transparent."""
    scale = max(side // max(mask.shape), 1)
    line, edge = rims(mask.repeat(scale, 0).repeat(scale, 1))
    out = np.zeros((*line.shape, 4), np.uint8)
    out[edge], out[line] = (*EDGE, 255), (*LINE, 255)
    return Image.fromarray(out)


def part(picture: Image.Image, name: str) -> tiles.Part:
    """An outlined picture as a part of a tile."""
    return tiles.Part(name, gallery.webp(np.asarray(picture) / 255), is_drawing=True)


def sheet(name: str, numbers: Sequence[int], captions: Sequence[str], *, key: str, alt: str
          ) -> None:
    """Pairs side by side with a caption under each."""
    found = [tiles.Tile(str(number), caption, (part(picture, "image with its mask"),))
             for number, caption, picture in
             zip(numbers, captions, pictures(name, numbers), strict=True)]
    tiles.draw(found, key=key, alt=alt, widths_px=WIDTHS_PX)
    has_void = files.read_manifest(files.folder_of(name)).get(files.VOID_PIXELS)
    st.caption("Yellow line: the border of the target, as the mask has it."
               + (" Grey stripes: void pixels, which count nowhere." if has_void else ""))


def rims(target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The line, on the inner rim of a target, and the edges on both sides of it."""
    inside = _shrunk(target, 2)
    return target & ~inside, (grown(target, 1) & ~target) | (inside & ~_shrunk(inside, 1))


def _shrunk(mask: np.ndarray, by: int) -> np.ndarray:
    """A target that touches the border of the image has no line there."""
    return ~grown(~mask, by)
