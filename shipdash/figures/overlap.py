"""Figure of the overlap of core sets: a matrix of Jaccard indices with its numbers written in."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shipdash.figures.base import Chart, new_figure

_GREYS = [[0.0, "#dbe2ea"], [1.0, "#334155"]]  # read on light and dark; orange stays *selected*
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
    written = len(labels) <= _MOST_WRITTEN
    text = np.where(np.isnan(z), "", np.char.mod("%.2f", np.nan_to_num(z)))
    figure.add_heatmap(
        z=z, x=below, y=labels, zmin=0.0, zmax=1.0, colorscale=_GREYS, xgap=2, ygap=2,
        text=text, texttemplate="%{text}" if written else None, showscale=not written,
        colorbar={"title": {"text": "Jaccard"}, "thickness": 12, "outlinewidth": 0},
        hovertemplate="%{y}<br>%{x}<br>Jaccard %{z:.3f}<extra></extra>", hoverongaps=False)
    figure.update_xaxes(type="category", showgrid=False, automargin=True)
    figure.update_yaxes(type="category", showgrid=False, automargin=True, autorange="reversed")
    alt = f"Matrix of the overlap of {len(labels)} core sets. {title}."
    return Chart(figure, title, alt, table.rename_axis("core set").reset_index())
