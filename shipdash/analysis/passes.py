"""What going round until a whole pass is clean adds, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from shipdash.analysis.core_against_random import Finding
from shipdash.analysis.cost import full_epochs
from shipdash.analysis.orders import Member


def passes_table(members: Sequence[Member]) -> pd.DataFrame:
    """One row per run: passes asked (0: until clean), its rounds, pairs, scores and cost."""
    rows = []
    for spec, result in members:
        held, again = result.get("held_out") or {}, result.get("reaudit") or {}
        rows.append({
            "passes": spec["selection"]["passes"], "run_id": result["run_id"],
            "rounds": result["rounds"], "n_core": result["n_core"], "reason": result["reason"],
            "n_reaudit_failing": again.get("n_failing", math.nan),
            "mean_iou": held.get("mean_iou", math.nan),
            "share_failing": held.get("share_failing", math.nan),
            "n_backward": result["n_backward"], "n_forward": result["n_forward"],
            "epochs": full_epochs(result["n_forward"], result["n_backward"], result["n_pool"]),
            "seconds": result["seconds"],
        })
    return pd.DataFrame(rows)


def passes_finding(table: pd.DataFrame) -> Finding | None:
    """Extra pairs and extra cost in words; None while one of the two has not been run."""
    if table.empty or set(table["passes"]) != {0, 1}:
        return None
    one, clean = (table[table["passes"] == n].iloc[0] for n in (1, 0))
    extra = int(clean["n_core"] - one["n_core"])
    ended = "until one was clean" if clean["reason"] == "clean" else f"and ended {clean['reason']}"
    return Finding(
        f"Going round {ended} adds {extra:,} pairs to {one['n_core']:,}",
        f"{clean['rounds']:,} passes instead of one cost {clean['epochs']:.1f} full-pool epochs "
        f"instead of {one['epochs']:.1f}; held-out share failing {clean['share_failing']:.2%} "
        f"instead of {one['share_failing']:.2%}, one run each.")
