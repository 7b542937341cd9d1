"""Figure of the overlap of core sets: a matrix of Jaccard indices with its numbers written in."""

from __future__ import annotations

import numpy as np
import pandas as pd
from plotly.colors import sample_colorscale

from shipdash.figures.base import Chart, new_figure

_GREYS = [[0.0, "#dbe2ea"], [1.0, "#334155"]]  # read on light and dark; orange stays *selected*
_CELL = 0.94  # of a row or a column
_DARK = 0.64  # from this Jaccard index the grey is too dark for black numbers
_MOST_WRITTEN = 14  # more cells a side than this and the numbers in them touch
_MOST_ACROSS = 80  # characters of all labels that fit side by side below the matrix


def overlap(table: pd.DataFrame, title: str) -> Chart:
    """Jaccard index of every two core sets; a blank cell compares two different pools.

    `table` is square, from `analysis.overlap_matrix`; its labels become the axes: numbered where
    they are too long to stand below the matrix as well.
    """
    labels, z = [str(label) for label in table.index], table.to_numpy()
    below = labels
    if sum(map(len, labels)) > _MOST_ACROSS:
        below = [f"{k}" for k in range(1, len(labels) + 1)]
        labels = [f"{k} · {label}" for k, label in zip(below, labels, strict=True)]
    figure = new_figure(min(120 + 34 * len(labels), 620), "", "")
    rows, columns = np.nonzero(~np.isnan(z))
    jaccard, written = z[rows, columns], len(labels) <= _MOST_WRITTEN
    figure.add_bar(  # a cell a bar: the browser's plotly.js has no heatmap
        x=columns, base=rows - _CELL / 2, y=np.full(len(rows), _CELL), width=_CELL,
        marker={"color": sample_colorscale(_GREYS, jaccard)}, showlegend=False,
        text=np.char.mod("%.2f", jaccard) if written else None, textposition="inside",
        insidetextanchor="middle", textangle=0, constraintext="none",
        insidetextfont={"color": np.where(jaccard < _DARK, "#111111", "#ffffff")},
        customdata=[(labels[row], below[column], f"{value:.3f}")
                    for row, column, value in zip(rows, columns, jaccard, strict=True)],
        hovertemplate="%{customdata[0]}<br>%{customdata[1]}<br>Jaccard %{customdata[2]}"
                      "<extra></extra>")
    if not written:  # a scale instead of the numbers
        figure.add_scatter(x=[None], y=[None], mode="markers", showlegend=False, marker={
            "color": [0.0], "cmin": 0.0, "cmax": 1.0, "colorscale": _GREYS, "showscale": True,
            "colorbar": {"title": {"text": "Jaccard"}, "thickness": 12, "outlinewidth": 0}})
    sides = {"tickvals": list(range(len(labels))), "showgrid": False, "zeroline": False,
             "tickformat": None, "automargin": True}
    ends = [-0.5, len(labels) - 0.5]
    figure.update_xaxes(sides, ticktext=below, range=ends)
    figure.update_yaxes(sides, ticktext=labels, range=ends[::-1])
    figure.update_layout(barmode="overlay", bargap=0)
    alt = f"Matrix of the overlap of {len(labels)} core sets. {title}."
    return Chart(figure, title, alt, table.rename_axis("core set").reset_index())
