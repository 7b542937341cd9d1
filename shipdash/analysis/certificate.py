"""A bound on the failure rate from the size of the core set alone, and when the bound holds.

Nothing is measured here: held-out scores are in `evaluation`, and the failure rate of the stream
itself is in `progressive_validation`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from shipdash.config import RunConfig
from shipdash.records import StopReason
from shipdash.results import Result, StoredRun

MAX_POOL = 10_000_000  # as far as `risk_bound` is tested; the settings allow no more either


class Condition(NamedTuple):
    """One thing that must hold for the bound: a tick, a cross or a question, and why."""

    name: str
    holds: bool | None  # None: no record can show it, only the person who ran it knows
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
    two_sided: tuple[float, float] | None = None  # `two_sided_bounds`, where there is a bound


def certificate_of(run: StoredRun, delta: float = 0.01) -> Certificate:
    """The certificate of a finished run."""
    n_kept, n_pool = run.result.n_core, run.result.n_pool
    checked = conditions(run.config, run.result)
    if any(condition.holds is False for condition in checked):
        return Certificate(None, n_kept, n_pool, delta, checked)
    return Certificate(risk_bound(n_kept, n_pool, delta), n_kept, n_pool, delta, checked,
                       two_sided_bounds(n_kept, n_pool, delta))


def conditions(config: RunConfig, result: Result) -> tuple[Condition, ...]:
    """What must hold for `risk_bound` to be a bound, as the run's own records show it."""
    return (
        _condition(
            # A GPU's sums depend on the order in which they happen to be made. A scan that finds
            # nothing and still trains would let block size and discarded pairs decide.
            not config.selection.idle_epochs and result.device.startswith("CPU"),
            "The picks alone decide the network",
            "The same core pairs in the same order give the same network for every scan block.",
            "The network may depend on more than the core pairs and their order: on a device whose "
            "results are not repeatable, or on the size of the scan block."),
        _condition(
            result.reason is StopReason.CLEAN or _passed_reaudit(result),
            "The last pass was clean",
            "The final network tested every discarded pair, and none failed.",
            "No whole pass was without a new pick. Repeat passes until one adds nothing."),
        _condition(
            _draws_independently(config), "The pairs are independent draws",
            "Each pair was drawn independently, all in the same way, and their order is random.",
            "Some pairs may depend on others: there are planted duplicates or few distinct pairs, "
            "another core set was removed from the pool, or the origin or order of the images is "
            "unknown."),
        _condition(
            len(set(result.core)) == result.n_core >= min(config.selection.first, result.n_pool),
            "The first pairs count",
            "The pairs that started the core set untested are counted as kept.",
            "The pairs that started the core set untested are missing from the number kept."),
        Condition(  # nothing in the loop looks at a clock
            "Elapsed time decided nothing", True,
            "Training and passes ended because of scores and counts, never because of time."),
        _condition(
            not result.set_aside, "Every kept pair was learnt",
            "Training reached its score on every pair that was kept.",
            "Some kept pairs could not be learnt and were set aside; the bound holds only for "
            "networks that have learnt every pair of their core set."),
        Condition(
            "The settings were chosen without this pool", None,
            "No record of a run can show it: the bound holds for settings, seeds and a run that "
            "were fixed before anything was seen of this pool."),
    )


def _condition(holds: bool, name: str, if_held: str, if_failed: str) -> Condition:
    return Condition(name, holds, if_held if holds else if_failed)


def _passed_reaudit(result: Result) -> bool:
    """Whether every discarded pair passed the re-audit, so that it counts as a clean pass."""
    found = result.reaudit
    return (found is not None and found.n == result.n_pool - result.n_core
            and not found.n_failing and result.reason is StopReason.EXHAUSTED)


