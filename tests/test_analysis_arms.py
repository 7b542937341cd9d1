"""The evidence's tables against other implementations, hand cases and simulation."""

import dataclasses
import json
import math

import numpy as np
import pandas as pd
import pytest
from evidence_runs import N_CORE, N_HELD_OUT, N_POOL, arm, config, everything, selection
from scipy.stats import bootstrap, hypergeom
from sklearn.isotonic import IsotonicRegression
from stored_results import a_run

from shipdash import analysis, figures
from shipdash.acceptance import fails
from shipdash.analysis import ArmRun
from shipdash.analysis.arms import network_words
from shipdash.analysis.bootstrap import interval, monotone, resampled_means
from shipdash.analysis.core_against_random import Verdict, verdict
from shipdash.analysis.difference import arm_difference, difference_words
from shipdash.analysis.overlap import random_overlap
from shipdash.analysis.random_curve import invert
from shipdash.config import ConfigError, RunConfig
from shipdash.records import StopReason
from shipdash.runs import Store, StoreError
from shipdash.studies import collect, replicas

SEED = 20261124  # any; fixed so that a failure can be repeated


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A runs folder with every kind of run around one selection, and that selection's tables."""
    store = Store(tmp_path_factory.mktemp("runs"))
    run_id = everything(store)
    return store, run_id, collect.gather(store, run_id)


def _run(kind: str, iou, *, stop=analysis.EQUAL_UPDATES, network="same", n_pairs=10, seed=1,
         n_backward=100):
    asked = config(**{"seeds.model": seed})
    if kind in ("random", "stratified", "rejected"):  # each run has a draw of its own
        asked = asked.replace(**{"arm.kind": kind, "arm.source": "0" * 16, "arm.draw": seed,
                                 "arm.n_steps": 1})
    run = a_run(asked, core=list(range(n_pairs)), n_forward=0,
                seconds=9.0, n_backward=n_backward,
                phases={"startup": 1.0, "compile": 1.0, "evaluate": 3.0})
    return ArmRun(run, np.asarray(iou, float), analysis.ARMS[kind], stop, network)


# ---- resampling


def test_resampled_differences_agree_with_scipys_paired_bootstrap():
    """The same percentile interval of a paired difference, to the noise of 2,000 resamples."""
    rng = np.random.default_rng(SEED)
    one, two = rng.beta(8, 2, 500), rng.beta(7, 2, 500)
    drawn = resampled_means(np.stack([one, two]))
    ours = interval(drawn[:, 0] - drawn[:, 1])
    theirs = bootstrap((one, two), lambda a, b, axis: np.mean(a - b, axis=axis), paired=True,
                       n_resamples=5000, method="percentile", rng=rng).confidence_interval
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.0015)


def test_resamples_are_shared_by_rows_and_repeat():
    """Equal rows get equal means, and the same call the same numbers, however it is cut up."""
    values = np.random.default_rng(SEED).random((1, 30))
    drawn = resampled_means(np.concatenate([values, values]))
    assert np.array_equal(drawn[:, 0], drawn[:, 1])
    assert np.array_equal(drawn, resampled_means(np.concatenate([values, values])))
    assert drawn.shape == (2000, 2)


def test_the_interval_covers_as_often_as_it_says():
    """Over many made-up pairs of networks the true difference lies inside about 95 times in 100."""
    rng, inside = np.random.default_rng(SEED), 0
    for trial in range(300):
        shared = rng.random(200)
        values = np.stack([shared + 0.1 + rng.normal(0, 0.2, 200), shared])
        drawn = resampled_means(values, 400, seed=trial)
        low, high = interval(drawn[:, 0] - drawn[:, 1])
        inside += low <= 0.1 <= high
    assert 0.90 <= inside / 300 <= 0.98


def test_infinite_draws_stay_at_their_end():
    """One draw in ten beyond the curve makes the upper end infinite and no other number."""
    draws = np.array([50.0] * 90 + [math.inf] * 10)
    assert interval(draws) == (50.0, math.inf)


@pytest.mark.parametrize("trial", range(20))
def test_monotone_fit_is_scikit_learns(trial):
    """Pool adjacent violators, weights included."""
    rng = np.random.default_rng(trial)
    n = int(rng.integers(1, 12))
    values, weights = rng.normal(size=n), rng.integers(1, 5, n).astype(float)
    expected = IsotonicRegression().fit_transform(np.arange(n), values, sample_weight=weights)
    assert monotone(values, weights) == pytest.approx(expected)


# ---- arms


def test_a_pair_on_the_threshold_passes_although_stored_in_float32():
    """0.9 in float32 is a little less than 0.9."""
    assert fails(np.array([0.9, 0.8999], np.float32), 0.9).tolist() == [False, True]


