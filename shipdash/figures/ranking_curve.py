"""Figure of what a ranking finds: truly failing pairs against pairs looked at, beside chance."""

from __future__ import annotations

import pandas as pd

from shipdash.figures.base import APART, DASHES, QUIET, Chart, faded, new_figure


def ranking_curve(table: pd.DataFrame, names: dict[str, str], k: int, title: str) -> Chart:
    """One step curve a ranking, and the band that 95 % of random orders stay in.

    Parameters
    ----------
    table : DataFrame
        From `analysis.ranking.found_table`.
    names : dict
        Its columns of rankings, with the words for them.
    k : int
        How many are looked at in one sitting: a vertical line.
    """
    figure = new_figure(380, "held-out pairs checked", "failing pairs found")
    x = table["looked_at"].to_numpy()
    for end, fill in (("high", None), ("low", "tonexty")):
        figure.add_scatter(x=x, y=table[end].to_numpy(), mode="lines", uid=f"random {end}",
                           line={"width": 0, "shape": "hv"}, fill=fill, fillcolor=faded(QUIET, 0.2),
                           name="95% of random orders", showlegend=end == "low",
                           hoverinfo="skip")
    figure.add_scatter(x=x, y=table["expected"].to_numpy(), mode="lines", uid="expected",
                       name="random order, expected", line={"color": QUIET, "width": 1.2},
                       hovertemplate="random: %{y:.1f} of the first %{x:,}<extra></extra>")
    for n, (column, words) in enumerate(names.items()):
        figure.add_scatter(
            x=x, y=table[column].to_numpy(), mode="lines", name=words, uid=column,
            line={"color": APART[n], "width": 2, "dash": DASHES[n % len(DASHES)], "shape": "hv"},
            hovertemplate=f"{words}: %{{y:,}} of the first %{{x:,}}<extra></extra>")
    figure.add_vline(x=k, line={"color": QUIET, "dash": "dash", "width": 1})
    figure.update_yaxes(rangemode="tozero")
    alt = f"Failing pairs found against pairs checked, for each ranking. {title}."
    return Chart(figure, title, alt, table)
