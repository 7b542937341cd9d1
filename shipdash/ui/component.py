"""Components of our own: their files, as the browser is handed them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent

DRAWING = ("elements.js", "plotly.js", "chart.js")
"""Scripts that draw and update figures, for a component with more around them to end with."""


def component(name: str, *scripts: str, css: str | None = None) -> Any:
    """What mounts a component made of files of this package; the last script exports what
    Streamlit calls.

    A component is handed to the browser as one module, which cannot import another.
    """
    return st.components.v2.component(
        f"shipdash.{name}", css=css and (HERE / css).read_text("utf-8"), isolate_styles=False,
        js="\n".join((HERE / file).read_text("utf-8") for file in scripts))