def test_arm_table_by_hand():
    """Two runs of the core and one random run on four pairs."""
    runs = [_run("core", [1, 1, 1, 0.8]), _run("core", [1, 1, 0.8, 0.8], seed=2),
            _run("random", [1, 0.8, 0.8, 0.8], seed=3)]
    table = analysis.arm_table(runs, 0.9, 10)
    core = analysis.arm_row(table, "Core set", analysis.EQUAL_UPDATES)
    assert (core["n_runs"], core["share_failing"]) == (2, 0.375)
    assert (core["share_failing_low"], core["share_failing_high"]) == (0.25, 0.5)
    assert core["share_failing_diff"] == pytest.approx(0.375 - 0.75)
    assert core["mean_iou_diff"] == pytest.approx(0.925 - 0.85)
    assert core["share_failing_diff_low"] >= -1 and core["share_failing_diff_high"] <= 0
    random = analysis.arm_row(table, "Random", analysis.EQUAL_UPDATES)
    assert math.isnan(random["share_failing_diff"])


def test_random_arms_of_another_size_are_points_of_the_curve_only():
    """As many random pairs means as many."""
    runs = [_run("core", [1.0, 0.5]), _run("random", [1.0, 1.0], n_pairs=99)]
    table = analysis.arm_table(runs, 0.9, 10)
    assert table["arm"].tolist() == ["Core set"]
    assert analysis.curve_table(runs, 0.9)["n_pairs"].tolist() == [99]


def test_each_variant_is_held_against_random_pairs_of_its_own():
    """Until the score passes against until the score passes, another network against itself."""
    runs = [_run("core", [1.0, 1.0], stop=analysis.UNTIL_SCORE),
            _run("random", [0.5, 0.5], stop=analysis.UNTIL_SCORE),
            _run("random", [1.0, 0.5]), _run("core", [1.0, 1.0]),
            _run("core", [0.5, 0.5], network="article, 4 filters")]
    table = analysis.arm_table(runs, 0.9, 10)
    until = analysis.arm_row(table, "Core set", analysis.UNTIL_SCORE)
    other = analysis.arm_row(table, "Core set", analysis.EQUAL_UPDATES, "article, 4 filters")
    assert until["share_failing_diff"] == -1
    assert math.isnan(other["share_failing_diff"])
    assert other["against"] == "–"


def test_no_arm_is_an_empty_table():
    """Nothing run: nothing to show, and no finding."""
    assert analysis.arm_table([], 0.9, 10).empty
    assert analysis.arms_finding(analysis.arm_table([], 0.9, 10)) is None


def _arm_of_1600_images(reason="trained", *, batch=16, **arm):
    """An arm of a selection that trained on 1,600 images and predicted 1,200."""
    source = a_run(RunConfig(), n_backward=1600, n_forward=1200)
    asked = {"network.batch": batch, "arm.source": source.run_id}
    asked |= {f"arm.{name}": value for name, value in arm.items()}
    return analysis.arm_run(a_run(RunConfig().replace(**asked), reason=reason), source,
                            np.zeros(2))


@pytest.mark.parametrize(("changes", "name", "stop"), [
    ({"kind": "core", "n_steps": 100}, "Core set", "equal updates"),
    ({"kind": "full", "n_steps": 125}, "Full pool", "equal cost"),
    ({"kind": "full", "n_steps": 777}, "Full pool", "777 steps"),
    ({"kind": "first", "stop": "score", "n_steps": 9}, "First of the stream",
     "until the score passes"),
    ({"kind": "full", "stop": "plateau", "n_steps": 9}, "Full pool", "to convergence"),
])
def test_an_arm_is_named_from_its_settings(changes, name, stop):
    """By its protocol, or by its steps where an older version named none."""
    run = _arm_of_1600_images(**changes)
    assert (run.arm, run.stop, run.network) == (name, stop, "same")


@pytest.mark.parametrize(("stop", "words"), [
    ("score", "score not reached at its limit"), ("plateau", "loss still falling at its limit")])
def test_an_arm_that_gave_up_is_named_so(stop, words):
    """Never as converged or as having passed."""
    run = _arm_of_1600_images("stalled", kind="full", stop=stop, n_steps=9)
    assert run.stop == words


def test_equal_updates_are_counted_in_the_arms_own_batches():
    """1,600 images of the source are 32 steps of another network's 50."""
    run = _arm_of_1600_images(kind="core", n_steps=32, batch=50)
    assert (run.stop, run.network) == ("equal updates", "batch 50")


def test_another_network_is_named_by_what_differs():
    """Kind and filters where they differ, else the settings that do."""
    for changes, words in (({"seeds.model": 9}, "same"), ({"network.batch": 3}, "batch 3"),
                           ({"network.filters": 4}, "compact, 4 filters")):
        config = RunConfig().replace(**changes)
        assert network_words(config, RunConfig()) == words


# ---- the sentence


def _pair(core, random):
    """Rows of two arms whose runs have these shares of failing pairs among 400."""
    def runs(kind, shares):
        for seed, share in enumerate(shares):
            yield _run(kind, np.where(np.arange(400) < share * 400, 0.5, 0.95), seed=seed)

    table = analysis.arm_table([*runs("core", core), *runs("random", random)], 0.9, 10)
    return table, *(analysis.arm_row(table, analysis.ARMS[k], analysis.EQUAL_UPDATES)
                    for k in ("core", "random"))


