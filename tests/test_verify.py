"""Training on the picks alone gives the weights of the run, and nothing else does."""

import dataclasses
import json
import subprocess
import sys

import pytest
from compiled import open_learner
from rote_runs import finished

from shipdash import config as configs
from shipdash.data import open_source
from shipdash.learning.learner import weights_sha256
from shipdash.runs import Store, StoreError, worker
from shipdash.runs import verify as verifying
from shipdash.runs.machine import environment
from shipdash.runs.verify import replay, verify


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A selection with a real network: augmentation, warm-up, averaged weights, several picks."""
    store = Store(tmp_path_factory.mktemp("runs"))
    asked = configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 5.0, "scene.radius_max": 10.0,
        "selection.n_pool": 40, "selection.first": 4, "selection.precision": 0.5,
        "evaluation.n_held_out": 0, "evaluation.reaudit": False})
    run_id, _ = store.create(asked)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(worker, "open_learner", open_learner)
        worker.work(store, run_id)
    return store, run_id


def is_verified(store, run_id):
    """Whether the answer is stored beside the run and read with it, and is that of the run."""
    found = store.info(run_id)
    assert found.result.n_core > found.config.selection.first
    assert found.verified.same
    assert found.verified.weights_sha256 == found.result.weights_sha256
    assert found.result.segments == (found.verified.environment,)
    return True


@pytest.mark.tensorflow
def test_the_picks_alone_give_the_same_weights(small, monkeypatch):
    """From a network that is started anew; that another process computes the same bits is tested
    with the killed run in test_worker.py."""
    store, run_id = small
    network = store.config(run_id).network
    assert network.augment and network.average
    monkeypatch.setattr(verifying, "open_learner", open_learner)
    assert verify(store, run_id).same
    assert is_verified(store, run_id)


def test_the_command_finds_the_same_weights(tmp_path):
    """In a process of its own, by rote."""
    store = Store(tmp_path)
    run_id = finished(store)
    words = [sys.executable, "-m", "shipdash", "verify", run_id, "--runs", str(store.root),
             "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["same"] is True
    assert is_verified(store, run_id)


@pytest.mark.tensorflow
@pytest.mark.parametrize("change", ["order", "seed"])
def test_another_order_or_seed_gives_other_weights(small, change):
    """So the hash can tell: two picks exchanged, or the next model seed."""
    store, run_id = small
    config, result = store.config(run_id), store.result(run_id)
    core = list(result.core)
    if change == "order":
        core[0], core[-1] = core[-1], core[0]
    else:
        config = config.replace(**{"seeds.model": config.seeds.model + 1})
    learner = open_learner(config.network, shape=config.shape, seed=config.seeds.model)
    replay(open_source(config), learner, config, core)
    assert weights_sha256(learner) != result.weights_sha256


def test_what_cannot_be_verified_is_named(tmp_path):
    """An older result without a hash: a sentence, and nothing is stored."""
    store = Store(tmp_path)
    run_id = finished(store)
    assert verify(store, run_id).same
    store.write_result(run_id, dataclasses.replace(store.result(run_id), weights_sha256=None))
    with pytest.raises(StoreError, match="no hash"):
        verify(store, run_id)


def test_a_resume_elsewhere_is_a_segment_of_its_own(tmp_path, monkeypatch):
    """Stopped, then gone on with under other threads: the result names both parts, in order."""
    store = Store(tmp_path)
    asked = configs.quick().replace(**{"network.kind": "rote", "selection.n_pool": 60,
                                       "evaluation.n_held_out": 0})
    run_id, _ = store.create(asked)
    here = environment()
    worker.work(store, run_id, lambda event: store.requested(run_id)
                or store.request(run_id, "pause"))
    other = dataclasses.replace(here, threads=here.threads + 1)
    monkeypatch.setattr(worker, "environment", lambda: other)
    assert worker.work(store, run_id).segments == (here, other)
    assert store.result(run_id).segments == (here, other)
