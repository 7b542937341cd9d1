"""No page shows what only a program should see: names of code, raw floats, `None`, digests.

Every page is opened without a browser, with a recorded run and with own ones: a selection with all
its controls, a sweep, a data set and the round that continues with it.
"""

import re

import evidence_runs
import own_pictures as own
import pytest
import ranked_images
import rote_runs
from google.protobuf.json_format import MessageToDict
from paging import open_page, quiet_store
from recorded_run import SCENE

from shipdash.data.own_preset import own_config
from shipdash.importing import import_pairs
from shipdash.labelling import going_on
from shipdash.runs import Store, queue, worker
from shipdash.ui import frame
from shipdash.ui.evaluation.page import VIEWS as EVALUATION
from shipdash.ui.label_next.page import VIEWS as LABEL_NEXT
from shipdash.ui.your_data.page import VIEWS as YOUR_DATA

UNREAD = {"id", "key", "css", "html_content", "data", "arrow_data", "icon", "js_content",
          "css_content", "query_string", "page_script_hash", "page", "url", "mixed", "json",
          "element_type", "columns", "deferred_file_id", "styler", "type", "query_param_key",
          "class_name", "group_id", "form_id", "fragment_id", "component_name"}
"""Fields of Streamlit's messages that nobody reads on the screen."""

COMMAND = re.compile(r"`[^`]*`|\bpython -m shipdash .*|:material/\w+:|\b\w+\.(csv|py|md|json)\b|"
                     r"\]\([^)]*\)|<[^>]*>|SHIPDASH_\w+")
"""What may hold such words: code to copy, icons, file names, targets of links."""

RAW = {
    "a raw float": re.compile(r"\d\.\d{6,}|\d\.?\d*e[-+]\d\d"),
    "a name of code": re.compile(r"\b[a-z]+_[a-z_]+\b"),
    "a value of code": re.compile(
        r"\b(None(?! of)|nan|NaN|NaT|undefined|null|True|False(?! pos))\b"),
    "a digest": re.compile(r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b"),
}
"""Patterns of such words. *False positives* and *None of them* are English."""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Runs and data sets of all kinds, made once, without a network; the ids by kind."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SHIPDASH_DATA", str(folder / "data"))
        store = Store(folder / "runs")
        ids = {"controls": evidence_runs.everything(store), "sweep": rote_runs.finished(store)}
        rote_runs.finished(store, **{"selection.precision": 0.6})
        ids["data"] = ranked_images.ranked(folder, store)
        ranked_images.labelled(folder)
        ids["next round"], _ = store.create(going_on.go_on(store, ids["data"], "more"))
        worker.work(store, ids["next round"])
    return folder, ids | {"recorded": SCENE.run_id}


@pytest.fixture
def ids(built, tmp_path, monkeypatch):
    """The ids of the runs; nothing is started, and nothing is changed that others look at."""
    (folder, found), recorded = built, frame.RECORDED
    quiet_store(tmp_path, monkeypatch)
    monkeypatch.setattr(frame, "RECORDED", recorded)
    monkeypatch.setattr(queue, "ensure_standby", lambda *_: None)
    monkeypatch.setenv("SHIPDASH_RUNS", str(folder / "runs"))
    monkeypatch.setenv("SHIPDASH_DATA", str(folder / "data"))
    return found


def said(at) -> list[str]:
    """Every text of a page run without a browser, the cells of its tables included; a table shows
    *None* in an empty cell unless it is told what to show there."""
    found = [str(name) for table in at.dataframe for name in table.value.columns
             if f'"{name}"' not in table.proto.columns]
    for table in at.dataframe:
        cells = table.value.select_dtypes(["object", "string"])
        found += [cell for name in cells if name != "open" for cell in cells[name].dropna()
                  if isinstance(cell, str)]
    found += ["None" for table in at.dataframe if not table.proto.placeholder]
    for element in _elements(at._tree):
        if (message := getattr(element, "proto", None)) is not None:
            found += _texts(MessageToDict(message, preserving_proto_field_name=True))
    return found


