"""Arms compared over pools: the pool is the unit, and every arm has one run on each.

It reads one IoU per held-out pair and arm, or what `measures` made of it, and starts no run. Which
hypotheses are tested is written in docs/preregistration.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from shipdash.acceptance import fails
from shipdash.analysis.by_factor import GAP, groups_of
from shipdash.analysis.share_below_iou import THRESHOLDS, PairIous, fails_below

ALPHA = 0.05
"""Chance that any true null hypothesis is rejected, all hypotheses together."""


class Hypothesis(NamedTuple):
    """One claim: in the mean over pools, `arm` has less of `measure` than `against`."""

    name: str
    claim: str
    arm: str
    against: str
    measure: str


class Paired(NamedTuple):
    """Differences of two arms over pools; NaN where there are too few pools, or they are equal."""

    n: int
    mean: float
    low: float  # 95 % interval of the mean, Student's t
    high: float
    p_t: float  # paired t test, two-sided
    n_lower: int  # pools in which the difference is below 0
    n_higher: int
    p_sign: float  # sign test, two-sided, pools without a difference left out
    sd: float = math.nan  # sample standard deviation of the differences


def below(t: float) -> str:
    """Name of the share of pairs below an IoU.

    >>> below(0.9)
    'below_0.90'
    """
    return f"below_{t:.2f}"


def measures(iou: np.ndarray) -> dict[str, float]:
    """Mean and median IoU, and the share of pairs below each of `THRESHOLDS`.

    `iou` is of any float type, shape (n,), as the run stored it: float16 would move pairs across a
    threshold.
    """
    return {"mean_iou": float(np.mean(iou, dtype=np.float64)),
            "median_iou": float(np.median(iou)),
            **{below(t): float(fails(iou, t).mean()) for t in THRESHOLDS.tolist()}}


def paired(differences: Sequence[float]) -> Paired:
    """Paired t test and sign test of one difference per pool.

    Student (Biometrika 6, 1908); the sign test is the exact binomial one. Both are SciPy's.
    """
    from scipy import stats

    d = np.asarray(differences, np.float64)
    nothing = Paired(len(d), *[math.nan] * 4, int((d < 0).sum()), int((d > 0).sum()), math.nan)
    if not np.isfinite(d).all() or len(d) < 2:
        return nothing
    nothing = nothing._replace(mean=float(d.mean()))
    if np.ptp(d) == 0:
        return nothing
    test = stats.ttest_1samp(d, 0.0)
    low, high = test.confidence_interval(0.95)
    n_apart = nothing.n_lower + nothing.n_higher
    return nothing._replace(
        sd=float(d.std(ddof=1)),
        low=float(low), high=float(high), p_t=float(test.pvalue),
        p_sign=float(stats.binomtest(nothing.n_lower, n_apart).pvalue))


def ratio(parts: Sequence[float], wholes: Sequence[float]) -> tuple[float, float, float]:
    """Ratio of the means of two differences per pool, with its 95 % interval.

    Fieller (J. R. Stat. Soc. B 16, 1954): of what arms differ by, the part that a third makes. The
    ends are NaN where `wholes` are not apart from zero, since the interval has no end then.
    """
    from scipy import stats

    x, y = (np.asarray(values, np.float64) for values in (parts, wholes))
    at, n = float(x.mean() / y.mean()), len(x)
    (v_x, v_xy), (_, v_y) = np.cov(x, y) / n
    t = float(stats.t.ppf(0.975, n - 1))
    g = t * t * v_y / y.mean() ** 2
    if not g < 1:
        return at, math.nan, math.nan
    middle = at - g * v_xy / v_y
    half = t / abs(y.mean()) * math.sqrt(
        v_x - 2 * at * v_xy + at * at * v_y - g * (v_x - v_xy * v_xy / v_y))
    return at, float((middle - half) / (1 - g)), float((middle + half) / (1 - g))


def holm(p: Sequence[float]) -> np.ndarray:
    """P values adjusted for their number (Holm, Scand. J. Stat. 6, 1979); a NaN counts as 1.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    known = np.nan_to_num(np.asarray(p, np.float64), nan=1.0)
    order = np.argsort(known, kind="stable")
    stepped = np.maximum.accumulate(known[order] * np.arange(len(known), 0, -1))
    adjusted = np.empty(len(known))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def hypothesis_table(table: pd.DataFrame, hypotheses: Sequence[Hypothesis]) -> pd.DataFrame:
    """What the pools say of each hypothesis, in the order given.

    Parameters
    ----------
    table : DataFrame
        One row a pool and arm: pool, arm, and the columns of `measures`.

    Returns
    -------
    DataFrame
        name, claim, the fields of `Paired` (the difference is the arm's minus the other's),
        `p_holm` of the t tests, `detectable` (the difference that so many pools with this spread
        find with 80 % power at Holm's first step; NaN where none is), and verdict: *supported*
        (lower, `p_holm` below `ALPHA`), *contradicted* (higher, likewise), *not separated*, or *no
        verdict* where a test has no value.
    """
    rows, first = [], ALPHA / len(hypotheses)
    for h in hypotheses:
        wide = table.pivot(index="pool", columns="arm", values=h.measure)
        found = wide.get(h.arm, math.nan) - wide.get(h.against, math.nan)
        found = found.dropna() if isinstance(found, pd.Series) else []
        rows.append({"name": h.name, "claim": h.claim} | paired(found)._asdict())
    out = pd.DataFrame(rows)
    out["detectable"] = [detectable(row.sd, row.n, first) for row in out.itertuples()]
    out["p_holm"] = holm(out["p_t"])
    out["verdict"] = [_verdict(row) for row in out.to_dict("records")]
    return out


