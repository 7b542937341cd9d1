"""The figure of core set and random pairs while their runs finish: each dot is one run."""

from __future__ import annotations

import pandas as pd

from shipdash.analysis import ARMS
from shipdash.figures.base import QUIET, SELECTED, Chart, new_figure

ROWS = {ARMS["random"]: ("random pairs", QUIET, "circle"),
        ARMS["core"]: ("core set", SELECTED, "diamond")}
"""The two rows, from below: name, colour and mark of their runs."""

APART = 0.14  # of the way between the rows: runs with the same share do not hide each other


def arms_so_far(table: pd.DataFrame, streaming: float, title: str) -> Chart:
    """Failure rate of every finished run, core set above random pairs; both rows from the start.

    Parameters
    ----------
    table : DataFrame
        From `analysis.arms_so_far`.
    streaming : float
        Failure rate of the network as selection left it, a dashed line.
    title : str
    """
    figure = new_figure(200, "share of held-out pairs that fail", "")
    for row, (arm, (name, colour, symbol)) in enumerate(ROWS.items()):
        part = table[table["arm"] == arm]
        place = row + APART * (part.groupby("share_failing").cumcount().to_numpy() % 3)
        figure.add_scatter(
            x=part["share_failing"].to_numpy(float), y=place, mode="markers",
            name=name, showlegend=False, customdata=part["mean_iou"].to_numpy(float),
            text=[f"model seed {run.model_seed}" for run in part.itertuples()],
            marker={"color": colour, "symbol": symbol, "size": 13, "opacity": 0.8},
            hovertemplate="%{x:.2%} fail, mean IoU %{customdata:.4f}<br>%{text}<extra></extra>")
    figure.add_vline(x=streaming, line={"color": QUIET, "dash": "dash", "width": 1.5},
                     annotation={"text": f"as selection left it: {streaming:.2%}",
                                 "font": {"size": 12}}, annotation_position="top")
    most = max([streaming, *table["share_failing"]])
    figure.update_xaxes(range=[0, 1.25 * most or 0.01], tickformat=".2%" if most < 0.02 else ".1%")
    figure.update_yaxes(range=[-0.6, 1.6], automargin=True, tickvals=list(range(len(ROWS))),
                        ticktext=[name for name, _, _ in ROWS.values()])
    alt = f"Failure rate of {len(table)} runs, core set above random pairs. {title}."
    return Chart(figure, title, alt, table)