@pytest.mark.parametrize(("core", "random", "expected"), [
    ((0.01, 0.02, 0.01), (0.10, 0.11, 0.12), Verdict.BETTER),
    ((0.10, 0.11, 0.12), (0.01, 0.02, 0.01), Verdict.WORSE),
    ((0.01, 0.20, 0.01), (0.10, 0.11, 0.12), Verdict.NOT_SEPARATED),
    ((0.01, 0.02, 0.01), (0.04, 0.06, 0.08), Verdict.NOT_SEPARATED),  # although wholly apart
    ((0.05, 0.06, 0.07), (0.10, 0.10, 0.10), Verdict.UNKNOWN),
    ((0.05,), (0.10,), Verdict.UNKNOWN),
    ((0.05, 0.06, 0.05), (0.10, 0.11), Verdict.UNKNOWN),
    ((0.05, 0.06, 0.07), (0.05, 0.06, 0.07), Verdict.NOT_SEPARATED),
])
def test_a_difference_needs_a_test_over_draws(core, random, expected):
    """One core set is one observation against the spread of the draws; two runs are too few."""
    _, one, two = _pair(core, random)
    assert verdict(one, two, "share_failing") is expected
    assert verdict(one, two, "mean_iou") is expected


@pytest.mark.parametrize(("core", "random", "words"), [
    ((0.01, 0.02, 0.02), (0.10, 0.11, 0.12), "10 selected pairs do better than 10 random ones"),
    ((0.10, 0.11, 0.12), (0.01, 0.02, 0.02), "10 selected pairs do worse than 10 random ones"),
    ((0.05, 0.06, 0.05), (0.05, 0.06, 0.05),
     "10 selected pairs and 10 random ones are not separated"),
    ((0.02,), (0.10,), "No verdict on 10 selected pairs against 10 random ones"),
])
def test_the_title_says_whatever_came_out(core, random, words):
    """Better, worse, not separated and no verdict."""
    table, *_ = _pair(core, random)
    assert analysis.arms_finding(table).title == words


def test_measures_that_disagree_are_both_in_the_title():
    """Nine bad failures of the core against sixty near misses of random pairs."""
    core = np.where(np.arange(300) < 9, 0.0, 0.91)
    table = analysis.arm_table(
        [_run(kind, iou, seed=seed) for seed in (1, 2, 3) for kind, iou in (
            ("core", core), ("random", np.where(np.arange(300) < 59 + seed, 0.88, 0.91)))], 0.9, 10)
    title = analysis.arms_finding(table).title
    assert title.endswith("fewer held-out pairs fail, mean IoU is lower")


def test_titles_say_which_budget_a_number_is_of():
    """Of two rows of the core set the first stood there as *the core set*, though the worse."""
    four, sixteen = "4 times the updates", "16 times the updates"
    below = {("core", four): 12, ("core", sixteen): 6, ("random", four): 20, ("random", sixteen): 3}
    table = analysis.arm_table(
        [_run(kind, np.where(np.arange(300) < n + seed, 0.5, 0.95), stop=stop, seed=seed)
         for (kind, stop), n in below.items() for seed in (1, 2, 3)], 0.9, 10)
    assert analysis.arms_title(table).endswith(
        "of held-out pairs; the core set, 16 times the updates has 2.67%")
    assert analysis.differences_title(table).startswith(
        "Core set, 4 times the updates minus random, failure rate: −2.67 points")


def test_titles_of_the_figures_state_what_they_show():
    """The best arm beside the core, and the core's difference with its interval."""
    table, *_ = _pair((0.05, 0.06), (0.02, 0.03))
    assert analysis.arms_title(table) == (
        "Random has the lowest mean failure rate: 2.50% of held-out pairs; the core set has 5.50%")
    assert analysis.differences_title(table) == (
        "Core set minus random, failure rate: no verdict; mean IoU: no verdict")  # of two runs
    three, *_ = _pair((0.05, 0.06, 0.07), (0.02, 0.03, 0.04))
    core, random = (analysis.arm_row(three, name, "equal updates") for name in (
        "Core set", "Random"))
    assert difference_words(arm_difference(core, random, "share_failing"), "share_failing") in (
        analysis.differences_title(three))
    assert analysis.rival_tests(three, "equal updates").empty
    shown = analysis.arms_shown(table)
    assert shown.loc[0, "failure rate"] == "5.50% (5.00 to 6.00)"
    assert shown.loc[1, "failure rate minus random"] == "–"


@pytest.mark.parametrize(("images", "words"), [
    (160, ", on 60% more training images"), (50, ", on 50% fewer training images"), (100, "")])
def test_a_score_that_took_more_updates_is_said_to_have(images, words):
    """Each arm trains until its own score passes: the harder one for longer."""
    core = [_run("core", np.full(100, 0.95), stop=analysis.UNTIL_SCORE, seed=s, n_backward=images)
            for s in (1, 2, 3)]
    random = [_run("random", np.where(np.arange(100) < 90 + s, 0.80, 0.95), seed=s,
                   stop=analysis.UNTIL_SCORE) for s in (1, 2, 3)]
    table = analysis.arm_table([*core, *random], 0.9, 10)
    said = analysis.arms_finding(table, analysis.UNTIL_SCORE)
    assert said.title == f"10 selected pairs do better than 10 random ones{words}"
    assert f"(after {images} and 100 training images)" in said.detail


