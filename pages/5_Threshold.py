"""Threshold: how the precision moves the size of the core set, what it costs, what it misses."""

import streamlit as st

from shipdash.ui import frame
from shipdash.ui.words import PRECISION

frame.page("Threshold", "How small a core set is enough? Drag the **precision** and see the run "
           f"that it gives. {PRECISION}")


def body() -> None:
    """Everything below the lead; pandas and plotly take half a second, so the title comes first."""
    from shipdash.ui import studies
    from shipdash.ui.threshold import page as threshold
    from shipdash.ui.threshold import plan

    runs = frame.runs()
    with frame.in_words():
        threshold.remember()
        view = threshold.choose(runs)
        explorer = st.container()  # above the plan, whose points it shows
        studies.panel(studies.is_grid)
        asked = plan.form(view.family, runs, unfolded=view.family.recorded is None)
        with explorer:
            threshold.panel(view, asked, runs)


body()
