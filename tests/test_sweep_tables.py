"""Tables and figures of sweeps and comparisons: small cases by hand, and other implementations."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import jaccard_score
from stored_results import HELD_OUT, a_run

from shipdash import analysis, figures
from shipdash import config as configs
from shipdash.config import RunConfig, SelectionConfig


def point(precision, n_core, *, order=1, acceptance="article", state="completed",
          reason="exhausted", iou=(0.4, 0.6, 0.8, 0.95)):
    config = configs.quick().replace(**{
        "selection.precision": precision, "selection.acceptance": acceptance, "seeds.order": order})
    limit = config.selection.acceptance_iou
    held_out = HELD_OUT | {"n": 4, "mean_iou": float(np.mean(iou)), "acceptance_iou": limit,
                           "share_failing": float(np.mean(np.array(iou) < limit))}
    run = a_run(config, state=state, reason=reason, core=list(range(n_core)), held_out=held_out)
    return run, np.array(iou) if run.result else None


POINTS = analysis.sweep_points([
    point(0.6, 30, order=1), point(0.6, 34, order=2), point(0.6, 38, order=3),
    point(0.9, 80, order=1), point(0.9, 100, order=2), point(0.9, 90, order=3, reason="stalled"),
    point(0.9, 60, order=1, acceptance="iou"), point(0.75, 0, order=1, state="queued"),
])


def test_a_point_is_a_row_whatever_its_state():
    """States in words; without a result numbers are missing, not zero."""
    assert POINTS["state"].tolist() == ["completed"] * 5 + ["stalled", "completed", "queued"]
    waiting = POINTS.iloc[-1]
    assert waiting["precision"] == 0.75
    assert pd.isna(waiting[["n_core", "below_90", "below_own", "seconds"]]).all()


def test_failing_below_a_fixed_iou_is_counted_from_single_pairs():
    """Four pairs by hand: 0.4, 0.6, 0.8 and 0.95."""
    row = POINTS.iloc[0]
    assert row[["below_50", "below_70", "below_90"]].tolist() == [0.25, 0.5, 0.75]
    assert row["below_own"] == 0.5  # precision 0.6 asks for IoU 0.75


def test_a_curve_is_the_median_and_range_of_completed_runs():
    """Stalled and waiting runs, and the other rule, do not count."""
    curve = analysis.sweep_curve(POINTS, "n_core", "article")
    assert curve[["precision", "n", "median", "low", "high"]].to_dict("list") == {
        "precision": [0.6, 0.9], "n": [3, 2], "median": [34, 90], "low": [30, 80],
        "high": [38, 100]}
    assert curve["mean"].tolist() == [34, 90] and curve["sd"].tolist() == pytest.approx(
        [4, 200**0.5])


@pytest.mark.parametrize("margin", [0.95, 0.9, 1.0])
def test_bands_are_where_the_settings_change_their_acceptance(margin):
    """Held against the config at every thousandth of the precision."""
    bands = analysis.acceptance_bands(0.5, 1.0, margin)
    for precision in np.arange(500, 1001) / 1000:
        rules = SelectionConfig(precision=float(precision), margin=margin)
        inside = bands[(bands["low"] < precision) & (precision <= bands["high"])]
        if precision > 0.5:  # a stretch is open below; the first begins where the grid does
            assert inside["tenths"].tolist() == [rules.acceptance_tenths]
            assert inside["iou"].tolist() == [rules.acceptance_iou]
    assert bands["low"].tolist()[1:] == bands["high"].tolist()[:-1]


def test_the_band_of_the_article_is_the_one_it_lies_in():
    """Every precision in (0.842, 0.947] asks for IoU 0.90."""
    bands = analysis.acceptance_bands(0.5, 1.0, 0.95)
    band = bands[bands["iou"] == 0.9].iloc[0]
    assert (round(band["low"], 3), round(band["high"], 3)) == (0.842, 0.947)


def _curve(*rows):
    """Precision, then the values of its runs."""
    return pd.DataFrame([(p, len(v), np.median(v), min(v), max(v), np.mean(v),
                          np.std(v, ddof=1) if len(v) > 1 else np.nan) for p, *v in rows],
                        columns=["precision", "n", "median", "low", "high", "mean", "sd"])


@pytest.mark.parametrize("last, words", [
    ((0.9, 80, 90, 100), " grows from"), ((0.9, 10, 15, 12), " shrinks from"),
    ((0.9, 39, 40, 60), ": 34 (30 to 38) at precision 0.60, 40 (39 to 60) at 0.90; not separated"),
    ((0.9, 90), ": 34 (30 to 38) at precision 0.60, 90 at 0.90; too few runs for a verdict"),
    ((0.9, 90, 91), ": 34 (30 to 38) at precision 0.60, ")])
def test_a_finding_claims_a_move_only_where_means_are_separated(last, words):
    """Ranges that do not meet are not enough, and two runs are too few."""
    said = analysis.sweep_finding(_curve((0.6, 30, 34, 38), last))
    assert said.startswith(f"The core set{words}") and "34 (30 to 38) at precision 0.60" in said


# Two precisions a step of the article score: IoU 0.75, 0.75, 0.80, 0.80.
RISING = ((0.55, 0.60, 0.65, 0.70), ((20, 20, 40, 40), (20, 22, 40, 44), (30, 30, 54, 66)))


def _rising(acceptance="article", precisions=RISING[0], orders=RISING[1]):
    return analysis.sweep_points([
        point(precision, core, order=order, acceptance=acceptance)
        for order, cores in enumerate(orders, 1)
        for precision, core in zip(precisions, cores, strict=True)])


def test_the_slope_is_that_of_a_regression_of_every_order():
    """Against SciPy's, with Student's interval over the three."""
    slope = analysis.precision_slope(_rising(), "article")
    each = [stats.linregress(RISING[0], np.log(cores)).slope / 10 for cores in RISING[1]]
    low, high = stats.t.interval(0.95, 2, np.mean(each), stats.sem(each))
    assert slope.log_factor[:3] == pytest.approx((np.mean(each), low, high))
    words = analysis.slope_words(slope, "article")
    assert words.startswith("Under the article score, 0.1 more precision multiplies the core set "
                            f"by {np.exp(np.mean(each)):.2f} on average")


def test_the_staircase_has_the_growth_of_the_moves_that_change_the_acceptance_iou():
    """By hand: one of three moves, from 0.60 to 0.65, as a share of each order's whole growth."""
    slope = analysis.precision_slope(_rising(), "article")
    shares = [1, np.log(40 / 22) / np.log(44 / 20), np.log(54 / 30) / np.log(66 / 30)]
    assert (slope.n_crossings, slope.n_moves) == (1, 3)
    assert slope.share_crossing.at == pytest.approx(np.mean(shares))
    words = analysis.slope_words(slope, "article")
    assert "falls on the 1 of 3 moves" in words
    factor = (40 / 20 * 40 / 22 * 54 / 30) ** (1 / 3)
    assert f"); the largest move, 0.60 to 0.65, alone by {factor:.2f}. " in words
    assert words.endswith("the rest falls on those that only train for longer.")


