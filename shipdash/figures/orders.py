"""Figure of the order fan: one step curve per order of the same stream, and their median."""

from __future__ import annotations

import pandas as pd

from shipdash.figures.base import SELECTED, TALL, Chart, new_figure, nice
from shipdash.figures.shared_traces import add_keep_everything


def fan(steps: pd.DataFrame, median: pd.DataFrame, n_pool: int, title: str) -> Chart:
    """Pairs selected against pairs tested: a thin line per order seed, a thick one the median.

    `median` is from `analysis.common_curve`.
    """
    figure = new_figure(TALL, "pairs tested", "pairs selected")
    top = nice(max(1.2 * steps["selected"].max(), 40)) if len(steps) else 40
    end = max([n_pool, *steps["tested"]])  # several passes test pairs again
    add_keep_everything(figure, [0, end])
    for n, (seed, curve) in enumerate(steps.groupby("order_seed")):
        figure.add_scatter(
            x=curve["tested"].to_numpy(), y=curve["selected"].to_numpy(), mode="lines",
            name="one order", legendgroup="orders", showlegend=n == 0, uid=f"order{seed}",
            opacity=0.45, line={"color": SELECTED, "width": 1.2, "shape": "hv"},
            hovertemplate=f"order seed {seed}: %{{y:,}} of %{{x:,}}<extra></extra>")
    if len(median):
        figure.add_scatter(x=median["x"].to_numpy(), y=median["median"].to_numpy(),
                           name="median", mode="lines", uid="median",
                           line={"color": SELECTED, "width": 3, "shape": "hv"},
                           hovertemplate="median: %{y:,} of %{x:,}<extra></extra>")
    figure.update_xaxes(range=[0, 1.02 * end])
    figure.update_yaxes(range=[0, top])
    return Chart(figure, title, f"Step curves of several orders of one stream. {title}.", steps)
