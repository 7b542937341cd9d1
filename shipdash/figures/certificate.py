"""Figure of the certificate: the bound on the failure rate beside the measured rates."""

from __future__ import annotations

import pandas as pd

from shipdash.figures.arms import ROW
from shipdash.figures.base import QUIET, SHORT, Chart, new_figure
from shipdash.figures.shared_traces import error_bar


def bounds(table: pd.DataFrame, title: str) -> Chart:
    """What was measured and what is promised about the share of fresh pairs that fail.

    `table` has what, kind (``"measured"`` or ``"bound"``), rate, low, high; a bound is its `high`.
    """
    figure = new_figure(max(SHORT, 110 + ROW * len(table)), "share of fresh pairs that fail", "")
    for kind, symbol in (("measured", "circle"), ("bound", "line-ns")):
        part = table[table["kind"] == kind]
        figure.add_scatter(
            x=part["rate"].to_numpy(float), y=part["what"].to_numpy(), name=kind, uid=kind,
            mode="markers",
            marker={"color": QUIET, "size": 10 if kind == "measured" else 16, "symbol": symbol,
                    "line": {"color": QUIET, "width": 3 if kind == "bound" else 0}},
            error_x=error_bar(part, "rate", ("low", "high"), thickness=1.5),
            hovertemplate="%{y}: %{x:.3%}<extra></extra>")
    figure.update_xaxes(tickformat=".1%", rangemode="tozero")
    figure.update_yaxes(type="category", automargin=True, categoryorder="array",
                        categoryarray=table["what"].tolist()[::-1])
    return Chart(figure, title, f"Measured rates and bounds. {title}.", table)
