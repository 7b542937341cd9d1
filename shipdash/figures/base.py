"""What all figures share: colours, heights, the empty figure. The only place with colours."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

SELECTED = "#e8590c"
"""The accent. It means *selected* (the core set) and nothing else."""

QUIET = "#7a8694"

FAINT = "#a9b4c0"

APART = ("#475fb0", "#1f8a8a", "#8a5fb0", "#7a8694", "#3d9bd6", "#5d8f3a")
"""Tell several runs apart, always together with a dash: cool, so that orange stays *selected*."""

DASHES = ("solid", "dash", "dot", "dashdot")

TALL, SHORT = 420, 230


def faded(colour: str, opacity: float = 0.15) -> str:
    """A colour for bands, through which grid and lines still show."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


class Chart(NamedTuple):
    """A figure with the sentence it states, its words for who cannot see it, and its numbers."""

    figure: go.Figure
    title: str
    alt: str
    table: pd.DataFrame


def nice(value: float) -> int:
    """The next of 1, 1.5, 2, 3, 4, 5, 7.5 times a power of ten: axes that rarely move."""
    power = 10 ** np.floor(np.log10(value))
    steps = (1, 1.5, 2, 3, 4, 5, 7.5, 10)
    return int(next(m * power for m in steps if m * power >= value))


def new_figure(height: int, x: str, y: str) -> go.Figure:
    figure = go.Figure()
    axis = {"showgrid": True, "zeroline": False, "ticks": "",
            "title": {"standoff": 8, "font": {"size": 13}}, "tickformat": ",", "fixedrange": False}
    figure.update_layout(
        template="none", height=height, font={"size": 13}, hovermode="closest", dragmode="zoom",
        margin={"l": 64, "r": 24, "t": 24, "b": 48}, uirevision="keep", separators=".,",
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "xanchor": "left"},
        xaxis={**axis, "title": {"text": x, **axis["title"]}},
        yaxis={**axis, "title": {"text": y, **axis["title"]}},
    )
    return figure