def test_the_placebo_stands_beside_the_verdict_with_its_own_p_value():
    """The first pairs of the order are a random draw: the null is expected."""
    table, *_ = _pair((0.01, 0.02, 0.01), (0.10, 0.11, 0.12))
    assert "Placebo" not in analysis.arms_finding(table).detail
    shares = {"core": (0.01, 0.02, 0.01), "random": (0.10, 0.11, 0.12), "first": (0.11, 0.10, 0.11)}
    table = analysis.arm_table(
        [_run(kind, np.where(np.arange(400) < share * 400, 0.5, 0.95), seed=seed)
         for kind, found in shares.items() for seed, share in enumerate(found)], 0.9, 10)
    said = analysis.arms_finding(table).detail
    assert "Placebo: the first pairs of the order are a random draw too" in said
    assert said.endswith("not separated.") and "about this selection, not about others" in said


def test_a_study_without_standard_deviations_is_judged_where_its_ends_allow_it():
    """Of three runs mean, lowest and highest say all; of four they do not."""
    table, *_ = _pair((0.01, 0.02, 0.01), (0.10, 0.11, 0.12))
    older = table.drop(columns=["n_sets", "share_failing_sd", "mean_iou_sd"])
    assert analysis.arms_finding(older) == analysis.arms_finding(table)
    table, *_ = _pair((0.01, 0.02, 0.01), (0.10, 0.11, 0.12, 0.10))
    older = table.drop(columns=["n_sets", "share_failing_sd", "mean_iou_sd"])
    assert analysis.arms_finding(older).title.startswith("No verdict")


def test_one_run_is_said_to_have_no_spread():
    """Wording: no seed noise is known."""
    table, *_ = _pair((0.01,), (0.10,))
    assert "no spread" in analysis.arms_finding(table).detail


def test_wording_rules():
    """Not "saves labelling", not "useless", not "accurate"."""
    table, *_ = _pair((0.01, 0.02, 0.01), (0.10, 0.11, 0.12))
    said = analysis.arms_finding(table)
    text = f"{said.title} {said.detail}".lower()
    assert text.startswith("10 selected")
    assert "for this generator, network and threshold" in text
    assert not any(word in text for word in ("label", "useless", "accura", "redundan"))


# ---- the random-k curve


def test_inverting_the_curve_it_was_made_from():
    """A measure linear in log k gives every k back."""
    sizes = [10, 100, 1000, 10_000]
    fit = np.log(sizes)
    for k in (11, 50, 100, 777, 9999):
        assert invert(sizes, fit, math.log(k)) == pytest.approx(k)


@pytest.mark.parametrize(("target", "expected"), [(0.1, 0.0), (0.2, 0.0), (0.9, math.inf)])
def test_beyond_the_ends_of_the_curve(target, expected):
    """The smallest size is enough, or the largest is not."""
    assert invert([10, 100], np.array([0.2, 0.8]), target) == expected


def test_a_flat_stretch_is_left_at_its_beginning():
    """The fewest pairs that do as well."""
    fit = np.array([0.2, 0.5, 0.5, 0.9])
    assert invert([10, 20, 40, 80], fit, 0.5) == 20


def _points(rng, sizes, n_pairs=600):
    """Random arms whose failure probability is 0.4 at 10 pairs and falls by 0.1 each doubling."""
    for k in sizes:
        for seed in (1, 2, 3):
            share = 0.4 - 0.1 * math.log2(k / 10)
            yield _run("random", np.where(rng.random(n_pairs) < share, 0.5, 0.95), n_pairs=k,
                       seed=seed)


def test_a_core_is_worth_the_pairs_it_was_planted_at():
    """Planted at 28.3 random pairs (share failing 0.25): the interval holds it."""
    rng = np.random.default_rng(SEED)
    points = list(_points(rng, (10, 20, 40, 80)))
    core = [_run("core", np.where(rng.random(600) < 0.25, 0.5, 0.95), seed=s) for s in (1, 2, 3)]
    table = analysis.worth_table(points, core, 0.9)
    row = table[table["measure"] == "share_failing"].iloc[0]
    assert row["worth_low"] < 20 * math.sqrt(2) < row["worth_high"]
    assert 10 < row["worth_low"] <= row["worth"] <= row["worth_high"] < 80
    assert analysis.worth_words(row).startswith("the core set is worth ")


@pytest.mark.parametrize(("share", "words"), [
    (0.0, "no number of random pairs up to 80 does as well (too few runs for an interval)"),
    (0.95, "the core set is worth 10 or fewer random pairs (too few runs")])
def test_worth_is_honest_beyond_the_curve(share, words):
    """Better than the largest size tried, worse than the smallest."""
    rng = np.random.default_rng(SEED)
    points = list(_points(rng, (10, 20, 40, 80)))
    core = [_run("core", np.where(rng.random(600) < share, 0.5, 0.95))]
    row = analysis.worth_table(points, core, 0.9).iloc[0]
    assert analysis.worth_words(row).startswith(words)


