"""Share below every IoU: ties, curves, crossings, and the archive beside a study."""

import numpy as np
import pandas as pd
import pytest
from evidence_runs import config, everything
from stored_results import a_run

from shipdash import analysis, figures
from shipdash.acceptance import fails
from shipdash.analysis import ArmRun
from shipdash.analysis.share_below_iou import crossings, share_below
from shipdash.figures.arms import looks
from shipdash.figures.base import SELECTED
from shipdash.runs import Store
from shipdash.studies import collect, stored_ious


def _run(kind, iou, seed=1, n_pairs=10):
    run = a_run(config(**{"seeds.model": seed}), core=list(range(n_pairs)))
    return ArmRun(run, np.asarray(iou, float), analysis.ARMS[kind], analysis.EQUAL_UPDATES, "same")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The evidence of a folder with every kind of run."""
    store = Store(tmp_path_factory.mktemp("runs"))
    return collect.gather(store, everything(store))


@pytest.mark.parametrize("t", analysis.share_below_iou.THRESHOLDS)
def test_what_is_stored_counts_what_the_rule_for_failing_counts(t):
    """In steps exactly, ties and one in a hundred thousand beside them as well."""
    iou = np.random.default_rng(1).beta(30, 1, 5000)
    iou = np.append(iou, [t, np.float32(t), t - 1e-5, t + 1e-5, 0, 1]).astype(np.float32)
    for found in (analysis.pair_ious([_run("core", iou)]).iou,
                  stored_ious.unpacked(stored_ious.packed(iou))[None]):
        assert share_below(found, t) == [fails(iou, t).mean()]
        assert np.abs(found - iou).max() <= 1.1e-5 and found.max() == 1


@pytest.mark.parametrize("t", [0.5, 0.7, 0.8, 0.9, 0.95])
def test_a_tie_in_half_precision_passes(t):
    """As older studies have it; only pairs just below may differ."""
    iou = np.random.default_rng(1).beta(30, 1, 5000)
    iou = np.append(iou[np.abs(iou - t) > 0.0005], [t, np.float32(t), t - 0.0005])
    assert share_below(iou.astype(np.float16), t) == fails(iou, t).mean()


def test_curves_and_medians_by_hand():
    """Two runs: the mean with its ends at a threshold, and the median of each run."""
    ious = analysis.pair_ious([_run("core", [0.6, 0.75, 0.97]), _run("core", [0.8, 0.98, 0.99], 2)])
    table = analysis.share_below_table(ious, 10).set_index("threshold")
    assert table.loc[0.77, ["share", "low", "high"]].tolist() == pytest.approx([1 / 3, 0, 2 / 3])
    assert table.index[[0, -1]].tolist() == [0.5, 0.99] and len(table) == 50
    row = analysis.medians_table(ious, 10).iloc[0]
    assert row[["median", "median_low", "median_high"]].tolist() == pytest.approx(
        [0.865, 0.75, 0.98], abs=5e-4)


@pytest.mark.parametrize(("one", "other", "expected"), [
    ([0, 1, 2], [1, 2, 3], []), ([0, 1, 3], [1, 1, 1], [(1, 3)]), ([0, 0, 0], [0, 0, 1], []),
    ([0, 2, 0], [1, 1, 1], [(1, 2), (2, 3)]), ([1, 1, 1], [1, 1, 1], []),
])
def test_curves_cross_where_they_change_sides(one, other, expected):
    """Touching, equal and parallel curves do not cross; a touch on the way is stepped over."""
    at = crossings(np.array(one), np.array(other), np.array([1.0, 2.0, 3.0]))
    assert at == expected


def _said(ious, n_core):
    return analysis.tail_and_typical(ious, n_core, 0.9, analysis.share_below_table(ious, n_core),
                                     analysis.medians_table(ious, n_core))


def test_tail_and_typical_quality_are_spoken_of_separately():
    """The core's tail is better and its median worse; both are said."""
    core = _run("core", [0.91] * 5 + [0.96] * 5)
    random = _run("random", [0.85] + [0.97] * 9)
    said = _said(analysis.pair_ious([core, random]), 10)
    assert "0.00% of held-out pairs are below IoU 0.90" in said and "10.00% after training" in said
    assert "median IoU is 0.9350 after training on the core set, 0.9700" in said
    assert "Their curves cross between IoU 0.9" in said


def test_without_random_pairs_nothing_is_said():
    """There is nothing to compare."""
    assert _said(analysis.pair_ious([_run("core", [0.9])]), 10) == ""


def test_every_arm_of_a_study_is_stored_and_read_again(found, tmp_path):
    """The same runs beside the CSV files; stored once more, the same file."""
    collect.write(found, tmp_path)
    again = collect.read(tmp_path).ious
    assert np.array_equal(stored_ious.packed(again.iou), stored_ious.packed(found.ious.iou))
    assert again.runs.astype(str).equals(found.ious.runs.astype(str))
    assert _said(again, 12) == _said(found.ious, 12) != ""


@pytest.mark.parametrize("damage", ["missing", "torn", "other arrays"])
def test_a_study_without_its_archive_is_still_a_study(found, tmp_path, damage):
    """The tables are shown; of single pairs there are none."""
    collect.write(found, tmp_path)
    path = tmp_path / stored_ious.NAME
    if damage == "missing":
        path.unlink()
    elif damage == "torn":
        path.write_bytes(path.read_bytes()[:100])
    else:
        np.savez(path, iou=np.zeros((2, 3), np.float16))
    again = collect.read(tmp_path)
    assert again.ious is None and len(again.arms) == len(found.arms)


def test_the_figure_has_a_line_for_every_arm(found):
    """Bands share the legend entry of their line."""
    table = analysis.share_below_table(found.ious, 12)
    chart = figures.share_below_iou(table, 0.9, "title")
    lines = [t for t in chart.figure.data if t.name]
    assert len(lines) == len(table.groupby(analysis.arms.KEYS)) == len({t.name for t in lines})


@pytest.mark.parametrize("variant", [analysis.EQUAL_UPDATES, analysis.MORE])
def test_no_two_lines_look_alike(variant):
    """Of all arms that a page shows together: at equal updates, and with more."""
    stops = {analysis.EQUAL_UPDATES: [analysis.EQUAL_UPDATES], analysis.MORE: [
        "4 times the updates", "16 times the updates", "equal cost", "to convergence"]}[variant]
    arms = list(analysis.ARMS.values())[1:] if variant == analysis.EQUAL_UPDATES else [
        "Core set", "Random", "Full pool"]
    table = pd.DataFrame([{"arm": a, "stop": s, "network": "same"} for a in arms for s in stops])
    assert len(analysis.of_variant(table, "same", variant)) == len(table)
    found = looks(table)
    assert len({look[:2] for look in found.values()}) == len(found) == len(table)
    assert {look[0] for key, look in found.items() if key[0] == "Core set"} == {SELECTED}
