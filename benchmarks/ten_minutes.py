"""The demonstration step by step, as a presenter clicks it. It judges no wait, only measures.

Every function is a part of it; `Talk.timed` measures from a click to what the presenter waits for.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Browser, Locator, Page, expect

from shipdash.config import parse_setting, preset
from shipdash.records import RunState, Trained
from shipdash.runs import Store, warm_worker

PATIENCE_MS = 600_000  # of everything, on a machine that does other things as well
BROWSER_STARTS_MS = 3_000  # nobody presents with a browser that is still starting itself
MOST_S = 2.0
"""The longest wait outside training."""

MOST_STEP_S = 1.0
"""From a click on *Step one pick* to the training that follows the pick."""

MOST_DRAG_S = 0.3
"""From letting go of the precision until all three figures are drawn."""

FEWEST_FRAMES = 30
"""Of a replay, a second."""

QUIET = """() => !document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton]')
    && document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]')
    && [...document.querySelectorAll('.shipdash-chart')].every((c) => c.querySelector('.main-svg'))
"""

THERE = """([css, words]) => [...document.querySelectorAll(css)].some(
    (e) => e.checkVisibility({ visibilityProperty: true })
        && (!words || e.textContent.trim() === words))
"""

SAYS = """(words) => {
    const said = document.querySelector("[data-testid=stMain]").textContent;
    return words.some((word) => said.includes(word));
}"""

COUNT_FRAMES = """(seconds) => new Promise((done) => {
    const path = document.querySelector(".shipdash-stage .curve > svg path");
    let n = 0;
    new MutationObserver(() => { n += 1; }).observe(path, { attributeFilter: ["d"] });
    setTimeout(() => done(n / seconds), 1000 * seconds);
})"""

DRAG = """(precision) => new Promise((resolve) => {
    const root = document.querySelector(".shipdash-explorer"), began = performance.now();
    const slider = root.querySelector("[data-control=precision]");
    const before = root.dataset.shown;
    new MutationObserver((_, observer) => {
        observer.disconnect();
        requestAnimationFrame(() => resolve((performance.now() - began) / 1000));
    }).observe(root, { attributeFilter: ["data-shown"] });
    slider.value = precision;
    slider.dispatchEvent(new Event("input"));
    slider.dispatchEvent(new Event("change"));
    setTimeout(() => root.dataset.shown === before && resolve(null), 2000);
})"""


class Wait(NamedTuple):
    """A wait of the presenter; `at_most` is None where a network is being trained or a film runs,
    `load` the machine's load average at its end."""

    what: str
    seconds: float
    at_most: float | None
    load: float

    @property
    def is_too_long(self) -> bool:
        """Longer than it may be."""
        return self.at_most is not None and self.seconds > self.at_most


@dataclass
class Talk:
    """One demonstration: where it takes place, and what was seen."""

    browser: Browser
    url: str
    store: Store
    picture: Callable[[Page, str], None]
    problems: list[str]
    sits_through: bool = True  # the replay of the guess, instead of going to its end by a key
    waits: list[Wait] = field(default_factory=list)

    def window(self) -> Page:
        """An empty one that shares nothing with the others, as in a browser that has loaded
        nothing; its console and uncaught exceptions are listened to."""
        page = self.browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._heard)
        return page

    def _heard(self, message) -> None:
        """Errors and warnings."""
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text}")

    @contextmanager
    def timed(self, what: str, at_most: float | None = MOST_S) -> Iterator[None]:
        """Around a click and what it is to lead to."""
        began = time.perf_counter()
        yield
        self.add(what, time.perf_counter() - began, at_most)

    def add(self, what: str, seconds: float, at_most: float | None = MOST_S) -> None:
        """A wait that was measured elsewhere."""
        self.waits.append(Wait(what, seconds, at_most, os.getloadavg()[0]))


def drive(talk: Talk) -> None:
    """All of it."""
    page = guess(talk)
    replay(talk, page)
    scene(talk, page)
    get_ready(talk, page)
    start(talk, page)
    steps(talk, page)
    to_the_end(talk, page)
    pair(talk, page)
    better_than_random(talk, page)
    precision(talk, page)
    copied(talk, page)


def seen(locator: Locator) -> None:
    """Wait until it is on the page; looks again after up to a second, which a wait may include."""
    expect(locator.first).to_be_visible(timeout=PATIENCE_MS)


def there(page: Page, css: str, words: str = "") -> None:
    """As `seen`, but looked for in every frame; with words, exactly these. A locator asked as often
    would slow the page down."""
    page.wait_for_function(THERE, arg=[css, words])


