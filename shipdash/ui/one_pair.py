"""One pair opened: its pictures, its factors, its IoU over the run and the nearest core pair.

Any page with a gallery opens it over itself; the pair is in the address (``pair=17``, or
``pair=held_out.17`` of the held-out split), so a link opens it too and Back closes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from shipdash import analysis, figures
from shipdash.analysis.nearest_core_pair import nearest_by_brightness, nearest_by_factors
from shipdash.counted import counted
from shipdash.ui import address, chart, factors, frame, gallery, tiles
from shipdash.ui.overlay import legend

PATTERN = re.compile(r"(?:(held_out)\.)?([0-9]{1,9})")

MOST_COMPARED = 1_000
"""Core pairs of a data set that are drawn to find the nearest, a millisecond each."""

STORED = {"picked": ("pool", "the one it failed with"),
          "reaudit_worst": ("pool", "that of the final network"),
          "held_out_worst": ("held_out", "that of the final network")}
"""Predictions that a run stores: of which split they are, and which predictions."""

PARTS = (4, 3, 3)
"""Widths of the parts below the pictures: the table of factors is not cut in a window of 800 px."""


class Asked(NamedTuple):
    """A pair by its split and its number there."""

    split: str
    index: int

    @property
    def name(self) -> str:
        """As the address has it."""
        return str(self.index) if self.split == "pool" else f"{self.split}.{self.index}"

    @property
    def words(self) -> str:
        """As a page says it."""
        return f"{'pair' if self.split == 'pool' else 'held-out pair'} {self.index:,}"


class Seen(NamedTuple):
    """A stored prediction of a pair, and which it is."""

    picture: np.ndarray
    words: str


def sheet(run: frame.Run, indices: Sequence[int], captions: Sequence[str],
          *wrong: Sequence[gallery.Prediction] | None, key: str, alt: str,
          split: str = "pool") -> bool:
    """Tiles of a run's pairs, as `gallery.show_sheet` draws them: a click puts the pair into the
    address, and `opened` shows it. Whether one was clicked just now."""
    images, masks = gallery.of_run(run, indices, split)
    clicked = gallery.show_sheet(images, masks, captions, *wrong, key=key, alt=alt,
                                 names=[Asked(split, int(i)).name for i in indices])
    if clicked is not None:
        address.put("pair", clicked)
    return clicked is not None


def close() -> None:
    """No pair is open any more."""
    address.drop("pair")


def asked(run: frame.Run) -> Asked | None:
    """The pair of the address; None where it names none that the run has."""
    found = PATTERN.fullmatch(st.query_params.get("pair", ""))
    if found is None:
        return None
    split, index = found[1] or "pool", int(found[2])
    config = run.config
    n = config.selection.n_pool if split == "pool" else config.evaluation.n_held_out
    return Asked(split, index) if index < n else None


def opened(run: frame.Run) -> None:
    """The pair of the address over the page; called after every gallery of the page."""
    pair = asked(run)
    if pair is not None:
        title = pair.words.capitalize()
        st.dialog(title, width="large", on_dismiss=close)(show)(run, pair)


def show(run: frame.Run, pair: Asked) -> None:
    """All that is known of one pair in a run."""
    with frame.in_words():
        events = frame.events(run)
        _pictures(run, pair)
        st.markdown(_story(run, events, pair))
        facts = gallery.factors(run, (pair.index,), pair.split)
        core = analysis.core_table(events)["index"].tolist()
        parts = [lambda: _facts(pair, facts)] if facts is not None else []
        parts += [lambda: _history(run, events, pair)] if pair.split == "pool" else []
        parts += [lambda: _nearest(run, core, pair)]
        for cell, part in zip(st.columns(PARTS, gap="medium"), parts, strict=False):
            with cell:
                part()


def _facts(pair: Asked, facts: pd.DataFrame) -> None:
    st.markdown("#### True factors")
    st.dataframe(factors.in_words(facts.iloc[0]), hide_index=True, placeholder="–", key="facts",
                 height=330, alt=f"True factors of {pair.words}.")


def _pictures(run: frame.Run, pair: Asked) -> None:
    (image,), (mask,) = gallery.of_run(run, [pair.index], pair.split)
    seen = prediction(run, pair)
    parts = [tiles.Part("image", gallery.inline(image)), gallery.truth(mask)]
    if seen is not None:
        parts += [tiles.Part("prediction", gallery.inline(seen.picture)),
                  gallery.against(mask, seen.picture)]
    caption = gallery.no_predictions(run)
    if any(gallery.predictions(run, name) for name in STORED):
        caption = ("No prediction is stored for this pair." if seen is None else
                   f"Prediction: {seen.words}.")
    tiles.draw([tiles.Tile(pair.name, caption, tuple(parts))], key="one_pair", named=True,
               widths_px=(120, 190), alt=f"Pictures of {pair.words}.")
    if seen is not None:
        legend()


def prediction(run: frame.Run, pair: Asked) -> Seen | None:
    """The most telling stored prediction: the one the pair failed with, otherwise the last."""
    for name, (split, words) in STORED.items():
        if split == pair.split:
            picture = gallery.predictions(run, name).get(pair.index)
            if picture is not None:
                return Seen(picture, words)
    return None


def _story(run: frame.Run, events, pair: Asked) -> str:
    """What happened to the pair, in sentences."""
    final = final_iou(run, pair)
    if pair.split != "pool":
        return ("" if final is None else f"The final network predicts it with IoU "
                f"{frame.iou(final, 3)}. ") + "It is held out and never trained on."
    picked = analysis.core_table(events).query("index == @pair.index")
    history = analysis.pair_history(events, pair.index)
    if len(picked):
        row = picked.iloc[0]
        if np.isnan(row["iou"]):
            return f"It joined the core set untested, as number {int(row['order']):,}."
        return (f"It failed with IoU {frame.iou(row['iou'], 3)} and joined the core set as number "
                f"{int(row['order']):,}, {_when(row)}.")
    if history.empty:
        return "It has not been tested yet."
    last = history.iloc[-1]
    told = f"It passed with IoU {frame.iou(last['iou'], 3)} {_when(last)}, so it was discarded."
    return told if final is None else (f"{told} The final network predicts it with IoU "
                                       f"{frame.iou(final, 3)}.")


def _when(row: pd.Series) -> str:
    return f"when {counted(int(row['n_tested']), 'pair')} had been tested"


def final_iou(run: frame.Run, pair: Asked) -> float | None:
    """IoU under the final network, from the re-audit or the held-out scores."""
    name = "reaudit" if pair.split == "pool" else pair.split
    try:
        scores = frame.store_of(run).load_scores(run.run_id, name)
    except (frame.StoreError, OSError):
        return None
    at = np.flatnonzero(scores["index"] == pair.index) if scores else []
    return float(scores["iou"][at[0]]) if len(at) else None


def _history(run: frame.Run, events, pair: Asked) -> None:
    """Every IoU of the pair while the run went on, and the final network's."""
    history = analysis.pair_history(events, pair.index).dropna()
    final = final_iou(run, pair)
    if history.empty and final is None:
        st.caption("No IoU of it is stored.")
        return
    if final is not None:
        end = pd.DataFrame([(run.result.n_tested, run.result.rounds, final, "final network")],
                           columns=history.columns)
        history = pd.concat([history, end], ignore_index=True) if len(history) else end
    chart.show(figures.history(history, run.config.selection.acceptance_iou), key="history",
               origin=frame.provenance(run))


