"""The risk bound against exact sums and simulated runs; its conditions, run by run."""

from __future__ import annotations

import dataclasses
import math
import time
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from scipy.special import gammaln, logsumexp
from stored_results import HERE, WEIGHTS, a_run, a_verification

from shipdash.analysis.certificate import (
    MAX_POOL,
    certificate_of,
    risk_bound,
    two_sided_bounds,
)
from shipdash.config import RunConfig


def exact_left_side(epsilon: Fraction, k: int, n: int, delta: Fraction) -> Fraction:
    """The published equation's left side, term by term and without any rounding."""
    terms = (Fraction(math.comb(m, k), math.comb(n, k)) / (1 - epsilon) ** (n - m)
             for m in range(k, n))
    return delta / n * sum(terms, Fraction(0))


def log_left_side_summed(epsilon: float, k: int, n: int, delta: float) -> float:
    """The same for large pools, in floats: every term's logarithm, then their sum."""
    chunks = []
    for start in range(k, n, 500_000):  # keeps memory small at N = 10^7
        m = np.arange(start, min(start + 500_000, n))
        log_choose = gammaln(m + 1) - gammaln(m - k + 1) - gammaln(k + 1)
        chunks.append(logsumexp(log_choose - (n - m) * math.log1p(-epsilon)))
    return math.log(delta / n) + float(logsumexp(chunks)) - math.log(math.comb(n, k))


def brackets_the_root(bound: float, k: int, n: int, delta: float, slack: Fraction) -> bool:
    """Whether the exact left side crosses 1 within `slack` of the bound, from k/n upwards."""
    below, above = Fraction(bound) * (1 - slack), Fraction(bound) * (1 + slack)
    exact = Fraction(delta)
    return (
        exact_left_side(max(below, Fraction(k, n)), k, n, exact)
        < 1
        < exact_left_side(above, k, n, exact)
    )


# ---- two_sided_bounds


@pytest.mark.parametrize(("k", "percent"), [(100, 1.42), (161, 2.14), (271, 3.38), (408, 4.90)])
def test_two_sided_bound_agrees_with_the_reference_code(k, percent):
    """Upper ends for 10,000 pairs; a little above the one-sided bound."""
    low, high = two_sided_bounds(k, 10_000)
    assert round(100 * high, 2) == percent
    assert 0 < low < k / 10_000 < risk_bound(k, 10_000) < high


def two_sided_excess(epsilon: Fraction, k: int, n: int, delta: Fraction) -> Fraction:
    """Right side minus left side of the published equation, term by term, without rounding."""
    t = 1 - epsilon
    below = sum((math.comb(i, k) * t ** (i - k) for i in range(k, n)), Fraction(0))
    above = sum((math.comb(i, k) * t ** (i - k) for i in range(n + 1, 4 * n + 1)), Fraction(0))
    return delta / (2 * n) * below + delta / (6 * n) * above - math.comb(n, k) * t ** (n - k)


@pytest.mark.parametrize(("k", "n"), [(1, 3), (3, 7), (6, 7), (5, 30), (12, 20), (29, 30)])
@pytest.mark.parametrize("delta", [0.01, 0.3])
def test_two_sided_bounds_are_roots_of_the_exact_sums(k, n, delta):
    """The exact sums change sign at both ends, upwards at the upper one."""
    low, high = two_sided_bounds(k, n, delta)
    step, exact = Fraction(1, 10**8), Fraction(delta)
    assert two_sided_excess(Fraction(high) * (1 - step), k, n, exact) < 0
    assert two_sided_excess(Fraction(high) * (1 + step), k, n, exact) > 0
    if low:
        assert two_sided_excess(Fraction(low) * (1 - step), k, n, exact) > 0
        assert two_sided_excess(Fraction(low) * (1 + step), k, n, exact) < 0
    else:  # the second root in t lies above 1
        assert two_sided_excess(Fraction(0), k, n, exact) <= 0


def test_two_sided_bounds_at_both_ends():
    """Nothing kept has no lower bound, everything kept no upper one; nonsense is refused."""
    assert two_sided_bounds(0, 100)[0] == 0
    assert 0.4 < two_sided_bounds(5_000, 10_000)[0] < 0.5  # large sets underflow nowhere
    assert two_sided_bounds(100, 100)[1] == 1
    with pytest.raises(ValueError, match="n_kept"):
        two_sided_bounds(5, 4)


# ---- risk_bound: the equation


