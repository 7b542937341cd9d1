"""The server behind the pages: how it is found, what it adds to Streamlit's, what it gets ready."""

import asyncio
import gzip
import importlib
import re
from pathlib import Path

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from streamlit.web.server.app_discovery import discover_asgi_app

from shipdash.ui import frame, server

ROOT = Path(__file__).parents[1]


@pytest.fixture
def options(monkeypatch):
    """Streamlit's options, to be changed by a test."""
    found = {"server.headless": True, "browser.serverAddress": "localhost", "server.port": 8501,
             "server.address": "127.0.0.1", "server.baseUrlPath": "", "server.sslCertFile": None}
    monkeypatch.setattr(st, "get_option", found.__getitem__)
    return found


def test_streamlit_finds_the_server_in_the_first_page():
    """`streamlit run app.py` imports it, which draws nothing, and runs it for each visitor."""
    assert discover_asgi_app(ROOT / "app.py").import_string == "app:app"
    app = importlib.import_module("app").app
    assert app.script_path == Path("app.py")


def test_a_page_with_a_chart_also_loads_plotly():
    """The rest of it is what Streamlit sends; the pages are those of the navigation."""
    empty = (Path(st.__file__).parent / "static" / "index.html").read_text()
    before, after = empty.split("<head>")
    for with_plotly in (True, False):
        sent = server._empty_page(with_plotly)
        assert sent.startswith(before) and sent.endswith(after)
        assert "BACKEND_BASE_URL" in sent
        assert (f'plotly("{server.plotly_url()}");' in sent) == with_plotly
    assert set(server.CHARTS) < set(server.PAGES)
    assert {page.replace("_", " ") for page in server.PAGES} == {*frame.PAGES.values()} - {"Home"}


@pytest.mark.parametrize(("base", "below"), [("", ""), ("ships", "/ships"), ("/a/b/", "/a/b")])
def test_what_it_adds_lies_below_its_own_path(options, base, below):
    """As Streamlit's own routes do."""
    options["server.baseUrlPath"] = base
    paths = {route.path for route in server.routes()}
    assert paths == {f"{below}/{name}" for name in (f"vendor/{server.PLOTLY}", *server.PAGES)}
    assert server.plotly_url() == f"{below}/vendor/{server.PLOTLY}"
    assert server.address() == f"http://127.0.0.1:8501{below}"


def ask(path, accepts=""):
    """Status, headers and body of the server's answer; 202 where it is left to Streamlit."""
    async def streamlit(scope, receive, send):
        await PlainTextResponse("Streamlit's own", 202)(scope, receive, send)

    async def keep(message):
        sent.append(message)

    sent, app = [], Starlette(routes=[*server.routes(), Mount("/", streamlit)])
    asyncio.run(server.FromMemory(app)(
        {"type": "http", "method": "GET", "path": path, "query_string": b"", "root_path": "",
         "headers": [(b"accept-encoding", accepts.encode())]}, asyncio.Queue().get, keep))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(part.get("body", b"") for part in sent[1:])


def test_the_files_of_the_client_come_from_memory():
    """Whatever index.html asks for, as it is on the disk; everything else is for Streamlit."""
    folder = Path(st.__file__).parent / "static"
    asked = re.findall(r'"\./(static/[^"]+)"', (folder / "index.html").read_text())
    assert len(asked) > 50
    for name in asked:
        status, headers, body = ask(f"/{name}")
        assert status == 200 and body == (folder / name).read_bytes()
        assert "immutable" in headers["cache-control"]
        assert name[-2:] != "js" or headers["content-type"].startswith("text/javascript")
    for other in ("/", "/static/", "/static/none.js", "/static/../index.html", "/index.html"):
        assert ask(other)[0] == 202


def test_plotly_is_compressed_for_whoever_can_read_that():
    """The same file either way."""
    whole = (server.HERE / "vendor" / server.PLOTLY).read_bytes()
    for accepted, sent in (("gzip, br", "gzip"), ("identity", None)):
        _, headers, body = ask(server.plotly_url(), accepted)
        assert headers.get("content-encoding") == sent
        assert (gzip.decompress(body) if sent else body) == whole


@pytest.mark.parametrize(("named", "listening", "host"), [
    ("localhost", "127.0.0.1", "127.0.0.1"), ("localhost", "0.0.0.0", "localhost"),
    ("localhost", None, "localhost"), ("ships.example", "127.0.0.1", "ships.example")])
def test_a_person_is_sent_to_an_address_that_works(options, named, listening, host):
    """What a browser is told to open."""
    options |= {"browser.serverAddress": named, "server.address": listening}
    assert server.address() == f"http://{host}:8501"


@pytest.mark.parametrize("headless", [True, False])
def test_a_browser_is_opened_where_there_is_a_screen(options, monkeypatch, headless):
    """As `streamlit run` does for a script that holds no server."""
    opened = []
    monkeypatch.setattr(server.webbrowser, "open", opened.append)
    monkeypatch.setattr(server, "get_ready", lambda: None)
    options["server.headless"] = headless

    async def live():
        async with server.lifespan(None):
            await asyncio.sleep(0.1)

    asyncio.run(live())
    assert opened == ([] if headless else ["http://127.0.0.1:8501"])


def test_uvloop_comes_with_the_requirements():
    """Without it each small file that a browser asks for waits 40 ms."""
    assert re.search(r"^streamlit\[performance\]", (ROOT / "requirements.txt").read_text(), re.M)
