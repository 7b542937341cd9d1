"""What the size of a core set and the stream of mistakes say about pairs nobody has seen.

Not a measurement: held-out scores live in `evaluation`. Every function here raises ValueError for
an argument of another kind or outside its range.
"""

from __future__ import annotations

import math
import numbers
from typing import NamedTuple

import numpy as np
from scipy.special import betainc, betaincinv, gammaln

MAX_POOL = 10_000_000  # as far as `risk_bound` is tested; the settings allow no more either


class FailureRate(NamedTuple):
    """Failures among the pairs tested last, with a confidence interval in [0, 1]."""

    rate: float | None  # None where nothing was tested
    low: float
    high: float
    n_failed: int
    n_tested: int


class Condition(NamedTuple):
    """One thing that must hold for the bound: a tick or a cross on the page, and why."""

    name: str
    holds: bool
    reason: str


class Certificate(NamedTuple):
    """The risk bound, or None where a condition fails, and what it rests on.

    With probability at least ``1 - delta`` over the pool, at most the share `bound` of fresh
    pairs, drawn alike (label noise included), fail: for one run named beforehand, not the best.
    """

    bound: float | None
    n_kept: int
    n_pool: int
    delta: float
    conditions: tuple[Condition, ...]


def risk_bound(n_kept: int, n_pool: int, delta: float = 0.01) -> float:
    """Bound on the share of fresh pairs that fail, from the size of the core set alone.

    Parameters
    ----------
    n_kept : int
        Size k of the core set, the first pairs included; 0 to `n_pool`.
    n_pool : int
        Pairs N in the pool; 1 to `MAX_POOL`.
    delta : float
        Probability with which the bound may fail, in (0, 1).

    Returns
    -------
    float
        The epsilon in (k/N, 1] that solves
        ``delta/N sum_{m=k}^{N-1} C(m,k)/C(N,k) (1-epsilon)^{-(N-m)} = 1``; 1 if k = N.

    Notes
    -----
    Campi and Garatti, JMLR 24, 2023; Paccagnan, Campi and Garatti, NeurIPS 2023. A bound only
    under the conditions of `certify`. No sum is taken: with p = epsilon, q = 1 - p and
    X ~ Binomial(N, p), the negative binomial distribution gives
    ``sum_{m=k}^{N-1} C(m,k) q^m p^{k+1} = q^k P(X > k)``, and the equation becomes
    ``delta P(X > k) = N p P(X = k)``.

    Examples
    --------
    >>> [round(100 * risk_bound(k, 10_000), 2) for k in (100, 161, 271, 408)]
    [1.4, 2.11, 3.35, 4.86]
    """
    n = _checked_count("n_pool", n_pool, 1, MAX_POOL)
    k = _checked_count("n_kept", n_kept, 0, n)
    delta = _checked_share("delta", delta)
    # The equation's left side grows with epsilon: below delta at k/N, where each term is at most
    # 1, and infinite at 1. So halving finds the one root, and k = N leaves nothing to halve.
    low, high = k / n, 1.0
    while low < (middle := (low + high) / 2) < high:  # until no float lies between
        if _log_left_side(middle, k, n, delta) < 0:
            low = middle
        else:
            high = middle
    return high


def progressive_bound(n_clean: int, confidence: float = 0.95) -> float:
    """Bound on the failure rate after tests in a row without a failure.

    Parameters
    ----------
    n_clean : int
        Pairs m, new to the run (first pass only), that one unchanged network passed; at least 0.
    confidence : float
        In (0, 1); that of one stretch named beforehand, not of the longest one found afterwards.

    Returns
    -------
    float
        ``1 - (1 - confidence)^(1/m)``, in (0, 1]: a network that fails more often passes m pairs
        with probability below ``1 - confidence`` (binomial tail at no failure). 1 for m = 0.

    Examples
    --------
    >>> round(progressive_bound(1), 3), round(progressive_bound(1000), 5)
    (0.95, 0.00299)
    """
    m = _checked_count("n_clean", n_clean, 0)
    confidence = _checked_share("confidence", confidence)
    return -math.expm1(math.log1p(-confidence) / m) if m else 1.0


