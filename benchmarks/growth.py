"""How the core set grows with the pool: compact runs over pools of 1,000 to 1,000,000 pairs.

    python -m benchmarks.growth RUNS_FOLDER                          # all sizes, smallest first
    python -m benchmarks.growth RUNS_FOLDER --sizes 1000,3000 --seeds 1
    python -m benchmarks.growth --report     # the section of docs/results.md; runs nothing

A row a run is appended to shipdash/recorded/growth.csv; runs that have a row are skipped, and an
interrupted run goes on from its checkpoint in RUNS_FOLDER, with its seconds the sum of its parts.
The law is fitted by `analysis.growth`, from the table alone.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import shipdash
from benchmarks.child import ROOT, Answer, BenchError, measure
from shipdash import analysis
from shipdash import config as configs
from shipdash.config import ALGORITHM, ConfigError, RunConfig
from shipdash.runs import Store, StoreError
from shipdash.runs.folder import replace

STORED = ROOT / "shipdash" / "recorded" / "growth.csv"
"""Among the recorded runs and not in benchmarks/results, because a page shows it."""

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
MOST_SEEDED = 100_000
"""Larger pools are run with the first seed only."""


class Point(NamedTuple):
    """One run: what it found and what it took, evaluation left out of seconds and images."""

    algorithm: int
    version: str
    n_pool: int
    seed: int  # of pool, order and model, so that the seeds share no pair
    run_id: str
    reason: str
    n_core: int
    n_set_aside: int
    n_tested: int
    n_backward: int
    n_forward: int
    select_s: float  # training and scanning, wall time
    prepare_s: float  # Python, TensorFlow, compilation
    product_s: float | None  # a matrix product, mean of right before and right after the run
    load: float | None  # running processes per processor at its end: above 1, its time is not fair
    peak_mb: float | None  # of the process that ended the run; all three None where it only read it
    n_held_out: int
    share_failing: float
    mean_iou: float
    machine: str
    threads: int
    date: str


def plan(sizes: list[int], seeds: list[int]) -> list[RunConfig]:
    """The runs, smallest pools first; pools above `MOST_SEEDED` with the first seed only.

    >>> [(c.selection.n_pool, c.seeds.model) for c in plan([1000, 300_000], [1, 2])]
    [(1000, 1), (1000, 2), (300000, 1)]
    """
    return [config_of(n, seed) for n in sorted(sizes)
            for seed in (seeds if n <= MOST_SEEDED else seeds[:1])]


def config_of(n_pool: int, seed: int) -> RunConfig:
    """The compact preset on a pool of this size, without the re-audit, which reads it twice."""
    return configs.compact().replace(**{
        "selection.n_pool": n_pool, "evaluation.reaudit": False,
        **{f"seeds.{name}": seed for name in ("pool", "order", "model")}})


def recorded(path: Path) -> set[str]:
    """Ids of the runs that have a row."""
    return set(pd.read_csv(path, dtype={"run_id": str})["run_id"]) if path.exists() else set()


def run(runs: str, config: RunConfig) -> Point:
    """Make or continue one run between two matrix products."""
    Store(runs).create(config)  # says what is wrong with the folder before anything is measured
    before = _product_s()
    answer = measure("timed_run", runs, json.dumps(config.to_dict()))
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return point(config, answer, (before + _product_s()) / 2, load)


def _product_s() -> float:
    return float(np.median(measure("matrix_product").found["seconds"]))


def point(config: RunConfig, answer: Answer, product_s: float, load: float) -> Point:
    """The row of a run; `BenchError` where its parts cannot be added up to one time."""
    result = answer.found["result"]
    if len(result["segments"]) != 1:
        raise BenchError(f"run {config.digest} was made in parts that differ in machine, threads "
                         "or versions: remove its folder and start it again")
    phases, held_out = result["phases"], result["held_out"]
    worked = answer.found["n_events"] > 0
    return Point(
        ALGORITHM, shipdash.__version__, config.selection.n_pool, config.seeds.model,
        config.digest, result["reason"], result["n_core"], len(result["set_aside"]),
        result["n_tested"], result["n_backward"], result["n_forward"],
        round(phases["select"], 2), round(phases["startup"] + phases["compile"], 2),
        round(product_s, 5) if worked else None, round(load, 2) if worked else None,
        round(answer.found["peak_rss_mb"], 1) if worked else None,
        held_out["n"], round(held_out["share_failing"], 6), round(held_out["mean_iou"], 5),
        result["machine"], result["threads"], result["date"])


def append(path: Path, row: Point) -> None:
    """One row more, below a heading where the file is new; all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before, text = path.read_bytes() if path.exists() else b"", io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([row] if before else [Point._fields, row])
    replace(path, before + text.getvalue().encode())


def report(table: pd.DataFrame) -> str:
    """Markdown: a row a pool size, medians with ranges, then the law where one can be fitted."""
    lines = ["| pairs in the pool | runs | kept | failing | training images | predictions a pair "
             "| matrix products | peak memory |", "|---" * 8 + "|"]
    for n_pool, runs in table.groupby("n_pool"):
        passes = runs["n_forward"] / n_pool
        lines.append(
            f"| {n_pool:,} | {len(runs)} | {_spread(runs['n_core'], ',.0f')} | "
            f"{_spread(100 * runs['share_failing'], '.2f')} % | {runs['n_backward'].median():,.0f} "
            f"| {passes.median():.2f} | {_median(runs['products'], ',.0f')} | "
            f"{_median(runs['peak_mb'] / 1000, '.1f', ' GB')} |")
    law = analysis.growth_law(table)
    said = [] if law is None else ["", f"{analysis.growth_finding(law)}.", "",
                                   analysis.growth_words(table, law)]
    return "\n".join(lines + said)


def _spread(values: pd.Series, form: str) -> str:
    """A median with its range; a single value alone."""
    middle, low, high = (format(v, form) for v in (values.median(), values.min(), values.max()))
    return middle if len(values) == 1 else f"{middle} ({low} to {high})"


def _median(values: pd.Series, form: str, unit: str = "") -> str:
    """A dash where no run has a value."""
    return f"{values.median():{form}}{unit}" if values.notna().any() else "–"


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError("must be whole numbers, separated by commas") from None


def main(argv: list[str] | None = None) -> int:
    """Run what has no row yet, one run after the other."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", metavar="RUNS_FOLDER", nargs="?",
                        help="outside the clone: checkpoints too")
    parser.add_argument("--sizes", type=_numbers, default=list(SIZES), metavar="N,N,...")
    parser.add_argument("--seeds", type=_numbers, default=[1, 2, 3], metavar="N,N,...")
    parser.add_argument("--out", type=Path, default=STORED, metavar="FILE")
    parser.add_argument("--report", action="store_true")
    args = parser.parse_args(argv)
    if args.report:
        print(report(analysis.growth_table(args.out)))
        return 0
    if args.runs is None:
        parser.error("RUNS_FOLDER is missing")
    try:
        for config in plan(args.sizes, args.seeds):
            if config.digest not in recorded(args.out):
                append(args.out, row := run(args.runs, config))
                print(f"{row.n_pool:>9,} pairs, seed {row.seed}: {row.n_core} kept, "
                      f"{row.select_s:,.0f} s, {row.share_failing:.2%} failing", flush=True)
    except (ConfigError, StoreError, BenchError) as error:
        print(f"growth: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
