"""Figure of the core set's size against the pool, with the law, its rival and the residuals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shipdash.analysis.growth import ASKED, Law
from shipdash.figures.base import QUIET, SELECTED, TALL, Chart, faded, new_figure
from shipdash.figures.shared_traces import add_band

DASHES = {"power law": "solid", "logarithm": "dash"}


def growth(table: pd.DataFrame, law: Law, title: str) -> Chart:
    """Core pairs against pool pairs up to `ASKED`; below, how far each run is from the better law.

    Parameters
    ----------
    table : DataFrame
        n_pool, n_core and seed: one row a run, as `law` was fitted to it.
    """
    figure = new_figure(TALL, "pairs in the pool (log scale)", "core set (log scale)")
    pools = np.geomspace(table["n_pool"].min(), ASKED, 60)
    _, low, high = law.better.at(pools)
    add_band(figure, pools, np.maximum(low, 1), high, faded(QUIET), uid="interval",
             name=f"95% interval of one further run ({law.better.name})")
    fits = law.power, law.logarithm
    for fit in fits:
        figure.add_scatter(
            x=pools, y=fit.at(pools)[0], name=fit.name, uid=fit.name, mode="lines",
            line={"color": QUIET, "width": 1.5, "dash": DASHES[fit.name]},
            hovertemplate=fit.name + ": %{y:,.0f} of %{x:,.0f}<extra></extra>")
    figure.add_scatter(
        x=table["n_pool"].to_numpy(), y=table["n_core"].to_numpy(), name="runs", uid="runs",
        mode="markers", marker={"color": SELECTED, "size": 9},
        customdata=table["seed"].to_numpy(),
        hovertemplate="%{y:,} of %{x:,}, seed %{customdata}<extra></extra>")
    # Those of the worse law are several times as large, and would press these flat.
    figure.add_scatter(
        x=table["n_pool"].to_numpy(), y=law.better.residuals, yaxis="y2", mode="markers",
        showlegend=False, uid="residuals", marker={"color": QUIET, "size": 7},
        hovertemplate="%{y:+,.0f} pairs off the " + law.better.name + "<extra></extra>")
    ends = np.log10([table["n_pool"].min(), ASKED])
    figure.update_xaxes(type="log", dtick=1, anchor="y2", range=[ends[0] - 0.2, ends[1] + 0.2])
    figure.update_yaxes(type="log", dtick="D2")  # 10, 20, 50, 100 ...
    figure.update_layout(
        yaxis={"domain": [0.36, 1.0]},
        yaxis2={"domain": [0.0, 0.26], "title": {"text": "pairs off the law", "font": {"size": 13}},
                "zeroline": True, "ticks": ""})
    alt = f"Core set against the size of the pool, both on log scales. {title}."
    return Chart(figure, title, alt, table.assign(
        **{f"off the {fit.name}": fit.residuals for fit in fits}))