@pytest.mark.parametrize("sizes", [(10,), (10, 80)])
def test_one_or_two_sizes_are_no_curve(sizes):
    """Nothing to invert."""
    points = list(_points(np.random.default_rng(SEED), sizes))
    assert analysis.worth_table(points, [_run("core", np.ones(600))], 0.9).empty


# ---- order, folds, passes


@pytest.mark.parametrize(("a", "b", "n"), [
    (0, 0, 5), (3, 0, 5), (5, 5, 5), (4, 3, 9), (30, 45, 80)])
def test_overlap_of_random_sets_is_hypergeometric(a, b, n):
    """Mean of the Jaccard index over all ways to draw, counted in whole numbers."""
    ways = {k: math.comb(a, k) * math.comb(n - a, b - k) for k in range(min(a, b) + 1)}
    jaccard = {k: k / (a + b - k) if a + b else 1.0 for k in ways}
    mean = sum(ways[k] * jaccard[k] for k in ways) / math.comb(n, b)
    assert random_overlap(a, b, n)[0] == pytest.approx(mean, rel=1e-9)


def test_overlap_of_random_sets_by_simulation():
    """Sets drawn at random: the mean, and no more than 2.5 % above the stated limit."""
    rng, found = np.random.default_rng(SEED), []
    for _ in range(4000):
        one = set(rng.choice(300, 40, replace=False).tolist())
        two = set(rng.choice(300, 60, replace=False).tolist())
        found.append(len(one & two) / len(one | two))
    mean, most = random_overlap(40, 60, 300)
    assert mean == pytest.approx(np.mean(found), rel=0.02)
    assert np.mean(np.array(found) > most) <= 0.025 + 0.01


@pytest.mark.parametrize("sizes", [(-1, 2, 5), (2, 6, 5)])
def test_overlap_names_impossible_sizes(sizes):
    """More pairs than the pool has."""
    with pytest.raises(ValueError, match=r"must be from 0 to n_pool.*Received: n_a="):
        random_overlap(*sizes)


def test_fan_of_a_store(whole):
    """Five orders, ten comparisons, each beside what chance would give."""
    _, run_id, found = whole
    assert found.fan["order_seed"].tolist() == [1, 2, 3, 4, 5]
    assert run_id in found.fan["run_id"].tolist()
    assert len(found.overlap) == 10
    expected = hypergeom(N_POOL, N_CORE, N_CORE)
    common = np.arange(N_CORE + 1)
    mean = expected.pmf(common) @ (common / (2 * N_CORE - common))
    assert found.overlap["random"].tolist() == pytest.approx([mean] * 10)
    assert analysis.fan_finding(found.fan, found.overlap).title.startswith(
        "5 orders keep a median of 12 pairs")


def test_a_stalled_order_has_no_core_size(tmp_path):
    """It gave up after two pairs: the fan does not know it."""
    store = Store(tmp_path)
    run_id = selection(store, config())
    for seed in (2, 3):
        selection(store, config(**{"seeds.order": seed}),
                  **({"core": [5, 6], "reason": "stalled"} if seed == 3 else {}))
    assert collect.gather(store, run_id).fan["order_seed"].tolist() == [1, 2]


def test_folds_are_disjoint_and_chosen_from_what_is_left(whole):
    """Three folds of twelve pairs each from 200, 188 and 176."""
    _, _, found = whole
    assert found.folds["n_left"].tolist() == [200, 188, 176]
    assert found.folds["n_shared"].tolist() == [0, 0, 0]
    assert analysis.folds_finding(found.folds).title == "3 disjoint core sets of 12, 12, 12 pairs"


def test_folds_that_share_a_pair_are_told():
    """Pair 3 is in two of them: three memberships would be two too many."""
    table = analysis.folds_table([a_run(core=core) for core in ([1, 2, 3], [3, 4], [5])])
    assert table["n_shared"].tolist() == [1, 1, 0]
    assert "share 2 pairs" in analysis.folds_finding(table).title


def test_passes_tell_extra_pairs_and_cost(whole):
    """Two pairs more in three rounds."""
    _, _, found = whole
    said = analysis.passes_finding(found.passes)
    assert said.title == "Repeating passes until one adds nothing adds 2 pairs to 12"
    assert said.detail.startswith("3 passes cost ")


# ---- cost, known answers


def test_cost_counts_a_training_image_three_times():
    """One epoch over the pool, trained or predicted."""
    assert analysis.full_epochs(0, 100, 100) == 1
    assert analysis.full_epochs(300, 0, 100) == 1
    table = analysis.cost_table([_run("core", [1.0])], 100, 10)
    assert table.loc[0, "epochs"] == 1
    assert table.loc[0, ["prepare_s", "work_s", "evaluate_s"]].tolist() == [2, 4, 3]


def test_cost_of_a_store(whole):
    """The selection's 300 predictions and 960 training images; every arm's equal updates."""
    _, _, found = whole
    streaming = found.cost[found.cost["arm"] == analysis.STREAMING].iloc[0]
    assert streaming["epochs"] == pytest.approx((300 + 3 * 960) / 600)
    core = found.cost[(found.cost["arm"] == "Core set") & (found.cost["network"] == "same")
                      & (found.cost["stop"] == analysis.EQUAL_UPDATES)].iloc[0]
    assert core["n_backward"] == pytest.approx(960)
    assert "Selection costs 5.3 epochs" in analysis.cost_finding(found.cost)


