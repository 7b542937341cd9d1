"""Shared fixtures; whatever does not ask for a browser never meets Playwright."""

import functools
import os
from collections import Counter
from pathlib import Path

import pytest

from shipdash.cli import commands as cli

os.environ["SHIPDASH_STANDBY"] = "0"  # no gigabyte beside every page that a test opens


def pytest_configure(config):
    """Modules without an example are not imported to look for one: three start TensorFlow."""
    package = Path(__file__).parents[1] / "shipdash"
    bare = [path for path in package.rglob("*.py") if ">>>" not in path.read_text("utf-8")]
    config.option.ignore = [*(config.option.ignore or []), *map(str, bare)]


@functools.cache
def shares_networks(file: str) -> bool:
    """Whether a file of tests uses networks that are compiled once a process (compiled.py)."""
    path = Path(__file__).parents[1] / file
    return path.parent == Path(__file__).parent and "from compiled import" in path.read_text()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Files that share compiled networks go to one process, which compiles each of them once."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "compiled networks" if shares_networks(file) else file

    return Scheduling(config, log)


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
    items.sort(key=lambda item: (not shares_networks(item.nodeid.split("::")[0]),
                                 item.path not in slow, -n_tests[item.path]))


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


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, which reaches nothing but this machine.

    One a file: as long as Playwright is at work, nothing else in the process can run asyncio.
    """
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
