"""A worker that is ready before its run: real processes, which need no TensorFlow."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from patience import until
from test_queue import settings

from shipdash import config as configs
from shipdash.learning.learner import RoteLearner
from shipdash.records import RunState
from shipdash.runs import Store, queue, warm_worker, worker

SERVER = ("import os, subprocess, sys, time\n"
          "subprocess.Popen([sys.executable, '-m', 'shipdash', 'standby',"
          " '--server', str(os.getpid())])\n"
          "time.sleep(600)")
ITSELF = ("import os, sys\n"  # the process that stands by, as a child of the test
          "os.execv(sys.executable, [sys.executable, '-m', 'shipdash', 'standby'])")


@pytest.fixture
def store(tmp_path):
    """An empty runs folder."""
    return Store(tmp_path / "runs")


def note(store, name):
    return json.loads(store.read_note(name)[0] or "{}")


def offered(store, config):
    """Whether a process stands by, or will in a moment, for just this run."""
    return store.standby_is_alive() and (
        note(store, warm_worker.OFFER).get("needs", {}).get("shape") == list(config.shape))


@pytest.fixture
def server(store, monkeypatch):
    """Starts what a server starts: a process that stands by, and is its child."""
    monkeypatch.setenv("SHIPDASH_RUNS", str(store.root))
    started = []

    def start(config, program=SERVER):
        assert warm_worker.want(store, config)
        started.append(subprocess.Popen([sys.executable, "-c", program]))
        until(lambda: offered(store, config))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
    until(lambda: not store.standby_is_alive())


def ignoring_time(result):
    return {k: v for k, v in result.to_json().items()
            if k not in ("seconds", "phases", "date", "prepared_s")}


def test_a_run_that_fits_is_worked_on_by_the_one_that_stands_by(store, server, tmp_path):
    """The same result as a fresh worker's, but for times; it then ends, and leaves no request."""
    config = settings()
    server(config)
    until(lambda: warm_worker.is_ready(store, config))
    assert not warm_worker.is_ready(store, settings().replace(**{"scene.size": 48}))
    run_id = queue.enqueue(store, config)
    queue.drain(store, ("no such command",), hand_over=True)  # no fresh worker could even start
    result = store.result(run_id)
    assert result.prepared_s is not None
    assert not store.standby_is_alive()
    assert store.read_note(warm_worker.RUN)[0] == b""
    cold = Store(tmp_path / "cold")
    worker.work(cold, cold.create(config)[0])
    assert cold.result(run_id).prepared_s is None
    assert ignoring_time(result) == ignoring_time(cold.result(run_id))


def test_a_run_is_handed_over_while_its_network_is_still_being_prepared(store, server):
    """The offer stands from the start, and what the run has waited is its own time."""
    config = settings()
    server(config)
    run_id = queue.enqueue(store, config)
    assert not warm_worker.is_ready(store, config)
    warm_worker.hand_over(store, run_id)
    assert store.result(run_id).prepared_s is not None


def test_what_a_run_has_waited_for_is_its_own_time(store, monkeypatch):
    """Asked for half-way through two tenths of a second of preparing: half to each."""
    warm_worker.want(store, settings())
    began, run_id = time.time(), queue.enqueue(store, settings())

    class Slow(RoteLearner):
        def prepare(self):
            """Handed a run after 0.2 s, ready after 0.5 s."""
            time.sleep(0.2)
            token = note(store, warm_worker.OFFER)["token"]
            store.write_note(warm_worker.RUN, json.dumps({"to": token, "run_id": run_id}).encode())
            time.sleep(0.3)

    monkeypatch.setattr(warm_worker, "PAINT_S", 0.0)
    monkeypatch.setattr(warm_worker, "_speak_into", lambda store, run_id: None)
    monkeypatch.setattr(warm_worker, "open_learner", lambda *args, **more: Slow())
    warm_worker.serve(store, os.getppid())
    took, result = time.time() - began, store.result(run_id)
    assert 0.15 < result.prepared_s < took - 0.3
    assert 0.3 <= result.phases["startup"] < took - 0.2
    assert result.seconds == pytest.approx(sum(
        result.phases[name] for name in ("startup", "compile", "select", "evaluate")), abs=0.03)


