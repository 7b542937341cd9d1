"""Learning curves over updates: the table, the figure, the Controls view."""

import functools

import numpy as np
import pandas as pd
import pytest
from evidence_runs import arm, config, scores, selection
from paging import open_page, quiet_store
from scipy import stats

from shipdash import analysis, figures
from shipdash.acceptance import fails
from shipdash.analysis.difference import p_words
from shipdash.analysis.update_budget import BUDGET_ARMS
from shipdash.studies import collect

_open = functools.partial(open_page, "pages/4_Evaluation.py")
SHARES = {"core": 0.03, "core-4x": 0.02, "core-16x": 0.01,
          "random": 0.12, "random-4x": 0.08, "random-16x": 0.02, "full": 0.10}


@pytest.fixture
def store(tmp_path, monkeypatch):
    return quiet_store(tmp_path, monkeypatch)


def stored(store, names, n_runs=2):
    """A selection with these arms, each run of a planted quality."""
    source = selection(store, config())
    for name in names:
        for r in range(1, n_runs + 1):
            arm(store, source, name, r, share=SHARES.get(name, 0.05))
    return source


def test_every_arm_and_budget_is_a_point(store):
    """Means and ranges of the runs, recounted from their scores; arms in the page's order."""
    source = stored(store, SHARES)
    table = analysis.budget_table(collect.gather(store, source).arms)
    assert list(zip(table["arm"], table["times"], strict=True)) == [
        *[(BUDGET_ARMS[0], n) for n in (1, 4, 16)], *[(BUDGET_ARMS[1], n) for n in (1, 4, 16)],
        (BUDGET_ARMS[2], 1)]
    for row, name in zip(table.to_dict("records"), SHARES, strict=True):
        shares = [fails(scores(SHARES[name], r), 0.9).mean() for r in (1, 2)]
        assert row["share_failing"] == pytest.approx(sum(shares) / 2)
        assert (row["share_failing_low"], row["share_failing_high"]) == pytest.approx(
            (min(shares), max(shares)))
    images = table.set_index(["arm", "times"])["n_backward"]
    assert images[BUDGET_ARMS[0], 16] == 16 * images[BUDGET_ARMS[0], 1]


def test_every_difference_has_its_test(store):
    """The choice by SciPy's t test of one more draw; core set and full pool by Welch's, of runs."""
    arms = collect.gather(store, stored(store, [*SHARES, "full-4x"], n_runs=3)).arms
    found = analysis.budget_tests(arms).set_index(["compared", "times"])["share_failing"]
    core, random, full = ([fails(scores(SHARES[name], r), 0.9).mean() for r in (1, 2, 3)]
                          for name in ("core", "random", "full"))
    one_more = stats.t.sf(abs(np.mean(core) - np.mean(random)) / (
        np.std(random, ddof=1) * np.sqrt(1 + 1 / 3)), 2) * 2
    assert f", {p_words(one_more)}, " in found["Core set minus random", 1]
    runs = stats.ttest_ind(full, core, equal_var=False)
    assert f", {p_words(runs.pvalue)}, " in found["Full pool minus core set", 1]
    assert [key for key in found.index if key[1] == 16] == [("Core set minus random", 16)]
    assert len(found) == 3 + 2 + 2


def test_one_budget_makes_no_curve(store):
    """Nor do no arms at all."""
    source = stored(store, ["core", "random", "full"], n_runs=1)
    assert analysis.budget_table(collect.gather(store, source).arms).empty
    assert analysis.budget_table(pd.DataFrame()).empty


def test_a_larger_budget_is_not_the_arm_at_equal_updates(store):
    """The finding about core against random rests on equal updates alone."""
    few = stored(store, ["core", "random"])
    before = analysis.arms_finding(collect.gather(store, few).arms, analysis.EQUAL_UPDATES)
    for name in ("core-4x", "random-16x"):
        arm(store, few, name, 1, share=0.5)
    after = analysis.arms_finding(collect.gather(store, few).arms, analysis.EQUAL_UPDATES)
    assert before == after


def test_the_figure_has_a_line_an_arm(store):
    """Its points are those of the table, and its words say what can be seen."""
    table = analysis.budget_table(collect.gather(store, stored(store, SHARES, n_runs=3)).arms)
    chart = figures.budget(table, "share_failing", analysis.budget_title(table))
    assert [len(line.x) for line in chart.figure.data] == [3, 3, 1]
    # The full pool has one budget.
    assert chart.title == "Lowest mean failure rate: core set at 1x"
    assert len({(line.line.color, line.line.dash) for line in chart.figure.data}) == 3


def test_controls_show_the_curves_where_they_are_stored(store):
    """And nothing about them where they are not."""
    source = stored(store, ["core", "random"])
    at = _open(run=source, view="Controls")
    assert "More updates" not in [fold.label for fold in at.expander]
    arm(store, source, "core-4x", 1)
    at = _open(run=source, view="Controls")
    assert not at.error and "More updates" in [fold.label for fold in at.expander]
