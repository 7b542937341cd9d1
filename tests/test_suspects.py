"""Suspicious labels: kept pairs are predicted by networks trained without them, and ranked."""

import json
import time
from pathlib import Path

import numpy as np
import own_pictures as own
import pytest
from compiled import open_learner
from rote_runs import finished

from shipdash.config import ConfigError, quick
from shipdash.data import files, open_source
from shipdash.data.errors import DataError, Stopped
from shipdash.data.own_preset import own_config
from shipdash.importing import import_pairs
from shipdash.labelling import (
    Suspicions,
    cross_validation,
    suspect_request,
    suspects_job,
)
from shipdash.labelling.cross_validation import folds
from shipdash.labelling.suspects import order, suspects
from shipdash.learning.learner import RoteLearner
from shipdash.records import RunState
from shipdash.runs import Store, StoreError, worker


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


@pytest.fixture
def asked(store):
    """A finished run that kept 20 distinct pairs, each repeated in the pool, and its request."""
    return suspect_request(store, finished(store), 3, 10)


# -- folds


@pytest.mark.parametrize("k", [2, 3, 20])
def test_every_pair_is_tested_once_by_a_network_that_has_not_seen_it(k):
    """Nor a copy of it; all the others and those beside are trained on."""
    source = open_source(quick().replace(**{"planted.distinct": 20, "selection.n_pool": 60}))
    core, beside = list(range(25)), list(range(25, 60))
    found = folds(source, core, beside, k, seed=1)
    assert sorted(i for fold in found for i in fold.tested) == core
    for fold in found:
        tested = {i % 20 for i in fold.tested}
        assert fold.tested and fold.trained == [i for i in range(60) if i % 20 not in tested]


def test_the_parts_are_nearly_equal_and_follow_from_the_seed():
    """Sizes differ by one at most."""
    source = open_source(quick().replace(**{"selection.n_pool": 50}))
    one, again, other = (folds(source, range(50), [], 4, seed) for seed in (1, 1, 2))
    assert sorted(len(fold.tested) for fold in one) == [12, 12, 13, 13]
    assert one == again != other


