"""Core set against random pairs while the runs come in: table, sentence, figure and panel."""

import pandas as pd
import pytest
from evidence_runs import N_CORE, arm, config, selection
from paging import open_page, quiet_store, words
from test_evidence_page import _open

from shipdash import analysis, figures
from shipdash.records import RunState
from shipdash.studies.folder import Studies


def table(core, random):
    """Finished runs with these shares failing."""
    rows = [("x", name, 1001 + i, i if name == "Random" else 0, 12, share, 0.9)
            for name, shares in (("Core set", core), ("Random", random))
            for i, share in enumerate(shares)]
    return pd.DataFrame(rows, columns=["run_id", "arm", "model_seed", "draw", "n_pairs",
                                       "share_failing", "mean_iou"])


@pytest.mark.parametrize("core, random, said", [
    ([0.01, 0.02, 0.03], [0.08, 0.09, 0.10], "Better than random"),
    ([0.08, 0.09, 0.10], [0.01, 0.02, 0.03], "Worse than random"),
    ([0.01, 0.02, 0.03], [0.04, 0.05, 0.06], "Core set against random pairs: failure rates are"),
    ([0.01, 0.02, 0.03], [0.05, 0.05, 0.05], "Core set against random pairs: no verdict"),
    ([0.01, 0.02, float("nan")], [0.04, 0.05, 0.06], "Core set against random pairs: no verdict"),
    ([0.01, 0.02], [0.04, 0.05, 0.06], "Is it better than random?"),
])
def test_nothing_is_claimed_before_all_runs_are_in_and_means_are_separated(core, random, said):
    """Runs wholly apart are not enough, and two runs of three are no answer."""
    assert analysis.so_far_finding(table(core, random), 3).title.startswith(said)


def test_a_verdict_has_its_p_value_and_says_that_the_core_set_is_one():
    """Three runs on one core set count as one observation."""
    said = analysis.so_far_finding(table([0.01, 0.02, 0.03], [0.08, 0.09, 0.10]), 3).detail
    assert "Test of means over one core set and 3 random draws" in said
    assert "p = 0.026, separated" in said and "about this selection, not about others" in said


def test_the_two_networks_are_told_apart():
    """Which number is the streaming network's and which the retrained one's."""
    arms = pd.DataFrame([
        {"arm": analysis.STREAMING, "stop": "as selection left it", "network": analysis.SAME,
         "n_pairs": 105, "n_runs": 1, "share_failing": 0.0042, "mean_iou": 0.95},
        {"arm": "Core set", "stop": analysis.EQUAL_UPDATES, "network": analysis.SAME,
         "n_pairs": 105, "n_runs": 3, "share_failing": 0.0038, "mean_iou": 0.96}])
    said = analysis.two_networks(arms)
    assert "The network as selection left it (the streaming learner) fails on 0.42%" in said
    assert "from scratch on the same 105 pairs fails on 0.38% on average over 3 runs" in said
    assert analysis.two_networks(arms[:1]) == ""


def test_every_run_is_a_dot_and_both_rows_are_there_from_the_start():
    """Told apart by row, colour and mark; the streaming network is a line."""
    figure = figures.arms_so_far(table([0.01], []), 0.03, "t").figure
    assert [len(trace.x) for trace in figure.data] == [0, 1]
    assert {trace.marker.symbol for trace in figure.data} == {"diamond", "circle"}
    assert list(figure.layout.yaxis.ticktext) == ["random pairs", "core set"]
    assert figure.layout.shapes[0].x0 == 0.03


def test_runs_with_the_same_share_do_not_hide_each_other():
    """They stand beside each other on their row."""
    figure = figures.arms_so_far(table([0.02, 0.02, 0.03], []), 0.03, "t").figure
    assert len(set(zip(figure.data[1].x, figure.data[1].y, strict=True))) == 3


@pytest.fixture
def store(tmp_path, monkeypatch):
    """An empty runs folder, no recorded run, and no worker that is ever started."""
    return quiet_store(tmp_path, monkeypatch)


def test_one_click_asks_for_core_set_and_random_pairs(store):
    """Three runs of each with equal updates, and nothing else."""
    run_id = selection(store, config())
    at = _open(run=run_id, view="Controls")
    assert f"{N_CORE} selected pairs and 3 on random ones" in words(at)
    at.button(key="start_better").click().run()
    assert not at.exception
    study_id, = Studies(store).list()
    asked = Studies(store).study(study_id).runs
    assert sorted(c.arm.kind for c in asked) == 3 * ["core"] + 3 * ["random"]
    assert {c.arm.protocol for c in asked} == {"equal updates"}


def test_dots_appear_while_other_runs_are_at_work(store):
    """What is in is counted, and no verdict is given yet."""
    run_id = selection(store, config())
    at = _open(run=run_id, view="Controls")
    at.button(key="start_better").click().run()
    arm(store, run_id, "core", 1)
    at.run()
    assert "1 of 3 runs on the core set and 0 of 3 on random pairs have finished" in words(at)
    assert len(at.get("bidi_component")) >= 1


def test_dots_stay_in_view_from_the_first_to_the_last(store):
    """Two arms with one run each are no evidence yet: they once put the dots into a closed fold."""
    run_id = selection(store, config())
    at = _open(run=run_id, view="Controls")
    at.button(key="start_better").click().run()
    for seed in (1, 2, 3):
        for kind in ("core", "random"):
            arm(store, run_id, kind, seed)
            at.run()
            assert not at.exception
            is_last = (seed, kind) == (3, "random")
            folds = {fold.label: fold.proto.expanded for fold in at.get("expander")}
            asked = "The runs one by one: is it better than random?"
            assert (asked in folds) == is_last
            assert folds.get(asked, True)
    assert "3 of 3" not in words(at)  # the verdict has taken its place


def test_a_finished_run_leads_to_the_question(store):
    """A link on the Run page, beside the pairs and the scores."""
    run_id = selection(store, config())
    assert store.status(run_id).state == RunState.COMPLETED
    at = open_page("pages/2_Run.py", run=run_id)
    assert "Is it better than random?" in [link.proto.label for link in at.get("page_link")]
