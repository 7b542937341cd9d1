"""A dashboard that computes nothing: without TensorFlow, or read-only on purpose."""

import importlib.util
import re
from pathlib import Path

import pytest
from paging import open_page, words
from recorded_run import SCENE
from stored_results import HELD_OUT, a_result

from shipdash import view_only
from shipdash.config import quick
from shipdash.records import Picked, RunState, Scanned, Stopped, StopReason
from shipdash.runs import Store, StoreError, queue
from shipdash.studies import ensure
from shipdash.studies.folder import Studies
from shipdash.studies.study import Study
from shipdash.ui import frame

ROOT = Path(__file__).parents[1]
PAGES = list(frame.PAGES)


def hide_tensorflow(monkeypatch) -> None:
    """`find_spec` finds no TensorFlow, as in an environment without it."""
    real = importlib.util.find_spec
    monkeypatch.setattr(view_only, "find_spec",
                        lambda name: None if name == "tensorflow" else real(name))


@pytest.fixture(params=["without TensorFlow", "read-only"])
def shut(request, tmp_path, monkeypatch):
    """Either reason why nothing can be computed, on an empty runs folder; its sentence."""
    monkeypatch.setenv("SHIPDASH_RUNS", str(tmp_path / "runs"))
    if request.param == "read-only":
        monkeypatch.setenv("SHIPDASH_READONLY", "1")
    else:
        hide_tensorflow(monkeypatch)
    return view_only.why_no_start()


def stored(state: RunState) -> str:
    """A run of the quick preset in the runs folder, in that state."""
    store = Store()
    run_id, _ = store.create(quick())
    with store.writer(run_id) as writer:
        for event in (Picked(1, 7, 1, 1, 1, None, None), Scanned(1, 2, 2, (0,), (0.95,), 1, 0, 0.4),
                      Stopped(StopReason.EXHAUSTED, 1, 2000, 1)):
            writer.append(event)
        writer.flush()
    if state == RunState.COMPLETED:
        store.write_result(run_id, a_result(run_id, n_pool=2000, n_tested=2000, core=[7],
                                            held_out=HELD_OUT))
    store.set_status(run_id, state)
    return run_id


