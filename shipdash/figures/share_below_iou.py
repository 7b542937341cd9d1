"""Figure of the share of held-out pairs below each IoU, one curve per arm."""

from __future__ import annotations

import pandas as pd

from shipdash.figures.arms import by_arm
from shipdash.figures.base import QUIET, Chart, faded, new_figure
from shipdash.figures.shared_traces import add_band


def share_below_iou(table: pd.DataFrame, acceptance: float, title: str) -> Chart:
    """Mean over runs as a line; lowest to highest run as a band, for core set and random pairs.

    `table` is from `analysis.share_below_table`. Shares are on a log axis, where a tail of one pair
    in a thousand can be read; a share of 0 has no place on it and its line ends.
    """
    figure = new_figure(380, "IoU", "share of held-out pairs below (log scale)")
    for part, name, first, (colour, dash, _) in by_arm(table):
        if first:
            drawn = part[(part["low"] > 0) & (part["n_runs"] > 1)]
            add_band(figure, drawn["threshold"].to_numpy(), drawn["low"].to_numpy(),
                     drawn["high"].to_numpy(), faded(colour), uid=f"{name} band",
                     legendgroup=name, showlegend=False)
        figure.add_scatter(
            x=part["threshold"].to_numpy(), y=part["share"].where(part["share"] > 0).to_numpy(),
            mode="lines", name=name, uid=name, legendgroup=name,
            line={"color": colour, "width": 2 if first else 1.5, "dash": dash},
            hovertemplate=f"{name}: %{{y:.2%}} below IoU %{{x:.2f}}<extra></extra>")
    figure.add_vline(x=acceptance, line={"color": QUIET, "dash": "dash", "width": 1})
    figure.update_xaxes(tickformat=".2f")
    figure.update_yaxes(type="log", dtick=1, tickformat=".2~%")
    return Chart(figure, title, f"Share of held-out pairs below each IoU, by arm. {title}.", table)
