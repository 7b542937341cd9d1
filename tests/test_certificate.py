"""The risk bound against exact sums and simulated runs; progressive validation by hand."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from scipy.special import gammaln, logsumexp
from scipy.stats import binomtest

from shipdash.analysis.certificate import (
    MAX_POOL,
    certify,
    progressive_bound,
    recent_failure_rate,
    risk_bound,
)

HELD = {
    "deterministic": True,
    "clean_pass": True,
    "iid": True,
    "first_counted": True,
    "wall_clock_free": True,
}


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
    """Sums of 60 decimal digits give `exact`; `percent` is the same in docs/evidence.md.

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


def test_numpy_numbers_count_as_numbers():
    """Counts from arrays give the same plain float."""
    bound = risk_bound(np.int64(100), np.uint32(10_000), np.float64(0.01))
    assert type(bound) is float
    assert bound == risk_bound(100, 10_000, 0.01)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((-1, 10), "n_kept"),
        ((11, 10), "n_kept"),
        ((1.0, 10), "n_kept"),
        ((True, 10), "n_kept"),
        ((np.True_, 10), "n_kept"),
        ((math.nan, 10), "n_kept"),
        (("3", 10), "n_kept"),
        ((None, 10), "n_kept"),
        ((0, 0), "n_pool"),
        ((0, -5), "n_pool"),
        ((0, 10.0), "n_pool"),
        ((0, True), "n_pool"),
        ((0, MAX_POOL + 1), "n_pool"),
        ((1, 10, 0.0), "delta"),
        ((1, 10, 1.0), "delta"),
        ((1, 10, -0.1), "delta"),
        ((1, 10, math.nan), "delta"),
        ((1, 10, math.inf), "delta"),
        ((1, 10, True), "delta"),
        ((1, 10, "0.01"), "delta"),
        ((1, 10, None), "delta"),
    ],
)
def test_bad_input_is_named(arguments, name):
    """The error says which argument, what must hold and what came."""
    with pytest.raises(ValueError, match=rf"^{name} must .*\. Received: {name}="):
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


# ---- progressive validation


@pytest.mark.parametrize(
    ("n_clean", "confidence", "expected"),
    [(0, 0.95, 1.0), (1, 0.95, 0.95), (2, 0.75, 0.5), (3, 0.875, 0.5), (1, 0.2, 0.2)],
)
def test_progressive_bound_by_hand(n_clean, confidence, expected):
    """1 - (1 - confidence)^(1/m), and 1 before anything was tested."""
    assert progressive_bound(n_clean, confidence) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("n_clean", [1, 9, 1000])
def test_progressive_bound_is_the_one_sided_exact_interval(n_clean):
    """It equals scipy's one-sided Clopper-Pearson limit for no failure."""
    test = binomtest(0, n_clean, alternative="less")
    limit = test.proportion_ci(0.95, method="exact").high
    assert progressive_bound(n_clean) == pytest.approx(limit, rel=1e-9)


def test_progressive_bound_follows_the_rule_of_three():
    """For many clean tests it approaches -ln(0.05)/m, about 3/m."""
    assert progressive_bound(10**9) == pytest.approx(-math.log(0.05) / 10**9, rel=1e-8)


@pytest.mark.parametrize("confidence", [0.0, 1.0, math.nan, True, "0.95"])
def test_progressive_bound_names_a_bad_confidence(confidence):
    """Confidence is a share strictly between 0 and 1."""
    with pytest.raises(ValueError, match=r"^confidence must .*\. Received: confidence="):
        progressive_bound(10, confidence)


@pytest.mark.parametrize("n_clean", [-1, 2.0, True, math.nan])
def test_progressive_bound_names_a_bad_count(n_clean):
    """The number of clean tests is a whole number."""
    with pytest.raises(ValueError, match=r"^n_clean must .*\. Received: n_clean="):
        progressive_bound(n_clean)


def test_recent_rate_looks_at_the_last_pairs_only():
    """Failures before the window do not count."""
    failed = np.array([True] * 10 + [False, True, False, False])
    recent = recent_failure_rate(failed, 4)
    assert (recent.rate, recent.n_failed, recent.n_tested) == (0.25, 1, 4)


def test_recent_rate_takes_what_there_is():
    """A window longer than the stream looks at the whole stream."""
    failed = np.array([True, False, True])
    assert recent_failure_rate(failed, 100) == recent_failure_rate(failed, 3)
    assert recent_failure_rate(failed, 100).n_tested == 3


