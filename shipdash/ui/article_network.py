"""The recorded run of the article's own network beside the recorded compact one, on two pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from shipdash import analysis, figures
from shipdash.analysis.article_network import (
    NAMES,
    lower_bound_finding,
    networks_finding,
    networks_table,
    networks_words,
    same_experiment,
)
from shipdash.ui import chart, frame, tables


class Two(NamedTuple):
    """Two recorded runs of one experiment."""

    compact: frame.Run
    article: frame.Run


def recorded(runs: Sequence[frame.Run]) -> Two | None:
    """The recorded run of either network; None as long as that of the article is not among them."""
    found = {run.config.network.kind: run for run in reversed(runs)
             if run.recorded and run.config and run.result and not run.is_arm}
    if not set(NAMES) <= set(found):
        return None
    two = Two(**{kind: found[kind] for kind in NAMES})
    return two if same_experiment(two.compact.config, two.article.config) else None


def panel(two: Two | None) -> None:
    """Both curves on the same axes, both runs in numbers, and what the article did not check."""
    if two is None:
        return
    compact, article = two.compact.result, two.article.result
    curves = {NAMES[kind]: analysis.selection_curve(frame.events(run))
              for kind, run in two._asdict().items()}
    lines = {name: figures.Lines({name: curve}, analysis.common_curve([curve]))
             for name, curve in curves.items()}
    chart.show(figures.overlay(lines, networks_finding(compact, article), compact.n_pool),
               key="article_network", note=networks_words(compact, article),
               origin="; ".join(f"{NAMES[kind]}: {frame.provenance(run)}"
                                for kind, run in two._asdict().items()))
    st.markdown(lower_bound_finding(two.article.config, article))
    tables.show(networks_table(two._asdict()), key="article_network_table",
                leave_out=("n_tested", "n_forward"),  # so that Home shows the time as well
                alt="What each of the two networks kept, how good it is, and what it cost.")
    frame.link("pages/6_Compare.py", "Compare the two runs", runs=",".join(
        run.run_id for run in two))
