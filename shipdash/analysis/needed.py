"""How many pairs of a person's own were needed, stated first where the answer is *keep them all*.

It reads `arm_table` and `curve_table` and judges means of runs: a difference is claimed only where
every run of one kind lies beyond every run of the other. What sets core against random on drawn
pairs, with intervals over pairs, is `core_against_random`.
"""

from __future__ import annotations

import pandas as pd

from shipdash.analysis.arms import ARMS, EQUAL_COST, EQUAL_UPDATES
from shipdash.analysis.core_against_random import FEWEST_RUNS, Finding, arm_row

NEARLY_ALL = 0.9
"""A selection that keeps more than this share has found hardly anything to leave out."""

ROWS = {"core": "the {n:,} selected pairs", "random": "as many random ones",
        "stratified": "as many random ones drawn by group", "full": "all {n:,}"}
"""Arms at equal updates in the order of the sentence."""


def needed_finding(table: pd.DataFrame, n_core: int, n_pool: int) -> Finding:
    """What came out, the answer that says to select nothing before the one that says to select.

    Parameters
    ----------
    table : DataFrame
        From `arm_table`; empty where no control has been run.
    n_core, n_pool : int
        Pairs kept, and pairs there were.
    """
    found = {kind: arm_row(table, ARMS[kind], EQUAL_UPDATES) for kind in ROWS}
    detail = _scores(table, found)
    kept = f"{n_core:,} of {n_pool:,} pairs ({n_core / n_pool:.0%})"
    if n_core > NEARLY_ALL * n_pool:
        return Finding(f"Keep them all: the network failed {kept}", detail)
    core, random, full = (found[kind] for kind in ("core", "random", "full"))
    if not _enough(core, random, full):
        return Finding(f"Selection kept {kept}", detail or (
            "Whether random ones would have done as well, and whether all do better, is not known "
            "before the controls below have been trained."))
    against = _against_random(core, random)
    if _apart(full, core) > 0:
        lost = full["mean_iou"] - core["mean_iou"]
        return Finding(f"Keep them all: training on all {n_pool:,} pairs is better than on the "
                       f"{n_core:,} selected, by {lost:.3f} mean IoU. {against}", detail)
    enough = {0: "do as well as", -1: "do better than"}[_apart(full, core)]
    return Finding(f"{against}. The {n_core:,} selected {enough} all {n_pool:,}", detail)


def labels_finding(curve: pd.DataFrame) -> Finding | None:
    """Would more labels help? From the last step of the random-k curve, up to all pairs.

    None with fewer than two sizes.
    """
    if len(curve) < 2:
        return None
    before, last = curve.iloc[-2], curve.iloc[-1]
    step = (f"{before['n_pairs']:,.0f} random pairs gave a held-out mean IoU of {_runs(before)}, "
            f"all {last['n_pairs']:,.0f} gave {_runs(last)}, with equally many updates.")
    if min(before["n_runs"], last["n_runs"]) < FEWEST_RUNS:
        return Finding("Would more labels help? Too few runs to say", step)
    if _apart(last, before) > 0:
        gain = last["mean_iou"] - before["mean_iou"]
        return Finding(f"More labels would probably help: the last step still gained {gain:.3f} "
                       "mean IoU", step)
    return Finding("More labels like these would hardly help: the last step gained nothing beyond "
                   "the spread of the runs", step)


def _against_random(core: pd.Series, random: pd.Series) -> str:
    side = _apart(core, random)
    if side == 0:
        return "Random pairs do as well as the selected ones"
    words = "better" if side > 0 else "worse"
    return (f"The selected pairs do {words} than as many random ones, by "
            f"{abs(core['mean_iou'] - random['mean_iou']):.3f} mean IoU")


def _apart(one: pd.Series, other: pd.Series) -> int:
    """1 where every run of `one` has the higher mean IoU, -1 where every one has the lower."""
    return (int(one["mean_iou_low"] > other["mean_iou_high"])
            - int(one["mean_iou_high"] < other["mean_iou_low"]))


def _enough(*rows: pd.Series | None) -> bool:
    return all(row is not None and row["n_runs"] >= FEWEST_RUNS for row in rows)


def _scores(table: pd.DataFrame, found: dict[str, pd.Series | None]) -> str:
    """Every arm's held-out mean IoU; empty where there is none."""
    said = [f"{_runs(row)} after {ROWS[kind].format(n=int(row['n_pairs']))}"
            for kind, row in found.items() if row is not None]
    if not said:
        return ""
    words = f"Held-out mean IoU with equally many updates: {', '.join(said)}."
    cost = arm_row(table, ARMS["full"], EQUAL_COST)
    if cost is not None:
        words += (f" At the selection's true cost, its predictions included, all "
                  f"{int(cost['n_pairs']):,} give {_runs(cost)}.")
    return f"{words} In brackets: lowest and highest run."


def _runs(row: pd.Series) -> str:
    if row["n_runs"] == 1:
        return f"{row['mean_iou']:.3f} (one run)"
    return f"{row['mean_iou']:.3f} ({row['mean_iou_low']:.3f} to {row['mean_iou_high']:.3f})"