def test_copies_of_an_own_picture_are_in_one_fold(tmp_path, monkeypatch):
    """Under other names, and with other masks: nobody has said that they are copies."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    shape = (32, 32)
    own.write(tmp_path, {f"{kind}/{k:02d}.png": content for k in range(12) for kind, content in (
        ("images", own.encoded(own.image(k % 4, shape))),
        ("masks", own.mask_png(own.mask(k, shape))))})
    import_pairs(own.request(tmp_path, held_out=0))
    source = open_source(own_config("own"), n=12)
    found = folds(source, list(range(8)), list(range(8, 12)), 4, seed=1)
    for fold in found:
        (shown,) = {i % 4 for i in fold.tested}
        assert len(fold.tested) == 2 and all(i % 4 != shown for i in fold.trained)


# -- the job


def test_scores_stand_in_order_of_selection(store, asked):
    """The rote learner predicts nothing that it has not seen, so every mask is contradicted."""
    job = suspects_job.compute(store, asked)
    found, core = Suspicions(store, asked.run_id).found(job), store.result(asked.run_id).core
    assert found["index"].tolist() == list(core)
    assert set(found) == {"index", "iou", "softmin", "bits"}
    assert not found["iou"].any() and not found["bits"].any()
    assert found["bits"].shape == (len(core), 64, 8) and (found["softmin"] < 0.1).all()


def test_a_dropped_mask_agrees_with_an_empty_prediction(store):
    """The learner that predicts nothing suspects exactly those with a target."""
    run_id = finished(store, **{"planted.distinct": 0, "selection.first": 30,
                                "planted.label_noise": 0.3, "planted.label_noise_kind": "dropped"})
    listed = suspects(store, suspects_job.compute(store, suspect_request(store, run_id)), run_id)
    source = open_source(store.config(run_id))
    dropped = [source.label(row.number) == "dropped" for row in listed]
    assert 0 < sum(dropped) < len(dropped) and dropped == sorted(dropped)
    assert [row.rank for row in listed] == list(range(1, len(listed) + 1))


def test_a_removal_that_is_killed_leaves_no_half_job(store, asked, monkeypatch):
    """Asked for again, it once passed for finished with what was left of its files."""
    job, jobs = suspects_job.compute(store, asked), Suspicions(store, asked.run_id)

    def killed(folder, **options):
        (folder / "fold-0.npz").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as dying, pytest.raises(KeyboardInterrupt):
        dying.setattr(files.shutil, "rmtree", killed)
        jobs.remove(job)
    assert jobs.create(asked) == job and jobs.standing(job).state is not RunState.COMPLETED
    jobs.remove(job)
    assert not list(jobs.root.iterdir())


def test_a_job_that_is_removed_while_jobs_are_listed_is_left_out(store, asked, monkeypatch):
    """Another process removes it between two looks at the disk."""
    jobs = Suspicions(store, asked.run_id)
    job, gone = jobs.create(asked), jobs.root / ("0" * 16) / "request.json"
    glob = Path.glob
    monkeypatch.setattr(Path, "glob", lambda path, what: [gone, *glob(path, what)])
    assert jobs.list() == [job]


def test_a_stopped_job_goes_on_with_the_network_that_had_not_finished(store, asked, monkeypatch):
    """What is stored of the first networks is not computed again, and the end is the same."""
    whole = Suspicions(store, asked.run_id).found(suspects_job.compute(store, asked))
    jobs = Suspicions(store, asked.run_id)
    jobs.remove(asked.digest)
    job = jobs.create(asked)

    def cancel(n_done, n):
        assert n == 30
        if n_done > 10:
            jobs.ask_cancel(job)

    with pytest.raises(Stopped):
        suspects_job.compute(store, asked, cancel)
    assert jobs.standing(job).state is RunState.CANCELLED
    with pytest.raises(DataError, match="has not finished"):
        jobs.found(job)
    trained = []
    monkeypatch.setattr(suspects_job, "train", lambda *args: trained.append(args[5]) or
                        cross_validation.train(*args))
    suspects_job.compute(store, asked)
    assert trained == [1, 2] and jobs.standing(job).state is RunState.COMPLETED
    assert all(np.array_equal(jobs.found(job)[name], whole[name]) for name in whole)
    suspects_job.compute(store, asked)
    assert trained == [1, 2]


def test_the_process_that_a_page_starts_does_the_same(store, asked):
    """`start` leaves a process that can be asked about until it is finished."""
    job, end = suspects_job.start(store, asked), time.monotonic() + 60
    while Suspicions(store, asked.run_id).standing(job).state is not RunState.COMPLETED:
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    assert len(suspects(store, job, asked.run_id)) == store.result(asked.run_id).n_core
    assert suspects_job.start(store, asked) == job


def test_a_failure_is_stored_with_its_reason(store, asked, monkeypatch):
    """Whoever watches sees *failed*, not *running* for ever."""
    monkeypatch.setattr(RoteLearner, "train", None)
    with pytest.raises(TypeError):
        suspects_job.compute(store, asked)
    assert Suspicions(store, asked.run_id).standing(asked.digest).state is RunState.FAILED


def test_what_cannot_be_asked_is_refused(store, asked):
    """A run that has not finished, more folds than distinct pairs, no steps."""
    run_id, _ = store.create(quick())
    with pytest.raises(StoreError, match="has not finished"):
        suspect_request(store, run_id)
    for k in (1, 21):
        with pytest.raises(ConfigError, match="folds must be from 2 to 20"):
            suspect_request(store, asked.run_id, k)
    with pytest.raises(ConfigError, match="steps"):
        suspect_request(store, asked.run_id, 2, 0)
    with pytest.raises(StoreError, match="kept a single image"):
        suspect_request(store, finished(store, **{"planted.distinct": 1}))


# -- the list


def test_the_worst_mask_comes_first_and_the_other_measure_breaks_ties():
    """Then the order of selection."""
    found = {"iou": np.array([0.5, 0.0, 0.0, 0.0]), "softmin": np.array([0.1, 0.3, 0.2, 0.3])}
    assert order(found, "iou").tolist() == [2, 1, 3, 0]
    assert order(found, "softmin").tolist() == [0, 2, 1, 3]


def test_the_command_speaks_json_and_words(store, asked, call):
    """Both measures, the same job; pairs of a scene have a number and no file."""
    words = ("label", "suspects", asked.run_id, "--folds", 3, "--steps", 10)
    code, out, _ = call(*words, "--json")
    said = json.loads(out)
    assert code == 0 and said["job"] == asked.digest and said["by"] == "softmin"
    assert len(said["suspects"]) == store.result(asked.run_id).n_core
    assert said["suspects"][0]["rank"] == 1 and said["suspects"][0]["file"] == ""
    code, out, _ = call(*words, "--by", "iou", "--top", 2)
    assert code == 0 and len(out.splitlines()) == 3
    code, _, err = call(*words[:3], "--folds", 99)
    assert code == 2 and "folds must be" in err


def test_suspects_of_a_data_set_are_named_by_their_file(tmp_path, monkeypatch, store):
    """Each kept pair once."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    own.write(tmp_path, own.pairs(15, (32, 32)))
    import_pairs(own.request(tmp_path))
    config = own_config("own").replace(**{"network.kind": "rote", "selection.first": 3})
    run_id, _ = store.create(config)
    worker.work(store, run_id)
    listed = suspects(store, suspects_job.compute(store, suspect_request(store, run_id)), run_id)
    assert {row.file for row in listed} <= {f"{tmp_path}/images/{k}.png" for k in range(15)}
    assert len({row.file for row in listed}) == len(listed) == store.result(run_id).n_core
    with pytest.raises(ConfigError, match="must be one of iou, softmin"):
        suspects(store, suspect_request(store, run_id).digest, run_id, "entropy")


# -- a real network


@pytest.mark.tensorflow
def test_a_network_suspects_borrowed_masks():
    """Trained without a pair, it predicts the ellipse; a mask from elsewhere contradicts it."""
    config = quick().replace(**{
        "scene.size": 32, "scene.radius_min": 5.0, "scene.radius_max": 9.0, "scene.noise": 0.2,
        "scene.contrast": 0.6, "selection.n_pool": 120,
        "planted.label_noise": 0.1, "planted.label_noise_kind": "borrowed"})
    source = open_source(config)
    learner = open_learner(config.network, shape=config.shape, seed=1)
    fold = folds(source, range(120), [], 2, 1)[0]
    cross_validation.train(source, learner, config, fold, 80, 0)
    found = cross_validation.judged(source, learner, fold.tested)
    wrong = np.array([source.label(i) != "true" for i in found["index"]])
    n = int(wrong.sum())
    assert wrong[np.argsort(found["iou"])[:n]].mean() > 0.7 > 3 * wrong.mean()
