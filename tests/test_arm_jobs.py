"""Arms of a stored selection: what is refused before anything is stored, what is worked off."""

import json

import pytest

from shipdash import config as configs
from shipdash.config import ConfigError, RunConfig
from shipdash.records import RunState
from shipdash.runs import Store, queue, worker
from shipdash.studies import arms, replicas
from shipdash.studies.ensure import Workers, cancel, ensure
from shipdash.studies.folder import MISSING, Studies
from shipdash.studies.study import Study

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
    return worker.work(store, store.create(settings())[0]).run_id


def controls(store, run_id, names, **words):
    """The study of these arms."""
    return Study(name=f"controls of {run_id}",
                 runs=tuple(arms.plan_arms(store, run_id, names, **words)))


def refused(store, said, run_id, *words, **changes):
    """The error of planning, and that nothing was stored for it."""
    before = sorted(p.name for p in store.root.iterdir())
    with pytest.raises(ConfigError, match=said) as caught:
        arms.plan_arms(store, run_id, *words, **changes)
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


def test_an_unfinished_run_is_refused(store, source):
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
    arm = arms.plan_arms(store, source, ["core"])[0]
    worker.work(store, store.create(arm)[0])
    refused(store, "must be a selection, not a control arm", arm.digest)


def test_a_run_of_another_version_is_refused(store, source, monkeypatch):
    """By the version in its result, and by its id where the settings themselves have changed."""
    rewritten(store, source, algorithm=configs.ALGORITHM + 1)
    refused(store, "this version of the algorithm", source)
    rewritten(store, source, algorithm=configs.ALGORITHM)
    assert arms.plan_arms(store, source, ["core"])
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
    run_id = worker.work(store, store.create(config)[0]).run_id
    error = refused(store, "1 to 10, the pairs that the source discarded", run_id, ["rejected"])
    assert (error.field, error.value) == ("arm.n_pairs", 40)
    assert arms.plan_arms(store, run_id, ["core", "random", "full"])


@pytest.mark.parametrize(("field", "value"), [
    ("scene.contrast", 0.2), ("seeds.pool", 9), ("seeds.order", 9), ("selection.precision", 0.7),
    ("selection.n_pool", 60), ("evaluation.n_held_out", 11),
])
def test_an_arm_of_another_pool_is_refused(store, source, field, value):
    """By hand, through `create`: what differs from its source cannot be held against it."""
    arm = arms.plan_arms(store, source, ["core"])[0]
    with pytest.raises(ConfigError, match="must have the arm's scene") as caught:
        store.create(arm.replace(**{field: value}))
    assert (caught.value.field, caught.value.value) == ("arm.source", source)
    store.create(arm.replace(**{"seeds.model": 7, "network.batch": 4}))


# -- what is listed ----------------------------------------------------------------------------


def test_arms_are_listed_with_their_source_alone(store, source):
    """Neither the selection itself nor another's arms."""
    other = worker.work(store, store.create(settings(**{"seeds.order": 2}))[0]).run_id
    ids = [store.create(arm)[0] for arm in arms.plan_arms(store, source, ["first"])]
    for arm in arms.plan_arms(store, other, ["first"]):
        store.create(arm)
    assert {run.run_id for run in store.list()
            if run.config.arm.source == source} == set(ids)


def test_every_arm_without_a_network_is_planned(store, source):
    """Two replicates of six varied arms in both variants, and of the two others."""
    planned = arms.plan_arms(store, source, ROTE, n_model_seeds=2, n_draws=2)
    assert len({arm.digest for arm in planned}) == len(planned) == 2 * (2 * 6 + 2)


# -- worked off --------------------------------------------------------------------------------


def test_stored_arms_are_kept_and_halted_ones_go_on(store, source):
    """Asked twice, answered once."""
    study = controls(store, source, ["core"], stops=["steps"])
    first, second, _ = study.runs
    done = worker.work(store, store.create(first)[0])
    store.create(second)
    store.set_status(second.digest, RunState.CANCELLED)
    told = []
    assert ensure(store, study, on_run=told.append).complete
    assert store.result(first.digest) == done
    assert [a.run_id for a in told if a.reason == "computed earlier"] == [first.digest]


def test_arms_are_worked_off_by_fresh_processes(store, source):
    """Real ones: each leaves its own log, and all have a result when the call returns."""
    study = controls(store, source, ["core", "rejected"], stops=["score"], n_model_seeds=1,
                     n_draws=1)
    assert ensure(store, study).complete
    for arm in study.runs:
        result = store.result(arm.digest)
        assert result.n_core == 12
        assert result.held_out.n == 10
        assert store.log_path(arm.digest).exists()
    assert not store.queue_is_worked()


def test_cancelled_it_puts_away_what_is_at_work_and_begins_nothing_else(store, source,
                                                                         monkeypatch):
    """No queue takes it up later; asked again, it goes on."""
    study = controls(store, source, ["core", "first"], stops=["score"])

    def cancelled(store, run_id, **_):
        worker.work(store, run_id)
        cancel(store, study)

    monkeypatch.setattr(queue, "work_one", cancelled)
    standing = ensure(store, study, crew=Workers(1, 1))
    n = len(study.runs)
    assert standing.counts == {RunState.COMPLETED: 1, MISSING: n - 1}
    assert queue.waiting(store) == []
    monkeypatch.setattr(queue, "work_one", lambda store, run_id, **_: worker.work(store, run_id))
    Studies(store).forget_cancel(study.digest)
    assert ensure(store, study).complete


def test_a_failed_arm_does_not_stop_the_others(store, source, monkeypatch):
    """It is told with its state and its reason."""
    study, told = controls(store, source, ["core"], stops=["score"]), []

    def work(store, run_id, **_):
        if run_id == study.runs[1].digest:
            store.set_status(run_id, RunState.FAILED, "out of memory")
        else:
            worker.work(store, run_id)

    monkeypatch.setattr(queue, "work_one", work)
    standing = ensure(store, study, on_run=told.append)
    assert list(standing.states.values()) == ["completed", "failed", "completed"]
    assert [a.reason for a in told if a.state == "failed"] == ["out of memory"]


def test_an_error_in_one_thread_lets_the_others_come_to_their_end(store, source, monkeypatch):
    """What nobody foresaw is raised, and nothing waits for ever."""
    study = controls(store, source, ["core"], stops=["score"])

    def work(store, run_id, **_):
        raise ZeroDivisionError

    monkeypatch.setattr(queue, "work_one", work)
    with pytest.raises(ZeroDivisionError):
        ensure(store, study, crew=Workers(2, 1))
    assert not Studies(store).is_alive(study.digest)


def test_a_fold_whose_first_fold_failed_says_what_it_waits_for(store, source, monkeypatch):
    """Nothing is left out in silence."""
    study, told = replicas.folds_of(store, source, 3), []
    monkeypatch.setattr(queue, "work_one", lambda store, run_id, **_: store.set_status(
        run_id, RunState.FAILED, "no memory"))
    ensure(store, study, on_run=told.append)
    first, second, third = study.runs
    reasons = {a.run_id: a.reason for a in told}
    assert reasons[first.digest] == "computed earlier"
    assert reasons[second.digest] == "no memory"
    assert second.digest in reasons[third.digest]


def test_a_pool_with_wrong_masks_has_the_pairs_that_a_run_starts_with():
    """More than 500 of them were asked of a pool of 500, which no run can be."""
    for first, n_pool in ((600, 600), (2, replicas.NOISY_POOL)):
        asked = RunConfig().replace(**{"selection.first": first, "selection.n_pool": 1000})
        assert replicas.noisy(asked).selection.n_pool == n_pool
