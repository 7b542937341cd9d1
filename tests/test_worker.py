"""A run from settings to evaluation, killed and resumed, on rote and on small real networks."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from compiled import open_learner
from patience import until

from shipdash import config as configs
from shipdash.data.source import stream_order
from shipdash.learning.learner import RoteLearner
from shipdash.records import Picked, RunState, Scanned, Stopped, StopReason, Trained
from shipdash.results import Reaudit
from shipdash.runs import RunBusy, RunCorrupt, Store, StoreError, queue, tasks, worker

TIMES = {"run_id", "seconds", "phases", "date"}


def settings(**changes):
    return configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 3.0, "scene.radius_max": 6.0, "network.kind": "rote",
        "planted.distinct": 25, "selection.n_pool": 100, "selection.first": 4,
        "network.predict_batch": 8, "evaluation.n_held_out": 20, **changes,
    })


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


def straight(config, root):
    store = Store(root)
    return worker.work(store, store.create(config)[0])


def timeless(result):
    return {k: v for k, v in result.to_json().items() if k not in TIMES}


@pytest.fixture
def compiled(monkeypatch):
    """Real networks of this process are compiled once."""
    monkeypatch.setattr(worker, "open_learner", open_learner)


def log(store, run_id):
    return [e._replace(seconds=0.0) if hasattr(e, "seconds") else e
            for e in store.events(run_id)[0]]


def test_a_run_ends_with_its_result_and_its_scores_on_disk(store):
    """The known answer of rote: every distinct pair once, no discarded pair failing."""
    config = settings(**{"selection.first": 1})
    run_id = store.create(config)[0]
    result = worker.work(store, run_id)
    assert result == store.result(run_id)
    assert store.status(run_id).state is RunState.COMPLETED
    assert {i % 25 for i in result.core} == set(range(25))
    assert result.n_core == 25
    assert result.n_tested == 100
    assert result.reaudit == Reaudit(n=75, n_failing=0, lowest_iou=1.0, failing=())
    assert result.held_out.n == 20
    scores = store.load_scores(run_id, "held_out")
    assert scores["iou"].mean() == pytest.approx(result.held_out.mean_iou)
    assert store.load_scores(run_id, "picked")["index"].tolist() == list(result.core[1:])
    assert not set(store.load_scores(run_id, "reaudit")["index"]) & set(result.core)


def test_the_numbers_of_the_result_are_those_of_the_events(store):
    """Counted once, in the log."""
    run_id = store.create(settings())[0]
    heard = []
    result = worker.work(store, run_id, heard.append)
    events, _ = store.events(run_id)
    assert heard == events
    assert [e.index for e in events if isinstance(e, Picked)] == list(result.core)
    assert sum(e.n_forward for e in events if isinstance(e, Scanned)) == result.n_forward
    assert sum(e.n_images for e in events if isinstance(e, Trained)) == result.n_backward
    assert isinstance(events[-1], Stopped)


def test_no_held_out_pairs_and_no_reaudit_is_a_result_too(store):
    """Both evaluations can be left out."""
    result = worker.work(store, store.create(settings(**{
        "evaluation.n_held_out": 0, "evaluation.reaudit": False}))[0])
    assert result.held_out is None
    assert result.reaudit is None


def test_a_pool_kept_whole_leaves_nothing_to_audit(store):
    """The empty re-audit: rote discards nothing where every pair is its own."""
    result = worker.work(store, store.create(settings(**{
        "planted.distinct": 0, "selection.n_pool": 12}))[0])
    assert result.n_core == 12
    assert result.reaudit == Reaudit(n=0, n_failing=0, lowest_iou=None, failing=())


def test_excluded_cores_are_never_seen(store):
    """Disjoint folds of one pool."""
    first = worker.work(store, store.create(settings())[0])
    fold = settings(**{"selection.exclude": [first.run_id]})
    second = worker.work(store, store.create(fold)[0])
    assert not set(first.core) & set(second.core)
    assert second.n_tested == 100 - first.n_core


def test_a_stalled_selection_has_discarded_what_it_tested(store, monkeypatch):
    """The pairs behind were once counted too, and none of them had ever been looked at."""

    def stalling(*words):
        n_core = 0
        for event in select(*words):
            yield event
            n_core += isinstance(event, Picked)
            if isinstance(event, Scanned) and event.n_tested >= 40:
                yield Stopped(StopReason.STALLED, n_core, event.n_tested, 0)
                return

    select = tasks.select
    monkeypatch.setattr(tasks, "select", stalling)
    run_id = store.create(settings())[0]
    result = worker.work(store, run_id)
    assert result.stalled and 40 <= result.n_tested < 100
    assert result.reaudit.n == result.n_tested - result.n_core
    stream = stream_order(100, 1)[:result.n_tested]
    assert set(store.load_scores(run_id, "reaudit")["index"]) <= set(stream)


def an_arm(config, **changes):
    """A control arm of `config`, which need not have run yet."""
    return config.replace(**{
        "arm.kind": "random", "arm.source": config.digest, "arm.n_steps": 60, "seeds.model": 1001,
        "evaluation.reaudit": False, **changes})


ARMS = [
    {}, {"arm.kind": "full", "arm.stop": "score"}, {"arm.kind": "rejected", "arm.n_pairs": 5},
    {"arm.kind": "stratified", "arm.stop": "plateau", "arm.n_steps": 1000},
]


@pytest.mark.parametrize("changes", ARMS)
def test_an_arm_is_a_run_like_any_other(store, changes):
    """Same keys in its result, same files; what it trained on stands where the core set stands."""
    config = settings()
    worker.work(store, store.create(config)[0])
    run_id = store.create(an_arm(config, **changes))[0]
    heard = []
    result = worker.work(store, run_id, heard.append)
    assert result == store.result(run_id)
    assert result.reason == "trained"
    assert store.status(run_id).state is RunState.COMPLETED
    assert heard == store.events(run_id)[0]
    assert {type(e) for e in heard[:-1]} == {Trained}
    assert heard[-1] == Stopped("trained", result.n_core, 0, 0)
    assert len(set(result.core)) == len(result.core) == result.n_core
    assert (result.n_tested, result.n_forward, result.n_wasted) == (0, 0, 0)
    assert result.n_backward == sum(e.n_images for e in heard[:-1])
    assert result.reaudit is None
    assert result.seconds == pytest.approx(sum(result.phases.values()), abs=0.05)
    ours, theirs = (store.load_scores(i, "held_out") for i in (run_id, config.digest))
    assert np.array_equal(ours["index"], theirs["index"])
    assert store.load_scores(run_id, "picked") is None


def test_an_arm_learns_the_pairs_it_is_given_and_no_others(store):
    """Rote knows them by heart: the re-audit of an arm finds every other pair failing."""
    config = settings(**{"planted.distinct": 0})
    selected = worker.work(store, store.create(config)[0])
    for kind in ("core", "first"):
        arm = an_arm(config, **{"arm.kind": kind, "arm.n_pairs": 9, "arm.stop": "score",
                                "evaluation.reaudit": True})
        result = worker.work(store, store.create(arm)[0])
        assert result.core == selected.core[:9]
        assert result.reaudit.n == result.reaudit.n_failing == 91
        assert not set(result.reaudit.failing) & set(result.core)


def test_an_arm_of_a_fold_stays_outside_the_first_core(store):
    """Its pool is what the fold's was: the core sets before it are left out."""
    first = worker.work(store, store.create(settings())[0])
    fold = settings(**{"selection.exclude": [first.run_id]})
    worker.work(store, store.create(fold)[0])
    arm = an_arm(fold, **{"arm.kind": "full"})
    pairs = worker.work(store, store.create(arm)[0]).core
    assert set(pairs) == set(range(100)) - set(first.core)


