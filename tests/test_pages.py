"""Every page in every state of a run, without a browser and without TensorFlow."""

import ast
import contextlib
from types import SimpleNamespace

import evidence_runs
import numpy as np
import pytest
from paging import ROOT, open_page, quiet_store, words
from stored_results import HELD_OUT, a_result
from streamlit.testing.v1 import AppTest

from shipdash.config import RunConfig
from shipdash.records import Picked, RunState, Scanned, Stopped, StopReason, Trained
from shipdash.runs import Store, queue
from shipdash.ui import address, frame
from shipdash.ui.threshold import plan

PAGES = ["app.py", *sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("[1-4]_*.py"))]
ALL_PAGES = ["app.py", *sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py"))]
EVENTS = [
    Picked(1, 7, 1, 1, 1, None, None),
    Trained(1, 5, 80, 0.9, 0.2, 2.0),
    Scanned(1, 3, 3, (5, 6), (0.95, 0.91), 4, 1, 0.5),
    Picked(1, 9, 4, 2, 4, 0.4, 0.0),
    Trained(2, 2, 32, 0.88, 0.1, 1.0),
    Scanned(1, 10, 10, (0, 1, 2, 3, 4, 8), (0.93,) * 6, 6, 0, 0.4),
    Stopped(StopReason.EXHAUSTED, 2, 10, 1),
]


@pytest.fixture
def store(tmp_path, monkeypatch):
    """An empty runs folder; no worker or probe is ever started."""
    return quiet_store(tmp_path, monkeypatch)


def _config() -> RunConfig:
    return RunConfig().replace(**{
        "scene.size": 32, "scene.radius_min": 2.0, "scene.radius_max": 5.0, "network.kind": "rote",
        "selection.n_pool": 10, "selection.first": 1, "evaluation.n_held_out": 20,
    })


def _run(store: Store, state: RunState) -> str:
    run_id, _ = store.create(_config())
    done = state == RunState.COMPLETED
    if state != RunState.QUEUED:
        store.set_status(run_id, RunState.RUNNING)
        with store.writer(run_id) as writer:
            for event in EVENTS if done else EVENTS[:-2]:
                writer.append(event)
            writer.flush()
    if done:
        _evaluate(store, run_id)
    if state != RunState.LOST:  # lost is running without a living worker
        store.set_status(run_id, state)
    return run_id


def _evaluate(store: Store, run_id: str) -> None:
    iou = np.linspace(0.5, 1.0, 20).astype(np.float32)
    store.save_scores(run_id, "held_out", index=np.arange(20), iou=iou, score=iou, soft=iou)
    gone = np.array([0, 1, 2, 3, 4, 5, 6, 8])
    store.save_scores(run_id, "reaudit", index=gone, iou=iou[:8])
    wrong = np.zeros((1, 32, 32), np.uint8)
    store.save_scores(run_id, "picked", index=np.array([9]), probability=wrong)
    store.write_result(run_id, a_result(
        run_id, n_pool=10, n_tested=10, core=[7, 9], n_forward=10, n_wasted=1, n_backward=112,
        seconds=5.0, phases={"train": 3.0, "scan": 0.9}, threads=2, held_out=HELD_OUT,
        reaudit={"n": 8, "n_failing": 8, "lowest_iou": 0.5, "failing": gone.tolist()},
    ))


@pytest.mark.parametrize("page", PAGES)
def test_page_opens_with_no_run(store, page):
    """An empty folder is a beginning, not an error."""
    assert not open_page(page).error


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("state", list(RunState))
def test_page_bears_every_state(store, page, state):
    """Queued to lost, each page opens without a traceback."""
    at = open_page(page, run=_run(store, state))
    assert not at.error


@pytest.mark.parametrize("state", list(RunState))
def test_run_page_names_the_state(store, state):
    """The state in words and the buttons that make sense in it."""
    run_id = _run(store, state)
    with store.lock(run_id) if state == RunState.RUNNING else contextlib.nullcontext():
        at = open_page("pages/2_Run.py", run=run_id)
    assert str(state).capitalize() in words(at)
    enabled = {b.label for b in at.button if not b.disabled and b.key.startswith("button_")}
    assert ("Resume" in enabled) == (state in queue.HALTED)
    assert ("Pause" in enabled) == (state == RunState.RUNNING)


@pytest.mark.parametrize("bad", ["nonsense", "../../etc/passwd", "0123456789abcdef"])
@pytest.mark.parametrize("page", PAGES[2:])
def test_bad_run_in_the_link_is_a_sentence(store, page, bad):
    """The page says which and goes on."""
    _run(store, RunState.COMPLETED)
    assert len(open_page(page, run=bad).warning) == 1


IN_THE_LINK = (
    "measure", "suspects_page",
    "axes", "view", "core_page", "discarded", "discarded_page", "pair", "guess", "arms",
    "figure", "acceptance", "failing", "cost", "sweep", "runs", "group", "precisions", "orders",
    "models", "rules", "failing_page", "replay", "present", "beside", "shown_split",
    "data_view", "aside_page", "compare", "bits", "bits_of_parts", "more_axes",
    *(f"more_{name}" for name in plan.MORE), "sort", "iou", "size", "distance", "polarity",
    "bar", "bar_page", "table", "untested_page", "worst_page", "a",
    "b", "part", "pairs_page", "by_factor", "label_view", "by", "at", "first", "with",
    *address.SETTINGS,
)
"""Every parameter that some page reads from its address."""


VIEWS = {"pages/3_Samples.py": ("Discarded", "One pair", "Suspicious labels"),
         "pages/4_Evaluation.py": ("Controls",)}
"""Views beside the first that read parameters of their own."""


@pytest.mark.parametrize("garbage", ["", "zzz", "-5", "1e309", "9" * 400])
@pytest.mark.parametrize("page", ALL_PAGES)
def test_garbage_in_the_link_breaks_no_page(store, page, garbage):
    """Every parameter at once; whatever cannot be meant is left out or named in a sentence."""
    run_id = _run(store, RunState.COMPLETED)
    for view in ("", *VIEWS.get(page, ())):
        query = dict.fromkeys(IN_THE_LINK, garbage) | ({"view": view} if view else {})
        open_page(page, **query, run=run_id)


def _parameters(tree: ast.AST) -> set[str]:
    """Names of address parameters in a module: keys of bound widgets, and what is asked by name."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given = {k.arg: getattr(k.value, "value", None) for k in node.keywords}
            name = getattr(node.func, "attr", "")
            if "bind" in given or name in ("switch", "page_of"):
                found.add(given.get("key"))
            if name == "get" and getattr(node.func.value, "attr", "") == "query_params":
                found.add(getattr(node.args[0], "value", None))
    return {name for name in found if isinstance(name, str)}


def test_every_parameter_of_the_link_is_attacked():
    """The list above is complete: whoever adds a parameter adds it there."""
    sources = [*(ROOT / "shipdash" / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    found = set().union(*(_parameters(ast.parse(path.read_text())) for path in sources))
    assert {f"scene.{name}" for name in RunConfig().to_dict()["scene"]} <= set(address.SETTINGS)
    assert {"view", "pair", "core_page", "sweep"} <= found
    assert found - {"run"} <= set(IN_THE_LINK)


WRONG_RESULT = (b'{"core": ["x"], "n_core": "many", "n_tested": null, "n_pool": {},'
                b' "seconds": "long", "held_out": 7}')
WRONG_EVENT = (b'{"kind": "picked", "round": "one", "index": 10000000000, "position": null,'
               b' "n_core": -1, "n_tested": [], "iou": "low", "score": {}}\n')
DAMAGE = {
    "spec.json": (b"", b'{"scene": {"size": NaN}}'),
    "status.json": (b"{", b'{"state": "melted", "reason": [], "created": 5, "updated": null}'),
    "events.jsonl": (b"\xff\n", WRONG_EVENT),
    "result.json": (b"[", WRONG_RESULT),
    "evaluation/held_out.npz": (b"PK", None),
    "evaluation/reaudit.npz": (b"", None),
    "evaluation/picked.npz": (b"PK", None),
}
"""Garbage, and what looks whole and holds something else (None: an archive of other arrays)."""


def damaged(folder, name):
    """The file of a run in each of its damaged states, one after the other."""
    path = folder / name
    for garbage in DAMAGE[name]:
        if garbage is None:
            np.savez(path, index=np.array(["a", "b"]), iou=np.zeros((2, 2)), probability=np.ones(1))
        else:
            path.write_bytes(garbage)
        yield path


@pytest.mark.parametrize("name", DAMAGE)
@pytest.mark.parametrize("page", ALL_PAGES)
def test_a_damaged_file_breaks_no_page(store, page, name):
    """Whatever it holds: the page opens, and so does the rest of the app."""
    run_id = _run(store, RunState.COMPLETED)
    for _ in damaged(store.root / run_id, name):
        for view in ("", *VIEWS.get(page, ())):
            open_page(page, run=run_id, **({"view": view} if view else {}))


@pytest.mark.parametrize("page, view, name", [
    ("pages/4_Evaluation.py", "", "evaluation/held_out.npz"),
    ("pages/3_Samples.py", "Core set", "events.jsonl"), ("pages/2_Run.py", "", "spec.json"),
    ("pages/2_Run.py", "", "events.jsonl"),
])
def test_a_damaged_file_is_named_where_it_is_needed(store, page, view, name):
    """In a sentence that says which file and what to do."""
    run_id = _run(store, RunState.COMPLETED)
    (store.root / run_id / name).write_bytes(b"\xff\n")
    at = open_page(page, run=run_id, **({"view": view} if view else {}))
    errors = [e.value.replace("\\", "") for e in at.error]
    assert any(name in words and run_id in words for words in errors), errors


def test_start_queues_one_run(store):
    """Pressing Start creates the run and puts it into the link."""
    at = open_page("pages/2_Run.py", preset="Quick look")
    at.button(key="start").click().run()
    assert not at.exception
    assert [info.state for info in store.list()] == [RunState.QUEUED]
    assert store.list()[0].run_id in at.query_params["run"]


def test_contradictory_settings_name_field_and_rule(store):
    """Nothing is written and Start is shut."""
    at = open_page("pages/2_Run.py", preset="Quick look")
    at.number_input(key="run.quick.scene.radius_max").set_value(80.0).run()
    assert at.error[0].value == (
        "**Largest semi-axis** must be less than half of **Image size**. "
        "Here Largest semi-axis is 80 px and Image size is 64 px.")
    assert at.button(key="start").disabled
    assert store.list() == []


def test_unwritable_folder_is_a_sentence(store, monkeypatch):
    """A full disk at Start: told, nothing breaks."""
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(queue, "submit", full)
    at = open_page("pages/2_Run.py", preset="Quick look")
    at.button(key="start").click().run()
    assert not at.exception
    assert "No space left on device" in at.error[0].value


def test_unreadable_run_is_listed_and_the_rest_works(store):
    """A corrupt folder shows in the list on Home; other runs stay usable."""
    good = _run(store, RunState.COMPLETED)
    bad = store.root / ("f" * 16)
    bad.mkdir()
    (bad / "spec.json").write_text("{")
    at = open_page("app.py", run=good)
    assert "unreadable" in at.dataframe[0].value["state"].tolist()


@pytest.mark.parametrize("text", ["1500", "-3", "many", "9" * 40])
def test_guess_in_the_link(store, text):
    """A whole number is taken, anything else ignored."""
    at = open_page("app.py", guess=text)
    assert at.number_input(key="guess").value == (1500 if text == "1500" else None)


@pytest.mark.parametrize("linked", [True, False], ids=["in the link", "typed"])
def test_a_guess_goes_along_with_the_button_of_home(store, linked):
    """Typed or from the link: the page opens and holds the guess."""
    _run(store, RunState.COMPLETED)
    at = open_page("app.py", **({"guess": "300"} if linked else {}))
    if not linked:
        at.number_input(key="guess").set_value(300).run()
    at.button(key="home_start").click().run()
    assert not at.exception
    assert "".join(at.query_params["guess"]) == "300"
    assert at.title[0].value == "Run"


def test_an_emptied_guess_leaves_the_link(store):
    """No guess is no line."""
    at = open_page("app.py", guess="300")
    at.number_input(key="guess").set_value(None).run()
    assert "guess" not in at.query_params


def test_the_run_form_is_found_as_it_was_left(store):
    """Every setting, whichever page was looked at in between."""
    at = open_page("pages/2_Run.py", preset="Quick look")
    at.number_input(key="run.quick.selection.n_pool").set_value(777).run()
    at.switch_page("app.py").run()
    at.switch_page("pages/3_Samples.py").run()
    at.switch_page("pages/2_Run.py").run()
    at.segmented_control(key="preset").set_value("quick").run()
    assert not at.exception and not at.warning
    assert at.number_input(key="run.quick.selection.n_pool").value == 777


def test_the_pick_in_view_says_how_many_joined_since(store):
    """Its prediction is stored with a checkpoint; the counter may be ahead of it."""
    run_id, _ = store.create(_config())
    store.set_status(run_id, RunState.RUNNING)
    with store.writer(run_id) as writer:
        for event in [*EVENTS[:4], Picked(1, 8, 5, 3, 5, 0.3, 0.0)]:
            writer.append(event)
        writer.flush()
    store.save_scores(run_id, "picked", index=np.array([9]),
                      probability=np.zeros((1, 32, 32), np.uint8))
    store.set_status(run_id, RunState.PAUSED)
    at = open_page("pages/2_Run.py", run=run_id)
    said, pictures = words(at), " ".join(str(image.proto) for image in at.get("image"))
    assert "Pick 2 of the core set: pair 9" in pictures
    assert "Pick 2" in said and "1 more has joined since" in said


@pytest.mark.parametrize("value, said", [
    (0.8999, "0.89"), (0.9, "0.90"), (np.float32(0.9), "0.90"), (0.29, "0.29"), (1.0, "1.00")])
def test_an_iou_below_the_threshold_does_not_read_like_it(value, said):
    """Rounded down; a float32 on the threshold still reads as on it."""
    assert frame.iou(float(value)) == said


def test_the_certificate_offers_the_passes_it_asks_for(store):
    """One pass only, so the condition fails: the button stands there."""
    at = open_page("pages/4_Evaluation.py", run=_run(store, RunState.COMPLETED), view="Certificate")
    assert "Repeat passes until one adds nothing" in words(at)
    assert any("passes until clean" in button.label for button in at.button)


@pytest.mark.parametrize("view", ["Core set", "Discarded", "One pair", "Why these?", "Export"])
def test_samples_views(store, view):
    """Each view of a finished run draws."""
    assert not open_page("pages/3_Samples.py", run=_run(store, RunState.COMPLETED), view=view).error


def test_evaluation_states_the_finding(store):
    """How many fail, at which IoU, and that no control has been run."""
    run_id = _run(store, RunState.COMPLETED)
    said = {view: words(open_page("pages/4_Evaluation.py", run=run_id, view=view))
            for view in ("Held-out", "Re-audit", "Controls")}
    assert "16 of 20 held-out pairs (80.00%) are below IoU 0.90" in said["Held-out"]
    assert "8 of 8" in said["Re-audit"]
    assert "No controls have been computed" in said["Controls"]


def test_generator_refuses_in_words(store):
    """A radius range upside down."""
    at = open_page("pages/1_Generator.py")
    at.slider(key="scene.radius_min").set_value(40.0).run()
    assert not at.exception
    assert "**Smallest semi-axis** must not exceed **Largest semi-axis**" in at.error[0].value


def test_every_choice_in_a_row_counts_and_an_older_address_is_followed(store, monkeypatch):
    """One right after another, and Back after them: the box, the address and the page agree."""
    ids = [evidence_runs.selection(store, evidence_runs.config(**{"seeds.order": seed}))
           for seed in (1, 2, 3)]
    at = open_page("pages/3_Samples.py", run=ids[0])

    def shown():
        box = next(box for box in at.selectbox if box.label == "Run")
        assert not at.exception and at.query_params["run"] in (box.value, [box.value])
        return box

    for run_id in (ids[1], ids[2], ids[0]):
        shown().set_value(run_id).run()
        assert shown().value == run_id
    monkeypatch.setattr(address, "get_script_run_ctx",
                        lambda: SimpleNamespace(is_history_navigation=True))
    for run_id in (ids[2], ids[1]):
        at.query_params["run"] = run_id
        at.run()
        assert shown().value == run_id


def test_a_choice_that_the_next_one_overtakes_ends_in_the_next_one():
    """The first page was not drawn to its end, so Streamlit kept what its box held."""
    def page():
        import streamlit as st

        from shipdash.ui import frame

        st.session_state["n"] = st.session_state.get("n", 0) + 1
        if st.session_state["n"] > 30:
            raise RecursionError("run again and again")
        frame.box("Run", "run", {"a": "A", "b": "B", "c": "C"})
        if st.session_state.get("slow"):
            st.stop()

    at = AppTest.from_function(page, default_timeout=120).run()
    for slow, choice in ((True, "b"), (True, "a"), (False, "c"), (True, "a"), (False, "b")):
        at.session_state["slow"], at.session_state["n"] = slow, 0
        at.selectbox[0].set_value(choice).run()
        assert not at.exception, [e.value for e in at.exception]
        assert at.selectbox[0].value == choice


def test_options_of_the_same_words_are_told_apart():
    """Each of two runs with one name can be chosen."""
    def page():
        from shipdash.ui import frame

        frame.box("Run", "run", {"aaaaaaaaaaaa": "same", "bbbbbbbbbbbb": "same", "c": "C"})

    at = AppTest.from_function(page, default_timeout=120).run()
    assert at.selectbox[0].options == ["same · 2 of 2", "same · 1 of 2", "C"]
    at.selectbox[0].set_value("bbbbbbbbbbbb").run()
    assert at.selectbox[0].value == "bbbbbbbbbbbb"


def test_another_run_is_not_replayed_because_the_last_one_was(store):
    """A replay is asked for of one run."""
    ids = [evidence_runs.selection(store, evidence_runs.config(**{"seeds.order": seed}))
           for seed in (1, 2)]
    at = open_page("pages/2_Run.py", run=ids[0], replay="1")
    next(box for box in at.selectbox if box.label == "Run").set_value(ids[1]).run()
    assert "replay" not in at.query_params and not at.exception


def test_a_second_pass_counts_its_own_pairs(store):
    """What was tested in all passes exceeds the pool."""
    run_id, _ = store.create(evidence_runs.config(**{"selection.passes": 2}))
    store.set_status(run_id, RunState.PAUSED)
    with store.writer(run_id) as writer:
        writer.append(Picked(1, 7, 0, 1, 1, None, None))
        writer.append(Scanned(2, 50, 250, (9,), (0.95,), 1, 0, 1.0))
        writer.flush()
    at = open_page("pages/2_Run.py", run=run_id)
    assert "pass 2: 50 of 200" in str(at.get("progress")[0].proto)


def test_a_held_out_pair_of_a_link_is_told_from_the_box(store):
    """Whose number opens a pair of the pool."""
    at = open_page("pages/3_Samples.py", run=_run(store, RunState.COMPLETED), view="One pair",
                   pair="held_out.3")
    assert "The link names held-out pair 3." in words(at)


def test_an_error_is_shown_as_it_was_written():
    """A name in it is no markdown."""
    def page():
        from shipdash.runs import StoreError
        from shipdash.ui import forms, frame

        def refused():
            raise StoreError("no run *a*")

        forms.attempt(refused)
        with frame.in_words():
            refused()

    at = AppTest.from_function(page, default_timeout=120).run()
    assert [error.value for error in at.error] == [r"no run \*a\*"] * 2
