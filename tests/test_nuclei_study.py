"""The study of all nuclei: its plan, its tables, and docs/results.md, which follows from them."""

import json
from pathlib import Path

import evidence_runs
import numpy as np
import pandas as pd
import pytest

from benchmarks import nuclei_study
from benchmarks import nuclei_study_tables as tables
from shipdash.analysis.arms import SAME
from shipdash.analysis.core_against_random import arm_row
from shipdash.data import files
from shipdash.data.own_preset import own_config
from shipdash.data.pair_list import PairRow, write_pairs
from shipdash.runs import Store
from shipdash.studies import arms

STORED = nuclei_study.OUT
DOCS = " ".join((Path(__file__).parents[1] / "docs" / "results.md").read_text("utf-8").split())


@pytest.fixture
def base(tmp_path, monkeypatch):
    """The preset on a small data set of two groups, for a learner without a network."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    n = evidence_runs.N_POOL + evidence_runs.N_HELD_OUT
    masks = np.zeros((n, 16, 16), bool)
    files.write("made", np.zeros((n, 16, 16, 3), np.uint8), masks,
                (np.arange(n) >= evidence_runs.N_POOL).astype(np.uint8))
    write_pairs(files.root() / "made", (
        PairRow(k, f"{k}.png", "", "", "sea" if k % 4 else "land", 9, 9) for k in range(n)))
    return own_config("made").replace(**{"network.kind": "rote", "selection.first": 2})


def test_an_import_that_was_killed_before_the_split_goes_on(tmp_path, monkeypatch):
    """The whole data set was there, and importing it again was refused."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    images = np.random.default_rng(1).integers(0, 256, (10, 64, 64, 3)).astype(np.uint8)
    whole = f"{nuclei_study.NAME}-whole"
    files.write(whole, images, np.zeros((10, 64, 64), bool), np.zeros(10, np.uint8),
                [PairRow(k, f"{k}.png", "", "", "", 9, 9) for k in range(10)])
    assert nuclei_study.stored(tmp_path / "nowhere").source.name == nuclei_study.NAME
    assert [found["name"] for found in files.stored()] == [nuclei_study.NAME]
    assert files.n_stored(nuclei_study.NAME, "held_out") == 2


def test_the_plan_has_five_orders_all_controls_three_times_and_the_curve(base):
    """The selection first, then what the finding rests on."""
    groups = [task.group for task in nuclei_study.tasks(base)]
    assert groups[:10] == ["orders"] + 9 * ["controls"]
    assert {group: groups.count(group) for group in set(groups)} == {
        "orders": 5, "controls": 15, "curve": 9, "other orders": 24}


def test_every_finished_run_is_a_row_and_a_row_a_group(base, tmp_path, monkeypatch):
    """With its seeds, device and date; nothing is written before the selection has ended."""
    store, out = Store(tmp_path / "runs"), tmp_path / "out"
    todo = nuclei_study.tasks(base)
    nuclei_study.keep(store, base, todo, out)
    assert not out.exists()
    source = evidence_runs.selection(store, base)
    seeds = arms.model_seeds(base, 1)
    assert seeds == [1001]
    evidence_runs.arm(store, source, "full", 1)
    nuclei_study.keep(store, base, todo, out)
    runs, groups = (pd.read_csv(out / f"{name}.csv") for name in ("runs", "groups"))
    assert runs["arm"].tolist() == ["selection", "full"]
    assert runs["model_seed"].tolist() == [1, 1001]
    assert (runs["device"] == "CPU (made up)").all() and runs["date"].notna().all()
    assert groups["group"].tolist() == ["land", "sea"] * 2
    assert groups["n_pool"].tolist() == [50, 150] * 2
    assert groups["kept"].tolist()[2:] == [50, 150]


# -- what docs/results.md says of the stored tables


def words(text: str) -> str:
    """Without line breaks, which a paragraph of the document has elsewhere."""
    return " ".join(text.split())


def test_the_document_has_every_table_and_sentence():
    """Cell by cell; after new tables `python -m benchmarks.nuclei_study_tables` prints them."""
    assert [block for block in tables.blocks() if words(block) not in DOCS] == []


def test_the_document_says_what_the_tables_do_not_spell_out():
    """The ranges of selected and random pairs are apart, and the grey images are not learnt."""
    arms, runs, groups = (pd.read_csv(STORED / f"{name}.csv") for name in (
        "arms", "runs", "groups"))
    core, random = (arm_row(arms, name, "equal updates") for name in ("Core set", "Random"))
    assert core["mean_iou_high"] < random["mean_iou_low"]
    assert ("the finding claims no difference between the two although the ranges of their runs do "
            "not overlap") in DOCS
    grey = groups[groups["group"] == "grey on white"]
    assert len(grey) == len(runs) and grey["mean_iou"].max() < 0.1
    assert "No network learns the few grey images at this size" in DOCS


