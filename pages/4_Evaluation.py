"""Evaluation: what the network that selection left is worth on fresh pairs."""

from shipdash.ui import evaluation, frame

frame.page("Evaluation")
run = frame.choose(frame.runs(), evaluated=True)
if run is not None:
    evaluation.held_out(run)
    evaluation.reaudit(run)
    evaluation.arms(run)
    evaluation.cost(run)
