"""A read-only dashboard in Chromium: every page, and nothing written."""

import pytest
from browsing import ROOT, App, open_page, settle
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture
def read_only(tmp_path):
    """A server that lets nobody change anything, on a runs folder that is not there."""
    running = App(tmp_path / "runs", SHIPDASH_READONLY="1")
    yield running
    running.stop()


def test_a_read_only_dashboard_shows_every_page_and_writes_nothing(read_only, browser):
    """No error on a page or in the console; Start is shut; the runs folder is not even made."""
    problems = []
    page = open_page(browser, f"{read_only.url}/?reveal=1", problems)
    settle(page)
    expect(page.get_by_role("button", name="Start the experiment")).to_be_disabled()
    for path in sorted((ROOT / "pages").glob("*.py")):
        page.goto(f"{read_only.url}/{path.stem.partition('_')[2]}")
        settle(page)
        expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    page.context.close()
    assert problems == []
    assert not read_only.runs.exists()
