"""Pairs as pictures: one contact sheet per page of results, and one pair enlarged.

A sheet is a single image, so that a page of results costs one element. Pairs are enlarged by
nearest neighbour, because a pixel is the evidence; the browser only ever makes the sheet smaller.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image, ImageDraw, ImageFont

from shipdash.config import ALGORITHM, RunConfig
from shipdash.data import open_source
from shipdash.data.source import Source
from shipdash.ui import frame
from shipdash.ui.overlay import data_url, legend, overlay

INK = (122, 134, 148, 255)  # the figures' quiet grey: reads on light and dark
GAP, LINE, FONT = 20, 40, 26  # pixels of a sheet, shown at 0.7 of its size
SIDE = 256  # a pair is enlarged to at most this, by a whole number


@st.cache_data(max_entries=64, show_spinner=False)
def _pairs(spec: str, split: str, algorithm: int, indices: tuple[int, ...]):
    config = RunConfig.from_dict(json.loads(spec))
    return open_source(config, split, algorithm=algorithm).draw(indices)


@st.cache_data(max_entries=16, show_spinner="Redrawing the factors of the pool ...")
def _factors(spec: str, algorithm: int, indices: tuple[int, ...]) -> pd.DataFrame | None:
    source = open_source(RunConfig.from_dict(json.loads(spec)), algorithm=algorithm)
    rows = [(i, source.factors(i)) for i in indices]
    if any(found is None for _, found in rows):
        return None
    return pd.DataFrame([{"index": i, **found._asdict(), "label": source.label(i)}
                         for i, found in rows])


def factors(run: frame.Run, indices: Sequence[int]) -> pd.DataFrame | None:
    """True factors of the numbered pool pairs, one row each, `index` first; None where nobody
    knows them."""
    return _factors(run.config.canonical_json(), _algorithm(run), tuple(map(int, indices)))


def pairs(config: RunConfig, split: str, algorithm: int, indices: Sequence[int]):
    """Images and masks of numbered pairs, drawn by the rules of that version."""
    return _pairs(config.canonical_json(), split, algorithm, tuple(map(int, indices)))


def of_run(run: frame.Run, indices: Sequence[int], split: str = "pool"):
    """Images and masks of a run's pairs."""
    return _pairs(run.config.canonical_json(), split, _algorithm(run), tuple(map(int, indices)))


def source_of(run: frame.Run) -> Source:
    """The pool of a run, drawn as it was."""
    return open_source(run.config, algorithm=_algorithm(run))


def _algorithm(run: frame.Run) -> int:
    """The version that drew the run's pairs; of a run without a result, ours if it is current."""
    if run.result is not None:
        return run.result.algorithm
    return ALGORITHM if run.is_current else ALGORITHM - 1


def predictions(run: frame.Run, name: str) -> dict[int, np.ndarray]:
    """Stored predictions by pair number, uint8; empty where the run has none."""
    try:
        found = frame.store_of(run).load_scores(run.run_id, name)
    except (frame.StoreError, OSError):
        return {}
    if not found or "probability" not in found:
        return {}
    return dict(zip(map(int, found["index"]), found["probability"], strict=False))


def failed_with(run: frame.Run, indices: Sequence[int], ious: Sequence[float | None]):
    """Prediction each core pair failed with, or the word for why there is none; None where
    the run has stored none at all."""
    stored = predictions(run, "picked")
    if not stored:
        return None
    tested = ["not stored" if iou is not None and iou == iou else "untested" for iou in ious]
    return [stored.get(int(i), word) for i, word in zip(indices, tested, strict=True)]


def sheet(images: np.ndarray, masks: np.ndarray, captions: Sequence[str],
          wrong: Sequence[np.ndarray | str] | None = None, *, columns: int = 2) -> Image.Image:
    """Tiles of image, truth and (with `wrong`) prediction against truth, a caption under each.

    A word stands in the place of a prediction that there is not.
    """
    panels, size = 2 if wrong is None else 3, images.shape[1]
    side = size * max(SIDE // size, 1)
    wide, high = panels * (side + 4) + GAP, side + LINE + GAP
    columns = max(min(columns, len(captions)), 1)
    rows = -(-len(captions) // columns)
    out = Image.new("RGBA", (columns * wide, max(rows, 1) * high), (0, 0, 0, 0))
    pen, font = ImageDraw.Draw(out), ImageFont.load_default(FONT)
    for k, caption in enumerate(captions):
        x, y = (k % columns) * wide, (k // columns) * high
        parts = [_rgb(images[k]), _grey(masks[k])]
        parts += [] if wrong is None else [_against(masks[k], wrong[k], side // size)]
        for j, part in enumerate(parts):
            _place(out, part, (x + j * (side + 4), y), side)
        pen.text((x, y + side + 4), caption, INK, font)
    return out


def inline(part: np.ndarray) -> str:
    """One image, mask or prediction as a data URL, pixel for pixel: for what changes often."""
    return data_url((_rgb if part.ndim == 3 else _grey)(part))


def mosaic(images: np.ndarray, *, columns: int = 14, side: int = 64) -> Image.Image:
    """Images side by side without words, each brought to `side` pixels by averaging."""
    step = side + 2
    rows = -(-len(images) // columns)
    out = Image.new("RGBA", (columns * step - 2, rows * step - 2), (0, 0, 0, 0))
    for k, image in enumerate(images):
        small = _rgb(image).resize((side, side), Image.Resampling.BOX)
        out.paste(small, (k % columns * step, k // columns * step))
    return out


def show_sheet(images, masks, captions, wrong=None, *, key: str, alt: str,
               columns: int | None = None) -> None:
    """The contact sheet on the page; by default two columns of three panels or three of two."""
    columns = columns or (3 if wrong is None else 2)
    with st.container(key=f"sheet_{key}"):
        picture = sheet(images, masks, captions, wrong, columns=columns)
        st.image(picture, width=int(0.7 * picture.width), alt=alt)
        if wrong is not None:
            legend()


def _place(out: Image.Image, part: Image.Image | str, at: tuple[int, int], side: int) -> None:
    """A picture enlarged by nearest neighbour, or a word in its place."""
    if isinstance(part, str):
        pen = ImageDraw.Draw(out)
        pen.rectangle([*at, at[0] + side - 1, at[1] + side - 1], outline=INK)
        pen.text((at[0] + side // 8, at[1] + side // 2), part, INK,
                 ImageFont.load_default(FONT), anchor="lm")
    else:
        out.paste(part.resize((side, side), Image.Resampling.NEAREST), at)


def _rgb(image: np.ndarray) -> Image.Image:
    return Image.fromarray(np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)).convert("RGBA")


def _against(mask: np.ndarray, predicted: np.ndarray | str, scale: int) -> Image.Image | str:
    """A prediction over the truth, or the word for why there is none."""
    return predicted if isinstance(predicted, str) else overlay(mask, predicted,
                                                                scale=max(scale, 1))


def _grey(mask: np.ndarray) -> Image.Image:
    values = mask.astype(np.uint8) * 255 if mask.dtype == bool else mask
    return Image.fromarray(values).convert("RGBA")


def page_of(table: pd.DataFrame, *, key: str, per_page: int = 12) -> pd.DataFrame:
    """The rows of the page chosen below the results; its number is in the URL."""
    n_pages = max(-(-len(table) // per_page), 1)
    number = 1
    if n_pages > 1:
        number = st.pagination(n_pages, key=key, bind="query-params")
    return table.iloc[(number - 1) * per_page : number * per_page]
