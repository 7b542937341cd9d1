"""Threshold: how the size of the core set, its cost and its failures depend on the precision."""

import streamlit as st

from shipdash.ui import frame
from shipdash.ui.words import PRECISION

frame.page("Threshold", "How small can the core set (the pairs a run keeps) be? Drag the "
           f"**precision** to see the run at each value. {PRECISION}")


def body() -> None:
    """Everything below the lead; pandas and plotly take half a second, so the title comes first."""
    from shipdash.ui import chart, studies
    from shipdash.ui.threshold import growth, plan
    from shipdash.ui.threshold import page as threshold

    chart.preload()
    runs = frame.runs()
    with frame.in_words():
        threshold.remember()
        view = threshold.choose(runs)
        explorer = st.container()  # above the plan, whose points it shows
        studies.panel(lambda study: bool(study.axes))
        asked = plan.form(view.family, runs, unfolded=view.family.recorded is None)
        with explorer:
            threshold.panel(view, asked, runs)
        growth.panel()


body()
