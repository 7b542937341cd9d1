"""Who marks: asked once, remembered by the browser, and never in the link, which others open."""

from __future__ import annotations

import streamlit as st

from shipdash import view_only
from shipdash.labelling.marks import is_name
from shipdash.ui.component import component
from shipdash.ui.words import plain

LONGEST = 64

_mount = component("who", "label_next/who.js")

READ_ONLY = ("Marks cannot be made or imported here, because this dashboard is read-only "
             "(SHIPDASH_READONLY=1).")


def why_not(name: str) -> str:
    """Why nobody can mark, in a sentence; empty where the person of that name can."""
    if view_only.is_read_only():
        return READ_ONLY
    return "" if name else "Enter your name above, then the buttons and keys work."


def ask() -> str:
    """The name of whoever sits there; empty, and a box, while it is not known."""
    if view_only.is_read_only():
        return ""
    name = st.session_state.get("marks_as", "")
    with st.container(key="who"):
        forget = not name and "marks_as" in st.session_state
        _mount(key="who_kept", data={"name": name, "forget": forget}, on_name_change=_remembered)
    _remembered()  # a server that was started anew is told of the name, but of no change
    name = st.session_state.get("marks_as", "")
    if not name:
        st.text_input("Your name, stored with each mark", key="marks_as_asked",
                      max_chars=LONGEST, on_change=_said, width=380,
                      placeholder="a name that your team knows",
                      help="One line that does not begin with =, +, - or @.")
        return ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"You are marking as **{plain(name)}**.", width="content")
        st.button("Change name", key="somebody_else", type="tertiary", on_click=_is, args=("",))
    return name


def _said() -> None:
    _is(st.session_state["marks_as_asked"].strip())


def _remembered() -> None:
    """The browser knows the name from an earlier visit."""
    name = (st.session_state.get("who_kept") or {}).get("name")
    if isinstance(name, str) and "marks_as" not in st.session_state:
        _is(name)


def _is(name: str) -> None:
    st.session_state["marks_as"] = name if is_name(name) else ""
