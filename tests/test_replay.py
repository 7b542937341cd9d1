"""A finished run as a film: its clock, its pictures, the links to it, and its end."""

import base64
import json
import os
import zlib

import numpy as np
import pytest
from paging import open_page, words
from recorded_run import N_CORE, SCENE
from test_pages import DAMAGE, EVENTS, _run, damaged

from shipdash import config as configs
from shipdash.analysis.timeline import MOST_MOMENTS, timeline
from shipdash.data import open_source
from shipdash.records import Picked, RunState, Scanned, Trained
from shipdash.runs import RunBusy, Store, StoreError, device_probe, queue
from shipdash.ui import frame
from shipdash.ui.run import film, panel, projector


@pytest.fixture
def store(tmp_path, monkeypatch):
    """An empty runs folder; no recorded run, and no worker or probe is ever started."""
    monkeypatch.setenv("SHIPDASH_RUNS", str(tmp_path))
    monkeypatch.setattr(frame, "RECORDED", tmp_path / "none")
    monkeypatch.setattr(queue, "ensure_drainer", lambda store: None)
    monkeypatch.setattr(device_probe, "device_facts", lambda store: {"device": "CPU"})
    return Store()


def test_the_clock_adds_up_training_and_scanning():
    """By hand: a pair joins at the end of the scan that found it, and training follows."""
    line = timeline(EVENTS)
    assert line.seconds.tolist() == [0, 0, 2.0, 2.5, 2.5, 3.5, 3.9]
    assert line.tested.tolist() == [0, 1, 1, 3, 4, 4, 10]
    assert line.selected.tolist() == [0, 1, 1, 1, 2, 2, 2]


def test_a_run_without_events_has_a_clock_at_zero():
    """Queued: one moment, nothing tested."""
    assert [column.tolist() for column in timeline([])] == [[0], [0], [0]]