def _draws_independently(config: RunConfig) -> bool:
    """Whether pairs are drawn independently; their random order and wrong masks do not matter."""
    planted = config.planted
    return config.source.kind == "scene" and not (
        planted.distinct or planted.duplicates or config.selection.exclude)


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

    Raises
    ------
    ValueError
        A number lies outside its range.

    Notes
    -----
    Campi and Garatti, JMLR 24, 2023; Paccagnan, Campi and Garatti, NeurIPS 2023. A bound only
    under the `conditions`. No sum is taken: with p = epsilon, q = 1 - p and
    X ~ Binomial(N, p), the negative binomial distribution gives
    ``sum_{m=k}^{N-1} C(m,k) q^m p^{k+1} = q^k P(X > k)``, and the equation becomes
    ``delta P(X > k) = N p P(X = k)``.

    Examples
    --------
    >>> [round(100 * risk_bound(k, 10_000), 2) for k in (100, 161, 271, 408)]
    [1.4, 2.11, 3.35, 4.86]
    """
    _check(n_kept, n_pool, delta)
    # The equation's left side grows with epsilon: below delta at k/N, where each term is at most
    # 1, and infinite at 1. So halving finds the one root, and k = N leaves nothing to halve.
    return _root(lambda p: _log_left_side(p, n_kept, n_pool, delta) < 0, n_kept / n_pool, 1.0)


def two_sided_bounds(n_kept: int, n_pool: int, delta: float = 0.01) -> tuple[float, float]:
    """Both ends between which the share of fresh pairs that fail lies, of the same conditions.

    Parameters and errors are those of `risk_bound`.

    Returns
    -------
    (float, float)
        Low and high. With q = 1 - epsilon they are the two solutions of ``C(N,k) q^(N-k) =
        delta/(2N) sum_{m=k}^{N-1} C(m,k) q^(m-k) + delta/(6N) sum_{m=N+1}^{4N} C(m,k) q^(m-k)``;
        low is 0 where there is one, high is 1 if k = N.

    Notes
    -----
    Garatti and Campi, Mathematical Programming 191, 2022; used by Campi and Garatti, JMLR 24, 2023.
    As in `risk_bound` no sum is taken: times p^(k+1) they are tails of binomial distributions.

    Examples
    --------
    >>> [round(100 * two_sided_bounds(k, 10_000)[1], 2) for k in (100, 161, 271, 408)]
    [1.42, 2.14, 3.38, 4.9]
    """
    _check(n_kept, n_pool, delta)
    share = n_kept / n_pool

    def inside(p: float) -> bool:
        return _log_two_sided(p, n_kept, n_pool, delta) < 0

    # Below k/4N the left side is the greater one for every k whose sums would underflow there.
    start = share / 4 if n_kept > 20 else 1e-12
    low = 0.0 if not n_kept or inside(start) else _root(lambda p: not inside(p), start, share)
    return low, _root(inside, share, 1.0)


def _root(is_below: Callable[[float], bool], low: float, high: float) -> float:
    """Where `is_below` turns from true to false, by halving until no float lies between."""
    while low < (middle := (low + high) / 2) < high:
        if is_below(middle):
            low = middle
        else:
            high = middle
    return high


def _check(n_kept: int, n_pool: int, delta: float) -> None:
    if not (0 <= n_kept <= n_pool and 1 <= n_pool <= MAX_POOL and 0 < delta < 1):
        raise ValueError(f"n_kept must be from 0 to n_pool, n_pool from 1 to {MAX_POOL}, delta "
                         "between 0 and 1, both excluded. "
                         f"Received: n_kept={n_kept}, n_pool={n_pool}, delta={delta}")


def _log_two_sided(p: float, k: int, n: int, delta: float) -> float:
    """Logarithm of the sums of `two_sided_bounds` over its other side, for p in (0, 1)."""
    from scipy.special import betainc

    near = float(betainc(k + 1, n - k, p)) if k < n else 0.0
    far = float(betainc(k + 1, 4 * n + 1 - k, p) - betainc(k + 1, n + 1 - k, p))
    sums = near / 2 + far / 6
    if sums <= 0:  # underflow: far less than the other side
        return -math.inf
    return math.log(delta) + math.log(sums) - math.log(n) - math.log(p) - _log_equal(p, k, n)


def _log_equal(p: float, k: int, n: int) -> float:
    """Logarithm of P(X = k), X ~ Binomial(n, p)."""
    from scipy.special import gammaln

    # At n = 10^7 the gammas are near 1.5e8 and their difference is good to about 1e-7, which moves
    # a root by less than one part in 10^8.
    log_choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return float(log_choose + k * math.log(p) + (n - k) * math.log1p(-p))


def _log_left_side(p: float, k: int, n: int, delta: float) -> float:
    """Logarithm of the left side of the equation in `risk_bound`, for p in (k/n, 1)."""
    from scipy.special import betainc  # not scipy.stats: fifty calls for one bound

    log_more = math.log(betainc(k + 1, n - k, p))  # far from 0 for p above k/n
    return math.log(delta) + log_more - math.log(n) - math.log(p) - _log_equal(p, k, n)
