"""Failing pairs by a true factor: groups, shares by hand, the archive, and the page's panel."""

import numpy as np
import pandas as pd
import pytest
from evidence_runs import arm, config, selection
from paging import open_page, quiet_store, words
from stored_results import a_run

from shipdash import analysis, figures
from shipdash.acceptance import fails
from shipdash.analysis import ArmRun, by_factor
from shipdash.config import RunConfig
from shipdash.data import open_source
from shipdash.studies import collect, stored_ious
from shipdash.ui import frame
from shipdash.ui.factors import FACTORS

GAPS = [1.0, 1.0, 5.0, 5.0, 30.0, 30.0]


def _run(kind, iou, seed=1, draw=0):
    changes = {"arm.kind": kind, "arm.source": "0" * 16, "arm.draw": draw, "arm.n_steps": 1}
    asked = config(**{"seeds.model": seed, **(changes if kind != "selection" else {})})
    run = a_run(asked, core=list(range(10)))
    return ArmRun(run, np.asarray(iou, float), analysis.ARMS[kind], analysis.EQUAL_UPDATES, "same")


@pytest.fixture
def ious():
    """Three runs on one core set and three random draws; only touching shapes differ."""
    runs = [_run("core", [0.95, 0.95, 0.95, 0.5, 0.95, 0.95], seed) for seed in (1, 2, 3)]
    runs += [_run("random", [0.5, low, 0.95, 0.5, 0.95, 0.95], draw, draw)
             for draw, low in ((1, 0.5), (2, 0.5), (3, 0.95))]
    factors = pd.DataFrame({"gap_px": GAPS, "high_sea": [0.0, 1, 0, 1, 0, 1]}, dtype=np.float32)
    return analysis.pair_ious(runs)._replace(factors=factors)


def test_groups_cover_every_pair_in_order():
    """Touching shapes first; quarters of equal size; yes and no; pairs without a value last."""
    gap = by_factor.groups_of(pd.Series([np.nan, 0.0, 2**0.5, 2.0, 24.0, 24.1], name="gap_px"))
    assert gap.tolist() == ["none", "0 to 1.5", "0 to 1.5", "1.5 to 3", "12 to 24", "over 24"]
    assert gap.cat.categories[0] == "0 to 1.5" and gap.cat.categories[-1] == "none"
    area = by_factor.groups_of(pd.Series(np.random.default_rng(1).permutation(400) + 1.0,
                                         name="target_area_px"))
    assert area.value_counts().tolist() == [100] * 4
    assert [name.split()[0] for name in area.cat.categories] == ["1", "101", "200", "300"]
    assert by_factor.groups_of(pd.Series([1.0, 0.0], name="high_sea")).tolist() == ["yes", "no"]
    assert by_factor.groups_of(pd.Series([np.nan, np.nan], name="distance_px")).tolist() == [
        "none", "none"]


def test_shares_of_a_group_are_counted_by_hand(ious):
    """Means over runs with their range; the runs on one core set are one set."""
    table = analysis.failing_by_factor(ious, "gap_px", 10, 0.9).set_index(["arm", "group"])
    touching = table.loc[("Random", "0 to 1.5")]
    assert touching[["n", "n_runs", "n_sets"]].tolist() == [2, 3, 3]
    assert touching["share_failing"] == pytest.approx(5 / 6)
    assert touching[["share_failing_low", "share_failing_high"]].tolist() == [0.5, 1.0]
    assert table.loc[("Core set", "0 to 1.5"), "n_sets"] == 1
    assert table.loc[("Core set", "3 to 6"), "share_failing"] == 0.5
    assert ("Core set", "1.5 to 3") not in table.index  # no pair lies there


def test_the_groups_of_a_factor_add_up_to_all_pairs(ious):
    """Weighted by their pairs, the shares are the failure rate of the arm."""
    for factor in ious.factors:
        table = analysis.failing_by_factor(ious, factor, 10, 0.9)
        for name, part in table.groupby("arm"):
            rows = ious.runs.index[ious.runs["arm"] == name]
            assert part["n"].sum() == len(GAPS)
            assert (part["n"] * part["share_failing"]).sum() / len(GAPS) == pytest.approx(
                fails(ious.iou[rows].astype(float), 0.9).mean())


