"""Galleries in Chromium: a tile opens its pair, the address says which, Back closes it."""

import re

import pytest
import rote_runs
from browsing import SOON_MS, App, open_page, settle
from playwright.sync_api import expect

from shipdash.runs import Store

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A server with two finished runs in two orders: (app, ids)."""
    folder = tmp_path_factory.mktemp("gallery") / "runs"
    folder.mkdir()
    ids = [rote_runs.finished(Store(folder), **{"seeds.order": order}) for order in (1, 2)]
    running = App(folder)
    yield running, ids
    running.stop()


def opened(shared, browser, path):
    """A page of the app at rest, and what went wrong on it."""
    problems: list[str] = []
    page = open_page(browser, f"{shared[0].url}/{path}", problems)
    settle(page)
    expect(page.locator(".shipdash-tile").first).to_be_visible(timeout=SOON_MS)
    return page, problems


def test_a_tile_opens_its_pair_and_back_closes_it(shared, browser):
    """By mouse and by keyboard; the address names the pair, Escape takes it out again."""
    page, problems = opened(shared, browser, f"Samples?run={shared[1][0]}")
    tile = page.locator("button.shipdash-tile").first
    name = re.search(r"pair (\d+)", tile.get_attribute("aria-label"))[1]
    dialog = page.get_by_role("dialog")
    tile.click()
    expect(dialog).to_contain_text(f"Pair {name}", timeout=SOON_MS)
    expect(dialog).to_contain_text("Nearest core pair", timeout=SOON_MS)
    expect(dialog.locator(".main-svg").first).to_be_visible(timeout=SOON_MS)  # its IoU over the run
    expect(page).to_have_url(re.compile(rf"[?&]pair={name}\b"))
    page.go_back()
    expect(dialog).to_have_count(0, timeout=SOON_MS)
    assert "pair=" not in page.url
    tile.focus()
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text(f"Pair {name}", timeout=SOON_MS)
    expect(dialog.locator(".main-svg").first).to_be_visible(timeout=SOON_MS)
    settle(page)  # Streamlit draws a dialog again that is closed while the page is being drawn
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0, timeout=SOON_MS)
    expect(page).not_to_have_url(re.compile("pair="), timeout=SOON_MS)
    page.context.close()
    assert problems == []


def test_the_nearest_core_pair_opens_in_its_place(shared, browser):
    """From one open pair to the next, without closing it."""
    page, problems = opened(shared, browser, f"Samples?run={shared[1][0]}&pair=5")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Pair 5", timeout=SOON_MS)
    near = dialog.locator("button.shipdash-tile")
    name = re.search(r"pair (\d+)", near.get_attribute("aria-label"))[1]
    near.click()
    expect(dialog).to_contain_text(f"Pair {name}", timeout=SOON_MS)
    page.context.close()
    assert problems == []


def test_a_mark_of_why_these_opens_its_pairs(shared, browser):
    """The pairs behind the mark, as many as the box says, and in the address."""
    page, problems = opened(shared, browser, f"Samples?run={shared[1][0]}&view=Why+these%3F"
                            "&bar=high_sea.0")
    first = page.locator(".shipdash-tile").count()
    page.locator("[data-testid=factor_high_sea] .points path").nth(1).click(force=True)
    expect(page).to_have_url(re.compile(r"bar=high_sea\.1"), timeout=SOON_MS)
    expect(page.locator(".shipdash-tile")).not_to_have_count(first, timeout=SOON_MS)
    page.context.close()
    assert problems == []


def test_compare_opens_a_pair_that_only_one_run_kept(shared, browser):
    """Two orders of a pool of repeats keep other copies; the tile says what each run did."""
    page, problems = opened(shared, browser, f"Compare?runs={','.join(shared[1])}")
    tile = page.locator("button.shipdash-tile").first
    expect(tile).to_contain_text(re.compile("A (kept|failed).* · B "))
    page.get_by_role("radio", name="only in B").click()
    expect(tile).to_contain_text(re.compile("A (passed|did).* · B "), timeout=SOON_MS)
    expect(page).to_have_url(re.compile(r"part=only"), timeout=SOON_MS)
    tile.click()  # before, the tiles were those of the other part
    expect(page.get_by_role("dialog")).to_contain_text("Pair ", timeout=SOON_MS)
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=SOON_MS)
    page.context.close()
    assert problems == []