def test_moves_within_a_step_that_add_nothing_are_said_to():
    """Where training longer shrinks the core set, more than all growth falls on the steps."""
    slope = analysis.precision_slope(_rising(orders=((20, 18, 40, 38), (20, 20, 40, 36),
                                                     (30, 28, 54, 50))), "article")
    assert slope.share_crossing.at > 1
    words = analysis.slope_words(slope, "article")
    assert words.endswith("none is found on those that only train for longer.")


def test_where_the_acceptance_iou_always_moves_there_is_no_staircase_to_explain():
    """Plain IoU: 0.95 times the precision."""
    slope = analysis.precision_slope(_rising("iou"), "iou")
    assert slope.share_crossing is None
    assert analysis.slope_words(slope, "article").endswith("the slopes of 3 orders of one pool).")


def test_an_order_that_lacks_a_precision_gives_no_slope():
    """Two whole orders are too few, and so are two precisions."""
    missing = _rising()
    missing.loc[0, "state"] = "stalled"
    assert analysis.precision_slope(missing, "article") is None
    two = _rising(precisions=(0.55, 0.65), orders=((20, 40), (20, 41), (21, 43)))
    assert analysis.precision_slope(two, "article") is None


def test_runs_that_do_not_vary_give_no_verdict_on_the_sweep():
    """Nothing is known of the spread."""
    said = analysis.sweep_finding(_curve((0.6, 34, 34, 34), (0.9, 50, 50, 50)))
    assert said.endswith("; no verdict, since runs do not vary")


def test_a_finding_of_nothing_and_of_one_precision():
    """Both are said as they are."""
    assert "no point computed yet" in analysis.sweep_finding(_curve())
    assert analysis.sweep_finding(_curve((0.6, 34))) == (
        "The core set: 34 at precision 0.60")


