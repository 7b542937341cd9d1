"""A chart that keeps zoom and hidden traces while its data grows. No figure is made here.

`st.plotly_chart` is mounted anew whenever its figure changes. This component stays and calls
``Plotly.react`` with the ranges and traces a viewer has chosen. The browser loads plotly.js once,
from `vendor` through this server and from no other. That copy has the chart types used
here and is a third of what the plotly package brings: a second less until a new browser's first
chart.
"""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from shipdash import __version__
from shipdash.config import RUN_ID
from shipdash.figures import Chart
from shipdash.ui import download
from shipdash.ui.component import DRAWING, component
from shipdash.ui.server import plotly_url

_mount = component("chart", *DRAWING, "chart_mount.js")
_preload = component("preload", "plotly.js", "preload.js")


def preload(*, later: bool = False) -> None:
    """Have the browser load plotly.js, which takes it a second, before there is a chart.

    With `later` it waits until it is idle. It tells the server nothing: an answer that comes while
    somebody leaves the page would end on a blank one.
    """
    with st.container(key="preload"):
        _preload(key="plotly_preload", data={"plotly": plotly_url(), "later": later})


def _subject() -> str:
    """What the page is about, as its address says: a zoom into one run means nothing in another."""
    return "&".join(f"{name}={st.query_params[name]}" for name in ("run", "failing", "sweep")
                    if name in st.query_params)


OF_ONE_RUN = ("Home", "Run", "Samples", "Evaluation", "Your data", "Label next")
"""Pages whose address names the run that their figures are of."""


def _told(note: str, origin: str) -> str:
    """What a downloaded picture says of itself: note, origin, the run in view, the version."""
    run = st.query_params.get("run", "")
    is_of_it = RUN_ID.fullmatch(run) and st.session_state.get("page_in_view") in OF_ONE_RUN
    parts = (note, origin, f"run {run}" if is_of_it else "", f"drawn by shipdash {__version__}")
    return " · ".join(part for part in parts if part)


def payload(chart: Chart, *, key: str, told: str = "", clicks: bool = False) -> dict[str, Any]:
    """What the browser needs to draw a figure."""
    return {"figure": json.loads(chart.figure.to_json()), "alt": chart.alt,
            "plotly": plotly_url(), "clicks": clicks, "name": key, "subject": _subject(),
            "title": chart.title, "origin": told}


def show(chart: Chart, *, key: str, note: str = "", origin: str = "", clicks: bool = False,
         heading: str = ""):
    """Title that states the finding, figure, note and the numbers to download; `clicked` of the
    answer is the customdata of a clicked point.

    `heading` is the title as markdown, where somebody's own words are in it (`words.plain`).
    `origin` says where the numbers come from on the downloaded picture, where `note` does not.
    """
    with st.container(key=f"card_{key}"):
        st.markdown(f"#### {heading or chart.title}")
        answer = _mount(data=payload(chart, key=key, told=_told(note, origin), clicks=clicks),
                        key=key, on_clicked_change=lambda: None)
        with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
            if note:
                st.caption(note, width="stretch")
            download.button("CSV", lambda: chart.table.to_csv(index=False), f"{key}.csv",
                            type="tertiary", key=f"csv_{key}", help="The numbers of this figure.")
    return answer
