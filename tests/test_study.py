"""The study's plan and its runner, on a learner without a network and without worker processes."""

import json
import shutil
import threading
import time

import pandas as pd
import pytest
from evidence_runs import config
from rote_runs import worked as work

from benchmarks import kept_runs, study
from shipdash.records import RunState
from shipdash.runs import Store, queue
from shipdash.studies import collect
from shipdash.studies.ensure import workers
from shipdash.studies.study import Study

BASE = config(**{"planted.distinct": 40, "evaluation.n_held_out": 10, "selection.n_pool": 120,
                 "network.batch": 4, "network.warmup_batch": 4})  # of arms with 16 times the steps


@pytest.fixture
def small(monkeypatch):
    """One replicate, two orders, two folds, one point of the curve; no TensorFlow network."""
    for name, value in {"REPLICATES": (1,), "N_ORDERS": 2, "N_FOLDS": 2, "CURVE": (5,),
                        "DISTINCT": (20,)}.items():
        monkeypatch.setattr(study, name, value)
    return [task for task in study.tasks(BASE) if task.group != "network"]


@pytest.fixture
def worked(monkeypatch):
    """Runs in the order in which they were started, each worked on inside this process, once."""
    started = []

    def process(store, run_id, **_):
        started.append(run_id)
        work(store, run_id)

    monkeypatch.setattr(queue, "work_one", process)
    return started


def _states(store, todo):
    return [row["state"] for row in study.standing(store, todo)]


def test_the_most_important_come_first():
    """The selection, then three replicates of core, random and full pool with the others."""
    first = study.tasks(BASE)[:7]
    assert [task.group for task in first] == ["orders"] + 6 * ["controls"]
    assert first[1].name.startswith("core") and first[2].name.startswith("random")


def test_the_plan_has_what_the_study_is_to_show():
    """Five orders, three replicates of every arm, folds and their cores, passes, known answers."""
    found = [(task.group, task.name) for task in study.tasks(BASE)]
    groups = [group for group, _ in found]
    assert groups.count("orders") == 5
    assert groups.count("controls") == groups.count("score") == 18
    assert groups.count("one-shot") == 3 * (2 + 5) and groups.count("budget") == 3 * 6
    assert groups.count("folds") == 2 + 6
    assert groups.count("passes") == 1
    assert groups.count("known") == 3
    assert len(found) == len(set(found))


def test_everything_is_run_once_and_then_nothing(small, worked, tmp_path):
    """A second call finds every answer stored."""
    store = Store(tmp_path)
    study.run(store, small, budget_min=5, n_workers=1)
    assert set(_states(store, small)) == {"completed"}
    assert len(worked) == len(set(worked))
    n = len(worked)
    study.run(store, small, budget_min=5, n_workers=1)
    assert len(worked) == n


def test_kept_runs_are_not_computed_again(small, worked, tmp_path):
    """Another session, with an empty runs folder, finds all of them and the same tables."""
    first, kept = Store(tmp_path / "first"), tmp_path / "kept"
    study.run(first, small, budget_min=5, n_workers=1, kept=kept)
    assert {path.stem for path in kept.iterdir()} == set(worked)
    n = len(worked)
    second = Store(tmp_path / "second")
    study.run(second, small, budget_min=5, n_workers=1, kept=kept)
    assert len(worked) == n and set(_states(second, small)) == {"completed"}
    then, now = (collect.gather(store, BASE.digest) for store in (first, second))
    for name in collect.TABLES:
        pd.testing.assert_frame_equal(getattr(then, name), getattr(now, name))


