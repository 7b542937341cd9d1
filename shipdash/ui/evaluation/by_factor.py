"""Failing pairs by a true factor: the arms' figure and table. The numbers are `analysis`'s."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from shipdash import analysis, figures
from shipdash.config import RunConfig
from shipdash.studies import stored_ious
from shipdash.studies.collect import Evidence
from shipdash.ui import chart
from shipdash.ui.factors import FACTORS, name_and_unit


def panel(found: Evidence, network: str, stop: str, where: str) -> None:
    """Choose a factor; nothing at all where nobody knows the factors, or pairs were not stored."""
    ious = with_factors(found)
    if ious is None:
        return
    factor = st.selectbox("Factor", analysis.FACTORS, format_func=FACTORS.get, key="by_factor",
                          bind="query-params", width=340)
    about = found.about
    whole = analysis.failing_by_factor(ious, factor, about["n_core"], about["acceptance_iou"])
    table = analysis.of_variant(whole, network, stop)
    if table.empty:
        return
    said = analysis.factor_finding(table, *name_and_unit(factor))
    if said:
        st.markdown(said)
    title = f"Failure rate by {FACTORS[factor].lower()}"
    chart.show(figures.by_factor(table, FACTORS[factor], title), key="by_factor_figure",
               note="Mark: mean of the runs. Bar: lowest to highest run, for the core set and "
                    f"random pairs. A pair fails below IoU "
                    f"{about['acceptance_iou']:.2f}. {where}")
    _table(table, title)


def with_factors(found: Evidence) -> analysis.PairIous | None:
    """The stored IoU with the factors of its pairs, drawn again where they are not stored."""
    if found.ious is None or not len(found.ious.runs):
        return None
    if found.ious.factors is not None:
        return found.ious
    factors = _factors(RunConfig.from_stored(found.about["spec"]), found.about["algorithm"])
    return None if factors is None else found.ious._replace(factors=factors)


@st.cache_data(max_entries=4, show_spinner="Drawing the factors of the held-out pairs again ...")
def _factors(config: RunConfig, algorithm: int) -> pd.DataFrame | None:
    return stored_ious.held_out_factors(config, algorithm)


def _table(table: pd.DataFrame, title: str) -> None:
    """One row a group, one column an arm."""
    table = table.assign(arm=[analysis.arm_label(row) for row in table.to_dict("records")])
    wide = 100 * table.pivot_table(index=["group", "n"], columns="arm", values="share_failing",
                                   sort=False)
    shares = {arm: st.column_config.NumberColumn(arm, format="%.2f%%") for arm in wide.columns}
    st.dataframe(
        wide.reset_index(), hide_index=True, placeholder="–", key="by_factor_table",
        alt=f"{title}, arm by arm.",
        column_config={"group": "group", "n": st.column_config.NumberColumn(
            "held-out pairs", format="localized"), **shares})
