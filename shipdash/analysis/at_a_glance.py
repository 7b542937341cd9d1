"""The evidence in five lines: tail, typical pair, factor, budget, certificate.

Each has its test, and beside it the same test of two random draws. The lines are put together from
tables that other modules make; the unit of every test is the set of pairs (`difference`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from shipdash.analysis.arms import EQUAL_UPDATES, TIMES
from shipdash.analysis.by_factor import (
    NONE_DIFFERS,
    failing_by_factor,
    group_difference,
    group_words,
    telling_group,
)
from shipdash.analysis.certificate import Certificate
from shipdash.analysis.core_against_random import arm_rows
from shipdash.analysis.difference import (
    FEWEST_RUNS,
    Difference,
    arm_difference,
    difference_words,
)
from shipdash.analysis.intervals import wilson
from shipdash.analysis.share_below_iou import PairIous
from shipdash.analysis.update_budget import budget_table, budget_title
from shipdash.results import HeldOut

NOTHING = "–"
NOT_RUN = "Core set and random pairs have not both been run."
NOT_STORED = "The IoU of individual pairs was not stored."


class Line(NamedTuple):
    """One line: what it is about, what was found, its test, and the placebo's."""

    name: str
    said: str
    test: str = NOTHING
    placebo: str = NOTHING


def tail_line(arms: pd.DataFrame) -> Line:
    """Core set against random pairs in the failure rate; `arms` is from `arm_table`."""
    return _core_against_random("Tail", arms, "share_failing", "{:.2%} of held-out pairs fail",
                                "{:.2%}")


def typical_line(medians: pd.DataFrame | None) -> Line:
    """Core set against random pairs in the median IoU; `medians` is from `medians_table`."""
    if medians is None:
        return Line("Typical pair", NOT_STORED)
    return _core_against_random("Typical pair", medians, "median",
                                "The median IoU is {:.4f}", "{:.4f}")


def _core_against_random(name: str, table: pd.DataFrame, measure: str, core_is: str,
                         random_is: str) -> Line:
    """Both arms in one measure, in the words of two formats, with the test and the placebo's."""
    core, random, first = arm_rows(table, "core", "random", "first")
    if core is None or random is None:
        return Line(name, NOT_RUN)
    said = (f"{core_is.format(core[measure])} after training on the core set, "
            f"{random_is.format(random[measure])} after training on random pairs")
    placebo = NOTHING if first is None else _words(arm_difference(first, random, measure), measure)
    return Line(name, said, _words(arm_difference(core, random, measure), measure), placebo)


def factor_line(ious: PairIous | None, n_core: int, acceptance: float, factor: str, name: str,
                unit: str) -> Line:
    """The group of one factor that most of the difference in failures lies in.

    Parameters
    ----------
    ious : PairIous or None
        Without `factors` the line says that they are not known.
    factor : str
        A column of `factors`.
    name, unit : str
        The factor in words, and what stands behind its numbers.
    """
    if ious is None or ious.factors is None:
        return Line("Factor", "The true factors of these pairs are not known." if ious is not None
                    else NOT_STORED)
    table = failing_by_factor(ious, factor, n_core, acceptance)
    found = telling_group(table)
    if found is None:
        return Line("Factor", NOT_RUN)
    if found.core == found.random:
        return Line("Factor", NONE_DIFFERS)
    part = "" if not 0 < found.part <= 1 else f", {found.part:.0%} of the difference"
    where = group_words(found, name, unit)
    return Line("Factor", f"{where} ({found.share:.1%} of the pairs{part}): "
                f"{found.core:.2%} fail after training on the core set, {found.random:.2%} after "
                "training on random pairs",
                _words(found.test, "share_failing"),
                _words(group_difference(table, found.name, "first", "random"), "share_failing"))


def budget_line(arms: pd.DataFrame) -> Line:
    """Core set against random pairs at the largest budget with runs enough, else against all pairs.

    All pairs and the core set are one set each, so runs are compared and no other core set is
    spoken of.
    """
    for stop in sorted((s for s in TIMES if s != EQUAL_UPDATES), key=TIMES.get, reverse=True):
        rows = arm_rows(arms, "core", "random", stop=stop)
        if all(row is not None and row["n_runs"] >= FEWEST_RUNS for row in rows):
            core, random = rows
            return Line("Budget", f"With {stop}, {core['share_failing']:.2%} fail after training "
                        f"on the core set, {random['share_failing']:.2%} after training on random "
                        "pairs. "
                        f"{budget_title(budget_table(arms))}",
                        _words(arm_difference(core, random, "share_failing"), "share_failing"))
    core, full = arm_rows(arms, "core", "full")
    if core is None or full is None:
        return Line("Budget", "Neither training on all pairs nor training with 4 or 16 times the "
                    "updates has been run.")
    found = arm_difference(core, full, "share_failing", these_sets=True)
    return Line("Budget", f"With equal updates, {core['share_failing']:.2%} fail after training on "
                f"the core set, {full['share_failing']:.2%} after training on all "
                f"{int(full['n_pairs']):,} pairs; "
                "4 and 16 times the updates have not been run often enough",
                _words(found, "share_failing"))


def certificate_line(certificate: Certificate, held: HeldOut | None) -> Line:
    """The bound, or how many of its conditions do not hold, beside the measured rate."""
    if certificate.bound is None:
        crossed = [c.name.lower() for c in certificate.conditions if not c.holds]
        said = (f"No bound: {len(crossed)} of {len(certificate.conditions)} conditions have not "
                f"been shown to hold ({'; '.join(crossed)})")
    else:
        said = (f"At most {certificate.bound:.2%} of fresh pairs fail, with a confidence of "
                f"{1 - certificate.delta:.0%} over random pools, if the settings were chosen "
                "without this pool and the run was named beforehand")
    if held is None:
        return Line("Certificate", said)
    low, high = wilson(round(held.share_failing * held.n), held.n)
    return Line("Certificate", said, f"measured {held.share_failing:.2%} "
                f"({100 * low:.2f} to {100 * high:.2f}) of {held.n:,} pairs")


def _words(found: Difference, measure: str) -> str:
    return NOTHING if np.isnan(found.at) else difference_words(found, measure)
