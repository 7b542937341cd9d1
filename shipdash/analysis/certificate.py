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
from shipdash.results import Result, StoredRun, Verification

MAX_POOL = 10_000_000  # as far as `risk_bound` is tested; the settings allow no more either


class Condition(NamedTuple):
    """One thing that must hold for the bound: a tick or a cross on the page, and why."""

    name: str
    holds: bool
    reason: str


NOT_CHECKED = (
    "The settings were chosen without this pool",
    "The bound holds for settings that were fixed before anybody looked at this pool. A run's "
    "records do not show that, so only the person who chose the settings can say it.")
"""A condition that the program can never tick: its name, and why."""


class Certificate(NamedTuple):
    """The risk bound, or None where a condition fails, and what it rests on.

    With probability at least ``1 - delta`` over the pool, at most the share `bound` of fresh
    pairs, drawn alike (label noise included), fail: for one run named beforehand, not the best.
    `two_sided` is the upper end of `two_sided_bounds`, a little weaker, or None likewise.
    """

    bound: float | None
    n_kept: int
    n_pool: int
    delta: float
    conditions: tuple[Condition, ...]
    two_sided: float | None
    not_checked: tuple[str, str] = NOT_CHECKED


def certificate_of(run: StoredRun, delta: float = 0.01) -> Certificate:
    """The certificate of a finished run."""
    n_kept, n_pool = run.result.n_core, run.result.n_pool
    checked = conditions(run.config, run.result, run.verified)
    holds = all(condition.holds for condition in checked)
    bound = risk_bound(n_kept, n_pool, delta) if holds else None
    two_sided = two_sided_bounds(n_kept, n_pool, delta)[1] if holds else None
    return Certificate(bound, n_kept, n_pool, delta, checked, two_sided)


def conditions(config: RunConfig, result: Result,
               verified: Verification | None) -> tuple[Condition, ...]:
    """What must hold for `risk_bound` to be a bound, as the run's own records show it."""
    failed = _why_not_the_picks(config, result, verified)
    return (
        _condition(
            not failed, "The picks alone decide the network",
            "Training on the core pairs alone, in the same order and without scanning, gave the "
            "same weights to the last bit.", failed),
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
            "Training and passes end because of scores and counts, never because of time: this "
            "holds by construction."),
        _condition(
            not result.set_aside, "Every kept pair was learnt",
            "Training reached its score on every pair that was kept.",
            "Some kept pairs could not be learnt and were set aside; the bound holds only for "
            "networks that have learnt every pair of their core set."),
    )


def _why_not_the_picks(config: RunConfig, result: Result, verified: Verification | None) -> str:
    """Why the core pairs in their order may not give the network; empty where they do, which is
    shown by training and not inferred."""
    if config.selection.idle_epochs or not result.device.startswith("CPU"):
        # A GPU's sums depend on the order in which they happen to be made. A scan that finds
        # nothing and still trains would let block size and discarded pairs decide.
        return ("The network may depend on more than the core pairs and their order: on a device "
                "whose results are not repeatable, or on the size of the scan block.")
    if len(result.segments) > 1:
        return ("Parts of the run were computed on different machines, or with different threads "
                "or versions, or by a version that did not record them.")
    if result.weights_sha256 is None:
        return ("This has not been checked. The run did not store a hash of its weights, with "
                "which those of a repeated training could be compared. Runs started now do.")
    if verified is None:
        return ("This has not been checked. The command `python -m shipdash verify "
                f"{result.run_id}` trains on the core pairs alone and compares the weights.")
    if verified.weights_sha256 != result.weights_sha256:
        elsewhere = (verified.environment,) != result.segments
        return ("Training on the core pairs alone gave other weights"
                + (", on another machine or with other threads or versions." if elsewhere else "."))
    return ""


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
    return _halve(n_kept / n_pool, 1.0,
                  lambda p: _log_left_side(p, n_kept, n_pool, delta) < 0)


