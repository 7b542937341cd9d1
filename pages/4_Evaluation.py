"""Evaluation: what a selection is worth on fresh pairs, beside its controls."""

from shipdash.ui import frame
from shipdash.ui.evaluation import page as evaluation

frame.page("Evaluation")
run = frame.choose(frame.runs(), evaluated=True)
if run is not None:
    view = frame.switch("View", evaluation.VIEWS, key="view", label_visibility="collapsed")
    with frame.in_words():
        evaluation.VIEWS[view](run)
