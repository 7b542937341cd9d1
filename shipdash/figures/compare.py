"""Figures of several runs in one: their curves laid over each other, with medians of replicas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from shipdash.figures.base import APART, DASHES, SHORT, TALL, Chart, faded, new_figure, nice
from shipdash.figures.shared_traces import add_band


class Lines(NamedTuple):
    """Curves of one group of replicas: each run's corners, and what they have in common."""

    runs: Mapping[str, tuple[np.ndarray, np.ndarray]]  # label of the run -> x, y
    common: pd.DataFrame  # from `analysis.common_curve`


def overlay(groups: Mapping[str, Lines], title: str, n_pool: int, *, rate: bool = False) -> Chart:
    """Pairs selected (or the failure rate) against pairs tested, for several groups of runs.

    Groups differ in colour and in dash. A group of several runs shows every run thin, their
    median thick and their range as a band; a group of one is its own median.
    """
    figure = new_figure(SHORT + 60 if rate else TALL, "pairs tested",
                        "failure rate" if rate else "pairs selected")
    for n, (label, lines) in enumerate(groups.items()):
        colour, dash = APART[n % len(APART)], DASHES[n % len(DASHES)]
        if len(lines.runs) > 1:
            _replicas(figure, label, lines, colour)
        figure.add_scatter(
            x=lines.common["x"].to_numpy(), y=lines.common["median"].to_numpy(), mode="lines",
            name=label if len(lines.runs) == 1 else f"{label}: median of {len(lines.runs)}",
            legendgroup=label, uid=f"{label} median",
            line={"color": colour, "width": 2.6, "dash": dash, "shape": "hv"},
            hovertemplate=f"{label}<br>%{{y:{'.1%' if rate else ',.0f'}}} at %{{x:,}} tested"
                          "<extra></extra>")
    ends = [lines.common["x"].max() for lines in groups.values() if len(lines.common)]
    figure.update_xaxes(range=[0, 1.02 * max([n_pool, *ends])])  # several passes test pairs again
    if rate:
        figure.update_yaxes(range=[0, 1.05], tickformat=".0%")
    else:
        tops = [lines.common["high"].max() for lines in groups.values() if len(lines.common)]
        figure.update_yaxes(range=[0, nice(max(1.2 * max(tops, default=0), 40))])
    what = "Failure rates" if rate else "Curves of pairs selected"
    table = pd.concat([lines.common.assign(group=label) for label, lines in groups.items()]
                      ) if groups else pd.DataFrame()
    return Chart(figure, title, f"{what} against pairs tested, {len(groups)} groups. {title}.",
                 table)


def _replicas(figure: go.Figure, label: str, lines: Lines, colour: str) -> None:
    x = np.repeat(lines.common["x"].to_numpy(), 2)[1:]  # the corners of steps
    high, low = (np.repeat(lines.common[name].to_numpy(), 2)[:-1] for name in ("high", "low"))
    add_band(figure, x, low, high, faded(colour, 0.12), showlegend=False, legendgroup=label,
             uid=f"{label} band")
    for name, (tested, level) in lines.runs.items():
        figure.add_scatter(
            x=tested, y=level, mode="lines", showlegend=False, legendgroup=label,
            uid=f"{label} {name}", opacity=0.5, hoverinfo="skip",
            line={"color": colour, "width": 1, "shape": "hv"})
