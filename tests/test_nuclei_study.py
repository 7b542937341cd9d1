"""The study of all nuclei: its plan, its tables, and docs/your-data.md, which follows from them."""

import json
from pathlib import Path

import evidence_runs
import numpy as np
import pandas as pd
import pytest

from benchmarks import nuclei_study
from shipdash.analysis.needed import needed_finding
from shipdash.data import files
from shipdash.data.own_preset import own_config
from shipdash.data.pair_list import PairRow, write_pairs
from shipdash.runs import Store
from shipdash.studies import arms

STORED = nuclei_study.OUT
DOCS = " ".join((Path(__file__).parents[1] / "docs" / "your-data.md").read_text("utf-8").split())


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


def selection() -> pd.Series:
    """The row of the first selection."""
    runs = pd.read_csv(STORED / "runs.csv")
    return runs[(runs["arm"] == "selection") & (runs["order_seed"] == 1)].iloc[0]


def stated() -> list[str]:
    """What docs/your-data.md says of the study, from the stored tables."""
    found, about = selection(), json.loads((STORED / "about.json").read_text())
    controls = pd.read_csv(STORED / "arms.csv")
    said = needed_finding(controls, found.n_pairs, found.n_pool)
    groups = pd.read_csv(STORED / "groups.csv")
    groups = groups[groups["run_id"] == found.run_id].sort_values("mean_iou", ascending=False)
    return [
        f"{found.n_pool} of them in the pool and {found.n_held_out} held out",
        f"{about['n_runs']} of {about['n_planned']} runs are complete",
        f"**{said.title}**", *([said.detail] if len(controls) > 1 else []),
        f"{found.n_set_aside} of the kept pairs could not be learnt",
        f"held-out mean IoU of {found.mean_iou:.3f}, and {100 * found.share_failing:.0f} % of the "
        f"held-out pairs fail (IoU below {about['acceptance_iou']:.2f})",
        *(f"| {row.group} | {row.kept} of {row.n_pool} | {row.mean_iou:.3f} | {row.n_held_out} |"
          for row in groups.itertuples()),
    ]


def test_the_document_says_what_the_tables_hold():
    """Every sentence with numbers; after new tables it has to be written again."""
    assert [words for words in stated() if words not in DOCS] == []
