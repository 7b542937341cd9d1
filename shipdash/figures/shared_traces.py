"""What several figures draw alike: bars and bands of a range, the diagonal, a viewer's guess."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from shipdash.figures.base import QUIET


def error_bar(table: pd.DataFrame, measure: str, ends: tuple[str, str] | None = None, *,
              colour: str = QUIET, **style: float) -> dict[str, Any]:
    """Plotly's bar around a column of values between two others, by default its `_low` and `_high`.
    """
    low, high = ends or (f"{measure}_low", f"{measure}_high")
    at, low, high = (table[name].to_numpy(float) for name in (measure, low, high))
    return style | {"array": high - at, "arrayminus": at - low, "symmetric": False, "color": colour}


def add_band(figure: go.Figure, x: np.ndarray, low: np.ndarray, high: np.ndarray, fill: str,
             **named: Any) -> None:
    """Shade what lies between two lines over `x`; `named` says what Plotly knows the band by."""
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([high, low[::-1]]), mode="lines",
        line={"width": 0}, fill="toself", fillcolor=fill, hoverinfo="skip", **named)


def add_keep_everything(figure: go.Figure, ends: Sequence[float]) -> None:
    """The dashed diagonal of a selection that discards nothing."""
    figure.add_scatter(x=ends, y=ends, name="keep everything", mode="lines", uid="all",
                       line={"color": QUIET, "width": 1.5, "dash": "dash"}, hoverinfo="skip")


def add_guess(figure: go.Figure, ends: Sequence[float], guess: int | None) -> None:
    """The viewer's own guess of the core size, a dotted line across the figure, if there is one."""
    if guess:
        figure.add_scatter(x=ends, y=[guess, guess], name=f"your guess: {guess:,}", uid="guess",
                           mode="lines", line={"color": QUIET, "width": 1.5, "dash": "dot"},
                           hovertemplate="your guess: %{y:,}<extra></extra>")
