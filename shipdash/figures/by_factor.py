"""Figure of the failing pairs by a true factor: one line an arm over the groups of the factor."""

from __future__ import annotations

import pandas as pd

from shipdash.analysis import ARMS, arm_label
from shipdash.figures.arms import KEY, looks
from shipdash.figures.base import Chart, new_figure


def by_factor(table: pd.DataFrame, factor: str, title: str) -> Chart:
    """Mean over runs as a line; lowest to highest run as a bar, for core set and random pairs only.

    `table` is from `analysis.failing_by_factor`, `factor` the words of the axis.
    """
    figure = new_figure(340, factor, "failure rate in the group")
    found = looks(table)
    for key, part in table.groupby(KEY, sort=False):
        row, (colour, dash, symbol) = part.iloc[0], found[key]
        name, first = arm_label(row), row["arm"] in (ARMS["core"], ARMS["random"])
        share = part["share_failing"].to_numpy(float)
        spread = None if not first or row["n_runs"] < 2 else {
            "array": part["share_failing_high"].to_numpy(float) - share, "symmetric": False,
            "arrayminus": share - part["share_failing_low"].to_numpy(float), "color": colour}
        figure.add_scatter(
            x=part["group"].astype(str).tolist(), y=share, mode="lines+markers", name=name,
            uid=name, error_y=spread,
            line={"color": colour, "width": 2 if first else 1.5, "dash": dash},
            marker={"color": colour, "size": 8, "symbol": symbol},
            customdata=part["n"].to_numpy(),
            hovertemplate=f"{name}: %{{y:.2%}} of %{{customdata:,}} pairs (%{{x}})<extra></extra>")
    figure.update_xaxes(type="category")
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return Chart(figure, title, f"Failure rate by {factor}, arm by arm. {title}.", table)
