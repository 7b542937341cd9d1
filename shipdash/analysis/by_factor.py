"""Failing pairs by a true factor of the pair, arm by arm: where the arms differ, and where not.

Not a test over the whole pool: those are in `core_against_random`. Pairs are grouped by what the
generator drew, so nothing here can be said of a data set whose factors nobody knows.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import pandas as pd

from shipdash.analysis.arms import ARMS, KEYS, rows_of
from shipdash.analysis.difference import Difference, arm_difference, difference_words, summary
from shipdash.analysis.scores import NONE, factor_groups
from shipdash.analysis.share_below_iou import PairIous, by_arm, fails_below

GAP = "gap_px"

FACTORS = (GAP, "distance_px", "target_area_px", "distractor_area_px", "semi_row", "semi_col",
           "angle_deg", "high_sea")
"""Factors that pairs are grouped by, that of the shapes' gap first: it tells the
recorded core set's pairs best."""

GAP_EDGES = (1.5, 3.0, 6.0, 12.0, 24.0)
"""Upper ends of the ranges of the gap, in pixels; below 1.5 the shapes touch, by a side or by a
corner."""


NONE_DIFFERS = "In no group does the share of failing pairs differ between the two."


class Group(NamedTuple):
    """Pairs of one group, and the share of them that fails after training on two sets."""

    name: str
    share: float  # of all held-out pairs
    core: float
    random: float
    part: float  # of the difference in failures over all pairs; NaN where there is none
    test: Difference  # core minus random in this group


def groups_of(values: pd.Series) -> pd.Series:
    """The group of every pair as an ordered categorical: ranges of the gap, else quarters.

    A factor with few values has a group for each; pairs without a value are in `NONE`, the last.

    Parameters
    ----------
    values : Series, shape (n,)
        Named by its factor.

    Examples
    --------
    >>> groups_of(pd.Series([1.0, 1.5, 4.0, 99.0, np.nan], name="gap_px")).tolist()
    ['0 to 1.5', '0 to 1.5', '3 to 6', 'over 24', 'none']
    """
    known = values.dropna()
    found, names = _ranges(known) if values.name == GAP else _quarters(known)
    names = [*names, *[NONE] * bool(len(known) < len(values))]
    found = found.reindex(values.index).fillna(NONE)
    return pd.Series(pd.Categorical(found, names, ordered=True), values.index)


def _ranges(gap: pd.Series) -> tuple[pd.Series, list[str]]:
    ends = [f"{end:g}" for end in (0, *GAP_EDGES)]
    names = [f"{low} to {high}" for low, high in itertools.pairwise(ends)] + [f"over {ends[-1]}"]
    at = np.searchsorted(GAP_EDGES, gap.to_numpy(np.float64), side="left")
    return pd.Series(np.asarray(names, object)[at], gap.index), names


def _quarters(values: pd.Series) -> tuple[pd.Series, list[str]]:
    if values.isin((0, 1)).all():
        found = values.map({0: "no", 1: "yes"})
    else:
        found = factor_groups(values.to_frame(), str(values.name)).astype(str)
    return found, values.groupby(found).min().sort_values().index.tolist()


def failing_by_factor(ious: PairIous, factor: str, n_core: int, acceptance: float) -> pd.DataFrame:
    """Share of failing pairs in every group of a factor, one row an arm and group.

    Parameters
    ----------
    ious : PairIous
        With `factors`.
    factor : str
        One of its columns.
    n_core : int
        Size of the core set: random arms of another size are left out.
    acceptance : float
        IoU below which a pair fails.

    Returns
    -------
    DataFrame
        `KEYS`, group, n (pairs of the group, each in every run), n_runs, and what
        `difference.summary` gives of share_failing. Groups without a pair are left out.
    """
    groups = groups_of(ious.factors[factor])
    failing, rows = fails_below(ious.iou, acceptance), []
    for key, members in by_arm(ious, n_core):
        draws = ious.runs["draw"].iloc[members].tolist()
        for name in groups.cat.categories:
            which = (groups == name).to_numpy()
            if which.any():
                shares = failing[np.ix_(members, which)].mean(axis=1)
                rows.append(dict(zip(KEYS, key, strict=True)) | {
                    "group": name, "n": int(which.sum()), "n_runs": len(members),
                    **summary(shares, draws, "share_failing")})
    return pd.DataFrame(rows)


def telling_group(table: pd.DataFrame) -> Group | None:
    """The group that most of the difference between core set and random pairs lies in.

    Parameters
    ----------
    table : DataFrame
        From `failing_by_factor`; runs at equal updates with the selection's network are compared.

    Returns
    -------
    Group or None
        None where one of the two arms has not been run.
    """
    core, random = (arm_groups(table, kind) for kind in ("core", "random"))
    if core.empty or random.empty:
        return None
    weights = core["n"] / core["n"].sum()
    lost = weights * (random["share_failing"] - core["share_failing"])
    name = lost.abs().idxmax()
    total = float(lost.sum())
    return Group(str(name), float(weights[name]), float(core.loc[name, "share_failing"]),
                 float(random.loc[name, "share_failing"]),
                 float(lost[name]) / total if total else np.nan,
                 group_difference(table, str(name), "core", "random"))


def factor_finding(table: pd.DataFrame, name: str, unit: str) -> str:
    """`telling_group` in a sentence, with its test; empty where there is none.

    `name` and `unit` are the factor in words and what stands behind its numbers.
    """
    found = telling_group(table)
    if found is None:
        return ""
    if found.core == found.random:
        return NONE_DIFFERS
    chosen = ("; the group was chosen because it differs most, so its p value is too small"
              if found.test.is_defined else "")
    part = "" if not 0 < found.part <= 1 else (
        f" This group accounts for {found.part:.0%} of the difference over all pairs.")
    return (f"{group_words(found, name, unit)} ({found.share:.1%} of the held-out pairs): "
            f"{found.core:.2%} of this group fail after training on the core set and "
            f"{found.random:.2%} after random pairs. Test: "
            f"{difference_words(found.test, 'share_failing')}{chosen}.{part}")


def group_words(group: Group, name: str, unit: str) -> str:
    """A group by its factor: *gap to the distractor 0 to 1.5 px*."""
    return f"{name} {group.name}{'' if group.name == NONE else unit}"


def group_difference(table: pd.DataFrame, group: str, kind: str, other: str) -> Difference:
    """Two arms in one group of `failing_by_factor`; undefined where one was not run."""
    found = [arm_groups(table, name) for name in (kind, other)]
    if any(group not in rows.index for rows in found):
        return Difference(np.nan)
    return arm_difference(*(rows.loc[group] for rows in found), "share_failing")


def arm_groups(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Rows of one arm at equal updates with the selection's network, by group."""
    return rows_of(table, ARMS[kind]).set_index("group") if len(table) else table
