"""Pairs as pictures: one contact sheet per page of results, and one pair enlarged.

A sheet is a single image, so that a page of results costs one element; enlarged by nearest
neighbour, because a pixel is the evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image, ImageDraw, ImageFont

from shipdash.config import SceneConfig
from shipdash.pool import Pool
from shipdash.ui import frame

INK = (122, 134, 148, 255)  # the figures' quiet grey: reads on light and dark
GAP, LINE, SIDE = 10, 20, 128


@st.cache_data(max_entries=64, show_spinner=False)
def pairs(scene: dict[str, Any], seed: int, n: int, split: str, indices: tuple[int, ...]):
    """Images and masks of the numbered pairs, redrawn from their seed."""
    return Pool(SceneConfig(**scene), seed=seed, n=n, split=split).draw(list(indices))


@st.cache_data(max_entries=16, show_spinner="Redrawing the factors of the pool ...")
def factors(scene: dict[str, Any], seed: int, n: int, indices: tuple[int, ...]) -> pd.DataFrame:
    """True factors of the numbered pool pairs, one row each, `index` first."""
    pool = Pool(SceneConfig(**scene), seed=seed, n=n)
    rows = [{"index": i, **pool.factors(i)._asdict()} for i in indices]
    return pd.DataFrame(rows)


def of_run(run: frame.Run, indices: Sequence[int], split: str = "pool"):
    """Images and masks of a run's pairs."""
    spec = run.config.to_dict()
    n = run.config.selection.n_pool if split == "pool" else run.config.evaluation.n_held_out
    return pairs(spec["scene"], run.config.seeds.pool, n, split, tuple(map(int, indices)))




def predictions(run: frame.Run, name: str) -> dict[int, np.ndarray]:
    """Stored predictions by pair number, uint8; empty where the run has none."""
    try:
        found = run.store.load_scores(run.run_id, name)
    except (frame.StoreError, OSError):
        return {}
    if not found or "probability" not in found:
        return {}
    return dict(zip(map(int, found["index"]), found["probability"], strict=False))


def sheet(images: np.ndarray, masks: np.ndarray, captions: Sequence[str],
          wrong: Sequence[np.ndarray | None] | None = None, *, columns: int = 3) -> Image.Image:
    """Tiles of image, truth and (with `wrong`) prediction side by side, a caption under each."""
    panels = 2 if wrong is None else 3
    wide, high = panels * (SIDE + 2) + GAP, SIDE + LINE + GAP
    columns = max(min(columns, len(captions)), 1)
    rows = -(-len(captions) // columns)
    out = Image.new("RGBA", (columns * wide, max(rows, 1) * high), (0, 0, 0, 0))
    pen, font = ImageDraw.Draw(out), ImageFont.load_default(13)
    for k, caption in enumerate(captions):
        x, y = (k % columns) * wide, (k // columns) * high
        parts = [_rgb(images[k]), _grey(masks[k])]
        parts += [] if wrong is None else [_grey(wrong[k])]
        for j, part in enumerate(parts):
            at = (x + j * (SIDE + 2), y)
            if part is None:
                pen.rectangle([*at, at[0] + SIDE - 1, y + SIDE - 1], outline=INK)
                pen.text((at[0] + 12, y + SIDE // 2 - 8), "joined untested", INK, font)
            else:
                out.paste(part.resize((SIDE, SIDE), Image.Resampling.NEAREST), at)
        pen.text((x, y + SIDE + 3), caption, INK, font)
    return out


def show_sheet(images, masks, captions, wrong=None, *, key: str, alt: str, columns: int = 3) -> None:
    """The contact sheet on the page."""
    with st.container(key=f"sheet_{key}"):
        st.image(sheet(images, masks, captions, wrong, columns=columns), width="content", alt=alt)


def _rgb(image: np.ndarray) -> Image.Image:
    return Image.fromarray(np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)).convert("RGBA")


def _grey(mask: np.ndarray | None) -> Image.Image | None:
    if mask is None:
        return None
    values = mask.astype(np.uint8) * 255 if mask.dtype == bool else mask
    return Image.fromarray(values).convert("RGBA")


def page_of(table: pd.DataFrame, *, key: str, per_page: int = 12) -> pd.DataFrame:
    """The rows of the page chosen below the results; its number is in the URL."""
    n_pages = max(-(-len(table) // per_page), 1)
    number = 1
    if n_pages > 1:
        number = st.pagination(n_pages, key=key, bind="query-params")
    return table.iloc[(number - 1) * per_page : number * per_page]
