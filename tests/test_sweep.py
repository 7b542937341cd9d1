"""Sweeps: what a grid means, and working it off here with real worker processes, no TensorFlow."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from patience import until

from shipdash import config as configs
from shipdash.cli import commands as command_line
from shipdash.cli import studies
from shipdash.config import ConfigError
from shipdash.records import Picked, RunState
from shipdash.runs import (
    RunBusy,
    RunNotFound,
    Store,
    StoreError,
    dask_client,
    queue,
    worker,
)
from shipdash.studies import grid
from shipdash.studies.ensure import Workers, cancel, ensure, start, workers
from shipdash.studies.folder import MISSING, Studies, state_of
from shipdash.studies.grid import MOST_POINTS
from shipdash.studies.study import Study

SMALL = {
    "scene.size": 32, "scene.radius_min": 3.0, "scene.radius_max": 6.0, "network.kind": "rote",
    "planted.distinct": 20, "selection.n_pool": 40, "selection.first": 3,
    "evaluation.n_held_out": 5,
}
OPTIONS = [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]
LONG = 30_000  # pairs that take rote far longer than any test waits


def base(**changes):
    return configs.quick().replace(**(SMALL | changes))


def plan(n_precisions=2, n_seeds=2, **changes):
    precisions = [0.8, 0.85, 0.9, 0.95][:n_precisions]
    return grid.plan(base(**changes), {"selection.precision": precisions,
                                        "seeds.order": range(1, n_seeds + 1)})


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A runs folder of its own; whatever still works on it at the end is told to stop."""
    monkeypatch.setenv("SHIPDASH_RUNS", str(tmp_path / "runs"))
    store = Store()
    yield store
    for sweep_id in Studies(store).list():
        cancel(store, sweep_id)
    until(lambda: not any(Studies(store).is_alive(i) for i in Studies(store).list()))
    until(lambda: not any(run.state is RunState.RUNNING for run in store.list()))


def in_background(call, *args, **kwargs):
    thread = threading.Thread(target=call, args=args, kwargs=kwargs)
    thread.start()
    return thread


# -- what is asked -------------------------------------------------------------------------------