def test_a_long_run_keeps_every_moment_at_which_a_pair_joined():
    """Thinned to what a screen can show, its step curve unchanged."""
    events = [Trained(1, 1, 1, 0.5, 0.5, 0.1)] * 5
    for k in range(1, 10_001):
        events.append(Scanned(1, 2 * k, 2 * k, (0,), (1.0,), 1, 0, 0.01))
        if k % 100 == 0:
            events.append(Picked(1, k, 2 * k, k // 100, 2 * k + 1, 0.5, 0.1))
    line = timeline(events)
    assert len(line.seconds) <= MOST_MOMENTS + 200
    assert set(range(101)) <= set(line.selected.tolist())
    assert (np.diff(line.seconds) >= 0).all() and (np.diff(line.tested) >= 0).all()


def unpacked(text: str, shape) -> np.ndarray:
    """Masks from what the browser is sent, by NumPy."""
    bits = np.unpackbits(np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8))
    n = bits.size // (shape[0] * shape[1])
    return bits[: n * shape[0] * shape[1]].reshape(n, *shape).astype(bool)


def test_a_film_holds_each_pick_with_truth_and_the_prediction_it_failed_with(store):
    """The untested first pair has no prediction; the other has the stored one."""
    run = store.info(_run(store, RunState.COMPLETED))
    picks = film.whole(run)["picks"]
    assert (picks["order"], picks["index"]) == ([1, 2], [7, 9])
    assert picks["seconds"] == [0, 2.5]
    assert (picks["iou"], picks["known"]) == ([None, "0.40"], [False, True])
    truth = open_source(run.config).draw([7, 9])[1]
    assert (unpacked(picks["truth"], (32, 32)) == truth).all()
    assert not unpacked(picks["predicted"], (32, 32)).any()
    assert all(image.startswith("data:image/webp;base64,") for image in picks["images"])


def test_void_pixels_are_neither_missed_nor_invented():
    """They are left out of truth and prediction alike."""
    masks = np.array([[[0, 1, 2, 2], [0, 1, 2, 0]]], np.uint8)
    sent = film._against(masks, np.ones(masks.shape, bool))
    assert unpacked(sent["truth"], (2, 4))[0].tolist() == (masks[0] == 1).tolist()
    assert unpacked(sent["predicted"], (2, 4))[0].tolist() == (masks[0] != 2).tolist()


def test_the_film_of_the_recorded_run_is_small():
    """Full size: 10,000 pairs, every pick; under 2 MB on its way to the browser."""
    made = film.whole(SCENE)
    assert len(made["picks"]["images"]) == N_CORE
    assert made["tested"][-1] == 10_000
    assert 100 < made["seconds"][-1] < 200
    assert len(json.dumps(made)) < 2_000_000


def test_a_run_with_many_picks_sends_as_many_pictures_as_fit():
    """Spread evenly, the first and the last among them; larger pairs get fewer."""
    picks = [Picked(1, k, k, k + 1, k + 1, 0.5, 0.1) for k in range(1_000)]
    some = film._spread(picks, (128, 128))
    assert len(some) == film.MOST_PICTURES
    assert (some[0], some[-1]) == (picks[0], picks[-1])
    assert len(film._spread(picks, (512, 512))) == film.FEWEST_PICTURES
    assert film._spread(picks[:3], (128, 128)) == picks[:3]
    assert film._spread([], (128, 128)) == []


def asked_for(at, name: str) -> str:
    """A parameter of the page's address, which a test sees as text or as a list of one."""
    return "".join(at.query_params[name])


def test_a_link_opens_the_replay_and_a_button_ends_it(store):
    """`replay=1` on a finished run; on one at work it says nothing."""
    run_id = _run(store, RunState.COMPLETED)
    at = open_page("pages/2_Run.py", run=run_id, replay="1")
    at.button(key="replay_end").click().run()
    assert not at.exception
    assert "replay" not in at.query_params
    at.button(key="replay_it").click().run()
    assert asked_for(at, "replay") == "1"


@pytest.mark.parametrize("state", list(RunState))
def test_every_state_can_be_presented(store, state):
    """No form, no boxes; the way out is there."""
    at = open_page("pages/2_Run.py", run=_run(store, state), present="1")
    assert not at.error and not at.number_input and not at.selectbox
    at.button(key="leave").click().run()
    assert not at.exception
    assert "present" not in at.query_params
    assert at.selectbox


def test_a_projector_says_that_a_run_is_halted(store):
    """Before its numbers; a run that goes on well needs no words."""
    run = store.info(_run(store, RunState.PAUSED))
    assert projector._words(run, RunState.PAUSED, EVENTS) == "Paused. "
    assert projector._words(run, RunState.RUNNING, EVENTS) == ""


def test_a_projector_says_of_a_slow_run_what_the_run_page_says(store, monkeypatch):
    """Not more than is known: it may learn yet."""
    run = store.info(_run(store, RunState.PAUSED))
    monkeypatch.setattr(projector, "is_judged", lambda config: True)
    monkeypatch.setattr(projector, "symptom", lambda events: "It is slow.")
    assert projector._words(run, RunState.RUNNING, EVENTS) == (
        "This run learns far more slowly than usual, if at all. ")


def test_a_projector_names_the_run_that_it_has_not(store):
    """The one that is shown instead is in the address."""
    run_id = _run(store, RunState.COMPLETED)
    at = open_page("pages/2_Run.py", run="f" * 16, present="1")
    assert f"There is no run {'f' * 16}" in at.warning[0].value
    assert asked_for(at, "run") == run_id


def test_presenting_without_a_run_says_so(store):
    """An empty folder: a sentence and the way out."""
    at = open_page("pages/2_Run.py", present="1")
    assert "No run to show yet" in words(at)
    at.button(key="leave").click().run()
    assert not at.exception


def rehearsed(store, **changes) -> str:
    """A completed run of the quick preset, as the form asks for it."""
    run_id, _ = store.create(configs.quick().replace(**changes))
    store.set_status(run_id, RunState.COMPLETED)
    return run_id


def test_rehearsed_settings_offer_replay_and_the_next_model_seed(store):
    """Not a dead end: one click each."""
    run_id = rehearsed(store)
    at = open_page("pages/2_Run.py", preset="Quick look")
    assert "start" not in {b.key for b in at.button}
    at.button(key="replay_known").click().run()
    assert not at.exception
    assert (asked_for(at, "run"), asked_for(at, "replay")) == (run_id, "1")


def test_starting_again_takes_the_next_model_seed_that_is_free(store):
    """Seeds 1 and 2 have been run: 3 is queued and opened."""
    rehearsed(store)
    rehearsed(store, **{"seeds.model": 2})
    at = open_page("pages/2_Run.py", preset="Quick look")
    at.button(key="start_seed_3").click().run()
    assert not at.exception
    assert "start_seed_3" not in [b.key for b in at.button]  # nor would a double click start 4
    asked = configs.quick().replace(**{"seeds.model": 3}).digest
    assert store.status(asked).state == RunState.QUEUED
    assert asked_for(at, "run") == asked


def test_a_finished_run_is_deleted_after_a_question(store):
    """The button that deletes stands under the question, and only the run goes."""
    (store.root / ".old-0123").mkdir(parents=True)  # of one that was killed while it did so
    for name in ("young", "old"):  # of one that is being started, and one that was killed then
        (store.root / f".new-{name}").mkdir()
    os.utime(store.root / ".new-old", (0, 0))
    run_id, other = _run(store, RunState.COMPLETED), rehearsed(store)
    at = open_page("pages/2_Run.py", run=run_id)
    assert "Delete this run?" in words(at) and "cannot be undone" in words(at)
    at.button(key=f"delete_{run_id}").click().run()
    assert not at.exception
    # What the second half of a double click would meet is gone, whichever run is shown now.
    assert f"delete_{run_id}" not in [b.key for b in at.button]
    assert [r.run_id for r in store.list()] == [other]
    assert list(store.root.glob(".old-*")) == []
    assert [left.name for left in store.root.glob(".new-*")] == [".new-young"]


@pytest.mark.parametrize("present", ["", "1"])
def test_a_run_that_was_deleted_elsewhere_is_not_called_failed(store, monkeypatch, present):
    """Gone while it was drawn: its panel and the projector let the page say so."""
    run_id = _run(store, RunState.FAILED)
    monkeypatch.setattr(panel, "buttons", lambda run: store.delete(run.run_id))
    at = open_page("pages/2_Run.py", run=run_id, present=present)
    assert f"There is no run {run_id} on this machine" in words(at)
    assert "Failed" not in words(at)


def test_a_recorded_run_is_never_deleted(store):
    """It came with the package."""
    run_id = _run(store, RunState.COMPLETED)
    recorded = Store(store.root, recorded=True)
    with pytest.raises(StoreError, match="came with the package"):
        recorded.delete(run_id)
    assert store.result(run_id) is not None


def test_a_run_somebody_works_on_is_not_deleted(store):
    """Its lock is held."""
    run_id = _run(store, RunState.LOST)
    with store.lock(run_id), pytest.raises(RunBusy):
        store.delete(run_id)
    assert (store.root / run_id / "spec.json").exists()


def test_a_queued_run_is_not_deleted(store):
    """A worker may come for it at any moment."""
    run_id = _run(store, RunState.QUEUED)
    with pytest.raises(StoreError, match="waits in the queue"):
        store.delete(run_id)


@pytest.mark.parametrize("bad", ["..", "../x", "", "0123456789abcde/", None])
def test_only_a_run_id_is_deleted(store, bad):
    """Nothing from a link becomes a path."""
    with pytest.raises(StoreError):
        store.delete(bad)


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_file_breaks_no_replay(store, name):
    """Whatever it holds: the projector opens with what can still be read."""
    run_id = _run(store, RunState.COMPLETED)
    for _ in damaged(store.root / run_id, name):
        open_page("pages/2_Run.py", run=run_id, replay="1", present="1")
        open_page("pages/2_Run.py", run=run_id, replay="1")
