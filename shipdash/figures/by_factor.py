"""Figure of the failing pairs by a true factor: one line an arm over the groups of the factor."""

from __future__ import annotations

import pandas as pd

from shipdash.analysis import ARMS, EQUAL_UPDATES, arm_label
from shipdash.figures.arms import OURS
from shipdash.figures.base import APART, QUIET, SELECTED, Chart, new_figure
from shipdash.figures.share_below_iou import DASHES

SYMBOLS = ("square", "triangle-up", "triangle-down", "x", "cross", "star")


def by_factor(table: pd.DataFrame, factor: str, title: str) -> Chart:
    """Mean over runs as a line; lowest to highest run as a bar, for core set and random pairs only.

    `table` is from `analysis.failing_by_factor`, `factor` the words of the axis.
    """
    figure = new_figure(340, factor, "failure rate in the group")
    for n, (_, part) in enumerate(table.groupby(["arm", "stop", "network"], sort=False)):
        row = part.iloc[0]
        name, random = arm_label(row), row["arm"] == ARMS["random"]
        first = row["stop"] == EQUAL_UPDATES and (row["arm"] == ARMS["core"] or random)
        colour = (SELECTED if row["arm"] in OURS else QUIET if random else APART[n % len(APART)])
        share = part["share_failing"].to_numpy(float)
        spread = None if not first or row["n_runs"] < 2 else {
            "array": part["share_failing_high"].to_numpy(float) - share, "symmetric": False,
            "arrayminus": share - part["share_failing_low"].to_numpy(float), "color": colour}
        figure.add_scatter(
            x=part["group"].astype(str).tolist(), y=share, mode="lines+markers", name=name,
            uid=name, error_y=spread,
            line={"color": colour, "width": 2 if first else 1.5,
                  "dash": "solid" if first else DASHES[1 + n % 3]},
            marker={"color": colour, "size": 8, "symbol": "diamond" if row["arm"] in OURS
                    else "circle" if random else SYMBOLS[n % len(SYMBOLS)]},
            customdata=part["n"].to_numpy(),
            hovertemplate=f"{name}: %{{y:.2%}} of %{{customdata:,}} pairs (%{{x}})<extra></extra>")
    figure.update_xaxes(type="category")
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return Chart(figure, title, f"Failure rate by {factor}, arm by arm. {title}.", table)