def recent_failure_rate(failed: np.ndarray, window: int, confidence: float = 0.95) -> FailureRate:
    """Progressive validation: the rate of failure over the last pairs tested.

    Each pair was scored before the learner had seen it, so its failures estimate for free how
    often the learner fails now (Blum, Kalai and Langford, COLT 1999).

    Parameters
    ----------
    failed : bool array, shape (n_tested,)
        In stream order, first pass only (a later one meets pairs again), without the first pairs,
        which joined untested.
    window : int
        How many of the last pairs to look at, at least 1; all of them where there are fewer.
    confidence : float
        Of the two-sided interval, in (0, 1).

    Returns
    -------
    FailureRate
        With the interval of Clopper and Pearson (Biometrika, 1934), exact for one network and a
        guide to the average one where the network learned inside the window. Nothing tested: no
        rate, and the interval [0, 1].

    Examples
    --------
    >>> recent_failure_rate(np.array([True, True, False, False, True, False]), window=4).rate
    0.25
    """
    if not (isinstance(failed, np.ndarray) and failed.dtype == bool and failed.ndim == 1):
        rule = "failed must be a bool array of shape (n_tested,): convert it first."
        raise ValueError(f"{rule} Received: failed={failed!r:.60}")
    recent = failed[-_checked_count("window", window, 1) :]
    tail = (1 - _checked_share("confidence", confidence)) / 2
    n, k = len(recent), int(np.count_nonzero(recent))
    low = float(betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    high = float(betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0
    return FailureRate(k / n if n else None, low, high, k, n)


def certify(
    *, n_kept: int, n_pool: int, delta: float, deterministic: bool, clean_pass: bool,
    iid: bool, first_counted: bool, wall_clock_free: bool,
) -> Certificate:
    """The risk bound where every condition holds, else the reasons why there is none.

    Parameters
    ----------
    n_kept, n_pool, delta : as in `risk_bound`
    deterministic : bool
        The core pairs in their order decide the network alone, on a device that repeats itself.
        False if several pairs may join per scan or scans that found nothing train too: then
        block size and discarded pairs decide with them.
    clean_pass : bool
        One whole pass tested every discarded pair with the final network, and all passed.
    iid : bool
        Pool pairs drawn independently from one distribution, in an order that no score decided.
        False for planted duplicates, few distinct pairs, pools another core was taken from.
    first_counted : bool
        The first pairs, which join untested, are among `n_kept`.
    wall_clock_free : bool
        No training and no pass was ended by elapsed time.

    Returns
    -------
    Certificate
        Conditions in the order of the arguments. What nobody checked does not hold: pass False.

    Examples
    --------
    >>> held = dict(deterministic=True, iid=True, first_counted=True, wall_clock_free=True)
    >>> one_pass = certify(n_kept=271, n_pool=10_000, delta=0.01, clean_pass=False, **held)
    >>> print(one_pass.bound, [c.name for c in one_pass.conditions if not c.holds])
    None ['The last pass was clean']
    """
    bound = risk_bound(n_kept, n_pool, delta)
    conditions = (
        _condition("deterministic", deterministic, "The picks alone decide the network",
            "The same core pairs in the same order give the same network, whatever the scan block.",
            "More than the core pairs and their order may decide the network: a device that does "
            "not repeat itself, or how the scan was cut into blocks."),
        _condition("clean_pass", clean_pass, "The last pass was clean",
            "The final network tested every discarded pair, and none failed.",
            "No whole pass went by without a new pick. Let passes go on until one adds nothing."),
        _condition("iid", iid, "The pairs are independent draws",
            "Each pair was drawn independently, all in the same way, and their order is random.",
            "Some pairs depend on others: planted duplicates, few distinct pairs, a pool that "
            "another core set was taken from, or images of unknown origin or order."),
        _condition("first_counted", first_counted, "The first pairs count",
            "The pairs that started the core set untested are counted as kept.",
            "The pairs that started the core set untested are missing from the number kept."),
        _condition("wall_clock_free", wall_clock_free, "No clock decided",
            "Training and passes ended by scores and counts, never by elapsed time.",
            "Elapsed time ended training or a pass, so the same pairs could end differently."),
    )
    shown = bound if all(c.holds for c in conditions) else None
    return Certificate(shown, int(n_kept), int(n_pool), float(delta), conditions)


def _condition(key: str, holds: bool, name: str, if_held: str, if_failed: str) -> Condition:
    if type(holds) not in (bool, np.bool_):  # the text "False" and NaN both count as true
        raise ValueError(f"{key} must be True or False. Received: {key}={holds!r}")
    return Condition(name, bool(holds), if_held if holds else if_failed)


def _log_left_side(p: float, k: int, n: int, delta: float) -> float:
    """Logarithm of the left side of the equation in `risk_bound`, for p in (k/n, 1)."""
    # At n = 10^7 the gammas are near 1.5e8 and their difference is good to about 1e-7, which moves
    # the root by less than one part in 10^8. P(X > k) is far from 0 for p above k/n.
    log_choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    log_equal = log_choose + k * math.log(p) + (n - k) * math.log1p(-p)
    log_more = math.log(betainc(k + 1, n - k, p))
    return math.log(delta) + log_more - math.log(n) - math.log(p) - log_equal


def _checked_count(name: str, value: int, low: int, high: float = math.inf) -> int:
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if whole and low <= value <= high:
        return int(value)
    span = f"from {low} to {high}" if high < math.inf else f"of at least {low}"
    raise ValueError(f"{name} must be a whole number {span}. Received: {name}={value!r}")


def _checked_share(name: str, value: float) -> float:
    if isinstance(value, float | np.floating) and 0 < value < 1:  # NaN compares as false
        return float(value)
    raise ValueError(f"{name} must lie between 0 and 1, both excluded. Received: {name}={value!r}")
