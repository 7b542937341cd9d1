"""The Run page while a run goes on, in Chromium: what a viewer has set must survive updates."""

import re

import pytest
from browsing import SOON_MS, App, n_selected, open_page, settle, wait_for_more
from patience import until
from playwright.sync_api import Page, expect

from shipdash import config as configs
from shipdash.runs import Store, queue

pytestmark = pytest.mark.browser

CURVE = "[data-testid=selection]"
VIEW = """(chart) => ({
    x: [...chart._fullLayout.xaxis.range], y: [...chart._fullLayout.yaxis.range],
    hidden: chart._fullData.filter((t) => t.visible !== true).map((t) => t.name),
    names: chart._fullData.map((t) => t.name),
    last: chart._fullData.find((t) => t.name === "selected").x.at(-1),
    updates: Number(chart.dataset.updates),
})"""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """One server for this file; every test has a run of its own."""
    running = App(tmp_path_factory.mktemp("live") / "runs")
    yield running
    running.stop()


@pytest.fixture
def live(app, browser):
    """The page of a run that goes on for longer than any test; it needs no TensorFlow."""
    store, problems = Store(app.runs), []
    until(lambda: not store.queue_is_worked())  # the last test's run has left
    settings = configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 3.0, "scene.radius_max": 6.0, "network.kind": "rote",
        "planted.distinct": 8_000, "selection.n_pool": 400_000, "selection.first": 3,
        "seeds.order": 1 + len(store.list()),
    })
    run_id = queue.submit(store, settings)
    page = open_page(browser, f"{app.url}/Run?run={run_id}", problems)
    try:
        wait_for_more(page, 20)
        settle(page)
        yield page
    finally:
        page.context.close()
        store.request(run_id, "cancel")
    assert problems == []


def view(page: Page) -> dict:
    """Ranges, hidden traces and data of the curve as Plotly shows it."""
    return page.locator(CURVE).evaluate(VIEW)


def wait_for_updates(page: Page, n: int) -> dict:
    """The curve after at least `n` further updates with new pairs."""
    before = view(page)
    page.wait_for_function(
        "([chart, n]) => Number(document.querySelector(chart).dataset.updates) >= n",
        arg=[CURVE, before["updates"] + n], timeout=SOON_MS)
    after = view(page)
    assert after["last"] > before["last"], "the curve grows"
    return after


def drag_a_zoom(page: Page) -> dict:
    """Zoom in as a person does, with the mouse; the view it leads to."""
    plot = page.locator(f"{CURVE} .nsewdrag").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    page.mouse.up()
    return view(page)


def test_a_zoom_and_a_hidden_trace_survive_updates_until_a_double_click(live):
    """A presenter zooms and hides a line while the curve grows: both stay, and a new line comes.
    Double-clicked, the range is that of now, and follows the data again."""
    whole = view(live)
    zoomed = drag_a_zoom(live)
    assert zoomed["x"] != whole["x"]
    assert zoomed["y"] != whole["y"]
    live.locator(f"{CURVE} .legendtoggle").first.click()
    live.wait_for_function(f"({VIEW})(document.querySelector('{CURVE}')).hidden.length",
                           timeout=SOON_MS)
    assert view(live)["hidden"] == ["keep everything"]

    now = wait_for_updates(live, 3)
    assert (now["x"], now["y"], now["hidden"]) == (zoomed["x"], zoomed["y"], ["keep everything"])

    guess = live.get_by_role("spinbutton", name="Your guess (pairs)")
    for said, n_lines in (("4000", 4), ("", 3)):
        guess.fill(said)
        guess.press("Enter")
        live.wait_for_function(
            f"({VIEW})(document.querySelector('{CURVE}')).names.length === {n_lines}",
            timeout=SOON_MS)
        now = wait_for_updates(live, 2)
        assert (now["x"], now["y"], now["hidden"]) == (zoomed["x"], zoomed["y"],
                                                       ["keep everything"])
        assert ("guess=4000" in live.url) == bool(said)

    live.locator(f"{CURVE} .nsewdrag").first.dblclick()
    live.wait_for_function(
        f"([x0, x1]) => {{ const {{ x }} = ({VIEW})(document.querySelector('{CURVE}'));"
        "           return x[0] === x0 && x[1] === x1; }", arg=whole["x"], timeout=SOON_MS)
    now = view(live)
    assert now["y"][0] == 0
    assert now["y"][1] > whole["y"][1]
    then = wait_for_updates(live, 4)
    assert then["y"][1] >= now["y"][1]
    assert then["hidden"] == now["hidden"] == ["keep everything"]


def test_pause_step_and_cancel_by_their_buttons_and_before_a_second_viewer(live, app, browser):
    """Pause halts, each step adds exactly one pair, Resume goes on, Cancel ends it; the other
    page's state follows without a touch."""
    live.get_by_role("button", name="Pause").click()
    expect(live.get_by_text(re.compile(r"Paused\."))).to_be_visible(timeout=SOON_MS)
    settle(live)
    n_core = n_selected(live)
    expect(live.get_by_role("button", name="Pause")).to_be_disabled()
    second = open_page(browser, live.url, [])
    expect(second.get_by_text(re.compile(r"Paused\."))).to_be_visible(timeout=SOON_MS)

    for k in (1, 2):
        live.get_by_role("button", name="Step to next pick").click()
        live.wait_for_function(
            "n => document.querySelector('[data-testid=stMetricValue]').innerText === n",
            arg=f"{n_core + k:,}", timeout=SOON_MS)
        expect(live.get_by_text(re.compile(r"Paused\."))).to_be_visible(timeout=SOON_MS)
        expect(live.get_by_role("heading", name=f"Pick {n_core + k:,}")).to_be_visible()
    live.wait_for_timeout(3_000)  # longer than a tick: it stays where it is
    assert n_selected(live) == n_core + 2

    live.get_by_role("button", name="Resume").click()
    wait_for_more(live, n_core + 2)
    expect(second.get_by_text(re.compile(r"Running\."))).to_be_visible(timeout=SOON_MS)
    live.get_by_role("button", name="Cancel").click()
    expect(live.get_by_text(re.compile(r"Cancelled\."))).to_be_visible(timeout=SOON_MS)
    expect(live.get_by_role("button", name="Resume")).to_be_enabled()
    expect(second.get_by_text(re.compile(r"Cancelled\."))).to_be_visible(timeout=SOON_MS)
    second.context.close()
