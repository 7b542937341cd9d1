"""Progressive validation by hand, and its intervals against published values."""

import math

import pytest
from scipy.stats import beta, binomtest

from shipdash.analysis.intervals import clopper_pearson, wilson
from shipdash.analysis.progressive_validation import first_pass, progressive, progressive_bound
from shipdash.records import Picked, Scanned, Trained

EVENTS = [Picked(1, 0, 0, 1, 1, None, None), Scanned(1, 3, 3, (1, 2), (1.0, 1.0), 2, 0, 0.1),
          Picked(1, 3, 3, 2, 4, 0.2, 0.0), Scanned(1, 7, 7, (4, 5, 6), (1.0,) * 3, 3, 0, 0.1),
          Scanned(2, 3, 9, (1, 2), (1.0, 1.0), 2, 0, 0.1), Picked(2, 4, 4, 3, 10, 0.1, 0.0)]


def test_progressive_validation_looks_at_the_first_pass_only():
    """Six scored pairs, one of which failed; three in a row passed at the end."""
    assert first_pass(EVENTS).tolist() == [False, False, True, False, False, False]
    found = progressive(EVENTS, window=4)
    assert (found.n_failed, found.n_tested, found.n_clean) == (1, 4, 3)
    assert found.bound == pytest.approx(1 - 0.05 ** (1 / 3))


def test_a_network_that_trained_on_is_another_one():
    """Three pairs passed after it trained without a pick: what passed before does not count."""
    events = [Picked(1, 0, 0, 1, 1, None, None), Scanned(1, 3, 3, (1, 2), (1.0, 1.0), 2, 0, 0.1),
              Trained(1, 5, 80, 0.9, 0.1, 1.0), Scanned(1, 6, 6, (3, 4, 5), (1.0,) * 3, 3, 0, 0.1)]
    found = progressive(events)
    assert (found.n_tested, found.n_clean) == (5, 3)


def test_progressive_validation_of_nothing():
    """Every rate is possible."""
    found = progressive([])
    assert found == (0, 0, 0.0, 1.0, 0, 1.0)


def test_a_window_longer_than_the_stream_takes_what_there_is():
    """All six scored pairs, one of which failed."""
    found = progressive(EVENTS, window=100)
    assert (found.n_failed, found.n_tested) == (1, 6)
    assert (found.low, found.high) == clopper_pearson(1, 6)


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


@pytest.mark.parametrize("n_failed", [0, 1, 7, 49, 50])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_the_exact_interval_has_beta_quantiles_for_ends(n_failed, confidence):
    """Clopper and Pearson's limits written out, 0 and 1 at the boundaries."""
    tail = (1 - confidence) / 2
    low = beta.ppf(tail, n_failed, 51 - n_failed) if n_failed else 0
    high = beta.ppf(1 - tail, n_failed + 1, 50 - n_failed) if n_failed < 50 else 1
    assert clopper_pearson(n_failed, 50, confidence) == pytest.approx((low, high), rel=1e-9)


def test_wilson_agrees_with_a_published_value():
    """Newcombe, Stat. Med. 17, 1998: 81 of 263 gives 0.2553 to 0.3662."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
def test_nothing_tested_allows_every_rate(interval):
    """No pair, no knowledge."""
    assert interval(0, 0) == (0.0, 1.0)