def test_nothing_is_waited_for_less_than_no_time(store, monkeypatch):
    """A folder on a server whose clock is ahead: the note comes from the future."""
    run_id, prepared = queue.enqueue(store, settings()), []
    soon = time.time() + 60

    class Handed(RoteLearner):
        def prepare(self):
            """The run is handed over meanwhile."""
            token = note(store, warm_worker.OFFER)["token"]
            store.write_note(warm_worker.RUN, json.dumps({"to": token, "run_id": run_id}).encode())
            os.utime(store.root / warm_worker.RUN, (soon, soon))

    warm_worker.want(store, settings())
    monkeypatch.setattr(warm_worker, "PAINT_S", 0.0)
    monkeypatch.setattr(warm_worker, "_speak_into", lambda store, run_id: None)
    monkeypatch.setattr(warm_worker, "open_learner", lambda *args, **more: Handed())
    monkeypatch.setattr(worker, "work", lambda *_, **more: prepared.append(more["prepared"]))
    warm_worker.serve(store, os.getppid())
    assert prepared[0].waited_s == 0.0 and prepared[0].seconds < 50


def test_a_resumed_run_remembers_what_was_prepared_for_it(store):
    """Paused under one that stood by, ended by a fresh worker: the ledger counts both."""
    config, learner = settings(n_pool=400), RoteLearner()
    run_id = queue.enqueue(store, config)
    store.request(run_id, "step")
    worker.work(store, run_id, prepared=worker.Prepared(learner, 3.25))
    assert store.status(run_id).state is RunState.PAUSED
    worker.work(store, run_id)
    assert store.result(run_id).prepared_s == 3.25


@pytest.mark.parametrize("change", [{"scene.size": 48}, {"network.predict_batch": 5}])
def test_a_run_of_another_network_gets_a_fresh_worker(store, server, change):
    """Whatever the compiled learner depends on; and the one that stands by leaves it the room."""
    server(settings())
    other = settings().replace(**change)
    run_id = queue.enqueue(store, other)
    queue.drain(store, hand_over=True)
    assert store.result(run_id).prepared_s is None
    until(lambda: not store.standby_is_alive())


def test_a_command_keeps_its_runs_to_itself(store, server):
    """Its children hear a Ctrl-C; one that stands by would not."""
    server(settings())
    run_id = queue.enqueue(store, settings())
    queue.drain(store)
    assert store.result(run_id).prepared_s is None


def test_another_program_or_processor_is_no_fit(store, server, monkeypatch):
    """A sweep's worker of one thread would round differently, an older shipdash select so."""
    server(settings())
    until(lambda: warm_worker.is_ready(store, settings()))
    run_id = queue.enqueue(store, settings())
    own = warm_worker._own()
    for name in ("threads", "algorithm", "version", "python", "gpus"):
        assert name in own
        monkeypatch.setattr(warm_worker, "_own", lambda name=name: own | {name: "another"})
        warm_worker.hand_over(store, run_id)
        assert store.status(run_id).state is RunState.QUEUED, name
        assert not warm_worker.is_ready(store, settings()), name
        assert not store.read_note(warm_worker.RUN)[0], name
    monkeypatch.setattr(warm_worker, "_own", lambda: own)
    assert warm_worker.is_ready(store, settings())  # the name alone kept it from being one


def test_one_that_is_killed_costs_nothing(store, server):
    """Its offer stays behind: the run is untouched, and a fresh worker sees it through."""
    process = server(settings(), ITSELF)
    run_id = queue.enqueue(store, settings())
    until(lambda: warm_worker.is_ready(store, settings()))
    offer = note(store, warm_worker.OFFER)
    process.kill()
    process.wait()
    assert not warm_worker.is_ready(store, settings())
    assert offer == note(store, warm_worker.OFFER)
    before = store.status(run_id)
    warm_worker.hand_over(store, run_id)
    assert store.status(run_id) == before
    queue.drain(store, hand_over=True)
    assert store.result(run_id).prepared_s is None


