"""`evaluate`, and what the other commands say of arms, as a user types them."""

import dataclasses
import json
import sys

import evidence_runs
import numpy as np
import pytest
import rote_runs
from test_cli import SMALL
from test_void import some

from shipdash.cli import progress_bars, studies
from shipdash.data import files
from shipdash.records import RunState
from shipdash.runs import Store, queue, worker
from shipdash.studies import arms
from shipdash.studies.study import Study

ROW = {"name", "run_id", "state", "reason", "n_pairs", "model_seed", "draw", "stop", "held_out",
       "n_backward", "seconds"}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


@pytest.fixture
def done(call):
    """A completed run's id."""
    return json.loads(call("run", *SMALL, "--json")[1])["run_id"]


@pytest.fixture
def here(monkeypatch):
    """Runs are worked off in this process, so that an arm takes milliseconds."""
    monkeypatch.setattr(queue, "work_one", lambda store, run_id, **_: worker.work(store, run_id))
    monkeypatch.setattr(queue, "ensure_drainer", lambda store: None)


def rows(out):
    return json.loads(out.strip().splitlines()[-1])


def test_evaluate_ends_with_a_row_for_each_arm(call, store, done, here):
    """Names, seeds and scores; three replicates where nothing else is said."""
    code, out, err = call("evaluate", done, "--arms", "core,random,full-cost", "--json")
    assert (code, err) == (0, "")
    found = rows(out)
    assert all(set(row) == ROW for row in found)
    assert [(r["name"], r["stop"]) for r in found[:5]] == [
        ("core", "steps"), ("core", "score"), ("random", "steps"), ("random", "score"),
        ("full-cost", "steps")]
    assert len(found) == 15
    assert {r["state"] for r in found} == {"completed"}
    assert {r["n_pairs"] for r in found} == {12, 30}
    assert {r["draw"] for r in found if r["name"] == "random"} == {1, 2, 3}
    for row in found:
        assert row["held_out"] == dataclasses.asdict(store.result(row["run_id"]).held_out)
        assert row["held_out"]["n"] == 7


def test_an_arm_with_damaged_settings_has_its_row(call, store, done, here):
    """Its settings follow from the question; its result is read as ever."""
    words = ("evaluate", done, "--arms", "core,random", "--json")
    before = rows(call(*words)[1])
    (store.root / before[0]["run_id"] / "spec.json").write_text("{")
    assert rows(call(*words)[1]) == before


def test_stored_arms_are_not_trained_again(call, done, here, monkeypatch):
    """The second call answers from the runs folder."""
    words = ("evaluate", done, "--arms", "core", "--json")
    first = rows(call(*words)[1])

    def never(*_):
        raise AssertionError("trained again")

    monkeypatch.setattr(worker, "work", never)
    assert rows(call(*words)[1]) == first


def test_all_are_all_but_the_curve(call, done, here):
    """Other networks need TensorFlow: only submitted here, like the rest."""
    code, out, _ = call("evaluate", done, "--queue", "--json", "--model-seeds", 1, "--draws", 1)
    assert code == 0
    assert {row["name"] for row in rows(out)} == set(arms.NAMES)
    assert {row["state"] for row in rows(out)} == {"queued"}
    assert {row["n_pairs"] for row in rows(out)} == {None}
    assert {row["held_out"] for row in rows(out)} == {None}


