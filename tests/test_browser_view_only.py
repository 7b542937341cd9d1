"""A read-only dashboard in Chromium: every page, and nothing written."""

import pytest
from browsing import ROOT, App, open_page, settle
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_read_only_dashboard_shows_every_page_and_writes_nothing(tmp_path, browser):
    """No error on a page or in the console; Start is shut; the runs folder is not even made."""
    app, problems = App(tmp_path / "runs", SHIPDASH_READONLY="1"), []
    page = open_page(browser, f"{app.url}/?reveal=1", problems)
    settle(page)
    expect(page.get_by_role("button", name="Start the experiment")).to_be_disabled()
    for path in sorted((ROOT / "pages").glob("*.py")):
        name = path.stem.partition("_")[2].replace("_", " ")
        page.get_by_test_id("stPageLink-NavLink").filter(has_text=name).first.click()
        expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
        settle(page)
        expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    page.context.close()
    app.stop()
    assert problems == []
    assert not (tmp_path / "runs").exists()