def test_repeats_of_distinct_pairs_by_hand():
    """Origins 0 1 0 among three first pairs, then 2 and a forgotten 1."""
    spec = config(**{"planted.distinct": 30, "selection.first": 3})
    answer = analysis.distinct_answer([9, 8, 7, 6, 5], [0, 1, 0, 2, 1], spec)
    assert (answer["n_found"], answer["n_repeated_first"], answer["n_forgotten"]) == (3, 1, 1)
    assert answer["allowed"] == 0  # the rote learner forgets nothing
    assert not answer["holds"]


def test_an_answer_has_one_verdict():
    """Ten forgotten where five may be: repeats among the first pairs make up for none of them."""
    spec = config(**{"planted.distinct": 50, "selection.first": 11, "network.kind": "compact"})
    origins = [*range(9), 0, 1, *range(9, 22), *range(10)]
    answer = analysis.distinct_answer(range(34), origins, spec)
    assert (answer["n_forgotten"], answer["allowed"], answer["holds"]) == (10, 5, False)
    said = analysis.distinct_finding(answer).detail
    assert "More than expected: up to 5 such copies are allowed" in said and "slack" not in said
    one = analysis.distinct_finding(answer | {"n_distinct": 1, "n_forgotten": 1})
    assert one.title == "1 distinct pair gives a core set of 34"
    assert "1 is a copy that the network failed" in one.detail


def test_stored_answers_are_judged_by_todays_rule():
    """The recorded ones held by 34 of at most 65, with ten forgotten."""
    stored = pd.DataFrame([{"n_distinct": 50, "n_core": 34, "n_found": 22, "n_repeated_first": 2,
                            "n_forgotten": 10, "slack": 15, "holds": True}])
    row = analysis.judged(stored).iloc[0]
    assert (row["allowed"], row["holds"]) == (5, False)
    assert "slack" not in row


def test_a_core_beyond_its_slack_is_told():
    """Thirty-three pairs of thirty distinct ones, of a learner that never forgets."""
    spec = config(**{"planted.distinct": 30, "selection.first": 1})
    answer = analysis.distinct_answer(range(33), [i % 30 for i in range(33)], spec)
    assert not answer["holds"]
    assert ("More than expected: up to 0 such copies are allowed"
            in analysis.distinct_finding(answer).detail)


def test_wrong_masks_of_the_core_by_hand():
    """Three of four core pairs wrong, of 20 wrong in a pool of 200."""
    answer = analysis.noise_answer(["true", "shifted", "shifted", "dropped"], 4, 20, 200)
    assert (answer["n_wrong"], answer["share_core"], answer["share_pool"]) == (3, 0.75, 0.1)
    assert answer["share_low"] < 0.75 < answer["share_high"]
    assert analysis.noise_finding(answer).title.startswith("75% of the core set has a wrong mask")


def test_the_rote_learner_keeps_each_distinct_pair_once(tmp_path):
    """The known answer, worked out: D distinct pairs, first=1, a core set of exactly D."""
    from shipdash.runs import worker

    store = Store(tmp_path)
    asked = config(**{"planted.distinct": 17, "selection.first": 1, "evaluation.n_held_out": 5})
    run_id, _ = store.create(asked)
    worker.work(store, run_id)
    answer = collect.gather(store, run_id).distinct.iloc[0]
    assert (answer["n_core"], answer["n_found"], answer["allowed"]) == (17, 17, 0)


# ---- gathering, writing, reading


def test_everything_that_was_run_is_gathered(whole):
    """All arms in their order, with three runs each, and the curve's sizes."""
    _, _, found = whole
    same = found.arms[found.arms["network"] == "same"]
    assert list(zip(same["arm"], same["stop"], strict=True)) == [
        ("Streaming learner", "as selection left it"), ("Core set", "equal updates"),
        ("Random", "equal updates"), ("First of the stream", "equal updates"),
        ("Stratified random", "equal updates"), ("Rejected", "equal updates"),
        ("Full pool", "equal updates"), ("Full pool", "equal cost"),
        ("Full pool", "to convergence"), ("Core set", "until the score passes"),
        ("Random", "until the score passes"),
    ]
    assert set(same["n_runs"]) == {1, 3}
    assert found.curve["n_pairs"].tolist() == [5, N_CORE, 25, 100, N_POOL]
    assert len(found.arms[found.arms["network"] != "same"]) == 2
    assert len(found.across) == 5


def test_planted_differences_are_found(whole):
    """The core was made better than random in every order, and worth more than 12 pairs."""
    _, _, found = whole
    assert analysis.arms_finding(found.arms).title == (
        "12 selected pairs do better than 12 random ones")
    assert analysis.across_finding(found.across).title.startswith("In 5 of 5 orders")
    assert (found.worth["worth"] > N_CORE).all()


def test_share_failing_equals_that_of_the_stored_result(whole):
    """Counted here from float32, there from float64."""
    store, run_id, found = whole
    held = store.result(run_id).held_out
    row = analysis.arm_row(found.arms, analysis.STREAMING, "as selection left it")
    assert row["share_failing"] == held.share_failing
    assert row["mean_iou"] == pytest.approx(held.mean_iou, abs=1e-7)


