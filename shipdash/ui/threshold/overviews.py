"""The two figures of a family over precision: the core set's size, and a second measure beside it.

Figures with their sentences and notes; what the viewer points at is for the explorer.
"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from shipdash import analysis, figures
from shipdash.config import RunConfig, SelectionConfig
from shipdash.figures import Chart
from shipdash.ui.words import compared

COSTS = {
    "training images": (figures.Measure("n_backward", "training images", "~s", ","),
                        "The training of a run", " images"),
    "seconds": (figures.Measure("seconds", "seconds of one run", ",", ",.0f"),
                "The time of a run", " s"),
}
"""Measures of cost, with what is said to cost so much and the unit behind the number."""

BESIDE = ("failing", *COSTS, "size against failing")
"""What the second figure may show; the first is always the size of the core set."""


@st.cache_resource(max_entries=32, show_spinner=False)  # 0.2 s
def both_rules(base: RunConfig, table: pd.DataFrame, failing: str, beside: str,
               guess: int | None) -> dict[str, tuple[Chart, Chart]]:
    """Both figures under each acceptance rule, so that the rule can be changed without waiting."""
    return {rule: _pair(base, table, rule, failing, beside, guess) for rule in figures.RULES}


def _pair(base: RunConfig, table: pd.DataFrame, rule: str, failing: str, beside: str,
          guess: int | None) -> tuple[Chart, Chart]:
    bands = _bands(base, table, rule)
    size = figures.Measure("n_core", "pairs selected", ",", ",")
    first = _over_precision(table, rule, bands, size, "The core set", "{:,.0f}", guess=guess)
    if beside == "size against failing":
        runs = analysis.trade_off(table, failing, rule)
        return first, figures.trade_off(runs, failing, _short(failing),
                                        analysis.trade_off_finding(runs, failing))
    if beside == "failing":
        words = f"The share of held-out pairs below {analysis.FAILING[failing]}"
        measure = _failing(table, failing)
        return first, _over_precision(table, rule, bands, measure, words, "{:.2%}")
    measure, what, unit = COSTS[beside]
    return first, _over_precision(table, rule, bands, measure, what, "{:,.0f}", unit)


def _failing(table: pd.DataFrame, failing: str) -> figures.Measure:
    top = table[failing].max()
    ticks = ".0%" if top > 0.05 else ".1%" if top > 0.005 else ".2%"
    return figures.Measure(failing, f"share below {_short(failing)}", ticks, ".2%")


def _over_precision(table: pd.DataFrame, rule: str, bands: pd.DataFrame | None,
                    measure: figures.Measure, what: str, form: str, unit: str = "",
                    guess: int | None = None) -> Chart:
    curves = {name: analysis.sweep_curve(table, measure.column, name) for name in figures.RULES}
    other = next(curve for name, curve in curves.items() if name != rule)
    said = measure._replace(title=analysis.sweep_finding(curves[rule], what, form, unit))
    return figures.threshold(table, curves[rule], rule, said, other=other, bands=bands,
                             guess=guess)


def _bands(base: RunConfig, table: pd.DataFrame, rule: str) -> pd.DataFrame | None:
    if rule != "article" or table.empty:
        return None
    return analysis.acceptance_bands(table["precision"].min(), table["precision"].max(),
                                     base.selection.margin)


def slopes(table: pd.DataFrame) -> str:
    """How fast the core set grows with the precision under either rule; empty where unknown."""
    found = {rule: analysis.precision_slope(table, rule) for rule in figures.RULES}
    return " ".join(analysis.slope_words(slope, rule) for rule, slope in found.items() if slope)


def notes(base: RunConfig, table: pd.DataFrame, beside: str) -> str:
    """How to read both figures, for either rule."""
    said = ["Every mark is a run, the line is the median, and the band extends from the lowest to "
            "the highest run. Click a mark or drag the slider to see a run."]
    bands = _bands(base, table, "article")
    if bands is not None:
        at = bands[bands["low"] < SelectionConfig().precision].iloc[-1:]
        which = "".join(f" (from {b.low:.3f} to {b.high:.3f}, a pair needs IoU {b.iou:.2f})"
                        for b in at.itertuples())
        said.append("Stripes: the article score has steps of a tenth, so all precisions within a "
                    f"stripe have the same acceptance IoU, at which a pair passes{which}. They "
                    "differ only in when training ends. With plain IoU, the acceptance IoU is "
                    f"always {base.selection.margin:g} times the precision.")
    said.append(_beside(base, table, beside))
    return " ".join(said)


def _beside(base: RunConfig, table: pd.DataFrame, beside: str) -> str:
    if beside == "training images":
        return "Training images are counted with repeats."
    if beside == "seconds":
        done = analysis.completed(table)
        threads = sorted(set(done["threads"].dropna().astype(int)))
        noun = "thread" if threads == [1] else "threads"
        per_run = f", with {' or '.join(map(str, threads))} {noun} per run" if threads else ""
        return f"Seconds are wall time{per_run}; runs at the same time slow each other down."
    return ("Failures are counted on fresh pairs of a separate split that no run uses for any "
            "decision." + compared(base))


def _short(failing: str) -> str:
    return "its acceptance IoU" if failing == "below_own" else analysis.FAILING[failing]
