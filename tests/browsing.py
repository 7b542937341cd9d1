"""What the browser tests share: the app as a person starts it, and pages whose errors count."""

import itertools
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

ROOT = Path(__file__).parents[1]
PATIENCE_MS = 300_000  # TensorFlow starts and compiles on a busy machine
SOON_MS = 120_000  # a page, a worker without TensorFlow; a second each on an idle machine
expect.set_options(timeout=30_000)
FIRST_PORT = 20_000 + 1_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
PORTS = itertools.count(FIRST_PORT)
"""Below those that the system gives out, another range for each process of the tests: a port that
was free a moment ago may be that of the other process's server."""


class App:
    """A running server on a runs folder and a port of its own, and a way to start it again.

    The device is known, or a probe would start TensorFlow beside every first page that shows it; a
    test that wants the probe removes ``device.json``.
    """

    def __init__(self, runs: Path, *, script: str = "app.py", **environment: str) -> None:
        self.runs, self.script, self.environment = runs, script, environment
        self.port = next(port for port in PORTS if _is_free(port))
        self.url = f"http://127.0.0.1:{self.port}"
        if "SHIPDASH_READONLY" not in environment:
            runs.mkdir(parents=True, exist_ok=True)
            (runs / "device.json").write_text('{"device": "CPU (2 threads)", "n_gpus": 0}')
        self.start()

    def start(self) -> None:
        """Return once the server answers."""
        self.server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", self.script, "--server.port",
             str(self.port), "--server.headless", "true"],
            cwd=ROOT, env={**os.environ, "SHIPDASH_RUNS": str(self.runs), **self.environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1).read()
                return
            except OSError:
                time.sleep(0.05)
        self.server.kill()
        raise TimeoutError("the app did not come up within 30 s")

    def restart(self) -> None:
        """SIGKILL, and a new server at the same address."""
        self.server.kill()
        self.server.wait()
        self.start()

    def stop(self) -> None:
        """Let the server leave."""
        self.server.terminate()
        self.server.wait()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def is_ours(message) -> bool:
    """Not the client's search for a server that a test has killed."""
    searched = urlsplit(message.location.get("url", "")).path.startswith("/_stcore/")
    return message.type == "error" and not searched


def open_page(browser, url: str, problems: list[str], *, width: int = 1440,
              scheme: str = "light") -> Page:
    """A page of its own context, whose console errors and uncaught exceptions are collected."""
    context = browser.new_context(viewport={"width": width, "height": 1000}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(SOON_MS)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(f"{m.text} {m.location.get('url', '')}".strip())
            if is_ours(m) else None)
    page.goto(url)
    return page


def settle(page: Page) -> None:
    """Until the heading stands, nothing runs and every chart is drawn."""
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SOON_MS)
    page.wait_for_function(
        """() => document.querySelector('.stApp').dataset.testScriptState === 'notRunning'
              && !document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton]')
              && [...document.querySelectorAll('.shipdash-chart')].every(
                   (chart) => chart.querySelector('.main-svg'))""", timeout=SOON_MS)


def n_selected(page: Page) -> int:
    """The number under *Selected*, 0 while there is none."""
    text = page.get_by_test_id("stMetricValue").first.inner_text()
    return int(text.replace(",", "")) if re.fullmatch(r"[\d,]+", text) else 0


def wait_for_more(page: Page, than: int) -> int:
    """Watch until more than so many pairs are selected."""
    until = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < until:
        if page.get_by_test_id("stMetricValue").count() and (now := n_selected(page)) > than:
            return now
        page.wait_for_timeout(100)
    raise AssertionError(f"no more than {than} pairs were selected")


def wait_until(page: Page, holds) -> None:
    """Look ten times a second at what the pages do not show."""
    until = time.monotonic() + PATIENCE_MS / 1000
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        page.wait_for_timeout(100)
