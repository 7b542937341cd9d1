"""Share of pairs below every IoU: tail and typical quality, arm by arm. Words are `analysis`'s."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import streamlit as st

from shipdash import analysis, figures
from shipdash.studies.collect import Evidence
from shipdash.ui import chart, tables


class Tables(NamedTuple):
    """Of all arms, from the IoU of every run and pair: a second's work, done once for a page."""

    shares: pd.DataFrame
    medians: pd.DataFrame


def tables_of(found: Evidence) -> Tables | None:
    """None where single pairs were not stored."""
    if found.ious is None:
        return None
    return Tables(*(table(found.ious, found.about["n_core"])
                    for table in (analysis.share_below_table, analysis.medians_table)))


def panel(found: Evidence, of_all: Tables | None, network: str, stop: str, where: str) -> None:
    """Curves with bands and the medians; one sentence where single pairs were not stored."""
    if of_all is None:
        st.markdown("This study was recorded before the IoU of individual pairs was stored, so it "
                    "has one threshold only.")
        return
    n_core, acceptance = found.about["n_core"], found.about["acceptance_iou"]
    shares, medians = (analysis.of_variant(table, network, stop) for table in of_all)
    if shares.empty:
        return
    same = stop == analysis.EQUAL_UPDATES and network == analysis.SAME
    said = same and analysis.tail_and_typical(found.ious, n_core, acceptance, *of_all)
    if said:
        st.markdown(said)
    chart.show(
        figures.share_below_iou(shares, acceptance, "Share of held-out pairs below each IoU"),
        key="thresholds",
        note="Line: mean of the runs. Band: lowest to highest run, for the core set and "
             f"random pairs. Dashed: the acceptance IoU, by which the core set was chosen. {where}")
    named = medians.assign(arm=[analysis.arm_label(r) for r in medians.to_dict("records")])
    tables.show(named[["arm", "n_runs", "median", "median_low", "median_high"]],
                key="medians_table",
                alt="Median IoU of every arm with its lowest and highest run.")
