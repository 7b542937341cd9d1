"""True factors of a pair in the words and units of the pages. They are drawn in `data.scene`."""

from __future__ import annotations

import math

import pandas as pd

FACTORS = {
    "semi_row": "Semi-axis along rows (px)", "semi_col": "Semi-axis along columns (px)",
    "angle_deg": "Rotation (degrees)", "high_sea": "High sea",
    "distance_px": "Distance to the distractor (px)",
    "gap_px": "Gap to the distractor (px)",
    "distractor_area_px": "Visible distractor area (px)", "target_area_px": "Target area (px)",
}
"""Factors that pairs are asked about, by name, in the order of the page."""

_REST = {
    "target_row": "Target centre, row (px)", "target_col": "Target centre, column (px)",
    "distractor": "Distractor", "distractor_row": "Distractor, first row (px)",
    "distractor_col": "Distractor, first column (px)", "distractor_height":
    "Distractor height (px)", "distractor_width": "Distractor width (px)", "label": "Mask",
}
_VALUES = {"True": "yes", "False": "no", "true": "correct"}
_UNITS = {"(px)": " px", "(degrees)": "°"}


def name_and_unit(factor: str) -> tuple[str, str]:
    """A factor without its unit, and the unit as it stands behind a number."""
    name, _, unit = FACTORS[factor].rpartition(" ")
    return (name, _UNITS[unit]) if unit in _UNITS else (FACTORS[factor], "")


def in_words(facts: pd.Series) -> pd.DataFrame:
    """One row of `gallery.factors` as a table of factor and value."""
    names = FACTORS | _REST
    rows = [_row(names[name], facts[name]) for name in names if name in facts.index]
    return pd.DataFrame(rows, columns=["factor", "value"])


def _row(label: str, value: object) -> tuple[str, str]:
    words, _, unit = label.rpartition(" ")
    unit_shown = _UNITS.get(unit)
    if unit_shown is None:
        return label, _VALUES.get(str(value), str(value).replace("_", " "))
    if math.isnan(float(value)):
        return words, "none"
    return words, f"{float(value):,.1f}".removesuffix(".0") + unit_shown
