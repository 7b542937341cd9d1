"""The sentence that compares the core set with random pairs, computed from the table of arms.

It says nothing about usefulness or labelling. It states what the selected pairs and as many random
pairs gave for this generator, network and threshold, also where there is no difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import pandas as pd

from shipdash.analysis.arms import ARMS, EQUAL_UPDATES, SAME, UNTIL_SCORE, arm_label, rows_of
from shipdash.analysis.difference import (
    LEVEL,
    Difference,
    arm_difference,
    difference_words,
    interval_words,
    n_sets,
    p_words,
    paired,
)


class Verdict(StrEnum):
    """How one measure of the core compares with random pairs."""

    BETTER = "better"
    WORSE = "worse"
    NOT_SEPARATED = "not separated"  # which is no proof that they are equal
    UNKNOWN = "no verdict"  # too few runs, or numbers that are not finite or do not vary


class Finding(NamedTuple):
    """A title, and the numbers it rests on."""

    title: str
    detail: str


def verdict(core: pd.Series, random: pd.Series, measure: str) -> Verdict:
    """Compare two rows of `arm_table` in one measure.

    A difference is claimed only where the test of means over selections rejects
    (`difference.arm_difference`) *and* the paired interval over held-out pairs leaves out zero:
    neither knows of the other's chance.
    """
    low, high = core[f"{measure}_diff_low"], core[f"{measure}_diff_high"]
    found = arm_difference(core, random, measure)
    if found.is_defined and pd.isna([low, high]).any():
        return Verdict.UNKNOWN
    if found.separated and low <= 0 <= high:
        return Verdict.NOT_SEPARATED
    return judged_difference(found, more_is_better=measure == "mean_iou")


def judged_difference(found: Difference, *, more_is_better: bool) -> Verdict:
    """What a test of means says by itself."""
    if not found.is_defined:
        return Verdict.UNKNOWN
    if not found.separated:
        return Verdict.NOT_SEPARATED
    return Verdict.BETTER if (found.at > 0) == more_is_better else Verdict.WORSE


def arms_finding(table: pd.DataFrame, stop: str = EQUAL_UPDATES,
                 network: str = SAME) -> Finding | None:
    """Core set against as many random pairs; None while one of the two has not been run."""
    core, random = arm_rows(table, "core", "random", stop=stop, network=network)
    if core is None or random is None:
        return None
    k = int(core["n_pairs"])
    title = _title(k, verdict(core, random, "share_failing"), verdict(core, random, "mean_iou"))
    return Finding(title + _price(core, random, stop), _detail(table, core, random, stop, network))


def arm_row(table: pd.DataFrame, arm: str, stop: str, network: str = SAME) -> pd.Series | None:
    """The one row of that arm, None where it has not been run."""
    found = rows_of(table, arm, stop, network)
    return None if found.empty else found.iloc[0]


def arm_rows(table: pd.DataFrame, *kinds: str, stop: str = EQUAL_UPDATES,
             network: str = SAME) -> list[pd.Series | None]:
    """`arm_row` of each of these `arm.kind`."""
    return [arm_row(table, ARMS[kind], stop, network) for kind in kinds]


RIVALS = ("matched", "el2n", "ccs", "forgetting", "kcentre")
"""Arms that choose as many pairs in another way than at random."""


def rival_tests(arms: pd.DataFrame, stop: str, network: str = SAME) -> pd.DataFrame:
    """The core set against every other way of choosing pairs that has been run.

    Returns
    -------
    DataFrame
        compared, and share_failing and mean_iou: the difference with its test, in words.
    """
    core, *rivals = arm_rows(arms, "core", *RIVALS, stop=stop, network=network)
    rows = [[f"{core['arm']} minus {rival['arm'][0].lower()}{rival['arm'][1:]}",
             *both_tests(core, rival)]
            for rival in rivals if core is not None and rival is not None]
    return pd.DataFrame(rows, columns=["compared", "share_failing", "mean_iou"])


def both_tests(one: pd.Series, other: pd.Series) -> list[str]:
    """`one` minus `other` in failure rate and mean IoU, in words.

    Where each is one set of pairs, the difference is that of networks trained on these two.
    """
    single = n_sets(one) == n_sets(other) == 1
    return [difference_words(arm_difference(one, other, measure, these_sets=single), measure)
            for measure in ("share_failing", "mean_iou")]


def across_table(tables: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Core against random at equal updates, one row per order of the stream.

    `tables` are `arm_table` by order seed; orders that lack one of the two arms are left out.

    Returns
    -------
    DataFrame
        order_seed, n_pairs, n_runs_core, n_runs_random, and for both measures the core's value,
        that of `_random`, and the difference with its paired interval.
    """
    rows = []
    for seed, table in tables.items():
        core, random = arm_rows(table, "core", "random")
        if core is None or random is None:
            continue
        found = {"order_seed": seed, "n_pairs": core["n_pairs"], "n_runs_core": core["n_runs"],
                 "n_runs_random": random["n_runs"]}
        for name in ("share_failing", "mean_iou"):
            found |= {name: core[name], f"{name}_random": random[name]}
            found |= {f"{name}_diff{end}": core[f"{name}_diff{end}"]
                      for end in ("", "_low", "_high")}
        rows.append(found)
    return pd.DataFrame(rows)


