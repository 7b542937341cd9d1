"""Shared fixtures; whatever does not ask for a browser never meets Playwright."""

import os
from collections import Counter

import pytest

from shipdash.cli import commands as cli

os.environ["SHIPDASH_STANDBY"] = "0"  # no gigabyte beside every page that a test opens


def pytest_collection_modifyitems(config, items):
    """On several processes: files that train networks or start programs first, then the longest.

    By number of tests alone, as xdist sorts them, the slowest files come last, and at the end one
    process waits for the other.
    """
    if not hasattr(config, "workerinput"):
        return
    n_tests = Counter(item.path for item in items)
    slow = {item.path for item in items if item.get_closest_marker("tensorflow")
            or hasattr(getattr(item, "module", None), "subprocess")}
    items.sort(key=lambda item: (item.path not in slow, -n_tests[item.path]))


FSYNC = os.fsync


@pytest.fixture(autouse=True, scope="session")
def written_and_not_waited_for():
    """What a test writes need not outlive a power cut; the descriptor must still be an open one."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", os.fstat)
        yield


@pytest.fixture
def written_to_the_disk(monkeypatch):
    """The real fsync, for tests of the store and of disks."""
    monkeypatch.setattr(os, "fsync", FSYNC)


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """``call("show", id)`` gives exit code, standard output and standard error."""
    monkeypatch.setenv("SHIPDASH_RUNS", str(tmp_path / "runs"))

    def called(*words):
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as exit:  # argparse leaves this way
            code = exit.code
        return code, *capsys.readouterr()

    return called


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, which reaches nothing but this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def app(tmp_path):
    """A running app on an empty runs folder."""
    from browsing import App

    running = App(tmp_path / "runs")
    yield running
    running.stop()