def across_pools(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Mean of each measure over pools with its 95 % interval (Student's t), one row an arm.

    Columns: arm, n_pools, then for each of `names` the mean, `_low` and `_high`; the order is that
    in which the arms come.
    """
    rows = []
    for arm, part in table.groupby("arm", sort=False):
        row = {"arm": arm, "n_pools": len(part)}
        for name in names:
            found = paired(part[name].to_numpy())
            mean = float(part[name].mean())
            row |= {name: mean, f"{name}_low": found.low, f"{name}_high": found.high}
        rows.append(row)
    return pd.DataFrame(rows)


def failing_by_gap(ious: Sequence[PairIous], arms: Mapping[str, str],
                   acceptance: float) -> pd.DataFrame:
    """Share of failing pairs in each range of the gap between the shapes, a column an arm.

    Parameters
    ----------
    ious : sequence of PairIous
        One a pool, with the gap among its factors. The shares are of the pairs of all pools
        together, since few pairs of one pool touch.
    arms : mapping of run id to str
        The column of each run; every pool has one run of each.

    Returns
    -------
    DataFrame
        gap_px (a name of `by_factor.groups_of`), n (pairs), and the arms. Ranges without a pair
        are left out.
    """
    groups = groups_of(pd.concat([pool.factors[GAP] for pool in ious], ignore_index=True))
    failing: dict[str, list[np.ndarray]] = {}
    for pool in ious:
        for run_id, iou in zip(pool.runs["run_id"], pool.iou, strict=True):
            failing.setdefault(arms[run_id], []).append(fails_below(iou, acceptance))
    table = pd.DataFrame({arm: np.concatenate(parts) for arm, parts in failing.items()})
    found = table.groupby(groups, observed=True).mean()
    found.insert(0, "n", groups.value_counts().reindex(found.index))
    return found.reset_index(names="gap_px")


def paired_power(effect: float, sd: float, n: int, alpha: float) -> float:
    """Chance that a two-sided paired t test over `n` pools rejects in the right direction.

    By the noncentral t distribution; without an effect it is half of `alpha`.

    Parameters
    ----------
    effect, sd : float
        Mean and standard deviation of the differences, in the same unit.
    """
    from scipy import stats

    limit = stats.t.ppf(1 - alpha / 2, n - 1)
    return float(stats.nct(n - 1, abs(effect) / sd * math.sqrt(n)).sf(limit))


def detectable(sd: float, n: int, alpha: float, power: float = 0.8) -> float:
    """Smallest difference that `paired_power` finds with this power, in the unit of `sd`.

    NaN where there is no spread or there are fewer than three pools, which would find none below
    twenty standard deviations.
    """
    from scipy.optimize import brentq

    if not sd > 0 or n < 3:
        return math.nan
    return float(brentq(lambda d: paired_power(d, sd, n, alpha) - power, 0.0, 20 * sd))


def _verdict(row: Mapping) -> str:
    if not math.isfinite(row["p_t"]):
        return "no verdict"
    if row["p_holm"] >= ALPHA:
        return "not separated"
    return "supported" if row["mean"] < 0 else "contradicted"
