"""The page *Label next* below its lead: what is chosen, the ranking, and the views of it."""

from __future__ import annotations

import streamlit as st

from shipdash.labelling import rank_request
from shipdash.ui import frame
from shipdash.ui.label_next import choose, exports, go_on, marking, rank, trusted

VIEWS = {"Go through them": marking.view, "Can it be trusted?": trusted.view,
         "Export and import": exports.view, "Continue": go_on.view}
"""What the page shows of a finished ranking."""


def body() -> None:
    """Choose images and a run; then start or watch the ranking, or look at it."""
    with frame.in_words():
        left, right = st.columns(2, gap="large", vertical_alignment="bottom")
        with left:
            manifest = choose.data_set()
        if manifest is None:
            return
        with right:
            run = choose.run(manifest)
        if run is None:
            return
        asked = rank_request(frame.own_store(), manifest["name"], run.run_id)
        found = rank.finished(asked)
        rank.panel(asked, found)
        if found is not None:
            view = frame.switch("View", VIEWS, key="label_view", label_visibility="collapsed")
            VIEWS[view](run, found)