def test_the_trade_off_is_a_rank_correlation():
    """Against SciPy's, on runs whose failures fall with their size, with a tie."""
    table = pd.DataFrame({"n_core": [30, 40, 50, 50, 70], "below_90": [0.5, 0.3, 0.35, 0.2, 0.1]})
    r = stats.spearmanr(table["n_core"], table["below_90"]).statistic
    said = analysis.trade_off_finding(table, "below_90")
    assert said == (f"Larger core sets come with fewer failures: rank correlation {r:.2f} over 5 "
                    "runs, not tested, since both depend on the precision")
    assert "too few" in analysis.trade_off_finding(table[:2], "below_90")


def _cores(*cores, **changes):
    """Runs of one pool of ten pairs with these core sets, by letters."""
    asked = configs.quick().replace(**changes)
    return {letter: a_run(asked, core=list(core), n_pool=10)
            for letter, core in zip("abcdef", cores, strict=False)}


def test_jaccard_is_scikit_learns():
    """On random sets, as indicator vectors over the pool."""
    rng = np.random.default_rng(1)
    cores = [rng.choice(10, size, replace=False).tolist() for size in (4, 7, 2)]
    inside = dict(zip("abc", (np.isin(np.arange(10), core) for core in cores), strict=True))
    for row in analysis.overlap_table(_cores(*cores)).itertuples():
        assert row.jaccard == pytest.approx(jaccard_score(inside[row.a], inside[row.b]))
        assert row.common == (inside[row.a] & inside[row.b]).sum()


def test_jaccard_at_its_ends():
    """Disjoint, the same, and both empty."""
    runs = _cores([1, 2], [3], [2, 1], [], [])
    table = analysis.overlap_matrix(analysis.overlap_table(runs), list(runs))
    assert table.loc["a", ["b", "c", "d"]].tolist() == [0.0, 1.0, 0.0]
    assert table.loc["d", "e"] == table.loc["e", "d"] == 1.0


@pytest.mark.parametrize("change", [
    {"seeds.pool": 2}, {"scene.distractor": "none"}, {"planted.duplicates": 0.5},
    {"source.kind": "files", "source.name": "ships", "source.fingerprint": "0" * 16,
     "source.rows": 64, "source.cols": 64}])
def test_pools_of_other_pairs_are_not_compared(change):
    """Number 1 of the one pool is not number 1 of the other."""
    runs = _cores([1], [1]) | {"c": _cores([1], **change)["a"]}
    table = analysis.overlap_table(runs)
    assert (table["a"].tolist(), table["b"].tolist()) == (["a"], ["b"])
    assert np.isnan(analysis.overlap_matrix(table, list(runs)).loc["a", "c"])


def test_a_fold_is_not_said_to_share_nothing_with_the_core_it_left_out():
    """It could not have picked any of it."""
    runs = _cores([1, 2])
    first = runs["a"]
    runs |= {"b": _cores([3, 4], **{"selection.exclude": (first.run_id,)})["a"]}
    assert analysis.overlap_table(runs).empty
    assert len(analysis.overlap_table(_cores([1, 2], [3, 4]))) == 1


def test_overlap_in_a_sentence():
    """Three core sets by hand, and chance by drawing."""
    table = analysis.overlap_table(_cores([0, 1], [1, 2], [3, 4]))
    rng = np.random.default_rng(2)
    drawn = [len({*a} & {*b}) / len({*a} | {*b}) for a, b in (
        (rng.choice(10, 2, False), rng.choice(10, 2, False)) for _ in range(4000))]
    assert table["random"].tolist() == pytest.approx([np.mean(drawn)] * 3, abs=0.01)
    assert analysis.overlap_finding(table) == (
        "Core sets overlap by 0.000 (Jaccard, 0.000 to 0.333); chance alone would give 0.141")
    alone = analysis.overlap_table(_cores([1]))
    assert analysis.overlap_finding(alone) == "No two core sets come from the same pool"


def test_a_common_curve_is_the_median_of_steps():
    """Two step curves by hand, one of them shorter."""
    curve = analysis.common_curve([(np.array([0, 2, 4]), np.array([0, 1, 3])),
                                  (np.array([0, 1, 3]), np.array([0, 2, 2]))])
    assert curve["x"].tolist() == [0, 1, 2, 3, 4]
    assert curve["n"].tolist() == [2, 2, 2, 2, 1]
    assert curve["median"].tolist() == [0, 1, 1.5, 1.5, 3]
    assert curve["low"].tolist() == [0, 0, 1, 1, 3]
    assert curve["high"].tolist() == [0, 2, 2, 2, 3]


