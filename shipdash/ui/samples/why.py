"""*Why these?*: which true factors get selected, and the core pairs behind each bar."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from shipdash import analysis, figures
from shipdash.analysis import scores
from shipdash.analysis.scores import factor_groups
from shipdash.ui import arrange, chart, frame, gallery, one_pair
from shipdash.ui.factors import FACTORS, name_and_unit

MOST_FACTORS = 20_000
"""Pool pairs whose factors are redrawn, 0.2 ms each; of a larger pool, a random sample."""

NONE = "none"


class Factors(NamedTuple):
    """True factors of a pool, or of those pairs of a large one that stand for it."""

    facts: pd.DataFrame
    sampled: list[int] | None


def show(run: frame.Run, table: pd.DataFrame) -> None:
    """Rates with intervals; with many factors, some differences are due to chance."""
    n, chosen = run.config.selection.n_pool, tuple(int(i) for i in table["index"])
    drawn = _drawn(run, n, chosen)
    rates = {factor: analysis.factor_rates(drawn.facts, chosen, factor, n_pool=n,
                                           sampled=drawn.sampled) for factor in FACTORS}
    behind_a_bar = st.container()
    part = ("" if drawn.sampled is None else
            f", estimated from {MOST_FACTORS:,} random pairs")
    st.caption(f"Share selected of the {n:,} pairs in the pool{part}, with 95% Wilson intervals. "
               f"Because {len(FACTORS)} factors are tested, a difference is called clear only if "
               f"its p value is below 5% / {len(FACTORS)} (Pearson's chi-square test, Bonferroni "
               "correction).")
    cells = st.columns(2, gap="large")
    for k, factor in enumerate(FACTORS):
        with cells[k % 2]:
            _bars(run, factor, rates[factor])
    with behind_a_bar:
        _behind(run, table, drawn, rates)


def _drawn(run: frame.Run, n: int, chosen: tuple[int, ...]) -> Factors:
    sampled = None
    if n > MOST_FACTORS:
        sampled = np.random.default_rng(0).choice(n, MOST_FACTORS, replace=False).tolist()
    numbers = range(n) if sampled is None else sorted({*sampled, *chosen})
    return Factors(gallery.factors(run, tuple(numbers)), sampled)


def _bars(run: frame.Run, factor: str, rates: pd.DataFrame) -> None:
    """The figure of one factor; a click on a mark puts its bar into the address."""
    chance = analysis.same_rate(rates)
    figure = figures.factor_rates(rates, FACTORS[factor], clear=chance < 0.05 / len(FACTORS))
    words = "below 0.001" if chance < 0.001 else f"{chance:.3f}"
    answer = chart.show(figure, key=f"factor_{factor}", origin=frame.provenance(run), clicks=True,
                        note=f"p value, if all groups were selected at the same rate: {words}")
    groups = rates["group"].tolist()
    if answer.clicked in groups:
        st.query_params["bar"] = f"{factor}.{groups.index(answer.clicked)}"


def _behind(run: frame.Run, table: pd.DataFrame, drawn: Factors,
            rates: dict[str, pd.DataFrame]) -> None:
    """The core pairs of the bar in the address; the box is the way to one without a mouse."""
    bars = {f"{factor}.{k}": (factor, row.group, row.n_core)
            for factor, part in rates.items() for k, row in enumerate(part.itertuples())}
    words = {NONE: "a mark clicked below", **{name: _words(*bar) for name, bar in bars.items()}}
    chosen = frame.box("Show the core pairs of", "bar", words, default=NONE, width=460)
    if chosen == NONE:
        return
    factor, group, _ = bars[chosen]
    is_in = factor_groups(drawn.facts, factor, sampled=drawn.sampled) == group
    part = table[table["index"].isin(drawn.facts.loc[is_in, "index"])]
    if part.empty:
        frame.empty("This group has no core pair.", "Choose another mark.")
        return
    rows = arrange.page(run, part, key="bar_page")
    if not rows.empty:
        one_pair.sheet(run, rows["index"], gallery.captions(rows),
                       gallery.failed_with(run, rows["index"], rows["iou"]), key="behind_bar",
                       alt=f"Core pairs of {_words(*bars[chosen])}.")


def _words(factor: str, group: str, n_core: int) -> str:
    name, unit = name_and_unit(factor)
    return f"{name}: {group}{unit if group != scores.NONE else ''} ({n_core:,} selected)"
