"""The evidence in five lines, and the stored rates of the verdict beside them."""

import numpy as np
import pandas as pd
import pytest
from evidence_runs import arm, config, selection
from paging import open_page, quiet_store, words
from streamlit.testing.v1 import AppTest

from benchmarks import simulated_studies
from benchmarks import verdict_rates as simulated
from shipdash import analysis
from shipdash.analysis import registered
from shipdash.analysis.by_factor import GAP, NONE_DIFFERS
from shipdash.analysis.difference import summary
from shipdash.runs import Store
from shipdash.studies import collect, stored_ious
from shipdash.ui import frame
from shipdash.ui.factors import name_and_unit

STORED = pd.read_csv(simulated.STORED)
BUDGETS = {"core-4x": 0.01, "random-4x": 0.05}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Three runs each of core set, random pairs, first pairs and full pool; then four times."""
    store = Store(tmp_path_factory.mktemp("runs"))
    source = selection(store, config())
    for r in (1, 2, 3):
        for name in ("core", "random", "first", "full"):
            arm(store, source, name, r)
    few = collect.gather(store, source)
    for r in (1, 2, 3):
        for name, share in BUDGETS.items():
            arm(store, source, name, r, share=share)
    return store, source, few, collect.gather(store, source)


def _rows(core, random):
    return [pd.Series({"n_runs": len(v)} | summary(v, sets, "share_failing"))
            for v, sets in ((core, [0] * len(core)), (random, range(len(random))))]


# -- lines -------------------------------------------------------------------------------------


def test_the_tail_has_its_test_and_the_placebo_beside(found):
    """The planted difference is found, and nothing between two random draws."""
    line = analysis.tail_line(found[2].arms)
    assert "fail after training on the core set" in line.said
    assert line.test.endswith("separated") and "not separated" not in line.test
    assert line.placebo.endswith("not separated")


def test_the_typical_pair_is_the_median(found):
    """All medians of these runs are the same value, so there is no verdict on them."""
    line = analysis.typical_line(
        analysis.medians_table(found[2].ious, found[2].about["n_core"]))
    assert line.said == ("The median IoU is 0.9500 after training on the core set, 0.9500 "
                         "after training on random pairs")
    assert line.test == line.placebo == "no verdict"


def test_the_factor_names_the_group_that_differs_most(found):
    """With its share of the pairs; without factors, or single pairs, it says so."""
    ious = found[2].ious._replace(factors=stored_ious.held_out_factors(config(), 3))
    asked = (found[2].about["n_core"], 0.9, "gap_px", *name_and_unit("gap_px"))
    line = analysis.factor_line(ious, *asked)
    assert line.said.startswith("Gap to the distractor ") and " px (" in line.said
    assert "on random pairs" in line.said and line.test != line.placebo
    assert "not known" in analysis.factor_line(found[2].ious, *asked).said
    assert "not stored" in analysis.factor_line(None, *asked).said


def test_without_failures_no_group_is_said_to_differ(found):
    """Nor is a p value spoken of that there is none of."""
    ious = found[2].ious._replace(factors=stored_ious.held_out_factors(config(), 3))
    perfect, n_core = ious._replace(iou=np.ones_like(ious.iou)), found[2].about["n_core"]
    table = analysis.failing_by_factor(perfect, GAP, n_core, 0.9)
    asked = (n_core, 0.9, GAP, *name_and_unit(GAP))
    assert analysis.factor_finding(table, *name_and_unit(GAP)) == NONE_DIFFERS
    assert analysis.factor_line(perfect, *asked).said == NONE_DIFFERS


def test_the_budget_is_the_largest_that_both_arms_have(found):
    """The full pool at equal updates until more updates have been run."""
    at_one, at_four = (analysis.budget_line(evidence.arms) for evidence in found[2:])
    assert "on all 200 pairs" in at_one.said and at_one.test.startswith("+")
    assert at_four.said.startswith("With 4 times the updates")
    assert at_four.test.endswith("separated") and at_four.test.startswith("−")


def test_the_certificate_is_a_bound_or_what_it_lacks(found):
    """And the measured rate with its interval."""
    run = found[0].info(found[1])
    certificate = analysis.certificate_of(run)
    line = analysis.certificate_line(certificate, run.result.held_out)
    assert line.said.startswith("No bound: 2 of 6 conditions")
    low, high = analysis.wilson(round(400 * run.result.held_out.share_failing), 400)
    assert f"({100 * low:.2f} to {100 * high:.2f}) of 400 pairs" in line.test
    holding = certificate._replace(bound=0.021)
    assert analysis.certificate_line(holding, None).said.startswith("At most 2.10% of fresh")


def test_what_was_not_run_is_said():
    """A selection alone has no test."""
    arms = pd.DataFrame(columns=["arm", "stop", "network"])
    assert {analysis.tail_line(arms).test, analysis.budget_line(arms).test} == {"–"}


# -- rates of the verdict ----------------------------------------------------------------------


@pytest.mark.parametrize("place", [4, 29])
def test_the_stored_rates_are_what_the_simulation_gives(place):
    """Drawn again with the same seed: rows of the packaged table, exactly."""
    row = STORED.iloc[place]
    rate = simulated_studies.share_separated(
        row.n_studies, row.n_runs, share=row.share_of_set, effect=row.effect,
        own_sets=row.design != "one selection", seed=(20261126, place))
    assert row.separated == rate and row.n_studies == 2000


def test_every_stored_false_positive_rate_is_at_most_five_percent():
    """Of each plan that shares a set; where none is shared, its four rows are one distribution."""
    none = STORED[(STORED["effect"] == 0) & (STORED["n_studies"] == 50_000)]
    shared = none["design"] == "one selection"
    assert len(none) == 16 and (none.loc[shared, "separated"] <= 0.05).all()
    own = none[~shared]
    assert (own.groupby("n_runs")["separated"].mean() <= 0.05).all() and (own["low"] <= 0.05).all()


def test_the_document_states_the_stored_rates():
    """Lowest and highest without an effect, by plan; the two plans that share a set together."""
    text = " ".join((simulated.ROOT / "docs" / "evidence.md").read_text("utf-8").split())
    none = STORED[STORED["effect"] == 0]
    (shared, three, ten) = (
        f"{100 * part.min():.2f} to {100 * part.max():.2f} %" for part in (
            none.loc[none["design"] == "one selection", "separated"],
            *(none.loc[(none["design"] != "one selection") & (none["n_runs"] == n), "separated"]
              for n in (3, 10))))
    assert f"{shared} claim one where the core runs share one set" in text
    ten_runs = none[(none["design"] != "one selection") & (none["n_runs"] == 10)]
    together = 100 * ten_runs["separated"].mean()
    assert len(ten_runs) == 4
    assert f"{three} with three runs and {ten} with ten" in text
    assert f"pooled they claim one in {together:.2f} %" in text


@pytest.mark.parametrize(("n_runs", "simulated_with"), [(2, None), (3, 3), (9, 3), (20, 10)])
def test_rates_are_those_of_a_plan_that_is_not_larger(n_runs, simulated_with):
    """Rounded down, so that no power is claimed that the runs do not have."""
    rows = _rows(np.arange(n_runs) / 100, np.arange(n_runs) / 50)
    rates = analysis.rates_of(STORED, *rows)
    assert (rates and rates.n_runs) == simulated_with
    if rates:
        stored = STORED[(STORED["design"] == "one selection")
                        & (STORED["n_runs"] == simulated_with)]
        none = stored[stored["effect"] == 0]["separated"]
        assert rates.false == (none.min(), none.max())
        assert set(rates.found) == {2.0, 4.0}


def test_rates_are_given_in_points_of_the_failure_rate():
    """Two standard deviations of the random runs, here 1 point each."""
    rows = _rows([0.0, 0.01, 0.02], [0.0, 0.01, 0.02])
    said = analysis.rates_words(analysis.rates_of(STORED, *rows), rows[1])
    assert "without a true difference, 0.8 to 3.5% of studies claim one" in said
    assert "of 2 standard deviations (2.00 points) is found in 11.5 to 16.4% of studies" in said


# -- the page ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("preset", "shown"), [("compact", True), ("quick", False)])
def test_the_page_shows_the_registered_study(tmp_path, monkeypatch, preset, shown):
    """Title and one line a claim, for runs of the settings that it was made with."""
    def script(preset):
        from types import SimpleNamespace

        from shipdash import config
        from shipdash.ui.evaluation import registered
        registered.in_a_line(SimpleNamespace(config=config.preset(preset)))
        registered.panel(SimpleNamespace(config=config.preset(preset)))

    monkeypatch.setattr(frame, "RECORDED", tmp_path)
    facts = ["this one", "0.3.0", "2026-11-27"]
    pd.DataFrame(
        [["H1", "Selected pairs fail less", "below_90", 10, -0.009, -0.012, -0.006, 10, 0, 1e-5,
          9e-5, 0.002, "supported", *facts],
         ["placebo", "First pairs fail less", "below_90", 10, 0.001, -0.002, 0.004, 5, 5, 0.4,
          np.nan, 1.0, "not separated", *facts]],
        columns=registered.COLUMNS).to_csv(tmp_path / registered.FILE, index=False)
    (tmp_path / registered.CERTIFICATE_FILE).write_text(
        "pool,run_id,n_kept,n_pool,delta,bound,two_sided,rounds,share_failing\n"
        "9001,730c6bcaba8864b2,131,10000,0.01,0.0176,0.0179,6,0.0009\n")
    said = words(AppTest.from_function(script, kwargs={"preset": preset}).run())
    said = said.replace("\N{NO-BREAK SPACE}", " ")
    assert said.count("Over 10 pools, fewer pairs fail after training on selected") == 2 * shown
    assert ("−0.90 points (−1.20 to −0.60) | p < 0.001; lower in 10 of 10 pools, sign test "
            "p = 0.002 | **supported**" in said) == shown
    assert ("| Placebo: first pairs fail less |" in said) == shown
    assert ("p = 0.40, not corrected; lower in 5 of 10 pools" in said) == shown
    assert ("until a pass adds nothing): 131 of 10,000 pairs kept in 6 passes; at most 1.76% of "
            "fresh pairs fail, with probability 99% over draws of the pool (two-sided: 1.79%), if "
            "the settings were chosen without this pool. 0.09% of the held-out pairs fail." in said
            ) == shown


def test_the_page_tells_in_five_lines(tmp_path, monkeypatch, found):
    """Before any fold, with the rates of the verdict."""
    recorded = frame.RECORDED
    quiet_store(tmp_path, monkeypatch)
    monkeypatch.setattr(frame, "RECORDED", recorded)
    monkeypatch.setenv("SHIPDASH_RUNS", str(found[0].root))
    at = open_page("pages/4_Evaluation.py", run=found[1], view="Controls")
    table = next(m.value for m in at.markdown if m.value.startswith("|  | Found"))
    assert [row.split("**")[1] for row in table.splitlines()[2:]] == [
        "Tail", "Typical pair", "Factor", "Budget", "Certificate"]
    assert "0.8 to 3.5% of studies claim one" in words(at)
