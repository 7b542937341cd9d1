"""Evaluation: what a selection is worth on fresh pairs, beside its controls."""

from shipdash.ui import frame, one_pair
from shipdash.ui.evaluation import page as evaluation

frame.page("Evaluation")
run = frame.choose(frame.runs(), evaluated=True)
if run is not None:
    frame.tell_failed(run)
    view = frame.switch("View", evaluation.VIEWS, key="view", label_visibility="collapsed",
                        forgets=["pair"])
    with frame.in_words():
        evaluation.VIEWS[view](run)
    one_pair.opened(run)
