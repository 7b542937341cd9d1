"""Evaluation: what a selection is worth on fresh pairs, beside its controls."""

import streamlit as st

from shipdash.ui import evaluation, frame

frame.page("Evaluation")
run = frame.choose(frame.runs(), evaluated=True)
if run is not None:
    view = st.segmented_control("View", list(evaluation.VIEWS), default="Held-out", required=True,
                                key="view", bind="query-params", label_visibility="collapsed")
    evaluation.VIEWS[view](run)
