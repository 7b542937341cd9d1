"""The worker of a paused run: it stays for a while, takes the run up itself, and makes room."""

import os
import subprocess
import sys
import time

import pytest
from patience import until
from test_queue import settings, straight
from test_warm_worker import ignoring_time

from shipdash.learning import evaluation
from shipdash.records import RunState, Stopped
from shipdash.runs import Store, kept_worker, queue, worker


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A runs folder where workers may wait; the last one leaves with the test."""
    monkeypatch.setenv("SHIPDASH_STANDBY", "1")
    store = Store(tmp_path / "runs")
    yield store
    for run in store.list():
        if run.state in (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED):
            queue.cancel(store, run.run_id)
    kept_worker.dismiss(store)
    until(lambda: not store.queue_is_worked())


def is_in(store, run_id, state):
    return lambda: store.status(run_id).state is state


def paused(store, config):
    """A run that a real worker has paused after its first pick, and waits for."""
    run_id = queue.submit(store, config)
    queue.step(store, run_id)
    until(lambda: kept_worker.waiting_run(store) == run_id)
    assert store.status(run_id).state is RunState.PAUSED
    return run_id


def test_the_same_process_steps_and_ends_the_run(store, tmp_path):
    """Step by step and to the end as if nothing had been asked, by one worker."""
    config = settings(n_pool=100)
    run_id = paused(store, config)
    said = store.log_path(run_id).read_bytes()
    for _ in range(2):
        n_core = store.info(run_id).n_core
        queue.step(store, run_id)
        until(lambda n=n_core: store.info(run_id).n_core == n + 1)
        until(is_in(store, run_id, RunState.PAUSED))
    queue.resume(store, run_id)
    until(is_in(store, run_id, RunState.COMPLETED))
    until(lambda: not store.queue_is_worked())
    assert list(store.result(run_id).core) == list(straight(config, tmp_path / "straight"))
    assert store.log_path(run_id).read_bytes() == said
    assert store.read_note(kept_worker.NOTE)[0] == b""


def test_a_step_needs_no_second_worker(store, monkeypatch):
    """Asked while one waits, nobody is started."""
    run_id = paused(store, settings(n_pool=100))
    monkeypatch.setattr(queue, "start_process", lambda *_: pytest.fail("a second worker"))
    n_core = store.info(run_id).n_core
    queue.step(store, run_id)
    until(lambda: store.info(run_id).n_core > n_core)
    until(is_in(store, run_id, RunState.PAUSED))


def test_another_queued_run_gets_the_place(store):
    """The one that waits leaves at once, and its run stays paused."""
    first = paused(store, settings(n_pool=100))
    second = queue.submit(store, settings(seed=2))
    until(is_in(store, second, RunState.COMPLETED))
    assert store.status(first).state is RunState.PAUSED
    assert not store.is_alive(first)


def test_a_cancelled_run_is_waited_for_no_longer(store):
    """And stays cancelled."""
    run_id = paused(store, settings(n_pool=100))
    queue.cancel(store, run_id)
    until(lambda: not store.is_alive(run_id))
    assert store.status(run_id).state is RunState.CANCELLED


def test_a_killed_one_has_lost_nothing(store, tmp_path):
    """SIGKILL while it waits: a new worker goes on to the same core set."""
    config = settings(n_pool=100)
    run_id, _ = store.create(config)
    store.request(run_id, "step")
    command = [*queue.COMMAND, "work", "--server", str(os.getpid()), run_id]
    with subprocess.Popen(command, env=queue._environment(store)) as process:
        until(lambda: kept_worker.waiting_run(store) == run_id)
        process.kill()
    assert kept_worker.waiting_run(store) is None
    assert store.status(run_id).state is RunState.PAUSED
    queue.resume(store, run_id)
    until(is_in(store, run_id, RunState.COMPLETED))
    assert list(store.result(run_id).core) == list(straight(config, tmp_path / "straight"))


def waiting(store, run_id, server=None):
    """Wait in this process for a run that is paused."""
    store.set_status(run_id, RunState.PAUSED)
    return kept_worker.wait(store, run_id, os.getpid() if server is None else server)


def test_it_leaves_with_its_server(store):
    """As whoever has a network ready does."""
    run_id, _ = store.create(settings())
    with subprocess.Popen([sys.executable, "-c", ""]) as server:
        server.wait()
    assert not waiting(store, run_id, server.pid)


def test_it_leaves_after_its_time(store, monkeypatch):
    """Minutes, not hours."""
    monkeypatch.setattr(kept_worker, "STAY_S", 0.1)
    assert not waiting(store, store.create(settings())[0])
    assert store.read_note(kept_worker.NOTE)[0] == b""


def test_it_does_not_begin_to_wait_while_another_run_is_queued(store):
    """Who was queued first need not wait for minutes."""
    store.create(settings(seed=2))
    assert not waiting(store, store.create(settings())[0])
    queue.cancel(store, settings(seed=2).digest)


def test_it_says_that_it_waits_before_it_looks_who_else_does(store, monkeypatch):
    """Who queues a run in between finds the note and takes it away; nobody waits for minutes."""
    run_id, noted = store.create(settings())[0], []
    monkeypatch.setattr(kept_worker, "_another_is_queued", lambda store, _: noted.append(
        store.read_note(kept_worker.NOTE)[0].decode()) or True)
    assert not waiting(store, run_id)
    assert noted == [run_id] and store.read_note(kept_worker.NOTE)[0] == b""


def test_the_newest_paused_run_is_waited_for_alone(store, monkeypatch):
    """A second note is the end of the first one's wait: there is one gigabyte, not two."""
    run_id, _ = store.create(settings())
    monkeypatch.setattr(kept_worker, "lives",
                        lambda pid: store.write_note(kept_worker.NOTE, b"x") or True)
    assert not waiting(store, run_id)
    assert store.read_note(kept_worker.NOTE)[0] == b"x"


