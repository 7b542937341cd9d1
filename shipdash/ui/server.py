"""The server behind the pages: what it gets ready for the first visit, and what it keeps in memory
for every one, the files of Streamlit's client and plotly.js.

It draws nothing. Streamlit makes the server of the `streamlit.App` in ``app.py``, which adds the
routes here to Streamlit's own.
"""

from __future__ import annotations

import functools
import gzip
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
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shipdash.ui import frame

HERE = Path(__file__).parent
PLOTLY = "plotly-basic-4.1.1.min.js"
STREAMLIT = Path(st.__file__).parent / "static"
FOREVER = {"Cache-Control": "public, immutable, max-age=31536000"}
"""For files whose name changes with what is in them."""

KINDS = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}
"""Said here, since what a system has registered may be another kind, which browsers refuse."""

FIRST = "shipdash.ui.home.page"
"""What most visitors come to first; other pages need little that it does not import."""

PAGES = tuple(Path(file).stem.split("_", 1)[1] for file in frame.PAGES if "/" in file)
"""All pages but Home, by their name in the address."""

CHARTS = ("Run", "Evaluation", "Threshold", "Compare")
"""Those of them that begin with a chart."""


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Around the server's life. It gets ready before it answers: beside a thread that imports, it
    would hand out the many small files of a first visit one by one, slowly."""
    get_ready()
    if not st.get_option("server.headless"):  # `streamlit run` opens none for a streamlit.App
        threading.Thread(target=webbrowser.open, args=(address(),), daemon=True).start()
    yield


def get_ready() -> None:
    """Do what the first visitor would wait for, 0.5 s of processor time."""
    importlib.import_module(FIRST)  # pandas and plotly above all
    inspect.stack()  # Streamlit asks once who called it: 50 ms where nobody has asked before
    _compressed_plotly()


def routes() -> list[BaseRoute]:
    """Beside Streamlit's: plotly.js, and every page for whoever comes to it by a link."""
    return [Route(_below(f"vendor/{PLOTLY}"), _plotly),
            *(Route(_below(page), _page) for page in PAGES)]


def middleware() -> list[Middleware]:
    """Around Streamlit's own."""
    return [Middleware(FromMemory)]


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


class FromMemory:
    """The scripts, styles and fonts of Streamlit's client, around the app. A first visit asks for
    160 of them, and Streamlit opens each anew: 1.4 ms a file, while it should be making the page.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a GET of a file that is there; everything else is for Streamlit."""
        held = None
        if scope["type"] == "http" and scope["method"] == "GET":
            held = _client_files().get(scope["path"])
        await (self.app if held is None else _held(held))(scope, receive, send)


@functools.cache
def _client_files() -> dict[str, Path]:
    """Those files, by their path on this server."""
    return {_below(file.relative_to(STREAMLIT).as_posix()): file
            for file in (STREAMLIT / "static").rglob("*") if file.is_file()}


@functools.cache
def _held(file: Path) -> Response:
    """A file whose name has a digest, as a response that can be sent again and again."""
    kind = KINDS.get(file.suffix) or mimetypes.guess_type(file.name)[0]
    return Response(file.read_bytes(), media_type=kind or "application/octet-stream",
                    headers=FOREVER)


async def _plotly(request: Request) -> Response:
    """Compressed once: at every visit it would hold up all other requests for 50 ms."""
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return _compressed_plotly()
    return FileResponse(HERE / "vendor" / PLOTLY, media_type=KINDS[".js"],
                        headers={**FOREVER, "Vary": "Accept-Encoding"})


@functools.cache
def _compressed_plotly() -> Response:
    content = gzip.compress((HERE / "vendor" / PLOTLY).read_bytes())
    return Response(content, media_type=KINDS[".js"],
                    headers={**FOREVER, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"})


def _page(request: Request) -> HTMLResponse:
    name = request.url.path.rsplit("/", 1)[-1]
    return HTMLResponse(_empty_page(name in CHARTS), headers={"Cache-Control": "no-cache"})


@functools.cache
def _empty_page(with_plotly: bool) -> str:
    """What Streamlit sends, and the server's base path: else its client asks /Run whether it is
    one, two requests that miss. With plotly.js where a chart comes: first of all, so that its
    1.2 MB are read, 0.2 s, while the client's own files arrive."""
    added = 'window.__streamlit = { BACKEND_BASE_URL: new URL(".", location).href };'
    if with_plotly:
        load = (HERE / "plotly.js").read_text("utf-8")
        added += f"(() => {{\n{load}\nplotly({json.dumps(plotly_url())});\n}})();"
    empty = (STREAMLIT / "index.html").read_text("utf-8")
    return empty.replace("<head>", f"<head><script>{added}</script>", 1)
