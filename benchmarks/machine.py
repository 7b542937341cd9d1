"""The machine's own speed: a matrix product, and what a fresh process costs before its work."""

from __future__ import annotations

from benchmarks.child import measure
from benchmarks.report import Asked, Row, median

PRODUCT_GFLOP = 2 * 2048**3 / 1e9


def rows(asked: Asked) -> list[Row]:
    """Matrix products of several processes, start of Python and TensorFlow."""
    answers = [measure("matrix_product") for _ in range(asked.repeats)]
    seconds = [s for answer in answers for s in answer.found["seconds"]]
    return [
        median("matrix product, 2,048 x 2,048, float32", seconds, "s", "the unit of time"),
        median("speed of the product", [PRODUCT_GFLOP / s for s in seconds], "GFLOP/s"),
        median("import TensorFlow", [a.found["import_s"] for a in answers], "s"),
        median("a process that imports TensorFlow and multiplies", [a.wall_s for a in answers],
               "s"),
    ]