def test_all_are_those_that_there_are_pairs_for(call, here, tmp_path, monkeypatch):
    """Where a set has no groups and everything was kept, nobody can draw by group, or from what was
    discarded; by name both are still refused."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    files.write("roads", *some(), np.array([0, 0, 0, 0, 1, 1], np.uint8))
    run = json.loads(call("run", "--data", "roads", "--set", "network.kind=rote", "--json")[1])
    asked = ["evaluate", run["run_id"], "--queue", "--json", "--model-seeds", 1, "--draws", 1]
    code, out, err = call(*asked)
    assert code == 0, err
    assert {row["name"] for row in rows(out)} == set(arms.NAMES) - {"stratified", "rejected"}
    assert call(*asked, "--arms", "rejected")[0] == 2


def test_the_curve_has_the_sizes_asked_for(call, done, here):
    """Equal updates at every size; without sizes, those the pool has."""
    code, out, _ = call("evaluate", done, "--arms", "curve", "--curve", "2,30",
                        "--model-seeds", 1, "--draws", 1, "--json")
    assert code == 0
    assert [(r["name"], r["n_pairs"], r["stop"]) for r in rows(out)] == [
        ("curve", 2, "steps"), ("curve", 30, "steps")]
    assert len({r["n_backward"] for r in rows(out)}) == 1
    out = call("evaluate", done, "--arms", "curve", "--model-seeds", 1, "--draws", 1, "--json")[1]
    assert [r["n_pairs"] for r in rows(out)] == [25]


def test_for_people_there_is_a_line_an_arm(call, done, here):
    """What it is, how far it is, what it reached."""
    words = ("evaluate", done, "--arms", "core", "--stops", "steps", "--model-seeds", 1)
    out = call(*words, "--queue")[1]
    assert "queued     core           steps         ? pairs  model seed 1001, draw 0" in out
    out = call(*words)[1]
    assert "completed  core           steps        12 pairs  model seed 1001" in out
    assert "mean IoU 0.0000, 100.00% failing" in out


def test_an_arm_that_failed_makes_code_1(call, done, monkeypatch):
    """And its row says why."""
    monkeypatch.setattr(queue, "work_one", lambda store, run_id, **_: store.set_status(
        run_id, RunState.FAILED, "out of memory"))
    code, out, _ = call("evaluate", done, "--arms", "core", "--json")
    assert code == 1
    assert {(r["state"], r["reason"]) for r in rows(out)} == {("failed", "out of memory")}


@pytest.mark.parametrize(("words", "said"), [
    (["--arms", "lunch"], "arms must be some of core"),
    (["--arms", "Core"], "arms must be some of core"),
    (["--arms", ","], "arms must name at least one arm"),
    (["--stops", "noon"], "stops must be some of steps, score"),
    (["--stops", ""], "stops must name at least one"),
    (["--curve", "31"], "arm.n_pairs must be from 1 to 30"),
    (["--curve", "5,0"], "curve must be sizes of at least 1 pair"),
    (["--curve", "a"], "curve must be whole numbers"),
    (["--curve", "9" * 5000], "curve must be whole numbers"),
    (["--model-seeds", "0"], "model_seeds must be a whole number from 1 to 100"),
    (["--model-seeds", "-1"], "model_seeds must be a whole number"),
    (["--draws", "1.5"], "draws must be a whole number"),
    (["--draws", "9" * 5000], "draws must be a whole number"),
    (["--network", "deep"], "network must be one of wide, quick, compact, article"),
])
def test_bad_questions_are_code_2_and_a_sentence(call, store, done, words, said):
    """Nothing is stored for them."""
    code, out, err = call("evaluate", done, *words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert said in err
    assert [run.run_id for run in store.list()] == [done]


def test_a_run_that_cannot_have_arms_is_code_2(call, store, done, here):
    """Missing, unfinished, an arm, of another version."""
    arm = rows(call("evaluate", done, "--arms", "core", "--json")[1])[0]["run_id"]
    waiting = store.create(store.config(done).replace(**{"seeds.order": 9}))[0]
    for run_id, said in (("0" * 16, "must name a run of this runs folder"),
                         ("../x", "must name a run of this runs folder"),
                         (waiting, "must have completed its selection"),
                         (arm, "must be a selection, not a control arm")):
        code, out, err = call("evaluate", run_id)
        assert (code, out) == (2, "")
        assert said in err and "Traceback" not in err
    path = store.root / done / "result.json"
    path.write_text(path.read_text().replace('"algorithm": ', '"algorithm": 9'))
    code, _, err = call("evaluate", done)
    assert code == 2
    assert "must come from this version of the algorithm" in err


# -- the other commands ------------------------------------------------------------------------


def test_list_tells_selections_from_arms(call, done, here):
    """Arms are counted, and shown where they are asked for."""
    assert "control arms" not in call("list")[1]
    call("evaluate", done, "--arms", "core", "--stops", "steps")
    out = call("list")[1]
    assert len(out.splitlines()) == 2
    assert "and 3 control arms: python -m shipdash list --arms" in out
    out = call("list", "--arms")[1]
    assert len(out.splitlines()) == 4
    assert out.count(f"core of {done}, 12 pairs") == 3
    listed = rows(call("list", "--json")[1])
    assert [(r["run_id"], r["arm"], r["source"]) for r in listed] == [(done, "selection", "")]
    listed = rows(call("list", "--arms", "--json")[1])
    assert sorted(r["arm"] for r in listed) == ["core"] * 3 + ["selection"]
    assert {r["source"] for r in listed} == {"", done}


def test_an_arm_can_be_shown_exported_and_resumed(call, store, done, here, tmp_path):
    """It is a run: before it has trained, half-way, and when it is done."""
    arm = rows(call("evaluate", done, "--arms", "random", "--stops", "steps", "--model-seeds", 1,
                    "--draws", 1, "--queue", "--json")[1])[0]["run_id"]
    shown = rows(call("show", arm, "--json")[1])
    assert (shown["state"], shown["n_core"], shown["spec"]["arm"]["kind"]) == (
        "queued", 0, "random")
    store.request(arm, "step")
    worker.work(store, arm)
    shown = rows(call("show", arm, "--json")[1])
    assert (shown["state"], shown["n_core"], shown["core"]) == ("paused", 12, [])
    code, _, err = call("export", arm, "--out", tmp_path / "pairs")
    assert code == 1 and "no core pairs yet" in err
    assert rows(call("resume", arm, "--json")[1])["state"] == "completed"
    code, out, _ = call("export", arm, "--out", tmp_path / "pairs", "--json")
    assert (code, rows(out)["n_core"]) == (0, 12)
    assert len(list((tmp_path / "pairs").glob("*_mask.png"))) == 12


# -- progress bars -----------------------------------------------------------------------------


def test_the_bar_of_an_arm_counts_its_steps(call, store, done, here, monkeypatch):
    """On a terminal, up to the last step."""
    arm = rows(call("evaluate", done, "--arms", "core", "--stops", "steps", "--model-seeds", 1,
                    "--queue", "--json")[1])[0]["run_id"]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    err = call("resume", arm, "--json")[2]
    assert f" {store.config(arm).arm.n_steps} steps" in err


def test_the_bar_of_a_study_reads_how_far_its_runs_are(store, call, done, here):
    """One ended, one half-way, one waiting."""
    planned = [store.config(row["run_id"]) for row in rows(
        call("evaluate", done, "--arms", "core", "--stops", "steps", "--queue", "--json")[1])]
    progress = progress_bars.StudyProgress(store, Study(name="controls", runs=tuple(planned)))
    assert progress.look() == (0.0, "0 of 3 runs  ")
    worker.work(store, planned[0].digest)
    half = planned[1].digest
    with store.writer(half) as writer:  # as a worker that is alive would
        writer.truncate(0)
        event = store.events(planned[0].digest)[0][0]
        writer.append(event)
    with store.lock(half):
        store.set_status(half, RunState.RUNNING, "training")
        drawn = [progress.look(), progress.look()]
    share = (1 + event.n_steps / planned[1].arm.n_steps) / 3
    assert drawn == [(pytest.approx(share), "1 of 3 runs  core, model seed 1002: training")] * 2
    (store.root / half / "status.json").unlink()  # damaged, or deleted and asked for again
    assert progress.look()[0] == pytest.approx(1 / 3)
    with store.writer(half) as writer:
        writer.truncate(0)
    with store.lock(half):
        store.set_status(half, RunState.RUNNING, "training")
        assert progress.look()[0] == pytest.approx(1 / 3)


def test_the_bar_of_a_study_is_drawn_while_it_is_worked_off(call, done, here, monkeypatch):
    """And ends with all of its runs."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    code, _, err = call("evaluate", done, "--arms", "core,first", "--json")
    assert code == 0
    assert "12 of 12 runs" in err


