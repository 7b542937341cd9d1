"""Buttons that have something computed, what they say where nothing can be, where they lead."""

from __future__ import annotations

from typing import Any

import streamlit as st

from shipdash import view_only
from shipdash.config import RunConfig
from shipdash.runs import queue
from shipdash.ui import address, forms, frame


def button(label: str, *, disabled: bool = False, **more: Any) -> bool:
    """Streamlit's button; shut where no run can be started, with the reason as its tooltip."""
    why = view_only.why_no_start()
    if why:
        more["help"] = why
    return st.button(label, disabled=disabled or bool(why), **more)


def begin(config: RunConfig) -> None:
    """Queue a run and go to it; a refusal becomes a sentence."""
    open_run(forms.attempt(queue.submit, frame.own_store(), config))


def open_run(run_id: str | None, **more: str) -> None:
    """Go to the Run page with this run in view and its form folded; None: it was refused."""
    if run_id:
        st.session_state["new_run_unfolded"] = False
        st.switch_page("pages/2_Run.py", query_params=address.carried("Run", run=run_id, **more))


def tell() -> None:
    """The reason in words, below such buttons; nothing where runs can be started."""
    if why := view_only.why_no_start():
        st.caption(f":material/info: {why}")