def test_the_document_says_what_was_found_at_the_larger_size_before():
    """One selection and one network of each kind."""
    folder = STORED.with_name("nuclei-study-128")
    about = json.loads((folder / "about.json").read_text("utf-8"))
    runs = pd.read_csv(folder / "runs.csv").set_index("arm")
    found, core, random = (runs.loc[arm] for arm in ("selection", "core", "random"))
    assert len(runs) == 3 and about["spec"]["source"]["rows"] == 128
    assert (f"kept {found.n_pairs} of {found.n_pool} pairs, {found.n_set_aside} of them set aside, "
            f"with a held-out mean IoU of {found.mean_iou:.3f}; one network each reached "
            f"{core.mean_iou:.3f} on the kept pairs and {random.mean_iou:.3f} on as many random "
            "ones") in DOCS
    assert f"one selection alone took {found.seconds / 60:.0f} minutes" in DOCS


# -- the tables by hand


def arm(name, stop, n_pairs, values):
    """One row of arms.csv in both measures."""
    ends = {"": np.mean(values), "_low": min(values), "_high": max(values)}
    return {"arm": name, "stop": stop, "network": SAME, "n_pairs": n_pairs,
            "n_runs": len(values)} | {
        f"{measure}{end}": value for measure in ("mean_iou", "share_failing")
        for end, value in ends.items()}


def test_every_control_is_a_row_with_its_range():
    """Equal updates and equal cost apart; what has not been run is left out."""
    found = tables.controls(pd.DataFrame([
        arm("Full pool", "equal cost", 500, [0.5]),
        arm("Full pool", "equal updates", 500, [0.25, 0.5, 0.75]),
        arm("Core set", "equal updates", 80, [0.7, 0.8, 0.9])]))
    assert found.splitlines()[2:] == [
        "| the selected pairs | 80 | 3 | 0.800 (0.700 to 0.900) | 80.0 (70.0 to 90.0) |",
        "| all pairs | 500 | 3 | 0.500 (0.250 to 0.750) | 50.0 (25.0 to 75.0) |",
        "| all pairs, at the selection's own cost | 500 | 1 | 0.500 | 50.0 |"]


def test_every_order_is_a_row_with_its_core_against_random():
    """And one sentence over all of them."""
    runs = pd.DataFrame({"run_id": ["a", "b"], "n_set_aside": [4, 5]})
    fan = pd.DataFrame({"order_seed": [1, 2], "run_id": ["a", "b"], "n_core": [80, 90],
                        "mean_iou": [0.7, 0.6]})
    across = pd.DataFrame({"order_seed": [1], "n_runs_core": [3], "mean_iou": [0.75],
                           "mean_iou_random": [0.5], "mean_iou_diff": [0.25]})
    assert tables.orders(runs, fan, across).splitlines()[2:] == [
        "| 1 | 80 | 4 | 0.700 | 0.750 | 0.500 | 3 |", "| 2 | 90 | 5 | 0.600 | – | – | – |"]
    many = pd.DataFrame({"mean_iou_diff": [-0.01, 0.01, 0.03]})
    assert tables.over_orders(many) == (
        "In 2 of 3 orders the selected pairs have the higher held-out mean IoU. The mean "
        "difference is +0.010 (95 % interval −0.040 to +0.060), not separated from zero (p = 0.48, "
        "paired t test over orders, which share one pool).")


def test_kinds_have_the_means_of_their_controls():
    """Where all three runs of a control are there; the best kind first."""
    ids, kinds = ["s", "c1", "c2", "c3", "r1"], ["selection", "core", "core", "core", "random"]
    runs = pd.DataFrame({"run_id": ids, "arm": kinds, "order_seed": 1,
                         "task": ["orders"] + 4 * ["controls"]})
    groups = pd.DataFrame([
        {"run_id": run, "group": group, "n_pool": 9, "kept": 3, "n_held_out": 2,
         "mean_iou": at + k / 10}
        for k, run in enumerate(ids) for group, at in (("dim", 0.1), ("bright", 0.5))])
    assert tables.kinds(runs, groups).splitlines() == [
        "| kind | kept | IoU as selection left it | IoU, selected | held-out pairs |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| bright | 3 of 9 | 0.500 | 0.700 | 2 |", "| dim | 3 of 9 | 0.100 | 0.300 | 2 |"]