def test_a_common_curve_of_one_is_itself_and_of_none_is_empty():
    """No interpolation, no invention."""
    x, y = np.array([0, 3, 9]), np.array([0, 1, 2])
    alone = analysis.common_curve([(x, y)])
    assert alone["x"].tolist() == x.tolist()
    assert alone[["median", "low", "high"]].to_numpy().T.tolist() == [y.tolist()] * 3
    assert analysis.common_curve([]).empty
    assert analysis.common_curve([(np.array([]), np.array([]))]).empty


def test_replicas_differ_in_seeds_only():
    """Grouped by all but the seeds, named by what else differs."""
    runs = {name: RunConfig().replace(**changes).flat() for name, changes in {
        "a": {"selection.precision": 0.8}, "b": {"selection.precision": 0.8, "seeds.order": 2},
        "c": {"selection.precision": 0.9, "seeds.model": 3}}.items()}
    assert analysis.replicas(runs) == {"precision 0.8": ["a", "b"], "precision 0.9": ["c"]}
    assert analysis.replicas({"a": runs["a"], "b": runs["b"]}) == {"same settings": ["a", "b"]}


def test_labels_tell_any_two_runs_apart():
    """Also where only a seed differs, or nothing does."""
    runs = {"a" * 16: RunConfig().flat(),
            "b" * 16: RunConfig().replace(**{"seeds.order": 2}).flat()}
    assert list(analysis.labels(runs).values()) == ["order seed 1", "order seed 2"]
    assert list(analysis.labels({"a" * 16: RunConfig().flat()}).values()) == ["run 1"]


def test_runs_that_nothing_tells_apart_keep_labels_of_their_own():
    """Two of three agree in every setting, as runs of two versions do: none may vanish."""
    one, two = RunConfig().flat(), RunConfig().replace(**{"seeds.order": 2}).flat()
    found = analysis.labels({"a" * 16: one, "b" * 16: one, "c" * 16: two})
    assert found == {"a" * 16: "order seed 1, run 1", "b" * 16: "order seed 1, run 2",
                     "c" * 16: "order seed 2"}


def test_sizes_in_a_sentence():
    """One group, few, many, none."""
    assert analysis.sizes_finding({"x": [80, 90, 100]}) == (
        "Pairs selected: 90 (80 to 100, 3 runs)")
    assert analysis.sizes_finding({"x": [80], "y": [1200]}) == "Pairs selected, x: 80; y: 1,200"
    many = {str(n): [n] for n in range(1, 6)}
    assert analysis.sizes_finding(many) == "5 runs select 1 to 5 pairs"
    assert analysis.sizes_finding({"x": []}) == "No run here has both learnt and come to its end"


def test_a_size_is_that_of_the_group_that_has_one():
    """Beside a group that is still at work, its name and its pool were left out."""
    assert analysis.sizes_finding({"x": [53], "y": []}, {"x": 140, "y": 10_000}) == (
        "Pairs selected, x: 53 of 140")


# -- figures -------------------------------------------------------------------------------------

SIZE = figures.Measure("n_core", "pairs selected", ",", ",", "t")


def _threshold(measure=SIZE, **kwargs):
    curve = analysis.sweep_curve(POINTS, measure.column, "article")
    return figures.threshold(POINTS, curve, "article", measure, **kwargs)


def _trace(chart, uid):
    return next(t for t in chart.figure.data if t.uid == uid)


def test_every_run_is_a_dot_that_knows_its_run():
    """Completed ones of the chosen rule, stalled ones apart, waiting ones hollow."""
    chart = _threshold()
    dots, waiting = _trace(chart, "dots completed False"), _trace(chart, "waiting")
    mine = POINTS[(POINTS["acceptance"] == "article") & (POINTS["state"] == "completed")]
    assert list(dots.customdata) == mine["run_id"].tolist()
    assert list(dots.y) == mine["n_core"].tolist()
    assert list(_trace(chart, "dots stalled False").y) == [90]
    assert list(waiting.customdata) == [POINTS["run_id"].iloc[-1]]
    sent = json.loads(chart.figure.to_json())["data"]
    assert all(isinstance(trace["x"], list) for trace in sent if "customdata" in trace)
    assert "open" in waiting.marker.symbol[0]


