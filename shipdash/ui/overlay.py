"""A prediction against the truth in one picture, and its legend: the pages' one language for it.

Agreed, missed and invented pixels differ in texture as well as in colour: a solid area, an outline,
a hatched area. A replay paints the same in the browser (`run/overlay.js`). The orange and blue are
those of Okabe and Ito (2008), which people with any colour blindness tell apart. The ground is dark
in both themes, as that of the masks is.
"""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

GROUND, AGREED, MISSED, INVENTED = (15, 23, 42), (226, 232, 240), (86, 180, 233), (230, 159, 0)
STROKES = 48  # lines and stripes are a 48th of the picture wide: 2 pixels where it is shown at 96

WORDS = (("agreed", "truth and prediction (solid)"), ("missed", "truth only (outline)"),
         ("invented", "prediction only (hatched)"))


def overlay(truth: np.ndarray, predicted: np.ndarray, *, scale: int = 1) -> Image.Image:
    """One picture of what is agreed, missed and invented.

    Parameters
    ----------
    truth, predicted : bool array, shape (rows, cols)
    scale : int
        Enlarged by this whole number; lines are drawn after that, so they stay fine.
    """
    t, p = (np.kron(mask, np.ones((scale, scale), bool)) for mask in (truth, predicted))
    stroke = max(min(t.shape) // STROKES, 1)
    out = np.full((*t.shape, 3), GROUND, np.uint8)
    out[t & p] = AGREED
    missed, invented = t & ~p, p & ~t
    out[missed & grown(~missed, stroke, beyond=True)] = MISSED
    rows, cols = np.indices(t.shape)
    out[invented & ((rows + cols) // stroke % 3 != 0)] = INVENTED
    return Image.fromarray(out)


def grown(mask: np.ndarray, by: int, *, beyond: bool = False) -> np.ndarray:
    """With all pixels of the squares of 2 * `by` + 1 around its own; `beyond` the picture nothing
    or everything belongs to the mask."""
    for _ in range(2):  # down the columns, then along the rows
        wide = np.pad(mask, ((by, by), (0, 0)), constant_values=beyond)
        mask = np.any([wide[k:k + len(mask)] for k in range(2 * by + 1)], axis=0).T
    return mask


def legend() -> None:
    """The three kinds in words, each beside a sample of itself."""
    items = "".join(
        f'<span style="display:inline-flex;align-items:center;gap:.4em">'
        f'<img src="{data_url(_sample(name))}" width="28" height="20" alt=""><span>'
        f"<b>{name.capitalize()}</b>: {words}</span></span>" for name, words in WORDS)
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:.3em 1.4em">{items}</div>')


def _sample(name: str) -> Image.Image:
    """A rectangle of one kind, with the ground around it."""
    area = np.zeros((20, 28), bool)  # as large as it is shown: a scaled outline would vanish
    area[3:-3, 3:-3] = True
    none = np.zeros_like(area)
    return overlay(*{"agreed": (area, area), "missed": (area, none),
                     "invented": (none, area)}[name])


def data_url(picture: Image.Image, kind: str = "PNG", **how: Any) -> str:
    """A picture as a data URL: a file of the server may be gone before a slow browser asks.

    `how` is what Pillow writes that kind of file with.
    """
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"
