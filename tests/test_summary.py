"""Tables against cases small enough to do by hand."""

import numpy as np
import paging
import pandas as pd
import pytest
import rote_runs
from scipy.stats import chi2
from stored_results import a_run

from shipdash import analysis, figures
from shipdash.analysis.run import MOST_POINTS
from shipdash.analysis.time_estimate import ARTICLE_TRAINING_IMAGES, REFERENCE_SPEED
from shipdash.config import article, compact
from shipdash.records import Picked, Scanned, Stopped, StopReason, Trained

EVENTS = [
    Picked(1, 7, 1, 1, 1, None, None),
    Picked(1, 3, 2, 2, 2, None, None),
    Trained(2, 5, 80, 0.9, 0.2, 2.0),
    Scanned(1, 4, 4, (5, 6), (0.95, 0.91), 4, 1, 0.5),
    Scanned(1, 5, 5, (1,), (0.99,), 1, 0, 0.1),
    Picked(1, 9, 6, 3, 6, 0.4, 0.0),
    Trained(3, 2, 32, 0.88, 0.1, 1.0),
    Scanned(1, 8, 8, (2, 4), (0.93, 0.92), 2, 0, 0.4),
]
STOPPED = [*EVENTS, Stopped(StopReason.EXHAUSTED, 3, 8, 1)]


def test_curve_keeps_the_corners_only():
    """A flat stretch is two points, however often it was reported."""
    curve = analysis.selection_curve(EVENTS)
    assert curve.tested.tolist() == [0, 1, 2, 5, 6, 8]
    assert curve.selected.tolist() == [0, 1, 2, 2, 3, 3]


def test_curve_of_nothing_is_the_origin():
    """No event yet: one point."""
    curve = analysis.selection_curve([])
    assert (curve.tested.tolist(), curve.selected.tolist()) == ([0], [0])


def test_rejection_rate_leaves_out_untested_pairs():
    """Pairs 3 to 8 were scored, one failed; the window reaches back to the first scored one."""
    table = analysis.rejection_rate(EVENTS, window=4)
    assert table["tested"].tolist() == [3, 4, 5, 6, 7, 8]
    np.testing.assert_allclose(table["rate"], [0, 0, 0, 1 / 4, 1 / 4, 1 / 4])


def test_rejection_rate_agrees_with_a_rolling_mean():
    """pandas' rolling mean over the outcome of every pair gives the same."""
    rng = np.random.default_rng(1)
    failed, events, n_core = rng.random(300) < 0.1, [], 0
    for k, bad in enumerate(failed, 1):
        n_core += bad
        events.append(Picked(1, k, k, n_core, k, 0.1, 0.0) if bad
                      else Scanned(1, k, k, (k,), (1.0,), 1, 0, 0.1))
    table = analysis.rejection_rate(events, window=50)
    expected = pd.Series(failed.astype(float)).rolling(50, min_periods=1).mean()
    np.testing.assert_allclose(table["rate"], expected)


def test_training_counts_images_over_all_reports():
    """Several reports may belong to one pick: the axis goes on by what each trained on."""
    events = [*EVENTS, Trained(3, 1, 16, 0.91, 0.05, 0.5)]
    trace = analysis.training_trace(events)
    assert trace["images"].tolist() == [80, 112, 128]
    assert trace["n_core"].tolist() == [2, 3, 3]


def test_a_long_training_is_thinned_and_keeps_its_last_report():
    """Few enough points for a browser, and still the true number of images."""
    reports = [Trained(2, 1, 10, 0.9, n / 1000, 0.1) for n in range(2 * MOST_POINTS + 1)]
    trace = analysis.training_trace(reports)
    assert len(trace) <= MOST_POINTS
    assert trace["images"].iloc[-1] == 10 * len(reports)
    assert trace["loss"].iloc[-1] == reports[-1].loss


def test_time_left_is_the_same_in_how_many_reports_ever_a_bout_came():
    """One report of three seconds, or three of one."""
    one = [*EVENTS[:-1], Scanned(1, 8, 8, (2, 4), (0.93, 0.92), 2, 0, 0.4)]
    parts = [part for event in one for part in (
        [event._replace(seconds=event.seconds / 4)] * 4 if isinstance(event, Trained) else [event])]
    assert analysis.progress(parts, 50).left_s == pytest.approx(analysis.progress(one, 50).left_s)


