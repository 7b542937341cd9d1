"""The sections of the benchmark by name, and how one is measured: between two matrix products."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable

import numpy as np

import shipdash
from benchmarks import article, machine, near_duplicates, parts, runs, server
from benchmarks.child import measure
from benchmarks.report import Asked, Report, Row
from shipdash.runs.machine import machine as machine_name

SECTIONS: dict[str, Callable[[Asked], list[Row]]] = {
    "machine": machine.rows,
    "generator": parts.generator,
    "metrics": parts.scores,
    "near-duplicates": near_duplicates.rows,
    "memory": runs.memory,
    "server": server.rows,
    "article-program": article.rows,
    "full": runs.full,
    "seeds": runs.seeds,
    "scale": runs.scale,
}
"""The short ones first; each of the last four takes from some minutes to half an hour."""


def measured(name: str, *, quick: bool = False, repeats: int = 3) -> Report:
    """Measure one section; the machine's unit is taken right before and right after it."""
    before = measure("matrix_product").found
    asked = Asked(quick, repeats, float(np.median(before["seconds"])))
    began = time.perf_counter()
    rows = SECTIONS[name](asked)
    took = time.perf_counter() - began
    after = measure("matrix_product").found
    return Report(
        section=name, date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        machine=machine_name(), device=before["device"], version=shipdash.__version__,
        tensorflow=before["tensorflow"], quick=quick, seconds=round(took, 1),
        product_s=(asked.product_s, float(np.median(after["seconds"]))), rows=tuple(rows),
    )