def test_written_and_read_is_the_same_study(whole, tmp_path):
    """CSV and JSON hold all that the page shows; the words come out the same."""
    _, _, found = whole
    paths = collect.write(found, tmp_path / "study", command="how", n_runs=3)
    again = collect.read(tmp_path / "study")
    assert sum(path.stat().st_size for path in paths) < 100_000
    assert again.about == {**found.about, "command": "how", "n_runs": 3}
    for name in collect.TABLES:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(found, name), rtol=1e-5,
                                      check_dtype=False)
    assert analysis.arms_finding(again.arms).title == analysis.arms_finding(found.arms).title
    assert json.loads((tmp_path / "study" / collect.ABOUT).read_text())["spec"]


@pytest.mark.parametrize("damage", ["missing", "torn", "no table"])
def test_a_damaged_study_is_no_study(whole, tmp_path, damage):
    """The page then shows that nothing was recorded."""
    collect.write(whole[2], tmp_path)
    if damage == "torn":
        (tmp_path / collect.ABOUT).write_text("{")
    else:
        (tmp_path / ("arms.csv" if damage == "no table" else collect.ABOUT)).unlink()
    assert collect.read(tmp_path) is None


def test_a_selection_alone_has_one_row_and_no_finding(tmp_path):
    """No control has been run."""
    store = Store(tmp_path)
    found = collect.gather(store, selection(store, config()))
    assert found.arms["arm"].tolist() == [analysis.STREAMING]
    assert analysis.arms_finding(found.arms) is None
    assert (len(found.fan), len(found.folds), len(found.passes), len(found.curve)) == (1, 1, 1, 0)
    assert found.distinct.empty and found.noise.empty and found.worth.empty


def test_arms_of_another_algorithm_are_left_out(tmp_path):
    """Like is compared with like."""
    store = Store(tmp_path)
    run_id = selection(store, config())
    old = arm(store, run_id, "core", 1)
    store.write_result(old, dataclasses.replace(store.result(old), algorithm=0))
    assert len(collect.gather(store, run_id).arms) == 1


def test_evidence_of_an_arm_or_an_unfinished_run_is_refused(tmp_path):
    """A sentence that says which run to open."""
    store = Store(tmp_path)
    run_id = selection(store, config())
    with pytest.raises(StoreError, match=f"compared with, {run_id}"):
        collect.gather(store, arm(store, run_id, "core", 1))
    waiting, _ = store.create(config(**{"seeds.order": 9}))
    with pytest.raises(StoreError, match="has not finished"):
        collect.gather(store, waiting)


# ---- replicas


def test_every_member_names_the_same_fan_and_the_same_chain():
    """So a link to any of them shows all of them."""
    base = config()
    fan, chain = replicas.fan(base, 5), replicas.folds(base, 4)
    assert all(replicas.fan(c, 5) == fan for c in fan)
    assert all(replicas.folds(c, 4) == chain for c in chain)
    assert [len(c.selection.exclude) for c in chain] == [0, 1, 2, 3]


def test_a_run_that_leaves_out_another_pools_core_starts_its_own_chain():
    """Its own exclusions stay in every fold."""
    base = config(**{"selection.exclude": ("f" * 16,)})
    chain = replicas.folds(base, 3)
    assert chain[0] == base
    assert all("f" * 16 in c.selection.exclude for c in chain)
    assert base.digest in chain[2].selection.exclude


def test_arms_and_old_runs_have_no_replicas(tmp_path, monkeypatch):
    """An arm names its source; another version's run is to be started again."""
    store = Store(tmp_path)
    run_id = selection(store, config())
    with pytest.raises(StoreError, match=f"name the selection that it is compared with, {run_id}"):
        replicas.checked_source(store, arm(store, run_id, "core", 1))
    monkeypatch.setattr("shipdash.config.run.ALGORITHM", 999)
    with pytest.raises(StoreError, match="another version of the algorithm"):
        replicas.checked_source(store, run_id)


@pytest.mark.parametrize(("ask", "field"), [(replicas.fan_of, "orders"),
                                            (replicas.folds_of, "k")])
@pytest.mark.parametrize("n", [1, 0, 101, "three", True, 2.5])
def test_bad_counts_are_named(tmp_path, ask, field, n):
    """Two at least, a hundred at most."""
    store = Store(tmp_path)
    run_id = selection(store, config())
    with pytest.raises(ConfigError, match=f"{field} must be a whole number from 2 to 100"):
        ask(store, run_id, n)


def test_fan_and_folds_are_summed_up_from_what_is_stored(whole):
    """Nothing is run where all is there; what comes out is ready for JSON."""
    store, run_id, _ = whole
    fan = replicas.fan_summary(store, run_id, replicas.fan_of(store, run_id, 5))
    folds = replicas.folds_summary(store, run_id, replicas.folds_of(store, run_id, 3))
    assert [row["order_seed"] for row in fan["orders"]] == [1, 2, 3, 4, 5]
    assert (fan["median"], fan["low"], fan["high"]) == (12, 12, 12)
    assert folds["disjoint"]
    assert [row["n_left"] for row in folds["folds"]] == [200, 188, 176]
    json.dumps([fan, folds], allow_nan=False)


