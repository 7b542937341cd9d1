"""How many pairs of a person's own were needed; that selection did not pay is stated first.

It reads `arm_table` and `curve_table` and judges means of runs by the tests of `difference`; the
selected pairs and all pairs are compared as the two sets they are. What sets core against random on
drawn pairs, with intervals over pairs, is `core_against_random`.
"""

from __future__ import annotations

import pandas as pd

from shipdash.analysis.arms import ARMS, EQUAL_COST, with_ends
from shipdash.analysis.core_against_random import Finding, arm_row, arm_rows
from shipdash.analysis.difference import FEWEST_RUNS, arm_difference
from shipdash.counted import counted
from shipdash.results import HeldOut

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
    found = dict(zip(ROWS, arm_rows(table, *ROWS), strict=True))
    detail = _scores(table, found)
    kept = f"{n_core:,} of {counted(n_pool, 'pair')} ({100 * n_core / n_pool:.3g}%)"
    if n_core > NEARLY_ALL * n_pool:
        return Finding(f"Keep them all: selection kept {kept}", detail)
    core, random, full = (found[kind] for kind in ("core", "random", "full"))
    if not _enough(core, random, full):
        return Finding(f"Selection kept {kept}", detail or (
            "Until controls have been trained, it is not known whether random pairs would have "
            "done as well, or whether all pairs do better."))
    against = _against_random(core, random)
    side = _side(full, core, these_sets=True)
    if side is None:
        return Finding(f"Selection kept {kept}; there is no verdict, since numbers are "
                       "missing or do not vary", detail)
    if side > 0:
        return Finding(_not_selected(core, random, full, n_core, n_pool), detail)
    enough = {0: "are not separated from", -1: "do better than"}[side]
    return Finding(f"{against}. The {n_core:,} selected {enough} all {n_pool:,}", detail)


def _not_selected(core: pd.Series, random: pd.Series, full: pd.Series, n_core: int,
                  n_pool: int) -> str:
    """All pairs are better than the selected; random ones may do as well as either."""
    against, by = _against_random(core, random), f"{full['mean_iou'] - core['mean_iou']:.3f}"
    side = _side(full, random)
    if side == -1:
        return (f"Do not select: random pairs do better than all {n_pool:,} pairs, and all "
                f"{n_pool:,} do better than the {n_core:,} selected. {against}")
    if side is None:
        return (f"Do not select: all {n_pool:,} pairs do better than the {n_core:,} selected, by "
                f"{by} mean IoU. There is no verdict on random pairs")
    if side > 0:
        return (f"Keep them all: training on all {n_pool:,} pairs is better than on the "
                f"{n_core:,} selected, by {by} mean IoU. {against}")
    first = (f"Do not select: all {n_pool:,} pairs do better than the {n_core:,} selected, by {by} "
             "mean IoU")
    if _side(core, random) == 0:
        return f"{first}, and neither is separated from as many random ones"
    return f"{first}, and are not separated from as many random ones. {against}"


def left_words(held_out: HeldOut) -> str:
    """How the network as selection left it does on the held-out pairs, empty masks told apart.

    >>> few = HeldOut(n=10, mean_iou=0.9, share_failing=0.1, mean_dice=0.9, article_score=0.8,
    ...               article_score_soft=0.8, acceptance_iou=0.7, n_foreground=4,
    ...               foreground_iou=0.75)
    >>> print(left_words(few))
    As selection left it, the network has a held-out mean IoU of 0.900, and 10.00% of the pairs \
fail (IoU below 0.70). 6 of 10 masks are empty: IoU is 1 where nothing is predicted on them, \
else 0. Over the 4 with a target, the mean IoU is 0.750.
    """
    said = (f"As selection left it, the network has a held-out mean IoU of {held_out.mean_iou:.3f},"
            f" and {held_out.share_failing:.2%} of the pairs fail (IoU below "
            f"{held_out.acceptance_iou:.2f}).")
    if held_out.n_foreground is None or held_out.n_foreground == held_out.n:
        return said
    n_empty = held_out.n - held_out.n_foreground
    said += (f" {n_empty:,} of {held_out.n:,} masks {'is' if n_empty == 1 else 'are'} empty: IoU "
             "is 1 where nothing is predicted on them, else 0.")
    if held_out.foreground_iou is None:
        return said
    return (f"{said} Over the {held_out.n_foreground:,} with a target, the mean IoU is "
            f"{held_out.foreground_iou:.3f}.")


def labels_finding(curve: pd.DataFrame) -> Finding | None:
    """Would more labels help? From the last step of the random-k curve, up to all pairs.

    None with fewer than two sizes.
    """
    if len(curve) < 2:
        return None
    before, last = curve.iloc[-2], curve.iloc[-1]
    step = (f"{before['n_pairs']:,.0f} random pairs gave a held-out mean IoU of {_runs(before)}, "
            f"{last['n_pairs']:,.0f} gave {_runs(last)}, with equally many updates.")
    if min(before["n_runs"], last["n_runs"]) < FEWEST_RUNS:
        return Finding("Would more labels help? Too few runs to say", step)
    side = _side(last, before)
    if side is None:
        return Finding("Would more labels help? The runs allow no verdict", step)
    if side > 0:
        gain = last["mean_iou"] - before["mean_iou"]
        return Finding(f"More labels would probably help: the last step still gained {gain:.3f} "
                       "mean IoU", step)
    return Finding("Whether more labels like these would help is not known: the last step's gain "
                   "is not separated from zero", step)


def _against_random(core: pd.Series, random: pd.Series) -> str:
    side = _side(core, random)
    if not side:
        return ("No gain over as many random pairs was found" if side == 0 else
                "There is no verdict on random pairs")
    words = "better" if side > 0 else "worse"
    return (f"The selected pairs do {words} than as many random ones, by "
            f"{abs(core['mean_iou'] - random['mean_iou']):.3f} mean IoU")


def _side(one: pd.Series, other: pd.Series, *, these_sets: bool = False) -> int | None:
    """1 where `one` has the higher mean IoU, -1 the lower, 0 not separated, None no verdict."""
    found = arm_difference(one, other, "mean_iou", these_sets=these_sets)
    if not found.is_defined:
        return None
    return (1 if found.at > 0 else -1) if found.separated else 0


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
        words += (f" At the selection's own cost, its predictions included, all "
                  f"{int(cost['n_pairs']):,} give {_runs(cost)}.")
    return f"{words} In parentheses: lowest and highest run."


def _runs(row: pd.Series) -> str:
    said = with_ends(row, "mean_iou", ".3f", spread=row["n_runs"] > 1)
    return said if row["n_runs"] > 1 else f"{said} (one run)"
