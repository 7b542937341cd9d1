"""What to label next: images without masks are ranked by a run, and the ranking is judged."""

import json

import numpy as np
import own_pictures as own
import pytest
from patience import until

from shipdash.config import ConfigError
from shipdash.data import files
from shipdash.data.errors import DataError, Stopped
from shipdash.data.own_preset import own_config
from shipdash.importing import ImportRequest, import_pairs
from shipdash.labelling import Marks, Rankings, exports, rank_request, ranking_job
from shipdash.learning.learner import RoteLearner
from shipdash.records import RunState
from shipdash.runs import Store, StoreError, queue, worker
from shipdash.ui.label_next import rank

N_POOL, N_NEW = 12, 6


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    return Store(tmp_path / "runs")


@pytest.fixture
def done(store, tmp_path):
    """A finished run on 15 pairs, and a data set of 6 new images without masks; the run's id.

    The first two new images are pictures of the pool, which the rote learner knows by heart.
    """
    own.write(tmp_path, own.pairs(15, (32, 32)))
    import_pairs(own.request(tmp_path, name="old"))
    new = {f"new/{k}.png": own.encoded(own.image(k if k < 2 else 50 + k, (32, 32)))
           for k in range(N_NEW)}
    own.write(tmp_path, new)
    import_pairs(ImportRequest(name="new", kind="none", held_out=0, rows=32, cols=32,
                               images=f"{tmp_path}/new"))
    return finished(store, "old")


def finished(store, data, **changes):
    """The id of a finished run of the rote learner on a data set."""
    asked = own_config(data).replace(**{"network.kind": "rote", "selection.first": 3, **changes})
    run_id, _ = store.create(asked)
    worker.work(store, run_id)
    return run_id


# -- the job


def test_a_ranking_has_every_score_of_every_image(store, done):
    """Arrays of one entry an image, no IoU where no mask is known, predictions of one bit a
    pixel; and the same of the held-out pairs, with their IoU."""
    found = ranking_job.compute(store, rank_request(store, "new", done))
    assert set(found.images) == {"index", "flips", "entropy", "distance", "random", "bits"}
    assert all(len(values) == N_NEW for values in found.images.values())
    assert found.images["bits"].shape == (N_NEW, 32, 4)
    assert len(found.held_out["iou"]) == files.n_stored("old", "held_out")


def test_the_prediction_and_the_doubt_are_of_the_restored_network(store, done):
    """The rote learner knows a pool picture by heart and its flips not: the mask that it shows
    is the truth, and its doubt is what the flips, which it has never seen, leave."""
    found = ranking_job.compute(store, rank_request(store, "new", done))
    masks = np.unpackbits(found.images["bits"], axis=2).astype(bool)
    in_pool = [k for k in range(2) if masks[k].any()]  # the other may be held out
    assert in_pool and not masks[2:].any()
    for k in in_pool:
        truth = own.mask(k, (32, 32))
        assert np.array_equal(masks[k], truth)
        assert found.images["flips"][k] == pytest.approx(1 - 1 / (truth.sum() + 1))
        assert found.images["distance"][k] == 0
    assert (found.images["flips"][2:] == 0).all() and (found.images["distance"][2:] > 0).all()


def test_runs_of_other_seeds_are_asked_too(store, done):
    """Only where they differ in seeds alone; the doubt of a network that agrees is nothing."""
    assert rank_request(store, "new", done).others == ()
    other = finished(store, "old", **{"seeds.model": 2})
    finished(store, "old", **{"selection.first": 4})
    request = rank_request(store, "new", done)
    assert request.others == (other,)
    assert (ranking_job.compute(store, request).images["seeds"] == 0).all()


def test_a_cancel_that_nobody_heard_stops_no_later_job(store, done):
    """The job was killed, or failed, before it looked."""
    rankings, request = Rankings("new"), rank_request(store, "new", done)
    ranking = rankings.create(request)

    def fails():
        (rankings.root / ranking / "cancel").touch()
        raise DataError("no room")

    with pytest.raises(DataError, match="no room"):
        rankings.see_through(ranking, fails)
    assert not rankings.cancelled(ranking)
    (rankings.root / ranking / "cancel").touch()
    rankings.see_through(ranking, lambda: None)
    assert not rankings.cancelled(ranking)


def test_a_cancelled_job_says_so_and_starts_again(store, done, monkeypatch):
    """The request is honoured between two blocks and forgotten afterwards."""
    request, rankings = rank_request(store, "new", done), Rankings("new")
    ranking = rankings.create(request)
    with pytest.raises(DataError, match="nothing to cancel"):
        rankings.ask_cancel(ranking)
    with pytest.raises(Stopped):
        ranking_job.compute(store, request, lambda n_done, n: rankings.ask_cancel(ranking))
    assert rankings.standing(ranking).state is RunState.CANCELLED
    with pytest.raises(DataError, match="has not finished"):
        rankings.load(ranking)
    seen = []
    monkeypatch.setattr(queue, "start_process",
                        lambda *words: seen.append(rankings.standing(ranking).state))
    ranking_job.start(store, request)
    assert seen == [RunState.QUEUED]  # no longer cancelled, although nothing has said a word yet
    ranking_job.compute(store, request)
    assert rankings.standing(ranking).state is RunState.COMPLETED