def test_a_wish_at_the_last_moment_is_taken_up(store, monkeypatch):
    """Queued while the note still stood, so that nobody else was started for it."""
    run_id, _ = store.create(settings())

    def leave(pid):
        store.set_status(run_id, RunState.QUEUED)
        return False

    monkeypatch.setattr(kept_worker, "lives", leave)
    assert waiting(store, run_id)
    queue.cancel(store, run_id)


def test_paused_in_its_evaluation_it_goes_on_from_there(store, tmp_path):
    """The result is that of a run that nobody has disturbed."""
    config, asked = settings(), []
    run_id, _ = store.create(config)

    def wait():
        asked.append(store.status(run_id).state)
        return True

    def ask(event):
        if type(event).__name__ == "Stopped":
            store.request(run_id, "pause")

    result = worker.work(store, run_id, ask, wait=wait)
    other = Store(tmp_path / "straight")
    worker.work(other, other.create(config)[0])
    assert asked == [RunState.PAUSED]
    assert ignoring_time(result) == ignoring_time(other.result(run_id))


def test_what_an_evaluation_took_before_a_pause_is_counted(store, monkeypatch):
    """Not what the pause took."""
    score, took = evaluation.score, []

    def slowly(source, learner, indices, on_block):
        time.sleep(0.05)
        took.append(len(indices))
        return score(source, learner, indices, on_block)

    def wait():
        time.sleep(0.3)
        return True

    monkeypatch.setattr(evaluation, "score", slowly)
    run_id, _ = store.create(settings())
    began = time.monotonic()
    result = worker.work(store, run_id, wait=wait, on_event=lambda event: store.request(
        run_id, "pause") if isinstance(event, Stopped) else None)
    whole = time.monotonic() - began
    assert 0.05 * len(took) - 0.01 <= result.phases["evaluate"] <= whole - 0.3 + 0.01  # rounded