def two_sided_bounds(n_kept: int, n_pool: int, delta: float = 0.01) -> tuple[float, float]:
    """Bounds on the probability that one more pair would change the core set.

    Parameters as in `risk_bound`.

    Returns
    -------
    tuple of float
        epsilon_L in [0, k/N] and epsilon_U in [k/N, 1]. A fresh pair that fails changes the core
        set, so epsilon_U also bounds the share of fresh pairs that fail; epsilon_L does not
        bound it from below, since a pair may change the core set without failing the final network.

    Raises
    ------
    ValueError
        A number lies outside its range.

    Notes
    -----
    1 - epsilon_U and 1 - epsilon_L are the two roots t of ``C(N,k) t^(N-k) =
    delta/2N sum_{i=k}^{N-1} C(i,k) t^(i-k) + delta/6N sum_{i=N+1}^{4N} C(i,k) t^(i-k)``, the second
    at most 1 (Campi and Garatti, JMLR 24, 2023). With p = 1 - t the negative binomial
    distribution gives ``sum_{i=k}^{M-1} C(i,k) t^(i-k) p^(k+1) = I_p(k+1, M-k)``.

    Examples
    --------
    >>> [round(100 * two_sided_bounds(k, 10_000)[1], 2) for k in (100, 161, 271, 408)]
    [1.42, 2.14, 3.38, 4.9]
    """
    _check(n_kept, n_pool, delta)
    k, n = n_kept, n_pool
    upper = 1.0 if k == n else _halve(k / n, 1.0, lambda p: _log_excess(p, k, n, delta) < 0)
    # At k/4N half of the second sum's distribution is there, which nearly always exceeds the left
    # side, and no term underflows. Where it does not, k is small, and so is the root.
    for low in (k / (4 * n), 1e-12):
        if k and _log_excess(low, k, n, delta) > 0:
            return _halve(low, k / n, lambda p: _log_excess(p, k, n, delta) > 0), upper
    return 0.0, upper


def _check(n_kept: int, n_pool: int, delta: float) -> None:
    if not (0 <= n_kept <= n_pool and 1 <= n_pool <= MAX_POOL and 0 < delta < 1):
        raise ValueError(f"n_kept must be from 0 to n_pool, n_pool from 1 to {MAX_POOL}, delta "
                         "between 0 and 1, both excluded. "
                         f"Received: n_kept={n_kept}, n_pool={n_pool}, delta={delta}")


def _halve(low: float, high: float, is_left: Callable[[float], bool]) -> float:
    """Where `is_left` turns from true to false between the two, to the last float."""
    while low < (middle := (low + high) / 2) < high:  # until no float lies between
        if is_left(middle):
            low = middle
        else:
            high = middle
    return high


def _log_excess(p: float, k: int, n: int, delta: float) -> float:
    """Logarithm of right side over left side of the equation in `two_sided_bounds`, p in (0, 1)."""
    from scipy.special import betainc

    below = betainc(k + 1, n - k, p) if k < n else 0.0
    above = betainc(k + 1, 4 * n + 1 - k, p) - betainc(k + 1, n + 1 - k, p)
    right = (3 * below + above) * delta / (6 * n)
    return (math.log(right) if right > 0 else -math.inf) - math.log(p) - _log_equal(p, k, n)


def _log_equal(p: float, k: int, n: int) -> float:
    """Logarithm of P(X = k) for X ~ Binomial(n, p), p in (0, 1)."""
    from scipy.special import gammaln

    log_choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return log_choose + k * math.log(p) + (n - k) * math.log1p(-p)


def _log_left_side(p: float, k: int, n: int, delta: float) -> float:
    """Logarithm of the left side of the equation in `risk_bound`, for p in (k/n, 1)."""
    from scipy.special import betainc  # not scipy.stats: fifty calls for one bound

    # At n = 10^7 the gammas are near 1.5e8 and their difference is good to about 1e-7, which moves
    # the root by less than one part in 10^8. P(X > k) is far from 0 for p above k/n.
    log_more = math.log(betainc(k + 1, n - k, p))
    return math.log(delta) + log_more - math.log(n) - math.log(p) - _log_equal(p, k, n)
