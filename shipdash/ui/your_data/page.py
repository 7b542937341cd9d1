"""The views of *Your data* by the name in their link. Each is drawn in a module of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import streamlit as st

from shipdash.data.files import DataError
from shipdash.ui import frame
from shipdash.ui.your_data import came_out, duplicates, imported, select

VIEWS = {"Images": imported.view, "Near duplicates": duplicates.view, "Selection": select.view,
         "What came out": came_out.view}
"""What the page shows of a data set."""


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Around a view: what cannot be read of a data set or a run becomes a sentence."""
    try:
        with frame.in_words():
            yield
    except DataError as error:
        st.error(f"{str(error)[:1].upper()}{str(error)[1:]}.")
