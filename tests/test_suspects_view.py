"""*Suspicious labels* on Samples without a browser: what it says in each state, and its list."""

import dataclasses
import json
import shutil
import sys

import own_pictures as own
import pandas as pd
import pytest
from paging import open_page, quiet_store, words
from rote_runs import finished

from shipdash import view_only
from shipdash.config import quick
from shipdash.data.own_preset import own_config
from shipdash.importing import import_pairs
from shipdash.labelling import Standing, Suspect, Suspicions, suspect_request, suspects_job
from shipdash.labelling.suspects import suspects
from shipdash.records import RunState, StopReason
from shipdash.runs import StoreError, worker
from shipdash.ui import job
from shipdash.ui.samples.suspects import as_csv, caption


@pytest.fixture
def store(tmp_path, monkeypatch):
    """No run; no process is ever started, though TensorFlow seems to be there."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(view_only, "find_spec", lambda name: object())
    return quiet_store(tmp_path, monkeypatch)


@pytest.fixture
def run_id(store):
    """A finished run that kept 20 pairs and was not searched."""
    return finished(store)


def opened(run_id, **query):
    """The view of a run."""
    return open_page("pages/3_Samples.py", run=run_id, view="Suspicious labels", **query)


def tiles(at):
    """What the browser was sent."""
    return [tile for one in at.get("bidi_component") if '"tiles"' in one.proto.json
            for tile in json.loads(one.proto.json)["tiles"]]


def test_the_button_starts_the_job_and_says_what_it_costs(run_id, monkeypatch):
    """The same question as the command's."""
    asked = []
    monkeypatch.setattr(suspects_job, "start", lambda store, request: asked.append(request) or "x")
    at = opened(run_id)
    assert "costs 3 training runs of 100 steps" in words(at) and "docs/label-next.md" in words(at)
    at.button(key="suspects_start").click().run()
    assert [(one.run_id, one.n_folds) for one in asked] == [(run_id, 3)]


def test_few_different_images_are_searched_in_as_many_parts(store):
    """Two give two networks; of a single one nothing can be asked."""
    few = {"planted.distinct": 2, "selection.first": 1}
    assert "costs 2 training runs" in words(opened(finished(store, **few)))
    at = opened(finished(store, **few | {"planted.distinct": 1}))
    assert not at.error and "A single image was kept." in words(at)
    assert "suspects_start" not in [b.key for b in at.button]


def test_no_search_is_offered_among_the_pairs_of_a_stalled_run(store, run_id):
    """Its last pair could not be learnt, and what came behind it was never tested."""
    store.write_result(run_id, dataclasses.replace(store.result(run_id),
                                                   reason=StopReason.STALLED))
    at = opened(run_id)
    assert not at.error and "Training stalled in this run, so nothing" in words(at)
    assert "suspects_start" not in [b.key for b in at.button]


@pytest.mark.parametrize(("state", "says"), [
    (RunState.CANCELLED, "was cancelled"), (RunState.LOST, "stopped unexpectedly"),
    (RunState.FAILED, "The search failed. no memory")])
def test_a_job_that_ended_can_be_continued(store, run_id, state, says):
    """With its reason; nothing goes on by itself."""
    jobs, reason = Suspicions(store, run_id), "no memory" if state is RunState.FAILED else ""
    jobs.set_standing(jobs.create(suspect_request(store, run_id)), Standing(state, reason, 0, 0))
    at = opened(run_id)
    assert says in at.warning[0].value
    assert at.button(key="suspects_start").label == "Continue the search"


def test_a_job_at_work_shows_its_progress_and_can_be_cancelled(store, run_id):
    """Cancel is a request that the job finds."""
    jobs = Suspicions(store, run_id)
    job = jobs.create(suspect_request(store, run_id))
    jobs.set_standing(job, Standing(RunState.RUNNING, "network 1 of 3", 7, 300))
    with jobs.lock(job):
        at = opened(run_id)
        assert "7 of 300 training steps" in str(at.get("progress")[0].proto)
        at.button(key="suspects_cancel").click().run()
        assert jobs.cancelled(job)


def test_a_run_that_is_searched_is_not_deleted(store, run_id):
    """Neither while the job is at work nor before its process has said anything."""
    jobs = Suspicions(store, run_id)
    name = jobs.create(suspect_request(store, run_id))
    with jobs.lock(name), pytest.raises(StoreError, match="cancel its search first"):
        store.delete(run_id)
    with jobs.open_log(name), pytest.raises(StoreError, match="cancel its search first"):
        store.delete(run_id)
    store.delete(run_id)
    assert run_id not in [run.run_id for run in store.list()]


