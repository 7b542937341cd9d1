"""Recording a run: what the package ships of it, and that its pages find their predictions."""

import runpy

import numpy as np
import pytest
import rote_runs

from benchmarks import record
from shipdash import config as configs
from shipdash.data import open_source
from shipdash.data.own_preset import own_config
from shipdash.runs import Store
from shipdash.runs.packed_masks import packed, unpacked


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A finished run of the rote learner and its recorded copy: (own store, recorded store, id)."""
    folder = tmp_path_factory.mktemp("record")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHIPDASH_RUNS", str(folder / "runs"))
        patch.setattr(record, "RECORDED", folder / "recorded")
        store = Store()
        run_id = rote_runs.finished(store)
        record.main(run_id)
    return store, Store(folder / "recorded", recorded=True), run_id


def test_a_recorded_run_is_a_run(recorded):
    """It is listed with its result and all its events."""
    store, copy, run_id = recorded
    assert [run.run_id for run in copy.list()] == [run_id]
    assert copy.result(run_id) == store.result(run_id)
    assert copy.events(run_id) == store.events(run_id)
    assert copy.probe_frames(run_id)[0].n_tested == store.probe_frames(run_id)[0].n_tested


@pytest.mark.parametrize("name", record.PREDICTIONS)
def test_a_recorded_run_has_its_predictions(recorded, name):
    """The same pairs and the same masks as in the run's own folder."""
    store, copy, run_id = recorded
    mine, shipped = store.load_scores(run_id, name), copy.load_scores(run_id, name)
    assert len(mine["index"]) > 0
    assert np.array_equal(mine["index"], shipped["index"])
    assert np.array_equal(mine["probability"] >= 128, shipped["probability"] == 255)
    assert set(np.unique(shipped["probability"])) <= {0, 255}


def test_recording_again_replaces_the_run_before(recorded, monkeypatch):
    """One run of each kind of pairs in the package, whatever was there."""
    store, copy, run_id = recorded
    monkeypatch.setenv("SHIPDASH_RUNS", str(store.root))
    monkeypatch.setattr(record, "RECORDED", copy.root)
    earlier = [store.config(run_id).replace(**{"seeds.model": 9}), own_config("nuclei")]
    for config in earlier:
        Store(copy.root).create(config)
    record.main(run_id)
    assert {run.run_id for run in copy.list()} == {run_id, earlier[1].digest}


def test_the_masks_of_a_full_run_take_tens_of_kilobytes():
    """105 pairs of 128 x 128, before compression: 2 kB each."""
    _, masks = open_source(configs.compact()).draw(range(5))
    pictures = np.tile(masks, (21, 1, 1)).astype(np.uint8) * 255
    arrays = {"index": np.arange(105), "probability": pictures}
    bits = packed(arrays)["bits"]
    assert bits.nbytes == 105 * 2048
    assert np.array_equal(unpacked(packed(arrays))["probability"], arrays["probability"])


def test_a_run_that_cannot_be_copied_leaves_the_one_before(recorded, monkeypatch):
    """Without a re-audit there is nothing for its page to show."""
    store, copy, _ = recorded
    monkeypatch.setenv("SHIPDASH_RUNS", str(store.root))
    monkeypatch.setattr(record, "RECORDED", copy.root)
    before = {run.run_id for run in copy.list()}
    partial = rote_runs.finished(store, **{"evaluation.reaudit": False})
    with pytest.raises(SystemExit, match=r"has no evaluation/reaudit\.npz"):
        record.main(partial)
    assert before and {run.run_id for run in copy.list()} == before


@pytest.mark.parametrize(("words", "said"), [
    ([], "RUN_ID, --check or options of `shipdash run` are missing"),
    (["--check", "one"], "SEED must be a whole number from 0 on. Received: one")])
def test_what_is_missing_or_wrong_on_the_command_line_is_said(monkeypatch, words, said):
    """Before anything is recorded or computed again."""
    monkeypatch.setattr("sys.argv", ["record", *words])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(record.__file__, run_name="__main__")
    assert ended.value.code == said
