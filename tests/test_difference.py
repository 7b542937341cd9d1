"""Tests of means against SciPy, by hand, and their false positive rate on simulated studies."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks import simulated_studies
from shipdash.analysis.difference import Units, arm_difference, paired, summary, welch

SEED = 20261126


def _units(values):
    return Units(np.mean(values), np.std(values, ddof=1) if len(values) > 1 else math.nan,
                 len(values))


def _row(values, sets):
    return pd.Series({"n_runs": len(values)} | summary(values, sets, "x"))


@pytest.mark.parametrize("sizes", [(3, 3), (4, 9), (10, 10)])
def test_welch_is_scipys(sizes):
    """Interval and p value of the same test, computed by another implementation."""
    rng = np.random.default_rng(SEED)
    one, two = rng.normal(1, 1, sizes[0]), rng.normal(0, 3, sizes[1])
    theirs = stats.ttest_ind(one, two, equal_var=False)
    ours = welch(_units(one), _units(two))
    ends = theirs.confidence_interval()
    assert ours == pytest.approx((np.mean(one) - np.mean(two), ends.low, ends.high, theirs.pvalue))


def test_paired_is_scipys():
    """One difference a selection."""
    found = np.random.default_rng(SEED).normal(0.5, 1, 7)
    theirs = stats.ttest_1samp(found, 0)
    ends = theirs.confidence_interval()
    assert paired(found) == pytest.approx((found.mean(), ends.low, ends.high, theirs.pvalue))


def test_one_set_is_one_observation_however_many_runs_it_has():
    """By hand: 0.9 against 1, 2, 3 is 1.1 / (1 * sqrt(4/3)) = 0.953 at two degrees of freedom."""
    one = arm_difference(_row([0.8, 0.9, 1.0], "aaa"), _row([1, 2, 3], "abc"), "x")
    assert one.at == pytest.approx(-1.1)
    assert one.p == pytest.approx(2 * stats.t.sf(1.1 / math.sqrt(4 / 3), 2))
    many = arm_difference(_row([0.89, 0.9, 0.91] * 9, "a" * 27), _row([1, 2, 3], "abc"), "x")
    assert many.p == pytest.approx(one.p)


def test_runs_of_one_set_that_vary_more_than_the_other_sets_do_are_not_taken_for_exact():
    """Then Welch's interval over runs is the wider one, whichever arm comes first."""
    wide, narrow = [0.0, 0.9, 1.8], [2.0, 2.01, 2.02]
    found = arm_difference(_row(wide, "aaa"), _row(narrow, "abc"), "x")
    assert found.p == pytest.approx(stats.ttest_ind(wide, narrow, equal_var=False).pvalue)
    other = arm_difference(_row(narrow, "abc"), _row(wide, "aaa"), "x")
    assert other == pytest.approx((-found.at, -found.high, -found.low, found.p))


@pytest.mark.parametrize(("one", "other"), [
    (([1, 2, 3], "aaa"), ([4, 5, 6], "aaa")),  # nothing is known of other sets
    (([1, 2, 3], "abc"), ([4, 5], "ab")),
    (([1, 2, 3], "abc"), ([4, 5, 6, 6], "aabb")),  # four runs, two draws
    (([1, 2, math.nan], "aaa"), ([4, 5, 6], "abc")),
    (([1, 2, 3], "aaa"), ([4, 5, math.inf], "abc")),
    (([1, 1, 1], "aaa"), ([0.1 + 0.2, 0.3, 0.3], "abc")),  # these differ by rounding only
])
def test_no_verdict_without_spread_draws_or_numbers(one, other):
    """Too few, not finite, or no variation: no p value and no interval."""
    found = arm_difference(_row(*one), _row(*other), "x")
    assert not found.is_defined and not found.separated and math.isnan(found.low)


def test_two_sets_are_compared_as_they_are_when_asked_to():
    """Networks on these two sets, with other model seeds."""
    rows = _row([1, 2, 3], "aaa"), _row([7, 8, 9], "aaa")
    assert arm_difference(*rows, "x", these_sets=True).p == pytest.approx(
        stats.ttest_ind([1, 2, 3], [7, 8, 9], equal_var=False).pvalue)


def test_too_few_orders_give_no_verdict():
    """Two differences, or none."""
    assert not paired([1.0, 1.1]).is_defined and not paired([]).is_defined


@pytest.mark.parametrize("share", simulated_studies.SHARES)
@pytest.mark.parametrize("own_sets", [False, True])
def test_without_an_effect_a_difference_is_claimed_in_one_study_of_twenty(share, own_sets):
    """2,000 simulated studies each; at most 5 % and the binomial error of 2,000 (99 %)."""
    rate = simulated_studies.share_separated(2_000, share=share, own_sets=own_sets, seed=SEED)
    assert rate <= 0.05 + 2.33 * math.sqrt(0.05 * 0.95 / 2_000)


@pytest.mark.parametrize("share", simulated_studies.SHARES)
def test_core_runs_that_vary_more_do_not_make_false_claims(share):
    """Model seeds that change core runs five times as much as random ones: at most 5 % again."""
    rate = simulated_studies.share_separated(2_000, share=share, spread=5.0, seed=SEED)
    assert rate <= 0.05 + 2.33 * math.sqrt(0.05 * 0.95 / 2_000)


def test_a_further_observation_alone_would_make_them():
    """The test of that test: Student's interval takes the random draws' spread for the core's."""
    chance = np.random.default_rng(SEED)
    core, random = simulated_studies.draw(2_000, 3, share=0.0, effect=0.0, own_sets=False,
                                          spread=5.0, chance=chance)
    apart = np.abs(core.mean(1) - random.mean(1)) / (random.std(1, ddof=1) * math.sqrt(4 / 3))
    assert (apart > stats.t.isf(0.025, 2)).mean() > 0.15


def test_the_rule_this_one_replaced_fails_the_same_simulation():
    """The test of the test: wholly apart, with shared sets, claims far more than 5 %."""
    chance = np.random.default_rng(SEED)
    core, random = simulated_studies.draw(2_000, 3, share=0.5, effect=0.0, own_sets=False,
                                          spread=1.0, chance=chance)
    apart = (core.max(1) < random.min(1)) | (core.min(1) > random.max(1))
    assert apart.mean() > 0.15


def test_power_is_that_of_the_noncentral_t_distribution():
    """Ten selections, each with its random draw: exact, against simulation."""
    power = simulated_studies.paired_power(10, 1.0)
    chance = np.random.default_rng(SEED)
    found = [paired(row).separated for row in chance.normal(1.0, 1.0, (4_000, 10))]
    assert power == pytest.approx(np.mean(found), abs=0.025)
    assert simulated_studies.paired_power(10, 0.0) == pytest.approx(0.05)