def test_rejection_rate_without_scores_is_empty():
    """The first pairs alone say nothing."""
    assert analysis.rejection_rate(EVENTS[:3]).empty


def test_rejection_rate_at_an_iou_of_ones_choice():
    """By hand: of IoU 0.96, 0.91 and 0.4, two are below 0.95 and one is below 0.9."""
    events = [Picked(1, 0, 0, 1, 1, None, None), Scanned(1, 3, 3, (1, 2), (0.96, 0.91), 2, 0, 0.1),
              Picked(1, 3, 3, 2, 4, 0.4, 0.0)]
    rates = {iou: analysis.rejection_rate(events, below=iou)["rate"] for iou in (0.9, 0.95)}
    assert rates[0.95].tolist() == pytest.approx([0, 1 / 2, 2 / 3])
    assert rates[0.9].tolist() == pytest.approx([0, 0, 1 / 3])


def test_progress_adds_up():
    """Counts and speeds are sums over the events."""
    now = analysis.progress(EVENTS, n_pool=10)
    assert (now.n_tested, now.n_core, now.n_forward, now.n_wasted, now.n_backward) == (8, 3, 7, 1,
                                                                                      112)
    assert now.train_speed == pytest.approx(112 / 3)
    assert now.scan_speed == pytest.approx(7.0)
    assert now.share == pytest.approx(0.8)
    assert now.left_s > 0


def test_a_later_pass_shows_its_own_place():
    """A pick far behind in the pass before is no progress of this one."""
    events = [*EVENTS, Picked(1, 8, 9, 4, 10, 0.4, 0.0), Trained(4, 2, 32, 0.88, 0.1, 1.0),
              Scanned(2, 4, 12, (5, 6), (0.95, 0.91), 2, 0, 0.4)]
    now = analysis.progress(events, n_pool=10, passes=2)
    assert (now.round, now.share) == (2, pytest.approx(0.4))


def test_a_pair_that_two_passes_tested_is_one():
    """Of a pool of 20 from which 12 are left out, the title said that 17 others passed."""
    again = Scanned(2, 8, 13, (5, 6, 1, 2, 4), (0.95,) * 5, 5, 0, 0.4)
    now = analysis.progress([*EVENTS, again, Stopped(StopReason.CLEAN, 3, 13, 2)], 20, 0)
    assert (now.n_tested, now.n_seen) == (13, 8)
    assert analysis.finding(now.n_core, now.n_seen, 20, "clean") == (
        "3 of 8 pairs kept; the other 5 already passed")


def test_a_folds_title_leaves_out_what_the_fold_leaves_out(tmp_path, monkeypatch):
    """In both passes together it tests as many pairs as the pool has."""
    store = paging.quiet_store(tmp_path, monkeypatch)
    clean = {"selection.passes": 0}
    first = rote_runs.finished(store, **clean)
    fold = rote_runs.finished(store, **clean, **{"selection.exclude": (first,)})
    assert store.result(fold).n_tested == 60
    said = paging.words(paging.open_page("pages/2_Run.py", run=fold))
    assert "20 of 40 pairs kept; the other 20 already passed" in said


def test_progress_of_nothing_and_of_the_end():
    """Before the first event nothing is known; after the last nothing is left."""
    before, after = analysis.progress([], 10), analysis.progress(STOPPED, 10)
    assert (before.n_core, before.left_s, before.score) == (0, None, None)
    assert (after.share, after.left_s) == (1.0, 0.0)


def test_core_table_is_in_order_of_selection():
    """The first pairs have no score."""
    table = analysis.core_table(EVENTS)
    assert table["index"].tolist() == [7, 3, 9]
    assert table["iou"].isna().tolist() == [True, True, False]


def test_discarded_pairs_come_lowest_first_and_leave_when_selected():
    """A pair discarded in one pass and selected in the next is not discarded."""
    later = [*EVENTS, Picked(2, 6, 1, 4, 9, 0.5, 0.1)]
    assert analysis.discarded_table(EVENTS)["index"].tolist() == [6, 4, 2, 5, 1]
    assert 6 not in analysis.discarded_table(later)["index"].tolist()


