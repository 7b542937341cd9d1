"""Pairs as pictures: those of a run from their numbers, its stored predictions, a page of tiles.

What a click on a tile opens is in `one_pair`; sorting and filtering is in `arrange`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from shipdash.analysis.nearest_core_pair import block_averages
from shipdash.config import ALGORITHM, RunConfig
from shipdash.data import open_source
from shipdash.data.source import TARGET, VOID, Source
from shipdash.runs.packed_masks import MASK
from shipdash.ui import frame, tiles
from shipdash.ui.overlay import data_url, legend, overlay

QUALITY = 80  # of WebP: 10 kB a noisy pair of 128 x 128; lossless PNG takes 49 kB
DRAWN = 256  # an overlay is drawn at least so wide, so that its lines are fine
Prediction = np.ndarray | str  # or the word for why there is none


@st.cache_data(max_entries=16, show_spinner="Redrawing the factors of the pairs ...")
def _factors(config: RunConfig, split: str, algorithm: int,
             indices: tuple[int, ...]) -> pd.DataFrame | None:
    source = open_source(config, split, algorithm=algorithm)
    rows = [(i, source.factors(i)) for i in indices]
    if any(found is None for _, found in rows):
        return None
    return pd.DataFrame([{"index": i, **found._asdict(), "label": source.label(i)}
                         for i, found in rows])


def factors(run: frame.Run, indices: Sequence[int], split: str = "pool") -> pd.DataFrame | None:
    """True factors of numbered pairs, one row each, `index` first; None where nobody knows
    them."""
    return _factors(run.config, split, _algorithm(run), tuple(map(int, indices)))


@st.cache_data(max_entries=16, show_spinner=False)
def _averages(config: RunConfig, algorithm: int, indices: tuple[int, ...]) -> np.ndarray:
    source = open_source(config, algorithm=algorithm)
    return np.concatenate([block_averages(source.draw(indices[start:start + 100])[0])
                           for start in range(0, len(indices), 100)])


def averages(run: frame.Run, indices: Sequence[int]) -> np.ndarray:
    """Block averages of pairs of the pool, which are kept where their pixels would be too many."""
    return _averages(run.config, _algorithm(run), tuple(map(int, indices)))


@st.cache_data(max_entries=64, show_spinner=False)
def pairs(config: RunConfig, split: str, algorithm: int, indices: tuple[int, ...]):
    """Images and masks of numbered pairs, drawn by the rules of that version."""
    return open_source(config, split, algorithm=algorithm).draw(indices)


def of_run(run: frame.Run, indices: Sequence[int], split: str = "pool"):
    """Images and masks of a run's pairs."""
    return pairs(run.config, split, _algorithm(run), tuple(map(int, indices)))


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


def no_predictions(run: frame.Run) -> str:
    """Why a gallery shows no prediction, in a sentence."""
    if run.recorded:
        return ("No predictions are stored with this recorded run, which was made with version "
                f"{run.result.version}.")
    return "No predictions are stored with this run."


def captions(rows: pd.DataFrame, split: str = "pool") -> list[str]:
    """Order of selection, number and IoU of pairs, as far as the table has them."""
    kind = "pair" if split == "pool" else "held-out pair"
    orders = [f"#{int(n)} · " for n in rows["order"]] if "order" in rows else [""] * len(rows)
    return [f"{order}{kind} {int(i):,}" + ("" if np.isnan(v) else f" · IoU {frame.iou(v, 3)}")
            for order, i, v in zip(orders, rows["index"], rows["iou"], strict=True)]


def inline(part: np.ndarray) -> str:
    """One image, mask or prediction as a data URL, pixel for pixel."""
    return data_url(picture(part) if part.ndim == 3 else _grey(part))


def webp(image: np.ndarray) -> str:
    """An image float32 (rows, cols, 3) in [0, 1] as a data URL. Lossy: noise hardly compresses."""
    return data_url(picture(image), "WEBP", quality=QUALITY)


def mosaic(images: np.ndarray) -> Image.Image:
    """Images side by side without words, each brought to 64 pixels by averaging."""
    columns, side = 14, 64
    step = side + 2
    rows = -(-len(images) // columns)
    out = Image.new("RGBA", (columns * step - 2, rows * step - 2), (0, 0, 0, 0))
    for k, image in enumerate(images):
        small = picture(image).resize((side, side), Image.Resampling.BOX)
        out.paste(small, (k % columns * step, k // columns * step))
    return out


def truth(mask: np.ndarray) -> tiles.Part:
    """A mask as the part of a tile: target white, void pixels grey."""
    shade = np.array([0, 255, 128], np.uint8)  # of none, target and void
    return tiles.Part("truth", inline(mask if mask.dtype == bool else shade[mask]))


def against(mask: np.ndarray, predicted: Prediction) -> tiles.Part:
    """A prediction over the truth as the part of a tile; void pixels count nowhere."""
    name = "prediction against truth"
    if isinstance(predicted, str):
        return tiles.Part(name, word=predicted)
    seen = (predicted >= MASK if predicted.dtype != bool else predicted) & (mask != VOID)
    scale = max(-(-DRAWN // mask.shape[1]), 1)
    return tiles.Part(name, data_url(overlay(mask == TARGET, seen, scale=scale)), is_drawing=True)


def show_sheet(images: np.ndarray, masks: np.ndarray, captions: Sequence[str],
               *wrong: Sequence[Prediction] | None, key: str, alt: str,
               names: Sequence[str] = (), large: bool = False) -> str | None:
    """Tiles of image, truth and each of `wrong` against the truth, a caption below.

    With `names` every tile is a button, and the name of the one clicked just now is returned.
    """
    shown = [predicted for predicted in wrong if predicted is not None]
    found = [tiles.Tile(names[k] if names else str(k), caption, (
        tiles.Part("image", webp(images[k])), truth(masks[k]),
        *(against(masks[k], predicted[k]) for predicted in shown)))
        for k, caption in enumerate(captions)]
    clicked = tiles.draw(found, key=key, alt=alt, clicks=bool(names),
                         widths_px=(200, 256) if large else (110, 190))
    if shown:
        legend()
    return clicked


def picture(image: np.ndarray) -> Image.Image:
    """An image float32 (rows, cols, 3) in [0, 1], pixel for pixel."""
    return Image.fromarray(np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8))


def _grey(mask: np.ndarray) -> Image.Image:
    values = mask.astype(np.uint8) * 255 if mask.dtype == bool else mask
    return Image.fromarray(values).convert("RGB")


def page_of(table: pd.DataFrame, *, key: str, per_page: int = 12) -> pd.DataFrame:
    """The rows of the page chosen here, above them; its number is in the URL."""
    n_pages = max(-(-len(table) // per_page), 1)
    number = 1
    if n_pages > 1:
        number = min(st.pagination(n_pages, key=key, bind="query-params"), n_pages)
    return table.iloc[(number - 1) * per_page : number * per_page]
