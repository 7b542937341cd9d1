"""What the page tests share: a page run without a browser, and the words on it."""

import functools
from pathlib import Path
from unittest.mock import patch

from streamlit import config
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner import script_runner
from streamlit.testing.v1 import AppTest

from shipdash.runs import Store, device_probe, queue
from shipdash.ui import frame

ROOT = Path(__file__).parents[1]
installed_components = functools.cache(manifest_scanner.scan_component_manifests)
"""Streamlit reads the metadata of every installed package for each `AppTest`; once is enough."""

# After every run of a page Streamlit collects garbage among all that the process holds, and lets
# Keras do so where it is loaded. In a process that has trained networks it takes longer than the
# page, whose own process never holds them.
config.set_option("runner.postScriptGC", False)
script_runner._clean_problem_modules = lambda: None


def quiet_store(tmp_path, monkeypatch):
    """An empty runs folder behind the pages, nothing recorded; no process is ever started."""
    monkeypatch.setenv("SHIPDASH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(frame, "RECORDED", tmp_path / "none")
    monkeypatch.setattr(queue, "ensure_drainer", lambda store: None)
    monkeypatch.setattr(queue, "start_process", lambda *_: None)
    monkeypatch.setattr(device_probe, "device_facts",
                        lambda store: {"device": "CPU", "machine": "a test"})
    return Store()


def open_page(page, **query):
    """A page of the app, run once with these parameters in its address; no exception on it."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if page != "app.py":
        at.switch_page(page)  # links between pages are known from the entry point only
    for name, value in query.items():
        at.query_params[name] = value
    with patch.object(manifest_scanner, "scan_component_manifests", installed_components):
        at.run()
    assert not at.exception, [e.value for e in at.exception]
    return at


def words(at):
    """All that it says."""
    kinds = (at.markdown, at.caption, at.title, at.warning, at.error, at.info)
    return " ".join(str(element.value) for kind in kinds for element in kind)