def test_history_follows_one_pair_through_passes():
    """Discarded at 0.91, then selected."""
    table = analysis.pair_history([*EVENTS, Picked(2, 6, 1, 4, 9, 0.5, 0.1)], 6)
    assert table["outcome"].tolist() == ["discarded", "selected"]
    assert table["iou"].tolist() == [0.91, 0.5]


def test_distribution_counts_every_pair_once():
    """Both ends included; exactly on the threshold passes."""
    table = analysis.distribution(np.array([0.0, 0.9, 0.899, 1.0]), 0.9)
    assert table["n"].sum() == 4
    assert table.loc[table["passes"], "n"].sum() == 2


@pytest.mark.parametrize("acceptance", [0.5, 0.85, 0.9, 0.8075])
def test_histogram_counts_failures_as_the_title_does(acceptance):
    """Scores stored as float32, some exactly on the acceptance, which lies on no bin's edge."""
    values = np.array([acceptance] * 3 + [acceptance - 0.005, acceptance + 0.005, 1], np.float32)
    table = analysis.distribution(values, acceptance)
    assert table.groupby("passes")["n"].sum().to_dict() == {False: 1, True: 5}
    assert (table["left"] + 0.02 > acceptance).where(table["passes"] & (table["n"] > 0), True).all()


@pytest.mark.parametrize("n", [0, 1, 5_000])
def test_ecdf_ends_at_one_and_is_thin(n):
    """Never more points than a browser draws."""
    table = analysis.ecdf(np.linspace(0, 1, n))
    assert len(table) <= MOST_POINTS
    assert n == 0 or table["share"].iloc[-1] == 1


def test_factor_rates_find_a_planted_preference():
    """Only pairs of a high sea were selected."""
    facts = pd.DataFrame({"index": range(200), "high_sea": [i % 2 == 0 for i in range(200)]})
    table = analysis.factor_rates(facts, range(0, 60, 2), "high_sea",
                                 n_pool=200).set_index("group")
    assert table.loc["yes", "n_core"] == 30
    assert table.loc["no", "n_core"] == 0
    assert table.loc["yes", "low"] > table.loc["no", "high"]
    assert table["n_pool"].tolist() == [100, 100]


def test_pairs_without_a_value_are_a_group_of_their_own():
    """A gap is missing where there is no distractor: of some pairs, or of all."""
    facts = pd.DataFrame({"index": range(100), "gap": [np.nan] * 20 + [*np.arange(80.0)]})
    table = analysis.factor_rates(facts, [0, 1, 99], "gap", n_pool=100)
    assert table["group"].tolist()[-1] == "none" and table["n_pool"].tolist() == [20] * 5
    assert analysis.scores.factor_groups(facts, "gap").iloc[0] == "none"
    nothing = analysis.factor_rates(facts.assign(gap=np.nan), [0, 1, 99], "gap", n_pool=100)
    assert nothing[["group", "n_core"]].values.tolist() == [["none", 3]]
    assert figures.factor_rates(nothing, "Gap").title == "Gap: no clear difference"


def test_narrow_ranges_have_names_of_their_own():
    """As many decimals as it takes, or two quarters would be one group."""
    facts = pd.DataFrame({"index": range(400), "semi": np.linspace(9, 10, 400)})
    names = analysis.factor_rates(facts, [0], "semi", n_pool=400)["group"].tolist()
    assert names == ["9.0 to 9.2", "9.2 to 9.5", "9.5 to 9.8", "9.8 to 10.0"]


def test_factor_rates_cut_a_number_at_its_quartiles():
    """Four groups that hold every pair once, the smallest included."""
    facts = pd.DataFrame({"index": range(101), "area": np.linspace(0, 1000, 101)})
    table = analysis.factor_rates(facts, [0, 1, 2], "area", n_pool=101)
    assert table["n_pool"].sum() == 101
    assert table["n_core"].tolist() == [3, 0, 0, 0]


def test_a_sample_stands_for_a_larger_pool():
    """Four sampled pairs stand for 400; both core pairs count, sampled or not."""
    facts = pd.DataFrame({"index": [1, 2, 3, 4, 9], "high_sea": [True, True, True, False, False]})
    table = analysis.factor_rates(facts, [1, 9], "high_sea", n_pool=400,
                                 sampled=[1, 2, 3, 4]).set_index("group")
    assert table["n_pool"].to_dict() == {"no": 100, "yes": 300}
    assert table["n_core"].to_dict() == {"no": 1, "yes": 1}


