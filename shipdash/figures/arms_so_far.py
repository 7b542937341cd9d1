"""The figure of core set and random pairs while their runs come in: every run is a dot."""

from __future__ import annotations

import pandas as pd

from shipdash.analysis import ARMS
from shipdash.figures.base import QUIET, SELECTED, Chart, new_figure

ROWS = {ARMS["core"]: ("core set", SELECTED, "diamond"),
        ARMS["random"]: ("random pairs", QUIET, "circle")}
"""What stands on the two rows, and how their runs are marked."""


def arms_so_far(table: pd.DataFrame, streaming: float, title: str) -> Chart:
    """Share failing of every finished run, core set above random pairs; both rows from the start.

    Parameters
    ----------
    table : DataFrame
        From `analysis.arms_so_far`.
    streaming : float
        Share failing of the network as selection left it, a dashed line.
    title : str
    """
    figure = new_figure(200, "share of held-out pairs that fail", "")
    for arm, (name, colour, symbol) in ROWS.items():
        part = table[table["arm"] == arm]
        figure.add_scatter(
            x=part["share_failing"].to_numpy(float), y=[name] * len(part), mode="markers",
            name=name, showlegend=False, customdata=part["mean_iou"].to_numpy(float),
            text=[f"model seed {row.model_seed}" for row in part.itertuples()],
            marker={"color": colour, "symbol": symbol, "size": 13, "opacity": 0.8},
            hovertemplate="%{x:.2%} fail, mean IoU %{customdata:.4f}<br>%{text}<extra></extra>")
    figure.add_vline(x=streaming, line={"color": QUIET, "dash": "dash", "width": 1.5},
                     annotation={"text": f"as selection left it: {streaming:.2%}",
                                 "font": {"size": 12}}, annotation_position="top")
    most = max([streaming, *table["share_failing"]])
    figure.update_xaxes(range=[0, 1.25 * most or 0.01], tickformat=".2%" if most < 0.02 else ".1%")
    figure.update_yaxes(type="category", categoryorder="array", range=[-0.6, 1.6],
                        categoryarray=["random pairs", "core set"], automargin=True)
    alt = f"Share failing of {len(table)} runs, core set above random pairs. {title}."
    return Chart(figure, title, alt, table)
