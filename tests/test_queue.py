"""The queue and its processes, on real processes that need no TensorFlow."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from patience import until

from shipdash import config as configs
from shipdash.records import RunState
from shipdash.runs import Store, StoreError, queue, worker


def settings(seed=1, n_pool=40):
    return configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 3.0, "scene.radius_max": 6.0, "network.kind": "rote",
        "planted.distinct": n_pool // 2, "selection.n_pool": n_pool, "selection.first": 3,
        "seeds.pool": seed, "evaluation.n_held_out": 5,
    })


SLOW = 30_000  # pairs that take rote far longer than any test waits


@pytest.fixture
def store(tmp_path):
    """A runs folder whose workers are told to stop when the test is over."""
    store = Store(tmp_path / "runs")
    yield store
    until(lambda: (stop_all(store), not store.queue_is_worked())[1])


def stop_all(store):
    for run in store.list():
        if run.state in (RunState.QUEUED, RunState.RUNNING):
            store.request(run.run_id, "cancel")
            if run.state is RunState.QUEUED:
                store.set_status(run.run_id, RunState.CANCELLED)


@pytest.fixture
def unattended(monkeypatch):
    """Runs are queued and no drainer starts: the test is the drainer."""
    monkeypatch.setattr(queue, "ensure_drainer", lambda store: None)


def state(store, run_id):
    return store.status(run_id).state


def python(words):
    """A worker command that runs these words with the run id in ``sys.argv[-1]``."""
    return [sys.executable, "-c", f"import os, sys, time\nrun_id = sys.argv[-1]\n{words}"]


def straight(config, root):
    """The core set of a run that nobody disturbed."""
    store = Store(root)
    return worker.work(store, store.create(config)[0]).core


def test_a_submitted_run_is_worked_off_and_the_drainer_leaves(store):
    """Submit and come back later: nothing else to do."""
    run_id = queue.submit(store, settings())
    until(lambda: state(store, run_id) is RunState.COMPLETED)
    assert store.result(run_id).n_core >= 20
    until(lambda: not store.queue_is_worked())
    assert queue.waiting(store) == []


def test_a_double_click_is_one_run(store, unattended):
    """The same settings again: the same run, whatever has become of it."""
    run_id = queue.submit(store, settings())
    assert queue.submit(store, settings()) == run_id
    assert queue.waiting(store) == [run_id]
    worker.work(store, run_id)
    assert queue.submit(store, settings()) == run_id
    assert state(store, run_id) is RunState.COMPLETED


def test_submitting_a_halted_run_goes_on_with_it(store, unattended):
    """Start on a cancelled run is a resume, and what cancelled it is forgotten."""
    run_id = queue.submit(store, settings())
    queue.cancel(store, run_id)
    assert queue.submit(store, settings()) == run_id
    assert state(store, run_id) is RunState.QUEUED
    assert store.requested(run_id) is None


def test_runs_wait_in_order_of_submission(store, unattended):
    """And a resumed one goes to the end."""
    ids = []
    for seed in (3, 1, 2):
        ids.append(queue.submit(store, settings(seed)))
        time.sleep(0.002)
    assert queue.waiting(store) == ids
    queue.pause(store, ids[0])
    time.sleep(0.002)
    queue.resume(store, ids[0])
    assert queue.waiting(store) == [*ids[1:], ids[0]]


def test_waiting_reads_nothing_but_the_status(store, unattended, monkeypatch):
    """The drainer looks five times a second; settings, results and events of a thousand runs would
    keep a processor busy. A damaged run waits for nothing."""
    first, second = (queue.enqueue(store, settings(seed)) for seed in (2, 1))
    damaged = queue.enqueue(store, settings(3))
    (store.root / damaged / "status.json").write_text("{")
    with monkeypatch.context() as patch:
        patch.setattr(Store, "info", None)
        assert queue.waiting(store) == [first, second]
        assert not queue._somebody_runs(store)
        with store.lock(first):
            store.set_status(first, RunState.RUNNING)
            assert queue._somebody_runs(store)


def test_one_run_at_a_time_in_order(store, unattended, tmp_path):
    """No two workers overlap, and each run gets a process of its own."""
    ids = []
    for seed in range(3):
        ids.append(queue.submit(store, settings(seed)))
        time.sleep(0.002)
    log = tmp_path / "order"
    command = python(
        f"with open({str(log)!r}, 'a') as log:\n    print('in', run_id, file=log, flush=True)\n"
        "    time.sleep(0.1)\n    print('out', run_id, file=log)")
    queue.drain(store, command)
    expected = [line for i in ids for line in (f"in {i}", f"out {i}")]
    assert log.read_text().splitlines() == expected


def test_a_second_drainer_returns_at_once(store, unattended):
    """Whoever holds the queue's lock does the work."""
    queue.submit(store, settings())
    with store.queue_lock():
        queue.drain(store, ["/does/not/exist"])
    assert len(queue.waiting(store)) == 1


