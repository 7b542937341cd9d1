"""The way into the projector layout and out of it. What it shows is in `projector`."""

from __future__ import annotations

import streamlit as st


def is_asked() -> bool:
    """Whether the link asks for the projector layout (``present=1``)."""
    return st.query_params.get("present") == "1"


def button() -> None:
    """Into the projector layout, or out of it."""
    if is_asked():
        st.button("Leave (Esc)", key="leave", icon=":material/close_fullscreen:", on_click=leave)
    else:
        st.button("Present", key="present", icon=":material/open_in_full:",
                  on_click=st.query_params.update, args=({"present": "1"},),
                  help="Fills the window with curve, pick and probe pairs, for a projector. "
                       "The L key switches to logarithmic axes; Esc leaves.")


def leave() -> None:
    """Back to the page as it was."""
    st.query_params.pop("present", None)
