"""The server behind the pages: what it gets ready for the first visit, and plotly.js.

It draws nothing. Streamlit makes the server of the `streamlit.App` in ``app.py``, which adds the
routes here to Streamlit's own.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import mimetypes
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

HERE = Path(__file__).parent
PLOTLY = "plotly-cartesian.min.js"

FIRST = "shipdash.ui.home.page"
"""What most visitors come to first; other pages need little that it does not import."""

CHARTS = ("Run", "Evaluation", "Threshold", "Compare")
"""Pages that begin with a chart, by their name in the address."""


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Around the server's life. It gets ready before it answers: beside a thread that imports, it
    would hand out the hundred small files of a first visit one by one, slowly."""
    get_ready()
    if not st.get_option("server.headless"):  # `streamlit run` opens none for a streamlit.App
        threading.Thread(target=webbrowser.open, args=(address(),), daemon=True).start()
    yield


def get_ready() -> None:
    """Do what the first visitor would wait for, 0.5 s of processor time."""
    importlib.import_module(FIRST)  # pandas and plotly above all
    mimetypes.init()  # 20 ms, for the first page's icon
    inspect.stack()  # Streamlit asks once who called it: 50 ms where nobody has asked before


def routes() -> list[BaseRoute]:
    """Beside Streamlit's: plotly.js, and pages with a chart for whoever comes by a link."""
    return [Mount(_below("vendor"), StaticFiles(directory=HERE / "vendor")),
            *(Route(_below(page), _page_with_chart) for page in CHARTS)]


def plotly_url() -> str:
    """Where this server hands out plotly.js."""
    return _below(f"vendor/{PLOTLY}")


def address() -> str:
    """Where a person finds the dashboard, as Streamlit prints it.

    >>> address()
    'http://127.0.0.1:8501'
    """
    host, listening = st.get_option("browser.serverAddress"), st.get_option("server.address")
    if host == "localhost" and listening not in (None, "0.0.0.0", "::"):
        host = listening
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    return f"{scheme}://{host}:{st.get_option('server.port')}{_below('')}".rstrip("/")


def _below(path: str) -> str:
    """A path of this server; it may have a path of its own behind a proxy."""
    base = st.get_option("server.baseUrlPath").strip("/")
    return f"{'/' + base if base else ''}/{path}"


def _page_with_chart(_request: Request) -> HTMLResponse:
    return HTMLResponse(_with_plotly(), headers={"Cache-Control": "no-cache"})


@functools.cache
def _with_plotly() -> str:
    """Streamlit's empty page that also loads plotly.js: else that begins when the first chart is
    there to be drawn, and its 1.5 MB take 0.3 s."""
    # Streamlit's client else asks /Threshold whether it is the server's base path, then the server.
    base = 'window.__streamlit = { BACKEND_BASE_URL: new URL(".", location).href };'
    empty = (Path(st.__file__).parent / "static" / "index.html").read_text("utf-8")
    load = f"{(HERE / 'plotly.js').read_text('utf-8')}\nplotly({json.dumps(plotly_url())});"
    added = f'<script>{base}</script><script type="module" async>{load}</script>'
    return empty.replace("</head>", f"{added}</head>", 1)