@pytest.mark.parametrize("words, code", [
    ("sys.exit('no such device')", 1), ("print('no such device'); os._exit(7)", 7),
    ("print('no such device', flush=True); os.kill(os.getpid(), 9)", -9),
])
def test_a_worker_that_dies_at_once_fails_its_run_with_its_last_words(
        store, unattended, words, code):
    """Otherwise the queue would take it up for ever; the next run has its turn."""
    first = queue.submit(store, settings(1))
    queue.submit(store, settings(2))
    queue.drain(store, python(words))
    assert queue.waiting(store) == []
    status = store.status(first)
    assert status.state is RunState.FAILED
    assert status.reason == f"the worker ended with code {code}: no such device"


def test_a_run_that_another_worker_has_just_taken_does_not_fail(store, unattended):
    """Our own found it busy and ended; the other has not said yet that it runs."""
    run_id = queue.submit(store, settings())
    with store.lock(run_id):
        queue.work_one(store, run_id, python("sys.exit('is being worked on')"))
        assert state(store, run_id) is RunState.QUEUED


def test_a_worker_that_cannot_be_started_fails_its_run(store, unattended):
    """No program of that name: said, not raised."""
    run_id = queue.submit(store, settings())
    queue.drain(store, ["/does/not/exist"])
    assert state(store, run_id) is RunState.FAILED
    assert "No such file" in store.status(run_id).reason


def test_a_damaged_or_removed_run_does_not_hold_up_the_queue(store, unattended, capsys):
    """Its folder goes while its worker is at it: named, and the next run has its turn."""
    first = queue.submit(store, settings(1))
    time.sleep(0.002)
    second = queue.submit(store, settings(2))
    queue.drain(store, python(
        f"import shutil\nif run_id == {first!r}: shutil.rmtree(os.path.join("
        "os.environ['SHIPDASH_RUNS'], run_id))\nelse: sys.exit('seen')"))
    assert first in capsys.readouterr().err
    assert store.status(second).reason.endswith("seen")


def test_a_full_disk_ends_the_drainer_instead_of_spinning(store, unattended, monkeypatch, capsys):
    """A failure that cannot be written down is not tried for ever."""
    run_id = queue.submit(store, settings())

    def full(*_):
        raise StoreError("free some space")

    monkeypatch.setattr(store, "set_status", full)
    queue.drain(store, python("sys.exit(1)"))
    assert state(store, run_id) is RunState.QUEUED
    assert "free some space" in capsys.readouterr().err


def test_halted_and_resumed_while_its_worker_leaves_is_not_a_failure(store, unattended):
    """The worker has said *paused* and is still shutting down; Resume queues the run again."""
    run_id = queue.submit(store, settings())
    turns = store.root / "turns"
    command = python(
        "from shipdash.runs import Store\nfrom shipdash.records import RunState\n"
        f"with open({str(turns)!r}, 'a') as log: log.write('x')\n"
        f"n = len(open({str(turns)!r}).read())\nstore = Store()\n"
        "store.set_status(run_id, RunState.PAUSED)\n"
        "if n == 1: store.set_status(run_id, RunState.QUEUED)")
    queue.drain(store, command)
    assert turns.read_text() == "xx"
    assert state(store, run_id) is RunState.PAUSED


