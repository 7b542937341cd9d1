"""Figures of the arms: side by side, minus random pairs, and what each of them cost."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import plotly.graph_objects as go

from shipdash.analysis import ARMS, STREAMING, arm_label
from shipdash.figures.base import APART, DASHES, QUIET, SELECTED, SHORT, Chart, new_figure
from shipdash.figures.shared_traces import error_bar

ROW = 36  # pixels of height a row needs to be read

NAMES = {"share_failing": "failure rate", "mean_iou": "mean IoU"}
FORMATS = {"share_failing": ".2%", "mean_iou": ".4f"}
AXES = {"share_failing": {"tickformat": ".1%", "rangemode": "tozero"},
        "mean_iou": {"tickformat": ".3f"}}
"""How an axis of either measure is drawn: a failure rate from zero, where its size is seen."""

OURS = (ARMS["core"], STREAMING)
"""Arms that learned from the selected pairs; they are drawn in the accent colour."""

FIRST = (ARMS["core"], ARMS["random"])
"""Arms that are compared first; their lines are solid."""

KEY = ["arm", "stop", "network"]
"""What tells an arm from the others."""

ALL_DASHES = (*DASHES, "longdash", "longdashdot")
SYMBOLS = ("square", "triangle-up", "triangle-down", "x", "cross", "star")


def looks(table: pd.DataFrame) -> dict[tuple, tuple[str, str, str]]:
    """Colour, dash and symbol of every arm of a table by its `KEY`; no two lines look alike.

    The accent is what learned from the selected pairs, and solid what is compared first.
    """
    found: dict[tuple, tuple[str, str, str]] = {}
    colours = [one for one in APART if one != QUIET]
    others = [kind for kind in ARMS.values() if kind not in (*OURS, *FIRST)]
    for key in dict.fromkeys(table[KEY].itertuples(index=False, name=None)):
        arm, first = key[0], key[0] in FIRST
        n = 0 if arm in OURS or first else others.index(arm)
        colour = (SELECTED if arm in OURS else QUIET if arm == ARMS["random"]
                  else colours[n % len(colours)])
        symbol = ("diamond" if arm in OURS else "circle" if first else SYMBOLS[n % len(SYMBOLS)])
        used = {look[1] for look in found.values() if look[0] == colour}
        dash = next((d for d in ALL_DASHES[not first:] if d not in used), "solid")
        found[key] = colour, dash, symbol
    return found


def by_arm(table: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, str, bool, tuple[str, str, str]]]:
    """Rows of every arm with its name, whether it is one of `FIRST`, and its look from `looks`."""
    found = looks(table)
    for key, part in table.groupby(KEY, sort=False):
        yield part, arm_label(part.iloc[0]), key[0] in FIRST, found[key]


def arms(table: pd.DataFrame, title: str) -> Chart:
    """Failure rate and mean IoU of every arm: dot for the mean, bar for the range of its runs."""
    figure = _two_panels(table, ("share_failing", "mean_iou"))
    alt = f"Failure rate and mean IoU of {len(table)} arms, with the range of their runs. {title}."
    return Chart(figure, title, alt, table)


def differences(table: pd.DataFrame, title: str) -> Chart:
    """Every arm minus as many random pairs: dot, and the paired 95% interval over pairs."""
    table = table.dropna(subset=["mean_iou_diff"])
    figure = _two_panels(table, ("share_failing_diff", "mean_iou_diff"))
    for axis in ("x", "x2"):
        figure.add_vline(x=0, line={"color": QUIET, "width": 1, "dash": "dash"}, row=None,
                         xref=axis)
    figure.update_layout(xaxis_title_text="failure rate minus random's",
                         xaxis2_title_text="mean IoU minus random's")
    alt = f"Differences to random pairs with 95% intervals. {title}."
    return Chart(figure, title, alt, table)


def label(row: dict) -> str:
    """An arm on an axis: its name and its pairs."""
    return f"{arm_label(row)} · {int(row['n_pairs']):,}"


def _two_panels(table: pd.DataFrame, columns: tuple[str, str]) -> go.Figure:
    """One row an arm, two x axes side by side: one of `columns` on each, a dot with its ends."""
    figure = new_figure(max(SHORT, 110 + ROW * len(table)), "failure rate", "")
    second = figure.layout.xaxis.to_plotly_json()
    figure.update_layout(
        xaxis={"domain": [0, 0.48], "tickformat": ".1%"},
        xaxis2={**second, "domain": [0.52, 1], "tickformat": ".3f", "anchor": "y",
                "title": {**second["title"], "text": "mean IoU"}})
    figure.update_yaxes(type="category", autorange="reversed", automargin=True)
    for column, axis in zip(columns, ("x", "x2"), strict=True):
        _dots(figure, table, column, axis)
    return figure


def _dots(figure: go.Figure, table: pd.DataFrame, column: str, axis: str) -> None:
    ends = table[[f"{column}_low", f"{column}_high"]].to_numpy(float)
    digits = FORMATS[column.removesuffix("_diff")]
    sign = "+" if column.endswith("_diff") else ""
    figure.add_scatter(
        x=table[column].to_numpy(float), y=[label(row) for row in table.to_dict("records")],
        mode="markers", showlegend=False, xaxis=axis, uid=column,
        marker={"size": 10,
                "color": [SELECTED if arm in OURS else QUIET for arm in table["arm"]],
                "symbol": ["diamond" if arm in OURS else "circle" for arm in table["arm"]]},
        error_x=error_bar(table, column, thickness=1.5, width=4),
        customdata=ends if len(table) else None,
        hovertemplate=f"%{{y}}<br>%{{x:{sign}{digits}}} (%{{customdata[0]:{sign}{digits}}} to "
                      f"%{{customdata[1]:{sign}{digits}}})<extra></extra>")


def costs(table: pd.DataFrame, title: str) -> Chart:
    """Epochs over the full pool that every arm's training and scanning is worth."""
    figure = new_figure(max(SHORT, 100 + 28 * len(table)), "epochs over the full pool", "")
    colours = [SELECTED if arm in OURS else QUIET for arm in table["arm"]]
    figure.add_bar(
        x=table["epochs"].to_numpy(float), y=[label(row) for row in table.to_dict("records")],
        orientation="h", marker={"color": colours}, width=0.55, showlegend=False, uid="epochs",
        hovertemplate="%{y}: %{x:.2f} epochs<extra></extra>")
    figure.update_yaxes(type="category", autorange="reversed", automargin=True)
    figure.update_xaxes(tickformat="")
    return Chart(figure, title, f"Cost of every arm in epochs. {title}.", table)
