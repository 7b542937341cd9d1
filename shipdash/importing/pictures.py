"""One picture file as an array, read by Pillow. What its pixels mean is not known here."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import ExifTags, Image, ImageOps

from shipdash.importing.listing import FORMATS, Unfit

MOST_PIXELS = 50_000_000
"""Of one picture, 8,660 x 5,773 for example: decoded in colour, 150 MB."""

_PILLOW_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP")
_DEEP = re.compile(r"\b(L|LA|RGB.?);16")
"""How Pillow calls 16 bits per channel, of which it would keep the upper eight without a word."""

TOO_DEEP = ("has more than 8 bits per channel; 8-bit grey, RGB and RGBA are read: save it with 8 "
            "bits, for example in ImageJ")
"""Why an image of 16 or 32 bits is left out."""

_IMAGE_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX"}

T = TypeVar("T")


class Seen(NamedTuple):
    """A picture as it is seen."""

    pixels: np.ndarray  # uint8 (rows, cols, 3); grey is repeated three times
    turned: bool  # whether its EXIF data turn what is stored


def read_image(content: bytes, *, turns: bool = True) -> Seen:
    """A picture turned as its EXIF data say, in colour, without transparency.

    The colours under transparent pixels are taken as they are.

    Parameters
    ----------
    content : bytes
    turns : bool
        False where what belongs to its pixels cannot be turned with them: then a picture that
        its EXIF data turn is refused.

    Raises
    ------
    Unfit
        It cannot be decoded, is too large, has several frames or more than eight bits a channel.
    """
    def use(picture: Image.Image) -> Seen:
        turned = picture.getexif().get(ExifTags.Base.Orientation, 1) in range(2, 9)
        if turned and not turns:
            raise Unfit("is turned by its EXIF data, and run lengths do not say which side was "
                        "up: save it upright")
        return Seen(_in_color(ImageOps.exif_transpose(picture)), turned)

    return decoded(content, use)


def decoded(content: bytes, use: Callable[[Image.Image], T]) -> T:
    """What `use` makes of a Pillow picture that is not read yet; `Unfit` if anything fails.

    Pillow's readers raise whatever a broken file leads them to (IndexError, struct.error and
    others were seen), so every exception but our own is taken to mean that the file is broken.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata, for example
            with Image.open(io.BytesIO(content), formats=_PILLOW_FORMATS) as picture:
                _check(picture)
                return use(picture)
    except Unfit:
        raise
    except Image.UnidentifiedImageError:
        raise Unfit(f"is not a {FORMATS} picture, or its start is damaged") from None
    except Image.DecompressionBombError:
        raise Unfit(f"has more than {MOST_PIXELS:,} pixels") from None
    except Exception as error:
        raise Unfit(f"is damaged ({str(error) or type(error).__name__:.100})") from None


def _check(picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise Unfit(f"has {width:,} x {height:,} pixels, more than {MOST_PIXELS:,}")
    if any(_DEEP.search(str(tile.args)) for tile in picture.tile):
        raise Unfit(TOO_DEEP)
    n_frames = getattr(picture, "n_frames", 1)
    if n_frames > 1 and picture.format != "MPO":  # a JPEG of a camera, with a preview behind it
        raise Unfit(f"has {n_frames:,} frames; one image per file is needed")


def _in_color(picture: Image.Image) -> np.ndarray:
    if picture.mode.startswith(("I", "F")):
        raise Unfit(TOO_DEEP)
    if picture.mode not in _IMAGE_MODES:
        raise Unfit(f"has pixels of kind {picture.mode}; 8-bit grey, RGB and RGBA are read")
    if picture.mode in ("P", "PA"):
        picture = picture.convert("RGBA")
    return np.asarray(picture.convert("RGB"))
