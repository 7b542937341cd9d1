"""Fixtures of the browser tests; whatever does not ask for them never meets Playwright."""

import os

import pytest


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