def across_finding(table: pd.DataFrame) -> Finding | None:
    """In how many orders the core did better than random; None for fewer than two."""
    if len(table) < 2:
        return None
    n, diffs = len(table), table["share_failing_diff"]
    better, worse = int((diffs < 0).sum()), int((diffs > 0).sum())
    return Finding(
        f"In {better} of {n} orders fewer pairs fail after training on the core set than on "
        "random pairs",
        f"More fail in {worse or 'none'} of them. Difference in failure rate, core set minus "
        f"random: median {_points(diffs.median())} percentage points, from "
        f"{_points(diffs.min())} to {_points(diffs.max())}. {_over_orders(diffs)}")


def _over_orders(diffs: pd.Series) -> str:
    """The paired test over orders, each with its own core set and random pairs."""
    found = paired(diffs)
    if not found.is_defined:
        return f"{len(diffs)} orders are too few, or vary too little, for a verdict."
    words = "separated from zero" if found.separated else "not separated from zero"
    return (f"The mean, {_points(found.at)} (95% {_points(found.low)} to {_points(found.high)}), "
            f"is {words} ({p_words(found.p)}, paired t test over {len(diffs)} orders; sign test "
            f"{p_words(_sign_test(diffs))}). Each order has its own core set; all share one pool.")


def _sign_test(diffs: pd.Series) -> float:
    """Two-sided p value of the signs, zeros left out; 1 where nothing is left."""
    from scipy.stats import binomtest

    better, n = int((diffs < 0).sum()), int((diffs != 0).sum())
    return float(binomtest(better, n).pvalue) if n else 1.0


def _points(share: float) -> str:
    return f"{100 * share:+.2f}".replace("-", "−")


def arms_title(table: pd.DataFrame) -> str:
    """The arm with the lowest failure rate, and the failure rate of the core set: of several
    budgets the best, by its name."""
    lowest = table[table["share_failing"] == table["share_failing"].min()]
    names = " and ".join(arm_label(row) for _, row in lowest.iterrows())
    words = (f"{names} {'has' if len(lowest) == 1 else 'have'} the lowest mean failure rate: "
             f"{table['share_failing'].min():.2%} of held-out pairs")
    core = table[table["arm"] == ARMS["core"]]
    if core.empty or ARMS["core"] in lowest["arm"].tolist():
        return words
    best = core.loc[core["share_failing"].idxmin()]
    name = arm_label(best)
    return f"{words}; the {name[0].lower()}{name[1:]} has {best['share_failing']:.2%}"


def differences_title(table: pd.DataFrame) -> str:
    """The core set's difference to random pairs in both measures, each with its test: the bars are
    intervals over pairs, which would claim too much. Of several budgets the first, by its name."""
    core = table[(table["arm"] == ARMS["core"]) & table["share_failing_diff"].notna()]
    if core.empty:
        return "There are no random pairs to compare the core set with yet"
    found = core.iloc[0]
    random = arm_row(table, ARMS["random"], found["stop"], found["network"])
    name = arm_label(found)
    if random is None:
        return f"{name} minus random pairs"
    failing, iou = both_tests(found, random)
    return f"{name} minus random, failure rate: {failing}; mean IoU: {iou}"


_FAILURES = {
    Verdict.BETTER: "fewer held-out pairs fail", Verdict.WORSE: "more held-out pairs fail",
    Verdict.NOT_SEPARATED: "failure rates are not separated",
    Verdict.UNKNOWN: "no verdict on failure rates",
}
_IOU = {
    Verdict.BETTER: "mean IoU is higher", Verdict.WORSE: "mean IoU is lower",
    Verdict.NOT_SEPARATED: "mean IoU is not separated",
    Verdict.UNKNOWN: "no verdict on mean IoU",
}


