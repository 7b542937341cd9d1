"""The Controls view on one screen: five lines with their tests and the placebo, and how good the
test is. What they say is in `analysis`."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from shipdash import analysis
from shipdash.studies.collect import Evidence
from shipdash.ui import evidence, frame, tables
from shipdash.ui.evaluation import by_factor, certificate
from shipdash.ui.factors import name_and_unit

RATES = "verdict-rates.csv"
"""Simulated studies, kept by `python -m benchmarks.verdict_rates` among the recorded runs."""


def panel(run: frame.Run, found: Evidence, medians: pd.DataFrame | None) -> None:
    """Title, five lines, and the rates of a verdict of so many runs; `medians` of all arms."""
    said = analysis.arms_finding(found.arms)
    st.markdown("### " + (said.title if said else
                          "Core set and random pairs have not both been computed yet"))
    st.markdown(tables.words(("", "Found", "Test", "Placebo"), (
        (f"**{line.name}**", line.said, line.test, line.placebo)
        for line in _lines(run, found, medians))))
    st.caption(
        "Test: core set minus random pairs (in the Budget line: minus the pairs named there), "
        "with the 95% interval and the p value of a t test over sets of pairs, or, between the "
        "core set and all pairs, over runs on these two. *Separated* means p below 0.05. Placebo: "
        "the same test of the first pairs of the stream, which are a random sample too, so it "
        "should find no difference. A dash means that a test has no second random sample. Factor: "
        "the group is chosen because it differs most, so its p value is too small. "
        + _rates(found.arms))


def _lines(run: frame.Run, found: Evidence, medians: pd.DataFrame | None) -> list[analysis.Line]:
    ious, about = by_factor.with_factors(found), found.about
    factor = analysis.FACTORS[0]  # the gap, in which the recorded core set departs most
    return [
        analysis.tail_line(found.arms),
        analysis.typical_line(medians),
        analysis.factor_line(ious or found.ious, about["n_core"], about["acceptance_iou"],
                             factor, *name_and_unit(factor)),
        analysis.budget_line(found.arms),
        analysis.certificate_line(analysis.certificate_of(run, certificate.DELTA),
                                  run.result.held_out),
    ]


def _rates(arms: pd.DataFrame) -> str:
    core, random = (analysis.arm_row(arms, analysis.ARMS[kind], analysis.EQUAL_UPDATES)
                    for kind in ("core", "random"))
    simulated = evidence.table(RATES)
    if core is None or random is None or simulated is None:
        return ""
    rates = analysis.rates_of(simulated, core, random)
    return "" if rates is None else analysis.rates_words(rates, random)