@pytest.mark.parametrize(("k", "n"), [(0, 1), (0, 7), (3, 7), (6, 7), (5, 30), (29, 30)])
def test_bound_equals_the_root_found_with_fractions(k, n):
    """Halving in exact arithmetic ends at the same number."""
    low, high = Fraction(k, n), Fraction(1)
    for _ in range(44):  # 2^-44 is finer than the tolerance below
        middle = (low + high) / 2
        if exact_left_side(middle, k, n, Fraction(1, 100)) < 1:
            low = middle
        else:
            high = middle
    assert risk_bound(k, n) == pytest.approx(float(high), rel=1e-10)


@pytest.mark.parametrize("delta", [1e-6, 0.01, 0.5, 0.999])
def test_every_small_case_solves_the_exact_equation(delta):
    """For all k < N up to 30 the exact sum crosses 1 within one part in 10^12 of the bound."""
    sizes = range(1, 31) if delta == 0.01 else (1, 2, 5, 18)
    wrong = [
        (k, n)
        for n in sizes
        for k in range(n)
        if not brackets_the_root(risk_bound(k, n, delta), k, n, delta, Fraction(1, 10**12))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("k", "percent", "exact"),
    [
        (100, 1.4, 0.013963045235614),
        (161, 2.1, 0.021066520913374),
        (271, 3.4, 0.033477683890301),
        (408, 4.9, 0.048566806295316),
    ],
)
def test_reference_values_at_ten_thousand(k, percent, exact):
    """Sums of 60 decimal digits give `exact`; `percent` is the same, rounded.

    Its 3.4 stands for 3.348, rounded twice (3.35, then 3.4): hence 0.06 and not 0.05.
    """
    assert risk_bound(k, 10_000) == pytest.approx(exact, rel=1e-10)
    assert 100 * risk_bound(k, 10_000) == pytest.approx(percent, abs=0.06)


@pytest.mark.parametrize(
    ("k", "n"),
    [(0, 10_000), (9_000, 10_000), (9_990, 10_000), (1, 300_000), (100_000, 300_000),
     (271, MAX_POOL)],
)
def test_large_pools_solve_the_summed_equation(k, n):
    """A sum over every term crosses 1 within one part in 10^7 of the bound (of 1 - it, near 1)."""
    bound = risk_bound(k, n)
    step = 1e-7 * min(bound, 1 - bound)
    assert log_left_side_summed(bound - step, k, n, 0.01) < 0
    assert log_left_side_summed(bound + step, k, n, 0.01) > 0


# ---- risk_bound: boundaries and invariants


@pytest.mark.parametrize("n", [1, 2, 10_000, MAX_POOL])
def test_keeping_every_pair_promises_nothing(n):
    """k = N gives exactly 1."""
    assert risk_bound(n, n) == 1.0


@pytest.mark.parametrize("n", [1, 2, 30, 1000])
def test_all_but_one_kept_by_hand(n):
    """k = N - 1 leaves one term: 1 - epsilon = delta / N^2."""
    assert 1 - risk_bound(n - 1, n, 0.05) == pytest.approx(0.05 / n**2, rel=1e-8)


def test_nothing_kept_of_two_by_hand():
    """k = 0, N = 2: delta/2 (x + x^2) = 1 with x = 1/(1 - epsilon), a quadratic in x."""
    x = (-1 + math.sqrt(1 + 8 / 0.01)) / 2
    assert risk_bound(0, 2, 0.01) == pytest.approx(1 - 1 / x, rel=1e-12)


@pytest.mark.parametrize("n", [1, 17, 400])
def test_bound_grows_with_the_core_set(n):
    """One more pair kept is a weaker promise, and always weaker than k/N."""
    bounds = np.array([risk_bound(k, n) for k in range(n + 1)])
    assert np.all(np.diff(bounds) > 0)
    assert np.all(bounds[:-1] > np.arange(n) / n)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_bound_falls_towards_the_share_kept_as_pools_grow(share):
    """At a fixed k/N a larger pool promises more, and k/N is the limit."""
    bounds = [risk_bound(round(share * n), n) for n in (100, 1000, 10_000, 10**6, MAX_POOL)]
    assert np.all(np.diff(bounds) < 0)
    assert bounds[-1] == pytest.approx(share, rel=0.03, abs=1e-6)