def test_one_that_is_killed_at_work_loses_nothing(store, server, tmp_path):
    """The run is lost like any other's, and resumed ends in the same core set."""
    config = settings(n_pool=4_000).replace(**{"evaluation.reaudit": False})
    process = server(config, ITSELF)
    queue.submit(store, config)
    until(lambda: store.n_bytes(config.digest) > 0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    until(lambda: store.status(config.digest).state is RunState.LOST)
    queue.resume(store, config.digest)
    until(lambda: store.result(config.digest) is not None)
    whole = Store(tmp_path / "whole")
    worker.work(whole, whole.create(config)[0])
    assert store.result(config.digest).core == whole.result(config.digest).core


def test_it_leaves_with_its_server(store, server):
    """A gigabyte must not stay behind where nobody could ask for it."""
    server(settings()).kill()
    until(lambda: not store.standby_is_alive())
    assert store.read_note(warm_worker.OFFER)[0] == b""


def test_it_leaves_when_no_page_has_asked_for_long(store, server):
    """The age of the note says when somebody last looked."""
    server(settings())
    long_ago = time.time() - warm_worker.IDLE_S - 1
    os.utime(store.root / warm_worker.WANT, (long_ago, long_ago))
    until(lambda: not store.standby_is_alive())


def test_a_wish_of_tomorrow_is_no_wish(store):
    """The clock was set back: a gigabyte must not wait for it to catch up."""
    warm_worker.want(store, settings())
    assert warm_worker._wanted(store)
    tomorrow = time.time() + 86_400
    os.utime(store.root / warm_worker.WANT, (tomorrow, tomorrow))
    assert warm_worker._wanted(store) is None


def test_it_follows_the_settings_of_the_page(store, server):
    """Another size: a fresh process in its place, without another call from the page."""
    server(settings())
    other = settings().replace(**{"scene.size": 48})
    assert not warm_worker.want(store, other)
    until(lambda: offered(store, other))


@pytest.mark.parametrize("content", [
    "", "[]", "{", '{"network": {"kind": "none"}, "shape": [1, 1]}', '{"shape": [32, 32]}',
    '{"network": 3, "shape": 32, "threads": 1}'])
def test_a_note_that_no_page_has_written_is_left(store, call, content):
    """It ends, and says nothing untrue; nor where the rest of the note is our own."""
    if content.startswith('{"'):
        content = json.dumps(json.loads(content) | warm_worker._own())
    store.write_note(warm_worker.WANT, content.encode())
    code, _, _ = call("standby", "--runs", store.root)
    assert code == 0
    assert not store.standby_is_alive()
    assert store.read_note(warm_worker.OFFER)[0] == b""


def test_a_second_one_and_one_beside_a_worked_queue_leave_at_once(store, server):
    """One gigabyte is enough, and none while a run needs the processors."""
    warm_worker.want(store, settings())
    with store.queue_lock():
        warm_worker.serve(store, os.getppid())
    assert not store.read_note(warm_worker.OFFER)[0]
    server(settings())
    warm_worker.serve(store, os.getppid())
    assert offered(store, settings())


def test_one_that_ended_unasked_is_not_started_at_every_look(store, server):
    """Where TensorFlow does not start, a page must not try with every click; after a run it may."""
    assert warm_worker.want(store, settings())
    (store.root / warm_worker.LOG).write_text("Illegal instruction")
    assert not warm_worker.want(store, settings())
    (store.root / warm_worker.LOG).unlink()
    server(settings())
    run_id = queue.enqueue(store, settings())
    queue.drain(store, hand_over=True)
    assert store.result(run_id).prepared_s is not None
    (store.root / warm_worker.LOG).write_text("")
    assert warm_worker.want(store, settings())


def test_a_page_starts_one_only_where_it_helps(store, monkeypatch):
    """Not for a network that may be large, nor beside anything at work, nor where it is switched
    off; else once."""
    started = []
    monkeypatch.setattr(queue, "start_process", lambda *args: started.append(args))
    real = configs.quick()
    queue.ensure_standby(store, real, [])  # the tests' own environment has it switched off
    monkeypatch.delenv("SHIPDASH_STANDBY")
    large = configs.compact().replace(**{"scene.size": 512})
    for other in (settings(), configs.article(), real.replace(**{"network.filters": 64}), large):
        queue.ensure_standby(store, other, [RunState.COMPLETED])
    queue.ensure_standby(store, real, [RunState.COMPLETED, RunState.QUEUED])
    queue.ensure_standby(store, real, [RunState.RUNNING])
    with store.queue_lock():
        queue.ensure_standby(store, real, [])
    assert not started and not store.read_note(warm_worker.WANT)[0]
    queue.ensure_standby(store, real, [RunState.COMPLETED])
    assert note(store, warm_worker.WANT)["shape"] == [64, 64]
    (store.root / warm_worker.LOG).unlink()  # as after a minute
    with store.standby_lock():
        queue.ensure_standby(store, configs.compact(), [])
        assert note(store, warm_worker.WANT)["shape"] == [128, 128]
        own = configs.own(configs.SourceConfig(kind="files", name="cells", fingerprint="0" * 16,
                                               rows=64, cols=96), n_pool=40, n_held_out=10)
        queue.ensure_standby(store, own, [])
    assert note(store, warm_worker.WANT)["shape"] == [64, 96]
    assert len(started) == 1


def test_a_folder_that_cannot_be_written_keeps_no_page_from_being_drawn(tmp_path, monkeypatch):
    """A file where the folder should be."""
    monkeypatch.delenv("SHIPDASH_STANDBY")
    (tmp_path / "file").write_text("")
    queue.ensure_standby(Store(tmp_path / "file"), configs.quick(), [])
