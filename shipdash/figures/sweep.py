"""Figures of a sweep: core size, failures and cost over precision, and core size against failures.

Every run is a mark, every median has its range. Orange is the core set; all else is grey. Places of
marks are lists, which the browser reads as they are: Plotly would send arrays in base64.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from shipdash.analysis.sweep import DID_NOT_LEARN, STALLED
from shipdash.figures.base import FAINT, QUIET, SELECTED, Chart, faded, new_figure
from shipdash.figures.shared_traces import add_band, add_guess

HEIGHT = 212  # two stand below each other, with the controls between, on a screen 900 pixels high

RULES = {"article": "article score", "iou": "plain IoU"}
"""The two acceptance rules in words."""

FOUND = {"completed": "circle", STALLED: "x", DID_NOT_LEARN: "cross"}
"""Marks of the points that have a result, by state; a completed run that came with the package is
a square."""


_ROOM = {True: {"margin": {"t": 44, "b": 36}, "legend": {"font": {"size": 11}}},
         False: {"margin": {"t": 10, "b": 36}}}
"""Margins with and without a legend above."""


class Measure(NamedTuple):
    """What stands on a y axis: column of the table of points, words, formats, and the finding."""

    column: str
    axis: str
    ticks: str
    hover: str
    title: str = ""


def threshold(points: pd.DataFrame, curve: pd.DataFrame, acceptance: str, measure: Measure, *,
              other: pd.DataFrame | None = None, bands: pd.DataFrame | None = None,
              guess: int | None = None) -> Chart:
    """One measure against precision: every run a mark, the median a line, the range a band.

    Parameters
    ----------
    points : DataFrame
        From `analysis.sweep_points`, those without a result among them: they are hollow.
    curve : DataFrame
        From `analysis.sweep_curve`, of this measure and acceptance rule.
    acceptance : str
        The rule whose runs are dots.
    measure : Measure
        What stands on the y axis; `title` states the finding.
    other : DataFrame, optional
        Curve of the other rule, drawn beside as a dashed median.
    bands : DataFrame, optional
        From `analysis.acceptance_bands`: stretches that share one acceptance rule.
    guess : int, optional
        The viewer's own guess of the core size, a dotted line across that figure.
    """
    is_core = measure.column == "n_core"
    colour, mine = SELECTED if is_core else QUIET, points[points["acceptance"] == acceptance]
    guess = guess if is_core else None
    figure = new_figure(HEIGHT, "precision", measure.axis)
    x_range = _x_range(points["precision"])
    top = _top(mine[measure.column], other, guess)
    if bands is not None:
        _draw_bands(figure, bands, named=is_core)
    _range_and_median(figure, curve, colour, RULES[acceptance], measure)
    if other is not None and len(other):
        name = next(words for rule, words in RULES.items() if rule != acceptance)
        figure.add_scatter(
            x=other["precision"].to_numpy(), y=other["median"].to_numpy(), mode="lines+markers",
            name=f"median, {name}", uid="other", line={"color": FAINT, "width": 2, "dash": "dash"},
            marker={"symbol": "diamond", "size": 7, "color": FAINT},
            hovertemplate=f"{name}, median %{{y:{measure.hover}}}<br>precision %{{x}}"
                          "<extra></extra>")
    add_guess(figure, x_range, guess)
    _dots(figure, mine, measure, colour)
    _waiting(figure, mine, top)
    figure.update_xaxes(range=x_range, tickformat=".2f")
    figure.update_yaxes(range=[0, top], tickformat=measure.ticks)
    figure.update_layout(uirevision=measure.column, showlegend=is_core,  # one legend for both
                         **_ROOM[is_core])
    what = measure.axis[:1].upper() + measure.axis[1:]
    alt = f"{what} against precision, {RULES[acceptance]}. {measure.title}."
    return Chart(figure, measure.title, alt, points)


def trade_off(table: pd.DataFrame, failing: str, words: str, title: str) -> Chart:
    """Core size against failure rate, one mark a run; medians of each precision are joined."""
    figure = new_figure(HEIGHT, "pairs selected", f"share below {words}")
    medians = table.groupby("precision")[["n_core", failing]].median().reset_index()
    for recorded, part in table.groupby("recorded"):
        figure.add_scatter(
            x=part["n_core"].tolist(), y=part[failing].tolist(), mode="markers",
            name=_whose(recorded), uid=f"runs {recorded}", customdata=part["run_id"].to_numpy(),
            text=[_seeds(row) for row in part.itertuples()],
            marker={"color": SELECTED, "size": 8, "opacity": 0.55,
                    "symbol": "square" if recorded else "circle"},
            hovertemplate="%{x:,} selected, %{y:.2%} fail<br>%{text}<extra></extra>")
    figure.add_scatter(
        x=medians["n_core"].to_numpy(), y=medians[failing].to_numpy(), mode="lines+markers+text",
        name="median at each precision", uid="medians", line={"color": QUIET, "width": 2},
        marker={"symbol": "diamond", "size": 9, "color": QUIET},
        textposition=[("top right", "bottom left")[i % 2] for i in range(len(medians))],
        text=[f"{p:g}" for p in medians["precision"]], hoverinfo="skip", cliponaxis=False)
    top = 1.12 * max(table[failing].max() if len(table) else 0, 0.001)
    figure.update_yaxes(tickformat=".2%" if top < 0.05 else ".0%", range=[0, top])
    figure.update_xaxes(rangemode="tozero")
    figure.update_layout(**_ROOM[True])
    return Chart(figure, title, f"Share of held-out pairs below {words} against core size. "
                 f"{title}.", table)


def _range_and_median(figure: go.Figure, curve: pd.DataFrame, colour: str, rule: str,
                      measure: Measure) -> None:
    x = curve["precision"].to_numpy()
    if len(curve) and (curve["n"] > 1).any():
        add_band(figure, x, curve["low"].to_numpy(), curve["high"].to_numpy(), faded(colour),
                 uid="band", showlegend=False)
    figure.add_scatter(
        x=x, y=curve["median"].to_numpy(), mode="lines", name=f"median, {rule}", uid="median",
        line={"color": colour, "width": 2.5},
        hovertemplate=f"median %{{y:{measure.hover}}}<br>precision %{{x}}<extra></extra>")


def _dots(figure: go.Figure, mine: pd.DataFrame, measure: Measure, colour: str) -> None:
    for (state, recorded), part in mine.groupby(["state", "recorded"], sort=False):
        part = part.dropna(subset=[measure.column])
        if state not in FOUND or part.empty:
            continue
        name = _whose(recorded) if state == "completed" else f"{state}, left out of the median"
        symbol = "square" if recorded and state == "completed" else FOUND[state]
        figure.add_scatter(
            x=part["precision"].tolist(), y=part[measure.column].tolist(), mode="markers",
            name=name, uid=f"dots {state} {recorded}", customdata=part["run_id"].to_numpy(),
            text=[_seeds(row) for row in part.itertuples()],
            marker={"color": colour, "symbol": symbol, "size": 8, "opacity": 0.75},
            hovertemplate=f"%{{y:{measure.hover}}}<br>%{{text}}<extra></extra>")


def _whose(recorded: bool) -> str:
    return "recorded run" if recorded else "run of this machine"


def _waiting(figure: go.Figure, mine: pd.DataFrame, top: float) -> None:
    """Points without a result, hollow, stacked above the axis of the precision they wait for."""
    part = mine[~mine["state"].isin(FOUND)]
    if not len(part):
        return
    rank = part.groupby("precision").cumcount().to_numpy()
    running = (part["state"] == "running").to_numpy()
    figure.add_scatter(
        x=part["precision"].tolist(), y=(top * (0.03 + 0.035 * rank)).tolist(), mode="markers",
        name="not computed", uid="waiting", customdata=part["run_id"].to_numpy(),
        text=[f"{row.state}<br>{_seeds(row)}" for row in part.itertuples()],
        marker={"color": QUIET, "size": 9, "line": {"width": 1.5},
                "symbol": np.where(running, "circle-open-dot", "circle-open").tolist()},
        hovertemplate="%{text}<extra></extra>")


def _draw_bands(figure: go.Figure, bands: pd.DataFrame, *, named: bool) -> None:
    """Every second stretch shaded; the IoU that a pair needs is written at its top."""
    for n, band in enumerate(bands.itertuples()):
        figure.add_vrect(x0=band.low, x1=band.high, layer="below", line_width=0,
                         fillcolor=QUIET, opacity=0.10 if n % 2 else 0.0)
        if named and band.high - band.low > 0.03:  # else the words would not fit above it
            figure.add_annotation(x=(band.low + band.high) / 2, y=1, yref="paper", yanchor="top",
                                  text=f"IoU ≥ {band.iou:.2f}", showarrow=False,
                                  font={"size": 11})


def _seeds(row) -> str:
    return f"precision {row.precision:g} · order seed {row.order_seed}, model {row.model_seed}"


def _x_range(precision: pd.Series) -> list[float]:
    """From 0.5, or a lower precision, to 1, with room for precisions not computed yet."""
    return [min(0.5, float(precision.min()) if len(precision) else 0.5) - 0.02, 1.0]


def _top(values: pd.Series, other: pd.DataFrame | None, guess: int | None) -> float:
    highest = max(values.max() if values.notna().any() else 0,
                  other["median"].max() if other is not None and len(other) else 0)
    if guess and guess < 4 * highest:  # a wilder one would press the runs flat: it stays outside
        highest = max(highest, guess)
    return 1.15 * float(highest) if highest > 0 else 1.0
