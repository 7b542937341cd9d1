"""A run in numbers: counters, speeds, and the small charts of training. No state, no buttons."""

from __future__ import annotations

import streamlit as st

from shipdash import analysis, figures
from shipdash.ui import chart, frame


def counters(now: analysis.Progress) -> None:
    """What was selected and tested, how fast, and the time it took."""
    rate = "–" if now.rejection_rate is None else f"{now.rejection_rate:.1%}"
    cells = st.columns(6)
    cells[0].metric("Selected", f"{now.n_core:,}")
    cells[1].metric("Tested", f"{now.n_tested:,}")
    cells[2].metric(f"Failing, last {analysis.RATE_WINDOW}", rate,
                    help="Of all tested pairs while there are fewer.")
    cells[3].metric("Training", _speed(now.train_speed),
                    help="Images per second, forward and backward pass.")
    cells[4].metric("Prediction", _speed(now.scan_speed),
                    help="Images per second, forward pass only.")
    cells[5].metric("Time spent", frame.duration(now.elapsed_s),
                    help="Training and scanning, without start-up, compilation and evaluation.")


def _speed(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}/s"


def rates(events, run: frame.Run) -> None:
    """Failure rate, training score and loss: three small charts."""
    trace, rules = analysis.training_trace(events), run.config.selection
    drawn = {"rejection": figures.rejection_rate(analysis.rejection_rate(events), rules.n_pool),
             "score": figures.training(trace, "score", rules.precision),
             "loss": figures.training(trace, "loss")}
    for cell, (key, figure) in zip(st.columns(3, gap="large"), drawn.items(), strict=True):
        with cell:
            chart.show(figure, key=key, origin=frame.provenance(run))
