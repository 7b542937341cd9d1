"""The compact run over seeds 11 to 20, against the goals that were set before any of them was run.

    python -m benchmarks.goals RUNS_FOLDER          # makes what is missing, then the table
    python -m benchmarks.goals RUNS_FOLDER --keep   # and stores each row under benchmarks/results
    python -m benchmarks.goals --report             # the table of docs/results.md; runs nothing

A run's seed is that of its pool, its order and its model. Nothing may be chosen by the result.
Seeds with a stored row are not run again, so a stopped command goes on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.child import ROOT
from shipdash import config as configs
from shipdash.config import ALGORITHM, RunConfig
from shipdash.results import Result
from shipdash.runs import Store, queue
from shipdash.runs.folder import replace

SEEDS = range(11, 21)
GOALS = {"n_core": ("<=", 120), "mean_iou": (">=", 0.966), "failing_share": ("<=", 0.004),
         "passes_a_pair": ("<=", 1.10)}
"""Of the median over the seeds; `passes_a_pair` counts predictions a pair of the pool."""

WORDS = {"n_core": "pairs kept", "mean_iou": "mean IoU of 10,000 held-out pairs",
         "failing_share": "held-out pairs failing", "passes_a_pair": "predictions a pair"}

STORED = ROOT / "benchmarks" / "results" / "goals.csv"


def asked() -> list[RunConfig]:
    """The ten runs, in order of their seeds."""
    return [configs.compact().replace(**{f"seeds.{name}": seed
                                         for name in ("pool", "order", "model")})
            for seed in SEEDS]


def row(seed: int, result: Result) -> dict:
    """A line of the table."""
    return {"seed": seed, "n_core": result.n_core, "mean_iou": round(result.held_out.mean_iou, 6),
            "failing_share": round(result.held_out.share_failing, 6),
            "passes_a_pair": round(result.n_forward / result.n_pool, 4),
            "device": result.device, "machine": result.machine, "version": result.version,
            "algorithm": result.algorithm, "date": result.date}


def against_goals(table: pd.DataFrame) -> pd.DataFrame:
    """Median of each measure, its goal and whether it is met."""
    medians = table[list(GOALS)].median()
    rows = [(name, float(medians[name]), f"{sign} {goal:g}",
             bool(medians[name] <= goal if sign == "<=" else medians[name] >= goal))
            for name, (sign, goal) in GOALS.items()]
    return pd.DataFrame(rows, columns=["measure", "median", "goal", "met"])


def report(table: pd.DataFrame) -> str:
    """Markdown: each measure with median and range over the seeds, its goal, and whether met."""
    forms = {"n_core": "{:g}", "mean_iou": "{:.4f}", "failing_share": "{:.3%}",
             "passes_a_pair": "{:.2f}"}
    lines = ["| measure | median | lowest | highest | goal | met |", "|---" * 6 + "|"]
    for row in against_goals(table).itertuples():
        form, values = forms[row.measure], table[row.measure]
        numbers = (form.format(v) for v in (row.median, values.min(), values.max()))
        lines.append(f"| {WORDS[row.measure]} | {' | '.join(numbers)} | "
                     f"{GOALS[row.measure][0]} {form.format(GOALS[row.measure][1])} | "
                     f"{'yes' if row.met else 'no'} |")
    return "\n".join(lines)


def main(options: Sequence[str] | None = None) -> None:
    """Make the missing runs one after the other and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.goals")
    parser.add_argument("runs", type=Path, nargs="?")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--report", action="store_true")
    given = parser.parse_args(options)
    if given.report:
        print(report(stored()))
        return
    if given.runs is None:
        parser.error("RUNS_FOLDER is missing")
    store, table = Store(given.runs), stored()
    for seed, config in zip(SEEDS, asked(), strict=True):
        if seed in set(table.get("seed", ())):
            continue
        store.create(config)
        queue.work_one(store, config.digest)
        if (result := store.result(config.digest)) is None:
            sys.exit(f"Run {config.digest} was stopped: the same command goes on with it.")
        found = row(seed, result)
        print(found, flush=True)
        table = pd.concat([table, pd.DataFrame([found])], ignore_index=True)
        if given.keep:
            replace(STORED, table.to_csv(index=False, lineterminator="\n").encode())
    print(against_goals(table).to_string(index=False))


def stored() -> pd.DataFrame:
    """Rows of this algorithm that were kept; none before the first."""
    if not STORED.exists():
        return pd.DataFrame()
    table = pd.read_csv(STORED, dtype={"version": str})
    return table[table["algorithm"] == ALGORITHM].reset_index(drop=True)


if __name__ == "__main__":
    main()