def test_bound_grows_with_confidence():
    """A smaller delta makes a larger bound."""
    bounds = [risk_bound(50, 1000, delta) for delta in (0.999, 0.5, 0.05, 0.01, 1e-12, 1e-300)]
    assert np.all(np.diff(bounds) > 0)
    assert bounds[-1] < 1


def test_the_largest_pool_is_quick():
    """Ten bounds at N = 10^7 take well under a second and are finite."""
    began = time.process_time()  # ours alone, however busy the machine is
    kept = [0, 1, 100, 10**4, 10**6, 5 * 10**6, MAX_POOL - 10**4, MAX_POOL - 2, MAX_POOL - 1]
    bounds = [risk_bound(k, MAX_POOL) for k in kept]
    assert time.process_time() - began < 1
    assert np.all(np.diff(bounds) >= 0)
    assert 0 < bounds[0] <= bounds[-1] <= 1


@pytest.mark.parametrize("arguments", [
    (-1, 10), (11, 10), (math.nan, 10), (0, 0), (0, -5), (0, MAX_POOL + 1),
    (1, 10, 0.0), (1, 10, 1.0), (1, 10, -0.1), (1, 10, math.nan), (1, 10, math.inf)])
def test_numbers_out_of_range_are_named(arguments):
    """The error says what must hold and what came."""
    with pytest.raises(ValueError, match=r"must be .*\. Received: n_kept="):
        risk_bound(*arguments)


# ---- simulation: a learner of thresholds, one per group, that learns from its mistakes
#
# A pair is (group, x), group uniform among d and x uniform on [0, 1]. The learner keeps a
# threshold per group and fails on a pair above it; its true risk is the mean of 1 - threshold.


def learn(groups: np.ndarray, x: np.ndarray, order: np.ndarray, n_groups: int, first: int):
    """Core set in order of selection and thresholds, passes repeated until one is clean."""
    core = list(order[:first])
    thresholds = np.zeros(n_groups)
    np.maximum.at(thresholds, groups[core], x[core])
    added = True
    while added:
        added = False
        for i in order[first:]:
            if x[i] > thresholds[groups[i]]:
                core.append(i)
                thresholds[groups[i]] = x[i]
                added = True
    return np.array(core), thresholds


@cache
def simulated(worst_first: bool) -> tuple[np.ndarray, np.ndarray, int]:
    """Core sizes and true risks of 600 runs on fresh pools, and the size of the pools."""
    rng = np.random.default_rng(20261124)  # any seed; fixed so that a failure can be repeated
    n_runs, n, n_groups = 600, 120, 8
    sizes, risks = [], []
    for _ in range(n_runs):
        groups, x = rng.integers(n_groups, size=n), rng.random(n)
        order = np.argsort(-x) if worst_first else rng.permutation(n)
        core, thresholds = learn(groups, x, order, n_groups, first=0 if worst_first else 5)
        sizes.append(len(core))
        risks.append(np.mean(1 - thresholds))
    return np.array(sizes), np.array(risks), n


def test_the_simulated_learner_is_a_compression():
    """Run on its core pairs alone, it picks the same pairs and ends with the same thresholds."""
    rng = np.random.default_rng(7)
    groups, x, order = rng.integers(4, size=200), rng.random(200), rng.permutation(200)
    core, thresholds = learn(groups, x, order, 4, first=5)
    in_stream_order = order[np.isin(order, core)]
    again, same_thresholds = learn(groups, x, in_stream_order, 4, first=5)
    assert 5 < len(core) < 60
    np.testing.assert_array_equal(core, again)
    np.testing.assert_array_equal(thresholds, same_thresholds)


@pytest.mark.parametrize("worst_first", [False, True])
@pytest.mark.parametrize("delta", [0.01, 0.1, 0.5])
def test_the_bound_holds_as_often_as_promised(worst_first, delta):
    """The true risk exceeds the bound in no more than the share delta of simulated runs."""
    sizes, risks, n = simulated(worst_first)
    bounds = np.array([risk_bound(int(k), n, delta) for k in sizes])
    assert np.mean(risks > bounds) <= delta


def test_the_simulation_can_tell_a_bound_from_a_guess():
    """With the worst failure first, the bare share kept is exceeded in a third of the runs."""
    sizes, risks, n = simulated(True)
    assert np.mean(risks > sizes / n) > 1 / 3


# ---- the conditions


NAMES = {"The picks alone decide the network": "deterministic",
         "The last pass was clean": "clean_pass", "The pairs are independent draws": "iid",
         "The first pairs count": "first_counted",
         "Elapsed time decided nothing": "wall_clock_free",
         "Every kept pair was learnt": "all_learnt"}