def test_a_step_of_an_arm_ends_with_its_next_record(store):
    """There is no pick to wait for."""
    config = settings()
    worker.work(store, store.create(config)[0])
    run_id = store.create(an_arm(config))[0]
    store.request(run_id, "step")
    assert worker.work(store, run_id) is None
    assert store.status(run_id).state == "paused"
    assert [type(e) for e in store.events(run_id)[0]] == [Trained]
    assert worker.work(store, run_id).reason == "trained"


def test_a_source_that_vanished_is_named(store):
    """The arm was queued, the selection removed: its status says which run is missing."""
    config = settings()
    worker.work(store, store.create(config)[0])
    run_id = store.create(an_arm(config))[0]
    shutil.rmtree(store.root / config.digest)
    with pytest.raises(configs.ConfigError, match=r"arm\.source"):
        worker.work(store, run_id)
    assert config.digest in store.status(run_id).reason


class Killed(BaseException):
    """Ends a run as SIGKILL would: nothing is said, nothing is tidied up."""


@pytest.mark.parametrize("extra", [
    {}, {"selection.passes": 0},
    {"selection.train_until": "epoch", "selection.idle_epochs": True, "selection.block": 16},
])
def test_killed_at_every_write_and_resumed_equals_never_stopped(
        store, tmp_path, monkeypatch, extra):
    """Each write of the run in turn is its last; the next worker goes on."""
    config = settings(**{"selection.n_pool": 40, "planted.distinct": 12, **extra})
    other = Store(tmp_path / "straight")
    straight(config, other.root)
    assert mortally(store, config, monkeypatch, range(3, 12)) > 3
    assert same(store, other, config, ("picked", "held_out", "reaudit"))


