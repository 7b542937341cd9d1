"""Figures say in title, words and table what they draw."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import plotly
import plotly.graph_objects as go
import pytest
from plotly.basedatatypes import BaseTraceType

from shipdash import analysis, figures
from shipdash.ui import server

CURVE = analysis.Curve(np.array([0, 1, 50, 100]), np.array([0, 1, 12, 12]))


def _trace(chart, name):
    return next(t for t in chart.figure.data if t.name == name)


@pytest.mark.parametrize("log", [False, True])
def test_selection_shows_diagonal_guess_and_curve(log):
    """All three by name, each with an identity that survives updates."""
    chart = figures.selection(CURVE, 100, "title", guess=30, log=log)
    assert {t.name for t in chart.figure.data[:3]} == {"keep everything", "your guess: 30",
                                                       "selected"}
    assert all(t.uid for t in chart.figure.data)
    assert max(_trace(chart, "selected").y) == 12


def test_accent_means_selected_only():
    """Diagonal and guess are grey."""
    chart = figures.selection(CURVE, 100, "title", guess=30)
    named = [t for t in chart.figure.data if t.showlegend is not False]
    coloured = [t.name for t in named if figures.SELECTED in str(t.to_plotly_json())]
    assert coloured == ["selected"]


def test_logarithmic_axes_have_no_zero():
    """The origin moves to one."""
    chart = figures.selection(CURVE, 100, "title", log=True)
    assert min(_trace(chart, "selected").x) == 1


def test_same_numbers_same_figure():
    """Nothing in a figure changes by itself, so a page at rest sends nothing."""
    one, two = (figures.selection(CURVE, 100, "t", guess=5).figure.to_json() for _ in range(2))
    assert one == two


def test_an_update_is_small():
    """A run of 150 picks fits into 20 kB."""
    picks = np.unique(np.geomspace(1, 10_000, 150).astype(int))
    chart = figures.selection(analysis.Curve(picks, np.arange(len(picks))), 10_000, "t")
    assert len(chart.figure.to_json()) < 20_000


@pytest.mark.parametrize("empty", [True, False])
def test_live_figures_bear_an_empty_run(empty):
    """Before the first event every chart draws, with words that say so."""
    rate = pd.DataFrame([] if empty else [(5, 4, 0.5)], columns=["tested", "n", "rate"])
    trace = analysis.training_trace([])
    charts = [figures.rejection_rate(rate, 100), figures.training(trace, "score", 0.85),
              figures.training(trace, "loss"),
              figures.selection(analysis.selection_curve([]), 100, "Nothing tested yet")]
    assert all(chart.alt and chart.title for chart in charts)


@pytest.mark.parametrize(("n", "rate", "title"), [
    (1, 1.0, "The last pair failed"), (1, 0.0, "The last pair passed"),
    (2_000, 0.5, "50.0% of the last 2,000 pairs failed")])
def test_the_rate_of_a_single_pair_is_no_share(n, rate, title):
    """It was *100.0% of the last 1 pairs*."""
    table = pd.DataFrame([(n + 2, n, rate)], columns=["tested", "n", "rate"])
    assert figures.rejection_rate(table, 10_000).title == title


def test_factor_title_claims_nothing_where_intervals_overlap():
    """Two groups that cannot be told apart."""
    table = pd.DataFrame({"group": ["a", "b"], "n_pool": [10, 10], "n_core": [2, 3],
                          "rate": [0.2, 0.3], "low": [0.05, 0.1], "high": [0.5, 0.6]})
    assert figures.factor_rates(table, "Size").title == "Size: no clear difference"


def test_scores_split_at_the_acceptance():
    """Failing bars and passing bars together hold every pair."""
    table = analysis.distribution(np.array([0.2, 0.95, 0.97]), 0.9)
    chart = figures.scores(table, 0.9, "t")
    assert sum(sum(t.y) for t in chart.figure.data) == 3
    assert _trace(chart, "fail").marker.pattern.shape == "/"


@pytest.mark.parametrize("n_tested", [4, 1_992])
def test_a_pair_tested_once_has_ticks_at_whole_pairs(n_tested):
    """The axis begins at none and is ten pairs long at least, so no tick falls between two."""
    once = pd.DataFrame({"n_tested": [n_tested], "round": [1], "iou": [0.4],
                         "outcome": ["selected"]})
    low, high = figures.history(once, 0.9).figure.layout.xaxis.range
    assert low == 0 and high >= max(n_tested, 10)


def test_long_names_are_numbered_below_a_matrix_of_overlaps():
    """Written out on the left alone, where they fit; short ones on both sides."""
    short, long = ["1", "2"], [f"data set {name}, continues from 12 earlier pairs" for name in "ab"]
    for names, below in ((short, ("1", "2")), (long, ("1", "2"))):
        drawn = figures.overlap(pd.DataFrame(np.eye(2), names, names), "t").figure.layout
        assert drawn.xaxis.ticktext == below
        assert drawn.yaxis.ticktext[1].endswith(names[1])


def test_the_browser_draws_with_the_plotly_js_that_the_figures_are_made_for():
    """The copy of the chart types used here has the version of the plotly package."""
    whole = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    ours = server.HERE / "vendor" / server.PLOTLY
    version, same = (re.search(r"plotly\.js .*v(\d+\.\d+)\.", file.read_text()[:200])[1]
                     for file in (whole, ours))
    assert version == same and (ours.parent / "LICENSE").exists()


def test_the_browser_has_every_kind_of_trace_that_is_drawn():
    """Its plotly.js is the basic one: lines, points and bars."""
    package = server.HERE.parent
    code = "".join(file.read_text() for file in package.rglob("*.py"))
    assert "go.Figure(" in code
    called = {kind.title() for pair in re.findall(r"\badd_(\w+)\(|\bgo\.(\w+)\(", code)
              for kind in pair}
    traces = {kind for kind in called if issubclass(getattr(go, kind, object), BaseTraceType)}
    assert traces == {"Scatter", "Bar"}


def test_later_passes_are_within_the_figure():
    """They test pairs again, more in all than the pool has; the end of their curves was cut off."""
    x, y = np.array([0, 10, 180]), np.array([0, 5, 9])
    common = analysis.common_curve([(x, y)])
    steps = pd.DataFrame({"order_seed": 1, "tested": x, "selected": y})
    lines = {"until clean": figures.Lines({"a": (x, y)}, common)}
    for chart in (figures.overlay(lines, "t", 100), figures.fan(steps, common, 100, "t")):
        assert chart.figure.layout.xaxis.range[1] > 180
