"""Boxes above a gallery that sort and filter its pairs; what was chosen is in the address."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from shipdash.analysis.arranging import THIRDS, Order, arranged, third
from shipdash.ui import frame, gallery

ANY = "any"

SORTS = {
    "order of selection": Order("order"),
    "IoU, lowest first": Order("iou"),
    "IoU, highest first": Order("iou", is_descending=True),
    "smallest target first": Order("target_area_px"),
    "largest target first": Order("target_area_px", is_descending=True),
    "nearest distractor first": Order("distance_px"),
    "farthest distractor first": Order("distance_px", is_descending=True),
    "pair number": Order("index"),
}
THIRD_OF = {"iou": ("IoU", "iou"), "size": ("Target area", "target_area_px"),
            "distance": ("Distance to distractor", "distance_px")}
POLARITY = {"high sea": True, "low sea": False}


def page(run: frame.Run, table: pd.DataFrame, *, key: str, split: str = "pool") -> pd.DataFrame:
    """A page of the pairs that `choose` leaves; of none, and words, where it leaves none."""
    rows = gallery.page_of(choose(run, table, split), key=key)
    if rows.empty:
        frame.empty("No pair matches the filters.", "Set a filter back to *any*.")
    return rows


def choose(run: frame.Run, table: pd.DataFrame, split: str) -> pd.DataFrame:
    """The pairs that pass the filters, sorted; a box for each column that there is.

    Parameters
    ----------
    table : DataFrame
        Column `index`, and `order` and `iou` where they are known. Pairs of a data set have no
        factors, so only these two are offered.
    """
    known = _with_factors(run, table, split)
    there = {name for name in known if known[name].notna().any()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sorts = [words for words, order in SORTS.items() if order.column in there]
        order = SORTS[_choice("Sort by", "sort", sorts)]
        for name, (label, column) in THIRD_OF.items():
            if column in there and (which := _choice(label, name, [ANY, *THIRDS])) != ANY:
                known = known[third(known[column], which)]
        if "high_sea" in there:
            polarity = _choice("Polarity", "polarity", [ANY, *POLARITY])
            if polarity != ANY:
                known = known[known["high_sea"] == POLARITY[polarity]]
    if len(known) < len(table):
        st.caption(f"{len(known):,} of {len(table):,} pairs{_ranges(known)}.")
    return arranged(known, order)


def _with_factors(run: frame.Run, table: pd.DataFrame, split: str) -> pd.DataFrame:
    facts = gallery.factors(run, table["index"], split) if run.config.knows_factors else None
    if facts is None or facts.empty:
        return table
    columns = ["index", "target_area_px", "distance_px", "high_sea"]
    return table.merge(facts[columns], on="index", how="left")


def _ranges(known: pd.DataFrame) -> str:
    """The range of each column that is filtered by."""
    found = []
    for name, (label, column) in THIRD_OF.items():
        if column in known and st.query_params.get(name) in THIRDS and len(known):
            low, high = known[column].min(), known[column].max()
            told = (f"{frame.iou(low)} to {frame.iou(high)}" if column == "iou"
                    else f"{low:,.0f} to {high:,.0f} px")
            found.append(f"{label} {told}")
    return "".join(f" · {part}" for part in found)


def _choice(label: str, name: str, options: list[str]) -> str:
    words = dict(zip(options, options, strict=True))
    return frame.box(label, name, words, default=options[0], width=190)
