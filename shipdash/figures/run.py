"""Figures of one run: its curve, its failure rate, its training, one pair's history."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shipdash.analysis import Curve
from shipdash.figures.base import QUIET, SELECTED, SHORT, TALL, Chart, new_figure, nice
from shipdash.figures.shared_traces import add_guess, add_keep_everything


def selection(curve: Curve, n_pool: int, title: str, *, guess: int | None = None,
              log: bool = False) -> Chart:
    """Pairs selected against pairs tested, with "keep everything" and the guess."""
    n_core = int(curve.selected[-1])
    top = nice(max(1.3 * n_core, 1.15 * (guess or 0), 40))
    low = 1 if log else 0
    x_end = max(n_pool, int(curve.tested[-1]))
    figure = new_figure(TALL, "pairs tested", "pairs selected")
    ramp = np.array([low, x_end])
    add_keep_everything(figure, ramp)
    add_guess(figure, ramp, guess)
    figure.add_scatter(x=np.maximum(curve.tested, low), y=np.maximum(curve.selected, low),
                       name="selected", mode="lines", uid="selected",
                       line={"color": SELECTED, "width": 3, "shape": "hv"},
                       hovertemplate="%{y:,} selected<br>of %{x:,} tested<extra></extra>")
    figure.add_scatter(x=curve.tested[-1:], y=np.maximum(curve.selected[-1:], low), uid="end",
                       mode="markers+text", text=[f"<b>{n_core:,}</b>"], textposition="top center",
                       marker={"color": SELECTED, "size": 8}, showlegend=False, hoverinfo="skip",
                       textfont={"size": 16}, cliponaxis=False)
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
    figure = new_figure(SHORT, "pairs tested", "failure rate")
    figure.add_scatter(x=table["tested"].to_numpy(), y=table["rate"].to_numpy(), mode="lines",
                       line={"color": SELECTED, "width": 2, "shape": "hv"}, showlegend=False,
                       hovertemplate="%{y:.1%} failed<br>up to pair %{x:,}<extra></extra>")
    figure.update_yaxes(tickformat=".0%", range=[0, 1.05])
    figure.update_xaxes(range=[0, 1.02 * max(n_pool, table["tested"].max() if len(table) else 0)])
    title = "No pair tested yet"
    if len(table):
        rate, n = table["rate"].iloc[-1], int(table["n"].iloc[-1])
        title = (f"{rate:.1%} of the last {n:,} pairs failed" if n > 1 else
                 f"The last pair {'failed' if rate else 'passed'}")
    return Chart(figure, title, f"Failure rate against pairs tested. {title}.", table)


def training(trace: pd.DataFrame, column: str, precision: float | None = None) -> Chart:
    """Score or loss of each report of training, against the images trained on so far."""
    names = {"score": "training score", "loss": "training loss"}
    figure = new_figure(SHORT, "training images so far", names[column])
    figure.add_scatter(x=trace["images"].to_numpy(), y=trace[column].to_numpy(), mode="markers",
                       marker={"color": QUIET, "size": 4}, showlegend=False,
                       customdata=trace["n_core"].to_numpy(),
                       hovertemplate="%{y:.3f} with %{customdata:,} selected<extra></extra>")
    if precision is not None:
        figure.add_hline(y=precision, line={"color": QUIET, "width": 1, "dash": "dash"},
                         annotation={"text": f"target: precision {precision:g}",
                                     "font": {"size": 12}},
                         annotation_position="bottom right")
        low = 0 if (trace[column] < 0.5).any() else 0.5  # warm-up may begin low; 1.1 is the most
        figure.update_yaxes(range=[low, 1.14])
    else:
        figure.update_yaxes(rangemode="tozero")
    figure.update_xaxes(rangemode="tozero")
    last = f"{trace[column].iloc[-1]:.3f}" if len(trace) else "none yet"
    title = f"{names[column].capitalize()}: {last}"
    return Chart(figure, title, f"{names[column].capitalize()} as training went on. {title}.",
                 trace[["images", "n_core", column]])


def history(table: pd.DataFrame, acceptance: float) -> Chart:
    """Every IoU one pair was tested with: circles passed, crosses joined the core set, a diamond is
    the final network's."""
    figure = new_figure(SHORT, "pairs tested when it came", "IoU")
    kinds = (("selected", "x", SELECTED), ("discarded", "circle", QUIET),
             ("final network", "diamond-open", QUIET))
    for outcome, symbol, colour in kinds:
        part = table[table["outcome"] == outcome]
        figure.add_scatter(x=part["n_tested"].to_numpy(), y=part["iou"].to_numpy(), name=outcome,
                           mode="markers", marker={"color": colour, "symbol": symbol, "size": 11})
    figure.add_hline(y=acceptance, line={"color": QUIET, "dash": "dash", "width": 1})
    figure.update_yaxes(range=[0, 1.05])
    figure.update_xaxes(range=[0, 1.1 * max(table["n_tested"].max(), 10)])  # ticks at whole pairs
    title = "Tested once" if len(table) == 1 else f"Tested {len(table)} times"
    return Chart(figure, title, f"IoU of this pair each time it was tested. {title}.", table)
