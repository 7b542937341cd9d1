"""The whole way in a real Chromium with a real, small TensorFlow run, as a person goes it."""

import contextlib
import os
import re
import signal
from pathlib import Path

import pytest
from browsing import PATIENCE_MS, App, n_selected, open_page, wait_for_more, wait_until
from playwright.sync_api import Page, expect

from shipdash.runs import Store, warm_worker

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]


def fill(page: Page, label: str, value: int) -> None:
    """Type a number into the labelled box, as a person does."""
    box = page.get_by_role("spinbutton", name=label, exact=True)
    expect(box).to_have_count(1, timeout=30_000)  # the last preset's form fades out first
    box.fill(str(value))
    box.press("Enter")
    expect(box).to_have_value(str(value))


@contextlib.contextmanager
def halted(store: Store, run_id: str):
    """Meanwhile its worker picks nothing: pages may come slowly, and the run is a small one."""
    lock = store.folder(run_id) / "alive.lock"
    locks = map(str.split, Path("/proc/locks").read_text().splitlines())
    worker = next(int(line[4]) for line in locks if line[5].endswith(f":{lock.stat().st_ino}"))
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


def test_start_watch_refresh_restart_cancel_resume_evaluate(tmp_path, browser):
    """The page's settings are prepared while they are being read, and the run need not wait; it
    goes on whatever happens to pages and server, and ends with its evaluation."""
    problems: list[str] = []
    app = App(tmp_path / "runs", SHIPDASH_STANDBY="1")
    try:
        (app.runs / "device.json").unlink()  # the real probe, once
        page = open_page(browser, f"{app.url}/Run?preset=article", problems)  # never made ready
        page.get_by_text("Quick look", exact=True).click()
        expect(page.get_by_text("2,000 pairs and a small network", exact=False)).to_be_visible()
        fill(page, "Pool seed", 3)
        page.get_by_text("More settings: scene, network, selection, evaluation").click()
        fill(page, "Pool (pairs)", 600)
        fill(page, "Held-out pairs", 100)
        store = Store(app.runs)
        wait_until(page, lambda: b'"ready"' in store.read_note(warm_worker.OFFER)[0])
        shown = page.url
        page.get_by_role("button", name="Start").click()
        expect(page).not_to_have_url(shown)  # the recorded run was in view until now
        expect(page.get_by_text(re.compile(r"Running\."))).to_be_visible(timeout=30_000)

        seen = wait_for_more(page, 11)
        address = page.url
        run_id = re.search(r"run=([0-9a-f]{16})", address)[1]
        assert wait_for_more(page, seen) > seen, "the curve grows"

        with halted(store, run_id):
            page.reload()
            expect(page.get_by_role("button", name="Pause")).to_be_enabled(timeout=30_000)
            second = open_page(browser, address, problems)
            assert wait_for_more(second, 10) > 10, "a second browser finds the run"
            second.context.close()

            expected_noise = len(problems)
            app.restart()
            left, page = page, open_page(browser, address, problems)
            now = wait_for_more(page, seen)
            assert now > seen, "a restarted server finds the run"
            del problems[expected_noise:]  # the old page lost its server, and said so
        assert wait_for_more(page, now) > now, "it goes on without the server that started it"
        left.context.close()

        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text(re.compile(r"Cancelled\."))).to_be_visible(timeout=60_000)
        kept = n_selected(page)
        so_far = store.load_checkpoint(run_id)[1]
        assert so_far["prepared_s"] > 0 and so_far["phases"]["compile"] == 0
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_text(re.compile(r"Completed\."))).to_be_visible(timeout=PATIENCE_MS)
        assert n_selected(page) >= kept
        run, = store.list()
        assert run.result.prepared_s > 0

        page.goto(address.replace("/Run", "/Evaluation"))
        expect(page.get_by_text("of 100 held-out pairs").first).to_be_visible(timeout=30_000)
        expect(page.locator(".shipdash-chart .main-svg").first).to_be_visible(timeout=30_000)
        assert problems == []
    finally:
        app.stop()