def test_a_ranking_at_work_is_cancelled_whatever_has_finished_since(store, done, call):
    """With another seed the same question is another one, and that job was once not there."""
    rankings = Rankings("new")
    ranking = rankings.create(rank_request(store, "new", done))
    finished(store, "old", **{"seeds.model": 2})
    asked = rank_request(store, "new", done)
    assert asked.digest != ranking
    with rankings.lock(ranking):
        rankings.set_standing(ranking, rankings.standing(ranking)._replace(
            state=RunState.RUNNING))
        assert rank._job(asked).standing().state is RunState.RUNNING
        code, _, err = call("label", "rank", "new", "--run", done, "--cancel")
        assert (code, err) == (0, "") and rankings.cancelled(ranking)


def test_a_job_without_its_process_is_lost(store, done):
    """It said that it was running, and nobody holds its lock."""
    request, rankings = rank_request(store, "new", done), Rankings("new")
    ranking = rankings.create(request)
    with rankings.lock(ranking):
        rankings.set_standing(ranking, rankings.standing(ranking)._replace(
            state=RunState.RUNNING))
        assert rankings.standing(ranking).state is RunState.RUNNING
        with pytest.raises(DataError, match="by another process"):
            ranking_job.compute(store, request)
    assert rankings.standing(ranking).state is RunState.LOST


def test_a_failure_is_stored_with_its_reason(store, done, monkeypatch):
    """Whoever watches sees *failed*, not *running* for ever."""
    monkeypatch.setattr(RoteLearner, "features", None)
    request, rankings = rank_request(store, "new", done), Rankings("new")
    with pytest.raises(TypeError):
        ranking_job.compute(store, request)
    assert rankings.standing(request.digest).state is RunState.FAILED


def test_what_cannot_rank_is_refused(store, done):
    """A run that has not finished, and one without its network."""
    asked = store.config(done).replace(**{"seeds.model": 9})
    run_id, _ = store.create(asked)
    with pytest.raises(StoreError, match="has not finished"):
        rank_request(store, "new", run_id)
    (store.root / done / "checkpoint" / "state.npz").unlink()
    with pytest.raises(StoreError, match="is not stored here"):
        rank_request(store, "new", done)


# -- the command line


def test_the_process_that_a_page_starts_does_the_same(store, done, call):
    """`start` leaves a process that the store can be asked about until it is finished."""
    request, rankings = rank_request(store, "new", done), Rankings("new")
    ranking = ranking_job.start(store, request)
    assert rankings.is_alive(ranking)
    assert ranking_job.start(store, request) == ranking
    until(lambda: rankings.standing(ranking).state is RunState.COMPLETED)
    assert len(rankings.load(ranking).images["flips"]) == N_NEW


def test_rank_and_trust_speak_json_and_words(store, done, call):
    """Images in order, and what each ranking finds among the held-out pairs."""
    code, out, _ = call("label", "rank", "new", "--run", done, "--json", "--by", "distance")
    said = json.loads(out)
    assert code == 0 and [row["rank"] for row in said["images"]] == list(range(1, N_NEW + 1))
    doubts = [row["scores"]["distance"] for row in said["images"]]
    assert doubts == sorted(doubts, reverse=True)
    assert {row["ranking"] for row in said["trust"]} == {"flips", "entropy", "distance", "random"}
    code, out, _ = call("label", "trust", "new", "--run", done, "--json", "--first", "2")
    assert code == 0 and all(row["k"] == 2 for row in json.loads(out)["trust"])
    code, out, _ = call("label", "rank", "new", "--run", done)
    assert code == 0 and "new/5.png" in out
    code, _, err = call("label", "rank", "new", "--run", done, "--by", "seeds")
    assert code == 2 and "must be one of flips, entropy" in err


def test_predicted_masks_are_exported_to_be_corrected_and_imported(store, done, call, tmp_path):
    """What the network predicted comes back as it was: a tool that changes nothing agrees."""
    found = ranking_job.compute(store, rank_request(store, "new", done))
    for number in range(N_NEW):
        Marks("new").add(number, "wrong", "ann")
    code, _, _ = call("label", "export", "new", "--out", tmp_path / "out", "--format", "coco",
                      "--run", done)
    assert code == 0
    out = tmp_path / "out"
    import_pairs(ImportRequest(name="corrected", kind="coco", images=f"{out}/images",
                               labels=f"{out}/to_label.json", rows=32, cols=32))
    masks = np.load(files.folder_of("corrected") / "masks.npy")
    assert np.array_equal(masks, np.unpackbits(found.images["bits"], axis=2))
    assert masks.any()
    with pytest.raises(ConfigError, match="must be of the pool of the data set new, which is what"):
        exports.coco(found, [0, N_NEW])  # marked without a prediction: held out, for example


@pytest.mark.parametrize("first", ["0", "-1"])
def test_fewer_than_one_image_looked_at_is_refused(call, first):
    """A negative number ended in a traceback."""
    code, _, err = call("label", "trust", "new", "--run", "0" * 16, "--first", first)
    assert code == 2 and "--first must be 1 or above" in err


@pytest.mark.parametrize("words", [("rank", "new", "--run", "0" * 16), ("suspects", "0" * 16)])
def test_fewer_than_no_rows_cannot_be_shown(call, words):
    """``--top -1`` once showed all but the last as the first."""
    code, _, err = call("label", *words, "--top", "-1")
    assert code == 2 and "--top must be 0 or above. Received: --top=-1" in err