def test_recent_rate_of_nothing_is_no_rate():
    """Before the first test there is no rate, and every rate is possible."""
    assert recent_failure_rate(np.zeros(0, bool), 5) == (None, 0.0, 1.0, 0, 0)


@pytest.mark.parametrize("n_failed", [0, 1, 7, 49, 50])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_recent_interval_is_scipys(n_failed, confidence):
    """The same limits as binomtest's exact interval."""
    failed = np.arange(50) < n_failed
    expected = binomtest(n_failed, 50).proportion_ci(confidence, method="exact")
    recent = recent_failure_rate(failed, 50, confidence)
    assert recent[1:3] == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-12)
    assert recent.low <= recent.rate <= recent.high


@pytest.mark.parametrize(
    "failed",
    [np.array([0, 1, 1]), np.array([0.5]), np.zeros((2, 2), bool), np.bool_(True), [True], None],
)
def test_recent_rate_wants_a_bool_array(failed):
    """Numbers, lists and tables are not silently read as failures."""
    with pytest.raises(ValueError, match=r"^failed must be a bool array .*Received: failed="):
        recent_failure_rate(failed, 2)


@pytest.mark.parametrize("window", [0, -1, 1.5, True])
def test_recent_rate_names_a_bad_window(window):
    """An empty window would silently mean the whole stream."""
    with pytest.raises(ValueError, match=r"^window must .*\. Received: window="):
        recent_failure_rate(np.array([True, False]), window)


# ---- certify


def test_all_conditions_met_give_the_bound():
    """With every tick the certificate carries the bound and what it was asked."""
    certificate = certify(n_kept=271, n_pool=10_000, delta=0.01, **HELD)
    assert certificate.bound == risk_bound(271, 10_000, 0.01)
    assert certificate[1:4] == (271, 10_000, 0.01)
    assert [c.holds for c in certificate.conditions] == [True] * 5


@pytest.mark.parametrize("failing", HELD)
def test_one_failing_condition_withholds_the_bound(failing):
    """One cross is enough, it is the right one, and only its reason changes."""
    whole = certify(n_kept=271, n_pool=10_000, delta=0.01, **HELD)
    part = certify(n_kept=271, n_pool=10_000, delta=0.01, **{**HELD, failing: False})
    assert part.bound is None
    place = list(HELD).index(failing)
    assert [c.holds for c in part.conditions] == [i != place for i in range(5)]
    changed = [a != b for a, b in zip(whole.conditions, part.conditions, strict=True)]
    assert changed == [i == place for i in range(5)]
    assert whole.conditions[place].name == part.conditions[place].name
    assert whole.conditions[place].reason != part.conditions[place].reason


@pytest.mark.parametrize("holds", [True, False])
def test_conditions_read_as_sentences(holds):
    """Each has a name of its own and a reason that is a sentence."""
    conditions = certify(
        n_kept=1, n_pool=2, delta=0.01, **dict.fromkeys(HELD, holds)
    ).conditions
    assert len({c.name for c in conditions}) == len({c.reason for c in conditions}) == 5
    for c in conditions:
        assert c.reason[0].isupper()
        assert c.reason.endswith(".")
        assert "  " not in c.reason


@pytest.mark.parametrize("holds", [1, 0, None, "False", math.nan])
@pytest.mark.parametrize("name", HELD)
def test_conditions_are_true_or_false(name, holds):
    """Anything else is refused: the text "False" would count as true."""
    with pytest.raises(ValueError, match=rf"^{name} must be True or False\. Received: {name}="):
        certify(n_kept=1, n_pool=2, delta=0.01, **{**HELD, name: holds})


def test_numbers_are_checked_even_where_no_bound_is_shown():
    """A failing condition does not hide an impossible count."""
    with pytest.raises(ValueError, match=r"^n_kept must"):
        certify(n_kept=3, n_pool=2, delta=0.01, **{**HELD, "iid": False})


def test_certificate_holds_plain_python_values():
    """Values from numpy come back as what JSON can store."""
    certificate = certify(
        n_kept=np.int64(3), n_pool=np.int64(9), delta=np.float64(0.05),
        **{**HELD, "iid": np.True_},
    )
    kinds = [type(value) for value in certificate[:4]]
    assert kinds == [float, int, int, float]
    assert {type(c.holds) for c in certificate.conditions} == {bool}
