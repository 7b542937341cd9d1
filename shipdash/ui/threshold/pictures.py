"""Small pictures of all pairs that any run of a sweep kept, as one image for the browser.

Pairs are drawn again from their numbers; no prediction is shown here.
"""

from __future__ import annotations

import base64
import io
import json
from typing import NamedTuple

import numpy as np
import streamlit as st
from PIL import Image

from shipdash.config import RunConfig
from shipdash.data import open_source

SIDE = 32  # pixels of a picture: the shapes still show, and a thousand take 0.4 MB
COLUMNS = 40
MOST = 4000
"""Pairs that are drawn, 1 ms each at 128 pixels; beyond them a picture stays empty."""

QUALITY = 75  # of JPEG: averaged noise without visible blocks
_BLOCK = 250  # pairs in memory at once


class Atlas(NamedTuple):
    """Pictures in rows of `COLUMNS`, and the place of each pair among them."""

    url: str  # the image itself
    place: dict[int, int]  # pool number -> number of its picture


def atlas(base: RunConfig, algorithm: int, indices: frozenset[int]) -> Atlas:
    """The pictures of these pairs of the pool; of more than `MOST`, those with low numbers."""
    return _atlas(base.canonical_json(), algorithm, tuple(sorted(indices)[:MOST]))


@st.cache_resource(max_entries=8, show_spinner=False)  # whoever asks for a family says so
def _atlas(spec: str, algorithm: int, indices: tuple[int, ...]) -> Atlas:
    source = open_source(RunConfig.from_dict(json.loads(spec)), algorithm=algorithm)
    n_rows = max(-(-len(indices) // COLUMNS), 1)
    out = np.zeros((n_rows * SIDE, COLUMNS * SIDE, 3), np.uint8)
    for start in range(0, len(indices), _BLOCK):
        images, _ = source.draw(indices[start : start + _BLOCK])
        for place, image in enumerate(images, start):
            row, col = (SIDE * at for at in divmod(place, COLUMNS))
            out[row : row + SIDE, col : col + SIDE] = _small(image)
    written = io.BytesIO()
    Image.fromarray(out).save(written, "JPEG", quality=QUALITY)
    url = f"data:image/jpeg;base64,{base64.b64encode(written.getvalue()).decode()}"
    return Atlas(url, {index: place for place, index in enumerate(indices)})


def _small(image: np.ndarray) -> np.ndarray:
    """uint8, (SIDE, SIDE, 3); an image that is not square is squeezed."""
    whole = Image.fromarray(np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8))
    return np.asarray(whole.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX))
