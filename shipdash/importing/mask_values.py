"""What the pixels of a mask picture mean: outside, target or void. Nothing is guessed."""

from __future__ import annotations

import re

import numpy as np
from PIL import Image, ImageOps

from shipdash.data.source import TARGET, VOID
from shipdash.importing.listing import Mask, Unfit
from shipdash.importing.pictures import decoded
from shipdash.importing.request import ImportRequest

_JPEG = b"\xff\xd8"
_SPREAD = re.compile(r"\bL;[24]")
"""How Pillow calls greys of 2 or 4 bits, which it spreads over 0 to 255: 1 becomes 85 or 17."""


def read_mask(content: bytes, request: ImportRequest) -> Mask:
    """A mask picture, read as the request says.

    Raises
    ------
    Unfit
        It cannot be decoded, or has values that the request does not explain.
    """
    read = {"grey": _grey, "classes": _classes, "colours": _colours}
    if request.mask_kind in ("classes", "colours") and content.startswith(_JPEG):
        raise Unfit("is a JPEG, whose values are not exact: save it as PNG, or read it as grey "
                    "values with a threshold")

    def use(picture: Image.Image) -> Mask:
        _check_spread(picture, request)
        upright = ImageOps.exif_transpose(picture)
        return (_binary(upright) if request.mask_kind == "binary" else
                Mask(read[request.mask_kind](upright, request)))

    mask = decoded(content, use)
    return mask._replace(pixels=inverse(mask.pixels)) if request.inverted else mask


def marked(shape: tuple[int, int], target: np.ndarray, void: np.ndarray | None = None
           ) -> np.ndarray:
    """A mask from bool arrays of what is target and what is void; target wins where both are."""
    mask = np.zeros(shape, np.uint8)
    if void is not None:
        mask[void] = VOID
    mask[target] = TARGET
    return mask


def inverse(mask: np.ndarray) -> np.ndarray:
    """Outside and target exchanged, void left as it is."""
    return np.array([TARGET, 0, VOID], np.uint8)[mask]


def _check_spread(picture: Image.Image, request: ImportRequest) -> None:
    if request.mask_kind == "classes" and any(_SPREAD.search(str(tile.args))
                                              for tile in picture.tile):
        raise Unfit("has grey values of 2 or 4 bits, which are not class numbers; save it with 8 "
                    "bits")


def _binary(picture: Image.Image) -> Mask:
    grey = _greys(picture)
    values = np.unique(grey)  # of 32 bits, they may be negative or too many to count
    if len(values) > 2 or (len(values) == 2 and 0 not in values):
        shown = ", ".join(map(str, values[:4])) + (", ..." if len(values) > 4 else "")
        raise Unfit(f"has the values {shown} where a binary mask has 0 and one other; read it "
                    "as grey values with a threshold, or as classes")
    return Mask((grey != 0).astype(np.uint8), int(values[-1] or values[0]))


def _grey(picture: Image.Image, request: ImportRequest) -> np.ndarray:
    return (_greys(picture) >= request.threshold).astype(np.uint8)


def _classes(picture: Image.Image, request: ImportRequest) -> np.ndarray:
    """Of a palette picture the indices, whatever their colours."""
    values = np.asarray(picture) if picture.mode == "P" else _greys(picture)
    target, void = (np.isin(values, [int(word) for word in words])
                    for words in (request.targets, request.voids))
    return marked(values.shape, target, void)


def _colours(picture: Image.Image, request: ImportRequest) -> np.ndarray:
    if picture.mode.startswith(("I", "F")):
        raise Unfit("has no colours but numbers; read it as classes or grey values")
    rgb = np.asarray(_opaque(picture).convert("RGB")).astype(np.uint32)
    codes = rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2]
    target, void = (np.isin(codes, [int(word[1:], 16) for word in words])
                    for words in (request.targets, request.voids))
    return marked(codes.shape, target, void)


def _greys(picture: Image.Image) -> np.ndarray:
    """Integers (rows, cols); `Unfit` for a picture that has colours."""
    if picture.mode in ("1", "L") or picture.mode.startswith("I"):
        return np.asarray(picture).astype(np.int64 if picture.mode == "I" else np.uint16)
    if picture.mode == "F":
        raise Unfit("has floating-point values; whole numbers are read")
    rgb = np.asarray(_opaque(picture).convert("RGB"))
    if (rgb != rgb[..., :1]).any():
        raise Unfit("has colours where grey values are asked for; read it as colours, or a palette "
                    "as classes")
    return rgb[..., 0].astype(np.uint16)


def _opaque(picture: Image.Image) -> Image.Image:
    """The same picture; `Unfit` where transparency may be what marks the target."""
    if picture.mode == "P":
        picture = picture.convert("RGBA")
    if "A" in picture.getbands() and picture.getchannel("A").getextrema() != (255, 255):
        raise Unfit("is partly transparent, so it is not certain which pixels are marked; save it "
                    "without transparency")
    return picture