def _title(k: int, failures: Verdict, iou: Verdict) -> str:
    selected, random = f"{k:,} selected pairs", f"{k:,} random ones"
    if failures is iou:
        return {
            Verdict.BETTER: f"{selected} do better than {random}",
            Verdict.WORSE: f"{selected} do worse than {random}",
            Verdict.NOT_SEPARATED: f"{selected} and {random} are not separated",
            Verdict.UNKNOWN: f"No verdict on {selected} against {random}",
        }[failures]
    return f"{selected} against {random}: {_FAILURES[failures]}, {_IOU[iou]}"


def failures_title(found: Verdict) -> str:
    """The title while only the failure rates are compared."""
    start = {Verdict.BETTER: "Better than random", Verdict.WORSE: "Worse than random"}
    return f"{start.get(found, 'Core set against random pairs')}: {_FAILURES[found]}"


def _price(core: pd.Series, random: pd.Series, stop: str) -> str:
    """Pairs that are harder to learn take longer to reach their score, so their cost is given."""
    if stop != UNTIL_SCORE or not core["n_backward"] > 0 < random["n_backward"]:
        return ""
    more = core["n_backward"] / random["n_backward"] - 1
    if abs(more) < 0.005:
        return ""
    return f", on {abs(more):.0%} {'more' if more > 0 else 'fewer'} training images"


def _detail(table, core, random, stop: str, network: str) -> str:
    whole = arm_row(table, ARMS["full"], stop, network)
    parts = [f"{core['n_pairs']:,} selected pairs gave {_gave(core)}",
             f"{random['n_pairs']:,} random ones {_gave(random)}"]
    if whole is not None:
        parts.append(f"all {whole['n_pairs']:,} pairs {_gave(whole)}")
    rule = f"at {stop}"
    if stop == UNTIL_SCORE:
        images = " and ".join(f"{arm['n_backward']:,.0f}" for arm in (core, random))
        rule = f"each trained until its score passed (after {images} training images)"
    which = ("For this generator, network and threshold" if network == SAME else
             f"For this generator and threshold, with another network ({network})")
    return (f"{which}, {rule}: {'; '.join(parts)}. "
            "Selected minus random, with 95% intervals over held-out pairs: failure rate "
            f"{_diff(core, 'share_failing')}, mean IoU {_diff(core, 'mean_iou')}. "
            f"{_spread(core, random)} {tested_words(core, random)}"
            f"{_placebo(table, random, stop, network)}")


def _gave(arm: pd.Series) -> str:
    return f"a failure rate of {arm['share_failing']:.2%} and a mean IoU of {arm['mean_iou']:.4f}"


def _diff(core: pd.Series, name: str) -> str:
    return interval_words(*(core[f"{name}_diff{end}"] for end in ("", "_low", "_high")), name)


def _spread(core: pd.Series, random: pd.Series) -> str:
    def words(arm: Any) -> str:
        return f"{arm['share_failing_low']:.2%} to {arm['share_failing_high']:.2%}"

    n, m = int(core["n_runs"]), int(random["n_runs"])
    if min(n, m) < 2:
        return ("A single run shows no spread: with other seeds the result may be the other way "
                "round.")
    return (f"With different model seeds and draws, the failure rate ranged from {words(core)} "
            f"in {n} runs on selected pairs and from {words(random)} in {m} runs on random ones.")


def tested_words(core: pd.Series, random: pd.Series) -> str:
    """The test of means in both measures, and how far it carries."""
    found = [arm_difference(core, random, name) for name in ("share_failing", "mean_iou")]
    if not any(one.is_defined for one in found):
        return ("There is no verdict: too few runs or draws, or numbers that are not finite or do "
                "not vary.")
    n_cores = n_sets(core)
    cores = "one core set" if n_cores == 1 else f"{n_cores} core sets"
    scope = "" if n_cores > 1 else (
        f" The {int(core['n_runs'])} runs on selected pairs share one core set and count as one "
        "observation: the verdict is about this selection, not about others.")
    return (f"Test of means over {cores} and {n_sets(random)} random draws: failure rate "
            f"{difference_words(found[0], 'share_failing')}, mean IoU "
            f"{difference_words(found[1], 'mean_iou')}.{scope}")


def _placebo(table: pd.DataFrame, random: pd.Series, stop: str, network: str) -> str:
    """The first pairs of a random order against random pairs: a test that should find nothing."""
    first = arm_row(table, ARMS["first"], stop, network)
    if first is None:
        return ""
    found = arm_difference(first, random, "share_failing")
    if not found.is_defined:
        return ""
    chance = (f" A test at this level separates them in about {LEVEL:.0%} of studies."
              if found.separated else "")
    return (" Placebo: the first pairs of the order are a random draw too, so no difference should "
            "be found between them and random pairs: "
            f"{difference_words(found, 'share_failing')}.{chance}")