def test_a_run_that_did_not_learn_is_no_waiting_point():
    """It has a result: its own mark, and a name that says it is left out of the median."""
    run, iou = point(0.8, 700)
    lost = run._replace(result=dataclasses.replace(run.result, symptom="by heart"))
    points = analysis.sweep_points([(lost, iou)])
    curve = analysis.sweep_curve(points, "n_core", "article")
    drawn = figures.threshold(points, curve, "article", SIZE).figure.data
    assert "did not learn, left out of the median" in [t.name for t in drawn]
    assert "waiting" not in [t.uid for t in drawn]


def test_hollow_points_of_one_precision_do_not_hide_each_other():
    """They are stacked."""
    points = analysis.sweep_points([point(0.8, 0, order=n, state="missing") for n in (1, 2, 3)])
    curve = analysis.sweep_curve(points, "n_core", "article")
    waiting = _trace(figures.threshold(points, curve, "article", SIZE), "waiting")
    assert len(set(waiting.y)) == 3


def test_the_accent_is_the_core_size_only():
    """Failures and cost are grey."""
    failing = figures.Measure("below_90", "share", ".0%", ".1%", "t")
    assert figures.SELECTED in _threshold().figure.to_json()
    assert figures.SELECTED not in _threshold(failing).figure.to_json()


def test_the_other_rule_is_drawn_beside():
    """Its median, told apart by dash, mark and name."""
    other = analysis.sweep_curve(POINTS, "n_core", "iou")
    line = _trace(_threshold(other=other), "other")
    assert (list(line.y), line.line.dash, line.name) == ([60], "dash", "median, plain IoU")


def test_bands_are_drawn_and_said():
    """One stripe a stretch, with its IoU written in where there is room."""
    bands = analysis.acceptance_bands(0.6, 0.9, 0.95)
    layout = _threshold(bands=bands).figure.layout
    assert [(s.x0, s.x1) for s in layout.shapes] == list(
        zip(bands["low"], bands["high"], strict=True))
    wide = bands[bands["high"] - bands["low"] > 0.03]
    assert [a.text for a in layout.annotations] == [f"IoU ≥ {iou:.2f}" for iou in wide["iou"]]


def test_an_empty_sweep_draws():
    """Before the first point: axes, no error, words that say so."""
    points = analysis.sweep_points([])
    curve = analysis.sweep_curve(points, "n_core", "article")
    chart = figures.threshold(points, curve, "article", SIZE)
    assert chart.alt
    runs = analysis.trade_off(points, "below_90", "article")
    assert figures.trade_off(runs, "below_90", "IoU 0.90", "t").table.empty


def test_same_points_same_figure():
    """So that a page at rest sends nothing."""
    assert _threshold().figure.to_json() == _threshold().figure.to_json()


def test_an_overlay_shows_every_run_the_median_and_the_range():
    """A group of two has thin runs and a band; groups differ in colour and in dash."""
    runs = {"a": (np.array([0, 5]), np.array([0, 3])), "b": (np.array([0, 5]), np.array([0, 5]))}
    groups = {"x": figures.Lines(runs, analysis.common_curve(list(runs.values()))),
              "y": figures.Lines({"a": runs["a"]}, analysis.common_curve([runs["a"]]))}
    chart = figures.overlay(groups, "t", 10)
    assert {t.uid for t in chart.figure.data} == {"x band", "x a", "x b", "x median", "y median"}
    one, two = _trace(chart, "x median").line, _trace(chart, "y median").line
    assert one.color != two.color and one.dash != two.dash
    assert list(_trace(chart, "x median").y) == [0, 4]
    assert figures.SELECTED not in chart.figure.to_json()


def test_overlap_leaves_incomparable_cells_blank():
    """Two pools: no number where there is nothing to say."""
    runs = _cores([1], [2]) | {"c": _cores([1], **{"seeds.pool": 2})["a"]}
    table = analysis.overlap_matrix(analysis.overlap_table(runs), list(runs))
    (drawn,) = figures.overlap(table, "t").figure.data
    cells = {(round(base), x): text
             for base, x, text in zip(drawn.base, drawn.x, drawn.text, strict=True)}
    assert (0, 2) not in cells
    assert (cells[0, 0], cells[0, 1]) == ("1.00", "0.00")
