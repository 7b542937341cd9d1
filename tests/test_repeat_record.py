"""Whether stored records repeat: on runs of the learner that knows by heart, without TensorFlow."""

import json
import shutil

import pandas as pd
import pytest
import rote_runs

from benchmarks import preregistered, record, repeat_record, study
from shipdash.analysis import ARMS
from shipdash.config.settings import SCORED
from shipdash.records import RunState
from shipdash.runs import Store, queue, worker
from shipdash.studies import collect
from shipdash.studies.ensure import Workers
from shipdash.studies.study import asked


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """The folder with one recorded run, and the run's id."""
    monkeypatch.setenv("SHIPDASH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(record, "RECORDED", tmp_path / "recorded")
    run_id = rote_runs.finished(Store())
    record.main(run_id)
    return tmp_path / "recorded", run_id


def test_a_record_that_repeats_says_so(recorded, capsys):
    """With the machine and the versions of then and now."""
    folder, run_id = recorded
    capsys.readouterr()
    assert repeat_record.check(folder, seed=1, kinds=["runs"])
    words = capsys.readouterr().out
    assert (f"Run {run_id} repeats: same core set, same held-out scores, same re-audit. Stored: "
            in words)
    assert words.count("version") == 2


def test_another_core_set_and_other_scores_are_named(recorded, capsys):
    """A record that was changed after it was written does not repeat."""
    folder, run_id = recorded
    path = folder / run_id / "result.json"
    plain = json.loads(path.read_text())
    plain["core"] = plain["core"][::-1]
    plain["held_out"]["mean_iou"] += 1e-9
    path.write_text(json.dumps(plain))
    assert not repeat_record.check(folder, seed=1, kinds=["runs"])
    assert "does not repeat: other core set, other held-out scores" in capsys.readouterr().out


def test_a_run_that_fails_now_is_said_with_its_reason(recorded, monkeypatch, capsys):
    """It neither repeats nor ends in a traceback."""
    monkeypatch.setattr(queue, "work_one", lambda store, run_id, **_: store.set_status(
        run_id, RunState.FAILED, "no space left"))
    folder, run_id = recorded
    assert not repeat_record.check(folder, 1, ["runs"])
    said = capsys.readouterr().out
    assert f"Run {run_id} could not be computed again: no space left.\n" in said


def test_where_nothing_of_a_kind_is_stored_nothing_repeats(recorded, tmp_path, capsys):
    """There must be something to compare before anybody says that it repeats."""
    folder, _ = recorded
    assert not repeat_record.check(tmp_path / "nowhere", 1, ["runs", "sweep", "study"])
    assert not repeat_record.check(folder, 1, ["sweep", "study"])
    assert capsys.readouterr().out.count("can be computed again") == 2


@pytest.mark.parametrize(("n", "expected"), [(0, 0), (1, 1), (10, 1), (11, 2), (90, 9)])
def test_a_tenth_is_at_least_one(n, expected):
    """Each at most once, the same ones for the same seed."""
    chosen = repeat_record.tenth(range(n), seed=3)
    assert len(set(chosen)) == expected
    assert chosen == repeat_record.tenth(range(n), seed=3)


def test_every_point_of_the_shipped_sweep_has_its_settings():
    """What is stored beside the sweep gives the settings of all its runs."""
    found = repeat_record._sweep(record.RECORDED)
    assert len(found) == 90
    assert all(point.config.digest == point.run_id for point in found)
    assert all(point.expected["core set"] for point in found)


def test_a_point_without_details_is_compared_in_the_rest(tmp_path):
    """A core set that nobody stored is no other core set."""
    folder = shutil.copytree(record.RECORDED / "sweep", tmp_path / "sweep")
    (folder / "details.npz").unlink()
    found = repeat_record._sweep(tmp_path)
    assert len(found) == 90
    assert {tuple(point.expected) for point in found} == {("pairs tested", "held-out scores")}


def work_here(patched):
    """Runs are worked on in this process."""
    patched.setattr(queue, "work_one", lambda store, run_id, **_: worker.work(store, run_id))
    patched.setattr(queue, "ensure_drainer", lambda store: None)


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """The folder of a tiny stored pool, for copies."""
    root = tmp_path_factory.mktemp("pools")
    with pytest.MonkeyPatch.context() as patched:
        work_here(patched)
        assert preregistered.compute(Store(root / "runs"), rote_runs.POOLS,
                                     rote_runs.POOLS.seeds[1], root / "pools", crew=Workers(1, 1))
    return root / "pools"


@pytest.fixture
def pools(computed, tmp_path, monkeypatch):
    """A copy of it that a test may change."""
    work_here(monkeypatch)
    return shutil.copytree(computed, tmp_path / "pools")


def test_a_stored_pool_that_repeats_says_so(pools, tmp_path, capsys):
    """All of its arms are computed again; when and how fast may differ."""
    path, = pools.glob("*.csv")
    table = pd.read_csv(path)
    table.assign(seconds=0.0, date="2026-01-01").to_csv(path, index=False)
    before = path.read_bytes()
    assert repeat_record.check(tmp_path, 1, ["pools"], pools=pools, registered=rote_runs.POOLS)
    assert "repeats: same counts, same measures. Stored: " in capsys.readouterr().out
    assert path.read_bytes() == before


def test_the_arms_that_differ_are_named(pools, tmp_path, capsys):
    """A measure of one arm that was changed after it was stored."""
    path, = pools.glob("*.csv")
    table = pd.read_csv(path, dtype={"median_iou": float})
    table.loc[table["arm"] == "random-4x", "median_iou"] -= 1e-6
    table.to_csv(path, index=False)
    assert not repeat_record.check(tmp_path, 1, ["pools"], pools=pools, registered=rote_runs.POOLS)
    assert "does not repeat: other random-4x. Stored" in capsys.readouterr().out


def test_every_arm_of_the_shipped_study_has_its_settings():
    """Those that rest on the recorded selection alone, with the IoU of every held-out pair."""
    found = repeat_record._arms(record.RECORDED)
    stored = collect.read(record.RECORDED / "study").ious
    own = stored.runs["run_id"].isin([arm.run_id for arm in found])
    assert len(found) == own.sum() > 0
    others = {"Streaming learner", *(ARMS[kind] for kind in SCORED)}  # scored by another run
    assert set(stored.runs["arm"][~own]) == others
    assert {len(arm.expected["held-out scores"]) for arm in found} == {10_000}


def test_an_arm_is_computed_again_from_its_stored_selection(tmp_path, monkeypatch, capsys):
    """Of a tiny study; one that rests on a run that is not stored is left out."""
    monkeypatch.setattr(record, "RECORDED", tmp_path / "recorded")
    store = Store(tmp_path / "runs")
    monkeypatch.setenv("SHIPDASH_RUNS", str(store.root))
    chosen = rote_runs.finished(store)
    record.main(chosen)
    capsys.readouterr()
    todo = [t for t in study.tasks(store.config(chosen)) if t.group == "controls"]
    arms = [asked(store, task.run) for task in todo]
    for arm in arms:
        store.create(arm)
        worker.work(store, arm.digest)
    study.tables(store, store.config(chosen), todo, tmp_path / "recorded" / "study", "a command")
    monkeypatch.setattr(repeat_record, "preset", lambda name: store.config(chosen))
    assert repeat_record.check(record.RECORDED, 1, ["study"])
    said = capsys.readouterr().out
    assert said.count("repeats: same held-out scores. Stored: ") == 2
