"""What the address carries: the run in view, the guess, the settings of a form. Draws nothing.

The address is the one truth of a form: its boxes show what the address says, and a change is
written there. So a copied link shows the same form elsewhere. A link inside the app is made by
`carried`, which takes all of it along; what a form held is kept while other pages are looked at.
"""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from shipdash.ui.settings_in_address import names_of

MOST_GUESS = 10_000_000

OVERTAKEN_S = 2.0
"""How long after a box has been left a click may still come with the address of before: both are
sent at once, and the click does not wait for the address that the box gets."""

FORMS = ("Home", "Generator", "Run", "Compare")
"""Pages with settings in the address that are theirs alone."""

SETTINGS = ("reveal", "preset", "data", "runs",
            *names_of("scene", "planted", "network", "selection", "seeds", "evaluation"))
"""These settings, by the name that they have in the address."""


def guess() -> int | None:
    """The guess of the address, None where there is none."""
    text = str(st.query_params.get("guess", ""))
    value = int(text) if text.isdecimal() and len(text) < 9 else 0
    return value if 1 <= value <= MOST_GUESS else None


def link(key: str) -> str | None:
    """What ``bind`` a widget takes that holds a number: none where the address holds one that no
    widget can. Streamlit 1.67 makes a float of the text first, and infinity ends the script."""
    try:
        return "query-params" if math.isfinite(float(st.query_params.get(key, 0))) else None
    except ValueError:
        return "query-params"


def arrive(page: str) -> None:
    """On every full run of a page, before its links are drawn.

    Whoever comes by a link that says nothing of guess or form (a link of an earlier look, the
    browser's Back) finds them as they were left. On one page Back undoes a change of the form.
    """
    came = st.session_state.get("page_in_view") not in (None, page)
    st.session_state.update({"page_in_view": page, "has_come": came})
    if not came:  # whoever comes gets the whole form below, not only what was written last
        overtaken()
    _bring_back_guess()
    form = st.session_state.get(f"form_of_{page}")
    if came and form and not _settings():  # an update with nothing, too, becomes a visited address
        st.query_params.update(form)
    _keep()


def has_come() -> bool:
    """Whether the page is looked at for the first time since another one was."""
    return st.session_state.get("has_come", False)


def carried(page: str = "", **more: str) -> dict[str, str]:
    """Parameters of a link to a page of the app: the run in view, the guess and, for a page with
    a form, the form as it was left; `more` are added, or put in their place."""
    found = {"run": st.query_params["run"]} if "run" in st.query_params else {}
    return found | guessed() | st.session_state.get(f"form_of_{page}", {}) | more


def of_run(run_id: str) -> str:
    """The link to the Run page in a table: relative, so that it works below a base path too."""
    return f"Run?{urlencode(carried(run=run_id))}"


def guessed() -> dict[str, str]:
    """The guess alone, for a link that leaves the run in view behind."""
    return {} if guess() is None else {"guess": str(guess())}


def held(name: str, value: Any, default: Any = None, *, key: str = "") -> dict[str, Any]:
    """What a widget takes that shows `value` and is written into the address as `name`; see
    `write`. Its key is the name where there is no other."""
    key = key or name
    st.session_state[key] = value
    return {"key": key, "on_change": write, "args": (name, key, default)}


def write(name: str, key: str, default: Any) -> None:
    """Put what a box holds into the address; the default, or an emptied box, takes it out."""
    value = st.session_state[key]
    put(name, None if value is None or value == default else text_of(value))


def put(name: str, text: str | None) -> None:
    """Put a choice into the address, or take it out; see `OVERTAKEN_S`."""
    overtaken()
    if name != "guess":  # a click may come with the address of before the guess
        _bring_back_guess()
    page, now = st.session_state.get("page_in_view"), time.monotonic()
    written = st.session_state.setdefault("address_written", {})
    earlier = written.get(name)
    is_late = earlier is None or now - earlier.at >= OVERTAKEN_S
    before = (() if is_late else earlier.before) + (st.query_params.get(name),)
    written[name] = Written(text, before, page, now)
    _put(name, text)
    st.session_state["guess_kept"] = guess()
    if page in FORMS and name in SETTINGS:  # this one only: a link may have brought the address
        form = st.session_state.get(f"form_of_{page}", {})
        kept = {key: value for key, value in form.items() if key != name}
        st.session_state[f"form_of_{page}"] = kept if text is None else kept | {name: text}


class Written(NamedTuple):
    """What was put into the address for a name, and what stood there shortly before."""

    text: str | None
    before: tuple[str | None, ...]
    page: str | None
    at: float  # seconds of `time.monotonic`


def _bring_back_guess() -> None:
    """Into an address without one; an emptied box and *Hide the answer* have forgotten it."""
    kept = st.session_state.get("guess_kept")
    if guess() is None and kept is not None:
        st.query_params["guess"] = str(kept)


def _put(name: str, text: str | None) -> None:
    if text is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = text


def drop(*names: str) -> None:
    """Take parameters out of the address on purpose."""
    for name in names:
        st.query_params.pop(name, None)
        st.session_state.get("address_written", {}).pop(name, None)


def overtaken() -> None:
    """Put in again what a box has just written, where a click came with the address of before.

    At the start of a page and of a fragment with boxes. What the browser's Back or Forward, or a
    link that names something else, has brought is left as it is.
    """
    written = st.session_state.get("address_written", {})
    context = get_script_run_ctx()
    if context is not None and context.is_history_navigation:
        written.clear()
    page, now = st.session_state.get("page_in_view"), time.monotonic()
    for name, (text, before, where, at) in written.items():
        if where == page and now - at < OVERTAKEN_S and st.query_params.get(name) in before:
            _put(name, text)


def hide() -> None:
    """Take guess and answer back, for somebody who has not seen it yet."""
    drop("guess", "reveal")
    _keep()


def reset() -> None:
    """Take every setting but preset and data set out of the address: the form is theirs again."""
    _bring_back_guess()
    drop(*set(_settings()) - {"preset", "data"})
    _keep()


def holds_settings() -> bool:
    """Whether the address says anything of a form."""
    return bool(_settings())


def text_of(value: Any) -> str:
    """A setting as the address holds it; `config.parse_setting` reads it back.

    >>> text_of(0.1 + 0.2), text_of(True), text_of(("a", "b"))
    ('0.3', 'true', 'a,b')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.12g}"
    return ",".join(value) if isinstance(value, list | tuple) else str(value)


def _settings() -> dict[str, str]:
    return {name: st.query_params[name] for name in SETTINGS if name in st.query_params}


def _keep() -> None:
    """Remember guess and form; also from a fragment, which runs without its page."""
    st.session_state["guess_kept"] = guess()
    page = st.session_state.get("page_in_view")
    if page in FORMS:
        st.session_state[f"form_of_{page}"] = _settings()
