"""The server behind the pages: what it has ready before the first visit, what it tells a browser.

It draws nothing. Streamlit makes the server of the `streamlit.App` in ``app.py``.
"""

from __future__ import annotations

import importlib
import inspect
import mimetypes
import pkgutil
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st

from shipdash import ui

FIRST = "shipdash.ui.home.page"
"""Imported before the others: most visitors come here first."""


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Around the server's life, from when it listens; it answers while it gets ready."""
    threading.Thread(target=get_ready, daemon=True).start()
    if not st.get_option("server.headless"):  # `streamlit run` opens none for a streamlit.App
        threading.Thread(target=webbrowser.open, args=(address(),), daemon=True).start()
    yield


def get_ready() -> None:
    """Do what the first visitor would wait for, 0.7 s of processor time: above all, imports."""
    for name in (FIRST, *(part.name for part in pkgutil.walk_packages(ui.__path__, "shipdash.ui."))):
        importlib.import_module(name)
    mimetypes.init()  # 20 ms, at the first page's icon
    inspect.stack()  # Streamlit asks once who called it, which takes 50 ms if nobody has asked before


def address() -> str:
    """Where a person finds the dashboard, as Streamlit prints it.

    >>> address()
    'http://127.0.0.1:8501'
    """
    host, listening = st.get_option("browser.serverAddress"), st.get_option("server.address")
    if host == "localhost" and listening not in (None, "0.0.0.0", "::"):
        host = listening
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    path = st.get_option("server.baseUrlPath").strip("/")
    return f"{scheme}://{host}:{st.get_option('server.port')}/{path}".rstrip("/")
