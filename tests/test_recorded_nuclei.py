"""The recorded run of the sample in the package: on its pages where no data set has been stored."""

import json

import pandas as pd
import pytest
from paging import open_page, quiet_store, words
from recorded_run import N_CORE, SCENE

from shipdash.data import files
from shipdash.data.own_preset import own_config
from shipdash.runs import Store
from shipdash.ui import frame

RECORDED = frame.RECORDED
MOST_BYTES = 500_000
"""It is in every clone of the repository."""


@pytest.fixture
def run_id(tmp_path, monkeypatch):
    """No run of this machine and no data set; what came with the package is there."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    quiet_store(tmp_path, monkeypatch)
    monkeypatch.setattr(frame, "RECORDED", RECORDED)
    return own_config("nuclei").digest


def test_it_is_what_the_button_starts(run_id):
    """One run of the sample, by the preset of today, small."""
    shipped = Store(RECORDED, recorded=True)
    own = [run.run_id for run in shipped.list() if run.config.source.kind == "files"]
    assert own == [run_id]
    assert shipped.result(run_id).held_out.n == 60
    assert sum(path.stat().st_size for path in (RECORDED / run_id).rglob("*")) < MOST_BYTES


def test_the_note_has_its_numbers(run_id):
    """Whatever run is recorded next."""
    result = Store(RECORDED, recorded=True).result(run_id)
    note = " ".join((frame.RECORDED.parents[1] / "docs" / "your-data.md").read_text().split())
    n, failing = result.held_out.n, result.held_out.share_failing
    assert (f"{result.n_core} of {result.n_pool} pairs kept, {len(result.set_aside)} of them set "
            f"aside, and a held-out mean IoU of {result.held_out.mean_iou:.3f}, with "
            f"{failing * n:.0f} of {n} pairs failing") in note


def test_the_note_has_the_time_that_was_measured():
    """From the click to the evaluation: the newest row, as it was measured."""
    root = frame.RECORDED.parents[1]
    rows = pd.read_csv(root / "benchmarks" / "results" / "sample-run.csv")
    seconds = rows["evaluation_seen_s"].iloc[-1]
    assert seconds < 120  # what a visitor was promised
    note = " ".join((root / "docs" / "your-data.md").read_text().split())
    assert f"from the click to its evaluation: {seconds:.0f} s on two idle cores" in note
    assert f"they kept {rows['n_core'].iloc[-1]} pairs" in note


@pytest.mark.parametrize(("page", "query", "said"), [
    ("pages/2_Run.py", {}, "pairs could not be learnt and were set aside"),
    ("pages/3_Samples.py", {}, "of them because they failed"),
    ("pages/4_Evaluation.py", {}, "of 60 held-out pairs"),
    ("pages/4_Evaluation.py", {"view": "Cost"}, "nothing to compare the cost with yet"),
    ("pages/6_Compare.py", {}, "Pairs selected"),
    ("pages/7_Your_data.py", {"data": "nuclei", "data_view": "What came out"},
     "Nothing can be computed for a recorded run."),
])
def test_its_pages_have_its_pictures(run_id, page, query, said):
    """From the package: nothing is stored, and no study of generated pairs stands in."""
    at = open_page(page, **({"runs": run_id} if "Compare" in page else {"run": run_id}), **query)
    assert said in words(at) and not at.error
    assert "Recorded study" not in words(at)
    assert not files.root().exists()


@pytest.mark.parametrize("view", ["Controls", "Order"])
def test_nothing_is_offered_that_a_recorded_run_cannot_have(run_id, view):
    """*Start them below* once stood above a box that says that nothing can be started."""
    at = open_page("pages/4_Evaluation.py", run=run_id, view=view)
    assert "Nothing can be computed for a recorded run." in words(at)
    assert "below." not in words(at)


def test_compare_shows_no_fingerprint_where_the_name_says_it_all(run_id):
    """Beside the generated scene, whose data set has no name."""
    table, = open_page("pages/6_Compare.py", runs=f"{run_id},{SCENE.run_id}").dataframe
    assert "data set" in table.value and "fingerprint" not in table.value


def test_its_replay_says_nothing_of_fixed_pairs(run_id):
    """A data set has none: its pairs are in the pool or held out."""
    at = open_page("pages/2_Run.py", run=run_id)
    at.button(key="replay_it").click().run()
    (stage,) = (sent for sent in (json.loads(part.proto.json) for part in at.get("bidi_component"))
                if "film" in sent)
    assert stage["no_probe"] == "" and "nuclei" in stage["heading"]


def test_your_data_leads_to_it(run_id):
    """Beside the button that starts the same selection here."""
    at = open_page("pages/7_Your_data.py", data="nuclei", data_view="Selection")
    assert not at.button(key=f"data_start_{own_config('nuclei').digest}").disabled
    assert any("Replay the recorded run" in link.proto.label for link in at.get("page_link"))


@pytest.mark.parametrize(("page", "query"), [
    ("app.py", {"reveal": "1"}), ("pages/2_Run.py", {}), ("pages/6_Compare.py", {})])
def test_the_generated_scene_is_shown_by_default(run_id, page, query):
    """Nobody who opens a page without a link finds the sample in place of the experiment."""
    at = open_page(page, **query)
    said = words(at) + str([number.value for number in at.metric])
    assert str(N_CORE) in said
    assert "of 140" not in said