def test_a_run_submitted_while_the_drainer_leaves_is_still_worked_off(
        store, unattended, monkeypatch):
    """Between the drainer's last look and its giving back the lock, a submit sees it alive."""
    first = queue.submit(store, settings(1))
    late, looked = [], queue._next

    def look_then_submit(store, left):
        found = looked(store, left)
        if found is None and not late:
            late.append(store.create(settings(2))[0])
            assert store.queue_is_worked()
        return found

    monkeypatch.setattr(queue, "_next", look_then_submit)
    queue.drain(store)
    assert [state(store, i) for i in (first, *late)] == [RunState.COMPLETED] * 2


def test_a_queued_run_can_be_cancelled_and_paused_and_resumed(store, unattended):
    """Before it has ever run; halting twice is no error."""
    run_id = queue.submit(store, settings())
    queue.cancel(store, run_id)
    queue.cancel(store, run_id)
    assert state(store, run_id) is RunState.CANCELLED
    queue.resume(store, run_id)
    queue.pause(store, run_id)
    assert state(store, run_id) is RunState.PAUSED
    queue.resume(store, run_id)
    queue.drain(store)
    assert state(store, run_id) is RunState.COMPLETED


def test_a_cancel_that_meets_a_starting_worker_is_not_lost(store, unattended):
    """The worker is alive but has not yet said so: it finds the request and stops."""
    run_id = queue.submit(store, settings())
    queue.cancel(store, run_id)
    assert worker.work(store, run_id) is None
    assert state(store, run_id) is RunState.CANCELLED
    assert store.events(run_id) == ([], 0)


def test_a_running_run_is_cancelled_and_resumed_to_the_same_core(store, tmp_path):
    """A real worker hears the request, keeps what it has found and goes on later."""
    config = settings(n_pool=900)
    run_id = queue.submit(store, config)
    until(lambda: store.info(run_id).n_core > 50)
    queue.cancel(store, run_id)
    until(lambda: state(store, run_id) is not RunState.RUNNING)
    assert state(store, run_id) is RunState.CANCELLED
    found = len(store.load_checkpoint(run_id)[1]["state"]["core"])
    assert 50 < found
    queue.resume(store, run_id)
    until(lambda: state(store, run_id) is RunState.COMPLETED)
    assert store.result(run_id).core == straight(config, tmp_path / "straight")


def test_a_step_picks_one_more_pair_and_pauses(store, unattended, tmp_path):
    """Step by step is the same road."""
    config = settings()
    run_id = queue.submit(store, config)
    sizes = []
    for _ in range(4):
        queue.step(store, run_id)
        worker.work(store, run_id)
        assert state(store, run_id) is RunState.PAUSED
        assert store.requested(run_id) is None
        sizes.append(store.info(run_id).n_core)
    assert sizes == [3, 4, 5, 6]
    queue.resume(store, run_id)
    assert worker.work(store, run_id).core == straight(config, tmp_path / "straight")


def test_a_killed_worker_is_lost_and_can_be_cancelled_or_resumed(store, unattended):
    """SIGKILL to a real worker: the lock tells, and Resume finishes the run."""
    run_id = queue.submit(store, settings(n_pool=900))
    command = [*queue.COMMAND, "work", run_id]
    with subprocess.Popen(command, env=queue._environment(store)) as worker:
        until(lambda: store.info(run_id).n_core > 20)
        worker.kill()
    assert state(store, run_id) is RunState.LOST
    queue.cancel(store, run_id)
    assert state(store, run_id) is RunState.CANCELLED
    queue.resume(store, run_id)
    queue.drain(store)
    assert state(store, run_id) is RunState.COMPLETED