def test_stopped_before_an_arm_began_it_has_a_row_too(call, done, here, monkeypatch):
    """Ctrl-C is code 130, whatever has not begun."""
    monkeypatch.setattr(studies, "see_through", lambda *_, **__: (None, True))
    code, out, err = call("evaluate", done, "--arms", "core", "--json")
    assert (code, err) == (130, "")
    assert {(r["state"], r["held_out"]) for r in rows(out)} == {("missing", None)}
    assert "missing" in call("evaluate", done, "--arms", "core")[1]


@pytest.mark.parametrize("command", ["fan", "folds"])
def test_repeats_that_cannot_be_run_say_why(call, done, monkeypatch, command):
    """The reason of the worker, not that a result is missing."""
    def fail(store, run_id, **_):
        raise OSError("no process to be had")

    monkeypatch.setattr(queue, "work_one", fail)
    code, out, err = call(command, done)
    assert (code, out) == (1, "")
    assert "no process to be had" in err and "the same command goes on" in err


def test_a_network_that_cannot_be_doubled_has_no_other(store):
    """All arms were refused for the sake of two."""
    run_id = evidence_runs.selection(store, evidence_runs.config(
        **{"network.kind": "compact", "network.filters": 40}))
    names = arms.available(store, run_id)
    assert {"other", "other-random"}.isdisjoint(names)
    assert arms.plan_arms(store, run_id, names)


def test_the_curve_of_a_fold_goes_up_to_its_own_stream(store):
    """The core sets of the folds before it are not in it: 50 of 60 pairs are more than it has."""
    first = rote_runs.finished(store)
    second = rote_runs.finished(store, **{"selection.exclude": [first]})
    planned = arms.plan_arms(store, second, ["curve"])
    assert {arm.arm.n_pairs for arm in planned} == {25}