def test_a_recorded_run_is_copied_whole_or_not_at_all(worked, tmp_path, monkeypatch):
    """A kill in the middle of the copy leaves no folder that looks like the run."""
    first, second = Store(tmp_path / "first"), Store(tmp_path / "second")
    first.create(BASE)
    work(first, BASE.digest)
    monkeypatch.setattr(kept_runs, "RECORDED", first.root)
    only = Study(name="one", runs=(BASE,))

    def killed(source, target):
        target.mkdir()
        shutil.copy(source / "spec.json", target)
        raise KeyboardInterrupt

    second.root.mkdir()
    with monkeypatch.context() as dying, pytest.raises(KeyboardInterrupt):
        dying.setattr(kept_runs.shutil, "copytree", killed)
        kept_runs.put_back(second, tmp_path / "kept", only)
    kept_runs.put_back(second, tmp_path / "kept", only)
    assert second.result(BASE.digest) == first.result(BASE.digest)


def test_a_group_alone_finds_its_selection_among_the_kept_runs(
        small, worked, tmp_path, monkeypatch, capsys):
    """From the command line; nothing of the group is computed again."""
    monkeypatch.setattr(study, "KEPT", tmp_path / "kept")
    todo = [t for t in small if t.group == "controls" or t.run == BASE]
    study.run(Store(tmp_path / "first"), todo, budget_min=5, n_workers=1,
              kept=study.KEPT / kept_runs.folder_name())
    worked.clear()
    changes = [f"--set={s}.{k}={v}" for s, section in BASE.to_dict().items()
               for k, v in section.items() if v != study.configs.compact().to_dict()[s][k]]
    words = ["--runs", str(tmp_path / "second"), "--only", "controls", *changes]
    assert study.main([*words, "--keep"]) == 0 and worked == []
    capsys.readouterr()
    assert study.main([*words, "--list"]) == 0
    assert {row["state"] for row in json.loads(capsys.readouterr().out)} == {"completed"}


def test_what_scores_for_a_missing_arm_is_computed_again(small, worked, tmp_path):
    """Scores of a pool are not kept, so they come back only where nobody waits for them."""
    todo = [t for t in small if t.group in ("orders", "one-shot")]
    kept = tmp_path / "kept"
    study.run(first := Store(tmp_path / "first"), todo, budget_min=5, n_workers=1, kept=kept)
    arms = [first.config(path.stem) for path in kept.iterdir()]
    lost = next(arm for arm in arms if arm.arm.kind == "forgetting")
    (kept / f"{lost.digest}.zip").unlink()
    worked.clear()
    second = Store(tmp_path / "second")
    study.run(second, todo, budget_min=5, n_workers=1, kept=kept)
    assert worked == [lost.arm.scores, lost.digest]
    assert first.result(lost.digest).core == second.result(lost.digest).core


def test_arms_wait_for_their_selection(small, worked, tmp_path):
    """Nothing rests on a run that is not finished: its id is not even known."""
    store = Store(tmp_path)
    before = study.standing(store, small)
    assert all(row["run_id"] is None for row in before if row["group"] == "controls")
    study.run(store, small[:3], budget_min=5, n_workers=1)
    assert worked[0] == BASE.digest
    assert [store.config(i).arm.kind for i in worked] == ["selection", "core", "random"]


def test_an_arm_that_chooses_by_scores_comes_after_them(small, worked, tmp_path):
    """Each of its own run; every task is another one."""
    store, todo = Store(tmp_path), [t for t in small if t.group in ("orders", "one-shot")][:9]
    study.run(store, todo, budget_min=5, n_workers=1)
    found = {task.name: store.config(row["run_id"])
             for task, row in zip(todo, study.standing(store, todo), strict=True)
             if task.group == "one-shot"}
    assert len(found) == len({run.digest for run in found.values()}) == 2 + 5
    for name, run in found.items():
        kind = name.split(",")[0]
        assert run.evaluation.pool_scores == (kind.startswith("scores"))
        if not run.evaluation.pool_scores:
            assert run.arm.kind == kind and (run.arm.scores in worked) == (kind != "matched")


def test_a_spent_budget_starts_nothing(small, worked, tmp_path):
    """No task after its end."""
    study.run(Store(tmp_path), small, budget_min=0, n_workers=1)
    assert worked == []