def says(page: Page, *words: str) -> None:
    """Wait until the page says one of them, looked for in every frame."""
    page.wait_for_function(SAYS, arg=words)


def at_rest(page: Page) -> None:
    """Wait until nothing is being drawn; nothing may have gone wrong."""
    page.wait_for_function(QUIET)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def until(holds: Callable[[], bool], page: Page | None = None) -> None:
    """Wait for what no page shows; with a page the browser's messages are heard meanwhile."""
    latest = time.monotonic() + PATIENCE_MS / 1000
    while not holds():
        if time.monotonic() > latest:
            raise TimeoutError(f"in vain for {PATIENCE_MS / 1000:.0f} s")
        if page is None:
            time.sleep(0.01)
        else:
            page.wait_for_timeout(200)


def heading(page: Page, words: str) -> None:
    """Wait for the page of that heading, all of it."""
    there(page, "h1", words)
    at_rest(page)


def go(page: Page, name: str) -> None:
    """By the navigation."""
    page.locator(".st-key-links a").filter(has_text=name).click()
    heading(page, name)


def home(talk: Talk) -> Page:
    """The first page, in a browser that has been nowhere yet."""
    page = talk.window()
    page.wait_for_timeout(BROWSER_STARTS_MS)
    with talk.timed("Home"):
        page.goto(talk.url, wait_until="commit")
        heading(page, "How many training pairs are enough?")
    return page


def guess(talk: Talk) -> Page:
    """Home, a guess, and the replay that answers it."""
    page = home(talk)
    talk.picture(page, "home")
    box = page.get_by_role("spinbutton", name=re.compile("Your guess"))
    box.fill("500")
    with talk.timed("The guess: the replay begins"):
        box.press("Enter")
        there(page, ".shipdash-stage .plot .main-svg")
    with talk.timed("The reveal: the replay has ended", None):
        if not talk.sits_through:
            page.get_by_role("slider", name="Time in the run").press("End")
        seen(page.get_by_text("You said 500. It kept"))
    at_rest(page)
    talk.picture(page, "reveal")
    return page


def replay(talk: Talk, page: Page) -> None:
    """The recorded run on the projector, counted in frames, and out of it again."""
    with talk.timed("The Run page"):
        go(page, "Run")
    talk.picture(page, "run")
    with talk.timed("Replay it"):
        page.get_by_role("button", name="Replay it").click()
        there(page, ".shipdash-stage .plot .main-svg")
    with talk.timed("Present: the projector layout"):
        page.get_by_role("button", name="Present").click()
        there(page, ".shipdash-stage.present .plot .main-svg")
    frames = page.evaluate(COUNT_FRAMES, 6)
    talk.add("A frame of the replay", 1 / max(frames, 0.1), 1 / FEWEST_FRAMES)
    seen(page.get_by_role("button", name="Play again"))
    talk.picture(page, "present")
    with talk.timed("Esc: out of the projector layout"):
        page.keyboard.press("Escape")
        seen(page.get_by_role("button", name="End the replay"))


def scene(talk: Talk, page: Page) -> None:
    """The scene of the quick preset with a lower contrast, and on to the run of exactly that."""
    with talk.timed("The form of the quick preset"):
        page.get_by_role("radio", name="Quick look").click()
        seen(page.get_by_text("This run: quick"))
        at_rest(page)
    with talk.timed("See this scene: Generator"):
        page.get_by_role("link", name="See this scene").click()
        heading(page, "Generator")
    contrast = page.get_by_role("slider", name="Contrast")
    contrast.focus()
    picture = page.locator(".shipdash-tile img").first
    before = picture.get_attribute("src")
    with talk.timed("Another contrast: ten new pairs"):
        contrast.press("ArrowLeft")
        expect(picture).not_to_have_attribute("src", before, timeout=PATIENCE_MS)
        at_rest(page)
    talk.picture(page, "generator")
    with talk.timed("Run this scene: the form"):
        page.get_by_role("button", name="Run this scene").click()
        heading(page, "Run")
        seen(page.get_by_role("button", name="Start", exact=True))
    talk.picture(page, "form")


def get_ready(talk: Talk, page: Page) -> None:
    """The network is compiled for the images of the scene while the presenter explains the form."""
    asked = parse_qsl(urlsplit(page.url).query)
    scene = dict(parse_setting(f"{name}={value}") for name, value in asked
                 if name.startswith("scene."))
    config = preset("quick").replace(**scene)
    with talk.timed("The network gets ready beside the form", None):
        until(lambda: warm_worker.is_ready(talk.store, config), page=page)


