"""How the core set grows with the pool: the recorded table as a figure, below the explorer."""

from __future__ import annotations

import pandas as pd

from shipdash import analysis, figures
from shipdash.ui import chart, evidence

TABLE = "growth.csv"
"""Runs kept by `python -m benchmarks.growth` among the recorded ones."""


def panel() -> None:
    """The figure with its law; nothing as long as too few pool sizes have been measured."""
    table = evidence.table(TABLE, analysis.growth_table)
    if table is None:
        return
    law = analysis.growth_law(table)
    if law is None:
        return
    chart.show(figures.growth(table, law, analysis.growth_finding(law)), key="growth",
               note=f"{analysis.growth_words(table, law)} {origin(table)}")


def origin(table: pd.DataFrame) -> str:
    """Machine, threads, dates and version of the runs."""
    machines, threads, versions = (", ".join(sorted(set(map(str, table[name]))))
                                   for name in ("machine", "threads", "version"))
    first, last = table["date"].min()[:10], table["date"].max()[:10]
    when = first if first == last else f"{first} to {last}"
    return (f"Recorded · {len(table)} runs · compact preset · {machines} · {threads} threads · "
            f"{when} · shipdash {versions} · `python -m benchmarks.growth`")
