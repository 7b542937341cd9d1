"""Whether two arms differ in mean: t tests over selections, with their intervals and p values.

Not a bootstrap over held-out pairs, which knows nothing of other draws; those are in `arms`.

The unit is the set of pairs, not the run: runs that share one set say how networks on that set do,
however many they are. Degrees of freedom and p values come from SciPy's distributions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

FEWEST_RUNS = 3
"""Runs of an arm below which no difference is claimed and no spread of runs is drawn from."""

LEVEL = 0.05
"""p value below which two arms count as separated."""

DRAWN = ("Random", "Stratified random", "Rejected")
"""Arms each of whose runs draws a set of its own, for tables that do not count sets."""


class Units(NamedTuple):
    """Mean of an arm over its units, and the standard deviation between them."""

    mean: float
    sd: float  # NaN for one unit
    n: int


class Difference(NamedTuple):
    """A difference of means, its 95 % interval and two-sided p value; NaN where none is defined."""

    at: float
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan

    @property
    def is_defined(self) -> bool:
        """Whether there is a p value: enough units that vary, and finite numbers."""
        return math.isfinite(self.p)

    @property
    def separated(self) -> bool:
        """Whether the test rejects equal means at `LEVEL`."""
        return self.p < LEVEL

    @property
    def negative(self) -> Difference:
        """The difference with its arms exchanged."""
        return Difference(-self.at, -self.high, -self.low, self.p)


def summary(values: Sequence[float], sets: Sequence[Any], name: str) -> dict[str, float]:
    """Runs of one arm in one measure as columns of a table.

    Parameters
    ----------
    values : sequence of float
        One number a run, at least one.
    sets : sequence
        What tells the sets of pairs apart that the runs were trained on, one a run.
    name : str
        Of the measure.

    Returns
    -------
    dict
        n_sets, `name` (mean over runs), `_low` and `_high` (their range) and `_sd`: the sample
        standard deviation between the means of the sets, or between runs where all share one.

    Examples
    --------
    >>> summary([1.0, 3.0, 8.0], ["a", "a", "b"], "x")
    {'n_sets': 2, 'x': 4.0, 'x_low': 1.0, 'x_high': 8.0, 'x_sd': 4.242640687119285}
    """
    found = np.asarray(values, np.float64)
    means = [found[[s == one for s in sets]].mean() for one in dict.fromkeys(sets)]
    between = means if len(means) > 1 else found
    return {"n_sets": len(means), name: float(found.mean()), f"{name}_low": float(found.min()),
            f"{name}_high": float(found.max()),
            f"{name}_sd": _sd(between)}


def _sd(values: Sequence[float]) -> float:
    """Sample standard deviation; NaN of one value, or where one is not finite."""
    is_defined = len(values) > 1 and np.isfinite(values).all()
    return float(np.std(values, ddof=1)) if is_defined else math.nan


def arm_difference(one: Mapping[str, Any], other: Mapping[str, Any], measure: str, *,
                   these_sets: bool = False) -> Difference:
    """Difference of two rows of a table of arms in one measure: `one` minus `other`.

    If both arms have several sets, Welch's test over sets. If one arm has one set, it counts as
    one observation however many runs it has, against the spread of the other arm's sets: the
    interval of Student for a further observation, or Welch's over its runs where that is wider,
    since its networks may vary more than the other arm's sets do. If both have one, nothing is
    known of other sets and the test is refused, unless `these_sets` asks about these two sets
    alone: then Welch's test over runs.

    A row holds n_runs and what `summary` gives; of tables without `_sd` it is computed where two
    or three runs allow it. Fewer than `FEWEST_RUNS` runs give no p value.
    """
    a, b = units(one, measure), units(other, measure)
    sets = n_sets(one), n_sets(other)
    if min(one["n_runs"], other["n_runs"]) < FEWEST_RUNS or (max(sets) == 1 and not these_sets):
        return Difference(a.mean - b.mean)
    if sets[0] == 1 < sets[1]:
        return _further(a, b)
    if sets[1] == 1 < sets[0]:
        return _further(b, a).negative
    return welch(a, b)


def welch(one: Units, other: Units) -> Difference:
    """Welch's t test (Biometrika 34, 1947).

    No p value where a number is not finite, nothing varies, or an arm has fewer than `FEWEST_RUNS`
    units.
    """
    at = one.mean - other.mean
    if min(one.n, other.n) < FEWEST_RUNS:
        return Difference(at)
    parts = [unit.sd**2 / unit.n for unit in (one, other)]
    weights = sum(part**2 / (unit.n - 1) for part, unit in zip(parts, (one, other), strict=True))
    return _student(at, sum(parts), sum(parts)**2 / weights if weights else math.nan)


def _further(runs: Units, many: Units) -> Difference:
    """Runs that share one set against `many` sets: `runs` minus `many`."""
    at = runs.mean - many.mean
    if many.n < FEWEST_RUNS:
        return Difference(at)
    found = [_student(at, many.sd**2 * (1 + 1 / many.n), many.n - 1), welch(runs, many)]
    return max(found, key=lambda one: one.high - one.low if one.is_defined else math.inf)


def paired(differences: Sequence[float]) -> Difference:
    """Student's paired t test, one difference a selection; no p value for fewer than three."""
    found = np.asarray(differences, np.float64)
    n = len(found)
    if n < FEWEST_RUNS:
        return Difference(float(found.mean()) if n else math.nan)
    return _student(float(found.mean()), float(found.var(ddof=1)) / n, n - 1)


