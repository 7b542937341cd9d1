"""Figure of the failing pairs by a true factor: one line an arm over the groups of the factor."""

from __future__ import annotations

import pandas as pd

from shipdash.figures.arms import by_arm
from shipdash.figures.base import Chart, new_figure
from shipdash.figures.shared_traces import error_bar


def by_factor(table: pd.DataFrame, factor: str, title: str) -> Chart:
    """Mean over runs as a line; lowest to highest run as a bar, for core set and random pairs only.

    `table` is from `analysis.failing_by_factor`, `factor` the words of the axis.
    """
    figure = new_figure(340, factor, "failure rate in the group")
    for part, name, first, (colour, dash, symbol) in by_arm(table):
        has_range = first and part["n_runs"].iloc[0] >= 2
        figure.add_scatter(
            x=part["group"].astype(str).tolist(), y=part["share_failing"].to_numpy(float),
            mode="lines+markers", name=name, uid=name,
            error_y=error_bar(part, "share_failing", colour=colour) if has_range else None,
            line={"color": colour, "width": 2 if first else 1.5, "dash": dash},
            marker={"color": colour, "size": 8, "symbol": symbol},
            customdata=part["n"].to_numpy(),
            hovertemplate=f"{name}: %{{y:.2%}} of %{{customdata:,}} pairs (%{{x}})<extra></extra>")
    figure.update_xaxes(type="category")
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return Chart(figure, title, f"Failure rate by {factor}, arm by arm. {title}.", table)
