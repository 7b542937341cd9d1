"""Label next in Chromium: a ranking is made, marked by keyboard by two people, and exported."""

import json
import zipfile

import pytest
import ranked_images
from browsing import SOON_MS, App, open_page, settle, wait_until
from playwright.sync_api import expect

from shipdash.labelling import Marks
from shipdash.runs import Store

pytestmark = pytest.mark.browser


@pytest.fixture
def app(tmp_path, monkeypatch):
    """A running app with images and a finished run that has not ranked them."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    ranked_images.stored(tmp_path, Store(tmp_path / "runs"))
    running = App(tmp_path / "runs", SHIPDASH_DATA=str(tmp_path / "data"))
    yield running
    running.stop()


def said():
    """The marks that stand: who and what, by number."""
    return {number: (line.who, line.mark) for number, line in Marks("new").standing().items()}


def arrive(browser, app, problems, name, **look):
    """The page with the marker, somebody's name given."""
    page = open_page(browser, f"{app.url}/Label_next", problems, **look)
    settle(page)
    if page.get_by_role("button", name="Rank 20 images").count():
        page.get_by_role("button", name="Rank 20 images").click()
    page.get_by_role("textbox", name="Your name").fill(name)
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"You are marking as {name}.")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("button", name="Wrong")).to_be_enabled(timeout=SOON_MS)
    settle(page)  # the marker is drawn once more with the name, and hears no key meanwhile
    return page


SOCKETS = """window.sockets = [];
    window.WebSocket = class extends WebSocket {
        constructor(...asked) { super(...asked); window.sockets.push(this); } };"""


def test_a_lost_connection_and_a_new_server_lose_no_answer(app, browser):
    """Streamlit draws the marker anew then: it once waited for ever for pictures it never got."""
    ann = arrive(browser, app, [], "ann")
    ann.add_init_script(SOCKETS)
    ann.reload()
    expect(ann.get_by_role("button", name="Wrong")).to_be_enabled(timeout=SOON_MS)
    for n in range(8):
        ann.keyboard.press("w")
        wait_until(ann, lambda n=n: len(said()) == n + 1)
    ann.evaluate("window.sockets.at(-1).close()")
    ann.keyboard.press("w")  # nothing can be sent now
    wait_until(ann, lambda: len(said()) == 9)
    expect(ann.locator(".marker-rank")).to_contain_text("Rank 10 of 20", timeout=SOON_MS)
    expect(ann.get_by_text("9 of 20 marked")).to_be_visible(timeout=SOON_MS)
    ann.keyboard.press("w")
    wait_until(ann, lambda: len(said()) == 10)
    app.restart()  # a server that knows nobody; the browser knows who marks
    expect(ann.get_by_text("You are marking as ann.")).to_be_visible(timeout=SOON_MS)
    wait_until(ann, lambda: _heard(ann, said, 11))
    ann.context.close()


def _heard(page, said, n):
    """Whether an answer has arrived; the marker hears a key once it is drawn anew."""
    page.keyboard.press("w")
    return len(said()) >= n


def test_two_people_mark_by_keyboard_and_nothing_is_lost(app, browser, tmp_path):
    """Fast keys, undo, a second browser on the same images, the name kept, the export."""
    problems = []
    ann = arrive(browser, app, problems, "ann")
    first = ann.locator(".marker-name").inner_text()
    for key in "wrs":  # faster than the server answers
        ann.keyboard.press(key)
    wait_until(ann, lambda: len(said()) == 3)
    assert sorted(said().values()) == [("ann", "right"), ("ann", "skip"), ("ann", "wrong")]

    bob = arrive(browser, app, problems, "bob", width=800, scheme="dark")
    assert bob.locator(".marker-rank").inner_text().startswith("Rank 4 of 20")
    bob.keyboard.press("w")
    wait_until(bob, lambda: len(said()) == 4)
    expect(ann.get_by_text("4 of 20 marked")).to_be_visible(timeout=SOON_MS)  # without a touch
    ann.keyboard.press("u")
    wait_until(ann, lambda: sorted(said().values()) == [("ann", "right"), ("ann", "wrong"),
                                                        ("bob", "wrong")])
    expect(ann.locator(".marker-rank")).to_contain_text("Rank 3 of 20")
    ann.get_by_role("button", name="Skip").click()
    expect(ann.locator(".marker-rank")).to_contain_text("Rank 5 of 20")  # 4 is bob's
    for n, n_marked in ((10, 14), (6, 20)):  # fewer than the browser has pictures ahead
        for _ in range(n):
            ann.keyboard.press("r")
        expect(ann.get_by_text(f"{n_marked} of 20 marked")).to_be_visible(timeout=SOON_MS)
    expect(ann.get_by_text("Every image is marked")).to_be_visible(timeout=SOON_MS)
    wait_until(ann, lambda: len(said()) == ranked_images.N)
    assert len(Marks("new").log()) == ranked_images.N + 2  # the undo, and what it took back
    bob.context.close()

    ann.reload()
    settle(ann)
    expect(ann.get_by_text("You are marking as ann.")).to_be_visible(timeout=SOON_MS)
    ann.get_by_role("button", name=f"Rank 1, {first}").click()
    expect(ann.get_by_text("Marked wrong by ann")).to_be_visible()
    ann.wait_for_url("**at=*", timeout=SOON_MS)
    ann.get_by_role("radio", name="Export and import").click()
    with ann.expect_download(timeout=SOON_MS) as download:
        ann.get_by_role("button", name="Predicted masks to correct").click()
    download.value.save_as(tmp_path / "to-label.zip")
    with zipfile.ZipFile(tmp_path / "to-label.zip") as archive:
        images = json.loads(archive.read("to_label.json"))["images"]
        packed = [name for name in archive.namelist() if not name.endswith("/")]
        assert len(images) == 2 and len(packed) == 3
    ann.context.close()
    assert problems == []