def start(talk: Talk, page: Page) -> None:
    """Start, and the first picks."""
    with talk.timed("Start: the run is in view"):
        page.get_by_role("button", name="Start", exact=True).click()
        says(page, "Queued.", "Running.")
    with talk.timed("Start: the worker has taken it up", None):
        expect(page.get_by_role("button", name="Pause")).to_be_enabled(timeout=PATIENCE_MS)
    with talk.timed("The first pick with its prediction", None):
        seen(page.locator(".st-key-last_pick img").nth(2))
    talk.picture(page, "running")


def steps(talk: Talk, page: Page) -> None:
    """Pause, three steps, Resume."""
    with talk.timed("Pause"):
        page.get_by_role("button", name="Pause").click()
        says(page, "Paused.")
    at_rest(page)
    talk.picture(page, "paused")
    (run,) = talk.store.list()
    for k in (1, 2, 3):
        began, n_bytes = time.perf_counter(), talk.store.n_bytes(run.run_id)
        page.get_by_role("button", name="Step to next pick").click()
        until(lambda before=n_bytes: talk.store.n_bytes(run.run_id) != before)
        took = time.perf_counter() - began
        first = next((e for e in talk.store.events(run.run_id, n_bytes)[0]
                      if isinstance(e, Trained)), None)
        talk.add(f"Step {k}: its training begins", took - (first.seconds if first else 0.0),
                 MOST_STEP_S)
        with talk.timed(f"Step {k}: trained, scanned, picked and shown", None):
            until(lambda: talk.store.status(run.run_id).state is not RunState.RUNNING)
            assert talk.store.status(run.run_id).state is RunState.PAUSED, "nothing left to step"
            expect(page.get_by_role("button", name="Resume")).to_be_enabled(timeout=PATIENCE_MS)
            at_rest(page)
    talk.picture(page, "stepped")
    with talk.timed("Resume"):
        page.get_by_role("button", name="Resume").click()
        says(page, "Running.")


def to_the_end(talk: Talk, page: Page) -> None:
    """The rest of the run and its evaluation."""
    with talk.timed("The rest of the run and its evaluation", None):
        says(page, "Completed.")
    at_rest(page)
    talk.picture(page, "completed")


def pair(talk: Talk, page: Page) -> None:
    """One pair that it kept, opened."""
    with talk.timed("The pairs it kept"):
        page.get_by_role("link", name="Browse the pairs it kept").click()
        heading(page, "Samples")
    talk.picture(page, "samples")
    with talk.timed("One pair"):
        page.locator("button.shipdash-tile").first.click()
        seen(page.get_by_role("dialog").get_by_text("Nearest core pair"))
        at_rest(page)
    talk.picture(page, "pair")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=PATIENCE_MS)


def better_than_random(talk: Talk, page: Page) -> None:
    """From the finished run to the first dots of the control."""
    go(page, "Run")
    with talk.timed("Is it better than random?"):
        page.get_by_role("link", name="Is it better than random?").click()
        heading(page, "Evaluation")
    talk.picture(page, "random")
    with talk.timed("Train six networks: the bar appears"):
        page.get_by_role("button", name=re.compile("Train 6 networks")).click()
        seen(page.get_by_role("progressbar"))
    with talk.timed("All six are trained", None):
        seen(page.get_by_text("The runs one by one"))
        expect(page.get_by_role("progressbar")).to_have_count(0, timeout=PATIENCE_MS)
    at_rest(page)
    talk.picture(page, "dots")


def precision(talk: Talk, page: Page) -> None:
    """The precision over the whole recorded range, one stop after the other."""
    with talk.timed("Threshold"):
        go(page, "Threshold")
        there(page, ".shipdash-explorer[data-shown]")
    page.wait_for_timeout(1_000)  # nothing above it moves any more
    talk.picture(page, "threshold")
    stops = page.evaluate("document.querySelector('.shipdash-explorer').explorer.stops")
    for stop in stops:
        took = page.evaluate(DRAG, stop)
        if took is not None:
            talk.add(f"Precision dragged to {stop:g}", took, MOST_DRAG_S)
        page.wait_for_timeout(500)
    at_rest(page)
    talk.picture(page, "dragged")


def copied(talk: Talk, page: Page) -> None:
    """The link in a second browser: the same run of the sweep is shown."""
    other = elsewhere(talk, page)
    at_rest(other)
    talk.picture(other, "copied")
    other.context.close()


def elsewhere(talk: Talk, page: Page) -> Page:
    """The address of the explorer in a browser of its own, until it says and draws the same."""
    shown = ".shipdash-explorer[data-shown] [data-text=runTitle]"
    title = page.locator(shown).text_content().strip()
    other = talk.window()
    with talk.timed("The copied link in another browser"):
        other.goto(page.url, wait_until="commit")
        there(other, shown, title)
    return other