def requirements(name: str) -> set[str]:
    """The requirements of a file, without comments."""
    lines = (line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return {line for line in lines if line}


def test_the_shorter_list_is_the_other_without_tensorflow():
    """Same ranges, so that both environments show the same."""
    left_out = requirements("requirements.txt") - requirements("requirements-view.txt")
    assert requirements("requirements-view.txt") <= requirements("requirements.txt")
    assert [re.match(r"\w+", name)[0] for name in left_out] == ["tensorflow"]


@pytest.mark.parametrize(("value", "is_read_only"), [("1", True), ("0", False), ("", False)])
def test_read_only_is_asked_for_in_the_environment(monkeypatch, value, is_read_only):
    """An empty value or 0 asks for nothing."""
    monkeypatch.setenv("SHIPDASH_READONLY", value)
    assert view_only.is_read_only() is is_read_only


def test_with_tensorflow_nothing_is_in_the_way(monkeypatch):
    """No sentence, found without importing it."""
    monkeypatch.delenv("SHIPDASH_READONLY", raising=False)
    monkeypatch.setattr(view_only, "find_spec", lambda name: object())
    assert view_only.why_no_start() == ""


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens(shut, page):
    """With the recorded run in view, without an exception or an error."""
    at = open_page(page, run=SCENE.run_id)
    assert not at.error, [e.value for e in at.error]


def test_start_is_shut_and_says_what_to_install(shut):
    """On Run and, after the guess, on Home."""
    for page, key in (("pages/2_Run.py", "start"), ("app.py", "home_start")):
        at = open_page(page, reveal="1")
        assert at.button(key=key).disabled
        assert shut in words(at)
    assert "pip install" in shut


def test_the_recorded_run_can_be_replayed(shut):
    """The stage is drawn from what is stored."""
    at = open_page("pages/2_Run.py", run=SCENE.run_id, replay="1")
    assert at.get("bidi_component")


def test_a_paused_run_cannot_go_on(shut):
    """All four buttons are shut, below them the reason."""
    run_id = stored(RunState.PAUSED)
    at = open_page("pages/2_Run.py", run=run_id)
    assert all(at.button(key=f"button_{word}_{run_id}").disabled
               for word in ("pause", "step", "resume", "cancel"))
    assert shut in words(at)


def test_a_finished_run_can_be_seen_but_not_started_with_another_seed(shut):
    """Replay is open; the next model seed is shut."""
    at = open_page("pages/2_Run.py", run=stored(RunState.COMPLETED), preset="quick")
    assert not at.button(key="replay_known").disabled
    assert at.button(key="start_seed_2").disabled


@pytest.mark.parametrize("view", ["Controls", "Order", "Folds", "Certificate", "Known answer"])
def test_evaluation_offers_nothing_to_compute(shut, view):
    """Each view of a finished run opens; a button that would compute is shut."""
    at = open_page("pages/4_Evaluation.py", run=stored(RunState.COMPLETED), view=view)
    starts = [b for b in at.button if b.key and b.key.startswith(("queue_", "start_"))]
    assert all(button.disabled for button in starts)
    assert view != "Order" or "below." not in words(at)


def test_threshold_says_why_no_point_can_be_computed(shut):
    """The button of the plan is shut, and the browser is told the reason."""
    at = open_page("pages/5_Threshold.py")
    assert at.button(key="sweep_start").disabled
    assert shut in words(at)


def test_the_queue_refuses_before_it_writes(shut):
    """Whatever a page sends: no run, no study and no process is made."""
    store = Store()
    for ask in (lambda: queue.submit(store, quick()),
                lambda: ensure.start(store, Study(name="a study", runs=(quick(),)))):
        with pytest.raises(StoreError, match="No run can be started here"):
            ask()
    queue.ensure_standby(store, quick(), ())
    assert not store.root.exists() or not any(store.root.iterdir())


def test_what_waits_is_left_waiting(shut):
    """A visitor's page writes nothing, not even an empty log."""
    store, run_id = Store(), stored(RunState.QUEUED)
    queue.ensure_drainer(store)
    assert [path.name for path in store.root.iterdir()] == [run_id]


def test_a_stored_run_cannot_be_resumed_or_stepped(shut):
    """It stays as it was."""
    store, run_id = Store(), stored(RunState.PAUSED)
    for ask in (queue.resume, queue.step):
        with pytest.raises(StoreError, match="No run can be started here"):
            ask(store, run_id)
    assert store.status(run_id).state == RunState.PAUSED


def test_strangers_can_neither_delete_nor_rename_nor_cancel(tmp_path, monkeypatch):
    """Read-only means more than no TensorFlow."""
    monkeypatch.setenv("SHIPDASH_RUNS", str(tmp_path / "runs"))
    run_id = stored(RunState.PAUSED)
    monkeypatch.setenv("SHIPDASH_READONLY", "1")
    at = open_page("pages/2_Run.py", run=run_id)
    assert "Name of this run" not in [box.label for box in at.text_input]
    with pytest.raises(StoreError, match="read-only"):
        queue.cancel(Store(), run_id)
    at = open_page("pages/2_Run.py", run=stored(RunState.COMPLETED))
    assert not any((button.key or "").startswith("delete") for button in at.button)


def test_the_command_line_refuses_before_it_writes(shut, call):
    """A sentence and code 1, no traceback and no failed run."""
    code, _, err = call("run", "--preset", "quick")
    assert code == 1 and shut in err
    assert Store().list() == []
    run_id = stored(RunState.COMPLETED)
    assert call("run", "--preset", "quick")[0] == call("resume", run_id)[0] == 0


def test_a_study_is_refused_before_it_is_written(shut, call):
    """As a run is; and what is all there can be seen again."""
    asked = ("sweep", "--preset", "quick", "--precision", "0.85")
    code, _, err = call(*asked)
    assert code == 1 and shut in err
    assert not Studies(Store()).root.exists() and Store().list() == []
    stored(RunState.COMPLETED)
    code, _, err = call(*asked)
    assert code == 0, err
