"""What a benchmark found: rows of one section with machine and date, and as a table.

No clock runs here. A row is a median with the range of its repeats; times are also given in matrix
products of the machine, measured before and after.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np


class Asked(NamedTuple):
    """How large a benchmark is to be, and the machine's unit of time just before it."""

    quick: bool  # small pools and pictures
    repeats: int  # of everything whose median is given
    product_s: float


class Row(NamedTuple):
    """One figure: the median of `n` repeats, from `low` to `high`."""

    name: str
    value: float
    unit: str
    n: int = 1
    low: float | None = None
    high: float | None = None
    note: str = ""


class Report(NamedTuple):
    """The rows of one section and all that a reader needs to judge them."""

    section: str
    date: str  # ISO 8601, UTC
    machine: str
    device: str
    version: str
    tensorflow: str
    quick: bool  # small sizes, to see that it works: no figure to quote
    seconds: float  # the whole section
    product_s: tuple[float, float]  # one matrix product, before and after
    rows: tuple[Row, ...]

    @property
    def unit_s(self) -> float:
        """Seconds of one matrix product: the mean of before and after."""
        return sum(self.product_s) / 2

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; rows in seconds say what they are in products too."""
        rows = [row._asdict() | ({"products": round(row.value / self.unit_s, 3)}
                                 if row.unit == "s" else {}) for row in self.rows]
        return self._asdict() | {"product_s": list(self.product_s), "rows": rows}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Report:
        """The report that `to_dict` described; ValueError where something is missing."""
        try:
            rows = tuple(Row(**{k: v for k, v in row.items() if k != "products"})
                         for row in stored["rows"])
            before, after = stored["product_s"]
            return cls(**stored | {"rows": rows, "product_s": (before, after)})
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a benchmark report: {error}") from None


def median(name: str, values: Sequence[float], unit: str, note: str = "") -> Row:
    """A row from the figures of several repeats.

    >>> median("wall", [3.0, 1.0, 2.0], "s")
    Row(name='wall', value=2.0, unit='s', n=3, low=1.0, high=3.0, note='')
    """
    low, high = float(min(values)), float(max(values))
    return Row(name, float(np.median(values)), unit, len(values), low, high, note)


def table(report: Report) -> str:
    """The report as a Markdown section."""
    quick = " **Small sizes (`--quick`): shows that it works, not how fast.**" * report.quick
    before, after = report.product_s
    head = (f"## {report.section}\n\n{report.date[:10]}, {report.machine}; {report.device}; "
            f"TensorFlow {report.tensorflow}; version {report.version}. One matrix product: "
            f"{before:.3f} s before, {after:.3f} s after. Took {report.seconds:,.0f} s.{quick}\n\n"
            "| what | value | in products | range | repeats | note |\n"
            "|---|---:|---:|---:|---:|---|\n")
    return head + "\n".join(_line(row, report.unit_s) for row in report.rows) + "\n"


def _line(row: Row, unit_s: float) -> str:
    products = f"{row.value / unit_s:,.1f}" if row.unit == "s" else ""
    spread = "" if row.low is None else f"{_number(row.low)} to {_number(row.high)}"
    value = f"{_number(row.value)} {row.unit}".strip()
    return f"| {row.name} | {value} | {products} | {spread} | {row.n} | {row.note} |"


def _number(value: float) -> str:
    """Four digits at least, whole numbers whole.

    >>> [_number(v) for v in (1234567.8, 1.0, 0.98765, 0.0001234)]
    ['1,234,568', '1', '0.9877', '0.0001234']
    """
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"
