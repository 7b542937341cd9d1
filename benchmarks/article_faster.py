"""What would make the article's network faster on this machine, and whether it changes its sums.

    python -m benchmarks.article_faster           # a minute each; prints the table
    python -m benchmarks.article_faster --keep    # and stores it under benchmarks/results

Every way is an environment for an otherwise equal process (`benchmarks.article_step`), so nothing
of it is in the package. Each stands between two matrix products of its own.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from benchmarks.article_step import POLICY
from benchmarks.child import ROOT, measure
from shipdash.runs.machine import environment

STORED = ROOT / "benchmarks" / "results" / "article-faster.csv"

WAYS = {
    "as it is": {},
    "one thread": {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"},
    "one operation at a time": {"TF_NUM_INTEROP_THREADS": "1"},
    "without oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"},
    "XLA": {"TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit"},
    "bfloat16 products": {"TF_SET_ONEDNN_FPMATH_MODE": "BF16"},
    "bfloat16 layers": {POLICY: "mixed_bfloat16"},
    "AVX2 only": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
}
"""Environments by name; the first is what all others are compared with."""


def main(options: Sequence[str] | None = None) -> None:
    """Measure every way and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.article_faster")
    parser.add_argument("--keep", action="store_true")
    keep = parser.parse_args(options).keep
    rows, losses = [], []
    for name, variables in WAYS.items():
        before = _product_s()
        found = measure("article_step", **variables).found
        losses.append(found["losses"])
        rows.append(row(name, found, losses[0], (before + _product_s()) / 2))
        print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    if keep:
        table.to_csv(STORED, index=False)
    print(table.to_string(index=False))


def _product_s() -> float:
    return float(np.median(measure("matrix_product").found["seconds"]))


def row(name: str, found: dict, first: list[float], product_s: float) -> dict:
    """A way's line; `changes` is by how much a loss differs at most from that of the first way."""
    here = environment()
    return {"way": name, "train_per_s": round(found["train_per_s"], 2),
            "predict_per_s": round(found["predict_per_s"], 1),
            "compile_s": round(found["compile_s"], 1),
            "changes": f"{np.abs(np.subtract(found['losses'], first)).max():.1e}",
            "product_s": round(product_s, 4), "load": round(os.getloadavg()[0], 2),
            "machine": here.machine, "tensorflow": here.tensorflow, "version": here.shipdash,
            "date": datetime.now(UTC).isoformat(timespec="seconds")}


if __name__ == "__main__":
    main()
