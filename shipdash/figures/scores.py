"""Figures of scores and of true factors: distributions, rates with intervals, pixel levels."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shipdash.figures.base import FAINT, QUIET, SELECTED, SHORT, Chart, new_figure
from shipdash.figures.shared_traces import error_bar


def scores(table: pd.DataFrame, acceptance: float, title: str) -> Chart:
    """Histogram of held-out IoU; pairs that fail are hatched, and a line marks the acceptance."""
    figure = new_figure(300, "IoU of a held-out pair", "pairs (log scale)")
    for passes, name in ((True, "pass"), (False, "fail")):
        part = table[table["passes"] == passes]
        figure.add_bar(x=part["left"].to_numpy() + 0.01, y=part["n"].to_numpy(), width=0.018,
                       name=name, marker={"color": FAINT if passes else QUIET,
                                          "pattern": {"shape": "" if passes else "/"}},
                       hovertemplate="%{y:,} pairs at IoU %{x:.2f} &#177; 0.01<extra></extra>")
    figure.add_vline(x=acceptance, line={"color": QUIET, "dash": "dash", "width": 1.5})
    top = np.log10(max(table["n"].max(), 10)) + 0.2
    figure.update_yaxes(type="log", range=[-0.3, top], dtick=1)
    figure.update_xaxes(range=[0, 1.01])
    figure.update_layout(barmode="stack")
    alt = f"Histogram of IoU over the held-out pairs. {title}."
    return Chart(figure, title, alt, table)


def cumulative(table: pd.DataFrame, acceptance: float, title: str) -> Chart:
    """Share of held-out pairs at or below each IoU."""
    figure = new_figure(300, "IoU of a held-out pair", "share of pairs at or below")
    figure.add_scatter(x=table["score"].to_numpy(), y=table["share"].to_numpy(), mode="lines",
                       line={"color": QUIET, "width": 2, "shape": "hv"}, showlegend=False,
                       hovertemplate="%{y:.2%} at or below IoU %{x:.3f}<extra></extra>")
    figure.add_vline(x=acceptance, line={"color": QUIET, "dash": "dash", "width": 1.5})
    figure.update_xaxes(range=[0, 1.01])
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    return Chart(figure, title, f"Cumulative distribution of IoU. {title}.", table)


def factor_rates(table: pd.DataFrame, label: str, *, clear: bool = False) -> Chart:
    """Selection rate by a true factor, with its 95% interval; a difference only where `clear`."""
    figure = new_figure(SHORT, "share selected", "")
    figure.add_scatter(
        x=table["rate"].to_numpy(), y=table["group"].to_numpy(), mode="markers", showlegend=False,
        customdata=table["group"].to_numpy(),  # what a click answers
        marker={"color": SELECTED, "size": 9},
        error_x=error_bar(table, "rate", ("low", "high"), thickness=1.5),
        hovertemplate="%{x:.2%} of %{y} selected<extra></extra>")
    figure.update_xaxes(tickformat=".1%", rangemode="tozero")
    figure.update_yaxes(type="category", automargin=True)
    high = table.loc[table["rate"].idxmax()]
    title = (f"{label}: the highest share is selected from {high['group']}" if clear else
             f"{label}: no clear difference")
    return Chart(figure, title, f"Share selected by {label.lower()}. {title}.", table)


def pixel_levels(sea: np.ndarray, target: np.ndarray) -> Chart:
    """How far the brightness of target and sea pixels overlaps: the only cue there is."""
    edges = np.linspace(0, 1, 41)
    figure = new_figure(SHORT, "brightness of a pixel", "share of pixels")
    rows = {"left": edges[:-1]}
    for name, values, dash in (("sea", sea, "dash"), ("target", target, "solid")):
        n, _ = np.histogram(values, edges)
        rows[name] = n / max(n.sum(), 1)
        figure.add_scatter(x=edges[:-1], y=rows[name], name=name, mode="lines",
                           line={"color": QUIET, "dash": dash, "shape": "hv", "width": 2})
    overlap = float(np.minimum(rows["sea"], rows["target"]).sum())
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(range=[0, 1])
    title = f"The brightness of target and sea overlaps by {overlap:.0%}"
    alt = f"Brightness of sea and target pixels. {title}."
    return Chart(figure, title, alt, pd.DataFrame(rows))
