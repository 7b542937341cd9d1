"""The component in which one image after another is answered by keyboard or button.

The keys are heard in the browser, which goes on at once and sends each answer until it has been
heard: fast typing outruns the server and loses nothing. What is stored is said in `marking`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from shipdash.data import files
from shipdash.labelling import Ranking
from shipdash.labelling.listing import Ranked
from shipdash.ui import gallery
from shipdash.ui.component import component
from shipdash.ui.overlay import data_url
from shipdash.ui.your_data import outlines

SIDE = 384
"""Enlarged up to so many pixels: thin lines on the large picture, still seen on the small one."""

_mount = component("marker", "elements.js", "label_next/marker.js", css="label_next/marker.css")


class Picture(NamedTuple):
    """One image as the browser shows it."""

    number: int  # in the data set
    rank: int
    name: str
    uncertainty: str  # empty in a random order, which has none
    image: str  # data URL
    border: str  # data URL: the border of the predicted target, to be laid over the image
    empty: bool  # nothing is predicted


def draw(key: str, data: dict[str, Any], on_said: Callable[[], None]) -> None:
    """The image in view with its buttons, and those around it.

    Parameters
    ----------
    key : str
        ``st.session_state[key]["said"]`` is then what the browser said last: ``said``, the
        answers that it does not know to be heard; ``at``, the image in view; ``turn``, of the
        place that it followed last; ``next``, whether it asks where to go.
    data : dict
        Who marks, why nobody can (empty where somebody can), place, pictures and marks; see
        `marking`.
    on_said : callable
        Called when the browser has said something, before the page is drawn again.
    """
    _mount(key=key, data=data | {"name": "marker", "key": key}, on_said_change=on_said)


def picture(found: Ranking, row: Ranked, by: str) -> Picture:
    """One image of a ranking with its prediction."""
    folder = str(files.folder_of(found.request.data))
    image, border, empty = _drawn(folder, found.request.digest, row.place, row.number, found)
    name = f"{row.file.rpartition('/')[2]} {row.tile}".strip()
    uncertainty = "" if by == "random" else f"{row.scores[by]:.3f}"
    return Picture(row.number, row.rank, name, uncertainty, image, border, empty)


@st.cache_data(max_entries=1_000, show_spinner=False)  # 10 kB each
def _drawn(folder: str, digest: str, place: int, number: int, _found: Ranking
           ) -> tuple[str, str, bool]:
    """Data URLs of an image and of the border of its prediction, and whether that is empty."""
    image = np.load(f"{folder}/images.npy", "r", allow_pickle=False)[number]
    bits = _found.images["bits"][place]
    mask = np.unpackbits(bits, axis=1, count=image.shape[1]).astype(bool)
    # Of three colours, which a palette holds, one of them transparent.
    border = data_url(outlines.border(mask, SIDE).quantize(4), optimize=True)
    return gallery.webp(image / 255), border, not mask.any()
