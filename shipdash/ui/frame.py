"""Frame of every page: title, links, the runs there are and the one in view. Draws no chart."""

from __future__ import annotations

import contextlib
import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from PIL import Image

from shipdash import view_only
from shipdash.app_folder import app_folder
from shipdash.config import ALGORITHM, RUN_ID, ConfigError, preset_of
from shipdash.data.files import DataError
from shipdash.results import StoredRun
from shipdash.runs import Store, StoreError, device_probe
from shipdash.ui import address
from shipdash.ui.address import MOST_GUESS, guess
from shipdash.ui.overlay import data_url
from shipdash.ui.rename import rename
from shipdash.ui.stored import events, store_of
from shipdash.ui.words import command, duration, iou, plain, provenance, seeds

__all__ = ["StoreError", "command", "duration", "events", "guess", "iou", "preset_of", "provenance",
           "seeds", "store_of"]
"""Beside what is defined here: a run's events, and what pages say of a run in words."""

RECORDED = Path(__file__).parent.parent / "recorded"
"""A full-size run that came with the package: numbers only, read and never written."""

IDEA = """
A network that segments ships (here: faint ellipses in noise) is tested on training pairs (an
image and its mask), one after another. Every pair that it already predicts well is discarded.
Only the pairs on which it **fails** join the *core set*, and the network is trained on the core
set alone.
"""

PAGES = {
    "app.py": "Home",
    "pages/1_Generator.py": "Generator",
    "pages/2_Run.py": "Run",
    "pages/3_Samples.py": "Samples",
    "pages/4_Evaluation.py": "Evaluation",
    "pages/5_Threshold.py": "Threshold",
    "pages/6_Compare.py": "Compare",
    "pages/7_Your_data.py": "Your data",
    "pages/8_Label_next.py": "Label next",
}


Run = StoredRun


def name_of(run: Run) -> str:
    """One line that tells runs apart."""
    if run.config is None:
        return run.name
    when = run.created[:16].replace("T", " ")
    n_core = f" · {run.result.n_core:,} selected" if run.result else ""
    origin = "recorded · " if run.recorded else ""
    if run.result and run.result.algorithm != ALGORITHM:  # its pairs and network are others
        origin += f"version {run.result.version} · "
    return f"{origin}{run.name} · {run.state}{n_core} · {when}"


def page(title: str, lead: str = "", *, heading: str = "") -> None:
    """Set up the page and draw its links, heading (else the title) and lead."""
    st.set_page_config(f"{title} · shipdash", page_icon=_icon(), layout="wide")
    st.html(Path(__file__).parent / "frame.css")  # a .css file becomes a style element
    address.arrive(title)
    root = app_folder()
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="links"):
        for file, label in PAGES.items():
            if (root / file).exists():
                link(file, label, icon=None)
    st.title(heading or title)
    if lead:
        st.markdown(lead)


def link(file: str, label: str, *, icon: str | None = ":material/arrow_forward:",
         **more: str) -> None:
    """A link to a page that takes along what `address.carried` does; `more` goes into it."""
    st.page_link(file, label=label, icon=icon, query_params=address.carried(PAGES[file], **more))


@functools.cache
def _icon() -> str:
    """One orange pixel of nine, drawn here: a named icon would be fetched from the internet."""
    icon = Image.new("RGB", (3, 3), "#cbd5e1")
    icon.putpixel((1, 1), (0xE8, 0x59, 0x0C))
    return data_url(icon.resize((48, 48), Image.Resampling.NEAREST))


def own_store() -> Store:
    """Runs of this machine: $SHIPDASH_RUNS, else ./runs."""
    return Store()


def runs(*, arms: bool = False) -> list[Run]:
    """Every selection there is, newest first, the recorded ones last; with `arms` those as well.

    Control arms are runs too, but a list of them says nothing without their source. Of the
    recorded runs that of the compact network on the article's scene comes first: it is what pages
    show by default.
    """
    found = []
    for store in (own_store(), Store(RECORDED, recorded=True)):
        try:
            found += sorted(store.list(), key=lambda run: _rank(run) if run.recorded else 0)
        except (StoreError, OSError) as error:
            st.warning(f"The runs folder cannot be read: {error}")
    return [r for r in found if arms or not r.is_arm]


def _rank(run: Run) -> int:
    """Place among the recorded runs: the compact network on the scene, another network, samples."""
    if run.config is None or run.config.source.kind == "files":
        return 2
    return 0 if run.config.network.kind == "compact" else 1


def find(run_id: str, among: list[Run]) -> Run | None:
    """The run of that id, this machine's before the recorded one."""
    return next((run for run in among if run.run_id == run_id), None)


def in_view(usable: list[Run]) -> Run | None:
    """The run of the address, else the first, which the address then carries. None, and words,
    where there is none."""
    asked = st.query_params.get("run", "")
    run = find(asked, usable)
    if asked and run is None:
        tell_why_not(asked)
    if not usable:
        empty("No run to show yet.", "Start one on the Run page.")
    elif run is None:
        run = usable[0]
        st.query_params["run"] = run.run_id
    return run


def choose(among: list[Run], *, label: str = "Run", evaluated: bool = False) -> Run | None:
    """A box to choose the run in view, as `in_view` has it."""
    usable = [r for r in among if r.config and (r.result or not evaluated)]
    run = in_view(usable)
    if run is not None:
        names = {run_id: name_of(find(run_id, usable))
                 for run_id in dict.fromkeys(r.run_id for r in usable)}
        with st.container(horizontal=True, vertical_alignment="bottom", wrap=False):
            box(label, "run", names, forgets=["replay"])
            rename(run)
    return run


