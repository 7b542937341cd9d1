"""What a viewer asks of the explorer: to compute a point, to open its run, to look at a pair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from shipdash.studies import grid
from shipdash.studies.ensure import start
from shipdash.ui import forms, frame, gallery
from shipdash.ui.threshold import explorer, points


def cost(family: points.Family, runs: list[frame.Run]) -> str:
    """How long one more point takes, in words; empty where nothing like it was measured here."""
    expected = forms.estimate(family.base, runs)
    return "" if expected.seconds is None else f"about {frame.duration(expected.seconds)}"


def heed(answer: Any, family: points.Family, table: pd.DataFrame) -> None:
    """Do what was asked, if anything was."""
    wanted = explorer.read_place(answer.get("compute"))
    if wanted is not None:
        compute(family, wanted)
    if answer.get("open"):
        st.switch_page("pages/2_Run.py", query_params={"run": str(answer["open"])})
    if answer.get("pair"):
        _show_pair(family, table, answer["pair"])


def compute(family: points.Family, place: explorer.Place) -> None:
    """Start the run of one place as a sweep of one point, and bring its family into view."""
    study = forms.attempt(grid.plan, family.base, {
        "selection.precision": [place.precision], "selection.acceptance": [place.rule],
        "seeds.order": [place.order], "seeds.model": [place.model]})
    if study is not None and forms.attempt(start, frame.own_store(), study) is not None:
        st.query_params["sweep"] = grid.family(study.runs[0])
        st.rerun()


def _show_pair(family: points.Family, table: pd.DataFrame, asked: Any) -> None:
    """The dialog of one core pair, where the browser named one that there is."""
    rows = table[table["run_id"] == asked.get("run")]
    row = next(rows.itertuples(), None)
    detail = row and family.detail(frame.own_store(), row)
    index = asked.get("index")
    if detail is not None and isinstance(index, int) and index in detail.core:
        st.dialog(f"Pair {index:,}", width="medium")(_pair)(family, row, detail, index)


def _pair(family: points.Family, row: Any, detail: Any, index: int) -> None:
    """Image, truth, and the prediction the pair failed with."""
    at = int(np.flatnonzero(detail.core == index)[0])
    images, masks = gallery.pairs(family.base, "pool", family.algorithm, (index,))
    mask, iou = detail.failed.get(index), float(detail.iou[at])
    tested = "It joined the core set untested." if np.isnan(iou) else (
        f"It was predicted with IoU {frame.iou(iou)}, below the acceptance IoU of "
        f"{frame.iou(row.acceptance_iou)}.")
    wrong = None if np.isnan(iou) else ["not stored" if mask is None else mask]
    gallery.show_sheet(images, masks, [f"pair {index:,}"], wrong, key="point_pair", large=True,
                       alt=f"Pair {index:,}: image, truth and the prediction that failed.")
    st.markdown(f"Number {at + 1:,} of {len(detail.core):,} in order of selection, after "
                f"{detail.tested[at]:,} pairs tested at precision {row.precision:g}. {tested}")
    st.caption("Image, truth" + ("." if wrong is None else ", and the prediction it failed with."))
