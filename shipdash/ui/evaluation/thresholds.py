"""All thresholds at once: tail and typical quality of the arms. What it says is in `analysis`."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from shipdash import analysis, figures
from shipdash.studies.collect import Evidence
from shipdash.ui import chart


def panel(found: Evidence, network: str, stop: str, where: str) -> None:
    """Curves with bands and the medians; one sentence where single pairs were not stored."""
    st.markdown("#### Tail and typical quality")
    if found.ious is None:
        st.markdown("This study was recorded before the IoU of single pairs was stored, so it has "
                    "one threshold only.")
        return
    n_core, acceptance = found.about["n_core"], found.about["acceptance_iou"]
    shares, medians = (_shown(table(found.ious, n_core), network, stop)
                       for table in (analysis.thresholds_table, analysis.medians_table))
    if shares.empty:
        return
    same = stop == analysis.EQUAL_UPDATES and network == analysis.SAME
    said = same and analysis.tail_and_typical(found.ious, n_core, acceptance)
    if said:
        st.markdown(said)
    chart.show(
        figures.thresholds(shares, acceptance, "Share of held-out pairs below each IoU"),
        key="thresholds",
        note="Line: mean of the runs. Band: lowest to highest run. Dashed: the acceptance IoU, by "
             f"which the core set was chosen. {where}")
    st.dataframe(medians.assign(arm=[analysis.arm_label(r) for r in medians.to_dict("records")])[
        ["arm", "n_runs", "median", "low", "high"]], hide_index=True, key="medians_table",
        column_config={name: st.column_config.NumberColumn(format="%.4f")
                       for name in ("median", "low", "high")},
        alt="Median IoU of every arm with its lowest and highest run.")


def _shown(table: pd.DataFrame, network: str, stop: str) -> pd.DataFrame:
    """The arms of the variant in view, the streaming network beside those at equal updates."""
    by_score = table["stop"].isin((analysis.UNTIL_SCORE, analysis.SCORE_MISSED))
    return table[(table["network"] == network) & (by_score == (stop == analysis.UNTIL_SCORE))]
