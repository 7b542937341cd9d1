"""Core set against random pairs while their runs finish: one row per run, and the result so far.

Intervals over pairs and the table of all arms are in `arms` and `core_against_random`.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from shipdash.analysis.arms import ARMS, AS_LEFT, EQUAL_UPDATES, STREAMING
from shipdash.analysis.core_against_random import (
    Finding,
    arm_row,
    arm_rows,
    failures_title,
    judged_difference,
    tested_words,
    verdict,
)
from shipdash.analysis.difference import arm_difference, summary
from shipdash.results import StoredRun

COLUMNS = ["run_id", "arm", "model_seed", "draw", "n_pairs", "share_failing", "mean_iou"]


def arms_so_far(runs: Iterable[StoredRun]) -> pd.DataFrame:
    """The finished ones among these control arms, one row each: `COLUMNS`."""
    rows = [(run.run_id, ARMS[run.config.arm.kind], run.config.seeds.model, run.config.arm.draw,
             run.result.n_core, run.result.held_out.share_failing, run.result.held_out.mean_iou)
            for run in runs if run.result is not None and run.result.held_out is not None]
    return pd.DataFrame(rows, columns=COLUMNS)


def so_far_finding(table: pd.DataFrame, n_runs: int, arms: pd.DataFrame | None = None) -> Finding:
    """Whether the core set does better than random pairs, once `n_runs` of both are in.

    The verdict is that of `core_against_random.verdict` on failure rates. It needs `arms`, of
    `arm_table`, for its interval over pairs; without it the test of means decides alone.
    """
    core, random = (table[table["arm"] == ARMS[kind]] for kind in ("core", "random"))
    if min(len(core), len(random)) < n_runs:
        return Finding("Is it better than random?", f"{len(core)} of {n_runs} runs on the core set "
                       f"and {len(random)} of {n_runs} on random pairs have finished.")
    ranges = (f"{_range(core['share_failing'])} of held-out pairs fail after training on the core "
              f"set, and {_range(random['share_failing'])} after training on the same number of "
              "random pairs, with the same number of updates.")
    rows = [_row(core), _row(random)]
    found = judged_difference(arm_difference(*rows, "share_failing"), more_is_better=False)
    of_arms = [None] if arms is None else arm_rows(arms, "core", "random")
    if all(row is not None for row in of_arms):
        found, rows = verdict(*of_arms, "share_failing"), of_arms
    return Finding(failures_title(found), f"{ranges} {tested_words(*rows)}")


def _row(runs: pd.DataFrame) -> pd.Series:
    """The runs of one arm as a row of `arm_table`, as far as a test of means needs it."""
    row: dict[str, float] = {"n_runs": len(runs)}
    for name in ("share_failing", "mean_iou"):
        row |= summary(runs[name], runs["draw"], name)
    return pd.Series(row)


def _range(values: pd.Series) -> str:
    return f"{values.min():.2%} to {values.max():.2%}"


def two_networks(table: pd.DataFrame) -> str:
    """Which number is the streaming network's and which the retrained one's, in two sentences.

    Parameters
    ----------
    table : DataFrame
        From `arm_table`.

    Returns
    -------
    str
        Empty where the table lacks one of the two.
    """
    streaming = arm_row(table, STREAMING, AS_LEFT)
    core = arm_row(table, ARMS["core"], EQUAL_UPDATES)
    if streaming is None or core is None:
        return ""
    n = int(core["n_runs"])
    runs = f"on average over {n} runs" if n > 1 else "in one run"
    return ("The network as selection left it (the streaming learner) fails on "
            f"{streaming['share_failing']:.2%} of held-out pairs (mean IoU "
            f"{streaming['mean_iou']:.4f}). A network trained from scratch on the same "
            f"{int(core['n_pairs']):,} pairs fails on {core['share_failing']:.2%} {runs} (mean "
            f"IoU {core['mean_iou']:.4f}).")
