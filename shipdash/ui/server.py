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

from shipdash.ui import frame

HERE = Path(__file__).parent
PLOTLY = "plotly-cartesian.min.js"

FIRST = "shipdash.ui.home.page"
"""What most visitors come to first; other pages need little that it does not import."""

PAGES = tuple(Path(file).stem.split("_", 1)[1] for file in frame.PAGES if "/" in file)
"""All pages but Home, by their name in the address."""

CHARTS = ("Run", "Evaluation", "Threshold", "Compare")
"""Those of them that begin with a chart."""


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
    """Beside Streamlit's: plotly.js, and every page for whoever comes to it by a link."""
    return [Mount(_below("vendor"), StaticFiles(directory=HERE / "vendor")),
            *(Route(_below(page), _page) for page in PAGES)]


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


def _page(request: Request) -> HTMLResponse:
    name = request.url.path.rsplit("/", 1)[-1]
    return HTMLResponse(_empty_page(name in CHARTS), headers={"Cache-Control": "no-cache"})


@functools.cache
def _empty_page(with_plotly: bool) -> str:
    """What Streamlit sends, and the server's base path: else its client asks /Run whether it is
    one, two requests that miss. With plotly.js where a chart comes: else loading its 1.5 MB, 0.3 s,
    begins when the first chart is there to be drawn."""
    base = 'window.__streamlit = { BACKEND_BASE_URL: new URL(".", location).href };'
    added = f"<script>{base}</script>"
    if with_plotly:
        load = f"{(HERE / 'plotly.js').read_text('utf-8')}\nplotly({json.dumps(plotly_url())});"
        added += f'<script type="module" async>{load}</script>'
    empty = (Path(st.__file__).parent / "static" / "index.html").read_text("utf-8")
    return empty.replace("</head>", f"{added}</head>", 1)