def test_after_the_death_of_a_drainer_its_worker_is_waited_for(store):
    """The worker outlives it; a new drainer takes the next run only when the first has ended."""
    config = settings(1, n_pool=SLOW)
    first = store.create(config)[0]
    command = [*queue.COMMAND, "work", "--queue"]
    with subprocess.Popen(command, env=queue._environment(store)) as old:
        until(lambda: state(store, first) is RunState.RUNNING)
        old.send_signal(signal.SIGKILL)
    assert not store.queue_is_worked()
    assert store.is_alive(first)
    second = queue.submit(store, settings(2))
    until(store.queue_is_worked)
    time.sleep(1.0)
    assert state(store, second) is RunState.QUEUED
    queue.cancel(store, first)
    until(lambda: state(store, second) is RunState.COMPLETED)
    assert state(store, first) is RunState.CANCELLED


def test_a_completed_run_is_never_touched_again(store, unattended):
    """Not by submit, resume, step, pause, cancel, nor by a worker sent to it."""
    run_id = queue.submit(store, settings())
    worker.work(store, run_id)
    folder = store.root / run_id
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in folder.rglob("*") if p.is_file()}
    for ask in (queue.resume, queue.step, queue.pause, queue.cancel):
        with pytest.raises(StoreError, match="completed"):
            ask(store, run_id)
    queue.submit(store, settings())
    worker.work(store, run_id)
    after = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in folder.rglob("*") if p.is_file()}
    assert after == before


def test_only_halted_runs_are_resumed(store, unattended):
    """A queued one already waits."""
    run_id = queue.submit(store, settings())
    with pytest.raises(StoreError, match="is queued"):
        queue.resume(store, run_id)


def test_a_run_of_another_version_is_not_gone_on_with(store, unattended):
    """It would pick other pairs under the old id: no button, no queue and no worker does that."""
    run_id = queue.submit(store, settings())
    (store.root / run_id / "spec.json").write_text(settings(seed=5).canonical_json())
    with pytest.raises(StoreError, match="begun with another version"):
        queue.step(store, run_id)
    with pytest.raises(StoreError, match="begun with another version"):
        worker.work(store, run_id)
    assert store.status(run_id).state is RunState.FAILED
    with pytest.raises(StoreError, match="begun with another version"):
        queue.resume(store, run_id)
    assert store.result(run_id) is None


def test_a_damaged_status_is_mended_by_resuming_as_its_message_says(store, unattended):
    """The advice in an error works."""
    run_id = queue.submit(store, settings())
    (store.root / run_id / "status.json").write_text("{}")
    with pytest.raises(StoreError, match="resume the run"):
        store.status(run_id)
    queue.resume(store, run_id)
    assert queue.waiting(store) == [run_id]
    (store.root / run_id / "status.json").write_text("{}")
    assert queue.submit(store, settings()) == run_id
    assert queue.waiting(store) == [run_id]


def test_ensuring_a_drainer_with_nothing_to_do_starts_none(store):
    """And creates no folder: looking is free."""
    queue.ensure_drainer(store)
    assert not store.root.exists()


def test_a_drainer_that_cannot_be_started_is_a_sentence(store, monkeypatch):
    """The run waits; the page says why."""
    monkeypatch.setattr(queue, "COMMAND", ("/does/not/exist",))
    with pytest.raises(StoreError, match="cannot start a worker"):
        queue.submit(store, settings())


def test_a_server_keeps_no_zombies(store, monkeypatch):
    """The exit code of a drainer is taken, however long the server lives."""
    monkeypatch.setattr(queue, "COMMAND", (sys.executable, "-c", "pass"))
    started, popen = [], subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen",
                        lambda *a, **k: started.append(popen(*a, **k)) or started[-1])
    store.create(settings())
    before = set(threading.enumerate())
    queue.ensure_drainer(store)
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    [drainer] = started
    with pytest.raises(ChildProcessError):
        os.waitpid(drainer.pid, os.WNOHANG)


# -- the device -------------------------------------------------------------------------------
