"""What the registered study found: a line above the evidence on a run, all claims below it; nothing
before all its pools are in.

Its words are in `analysis.registered`.
"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from shipdash.analysis import registered
from shipdash.config import preset_of
from shipdash.ui import evidence, frame


def in_a_line(run: frame.Run, where: str = "further down") -> None:
    """The finding above the evidence on one run, which is weaker; `where` the claims are."""
    table = _table(run)
    if table is not None:
        st.markdown(f"**{registered.registered_finding(table)}**: "
                    f"{registered.first_difference(table)}. {registered.limits_words(table)}"
                    f"All claims and their tests are {where}. This run alone:")


def panel(run: frame.Run) -> None:
    """Every claim with its verdict, for runs of the settings that the study has."""
    table = _table(run)
    if table is None:
        return
    st.markdown("### " + registered.registered_finding(table))
    st.markdown(registered.verdict_table(table))
    st.markdown(registered.BESIDES)
    certificate(run)
    facts = table.iloc[0]
    st.caption(
        "Claims, arms and tests were registered before any pool was stored, and nothing had been "
        "chosen on these pools. A difference is the mean over pools with its 95% interval: with "
        "the unit *points*, of the share of pairs below IoU 0.90; without a unit, of the median "
        "IoU. A difference below zero supports the claim. Test: paired t test, corrected for the "
        "number of claims (Holm), and the exact sign test, which like the intervals is not "
        "corrected. The placebo compares two random samples. "
        f"Recorded on {facts['date']}, {facts['machine']}, shipdash {facts['version']}.")


def certificate(run: frame.Run) -> None:
    """The bound of the one run that was named before it was started; nothing where `panel` has
    nothing to say, or where that run was left out."""
    found = evidence.table(registered.CERTIFICATE_FILE, registered.read_certificate)
    if _table(run) is not None and found is not None:
        row = found.iloc[0]
        st.markdown(f"**Certificate of the run named beforehand** (pool {row['pool']}, until a "
                    f"pass adds nothing): {registered.certificate_words(row)}")


def _table(run: frame.Run) -> pd.DataFrame | None:
    if run.config is None or preset_of(run.config) != "compact":
        return None
    return evidence.table(registered.FILE)