def test_the_telling_group_is_where_the_difference_lies(ious):
    """All of it is in touching shapes here, and the test of means stands beside."""
    found = by_factor.telling_group(analysis.failing_by_factor(ious, "gap_px", 10, 0.9))
    assert (found.name, found.core, found.part) == ("0 to 1.5", 0.0, pytest.approx(1.0))
    assert found.share == pytest.approx(1 / 3)
    assert found.test.at == pytest.approx(-5 / 6) and found.test.is_defined
    table = analysis.failing_by_factor(ious, "gap_px", 10, 0.9)
    said = analysis.factor_finding(table, "Gap", " px")
    assert said.startswith("Gap 0 to 1.5 px (33.3% of the held-out pairs): ")
    assert "0.00% of this group fail after training on the core set and 83.33% after" in said
    assert "100% of the difference" in said and "p = " in said


def test_without_random_pairs_nothing_is_said(ious):
    """There is nothing to compare."""
    table = analysis.failing_by_factor(ious, "gap_px", 10, 0.9)
    assert analysis.factor_finding(table[table["arm"] != "Random"], "Gap", " px") == ""


def test_the_figure_has_a_mark_for_every_arm_and_group(ious):
    """As many points as rows of the table."""
    table = analysis.failing_by_factor(ious, "gap_px", 10, 0.9)
    chart = figures.by_factor(table, "Gap", "title")
    assert sum(len(trace.x) for trace in chart.figure.data) == len(table)


def test_factors_are_named_on_the_page_and_drawn_as_the_source_draws_them():
    """Every factor has words; the stored ones are the source's own, to single precision."""
    asked = config(**{"evaluation.n_held_out": 20})
    found, source = stored_ious.held_out_factors(asked, 3), open_source(asked, "held_out")
    assert set(found) == set(analysis.FACTORS) == set(FACTORS)
    for i in (0, 19):
        assert found["gap_px"][i] == np.float32(source.factors(i).gap_px)


def test_factors_are_stored_with_a_study_and_read_again(ious, tmp_path):
    """In the same archive as the IoU, in the same order of pairs."""
    again = stored_ious.read(stored_ious.write(ious, tmp_path / "x.npz"))
    assert again.factors.equals(ious.factors) and np.abs(again.iou - ious.iou).max() < 2e-5
    plain = stored_ious.read(stored_ious.write(ious._replace(factors=None), tmp_path / "y.npz"))
    assert plain.factors is None and plain.runs["draw"].tolist() == ious.runs["draw"].tolist()


def test_the_page_shows_own_arms_by_factor(tmp_path, monkeypatch):
    """Of runs whose factors are drawn again, by any factor that the viewer chooses."""
    store = quiet_store(tmp_path, monkeypatch)
    source = selection(store, config())
    for r in (1, 2, 3):
        for name in ("core", "random"):
            arm(store, source, name, r)
    at = open_page("pages/4_Evaluation.py", run=source, view="Controls")
    assert "Gap to the distractor" in words(at)
    table = next(d.value for d in at.dataframe if "group" in d.value.columns)
    assert table["group"].iloc[0] == "0 to 1.5"
    assert set(table.columns) == {"group", "n", "Streaming learner", "Core set", "Random"}
    assert table["n"].sum() == 400
    at.selectbox(key="by_factor").select("high_sea").run()
    assert not at.exception
    assert next(d.value for d in at.dataframe if "group" in d.value.columns)["group"].tolist() == [
        "no", "yes"]


def test_the_recorded_study_has_the_factors_of_its_pairs():
    """As they are drawn again, and with the touching shapes first."""
    found = collect.read(frame.RECORDED / "study")
    source = open_source(RunConfig.from_stored(found.about["spec"]), "held_out")
    assert len(found.ious.factors) == source.n
    assert found.ious.factors["gap_px"][:20].tolist() == [
        np.float32(source.factors(i).gap_px) for i in range(20)]


def test_pairs_of_a_data_set_have_no_factors():
    """Nobody knows them, so there is nothing to group by."""
    asked = config().replace(**{"source.kind": "files", "source.name": "x",
                                "source.fingerprint": "0" * 16,
                                "source.rows": 32, "source.cols": 32})
    assert stored_ious.held_out_factors(asked, 3) is None
