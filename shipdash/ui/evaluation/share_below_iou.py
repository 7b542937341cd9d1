"""Share of pairs below every IoU: tail and typical quality, arm by arm. Words are `analysis`'s."""

from __future__ import annotations

import streamlit as st

from shipdash import analysis, figures
from shipdash.studies.collect import Evidence
from shipdash.ui import chart, tables


def panel(found: Evidence, network: str, stop: str, where: str) -> None:
    """Curves with bands and the medians; one sentence where single pairs were not stored."""
    if found.ious is None:
        st.markdown("This study was recorded before the IoU of individual pairs was stored, so it "
                    "has one threshold only.")
        return
    n_core, acceptance = found.about["n_core"], found.about["acceptance_iou"]
    shares, medians = (analysis.of_variant(table(found.ious, n_core), network, stop)
                       for table in (analysis.share_below_table, analysis.medians_table))
    if shares.empty:
        return
    same = stop == analysis.EQUAL_UPDATES and network == analysis.SAME
    said = same and analysis.tail_and_typical(found.ious, n_core, acceptance)
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
