"""Tables of `summary` as Plotly figures: the only place with colours and axis titles.

Nothing is computed here and no Streamlit is known. Text, grid and background take the page's
theme where the figure is drawn; the colours of `base` read on light and dark alike.
"""

from shipdash.figures.base import SELECTED, Chart
from shipdash.figures.run import history, rejection_rate, selection, training
from shipdash.figures.scores import cumulative, factor_rates, pixel_levels, scores

__all__ = [
    "SELECTED",
    "Chart",
    "cumulative",
    "factor_rates",
    "history",
    "pixel_levels",
    "rejection_rate",
    "scores",
    "selection",
    "training",
]