VERIFIED = a_verification()


def _finished(verified=VERIFIED, **changes):
    of_result = {name.removeprefix("result."): value for name, value in changes.items()
                 if name.startswith("result.")}
    asked = {name: value for name, value in changes.items() if not name.startswith("result.")}
    return a_run(RunConfig().replace(**asked), **{
        "core": list(range(100)), "n_pool": 10_000, "reason": "clean",
        "device": "CPU (2 threads)", "weights_sha256": WEIGHTS,
        "segments": [dataclasses.asdict(HERE)], **of_result}, verified=verified)


@pytest.mark.parametrize(("changes", "crossed"), [
    ({}, []),
    ({"selection.idle_epochs": True}, ["deterministic"]),
    ({"result.device": "GPU: NVIDIA"}, ["deterministic"]),
    ({"result.reason": "exhausted"}, ["clean_pass"]),
    ({"result.reason": "stalled"}, ["clean_pass"]),
    ({"planted.distinct": 50}, ["iid"]),
    ({"planted.duplicates": 0.5}, ["iid"]),
    ({"selection.exclude": ["0" * 16]}, ["iid"]),
    ({"planted.label_noise": 0.1}, []),
    ({"result.core": [1, 2]}, ["first_counted"]),
    ({"result.core": [1] * 100}, ["first_counted"]),
    ({"result.set_aside": [7]}, ["all_learnt"]),
])
def test_conditions_are_read_from_the_run(changes, crossed):
    """Each is crossed by what breaks it and by nothing else; then there is no bound."""
    found = certificate_of(_finished(**changes))
    assert [NAMES[c.name] for c in found.conditions if not c.holds] == crossed
    assert (found.bound is None) == bool(crossed)


@pytest.mark.parametrize(("changes", "words"), [
    ({"verified": None}, "shipdash verify"),
    ({"verified": a_verification("b" * 64)}, "other weights."),
    ({"verified": a_verification("b" * 64, dataclasses.replace(HERE, threads=2))}, "other threads"),
    ({"result.weights_sha256": None}, "did not store a hash"),
    ({"result.segments": [dataclasses.asdict(HERE), dataclasses.asdict(HERE) | {"numpy": "1"}]},
     "different machines"),
    ({"result.segments": [None, dataclasses.asdict(HERE)]}, "did not record"),
])
def test_determinism_is_ticked_only_after_the_replay(changes, words):
    """Without one, with other weights or from parts made differently: no tick, and it says why."""
    found = certificate_of(_finished(**changes))
    assert not found.conditions[0].holds and words in found.conditions[0].reason
    assert found.bound is None


@pytest.mark.parametrize(("n", "n_failing", "reason", "clean"), [
    (9_900, 0, "exhausted", True), (9_900, 1, "exhausted", False), (9_899, 0, "exhausted", False),
    (9_900, 0, "stalled", False)])
def test_a_whole_reaudit_without_failure_is_a_clean_pass(n, n_failing, reason, clean):
    """The same network looking at the same pairs; a part of them, or a stalled run, is none."""
    again = {"n": n, "n_failing": n_failing, "lowest_iou": None, "failing": []}
    found = certificate_of(_finished(**{"result.reason": reason, "result.reaudit": again}))
    assert found.conditions[1].holds is clean


def test_the_certificate_says_what_it_was_asked():
    """The bound of the run's own numbers, and these beside it."""
    found = certificate_of(_finished(), delta=0.05)
    assert found[:4] == (risk_bound(100, 10_000, 0.05), 100, 10_000, 0.05)
    assert found.two_sided == two_sided_bounds(100, 10_000, 0.05)[1]


def test_conditions_read_as_sentences():
    """Each has a name of its own, and a reason that is another sentence where it does not hold."""
    held = certificate_of(_finished()).conditions
    crossed = certificate_of(_finished(**{
        "result.device": "GPU", "result.reason": "stalled", "planted.distinct": 50,
        "result.core": [1, 2], "result.set_aside": [2]})).conditions
    assert len({c.name for c in held}) == 6 and [c.name for c in held] == [c.name for c in crossed]
    assert len({c.reason for c in (*held, *crossed)}) == 11  # no clock ever decides
    for c in (*held, *crossed):
        assert c.reason[0].isupper() and c.reason.endswith(".") and "  " not in c.reason
