"""Core set, random pairs and full pool over the number of updates: where choice matters, and where
updates do.

It reads the table of arms and no run: equal updates, and 4 and 16 times as many.
"""

from __future__ import annotations

import pandas as pd

from shipdash.analysis.arms import ARMS, SAME, TIMES
from shipdash.analysis.core_against_random import arm_row, both_tests
from shipdash.analysis.difference import FEWEST_RUNS

BUDGET_ARMS = CORE, RANDOM, FULL = tuple(ARMS[kind] for kind in ("core", "random", "full"))

COMPARED = ((CORE, RANDOM), (FULL, CORE), (FULL, RANDOM))
"""What is tested at every budget: whether the choice matters, and whether all pairs do better."""


def budget_table(arms: pd.DataFrame) -> pd.DataFrame:
    """Points of the learning curves over updates, one row an arm and budget.

    Parameters
    ----------
    arms : DataFrame
        From `arm_table`.

    Returns
    -------
    DataFrame
        arm, times, n_runs, n_backward (training images), and mean, lowest and highest run of
        share_failing and mean_iou; ordered by arm and budget. Empty where no arm has a second
        budget: one point makes no curve.
    """
    names = [f"{name}{end}" for name in ("share_failing", "mean_iou")
             for end in ("", "_low", "_high")]
    columns = ["arm", "times", "n_runs", "n_backward", *names]
    if arms.empty:
        return pd.DataFrame(columns=columns)
    rows = arms[arms["arm"].isin(BUDGET_ARMS) & arms["stop"].isin(list(TIMES))
                & (arms["network"] == SAME)]
    rows = rows.assign(times=rows["stop"].map(TIMES))
    if rows["times"].nunique() < 2:
        return pd.DataFrame(columns=columns)
    place = rows["arm"].map(BUDGET_ARMS.index)
    return rows.assign(place=place).sort_values(["place", "times"])[columns].reset_index(drop=True)


def budget_title(table: pd.DataFrame, measure: str = "share_failing") -> str:
    """Which arm has the best mean at each budget that all three have runs enough at.

    In words that claim no difference: those are `budget_tests`.
    """
    found: dict[str, list[str]] = {}
    is_share = measure == "share_failing"
    for times, rows in table.groupby("times"):
        if rows["arm"].nunique() == len(BUDGET_ARMS) and rows["n_runs"].min() >= FEWEST_RUNS:
            at = rows[measure].min() if is_share else rows[measure].max()
            best = " and ".join(rows.loc[rows[measure] == at, "arm"]).lower()
            found.setdefault(best, []).append(f"{times}x")
    parts = [f"{best} at {' and '.join(times)}" for best, times in found.items()]
    words = "Lowest mean failure rate" if is_share else "Highest mean IoU"
    return f"{words}: {', '.join(parts)}" if parts else "Not all arms have been run often enough"


def budget_tests(arms: pd.DataFrame) -> pd.DataFrame:
    """The differences between the three arms at every budget, each with its test, in words.

    The core set and all pairs are one set each: their difference is about these two sets alone.

    Returns
    -------
    DataFrame
        compared, times, and share_failing and mean_iou (`difference_words`); one row for every
        two arms and budget that both have.
    """
    columns = ["compared", "times", "share_failing", "mean_iou"]
    rows = []
    for names in COMPARED:
        for stop, times in TIMES.items():
            one, other = (arm_row(arms, name, stop) for name in names)
            if one is None or other is None:
                continue
            rows.append([f"{names[0]} minus {names[1].lower()}", times, *both_tests(one, other)])
    return pd.DataFrame(rows, columns=columns)
