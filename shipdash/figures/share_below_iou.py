"""Figure of the share of held-out pairs below each IoU, one curve per arm."""

from __future__ import annotations

import pandas as pd

from shipdash.analysis import ARMS, arm_label
from shipdash.figures.arms import OURS
from shipdash.figures.base import APART, QUIET, SELECTED, Chart, faded, new_figure

DASHES = ("solid", "dot", "dash", "dashdot")


def share_below_iou(table: pd.DataFrame, acceptance: float, title: str) -> Chart:
    """Mean over runs as a line, lowest to highest run as a band.

    `table` is from `analysis.share_below_table`. Shares are on a log axis, where a tail of one pair
    in a thousand can be read; a share of 0 has no place on it and its line ends.
    """
    figure = new_figure(380, "IoU", "share of held-out pairs below (log scale)")
    for n, (_, part) in enumerate(table.groupby(["arm", "stop", "network"], sort=False)):
        row = part.iloc[0]
        name = arm_label(row)
        ours, random = row["arm"] in OURS, row["arm"] == ARMS["random"]
        colour = SELECTED if ours else QUIET if random else APART[n % len(APART)]
        dash = "solid" if row["arm"] == ARMS["core"] or random else DASHES[1 + n % 3]
        _band(figure, part, name, colour)
        figure.add_scatter(
            x=part["threshold"].to_numpy(), y=part["share"].where(part["share"] > 0).to_numpy(),
            mode="lines", name=name, uid=name, legendgroup=name,
            line={"color": colour, "width": 2 if ours or random else 1.5, "dash": dash},
            hovertemplate=f"{name}: %{{y:.2%}} below IoU %{{x:.2f}}<extra></extra>")
    figure.add_vline(x=acceptance, line={"color": QUIET, "dash": "dash", "width": 1})
    figure.update_xaxes(tickformat=".2f")
    figure.update_yaxes(type="log", dtick=1, tickformat=".2~%")
    return Chart(figure, title, f"Share of held-out pairs below each IoU, by arm. {title}.", table)


def _band(figure, part: pd.DataFrame, name: str, colour: str) -> None:
    """Lowest to highest run, where both can be drawn."""
    part = part[(part["low"] > 0) & (part["n_runs"] > 1)]
    x = part["threshold"].to_numpy()
    for end, fill in (("high", None), ("low", "tonexty")):
        figure.add_scatter(x=x, y=part[end].to_numpy(), mode="lines", line={"width": 0},
                           fill=fill, fillcolor=faded(colour), uid=f"{name} {end}",
                           legendgroup=name, showlegend=False, hoverinfo="skip")
