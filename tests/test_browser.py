"""The whole way in a real Chromium with a real, small TensorFlow run, as a person goes it."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]

ROOT = Path(__file__).parents[1]
PATIENCE_MS = 240_000  # TensorFlow starts and compiles on a busy machine


def serve(runs: Path, port: int) -> subprocess.Popen:
    """The app as a person starts it, on a runs folder and port of our own."""
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port),
         "--server.headless", "true"],
        cwd=ROOT, env={**os.environ, "SHIPDASH_RUNS": str(runs)}, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).read()
            return server
        except OSError:
            time.sleep(0.1)
    server.kill()
    raise TimeoutError("the app did not come up within 30 s")


@pytest.fixture
def app(tmp_path):
    """A running app: its address, and a way to restart it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    class App:
        url = f"http://127.0.0.1:{port}"
        server = serve(tmp_path / "runs", port)

        def restart(self):
            self.server.kill()
            self.server.wait()
            self.server = serve(tmp_path / "runs", port)

    running = App()
    yield running
    running.server.terminate()
    running.server.wait()


@pytest.fixture
def browser():
    """Debian's Chromium, which reaches nothing but this machine."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


def is_ours(message) -> bool:
    """Not Streamlit's own two probes, which miss once below the root on every deep link."""
    return message.type == "error" and "/_stcore/" not in message.location.get("url", "")


def open_page(browser, url: str, problems: list[str]) -> Page:
    """A page of its own context, whose console errors are collected."""
    page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(m.text) if is_ours(m) else None)
    page.goto(url)
    return page


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
        page.wait_for_timeout(500)
    raise AssertionError(f"no more than {than} pairs were selected")


def fill(page: Page, label: str, value: int) -> None:
    """Type a number into the labelled box, as a person does."""
    box = page.get_by_role("spinbutton", name=label, exact=True)
    expect(box).to_have_count(1, timeout=30_000)  # the last preset's form fades out first
    box.fill(str(value))
    box.press("Enter")
    expect(box).to_have_value(str(value))


def test_start_watch_refresh_restart_cancel_resume_evaluate(app, browser):
    """A run goes on whatever happens to pages and server, and ends with its evaluation."""
    problems: list[str] = []
    page = open_page(browser, f"{app.url}/Run", problems)
    page.get_by_text("Quick look", exact=True).click()
    expect(page.get_by_text("2,000 pairs, small network", exact=False)).to_be_visible()
    page.get_by_text("Scene, network, the rest of the selection, and evaluation").click()
    fill(page, "Filters", 16)  # slow enough to be cancelled before it ends, on any machine
    fill(page, "Pool (pairs)", 1500)
    fill(page, "Held-out pairs (pairs)", 100)
    shown = page.url
    page.get_by_role("button", name="Start").click()
    expect(page).not_to_have_url(shown)  # the recorded run was in view until now
    expect(page.get_by_text("Running.")).to_be_visible(timeout=30_000)

    seen = wait_for_more(page, 11)
    address = page.url
    assert re.search(r"run=[0-9a-f]{16}", address)
    assert wait_for_more(page, seen) > seen, "the curve grows"

    page.reload()
    expect(page.get_by_role("button", name="Pause")).to_be_enabled(timeout=30_000)
    second = open_page(browser, address, problems)
    assert wait_for_more(second, 10) > 10, "a second browser finds the run"
    second.close()

    expected_noise = len(problems)
    app.restart()
    page = open_page(browser, address, problems)
    assert wait_for_more(page, seen) > seen, "a restarted server finds the run"
    del problems[expected_noise:]  # the old page lost its server, and said so

    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled.")).to_be_visible(timeout=60_000)
    kept = n_selected(page)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Completed.")).to_be_visible(timeout=PATIENCE_MS)
    assert n_selected(page) >= kept

    page.goto(address.replace("/Run", "/Evaluation"))
    expect(page.get_by_text("of 100 fresh pairs").first).to_be_visible(timeout=30_000)
    expect(page.locator(".shipdash-chart .main-svg").first).to_be_visible(timeout=30_000)
    assert problems == []
