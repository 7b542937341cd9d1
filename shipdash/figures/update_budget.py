"""Figure of the learning curves over updates: core set, random pairs and full pool."""

from __future__ import annotations

import pandas as pd

from shipdash.analysis.update_budget import BUDGET_ARMS
from shipdash.figures.arms import AXES, FORMATS, NAMES
from shipdash.figures.base import QUIET, SELECTED, Chart, new_figure
from shipdash.figures.shared_traces import error_bar

LOOKS = dict(zip(BUDGET_ARMS, ((SELECTED, "solid", "diamond"), (QUIET, "solid", "circle"),
                               (QUIET, "dot", "square")), strict=True))
"""Colour, dash and symbol of each arm: none is told by its colour alone."""


def budget(table: pd.DataFrame, measure: str, title: str) -> Chart:
    """A measure against training images, a line an arm; the table is `budget_table`."""
    figure = new_figure(300, "training images (log scale)", NAMES[measure])
    budgets = table.groupby("times")["n_backward"].min()
    for n, (arm, rows) in enumerate(table.groupby("arm", sort=False)):
        colour, dash, symbol = LOOKS[arm]
        aside = 1 + 0.03 * (n - 1)  # so that the bars of three arms do not hide each other
        figure.add_scatter(
            x=aside * rows["n_backward"].to_numpy(), y=rows[measure].to_numpy(float),
            name=arm.lower(), uid=arm, mode="lines+markers",
            line={"color": colour, "width": 1.5, "dash": dash},
            marker={"color": colour, "size": 8, "symbol": symbol},
            error_y=error_bar(rows, measure, colour=colour),
            customdata=rows[["n_backward", "times", "n_runs"]].to_numpy(),
            hovertemplate=f"{arm.lower()}: %{{y:{FORMATS[measure]}}} with %{{customdata[0]:,}} "
                          "training images (%{customdata[1]}x), runs: %{customdata[2]}"
                          "<extra></extra>")
    figure.update_xaxes(type="log", tickvals=budgets.to_numpy(),
                        ticktext=[f"{n:,.0f} ({times}x)" for times, n in budgets.items()])
    figure.update_yaxes(**AXES[measure])
    alt = f"{NAMES[measure].capitalize()} against the number of training images. {title}."
    return Chart(figure, title, alt, table)
