"""Arms in the queue: what is refused before anything is stored, what is submitted, worked off."""

import json

import pytest

from shipdash import config as configs
from shipdash.config import ConfigError
from shipdash.records import RunState
from shipdash.runs import Store, StoreError, queue, worker
from shipdash.studies import arm_jobs, arms

ROTE = [name for name in arms.NAMES if not name.startswith("other")]  # without a real network


def settings(**changes):
    return configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 3.0, "scene.radius_max": 6.0, "network.kind": "rote",
        "planted.distinct": 12, "selection.n_pool": 50, "selection.first": 4,
        "network.predict_batch": 8, "evaluation.n_held_out": 10, **changes,
    })


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


@pytest.fixture
def source(store):
    """Id of a finished selection."""
    return worker.work(store, store.create(settings())[0])["run_id"]


@pytest.fixture
def no_drainer(monkeypatch):
    """Nobody works the queue off; the list says how often somebody was asked for."""
    asked = []
    monkeypatch.setattr(queue, "ensure_drainer", asked.append)
    return asked


def refused(store, said, run_id, *words, **changes):
    """The error of planning, and that nothing was stored for it."""
    before = sorted(p.name for p in store.root.iterdir())
    with pytest.raises(ConfigError, match=said) as caught:
        arm_jobs.submit_arms(store, run_id, *words, **changes)
    assert sorted(p.name for p in store.root.iterdir()) == before
    return caught.value


def rewritten(store, run_id, **changes):
    """The stored result with some of its fields changed, as another version would leave it."""
    path = store.root / run_id / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


# -- what is refused ---------------------------------------------------------------------------


def test_a_missing_run_is_refused(store, source):
    """By its field: a link may be old, a folder another."""
    for run_id in ("0123456789abcdef", "../x", ""):
        assert refused(store, "must name a run of this", run_id).field == "arm.source"


def test_an_unfinished_run_is_refused(store, source, no_drainer):
    """Queued, halted half-way, or stalled: there is no core set yet."""
    half = settings(**{"seeds.order": 2})
    queued = store.create(half)[0]
    assert refused(store, "must have completed", queued).value == queued
    store.set_status(queued, RunState.CANCELLED)
    refused(store, "must have completed", queued)
    rewritten(store, source, reason="stalled")
    refused(store, "must have completed its selection", source)


def test_an_arm_has_no_arms(store, source):
    """Its pairs are no selection."""
    arm = arm_jobs.plan_arms(store, source, ["core"])[0]
    worker.work(store, store.create(arm)[0])
    refused(store, "must be a selection, not a control arm", arm.digest)


def test_a_run_of_another_version_is_refused(store, source, monkeypatch):
    """By the version in its result, and by its id where the settings themselves have changed."""
    rewritten(store, source, algorithm=configs.ALGORITHM + 1)
    refused(store, "this version of the algorithm", source)
    rewritten(store, source, algorithm=configs.ALGORITHM)
    assert arm_jobs.plan_arms(store, source, ["core"])
    (store.root / source).rename(store.root / "fedcba9876543210")
    refused(store, "this version of the algorithm", "fedcba9876543210")


@pytest.mark.parametrize(("words", "changes", "said"), [
    (["random", "lunch"], {}, "arms must be some of"),
    ([], {"curve": [51]}, r"arm\.n_pairs must be from 1 to 50.*n_pairs=51"),
    ([], {"curve": [10, -1]}, "curve must be sizes"),
    (["core"], {"n_model_seeds": 0}, "model_seeds must be a whole number from 1"),
    (["core"], {"n_draws": 2.5}, "draws must be a whole number from 1"),
    (["core"], {"n_draws": True}, "draws must be a whole number from 1"),
    (["core"], {"n_draws": 10**9}, "to 100"),
    (["core"], {"stops": ["plateau"]}, "stops must be some of steps, score"),
    (["other"], {"network": "rote"}, "network must be one of"),
])
def test_what_cannot_be_asked_is_refused(store, source, words, changes, said):
    """All of it, before the first arm is stored."""
    refused(store, said, source, words, **changes)


def test_rejected_pairs_must_be_enough(store):
    """A core set of more than half of the pool leaves fewer than its own number."""
    config = settings(**{"planted.distinct": 40})
    run_id = worker.work(store, store.create(config)[0])["run_id"]
    error = refused(store, "1 to 10, the pairs that the source threw away", run_id, ["rejected"])
    assert (error.field, error.value) == ("arm.n_pairs", 40)
    assert arm_jobs.plan_arms(store, run_id, ["core", "random", "full"])


