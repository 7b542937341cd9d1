"""The recorded run of the article's own network beside the recorded compact one, on two pages."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from shipdash import analysis, figures
from shipdash.analysis.article_network import (
    NAMES,
    lower_bound_finding,
    networks_finding,
    networks_table,
    networks_words,
    of_one_experiment,
)
from shipdash.ui import chart, frame, tables


def recorded(runs: Sequence[frame.Run]) -> dict[str, frame.Run] | None:
    """The recorded run of either network; None as long as that of the article is not among them."""
    return of_one_experiment(run for run in runs if run.recorded)


def panel(two: dict[str, frame.Run] | None) -> None:
    """Both curves on the same axes, both runs in numbers, and what the article did not check."""
    if two is None:
        return
    compact, article = (run.result for run in two.values())
    curves = {NAMES[kind]: analysis.selection_curve(frame.events(run))
              for kind, run in two.items()}
    lines = {name: figures.Lines({name: curve}, analysis.common_curve([curve]))
             for name, curve in curves.items()}
    chart.show(figures.overlay(lines, networks_finding(compact, article), compact.n_pool),
               key="article_network", note=networks_words(compact, article),
               origin="; ".join(f"{NAMES[kind]}: {frame.provenance(run)}"
                                for kind, run in two.items()))
    st.markdown(lower_bound_finding(two["article"].config, article))
    tables.show(networks_table(two), key="article_network_table",
                leave_out=("n_tested", "n_forward"),  # so that Home shows the time as well
                alt="What each of the two networks kept, how good it is, and what it cost.")
    frame.link("pages/6_Compare.py", "Compare the two runs", runs=",".join(
        run.run_id for run in two.values()))
