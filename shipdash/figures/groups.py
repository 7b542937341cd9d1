"""Figures by group of a data set: the share that was kept, and the held-out scores."""

from __future__ import annotations

import html

import pandas as pd

from shipdash.figures.base import QUIET, SELECTED, Chart, new_figure

ROW_PX, FRAME_PX, MOST = 34, 110, 24
"""Height of a bar and of what is around them; more groups than `MOST` are in the table alone."""

ROOM = 1.3
"""End of the axis of a share: the words of a bar of half its length stand beside it."""


def kept_by_group(table: pd.DataFrame, title: str) -> Chart:
    """Share of each group's pairs that was kept; from `analysis.leaks.kept_by_group`."""
    words = [f"{row.kept:,} of {row.pairs:,}" for row in table.itertuples()]
    figure = _bars(table, "share", words, SELECTED, "share kept")
    figure.update_xaxes(tickformat=".0%", range=[0, ROOM], tickvals=[0, 0.5, 1])
    return Chart(figure, title, f"Share kept by group. {title}.", table)


def scores_by_group(table: pd.DataFrame, title: str) -> Chart:
    """Held-out mean IoU of each group; from `analysis.groups.scores_by_group`."""
    words = [f"{row.mean_iou:.3f}" for row in table.itertuples()]
    figure = _bars(table, "mean_iou", words, QUIET, "held-out mean IoU")
    figure.update_xaxes(tickformat=".1f", range=[0, ROOM], tickvals=[0, 0.5, 1])
    return Chart(figure, title, f"Held-out mean IoU by group. {title}.", table)


def _bars(table: pd.DataFrame, measure: str, words: list[str], colour: str, x: str):
    if len(table) > MOST:
        x += f" (the first {MOST} of {len(table):,} groups; the CSV has all)"
        table, words = table.head(MOST), words[:MOST]
    figure = new_figure(FRAME_PX + ROW_PX * len(table), x, "")
    names = [html.escape(name, quote=False) for name in table["group"]]  # Plotly reads HTML
    figure.add_bar(x=table[measure].to_numpy(float), y=names, orientation="h",
                   marker={"color": colour}, text=words, textposition="auto", textangle=0,
                   constraintext="none", insidetextanchor="end", cliponaxis=False,
                   insidetextfont={"color": "#111111"},  # readable on either colour of bars
                   hovertemplate="%{y}: %{text}<extra></extra>", showlegend=False)
    figure.update_yaxes(automargin=True, autorange="reversed", type="category")
    return figure