@pytest.mark.parametrize("changes", ARMS)
def test_an_arm_killed_at_every_write_and_resumed_equals_never_stopped(
        store, tmp_path, monkeypatch, changes):
    """The same of a control arm."""
    config = settings(**{"selection.n_pool": 40, "planted.distinct": 12})
    arm, other = an_arm(config, **changes), Store(tmp_path / "straight")
    for root in (store.root, other.root):
        straight(config, root)
    straight(arm, other.root)
    assert mortally(store, arm, monkeypatch, range(3, 9)) > 1
    assert same(store, other, arm, ("held_out", "held_out_worst"))


def mortally(store, config, monkeypatch, lives):
    """Work on a run that dies every so many writes until it has ended; how often it died."""
    monkeypatch.setattr(worker, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(worker, "CHECKPOINT_SHARE", 1e9)
    run_id, write, n_kills = store.create(config)[0], Store._write, 0
    chance = random.Random(1)

    def mortal(self, *words):
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        write(self, *words)
        if left == 0:
            raise Killed

    while store.result(run_id) is None:
        left = chance.choice(lives)
        monkeypatch.setattr(Store, "_write", mortal)
        try:
            worker.work(store, run_id)
        except Killed:
            n_kills += 1
        monkeypatch.setattr(Store, "_write", write)
    return n_kills


def same(store, other, config, names):
    """Whether two stores hold the same run, times apart, to the last stored score."""
    run_id = config.digest
    assert store.status(run_id).state is RunState.COMPLETED
    assert timeless(store.result(run_id)) == timeless(other.result(run_id))
    assert log(store, run_id) == log(other, run_id)
    for name in names:
        ours, theirs = (s.load_scores(run_id, name) for s in (store, other))
        assert all(np.array_equal(ours[k], theirs[k]) for k in theirs)
    return True


def test_without_a_checkpoint_a_lost_run_starts_again(store, tmp_path):
    """Killed in its first seconds: what was logged is forgotten and happens again."""
    config = settings()
    run_id = store.create(config)[0]

    def die(event):
        if isinstance(event, Picked) and event.n_core == 9:
            raise Killed

    with pytest.raises(Killed):
        worker.work(store, run_id, die)
    assert store.status(run_id).state is RunState.LOST
    assert timeless(worker.work(store, run_id)) == timeless(straight(config, tmp_path / "s"))
    assert len([e for e in store.events(run_id)[0] if isinstance(e, Stopped)]) == 1


@pytest.mark.parametrize("weights", ["the same", "others"])
def test_a_part_of_the_evaluation_is_done_once(store, tmp_path, monkeypatch, weights):
    """Killed when the re-audit is stored: the held-out pairs of a large set can take an hour, and
    are scored again only where the network is another one."""
    config, save, scored = settings(**{"evaluation.pool_scores": True}), Store.save_scores, []
    run_id = store.create(config)[0]

    def mortal(store, run_id, name, **arrays):
        if name == "reaudit" and name not in scored:
            scored.append(name)
            raise Killed
        scored.append(name)
        save(store, run_id, name, **arrays)

    monkeypatch.setattr(Store, "save_scores", mortal)
    with pytest.raises(Killed):
        worker.work(store, run_id)
    scored[:] = ["reaudit"]
    if weights == "others":
        path = store.root / run_id / "evaluation" / "held_out.json"
        path.write_text(path.read_text().replace('"weights_sha256": "', '"weights_sha256": "0'))
    resumed = worker.work(store, run_id)
    assert ("held_out" in scored) == (weights == "others")
    assert timeless(resumed) == timeless(straight(config, tmp_path / "s"))
    assert same(store, Store(tmp_path / "s"), config, ("held_out", "reaudit", "pool_scores"))


@pytest.mark.parametrize("request_, state", [("cancel", "cancelled"), ("pause", "paused")])
def test_a_request_stops_selection_and_evaluation(store, tmp_path, request_, state):
    """At the next event, or the next block of the evaluation; and it can be resumed."""
    config = settings()
    run_id = store.create(config)[0]

    def ask(event):
        if isinstance(event, Stopped) or (isinstance(event, Picked) and event.n_core == 9):
            store.request(run_id, request_)

    for _ in range(2):
        assert worker.work(store, run_id, ask) is None
        assert store.status(run_id).state == state
        assert store.requested(run_id) is None
    assert isinstance(store.events(run_id)[0][-1], Stopped)
    assert timeless(worker.work(store, run_id)) == timeless(straight(config, tmp_path / "s"))


@pytest.mark.parametrize("request_", ["pause", "step"])
def test_a_cancel_while_a_pause_is_stored_counts(store, monkeypatch, request_):
    """Storing the article's state takes a second, in which people change their minds."""
    run_id, save = store.create(settings())[0], Store.save_checkpoint

    def cancelled_meanwhile(store, run_id, *words):
        save(store, run_id, *words)
        store.request(run_id, "cancel")

    monkeypatch.setattr(Store, "save_checkpoint", cancelled_meanwhile)
    if request_ == "step":
        store.request(run_id, "step")
    worker.work(store, run_id, lambda event: (
        request_ == "pause" and store.request(run_id, "pause")))
    assert store.status(run_id).state is RunState.CANCELLED


@pytest.mark.parametrize("request_, state", [("cancel", "cancelled"), ("pause", "paused")])
def test_a_request_stops_an_arm(store, tmp_path, request_, state):
    """In training and in its evaluation; resumed, it ends as if nothing had been asked."""
    config = settings()
    for root in (store.root, tmp_path / "s"):
        straight(config, root)
    run_id = store.create(an_arm(config))[0]

    def ask(event):
        if isinstance(event, Stopped) or len(store.events(run_id)[0]) < 3:
            store.request(run_id, request_)

    n_halts = 0
    while (result := worker.work(store, run_id, ask)) is None:
        assert store.status(run_id).state == state
        n_halts += 1
    assert n_halts > 2
    assert timeless(result) == timeless(straight(an_arm(config), tmp_path / "s"))


def test_a_failure_is_written_down_and_can_be_resumed(store, monkeypatch):
    """The status says what went wrong; the worker's log has the rest."""
    run_id = store.create(settings())[0]

    def broken(*_):
        raise MemoryError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(RoteLearner, "predict", broken)
        with pytest.raises(MemoryError):
            worker.work(store, run_id)
    assert store.status(run_id)[:2] == (RunState.FAILED, "MemoryError: out of memory")
    assert worker.work(store, run_id).reason == "exhausted"


def test_a_full_disk_in_mid_run_is_a_sentence_and_costs_nothing_stored(
        store, tmp_path, monkeypatch):
    """Free some space and resume: as if nothing had happened."""
    config = settings()
    run_id = store.create(config)[0]
    replace, n_left = os.replace, 4
    monkeypatch.setattr(worker, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(worker, "CHECKPOINT_SHARE", 1e9)

    def full(*words):
        nonlocal n_left
        n_left -= 1
        if n_left < 0:
            raise OSError(28, "No space left on device")
        replace(*words)

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        with pytest.raises(StoreError, match="free some space and resume"):
            worker.work(store, run_id)
    assert store.status(run_id).state is RunState.LOST
    assert timeless(worker.work(store, run_id)) == timeless(straight(config, tmp_path / "s"))


def test_two_workers_of_one_run_exclude_each_other(store):
    """The second is sent away and changes nothing."""
    run_id = store.create(settings())[0]
    with store.lock(run_id), pytest.raises(RunBusy):
        worker.work(store, run_id)
    assert store.status(run_id).state is RunState.QUEUED


@pytest.mark.parametrize("damage", [
    lambda a, b: ({}, b), lambda a, b: (a, {}), lambda a, b: (a, []), lambda a, b: (a, b["state"]),
    lambda a, b: (a, b | {"state": {"core": 1, "colour": 2}}),
    lambda a, b: (a, b | {"stopped": ["bored", 1]}), lambda a, b: (a, b | {"offset": 10**9}),
    lambda a, b: (a | {"n/more": np.zeros(2)}, b), lambda a, b: (a | {"failed": np.zeros(1)}, b),
    lambda a, b: (a, b | {"phases": {"lunch": 1.0}}), lambda a, b: (a, b | {"offset": None}),
])
def test_a_checkpoint_that_does_not_fit_is_named(store, damage):
    """From another version or by another hand: a sentence with a way out that works."""
    run_id = store.create(settings())[0]
    worker.work(store, run_id, lambda e: isinstance(e, Stopped)
                    and store.request(run_id, "cancel"))
    store.save_checkpoint(run_id, *damage(*store.load_checkpoint(run_id)))
    with pytest.raises(RunCorrupt, match=r"remove (its|the) checkpoint folder"):
        worker.work(store, run_id)
    assert store.status(run_id).state is RunState.FAILED
    (store.root / run_id / "checkpoint" / "state.npz").unlink()
    assert worker.work(store, run_id).reason == "exhausted"


def test_a_damaged_log_is_named_before_the_work_is_done_again(store):
    """The result is counted from it: better now than after hours of evaluation."""
    run_id = store.create(settings())[0]
    worker.work(store, run_id, lambda e: isinstance(e, Stopped)
                    and store.request(run_id, "cancel"))
    path = store.root / run_id / "events.jsonl"
    path.write_bytes(path.read_bytes().replace(b"picked", b"pikced", 1))
    with pytest.raises(RunCorrupt, match=r"events\.jsonl"):
        worker.work(store, run_id)


# -- real processes ----------------------------------------------------------------------------


def killed_and_resumed(store, config, delays, seconds):
    """The result of a run whose worker is SIGKILLed that long after each sign of life."""
    run_id, n_kills = store.create(config)[0], 0
    end = time.monotonic() + seconds
    for delay in [*delays, None]:
        seen, began = store.n_bytes(run_id), None
        command = [*queue.COMMAND, "work", run_id]
        with subprocess.Popen(command, env=queue._environment(store)) as worker:
            while worker.poll() is None:
                assert time.monotonic() < end, "waited in vain"
                time.sleep(0.005)
                if delay is None:
                    continue
                if began is None and store.n_bytes(run_id) != seen:
                    began = time.monotonic()
                if began is not None and time.monotonic() - began > delay:
                    worker.send_signal(signal.SIGKILL)
                    n_kills += worker.wait() == -signal.SIGKILL
        if store.result(run_id) is not None:
            break
        assert store.status(run_id).state is RunState.LOST
    return store.result(run_id), n_kills


def test_a_real_worker_killed_at_random_moments_ends_with_the_same_core(store, tmp_path):
    """SIGKILL, no double: the whole result, not the core alone."""
    config = settings(**{"selection.n_pool": 700, "planted.distinct": 300})
    chance = random.Random(3)
    result, n_kills = killed_and_resumed(
        store, config, [chance.uniform(0, 0.4) for _ in range(3)], 300)
    assert n_kills >= 2
    assert timeless(result) == timeless(straight(config, tmp_path / "straight"))


def test_a_real_worker_of_an_arm_killed_at_random_moments_ends_the_same(store, tmp_path):
    """SIGKILL, no double, while the full pool is learnt by heart."""
    config = settings(**{"selection.n_pool": 400, "planted.distinct": 0})
    arm = an_arm(config, **{"arm.kind": "full", "arm.n_steps": 2_000})
    for root in (store.root, tmp_path / "straight"):
        straight(config, root)
    chance = random.Random(4)
    result, n_kills = killed_and_resumed(
        store, arm, [chance.uniform(0, 0.3) for _ in range(3)], 300)
    assert n_kills >= 2
    assert timeless(result) == timeless(straight(arm, tmp_path / "straight"))


@pytest.mark.tensorflow
def test_an_arm_of_a_real_network_killed_half_way_ends_the_same(
        store, tmp_path, monkeypatch, compiled):
    """Weights, averages, optimizer and batches go on bit for bit; it learns what it is shown."""
    config = configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 5.0, "scene.radius_max": 10.0, "network.kind": "rote",
        "selection.n_pool": 60, "evaluation.n_held_out": 50, "planted.distinct": 20})
    arm = an_arm(config, **{"network.kind": "compact", "arm.kind": "core"})
    for root in (store.root, tmp_path / "straight"):
        straight(config, root)
    expected, run_id = straight(arm, tmp_path / "straight"), store.create(arm)[0]
    monkeypatch.setattr(worker, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(worker, "CHECKPOINT_SHARE", 1e9)

    heard = []

    def die(event):
        heard.append(event)
        if len(heard) == 4:  # however many of them have reached the disk
            raise Killed

    with pytest.raises(Killed):
        worker.work(store, run_id, die)
    result = worker.work(store, run_id)
    assert timeless(result) == timeless(expected)
    ours, theirs = (s.load_scores(run_id, "held_out")
                    for s in (store, Store(tmp_path / "straight")))
    assert np.array_equal(ours["iou"], theirs["iou"])
    bouts = [e for e in store.events(run_id)[0] if isinstance(e, Trained)]
    assert bouts[-1].loss < 0.6 * bouts[0].loss


@pytest.mark.tensorflow
def test_a_compact_run_that_is_killed_ends_with_the_same_core(
        store, tmp_path, compiled):
    """The real network in a process of its own, which is killed behind a checkpoint; this process
    goes on and ends, to the last bit, as it does without a stop. Random moments and another process
    that goes on are tried without a network, above."""
    config = configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 5.0, "scene.radius_max": 10.0,
        "selection.n_pool": 150, "evaluation.n_held_out": 100,
        "network.filters": 8, "selection.precision": 0.6})
    words = ("import sys; from shipdash.runs import worker as e; from shipdash.runs import Store\n"
             "e.CHECKPOINT_S = 0.2; e.CHECKPOINT_SHARE = 0.9\n"
             "e.work(Store(), sys.argv[-1])")
    expected, run_id = straight(config, tmp_path / "straight"), store.create(config)[0]
    with subprocess.Popen([sys.executable, "-c", words, run_id],
                          env=queue._environment(store)) as other:
        until(lambda: store.load_checkpoint(run_id) or other.poll() is not None, 240)
        time.sleep(0.1)  # what is logged now is forgotten and happens again
        other.kill()
    assert other.returncode == -signal.SIGKILL and store.status(run_id).state is RunState.LOST
    _, reached = store.load_checkpoint(run_id)
    assert len(reached["state"]["core"]) >= config.selection.first
    result = worker.work(store, run_id)
    assert timeless(result) == timeless(expected)
    assert log(store, run_id) == log(Store(tmp_path / "straight"), run_id)


@pytest.mark.tensorflow
def test_the_article_preset_selects_resumes_and_evaluates(store, compiled):
    """Its network and its loop, on a pool small enough for a test: paused half-way, then on."""
    config = configs.article().replace(**{
        "scene.size": 32, "scene.radius_min": 4.0, "scene.radius_max": 8.0, "network.filters": 4,
        "selection.n_pool": 30, "selection.precision": 0.1, "selection.block": 8,
        "network.batch": 10,  # the warm-up batch: one shape less to compile
        "network.learning_rate": 0.01, "evaluation.n_held_out": 20})  # test_bench.py's network
    run_id = store.create(config)[0]
    heard = []

    def pause_once(event):
        heard.append(event)
        if sum(isinstance(e, Scanned) for e in heard) == 1:
            store.request(run_id, "pause")

    assert worker.work(store, run_id, pause_once) is None
    assert store.status(run_id).state is RunState.PAUSED
    result = worker.work(store, run_id)
    assert result.n_tested == 30
    assert 11 <= result.n_core <= 30
    assert result.held_out.n == 20
    assert result.reaudit.n == 30 - result.n_core
    assert result.n_parameters < 5_123_089
