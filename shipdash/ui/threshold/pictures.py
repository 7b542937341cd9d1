"""Small pictures of all pairs that any run of a sweep kept, as one image for the browser.

Pairs are drawn again from their numbers; no prediction is shown here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st
from PIL import Image

from shipdash.config import RunConfig
from shipdash.data import open_source
from shipdash.ui import gallery
from shipdash.ui.overlay import data_url

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


@st.cache_resource(max_entries=8, show_spinner=False)  # whoever asks for a family says so
def atlas(base: RunConfig, algorithm: int, indices: list[int]) -> Atlas:
    """The pictures of these pairs of the pool, which are sorted; of more than `MOST`, the first."""
    source, indices = open_source(base, algorithm=algorithm), indices[:MOST]
    n_rows = max(-(-len(indices) // COLUMNS), 1)
    out = np.zeros((n_rows * SIDE, COLUMNS * SIDE, 3), np.uint8)
    for start in range(0, len(indices), _BLOCK):
        images, _ = source.draw(indices[start : start + _BLOCK])
        for place, image in enumerate(images, start):
            row, col = (SIDE * at for at in divmod(place, COLUMNS))
            # One that is not square is squeezed.
            small = gallery.picture(image).resize((SIDE, SIDE), Image.Resampling.BOX)
            out[row : row + SIDE, col : col + SIDE] = small
    return Atlas(data_url(Image.fromarray(out), "JPEG", quality=QUALITY),
                 {index: place for place, index in enumerate(indices)})
