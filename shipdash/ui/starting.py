"""Buttons that have something computed, and what they say where nothing can be."""

from __future__ import annotations

from typing import Any

import streamlit as st

from shipdash import view_only


def button(label: str, *, disabled: bool = False, **more: Any) -> bool:
    """Streamlit's button; shut where no run can be started, with the reason as its tooltip."""
    why = view_only.why_no_start()
    if why:
        more["help"] = why
    return st.button(label, disabled=disabled or bool(why), **more)


def tell() -> None:
    """The reason in words, below such buttons; nothing where runs can be started."""
    if why := view_only.why_no_start():
        st.caption(f":material/info: {why}")
