"""Tables of pairs sorted, and cut into thirds. Which choices a page offers is not known here."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

THIRDS = ("lowest third", "middle third", "highest third")


class Order(NamedTuple):
    """A column to sort by; rows without a value come last either way."""

    column: str
    is_descending: bool = False


def arranged(table: pd.DataFrame, order: Order) -> pd.DataFrame:
    """The rows in that order; equal ones by pair number."""
    by_number = table.sort_values("index")
    return by_number.sort_values(order.column, ascending=not order.is_descending, kind="stable",
                                 na_position="last", ignore_index=True)


def third(values: pd.Series, which: str) -> np.ndarray:
    """Which values, bool, lie in a third of them; those that are missing lie in none.

    >>> third(pd.Series([5.0, 1.0, 9.0]), "lowest third").tolist()
    [False, True, False]

    Raises
    ------
    ValueError
        `which` is not one of `THIRDS`.
    """
    if which not in THIRDS:
        raise ValueError(f"which must be one of {', '.join(THIRDS)}. Received: {which!r}")
    if not values.notna().any():
        return np.zeros(len(values), bool)
    cuts = values.quantile([1 / 3, 2 / 3])
    return values.notna().to_numpy() & (np.searchsorted(cuts, values) == THIRDS.index(which))