@pytest.mark.parametrize(("field", "value"), [
    ("scene.contrast", 0.2), ("seeds.pool", 9), ("seeds.order", 9), ("selection.precision", 0.7),
    ("selection.n_pool", 60), ("evaluation.n_held_out", 11),
])
def test_an_arm_of_another_pool_is_refused(store, source, field, value):
    """By hand, through `create`: what differs from its source cannot be held against it."""
    arm = arm_jobs.plan_arms(store, source, ["core"])[0]
    with pytest.raises(ConfigError, match="must have the arm's scene") as caught:
        store.create(arm.replace(**{field: value}))
    assert (caught.value.field, caught.value.value) == ("arm.source", source)
    store.create(arm.replace(**{"seeds.model": 7, "network.batch": 4}))


# -- what is submitted -------------------------------------------------------------------------


def test_submitted_arms_wait_in_the_queue(store, source, no_drainer):
    """One drainer is asked for, however many arms; the ids are those of all of them."""
    ids = arm_jobs.submit_arms(store, source, ROTE, n_model_seeds=2, n_draws=2)
    assert len(set(ids)) == len(ids) == 2 * (2 * 6 + 2)
    assert {store.status(i).state for i in ids} == {RunState.QUEUED}
    assert no_drainer == [store]
    assert {run.run_id for run in arm_jobs.arms_of(store, source)} == set(ids)
    assert [i for i in queue.waiting(store) if i not in ids] == []


def test_stored_arms_are_kept_and_halted_ones_go_on(store, source, no_drainer):
    """Asked twice, answered once."""
    first, second, third = arm_jobs.plan_arms(store, source, ["core"], stops=["steps"])
    done = worker.work(store, store.create(first)[0])
    store.create(second)
    store.set_status(second.digest, RunState.CANCELLED)
    ids = arm_jobs.submit_arms(store, source, ["core"], stops=["steps"])
    assert ids == [first.digest, second.digest, third.digest]
    assert [store.status(i).state for i in ids] == ["completed", "queued", "queued"]
    assert store.result(first.digest) == done


def test_arms_are_listed_with_their_source_alone(store, source, no_drainer):
    """Neither the selection itself nor another's arms."""
    other = worker.work(store, store.create(settings(**{"seeds.order": 2}))[0])["run_id"]
    ids = arm_jobs.submit_arms(store, source, ["first"])
    arm_jobs.submit_arms(store, other, ["first"])
    assert {run.run_id for run in arm_jobs.arms_of(store, source)} == set(ids)


# -- worked off --------------------------------------------------------------------------------


def test_arms_are_worked_off_by_fresh_processes(store, source):
    """Real ones: each leaves its own log, and all have a result when the call returns."""
    planned = arm_jobs.plan_arms(store, source, ["core", "rejected"], stops=["score"],
                                 n_model_seeds=1, n_draws=1)
    ids = arm_jobs.work_off(store, planned)
    assert ids == [arm.digest for arm in planned]
    for arm in planned:
        result = store.result(arm.digest)
        assert result["n_core"] == 12
        assert result["held_out"]["n"] == 10
        assert store.log_path(arm.digest).exists()
    assert not store.queue_is_worked()


def test_an_interruption_puts_away_what_has_not_begun(store, source, monkeypatch):
    """No queue takes it up later, behind the back of whoever pressed control C; asked again, it
    goes on."""
    planned = arm_jobs.plan_arms(store, source, ["core", "first"], stops=["score"])

    def interrupted(store):
        worker.work(store, planned[0].digest)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(queue, "drain", interrupted)
        with pytest.raises(KeyboardInterrupt):
            arm_jobs.work_off(store, planned)
    states = [store.status(arm.digest).state for arm in planned]
    assert states == [RunState.COMPLETED] + [RunState.PAUSED] * (len(planned) - 1)
    monkeypatch.setattr(queue, "drain", lambda store: [
        worker.work(store, run_id) for run_id in queue.waiting(store)])
    arm_jobs.work_off(store, planned)
    assert {store.status(arm.digest).state for arm in planned} == {RunState.COMPLETED}


def test_a_queue_that_does_not_move_is_named(store, source, monkeypatch):
    """A sentence instead of waiting for ever."""
    monkeypatch.setattr(queue, "drain", lambda store: None)
    monkeypatch.setattr(queue, "POLL_S", 0.001)
    planned = arm_jobs.plan_arms(store, source, ["core"])
    with pytest.raises(StoreError, match=r"stays queued and nobody works on it"):
        arm_jobs.work_off(store, planned)


def test_a_failed_arm_does_not_stop_the_others(store, source, monkeypatch):
    """It is among the ids with its state, for whoever asked to say so."""
    planned = arm_jobs.plan_arms(store, source, ["core"], stops=["score"])

    def drain(store):
        for run_id in queue.waiting(store):
            if run_id == planned[1].digest:
                store.set_status(run_id, RunState.FAILED, "out of memory")
            else:
                worker.work(store, run_id)

    monkeypatch.setattr(queue, "drain", drain)
    ids = arm_jobs.work_off(store, planned)
    assert [str(store.status(i).state) for i in ids] == ["completed", "failed", "completed"]