@pytest.mark.parametrize("text, values", [
    ("0.5:0.95:0.05", [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]),
    ("0.1:0.7:0.1", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
    ("0.5:0.94:0.2", [0.5, 0.7, 0.9]),
    ("0.85", [0.85]),
    ("0.9, 0.5:0.7:0.1, 0.5", [0.9, 0.5, 0.6, 0.7]),
    ("0.85:0.85:0.05", [0.85]),
])
def test_ranges_hold_both_ends_without_float_noise(text, values):
    """Exactly the decimals a person would write, in order, each once."""
    assert grid.parse_values("selection.precision", text) == values


@pytest.mark.parametrize("text", [
    "", "0.5:0.9", "0.5:0.9:0.1:2", "a:b:c", "0.5;0.6", "nan", "inf", "0.5:inf:0.1", "0.5,,0.6",
    "1e10000000", "0.5:0.9:1e-1000001"])
def test_a_malformed_range_names_the_form(text):
    """What was typed, and how a range is written."""
    with pytest.raises(ConfigError, match="--precision must read start:stop:step") as caught:
        grid.parse_values("selection.precision", text, name="--precision")
    assert caught.value.value == text


@pytest.mark.parametrize("text", ["0.9:0.5:0.1", "0.5:0.9:0", "0.5:0.9:-0.1"])
def test_a_range_that_does_not_rise_is_refused(text):
    """A step of 0 would never end, a falling range would be empty."""
    with pytest.raises(ConfigError, match="must rise"):
        grid.parse_values("selection.precision", text)


def test_a_mistyped_step_does_not_fill_the_memory():
    """Counted before it is written out."""
    with pytest.raises(ConfigError, match="at most 10,000 values"):
        grid.parse_values("selection.n_pool", "1:1e12:1")


@pytest.mark.parametrize("text", ["0", "000", "-1", "many", "1.5,2.5", "99999999999",
                                  "000000001999999999"])
def test_a_senseless_number_of_seeds_is_refused(text):
    """None, negative, not a number, not whole, more than anybody means."""
    with pytest.raises(ConfigError):
        grid.plan(base(), {"seeds.order": grid.parse_seeds("seeds.order", text)})


def test_a_grid_is_every_combination_and_a_whole_curve_comes_before_the_next_seed():
    """Two precisions times two seeds, written down by hand."""
    asked = [(c.selection.precision, c.seeds.order) for c in plan().runs]
    assert asked == [(0.8, 1), (0.85, 1), (0.8, 2), (0.85, 2)]


def test_points_are_ordinary_runs():
    """A point has the id of the run that a person would start by hand."""
    by_hand = base(**{"selection.precision": 0.85, "seeds.order": 2})
    assert by_hand.digest in [c.digest for c in plan().runs]


def test_the_same_runs_are_the_same_sweep():
    """However the grid was written, in whatever order."""
    axes = {"seeds.order": [2, 1, 1], "selection.precision": [0.85, 0.8]}
    assert grid.plan(base(), axes).digest == plan().digest
    assert plan(3).digest != plan().digest


@pytest.mark.parametrize("axes", [{}, {"selection.precision": []}])
def test_an_empty_grid_is_refused(axes):
    """Nothing to vary, or nothing to vary it over."""
    with pytest.raises(ConfigError):
        grid.plan(base(), axes)


def test_more_points_than_the_limit_must_be_confirmed():
    """Exactly the limit passes, one more does not, unless it is meant."""
    seeds = list(range(1, MOST_POINTS + 2))
    assert len(grid.plan(base(), {"seeds.order": seeds[:-1]}).runs) == MOST_POINTS
    with pytest.raises(ConfigError, match=f"at most {MOST_POINTS} points"):
        grid.plan(base(), {"seeds.order": seeds})
    assert len(grid.plan(base(), {"seeds.order": seeds}, confirmed=True).runs) == 201


def test_a_value_its_setting_does_not_allow_is_refused_before_anything_runs():
    """With the setting's own words."""
    with pytest.raises(ConfigError, match=r"selection.precision must be a number from 0.05"):
        grid.plan(base(), {"selection.precision": [0.9, 1.5]})


def test_a_sweep_survives_its_file():
    """Base and axes, nothing else, and tuples come back as tuples."""
    assert Study.from_json(plan().to_json()) == plan()


def test_a_sweep_that_an_earlier_version_stored_is_read():
    """Base and axes without a name: the same runs, the same id."""
    plain = {"base": base().to_dict(), "axes": plan().axes}
    read = Study.from_json(json.dumps(plain))
    assert (read.runs, read.digest) == (plan().runs, plan().digest)


def test_a_family_is_what_one_figure_shows():
    """Precision, rule, order and model seed do not count; anything else does."""
    same = {"selection.precision": 0.7, "selection.acceptance": "iou", "seeds.order": 9,
            "seeds.model": 4}
    assert grid.family(base(**same)) == grid.family(base())
    for name, value in {"seeds.pool": 2, "scene.contrast": 0.2, "selection.n_pool": 60}.items():
        assert grid.family(base(**{name: value})) != grid.family(base())


def test_one_thread_workers_share_the_cores():
    """As many as cores; asked for fewer, each gets more threads."""
    n_cores = len(os.sched_getaffinity(0))
    assert workers(1) == Workers(1, n_cores)
    assert workers().n * workers().n_threads <= n_cores
    with pytest.raises(ConfigError, match="--workers"):
        workers(0)


# -- working it off ------------------------------------------------------------------------------


def run_ids(config):
    return [point.digest for point in config.runs]


def test_every_point_gets_its_result_and_a_second_time_nothing_is_computed(store):
    """Missing points are computed, computed ones are reused; both are told, each once."""
    config = plan()
    done = store.create(config.runs[1])[0]
    worker.work(store, done)
    before = store.result(done)
    told = []
    standing = ensure(store, config, crew=Workers(2, 1), on_run=told.append)
    assert standing.complete and not standing.alive
    assert sorted(arrived.run_id for arrived in told) == sorted(run_ids(config))
    assert [a.run_id for a in told if a.reason == "computed earlier"] == [done]
    assert store.result(done) == before
    assert {store.result(i).n_core for i in run_ids(config)} <= {20, 21, 22}
    assert {store.result(i).threads for i in run_ids(config)} - {before.threads} <= {1}
    stamps = {i: (store.root / i / "result.json").stat().st_mtime_ns for i in run_ids(config)}
    again = []
    ensure(store, config, on_run=again.append)
    assert {a.reason for a in again} == {"computed earlier"}
    assert {i: (store.root / i / "result.json").stat().st_mtime_ns
            for i in run_ids(config)} == stamps


def test_a_failing_point_does_not_end_the_sweep(store):
    """Its folder is damaged: it fails, with a reason, and the others have results."""
    config = plan(n_precisions=3, n_seeds=1)
    bad = store.create(config.runs[0])[0]
    (store.root / bad / "spec.json").write_text("{")
    told = []
    standing = ensure(store, config, crew=Workers(2, 1),
                          on_run=told.append)
    assert standing.counts == {RunState.COMPLETED: 2, RunState.FAILED: 1}
    assert [a.reason != "" for a in told if a.run_id == bad] == [True]


def test_a_failed_point_is_tried_again_by_the_next_go(store):
    """Once a go: a point that fails again does not hold up the sweep for ever."""
    config = plan(1, 1)
    run_id = store.create(config.runs[0])[0]
    store.set_status(run_id, RunState.FAILED, "the disk was full")
    assert ensure(store, config).complete
    assert store.status(run_id).state is RunState.COMPLETED


def test_a_worker_that_dies_fails_its_point_once(store, monkeypatch):
    """No endless loop, and its last words are the reason."""
    monkeypatch.setattr(queue, "COMMAND", (sys.executable, "-c", "raise SystemExit('no GPU')"))
    monkeypatch.setattr(queue.work_one, "__defaults__", (queue.COMMAND,))
    told = []
    ensure(store, plan(1, 1), on_run=told.append)
    assert [(a.state, "no GPU" in a.reason) for a in told] == [(RunState.FAILED, True)]


def test_cancel_stops_at_once_and_a_second_go_finishes(store):
    """The running point is put away with what it found, no further one begins."""
    config = grid.plan(base(**{"selection.n_pool": LONG, "planted.distinct": 0}),
                        {"seeds.order": [1, 2, 3]})
    sweep_id = Studies(store).create(config)
    thread = in_background(ensure, store, config, crew=Workers(1, 1))
    until(lambda: Studies(store).standing(sweep_id).counts[RunState.RUNNING])
    cancel(store, sweep_id)
    thread.join(300)
    assert not thread.is_alive()
    standing = Studies(store).standing(sweep_id)
    assert standing.counts == {RunState.CANCELLED: 1, MISSING: 2}
    assert standing.stopping and not standing.alive


def test_an_interrupted_sweep_goes_on_where_it_stood(store):
    """SIGKILL to its process: points done stay, the orphaned worker is waited for, none doubled."""
    config = plan()
    sweep_id = Studies(store).create(config)
    with subprocess.Popen([*queue.COMMAND, "sweep", "--id", sweep_id, "--workers", "1"],
                          env=queue._environment(store), stderr=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL) as process:
        until(lambda: Studies(store).standing(sweep_id).n_done >= 2)
        process.send_signal(signal.SIGKILL)
    done = {i for i in run_ids(config) if state_of(store, i) is RunState.COMPLETED}
    stamps = {i: (store.root / i / "result.json").stat().st_mtime_ns for i in done}
    assert 2 <= len(done) < 4
    assert ensure(store, config).complete
    for i, stamp in stamps.items():
        assert (store.root / i / "result.json").stat().st_mtime_ns == stamp
    for i in run_ids(config):  # one pick of each number: nobody wrote into another's log
        picks = [e.n_core for e in store.events(i)[0] if isinstance(e, Picked)]
        assert picks == list(range(1, len(picks) + 1))


def test_a_point_at_work_elsewhere_is_waited_for_not_doubled(store):
    """Somebody holds the run's lock; the point's turn ends when that worker has ended."""
    config = plan(1, 1)
    run_id = store.create(config.runs[0])[0]
    with store.lock(run_id):
        store.set_status(run_id, RunState.RUNNING)
        thread = in_background(ensure, store, config)
        time.sleep(1.0)
        assert store.events(run_id) == ([], 0)
        assert thread.is_alive()
    thread.join(300)
    assert store.result(run_id).n_core >= 20


def test_a_sweep_waits_for_what_a_person_queued(store, monkeypatch):
    """While the queue is worked off, no point begins."""
    config = plan(1, 1)
    sweep_id = Studies(store).create(config)
    with store.queue_lock():
        thread = in_background(ensure, store, config)
        time.sleep(1.0)
        assert list(Studies(store).standing(sweep_id).states.values()) == [MISSING]
    thread.join(300)
    assert Studies(store).standing(sweep_id).complete


def test_a_study_of_another_version_is_left_out_and_can_be_cancelled(store):
    """Its id does not follow from its runs any more; nothing that lists studies stumbles over it.
    """
    studies, other = Studies(store), "0" * 16
    study_id = studies.create(plan(1, 1))
    (studies.root / study_id).rename(studies.root / other)
    assert studies.list() == []
    cancel(store, other)
    assert studies.cancelled(other)


def test_two_processes_do_not_work_on_one_sweep(store):
    """The second is told so."""
    config = plan()
    study_id = Studies(store).create(config)
    with Studies(store).lock(study_id), pytest.raises(RunBusy, match="another process"):
        ensure(store, config)


def test_the_page_starts_a_process_of_its_own(store, monkeypatch):
    """At work from the first moment, so the page ticks; a second press starts no second one."""
    config, started = plan(1, 1), []
    start_process = queue.start_process
    monkeypatch.setattr(queue, "start_process",
                        lambda *words: (started.append(words), start_process(*words)))
    sweep_id = start(store, config)
    assert Studies(store).is_alive(sweep_id)
    assert start(store, config) == sweep_id
    assert len(started) == 1
    until(lambda: Studies(store).standing(sweep_id).complete)
    until(lambda: not Studies(store).is_alive(sweep_id))
    log = Studies(store).log_path(sweep_id).read_text()
    assert "1 point, 1 completed" in log


def test_a_sweep_whose_process_dies_at_once_is_not_at_work(store, monkeypatch):
    """The lock it inherited went with it; pressing again starts another."""
    monkeypatch.setattr(queue, "COMMAND", (sys.executable, "-c", "pass"))
    sweep_id = start(store, plan())
    until(lambda: not Studies(store).is_alive(sweep_id))
    assert start(store, plan()) == sweep_id


def test_a_sweep_that_is_still_stopping_is_not_started_again(store):
    """Else the wish to stop would be forgotten half way."""
    sweeps = Studies(store)
    sweep_id = sweeps.create(plan())
    with sweeps.lock(sweep_id):
        sweeps.ask_cancel(sweep_id)
        with pytest.raises(StoreError, match="still stopping"):
            start(store, plan())
    assert sweeps.cancelled(sweep_id)


def test_a_second_command_leaves_the_wish_to_stop(store, capsys):
    """It is told that another process is at work, whose cancelling goes on."""
    sweeps = Studies(store)
    sweep_id = sweeps.create(plan())
    with sweeps.lock(sweep_id):
        sweeps.ask_cancel(sweep_id)
        assert command_line.main(["sweep", "--id", sweep_id, "--runs", str(store.root)]) == 1
    assert "another process" in capsys.readouterr().err
    assert sweeps.cancelled(sweep_id)


def test_a_damaged_sweep_is_left_out_of_the_list(store):
    """And asked for by name it says what to do."""
    sweeps = Studies(store)
    good, bad = sweeps.create(plan()), sweeps.create(plan(1, 1))
    (sweeps.root / bad / "spec.json").write_text('{"base": 3}')
    assert sweeps.list() == [good]
    with pytest.raises(Exception, match="ask for the study again"):
        sweeps.study(bad)
    assert sweeps.create(plan(1, 1)) == bad
    assert sweeps.study(bad) == plan(1, 1)


def test_no_sweeps_folder_is_an_empty_list(store):
    """And looking creates none."""
    assert Studies(store).list() == []
    assert not store.root.exists()


@pytest.mark.parametrize("bad", ["nonsense", "../../etc", "0123456789abcdef", ""])
def test_an_unknown_sweep_is_a_sentence(store, bad):
    """Wrong form or not here."""
    with pytest.raises(RunNotFound):
        Studies(store).study(bad)


# -- the command ---------------------------------------------------------------------------------


def test_the_command_says_the_outcome_of_every_point(store, capsys):
    """One JSON value: ids, states, what was varied and what came out; progress on stderr."""
    code = command_line.main(["sweep", *OPTIONS, "--precision", "0.8:0.85:0.05",
                              "--set", "scene.contrast=0.2,0.25", "--json"])
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert code == 0
    assert (found["n_points"], found["n_completed"]) == (4, 4)
    assert sorted((p["selection.precision"], p["scene.contrast"]) for p in found["points"]) == [
        (0.8, 0.2), (0.8, 0.25), (0.85, 0.2), (0.85, 0.25)]
    assert all(p["n_core"] >= 20 and p["threads"] == workers().n_threads
               for p in found["points"])
    assert len(err.splitlines()) == 4


def test_only_the_points_of_a_grid_must_be_allowed():
    """2,500 first pairs are more than the preset's pool and fewer than any that is asked for."""
    asked = command_line.parser().parse_args([
        "sweep", "--pool", "3000,4000", "--set", "selection.first=2500"])
    study = studies.grid_of(asked)
    assert [(run.selection.n_pool, run.selection.first) for run in study.runs] == [
        (3000, 2500), (4000, 2500)]
    assert study.digest == grid.plan(study.runs[1], dict(study.axes)).digest


@pytest.mark.parametrize("options, words", [
    (["--precision", "0.5:0.9"], "--precision must read start:stop:step"),
    (["--precision", ""], "--precision must read start:stop:step"),
    ([], "must vary something"),
    (["--order-seeds", "201"], "at most 200 points"),
    (["--acceptance", "mean"], "selection.acceptance must be one of article, iou"),
    (["--set", "scene.colour=1,2"], "scene.colour"),
    (["--precision", "0.8", "--dask", "tcp://127.0.0.1:1"], "nothing was started"),
    (["--precision", "0.8,0.9", "--set", "selection.precision=0.7"], "must be given once"),
    (["--set", "scene.noise=0.1", "--set", "scene.noise=0.2,0.3"], "must be given once"),
    (["--id", "0" * 16, "--precision", "0.8"], "must be given without --precision, --set"),
    (["--cancel"], "--id must name the sweep"),
])
def test_a_wrong_question_is_one_sentence_and_code_2(store, capsys, monkeypatch, options, words):
    """No traceback, and no run is created."""
    monkeypatch.setattr(dask_client, "TIMEOUT_S", 1)  # nobody is there, however long one waits
    assert command_line.main(["sweep", *OPTIONS, *options]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err
    assert store.list() == []


def test_ctrl_c_puts_the_running_point_away(store):
    """One SIGINT: the run is cancelled with its checkpoint, the code is 130."""
    options = [o.replace("n_pool=40", f"n_pool={LONG}").replace("distinct=20", "distinct=0")
               for o in OPTIONS]
    with subprocess.Popen([*queue.COMMAND, "sweep", *options, "--order-seeds", "3", "--workers",
                           "1"], env=queue._environment(store), stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as process:
        until(lambda: any(r.state is RunState.RUNNING and r.n_core > 3
                          for r in store.list()))
        process.send_signal(signal.SIGINT)
        assert "stopping" in process.communicate(timeout=300)[1]
    assert process.returncode == 130
    assert [run.state for run in store.list()] == [RunState.CANCELLED]