def test_a_fold_that_failed_ends_the_chain(tmp_path):
    """Which run, and why."""
    store = Store(tmp_path)
    run_id = selection(store, config())
    chain = replicas.folds_of(store, run_id, 2)
    store.set_status(store.create(chain.runs[1])[0], "failed", "no memory")
    with pytest.raises(StoreError, match="is failed: no memory"):
        replicas.folds_summary(store, run_id, chain)


# ---- figures


def _charts(found):
    same = found.arms[found.arms["network"] == "same"]
    core = analysis.arm_row(found.arms, "Core set", analysis.EQUAL_UPDATES)
    return {
        "arms": figures.arms(same, "t"), "differences": figures.differences(same, "t"),
        "curve": figures.random_curve(found.curve, "share_failing", core, "t"),
        "fan": figures.fan(found.steps, analysis.common_curve([
            (order["tested"], order["selected"])
            for _, order in found.steps.groupby("order_seed")]), N_POOL, "t"),
        "costs": figures.costs(found.cost, "t"),
    }


def test_figures_hold_every_number_of_their_table(whole):
    """A dot for each arm and size, a line for each order."""
    charts = _charts(whole[2])
    assert [len(t.x) for t in charts["arms"].figure.data] == [len(charts["arms"].table)] * 2
    assert charts["curve"].figure.data[0].x.tolist() == [5, N_CORE, 25, 100, N_POOL]
    lines = [t for t in charts["fan"].figure.data if t.legendgroup == "orders"]
    assert len(lines) == 5
    assert all(chart.alt and chart.title for chart in charts.values())


def test_the_accent_marks_what_learned_from_selected_pairs(whole):
    """Core set and streaming learner, no control."""
    arms = _charts(whole[2])["arms"]
    for trace in arms.figure.data:
        coloured = {label for label, colour in zip(trace.y, trace.marker.color, strict=True)
                    if colour == figures.SELECTED}
        assert coloured and all(label.startswith(("Core set", "Streaming")) for label in coloured)
    curve = _charts(whole[2])["curve"]
    assert [t.name for t in curve.figure.data if figures.SELECTED in str(t.to_plotly_json())] == [
        "core set"]


def test_bars_of_the_arms_end_at_the_lowest_and_highest_run(whole):
    """Dot plus and minus its bar."""
    chart = _charts(whole[2])["arms"]
    trace, table = chart.figure.data[0], chart.table
    at = np.asarray(trace.x)
    assert at + np.asarray(trace.error_x.array) == pytest.approx(table["share_failing_high"])
    assert at - np.asarray(trace.error_x.arrayminus) == pytest.approx(table["share_failing_low"])


def test_arms_estimate_adds_up():
    """Two arms of 100 steps of 16 at 80 images a second, with start-up and 400 predictions."""
    source = a_run(config(), n_backward=960, n_forward=300, phases={
        "train": 11.0, "warmup": 1.0, "scan": 3.0, "startup": 1.0, "compile": 2.0})
    one = config(**{"arm.kind": "core", "arm.source": source.run_id, "arm.n_steps": 100})
    expected = 2 * (3 + N_HELD_OUT / 100 + 1600 / 80)
    assert analysis.arms_estimate(source, [one, one]) == pytest.approx(expected)
    assert analysis.arms_estimate(source, [one.replace(**{"network.filters": 4})]) is None
    assert analysis.arms_estimate(source, []) == 0


def test_stop_reasons_are_the_store_s():
    """The conditions compare with words: they must be the words that runs end with."""
    assert {"clean", "exhausted", "stalled"} <= {str(reason) for reason in StopReason}


# ---- the command line


def test_fan_and_folds_on_the_command_line(tmp_path, capsys):
    """Missing ones are run in worker processes; a second call repeats what is stored."""
    from shipdash.cli import commands as cli

    small = ["network.kind=rote", "scene.size=32", "scene.radius_min=3", "scene.radius_max=6",
             "planted.distinct=12", "selection.first=1", "selection.n_pool=40",
             "evaluation.n_held_out=5"]
    where = ["--runs", str(tmp_path)]
    assert cli.main(["run", *(f"--set={c}" for c in small), *where, "--json"]) == 0
    run_id = json.loads(capsys.readouterr().out.splitlines()[-1])["run_id"]
    assert cli.main(["fan", run_id, "--orders", "2", *where, "--json"]) == 0
    fan = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [row["n_core"] for row in fan["orders"]] == [12, 12]
    assert fan["median"] == 12
    assert cli.main(["folds", run_id, "--k", "2", *where, "--json"]) == 0
    folds = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert folds["disjoint"]
    assert [row["n_left"] for row in folds["folds"]] == [40, 28]
    assert cli.main(["folds", run_id, "--k", "2", *where]) == 0
    assert "2 disjoint core sets of 12, 12 pairs" in capsys.readouterr().out
    assert cli.main(["fan", run_id, "--orders", "1", *where]) == 2
    assert "orders must be a whole number from 2 to 100" in capsys.readouterr().err
