"""The first page without a browser: what a guess opens, what Start starts, where the guess goes."""

import json

import evidence_runs
import pytest
from paging import open_page, quiet_store, words
from stored_results import HELD_OUT, a_result
from streamlit.runtime.media_file_manager import MediaFileManager

from shipdash.config import article, quick
from shipdash.records import Picked, RunState, Scanned, Stopped, StopReason
from shipdash.runs import Store
from shipdash.ui import address, frame

N_CORE = 3
EVENTS = [
    Picked(1, 7, 1, 1, 1, None, None), Picked(1, 9, 4, 2, 4, 0.4, 0.0),
    Picked(1, 11, 5, 3, 5, 0.4, 0.0), Scanned(1, 6, 6, (0,), (0.95,), 1, 0, 0.4),
    Stopped(StopReason.EXHAUSTED, 3, 2000, 1),
]


@pytest.fixture
def store(tmp_path, monkeypatch):
    """An empty runs folder; no worker or probe is ever started."""
    return quiet_store(tmp_path, monkeypatch)


def finish(store: Store, config=None) -> str:
    """A finished run of the quick preset that kept three pairs of 2,000."""
    run_id, _ = store.create(config or quick())
    with store.writer(run_id) as writer:
        for event in EVENTS:
            writer.append(event)
        writer.flush()
    store.write_result(run_id, a_result(run_id, n_pool=2000, n_tested=2000, core=[7, 9, 11],
                                        held_out=HELD_OUT))
    store.set_status(run_id, RunState.COMPLETED)
    return run_id


def everything_on(at) -> str:
    """All that the page says, in words, numbers, tables, figures and links."""
    tables = " ".join(frame.value.to_csv() for frame in at.dataframe)
    figures = " ".join(str(element.proto) for element in at.get("bidi_component"))
    pictures = " ".join(str(element.proto) for element in at.get("image"))
    numbers = " ".join(metric.value for metric in at.metric)
    return " ".join([words(at), tables, figures, pictures, numbers])


def test_nothing_tells_the_answer_before_a_guess(store):
    """No curve, number, mosaic or column of the table; the question names the size of the pool."""
    finish(store)
    at = open_page("app.py")
    assert "of 2,000 pairs" in at.number_input(key="guess").label
    (waiting,) = at.get("bidi_component")  # plotly.js is loaded meanwhile
    assert set(json.loads(waiting.proto.json)) == {"plotly", "later"}
    assert not at.get("image") and not at.metric
    assert "selected" not in at.dataframe[0].value and "held-out IoU" not in at.dataframe[0].value
    assert "kept" not in everything_on(at)


def test_no_picture_is_a_file_of_the_server(store, monkeypatch):
    """It may be gone before a slow browser asks: the icon in the tab and the mosaic were such."""
    finish(store)
    kept = []
    monkeypatch.setattr(MediaFileManager, "add", lambda *file, **more: kept.append(file) or "/x")
    at = open_page("app.py", reveal="1")
    assert at.get("image") and not kept


def test_a_guess_opens_the_answer(store):
    """Guess and answer in one sentence, and the curve, whose legend names the guess."""
    finish(store)
    at = open_page("app.py")
    at.number_input(key="guess").set_value(500).run()
    said = everything_on(at)
    assert "You said 500. It kept 3." in said
    assert "your guess: 500" in said
    assert "selected" in at.dataframe[0].value
    assert at.get("image")


def test_show_me_opens_the_answer_without_a_guess(store):
    """And the link shows it to whoever opens it."""
    finish(store)
    at = open_page("app.py")
    at.button(key="home_show").click().run()
    assert "It kept 3 of 2,000 pairs." in everything_on(at)
    assert "It kept 3 of 2,000 pairs." in everything_on(open_page("app.py", reveal="1"))


def test_a_click_with_the_address_of_before_keeps_the_guess(store, monkeypatch):
    """On a slow machine *Show me* arrives long after the box, and its address has no guess."""
    monkeypatch.setattr(address, "OVERTAKEN_S", 0.0)
    finish(store)
    at = open_page("app.py")
    at.number_input(key="guess").set_value(700)
    show_me = at.button(key="home_show")
    at.run()
    del at.query_params["guess"]
    at = show_me.click().run()  # of the page before the guess
    assert not at.exception
    assert "You said 700. It kept 3." in everything_on(at)
    assert at.query_params["guess"] in ("700", ["700"])


def test_the_answer_can_be_hidden_for_the_next_audience(store):
    """Guess and answer are gone, also after a look at another page."""
    finish(store)
    at = open_page("app.py", guess="500", reveal="1")
    at.button(key="home_hide").click().run()
    assert "It kept" not in everything_on(at)
    at.switch_page("pages/1_Generator.py").run()
    at.switch_page("app.py").run()
    assert not at.exception
    assert "It kept" not in everything_on(at) and "guess" not in at.query_params