def _elements(block):
    for child in getattr(block, "children", {}).values():
        yield child
        yield from _elements(child)


def _texts(value) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    if isinstance(value, dict) and not str(value.get("body", "")).startswith("<style>"):
        return [text for key, part in value.items() if key not in UNREAD for text in _texts(part)]
    return []


def raw(texts: list[str]) -> list[str]:
    """What of it only a program should see, and where it stands."""
    return [f"{what}: {hit[0]!r} in {text[:200]!r}" for text in texts
            for what, pattern in RAW.items() if (hit := pattern.search(COMMAND.sub(" ", text)))]


@pytest.mark.parametrize("text", [
    "IoU 0.8999999761581421", "p = 1e-05", "share_failing", "IoU None", "mean nan",
    "quick-after-6ae08ed75db39814", "run 6ae08ed75db39814"])
def test_raw_words_are_found(text):
    """One example of each, so that the pages are not searched in vain."""
    assert raw([text])


@pytest.mark.parametrize("text", [
    "False positives and power", "None of the 3 pairs",
    "`python -m shipdash show 6ae08ed75db39814`", "107 of 10,000",
    ":material/play_arrow: Start", "core.csv", "2026-11-27 02:31", "deadbeef", "p < 0.001"])
def test_plain_words_are_not(text):
    """Field terms, commands to copy, icons, dates."""
    assert not raw([text])


PLACES = [("app.py", "", {}), ("app.py", "", {"reveal": "1"}), ("pages/1_Generator.py", "", {}),
          ("pages/5_Threshold.py", "", {"table": "true"}), ("pages/6_Compare.py", "", {}),
          ("pages/7_Your_data.py", "", {"new": "1"})]
PLACES += [(f"pages/{page}.py", kind, {}) for page in ("2_Run", "3_Samples", "5_Threshold")
           for kind in ("recorded", "controls", "sweep", "data", "next round")]
PLACES += [("pages/4_Evaluation.py", kind, {"view": view}) for view in EVALUATION
           for kind in ("recorded", "controls", "next round")]
PLACES += [("pages/7_Your_data.py", "", {"data": "old", "data_view": view}) for view in YOUR_DATA]
PLACES += [("pages/8_Label_next.py", "data", {"label_view": view}) for view in LABEL_NEXT]


@pytest.mark.parametrize(("page", "kind", "query"), PLACES, ids=lambda part: str(part))
def test_a_page_speaks_in_plain_words(ids, page, kind, query):
    """Titles, captions, labels, help, options and tables."""
    run = {"run": ids[kind]} if kind else {}
    found = said(open_page(page, **run, **query))
    assert found and not raw(found), "\n".join(raw(found)[:20])


def test_one_pair_is_not_called_pairs(tmp_path, monkeypatch):
    """The smallest data set there is, its run, and a single image to rank."""
    store = quiet_store(tmp_path, monkeypatch)
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(queue, "ensure_standby", lambda *_: None)
    own.write(tmp_path, own.pairs(1))
    import_pairs(own.request(tmp_path, name="old", held_out=0.0))
    import_pairs(own.request(tmp_path, "none", name="new", labels="", held_out=0.0))
    places = [("pages/7_Your_data.py", {"data": "old", "data_view": view}) for view in YOUR_DATA]
    found = [text for page, query in places for text in said(open_page(page, **query))]
    run_id, _ = store.create(own_config("old").replace(**{"network.kind": "rote"}))
    worker.work(store, run_id)
    places = [("pages/3_Samples.py", {}), ("pages/7_Your_data.py", {"data_view": "What came out"}),
              ("pages/8_Label_next.py", {"data": "new"})]
    places += [("pages/4_Evaluation.py", {"view": view}) for view in EVALUATION]
    for page, query in places:
        found += said(open_page(page, run=run_id, **query))
    many = re.compile(r"\b1 (pairs|images|pictures|core pairs)\b")
    assert not [text for text in found if many.search(text)]
