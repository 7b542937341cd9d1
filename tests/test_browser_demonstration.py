"""The ten minutes in one theme and one size, without TensorFlow; `benchmarks.demonstration` is the
whole of it, with pictures and strict waits."""

from urllib.parse import parse_qsl, urlencode

import pytest
from browsing import SOON_MS, App
from playwright.sync_api import expect

from benchmarks import ten_minutes
from shipdash.runs import Store

pytestmark = pytest.mark.browser

ROTE = {
    "scene.size": 32, "scene.radius_min": 3, "scene.radius_max": 6, "network.kind": "rote",
    "selection.first": 3, "planted.distinct": 3_000, "selection.n_pool": 15_000,
    "evaluation.n_held_out": 50, "evaluation.reaudit": "false",
}
"""Instead of a network pairs learnt by heart: picks for long enough to be paused among them."""

LONGEST_S = 60.0
"""Any wait outside training: lenient, since others work on this machine too."""


@pytest.fixture
def talk(app: App, browser):
    """A demonstration that takes no pictures."""
    return ten_minutes.Talk(browser=browser, url=app.url, store=Store(app.runs),
                            picture=lambda page, step: None, problems=[], sits_through=False)


def test_the_ten_minutes_go_through_to_their_end(talk):
    """Guess, reveal, scene, run, pause, three steps, resume, a pair, the precision, the link."""
    page = ten_minutes.guess(talk)
    ten_minutes.go(page, "Run")
    ten_minutes.scene(talk, page)
    path, _, query = page.url.partition("?")
    page.goto(f"{path}?{urlencode(dict(parse_qsl(query)) | ROTE)}")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled(timeout=SOON_MS)
    ten_minutes.at_rest(page)
    ten_minutes.start(talk, page)
    ten_minutes.steps(talk, page)
    ten_minutes.to_the_end(talk, page)
    ten_minutes.pair(talk, page)
    ten_minutes.precision(talk, page)
    ten_minutes.copied(talk, page)
    assert talk.problems == []
    assert [wait for wait in talk.waits if wait.at_most and wait.seconds > LONGEST_S] == []
