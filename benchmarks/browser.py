"""A real Chromium in front of the app: when a page is painted, what an update weighs.

    python -m benchmarks.browser paint URL VISITS
    python -m benchmarks.browser watch URL SECONDS

Prints one JSON object. Nothing is clicked. Needs requirements-dev.txt and Debian's Chromium.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

PATIENCE_MS = 120_000
PAUSE_S = 0.5  # frames further apart than this belong to two updates; the page ticks every 2 s
BROKEN = '[data-testid="stException"]'
DONE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint').map(e => e.startTime)"


def paint(url: str, visits: int) -> dict[str, list[float]]:
    """Seconds until something, the heading and everything is on the screen, by visit."""
    found: dict[str, list[float]] = {"paint_s": [], "heading_s": [], "settled_s": []}
    with chromium() as browser:
        for _ in range(visits):
            page, began = _page(browser), time.perf_counter()  # no visit finds a filled cache
            page.goto(url, wait_until="commit")
            page.locator("h1").first.wait_for(timeout=PATIENCE_MS)
            found["heading_s"].append(time.perf_counter() - began)
            page.locator(DONE).wait_for(timeout=PATIENCE_MS)
            found["settled_s"].append(time.perf_counter() - began)
            if page.locator(BROKEN).count():
                raise SystemExit(f"{url} shows an error: {page.locator(BROKEN).first.inner_text()}")
            page.wait_for_function(f"({FIRST_PAINT}).length > 0")
            found["paint_s"].append(page.evaluate(FIRST_PAINT)[0] / 1000)
            page.context.close()
    return found


def watch(url: str, seconds: float) -> dict:
    """Bytes that the server sends over the websocket, by update."""
    frames: list[tuple[float, int]] = []

    def heard(words: bytes | str) -> None:
        frames.append((time.perf_counter(), len(words)))

    with chromium() as browser:
        page = _page(browser)
        page.on("websocket", lambda socket: socket.on("framereceived", heard))
        page.goto(url)
        page.locator(DONE).wait_for(timeout=PATIENCE_MS)
        page.wait_for_timeout(1000 * PAUSE_S)
        n_first = len(frames)
        page.wait_for_timeout(1000 * seconds)
    page_bytes = sum(n_bytes for _, n_bytes in frames[:n_first])
    return {"page_bytes": page_bytes, "update_bytes": grouped(frames[n_first:]),
            "watched_s": seconds}


def grouped(frames: list[tuple[float, int]]) -> list[int]:
    """Bytes of frames that came close after one another, group by group.

    >>> grouped([(0.0, 100), (0.1, 20), (2.0, 5), (2.3, 6)])
    [120, 11]
    """
    groups: list[int] = []
    last = float("-inf")
    for moment, n_bytes in frames:
        if moment - last > PAUSE_S:
            groups.append(0)
        groups[-1] += n_bytes
        last = moment
    return groups


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's own, which reaches nothing but this machine."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-background-networking"])
        try:
            yield browser
        finally:
            browser.close()


def _page(browser: Browser) -> Page:
    return browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()


if __name__ == "__main__":
    _, what, url, number = sys.argv
    print(json.dumps({"paint": paint, "watch": watch}[what](url, int(number))))