def _student(at: float, variance: float, df: float) -> Difference:
    from scipy.special import stdtr, stdtrit  # not scipy.stats, which takes half a second

    # Runs that agree to the last bits do not vary: their standard deviation is rounding.
    if not (math.isfinite(at) and math.isfinite(variance) and variance > (1e-12 * abs(at))**2
            and df > 0):
        return Difference(at)
    error = math.sqrt(variance)
    half = float(stdtrit(df, 0.975)) * error
    return Difference(at, at - half, at + half, float(2 * stdtr(df, -abs(at) / error)))


def units(row: Mapping[str, Any], measure: str) -> Units:
    """Mean, standard deviation and number of an arm's units; runs where all share one set."""
    n_runs, sets = int(row["n_runs"]), n_sets(row)
    mean, low, high = (row[f"{measure}{end}"] for end in ("", "_low", "_high"))
    sd = row.get(f"{measure}_sd", math.nan)
    if f"{measure}_sd" not in row and n_runs in (2, 3):
        values = [low, high] if n_runs == 2 else [low, 3 * mean - low - high, high]
        sd = _sd(values)
    return Units(float(mean), float(sd), sets if sets > 1 else n_runs)


def n_sets(row: Mapping[str, Any]) -> int:
    """How many sets of pairs the runs of an arm were trained on."""
    if "n_sets" in row:
        return int(row["n_sets"])
    return int(row["n_runs"]) if row.get("arm") in DRAWN else 1


def p_words(p: float) -> str:
    """A p value as it is printed.

    >>> p_words(0.0331), p_words(0.00004)
    ('p = 0.033', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def amount(value: float, measure: str, sign: str = "") -> str:
    """A number in the unit of its measure: an IoU as it is, a share of pairs in percentage points.

    >>> amount(-0.0093, "below_0.90", "+"), amount(0.0021, "median_iou")
    ('−0.93 points', '0.0021')
    """
    is_iou = measure in ("mean_iou", "median_iou", "median")
    words = f"{value:{sign}.4f}" if is_iou else f"{100 * value:{sign}.2f} points"
    return words.replace("-", "−")


def interval_words(at: float, low: float, high: float, measure: str) -> str:
    """A difference with its interval, in the unit of its measure.

    >>> interval_words(-0.0093, -0.0121, -0.0066, "below_0.90")
    '−0.93 points (−1.21 to −0.66)'
    """
    low, high = (amount(end, measure, "+").removesuffix(" points") for end in (low, high))
    return f"{amount(at, measure, '+')} ({low} to {high})"


def difference_words(found: Difference, measure: str) -> str:
    """A difference as it is printed: with its interval, its p value and what the test says.

    >>> difference_words(Difference(-0.011, -0.028, 0.006, 0.13), "share_failing")
    '−1.10 points (−2.80 to +0.60), p = 0.13, not separated'
    """
    if not found.is_defined:
        return "no verdict"
    verdict = "separated" if found.separated else "not separated"
    return f"{interval_words(*found[:3], measure)}, {p_words(found.p)}, {verdict}"