def box(label: str, name: str, words: Mapping[str, str], *, asked: str | None = None,
        default: str | None = None, forgets: Iterable[str] = (), **more: Any) -> str:
    """One of the options that `words` puts into words, carried by the address as `name`.

    `asked` is the one in the address, where that has another word for it; of the `default` the
    address says nothing. Another choice takes the parameters `forgets` out of the address; `more`
    is `st.selectbox`'s. Options of the same words are numbered from the last: of two entries alike,
    Streamlit lets only the last be chosen.
    """
    options, words = list(words), _told_apart(words)
    asked = st.query_params.get(name, "") if asked is None else asked
    chosen, key = asked if asked in words else options[0], f"box_{name}"
    st.session_state[key] = chosen
    st.selectbox(label, options, format_func=words.get, key=key, on_change=_chosen,
                 args=(name, key, default, forgets), **more)
    return chosen


def _chosen(name: str, key: str, default: str | None, forgets: Iterable[str]) -> None:
    address.drop(*forgets)
    chosen = st.session_state[key]
    address.put(name, None if chosen == default else chosen)


def _told_apart(words: Mapping[str, str]) -> dict[str, str]:
    n, seen, found = Counter(words.values()), Counter(), {}
    for key, text in reversed(words.items()):  # runs come newest first: a number stays its run's
        seen[text] += 1
        found[key] = f"{text} · {seen[text]} of {n[text]}" if n[text] > 1 else text
    return found


def tell_why_not(asked: str) -> None:
    """Why the run of the link cannot be shown here, and where to go instead."""
    run = find(asked, runs(arms=True)) if RUN_ID.fullmatch(asked) else None
    if not RUN_ID.fullmatch(asked):
        st.warning("This link has no valid run id (16 hexadecimal digits). Choose a run.")
    elif run is None:
        st.warning(f"There is no run {asked} on this machine. Choose another, or start a run on "
                   "the Run page.")
    elif run.config is None:
        st.error(f"Run {asked} cannot be read: {plain(run.reason)}. Choose another run.")
    elif run.is_arm:
        arm = run.config.arm
        st.info(f"Run {asked} is a control arm ({arm.kind}, {run.state}) of run {arm.source}. "
                "Its scores are on the Evaluation page of that run.")
        link("pages/4_Evaluation.py", "Open its evaluation", run=arm.source)
    else:
        st.info(f"Run {asked} is {run.state} and has no evaluation yet. Open it on the Run page.")


def tell_failed(run: Run) -> None:
    """That a finished run has no core set to speak of, where its pages show numbers of it."""
    if run.result.stalled:
        st.warning("**Training stalled in this run.** It did not test the whole pool, so its core "
                   "set is not a whole one.")
    elif run.result.symptom:
        st.warning(f"**This run did not learn, or far more slowly than usual.** "
                   f"{run.result.symptom} Its numbers are left out of all medians.")


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Around a page's body, or a part of it: a damaged file, or a data set that is gone, becomes a
    sentence; what is drawn already stays."""
    try:
        yield
    except (StoreError, ConfigError) as error:
        st.error(plain(str(error)))
    except DataError as error:
        st.error(plain(f"{str(error)[:1].upper()}{str(error)[1:]}."))


def empty(what: str, do: str) -> None:
    """Say what is missing and what to do about it, in a frame."""
    with st.container(border=True):
        st.markdown(f"**{what}** {do}")


def switch(label: str, options: Iterable[str], *, key: str, default: str | None = None,
           forgets: Iterable[str] = (), format_func: Callable[[str], str] = str,
           **more: Any) -> str:
    """One of a few options, carried by the address, also in its words; what is none of them
    (``?view=``) is the default.

    `default` is the first option where it is not given; another choice takes the parameters
    `forgets` out of the address; `more` is `st.segmented_control`'s. Not bound to the address by
    Streamlit, which takes a bound parameter out when the page is left: the browser's Back would
    find the page without it.
    """
    options = list(options)
    default = options[0] if default is None else default
    asked = st.query_params.get(key, "")
    chosen = next((option for option in options if asked in (option, format_func(option))), default)
    st.session_state[key] = chosen
    st.segmented_control(label, options, required=True, key=key, format_func=format_func,
                         on_change=_chosen, args=(key, key, default, forgets), **more)
    return chosen


def guess_box(label: str = "Your guess: how many are enough?") -> int | None:
    """The viewer's own guess; it travels in the address and is a line in every later curve.

    Not bound to the address by Streamlit, which drops a bound parameter on the way to another page.
    """
    st.number_input(label, 1, MOST_GUESS, value=None, step=50, placeholder="a number",
                    help="Enter it before you look; every curve shows it as a dotted line.",
                    **address.held("guess", guess()))
    return guess()


def device() -> dict[str, Any] | None:
    """What the probe process found; None while it has not answered, and where none is started."""
    if view_only.why_no_start():
        return None
    try:
        return device_probe.device_facts(own_store())
    except (StoreError, OSError, ConfigError):
        return None


def device_line() -> str:
    """The device in a few words."""
    if view_only.why_no_start():
        return "Device: none, because no run can be started here."
    facts = device()
    if not facts:
        return "Device: not known yet; TensorFlow is being asked."
    return "Device: " + " · ".join(str(facts[k]) for k in ("device", "machine") if facts.get(k))
