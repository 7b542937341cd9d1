"""Your data in Chromium: an archive is brought, looked at for leaks, and taken to the Run page."""

import io
import zipfile

import own_pictures
import pytest
from browsing import SOON_MS, App, open_page, settle
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture
def app(tmp_path):
    """A running app without runs and without data sets."""
    running = App(tmp_path / "runs", SHIPDASH_DATA=str(tmp_path / "data"))
    yield running
    running.stop()


def test_from_an_archive_to_the_run_form(app, browser):
    """Upload, import, leaks in words, and the form of Run filled in for the data set."""
    content, problems = io.BytesIO(), []
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in own_pictures.pairs(12).items():
            archive.writestr(name, data)
    page = open_page(browser, f"{app.url}/Your_data", problems, scheme="dark")
    settle(page)
    page.locator("input[type=file]").set_input_files(
        {"name": "ships.zip", "mimeType": "application/zip", "buffer": content.getvalue()})
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="12 of 12 files gave 12 pairs")).to_be_visible(
        timeout=SOON_MS)
    page.get_by_role("radio", name="Near duplicates").click()
    expect(page.get_by_role("heading", name="held-out images")).to_be_visible(timeout=SOON_MS)
    page.get_by_role("radio", name="Selection").click()
    page.get_by_role("link", name="Change its settings first").click()
    expect(page.get_by_text("This run: data set ships, own")).to_be_visible(timeout=SOON_MS)
    page.context.close()
    assert problems == []
