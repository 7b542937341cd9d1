"""Figure of the random-k curve, with the core set at its own size."""

from __future__ import annotations

import pandas as pd

from shipdash.figures.arms import AXES, FORMATS, NAMES
from shipdash.figures.base import QUIET, SELECTED, Chart, new_figure
from shipdash.figures.shared_traces import error_bar


def random_curve(table: pd.DataFrame, measure: str, core: pd.Series | None, title: str) -> Chart:
    """A measure against the number of random pairs, and the core set at its own size."""
    figure = new_figure(300, "pairs learned from (log scale)", NAMES[measure])
    figure.add_scatter(
        x=table["n_pairs"].to_numpy(), y=table[measure].to_numpy(float),
        name="random pairs, range of runs", uid="random", mode="lines+markers",
        line={"color": QUIET, "width": 1.5}, marker={"color": QUIET, "size": 7},
        error_y=error_bar(table, measure),
        hovertemplate=f"%{{y:{FORMATS[measure]}}} with %{{x:,}} random pairs<extra></extra>")
    if core is not None:
        figure.add_scatter(
            x=[core["n_pairs"]], y=[core[measure]], name="core set", uid="core", mode="markers",
            marker={"color": SELECTED, "size": 12, "symbol": "diamond"},
            error_y=error_bar(core.to_frame().T, measure, colour=SELECTED),
            hovertemplate=f"%{{y:{FORMATS[measure]}}} with %{{x:,}} selected pairs<extra></extra>")
    n_pairs = table["n_pairs"].to_numpy(float)
    few_tens = len(n_pairs) and n_pairs.max() < 100 * n_pairs.min()
    figure.update_xaxes(type="log", dtick="D2" if few_tens else 1)  # D2: 10, 20, 50, 100 ...
    figure.update_yaxes(**AXES[measure])
    alt = f"{NAMES[measure].capitalize()} against the number of random pairs. {title}."
    return Chart(figure, title, alt, table)
