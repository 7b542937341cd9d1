"""What further passes over the discarded pairs add, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from shipdash.analysis.core_against_random import Finding
from shipdash.analysis.cost import full_epochs
from shipdash.analysis.run_numbers import run_numbers
from shipdash.counted import counted
from shipdash.results import StoredRun

COLUMNS = ["passes", "run_id", "rounds", "n_core", "reason", "n_reaudit_failing", "mean_iou",
           "share_failing", "n_backward", "n_forward", "epochs", "seconds"]


def passes_table(runs: Sequence[StoredRun]) -> pd.DataFrame:
    """One row per run: passes asked (0: until clean), its rounds, pairs, scores and cost."""
    rows = [run_numbers(run.result) | {
        "passes": run.config.selection.passes,
        "epochs": full_epochs(run.result.n_forward, run.result.n_backward, run.result.n_pool),
    } for run in runs]
    return pd.DataFrame(rows, columns=COLUMNS)


def passes_finding(table: pd.DataFrame) -> Finding | None:
    """Extra pairs and extra cost in words; None while one of the two has not been run."""
    if table.empty or set(table["passes"]) != {0, 1}:
        return None
    one, clean = (table[table["passes"] == n].iloc[0] for n in (1, 0))
    extra = int(clean["n_core"] - one["n_core"])
    ended = ("until one adds nothing" if clean["reason"] == "clean" else
             f"(the run ended early: {clean['reason']})")
    return Finding(
        f"Repeating passes {ended} adds {counted(extra, 'pair')} to {one['n_core']:,}",
        f"{counted(int(clean['rounds']), 'pass costs', 'passes cost')} {clean['epochs']:.1f} "
        f"full-pool epochs; one pass costs {one['epochs']:.1f}. The held-out failure rate is "
        f"{clean['share_failing']:.2%} instead of {one['share_failing']:.2%}, with one run each.")
