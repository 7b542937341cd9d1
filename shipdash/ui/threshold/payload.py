"""What the browser is sent of a family of runs, so that it can draw any of them without asking.

Numbers, sentences and figures to fill; no widget is drawn here.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from shipdash import analysis, figures
from shipdash.analysis import Curve
from shipdash.analysis.sweep import DID_NOT_LEARN
from shipdash.runs import Store
from shipdash.studies.sweep_details import Detail
from shipdash.ui import frame
from shipdash.ui.threshold import pictures, points

STEPS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
"""Precisions at which the slider stops, whether or not there is a run; beside those of the runs."""

FIXED = {"below_90": 0.9, "below_70": 0.7, "below_50": 0.5}
"""IoU of the measures of failing that are the same for every run; multiples of a bin, 0.02."""

SMALL = 210  # pixels of height of a figure of one run: two rows of them beside two figures


def of_family(family: points.Family, table: pd.DataFrame, store: Store,
              failing: str) -> dict[str, Any]:
    """Everything about the runs of a family: points, empty figures, pictures of their pairs.

    Made once for all visitors as long as no run is added or computed again: not to be changed.
    `failing` is the measure by which held-out pairs fail, a key of `analysis.FAILING`.
    """
    return _of_family(family.version(store, table), table, frame.guess(), failing, family, store)


@st.cache_resource(max_entries=16, show_spinner="Drawing the core pairs ...")  # 0.1 s, 2 MB
def _of_family(version: tuple, table: pd.DataFrame, guess: int | None, failing: str,
               _family: points.Family, _store: Store) -> dict[str, Any]:
    details = {row.run_id: _family.detail(_store, row) for row in table.itertuples()}
    kept = [d for d in details.values() if d is not None]
    drawn = pictures.atlas(_family.base, _family.algorithm,
                           sorted({int(i) for d in kept for i in d.core}))
    made = {
        "points": [_point(row, details[row.run_id], drawn, failing) for row in table.itertuples()],
        "stops": sorted({*STEPS, *table["precision"].astype(float)}),
        "rules": figures.RULES,
        "atlas": {"url": drawn.url, "side": pictures.SIDE, "columns": pictures.COLUMNS},
        "most": int(max((len(d.core) for d in kept), default=1)),
        "curve": _curve(_family.base.selection.n_pool, table, guess),
        "held": _held_out(kept),
    }
    return made | {"version": hashlib.sha256(json.dumps(made).encode()).hexdigest()[:16]}


def _point(row: Any, detail: Detail | None, drawn: pictures.Atlas,
           failing: str) -> dict[str, Any]:
    """One row of the table of points in the browser's words; without a detail, its numbers."""
    point = {"id": row.run_id, "precision": float(row.precision), "order": int(row.order_seed),
             "model": int(row.model_seed), "rule": row.acceptance, "state": row.state,
             "recorded": bool(row.recorded), "origin": "", "kept": "", "failing": ""}
    if pd.isna(row.n_core):
        return point
    point |= {"kept": _kept(row), "failing": _failing(row, failing), "origin": _origin(row),
              "n_core": int(row.n_core), "n_tested": int(row.n_tested)}
    if detail is None:
        return point
    place = [drawn.place.get(int(i)) for i in detail.core]
    below, above = _held_out_counts(detail, FIXED.get(failing))
    return point | {
        "tested": detail.tested.tolist(), "core": detail.core.tolist(), "pictures": place,
        "limit": FIXED.get(failing, float(row.acceptance_iou)),
        "fail": below.tolist(), "pass": above.tolist()}


def _kept(row: Any) -> str:
    reason = "stalled" if row.state == analysis.STALLED else "exhausted"
    said = analysis.finding(int(row.n_core), int(row.n_tested), int(row.n_pool), reason)
    return f"{said} (by a network that did not learn)" if row.state == DID_NOT_LEARN else said


def _failing(row: Any, failing: str) -> str:
    """By the measure of the figure beside it, so that runs of all precisions can be compared."""
    if pd.isna(row.n_held_out):
        return "This run has no held-out pairs"
    share, iou = getattr(row, failing), FIXED.get(failing, row.acceptance_iou)
    if pd.isna(share):
        return "The scores of its held-out pairs are missing, so failures cannot be counted"
    n = round(share * row.n_held_out)
    return (f"{n:,} of {int(row.n_held_out):,} held-out pairs ({share:.2%}) "
            f"{'is' if n == 1 else 'are'} below IoU "
            f"{frame.iou(iou)}")


def _held_out_counts(detail: Detail, iou: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Held-out pairs in steps of 0.02 of IoU below `iou` and from it up; None: as stored, by the
    acceptance IoU of the run."""
    if iou is None:
        return detail.held_out[0], detail.held_out[1]
    counted, from_ = detail.held_out.sum(axis=0), round(iou / 0.02)
    is_below = np.arange(len(counted)) < from_
    return np.where(is_below, counted, 0), np.where(is_below, 0, counted)


def _origin(row: Any) -> str:
    whose = "Recorded" if row.recorded else "Computed on this machine"
    parts = (whose, f"seeds: pool {row.pool_seed}, order {row.order_seed}, model {row.model_seed}",
             row.device, row.machine, str(row.date)[:10], f"shipdash {row.version}")
    return " · ".join(str(part) for part in parts if part)


def _curve(n_pool: int, table: pd.DataFrame, guess: int | None) -> dict[str, Any]:
    """The step curve of one run, on axes that hold every run of the family."""
    most, end = table["n_core"].max(), max(n_pool, table["n_tested"].fillna(0).max())
    most = 0 if pd.isna(most) else int(most)
    chart = figures.selection(Curve(np.array([0, int(end)]), np.array([0, most])), n_pool, "",
                              guess=guess)
    chart.figure.data[-1].name = "end"  # the browser finds the traces it fills by their names
    return _small(chart)


def _held_out(kept: list[Detail]) -> dict[str, Any]:
    """The histogram of one run, on axes that hold every run of the family."""
    counted = sum(d.held_out.sum(axis=0) for d in kept) if kept else np.zeros(50)
    most = max((d.held_out.max() for d in kept), default=0)
    left = np.round(np.arange(0, 1, 0.02), 2)
    table = pd.DataFrame({"left": np.tile(left, 2), "n": most, "passes": np.repeat(
        [False, True], len(left))})
    chart = figures.scores(table, 0.9, "")
    lowest = left[np.argmax(counted > 0)]  # most runs are good: the low half would be empty
    chart.figure.update_xaxes(range=[min(float(lowest), 0.8) - 0.02, 1.01])
    return _small(chart)


def _small(chart: figures.Chart) -> dict[str, Any]:
    chart.figure.update_layout(height=SMALL, margin={"t": 28, "l": 54, "r": 16, "b": 40},
                               legend={"font": {"size": 11}})
    return json.loads(chart.figure.to_json())