def test_two_workers_never_take_one_task(small, monkeypatch, tmp_path):
    """Both are at work at a time, on different runs."""
    store, at_work, most, lock = Store(tmp_path), set(), [], threading.Lock()

    def process(store, run_id, **_):
        with lock:
            assert run_id not in at_work
            at_work.add(run_id)
            most.append(len(at_work))
        time.sleep(0.02)
        work(store, run_id)
        with lock:
            at_work.remove(run_id)

    monkeypatch.setattr(queue, "work_one", process)
    study.run(store, small, budget_min=5, n_workers=2)
    assert set(_states(store, small)) == {"completed"}
    assert max(most) == 2


def test_a_process_that_cannot_be_started_does_not_hang_the_study(small, monkeypatch, tmp_path):
    """A full disk, say: both workers come to their end."""
    def process(store, run_id, **_):
        raise OSError("no space left on device")

    monkeypatch.setattr(queue, "work_one", process)
    monkeypatch.setattr(queue, "ensure_drainer", lambda store: None)  # has space, and would work
    study.run(Store(tmp_path), small, budget_min=5, n_workers=2)
    assert "completed" not in _states(Store(tmp_path), small)


def test_a_failing_selection_leaves_its_arms_out(small, monkeypatch, tmp_path):
    """The rest goes on, and the study ends."""
    store = Store(tmp_path)

    def process(store, run_id, **_):
        if run_id == BASE.digest:
            store.set_status(run_id, RunState.FAILED, "no memory")
        else:
            work(store, run_id)

    monkeypatch.setattr(queue, "work_one", process)
    study.run(store, small, budget_min=5, n_workers=1)
    rows = study.standing(store, small)
    assert rows[0]["state"] == "failed"
    assert all(row["run_id"] is None for row in rows if row["group"] == "controls")
    assert all(row["state"] == "completed" for row in rows if row["group"] == "known")


def test_a_killed_task_is_taken_up_again(small, worked, tmp_path):
    """Its folder says running and nobody is at work: the next call goes on with it."""
    store = Store(tmp_path)
    store.create(BASE)
    store.set_status(BASE.digest, RunState.RUNNING)
    study.run(store, small[:1], budget_min=5, n_workers=1)
    assert _states(store, small[:1]) == ["completed"]


def test_tables_are_what_the_page_computes(small, worked, tmp_path, capsys):
    """Written from the command line, read back, with the command that makes them again."""
    store, out = Store(tmp_path / "runs"), tmp_path / "study"
    study.run(store, small, budget_min=5, n_workers=1)
    changes = [f"--set={s}.{k}={v}" for s, section in BASE.to_dict().items()
               for k, v in section.items() if v != study.configs.compact().to_dict()[s][k]]
    words = ["--runs", str(store.root), "--out", str(out), *changes]
    assert study.main([*words, "--tables"]) == 0
    found, expected = collect.read(out), collect.gather(store, BASE.digest)
    assert found.arms["arm"].tolist() == expected.arms["arm"].tolist()
    assert found.about["command"].startswith("python benchmarks/study.py --set scene.size=32")
    assert found.about["n_runs"] >= len(small)
    assert "files in" in capsys.readouterr().out
    assert study.main([*words, "--list"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["state"] == "completed"


def test_tables_before_anything_was_run_is_a_sentence(tmp_path, capsys):
    """The run is named; nothing is written."""
    assert study.main(["--runs", str(tmp_path), "--out", str(tmp_path / "o"), "--tables"]) == 1
    assert "there is no run" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_one_task_in_a_process_of_its_own(tmp_path):
    """The real worker, told its threads."""
    store = Store(tmp_path)
    study.run(store, study.tasks(BASE)[:1], budget_min=5, n_workers=2)
    assert store.result(BASE.digest).threads == workers(2).n_threads


def test_more_workers_than_anybody_means_are_refused(tmp_path, capsys):
    """A sentence, before anything is started."""
    assert study.main(["--runs", str(tmp_path), "--workers", "65"]) == 2
    assert "--workers must be a whole number from 1 to 64" in capsys.readouterr().err
