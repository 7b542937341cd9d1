"""Buttons that download a file, made once it is asked for; the page stays as it is."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from typing import Any

import streamlit as st


def button(label: str, content: str | bytes | Callable[[], str | bytes], file: str, *,
           key: str = "", **more: Any) -> None:
    """Streamlit's button with the kind of the file, by whose name it is keyed without a `key`."""
    st.download_button(label, content, file, mimetypes.guess_type(file)[0],
                       key=key or f"export_{file}", on_click="ignore",
                       icon=":material/download:", **more)