def test_start_starts_the_preset_and_opens_it(store):
    """One click: the run is queued and stands in the link of the Run page, its form folded."""
    at = open_page("app.py", guess="300")
    at.segmented_control(key="start_preset").set_value("article").run()
    at.button(key="home_start").click().run()
    assert not at.exception
    assert [run.config for run in store.list()] == [article()]
    assert at.title[0].value == "Run"
    assert (at.query_params["run"], at.query_params["guess"]) == (article().digest, "300")
    assert not at.session_state["new_run_unfolded"]


def test_a_finished_preset_can_be_started_again(store):
    """With the first model seed that nobody has used."""
    finish(store)
    finish(store, quick().replace(**{"seeds.model": 2}))
    at = open_page("app.py")
    at.button(key="home_start_3").click().run()
    assert at.query_params["run"] == quick().replace(**{"seeds.model": 3}).digest
    assert len(store.list()) == 3


def test_a_finished_preset_can_be_replayed(store):
    """The other button opens it and starts nothing."""
    run_id = finish(store)
    at = open_page("app.py")
    at.button(key="home_replay").click().run()
    assert at.title[0].value == "Run" and at.query_params["run"] == run_id
    assert at.query_params["replay"] == "1"
    assert len(store.list()) == 1


@pytest.mark.parametrize(("state", "label", "after"), [
    (RunState.QUEUED, "Watch it run", RunState.QUEUED),
    (RunState.PAUSED, "Resume the experiment", RunState.QUEUED),
    (RunState.CANCELLED, "Resume the experiment", RunState.QUEUED),
])
def test_a_run_that_waits_or_was_stopped_is_no_dead_end(store, state, label, after):
    """It is watched, or taken up where it stopped."""
    run_id, _ = store.create(quick())
    store.set_status(run_id, state)
    at = open_page("app.py")
    assert at.button(key="home_start").label == label
    at.button(key="home_start").click().run()
    assert at.query_params["run"] == run_id
    assert store.status(run_id).state == after


PAGES = ["pages/1_Generator.py", "pages/2_Run.py", "pages/3_Samples.py", "pages/4_Evaluation.py",
         "pages/5_Threshold.py", "pages/6_Compare.py", "pages/7_Your_data.py",
         "pages/8_Label_next.py"]


@pytest.mark.parametrize("page", PAGES)
def test_every_navigation_link_carries_the_guess(store, page):
    """On whichever page it was typed or read."""
    finish(store)
    links = [link.proto for link in open_page(page, guess="300").get("page_link")]
    assert len(links) >= len(frame.PAGES)
    assert all("guess=300" in link.query_string for link in links[:len(frame.PAGES)])


@pytest.mark.parametrize("page", PAGES)
def test_a_guess_is_found_on_a_page_whose_link_does_not_carry_it(store, page):
    """As after the browser's Back to an address of before the guess."""
    at = open_page("app.py")
    at.number_input(key="guess").set_value(300).run()
    del at.query_params["guess"]
    at.switch_page(page).run()
    assert not at.exception
    assert at.query_params["guess"] == "300"


def test_the_links_of_the_table_carry_the_guess(store):
    """They open a window of their own, which knows nothing of this one; below any base path."""
    run_id = finish(store)
    at = open_page("app.py", guess="300")
    assert at.dataframe[0].value["open"].tolist() == [f"Run?guess=300&run={run_id}"]


def test_home_calls_runs_by_name(store):
    """As somebody named them, else by what was changed; never *custom* or a run id."""
    changed = quick().replace(**{"scene.contrast": 0.1, "seeds.pool": 3})
    named, _ = store.create(quick())
    store.create(changed)
    store.set_name(named, "*First* look :red[x]")
    table = open_page("app.py").dataframe[0].value
    assert set(table["name"]) == {"*First* look :red[x]", "quick, contrast 0.10, seeds 3/1/1"}
    assert "run" not in table


def test_the_controls_of_the_run_in_view_are_no_unknown(store):
    """Those that were trained here count as much as a recorded study."""
    run_id = evidence_runs.selection(store, evidence_runs.config())
    at = open_page("app.py", run=run_id, guess="9")
    assert "the spread is unknown" in words(at)
    for seed in (1, 2, 3):
        for kind in ("core", "random"):
            evidence_runs.arm(store, run_id, kind, seed)
    at = open_page("app.py", run=run_id, guess="9")
    assert "the spread is unknown" not in words(at) and "Recorded study" not in words(at)