def _nearest(run: frame.Run, core: list[int], pair: Asked) -> None:
    """The core pair that resembles it most, as a tile that opens it."""
    others = [i for i in core if pair.split != "pool" or i != pair.index]
    if not others:
        return
    by, found = _search(run, core, others, pair)
    st.markdown("#### Nearest core pair")
    if sheet(run, [found], [f"pair {found:,}, nearest by {by}"], key="nearest",
             alt=f"The core pair nearest to {pair.words}."):
        st.rerun()


def _search(run: frame.Run, core: list[int], others: list[int], pair: Asked) -> tuple[str, int]:
    """What the pair is compared by, and the number of the nearest of the `others` in the core set,
    which is asked for as a whole: it is then drawn once for all of its pairs."""
    mine = gallery.factors(run, (pair.index,), pair.split)
    if mine is None:
        shown, among = core[:MOST_COMPARED], set(others)
        places = [place for place, i in enumerate(shown) if i in among]
        (image,), _ = gallery.of_run(run, [pair.index], pair.split)
        nearest = nearest_by_brightness(image, gallery.averages(run, shown)[places])
        return "brightness", shown[places[nearest]]
    theirs = gallery.factors(run, core)
    table = pd.concat([mine.assign(index=-1), theirs[theirs["index"].isin(others)]],
                      ignore_index=True)
    return "true factors", nearest_by_factors(table, -1)
