"""What selection and arms cost: images forward and backward, seconds, epochs over the pool."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from shipdash.analysis.arms import ARMS, KEYS, SAME, STREAMING, ArmRun, _groups
from shipdash.results import Result

BACKWARD = 2
"""Cost of a backward pass in forward passes, so a training image costs three predictions."""


def full_epochs(n_forward: float, n_backward: float, n_pool: int) -> float:
    """Cost in epochs over the whole pool, each of which trains on every pair once.

    >>> full_epochs(3_000, 9_000, 10_000)
    1.0
    """
    return (n_forward + (1 + BACKWARD) * n_backward) / ((1 + BACKWARD) * n_pool)


def cost_table(runs: Sequence[ArmRun], n_pool: int, n_core: int) -> pd.DataFrame:
    """One row per arm, means over its runs; predictions of an evaluation are not in it.

    Returns
    -------
    DataFrame
        `KEYS`, n_runs, n_backward, n_forward, n_wasted (of those), epochs, prepare_s (start-up
        and compilation), work_s (training and scanning), evaluate_s, device, date.
    """
    kept = [r for r in runs if r.arm != ARMS["random"] or r.n_pairs == n_core]
    rows = []
    for key, members in _groups(kept).items():
        costs = pd.DataFrame([_cost(kept[i].run.result) for i in members]).mean()
        last = kept[members[-1]].run.result
        rows.append(dict(zip(KEYS, key, strict=True)) | {"n_runs": len(members)} | costs.to_dict()
                    | {"epochs": full_epochs(costs["n_forward"], costs["n_backward"], n_pool),
                       "device": last.device, "date": last.date[:10]})
    return pd.DataFrame(rows)


def preparation_s(result: Result) -> float:
    """Start-up and compilation of a run, also where they were over before it was asked for."""
    return (result.phases.get("startup", 0.0) + result.phases.get("compile", 0.0)
            + (result.prepared_s or 0.0))


def _cost(result: Result) -> dict[str, float]:
    evaluate = result.phases.get("evaluate", 0.0)
    prepare, before = preparation_s(result), result.prepared_s or 0.0
    return {"n_backward": result.n_backward, "n_forward": result.n_forward,
            "n_wasted": result.n_wasted, "prepare_s": prepare,
            "work_s": result.seconds - (prepare - before) - evaluate, "evaluate_s": evaluate}


def cost_finding(table: pd.DataFrame) -> str:
    """What selecting the core set costs, compared with training on it from scratch."""
    streaming = table[table["arm"] == STREAMING]
    if streaming.empty:
        return ""
    selection = streaming.iloc[0]
    whole = table[(table["arm"] == ARMS["core"]) & (table["network"] == SAME)]
    words = f"Selection costs {selection['epochs']:.1f} epochs over the full pool"
    if whole.empty:
        return words
    return (f"{words}; training on its core set from scratch costs "
            f"{whole.iloc[0]['epochs']:.1f}")
