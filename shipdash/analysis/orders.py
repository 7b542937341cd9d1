"""Core sets of several stream orders, and of disjoint folds of the pool.

How far the core sets overlap is measured in `overlap`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from shipdash.analysis.core_against_random import Finding
from shipdash.analysis.run_numbers import run_numbers
from shipdash.results import StoredRun

NUMBERS = ("run_id", "n_core", "mean_iou", "share_failing", "n_reaudit_failing", "seconds", "date")
"""What a table of repeats holds of every run, from `run_numbers`."""


def fan_table(runs: Sequence[StoredRun]) -> pd.DataFrame:
    """One row per order seed: order_seed and `NUMBERS`."""
    rows = [_numbers(run) | {"order_seed": run.config.seeds.order} for run in runs]
    table = pd.DataFrame(rows, columns=["order_seed", *NUMBERS])
    return table.sort_values("order_seed", ignore_index=True)


def _numbers(run: StoredRun) -> dict[str, Any]:
    found = run_numbers(run.result)
    return found | {"date": found["date"][:10]}


def fan_finding(table: pd.DataFrame, overlap: pd.DataFrame) -> Finding:
    """Median and range of the core size, and the overlap beside that of random sets."""
    n, sizes = len(table), table["n_core"]
    if n < 2:
        return Finding("One order shows no spread", "Queue more orders of the same stream.")
    title = (f"{n} orders keep a median of {sizes.median():,.0f} pairs, from {sizes.min():,} "
             f"to {sizes.max():,}")
    mean, chance = overlap["jaccard"].mean(), overlap["random"].mean()
    above = int((overlap["jaccard"] > overlap["random_high"]).sum())
    return Finding(title, (
        f"Two of these core sets share {overlap['common'].mean():.1f} pairs on average. Their mean "
        f"Jaccard index is {mean:.4f}; that of random sets of these sizes is {chance:.4f}. {above} "
        f"of {len(overlap)} comparisons are above the 97.5th percentile of random sets."))


def folds_table(runs: Sequence[StoredRun],
                scratch: Mapping[str, tuple[int, float]] | None = None) -> pd.DataFrame:
    """One row per fold: fold, the pairs it chose from, its numbers, and pairs shared with others.

    `n_shared` counts core pairs that another fold of the list has too; 0 is what must come out.
    `scratch` has, by run id, how many runs learned that fold's core from scratch at equal updates
    and their mean share failing: `n_scratch` and `share_failing_scratch`, 0 and NaN where none did.
    """
    cores = [set(run.result.core) for run in runs]
    rows, n_left = [], runs[0].result.n_pool if runs else 0
    for i, run in enumerate(runs):
        others = set().union(*(core for j, core in enumerate(cores) if j != i))
        n_scratch, failing = (scratch or {}).get(run.run_id, (0, np.nan))
        rows.append(_numbers(run) | {
            "fold": i + 1, "n_left": n_left, "n_shared": len(cores[i] & others),
            "n_scratch": n_scratch, "share_failing_scratch": failing})
        n_left -= run.result.n_core
    return pd.DataFrame(rows, columns=["fold", "n_left", "n_shared", *NUMBERS, "n_scratch",
                                       "share_failing_scratch"])


def folds_finding(table: pd.DataFrame) -> Finding:
    """Sizes of the folds and whether they are disjoint."""
    n, sizes = len(table), table["n_core"]
    if n < 2:
        return Finding("One fold so far", "Take its core set out of the pool and select again.")
    shared = int(table["n_shared"].sum())
    kind = "disjoint core sets" if not shared else f"core sets that share {shared} pairs"
    words = ", ".join(f"{size:,}" for size in sizes)
    detail = ("Each was selected from the pairs that the previous folds had left. Held-out failure "
              f"rates of the streaming networks: {_shares(table['share_failing'])}")
    if table["n_scratch"].any():
        detail += ("; of networks trained from scratch on each core set: "
                   f"{_shares(table['share_failing_scratch'])}, each for as many updates as its "
                   "own selection took, so not at equal updates")
    return Finding(f"{n} {kind} of {words} pairs", f"{detail}.")


def _shares(values: pd.Series) -> str:
    return ", ".join("not run" if np.isnan(share) else f"{share:.2%}" for share in values)