def test_same_rate_is_the_chi_square_test_without_a_continuity_correction():
    """Pearson's statistic, the sum of (seen - expected)^2 / expected, written out."""
    table = pd.DataFrame({"n_pool": [100, 150, 90, 60], "n_core": [9, 20, 3, 6]})
    share = table["n_core"].sum() / table["n_pool"].sum()
    off = (table["n_core"] - share * table["n_pool"]) ** 2
    statistic = (off / (table["n_pool"] * share * (1 - share))).sum()
    assert analysis.same_rate(table) == pytest.approx(chi2.sf(statistic, 3))


def test_same_rate_is_right_as_often_as_it_says():
    """Picks at random are called different at 5 % in about one of twenty pools."""
    rng, n_clear = np.random.default_rng(1), 0
    facts = pd.DataFrame({"index": range(2000), "area": rng.random(2000)})
    for _ in range(400):
        core = rng.choice(2000, 100, replace=False)
        table = analysis.factor_rates(facts, core, "area", n_pool=2000)
        n_clear += analysis.same_rate(table) < 0.05
    assert 0.02 < n_clear / 400 < 0.085


@pytest.mark.parametrize("picked", [[0, 0], [5, 5]])
def test_same_rate_of_none_or_all_is_one(picked):
    """Nothing tells the groups apart."""
    assert analysis.same_rate(pd.DataFrame({"n_pool": [5, 5], "n_core": picked})) == 1.0


def _measured(scale=1.0):
    return a_run(compact(), n_backward=6200, n_forward=11_000, phases={
        "train": 100 * scale, "warmup": 0, "scan": 50 * scale, "startup": 5.0})


def test_estimate_repeats_what_was_measured():
    """The same settings on the same machine take the measured time."""
    expected = 5 + 100 + 31_000 / 220
    assert analysis.estimate(compact(), [_measured()]).seconds == pytest.approx(expected)


def test_estimate_says_when_nothing_is_known():
    """No stored run: no number for the compact network, hours for the article's."""
    assert analysis.estimate(compact(), []).seconds is None
    days = analysis.estimate(article(), []).seconds / 86_400
    training = ARTICLE_TRAINING_IMAGES / REFERENCE_SPEED["article"][0]
    assert training < days * 86_400 < 1.2 * training, "training is nearly all of it"


def test_article_estimate_scales_with_this_machine():
    """A machine twice as slow on the compact network needs twice the time."""
    one, two = (analysis.estimate(article(), [_measured(s)]).seconds for s in (1.0, 2.0))
    assert two == pytest.approx(2 * one)


def test_the_estimate_of_a_data_set_is_by_its_pixels():
    """Its scene says nothing of its size."""
    asked = compact().replace(**{"source.kind": "files", "source.name": "x",
                                 "source.fingerprint": "a" * 16, "source.rows": 256,
                                 "source.cols": 256})
    one, four = (analysis.estimate(config, [_measured()]).seconds for config in (compact(), asked))
    assert four - 5 == pytest.approx(4 * (one - 5))


def test_finding_never_claims_more_than_was_seen():
    """An unfinished run speaks of the pairs tested only."""
    assert analysis.finding(3, 8, 10, None) == "3 of the first 8 pairs kept"
    assert analysis.finding(3, 10, 10, "exhausted").startswith("3 of 10 pairs kept")
    left_out = analysis.finding(3, 8, 10, "exhausted")  # two pairs of another run's core set
    assert left_out == "3 of 8 pairs kept; the other 5 already passed"
    assert analysis.finding(1, 2, 2, "clean").endswith("; the other one already passed")
    assert analysis.finding(10, 10, 10, "exhausted") == "All 10 pairs kept: none passed"
    assert "stalled" in analysis.finding(3, 8, 10, "stalled")
    assert "stalled: 1 pair could" in analysis.finding(1, 8, 10, "stalled")
    assert analysis.finding(3, 15, 10, None) == "3 of the first 10 pairs kept", "in a second pass"
    assert analysis.finding(1, 1, 1, "exhausted") == "The only pair kept"


def test_differing_lists_only_what_differs():
    """Seeds differ, nothing else."""
    table = analysis.differing({"a": compact().flat(),
                               "b": compact().replace(**{"seeds.order": 2}).flat()})
    assert table.index.tolist() == ["seeds.order"]
