"""The click chains of the demonstration in Chromium: a guess and every way on, a scene and back."""

import re
import threading

import pytest
from browsing import SOON_MS, App, open_page, settle, wait_until
from playwright.sync_api import Page, expect
from recorded_run import N_CORE

from shipdash.config import quick
from shipdash.records import RunState
from shipdash.runs import Store

pytestmark = pytest.mark.browser

OTHERS = ["Generator", "Run", "Samples", "Evaluation", "Threshold", "Compare"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One server; its queue is held by the test, so that no run ever starts TensorFlow."""
    runs = tmp_path_factory.mktemp("shared") / "runs"
    with Store(runs).queue_lock():
        running = App(runs)
        yield running
        running.stop()


@pytest.fixture
def home(shared, browser):
    """The first page; at the end nothing was wrong on any page that was visited."""
    problems: list[str] = []
    page = open_page(browser, shared.url, problems)
    settle(page)
    yield page
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.context.close()
    assert problems == []


def say(page: Page, guess: int) -> None:
    """Type a guess and press Enter."""
    box = page.get_by_role("spinbutton", name=re.compile("Your guess"))
    box.fill(str(guess))
    box.press("Enter")
    expect(page).to_have_url(re.compile(rf"guess={guess}\b"), timeout=SOON_MS)


def link(page: Page, name: str):
    """A link of the navigation."""
    return page.locator(".st-key-links a").filter(has_text=name)


def guessed(page: Page, name: str, guess: int) -> None:
    """The page of that name has come up whole, and holds the guess."""
    title = "How many training pairs are enough?" if name == "Home" else name
    expect(page.get_by_role("heading", level=1)).to_have_text(title, timeout=SOON_MS)
    settle(page)
    expect(page).to_have_url(re.compile(rf"guess={guess}\b"), timeout=SOON_MS)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def answer(page: Page):
    """The title of the replay, which ends as the answer to the guess."""
    return page.locator("[data-testid=home_reveal] .title")


def at_the_end(page: Page) -> None:
    """The replay has played its ten seconds, by a key instead of by waiting."""
    page.get_by_role("slider", name="Time in the run").press("End")


def test_the_answer_comes_with_the_guess(home):
    """Nothing of it before; with the guess a replay, which says both numbers only when it has
    ended; *Hide the answer* takes it back."""
    pictures = home.locator(".shipdash-stage, .shipdash-chart, [data-testid=stImage]")
    expect(pictures).to_have_count(0)
    say(home, 500)
    title = answer(home)
    expect(title).to_contain_text("Replay: ", timeout=SOON_MS)
    expect(title).to_have_text(f"You said 500. It kept {N_CORE}.", timeout=SOON_MS)
    lines = home.locator("[data-testid=home_reveal] .plot").evaluate(
        "chart => chart._fullData.map(trace => trace.name)")
    assert {"your guess: 500", "selected"} <= set(lines)
    home.get_by_role("button", name="Hide the answer").click()
    expect(home.get_by_role("button", name="Show me")).to_be_visible(timeout=SOON_MS)
    expect(pictures).to_have_count(0)
    assert "guess" not in home.url


def test_a_guess_is_taken_by_show_me(home):
    """Typed and not confirmed: the click confirms it."""
    home.get_by_role("spinbutton", name=re.compile("Your guess")).fill("700")
    home.get_by_role("button", name="Show me").click()
    at_the_end(home)
    expect(answer(home)).to_have_text(f"You said 700. It kept {N_CORE}.", timeout=SOON_MS)


def test_start_by_keyboard_alone_is_possible(shared, home):
    """Enter on the focused button starts a run and shows it."""
    home.get_by_role("button", name="Start the experiment").focus()
    home.keyboard.press("Enter")
    expect(home).to_have_url(re.compile(rf"/Run\b.*run={quick().digest}"), timeout=SOON_MS)
    store = Store(shared.runs)
    assert store.status(quick().digest).state == RunState.QUEUED
    store.set_status(quick().digest, RunState.CANCELLED)
    store.delete(quick().digest)  # the next test starts it, too


@pytest.mark.parametrize(("role", "words", "title"), [
    ("link", "Browse the pairs it kept", "Samples"), ("link", "How good is it?", "Evaluation"),
    ("button", "Start the experiment", "Run"),
])
def test_a_guess_goes_along_with_each_way_on(shared, home, role, words, title):
    """And comes back with the browser's Back."""
    say(home, 300)
    home.get_by_role(role, name=words).click()
    guessed(home, title, 300)
    if title == "Run":
        asked = quick().digest
        expect(home).to_have_url(re.compile(f"run={asked}"), timeout=SOON_MS)
        assert Store(shared.runs).status(asked).state == RunState.QUEUED
    home.go_back()
    guessed(home, "Home", 300)


def test_a_guess_goes_along_with_every_link_of_the_navigation(home):
    """From Home to each page in turn and back, and to a page by an address of before the guess."""
    say(home, 300)
    for name in OTHERS:
        link(home, name).click()
        guessed(home, name, 300)
    link(home, "Home").click()
    guessed(home, "Home", 300)
    at_the_end(home)
    expect(answer(home)).to_have_text(f"You said 300. It kept {N_CORE}.", timeout=SOON_MS)


def test_whoever_leaves_at_once_finds_a_page(shared, browser):
    """Home says nothing more while the next page is on its way: Streamlit would take it for a wish
    to stay, and show neither. Charts and server are held back to leave it the time."""
    charts, late = [], []
    home = open_page(browser, "about:blank", [])
    home.route("**/vendor/plotly*", lambda route: charts.append(route))

    def relay(client):
        server = client.connect_to_server()
        server.on_message(lambda m: late.append(m) if leaving.is_set() else client.send(m))
        late.append(client)

    leaving = threading.Event()
    home.route_web_socket("**/_stcore/stream", relay)
    home.goto(shared.url)
    settle(home)
    wait_until(home, lambda: charts)
    leaving.set()
    link(home, "Compare").click()
    for route in charts:
        route.continue_()
    home.wait_for_timeout(3_000)
    leaving.clear()
    client, *messages = late
    for message in messages:
        client.send(message)
    expect(home.get_by_role("heading", level=1)).to_have_text("Compare", timeout=SOON_MS)
    home.wait_for_timeout(1_000)
    expect(link(home, "Run")).to_be_visible(timeout=5_000)
    home.context.close()


def test_back_to_an_address_of_before_the_guess_keeps_the_guess(home):
    """And Back again leaves the page: it is no trap."""
    link(home, "Compare").click()
    expect(home).to_have_url(re.compile("/Compare"), timeout=SOON_MS)
    settle(home)
    link(home, "Run").click()
    expect(home).to_have_url(re.compile("/Run"), timeout=SOON_MS)
    settle(home)
    say(home, 300)
    until = 6  # a run in view and a guess are entries of the history, too
    while "/Run" in home.url and (until := until - 1):
        home.go_back()
        home.wait_for_timeout(1_500)
    guessed(home, "Compare", 300)
    home.go_back()
    home.wait_for_timeout(1_500)
    if "/Compare" in home.url:  # Streamlit can write the run of the next page before its path
        home.go_back()
    guessed(home, "Home", 300)


def test_back_over_threshold_ends_at_home(home):
    """The sweep that Threshold puts into its address traps nobody, and stays there."""
    say(home, 300)
    for name in ("Threshold", "Compare"):
        link(home, name).click()
        guessed(home, name, 300)
    home.go_back()
    guessed(home, "Threshold", 300)
    until = 4  # the address without its sweep, and with it, are two entries of the history
    while "/Threshold" in home.url and (until := until - 1):
        home.go_back()
        home.wait_for_timeout(1_500)
    guessed(home, "Home", 300)
    home.wait_for_timeout(1_500)  # longer than a late answer of the page that was left
    assert "/Threshold" not in home.url and "sweep" not in home.url


def test_a_scene_is_run_and_found_again(app, browser):
    """Generator, Run, Start, another browser, Back: the scene is the same all the way.

    Back undoes the choices on Run one at a time, so the form comes back as the Generator sent it.
    """
    problems: list[str] = []
    page = open_page(browser, f"{app.url}/Generator?scene.size=32&scene.radius_min=2&"
                     "scene.radius_max=5&guess=300", problems)
    settle(page)
    contrast = page.get_by_role("slider", name="Contrast")
    contrast.focus()
    contrast.press("ArrowLeft")
    expect(page).to_have_url(re.compile(r"scene\.contrast=0\.24"), timeout=SOON_MS)
    page.get_by_role("button", name="Run this scene").click()
    guessed(page, "Run", 300)
    page.get_by_text("More settings: scene, network").click()
    expect(page.get_by_role("spinbutton", name="Contrast")).to_have_value("0.24")
    network = page.get_by_role("combobox", name=re.compile("Network"))
    network.scroll_into_view_if_needed()  # a page that scrolls closes an open list
    settle(page)
    network.click(delay=120)  # pressed as long as a person does: until the page has come to rest
    page.get_by_role("option", name="rote").click()
    expect(page).to_have_url(re.compile(r"network\.kind=rote"), timeout=SOON_MS)
    settle(page)
    copied = page.url
    page.get_by_role("button", name="Start", exact=True).click()
    wait_until(page, lambda: Store(app.runs).list())  # until now the recorded run was in view
    expect(page).to_have_url(re.compile(rf"run={Store(app.runs).list()[0].run_id}"),
                             timeout=SOON_MS)
    expect(page.locator("[data-testid=selection] .main-svg").first).to_be_visible(timeout=SOON_MS)
    (run,) = Store(app.runs).list()
    assert (run.config.scene.size, run.config.scene.contrast) == (32, 0.24)
    assert run.config.selection == quick().selection

    other = open_page(browser, copied, problems)
    settle(other)
    other.get_by_text("More settings: scene, network").click()
    expect(other.get_by_role("spinbutton", name="Contrast")).to_have_value("0.24")
    expect(other.get_by_text("This run: quick, image size 32 px")).to_be_visible()
    see = other.get_by_role("link", name="See this scene")
    see.click()
    guessed(other, "Generator", 300)
    expect(other).to_have_url(re.compile(r"scene\.contrast=0\.24"), timeout=SOON_MS)

    until = 8
    while "/Run" in page.url and (until := until - 1):
        page.go_back()
        page.wait_for_timeout(1_500)
    guessed(page, "Generator", 300)
    assert "scene.contrast=0.24" in page.url
    link(page, "Run").click()
    guessed(page, "Run", 300)
    assert "scene.contrast=0.24" in page.url
    assert problems == []


NAME = "*After* <b>lunch</b> :red[x]"


def test_a_name_with_markdown_in_it_is_shown_as_it_was_typed(shared, browser):
    """In the list of runs, as soon as it was confirmed."""
    store = Store(shared.runs)
    run_id, _ = store.create(quick().replace(**{"network.kind": "rote"}))
    store.set_status(run_id, RunState.CANCELLED)
    page = open_page(browser, f"{shared.url}/Run?run={run_id}", [])
    settle(page)
    page.get_by_role("button", name="Rename").click()
    box = page.get_by_role("textbox", name="Name of this run")
    box.fill(NAME)
    box.press("Enter")
    chosen = page.get_by_role("combobox", name="Run", exact=True)
    expect(chosen).to_have_value(re.compile(f"^{re.escape(NAME)}"), timeout=SOON_MS)
    assert store.info(run_id).given_name == NAME
    page.context.close()
