"""Tables of `summary` as Plotly figures: the only place with colours and axis titles.

Nothing is computed here and no Streamlit is known. Text, grid and background take the page's
theme where the figure is drawn; the colours below read on light and dark alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from shipdash.summary import Curve

SELECTED = "#e8590c"
"""The accent. It means *selected* (the core set) and nothing else."""

QUIET = "#7a8694"
FAINT = "#a9b4c0"
TALL, SHORT = 420, 230


class Chart(NamedTuple):
    """A figure with the sentence it states, its words for who cannot see it, and its numbers."""

    figure: go.Figure
    title: str
    alt: str
    table: pd.DataFrame


def selection(curve: Curve, n_pool: int, title: str, *, guess: int | None = None,
              log: bool = False) -> Chart:
    """Pairs selected against pairs tested, with "keep everything" and the guess."""
    n_core = int(curve.selected[-1])
    top = _nice(max(1.3 * n_core, 1.15 * (guess or 0), 40))
    low = 1 if log else 0
    x_end = max(n_pool, int(curve.tested[-1]))
    figure = _figure(TALL, "pairs tested", "pairs selected")
    ramp = np.array([low, x_end])
    figure.add_scatter(x=ramp, y=ramp, name="keep everything", mode="lines", uid="all",
                       line={"color": QUIET, "width": 1.5, "dash": "dash"}, hoverinfo="skip")
    if guess:
        figure.add_scatter(x=ramp, y=[guess, guess], name=f"your guess: {guess:,}", uid="guess",
                           mode="lines", line={"color": QUIET, "width": 1.5, "dash": "dot"},
                           hovertemplate="your guess: %{y:,}<extra></extra>")
    figure.add_scatter(x=np.maximum(curve.tested, low), y=np.maximum(curve.selected, low),
                       name="selected", mode="lines", uid="selected",
                       line={"color": SELECTED, "width": 3, "shape": "hv"},
                       hovertemplate="%{y:,} selected<br>of %{x:,} tested<extra></extra>")
    figure.add_scatter(x=curve.tested[-1:], y=np.maximum(curve.selected[-1:], low), uid="end",
                       mode="markers+text", text=[f"<b>{n_core:,}</b>"], textposition="top center",
                       marker={"color": SELECTED, "size": 8}, showlegend=False, hoverinfo="skip",
                       textfont={"color": SELECTED, "size": 16}, cliponaxis=False)
    if log:
        end = np.log10(1.15 * x_end)
        figure.update_xaxes(type="log", range=[0, end], dtick=1)
        figure.update_yaxes(type="log", range=[0, end], dtick=1)
    else:
        figure.update_xaxes(range=[0, 1.02 * x_end])
        figure.update_yaxes(range=[0, top])
    figure.update_layout(uirevision=f"log={log}")
    alt = f"Step curve of pairs selected against pairs tested. {title}."
    return Chart(figure, title, alt, pd.DataFrame(curve._asdict()))


def rejection_rate(table: pd.DataFrame, n_pool: int) -> Chart:
    """Share of the last pairs that failed, against pairs tested."""
    figure = _figure(SHORT, "pairs tested", "share failing")
    figure.add_scatter(x=table["tested"].to_numpy(), y=table["rate"].to_numpy(), mode="lines",
                       line={"color": SELECTED, "width": 2, "shape": "hv"}, showlegend=False,
                       hovertemplate="%{y:.1%} failed<br>up to pair %{x:,}<extra></extra>")
    figure.update_yaxes(tickformat=".0%", range=[0, 1.05])
    figure.update_xaxes(range=[0, 1.02 * max(n_pool, table["tested"].max() if len(table) else 0)])
    title = "No pair tested yet"
    if len(table):
        title = f"{table['rate'].iloc[-1]:.1%} of the last {table['n'].iloc[-1]:,} pairs failed"
    return Chart(figure, title, f"Rejection rate against pairs tested. {title}.", table)


def training(trace: pd.DataFrame, column: str, precision: float | None = None) -> Chart:
    """Score or loss at the end of each bout of training, against the size of the core set."""
    names = {"score": "training score", "loss": "last loss"}
    figure = _figure(SHORT, "pairs selected", names[column])
    figure.add_scatter(x=trace["n_core"].to_numpy(), y=trace[column].to_numpy(), mode="markers",
                       marker={"color": QUIET, "size": 5}, showlegend=False,
                       hovertemplate="%{y:.3f} with %{x:,} selected<extra></extra>")
    if precision is not None:
        figure.add_hline(y=precision, line={"color": QUIET, "width": 1, "dash": "dash"},
                         annotation={"text": f"precision {precision:g}", "font": {"size": 12}},
                         annotation_position="bottom right")
        figure.update_yaxes(range=[min(0.5, precision - 0.1), 1.12])
    else:
        figure.update_yaxes(rangemode="tozero")
    figure.update_xaxes(rangemode="tozero")
    last = f"{trace[column].iloc[-1]:.3f}" if len(trace) else "none yet"
    title = f"{names[column].capitalize()}: {last}"
    return Chart(figure, title, f"{names[column].capitalize()} after each bout. Last: {last}.",
                 trace[["n_core", column]])


def scores(table: pd.DataFrame, acceptance: float, title: str) -> Chart:
    """Histogram of held-out IoU; pairs that fail are hatched, and a line marks the acceptance."""
    figure = _figure(300, "IoU of a held-out pair", "pairs (log scale)")
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
    figure.update_layout(barmode="overlay")
    alt = f"Histogram of IoU over the held-out pairs. {title}."
    return Chart(figure, title, alt, table)


def cumulative(table: pd.DataFrame, acceptance: float, title: str) -> Chart:
    """Share of held-out pairs at or below each IoU."""
    figure = _figure(300, "IoU of a held-out pair", "share of pairs at or below")
    figure.add_scatter(x=table["score"].to_numpy(), y=table["share"].to_numpy(), mode="lines",
                       line={"color": QUIET, "width": 2, "shape": "hv"}, showlegend=False,
                       hovertemplate="%{y:.2%} at or below IoU %{x:.3f}<extra></extra>")
    figure.add_vline(x=acceptance, line={"color": QUIET, "dash": "dash", "width": 1.5})
    figure.update_xaxes(range=[0, 1.01])
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    return Chart(figure, title, f"Cumulative distribution of IoU. {title}.", table)


def history(table: pd.DataFrame, acceptance: float) -> Chart:
    """Every IoU one pair was tested with; circles passed, crosses joined the core set."""
    figure = _figure(SHORT, "pairs tested when it came", "IoU")
    for outcome, symbol, colour in (("selected", "x", SELECTED), ("discarded", "circle", QUIET)):
        part = table[table["outcome"] == outcome]
        figure.add_scatter(x=part["n_tested"].to_numpy(), y=part["iou"].to_numpy(), name=outcome,
                           mode="markers", marker={"color": colour, "symbol": symbol, "size": 11})
    figure.add_hline(y=acceptance, line={"color": QUIET, "dash": "dash", "width": 1})
    figure.update_yaxes(range=[0, 1.05])
    title = f"Tested {len(table)} time{'s' if len(table) != 1 else ''}"
    return Chart(figure, title, f"IoU of this pair each time it was tested. {title}.", table)


def factor_rates(table: pd.DataFrame, label: str) -> Chart:
    """Selection rate by a true factor, with its 95 % interval."""
    figure = _figure(SHORT, "share selected", "")
    rate = table["rate"].to_numpy()
    figure.add_scatter(
        x=rate, y=table["group"].to_numpy(), mode="markers", showlegend=False,
        marker={"color": SELECTED, "size": 9},
        error_x={"array": table["high"].to_numpy() - rate, "color": QUIET, "thickness": 1.5,
                 "arrayminus": rate - table["low"].to_numpy(), "symmetric": False},
        hovertemplate="%{x:.2%} of %{y} selected<extra></extra>")
    figure.update_xaxes(tickformat=".1%", rangemode="tozero")
    figure.update_yaxes(type="category", automargin=True)
    high = table.loc[table["rate"].idxmax()]
    apart = table["low"].max() > table["high"].min()
    title = f"{label}: {high['group']} is picked most" if apart else f"{label}: no clear difference"
    return Chart(figure, title, f"Share selected by {label.lower()}. {title}.", table)


def pixel_levels(sea: np.ndarray, target: np.ndarray) -> Chart:
    """How far the brightness of target and sea pixels overlaps: the only cue there is."""
    edges = np.linspace(0, 1, 41)
    figure = _figure(SHORT, "brightness of a pixel", "share of pixels")
    rows = {"left": edges[:-1]}
    for name, values, dash in (("sea", sea, "dash"), ("target", target, "solid")):
        n, _ = np.histogram(values, edges)
        rows[name] = n / max(n.sum(), 1)
        figure.add_scatter(x=edges[:-1], y=rows[name], name=name, mode="lines",
                           line={"color": QUIET, "dash": dash, "shape": "hv", "width": 2})
    overlap = float(np.minimum(rows["sea"], rows["target"]).sum())
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(range=[0, 1])
    title = f"Target and sea share {overlap:.0%} of their brightness"
    alt = f"Brightness of sea and target pixels. {title}."
    return Chart(figure, title, alt, pd.DataFrame(rows))


def _nice(value: float) -> int:
    """The next of 1, 1.5, 2, 3, 4, 5, 7.5 times a power of ten: axes that rarely move."""
    power = 10 ** np.floor(np.log10(value))
    steps = (1, 1.5, 2, 3, 4, 5, 7.5, 10)
    return int(next(m * power for m in steps if m * power >= value))


def _figure(height: int, x: str, y: str) -> go.Figure:
    figure = go.Figure()
    axis = {"showgrid": True, "zeroline": False, "ticks": "",
            "title": {"standoff": 8, "font": {"size": 13}}, "tickformat": ",", "fixedrange": False}
    figure.update_layout(
        template="none", height=height, font={"size": 13}, hovermode="closest", dragmode="zoom",
        margin={"l": 64, "r": 24, "t": 24, "b": 48}, uirevision="keep", separators=".,",
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "xanchor": "left"},
        xaxis={**axis, "title": {"text": x, **axis["title"]}},
        yaxis={**axis, "title": {"text": y, **axis["title"]}},
    )
    return figure