def test_the_progress_of_a_run_that_has_vanished_draws_the_page_again(store, run_id, monkeypatch):
    """Deleted by another process while this page watched."""
    jobs = Suspicions(store, run_id)
    watched = job.Job(jobs, jobs.create(suspect_request(store, run_id)), key="", noun="",
                      network="", step="", so_far=str)
    shutil.rmtree(store.root / run_id)
    monkeypatch.setattr(job.st, "rerun", sys.exit)  # which ends the script as well
    with pytest.raises(SystemExit):
        job._progress(watched)


def test_a_job_that_is_done_between_two_looks_draws_the_page_again(monkeypatch):
    """The page found no answer, then the job had one."""
    monkeypatch.setattr(job.st, "rerun", sys.exit)
    with pytest.raises(SystemExit):
        job.tell_ended(None, Standing(RunState.COMPLETED, "", 3, 3), "")


def test_where_nothing_can_be_started_the_button_says_so(run_id, monkeypatch):
    """Shut, with the reason in words."""
    monkeypatch.setattr(view_only, "find_spec", lambda name: None)
    at = opened(run_id)
    assert at.button(key="suspects_start").disabled
    assert view_only.why_no_start() in words(at)


def test_a_run_that_has_not_finished_has_no_button(store):
    """The page says what is needed."""
    run_id, _ = store.create(quick())
    at = opened(run_id)
    assert "has not finished" in words(at)
    assert "suspects_start" not in [button.key for button in at.button]


@pytest.mark.parametrize(("measure", "by"), [("", "softmin"), ("IoU", "iou"), ("zzz", "softmin")])
def test_the_most_suspicious_come_first(store, run_id, measure, by):
    """By the measure of the link, each with three pictures; another number of steps does too."""
    job = suspects_job.compute(store, suspect_request(store, run_id, 2, 10))
    at = opened(run_id, measure=measure)
    listed = suspects(store, job, run_id, by)
    assert [tile["name"] for tile in tiles(at)] == [str(row.number) for row in listed[:12]]
    assert all(len(tile["parts"]) == 3 for tile in tiles(at))
    assert tiles(at)[0]["caption"] == caption(listed[0], by)
    assert "took 2 training runs of 10 steps" in words(at)
    assert "suspects_start" not in [button.key for button in at.button]


@pytest.mark.parametrize("name", ["suspects.npz", "request.json"])
def test_a_damaged_file_is_a_sentence(store, run_id, name):
    """Which says what to remove."""
    job = suspects_job.compute(store, suspect_request(store, run_id))
    (Suspicions(store, run_id).root / job / name).write_bytes(b"x")
    assert "is damaged: remove the folder" in opened(run_id).error[0].value.replace("\\", "")


def test_a_data_set_shows_its_file_names(store, tmp_path):
    """In place of numbers."""
    own.write(tmp_path, own.pairs(15, (32, 32)))
    import_pairs(own.request(tmp_path))
    run_id, _ = store.create(own_config("own").replace(
        **{"network.kind": "rote", "selection.first": 3}))
    worker.work(store, run_id)
    suspects_job.compute(store, suspect_request(store, run_id))
    found = tiles(opened(run_id))
    assert found and all(".png" in tile["caption"] for tile in found)


@pytest.mark.parametrize("garbage", ["zzz", "-5", "1e309", "9" * 400])
def test_garbage_in_the_link_of_a_list_breaks_nothing(store, run_id, garbage):
    """Measure, page and pair at once; some page of the list is shown."""
    suspects_job.compute(store, suspect_request(store, run_id))
    assert tiles(opened(run_id, measure=garbage, suspects_page=garbage, pair=garbage))


def test_the_file_names_each_pair_once(store, run_id):
    """Both measures, and the original file and its tile."""
    job = suspects_job.compute(store, suspect_request(store, run_id))
    listed = suspects(store, job, run_id)
    head, *lines = as_csv(pd.DataFrame(listed, columns=Suspect._fields)).splitlines()
    assert head == "rank,number,iou,softmin,set_aside,file,tile"
    assert [int(line.split(",")[1]) for line in lines] == [row.number for row in listed]


def test_a_caption_says_that_the_run_set_the_pair_aside():
    """The tile of a large image is named too."""
    row = Suspect(1, 0, 1234, 0.25, 0.0625, True, "scans/a.png", "r0 c64")
    assert caption(row, "iou") == "#1 · a.png r0 c64 · IoU 0.250 · set aside"
    assert caption(row._replace(file="", tile="", set_aside=False),
                   "softmin") == "#1 · pair 1,234 · soft minimum 0.062"
