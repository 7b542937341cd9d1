"""The dashboard's server: time to first paint of every page, and the weight of a live update.

The app runs as a person starts it, on a runs folder and port of its own; a real Chromium looks.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.child import ROOT, BenchError, measure
from benchmarks.report import Asked, Row, median
from shipdash import config as configs
from shipdash.config import RunConfig
from shipdash.runs import Store

N_EVENTS = 100_000
WATCH_S = 20  # some ten updates
PATIENCE_S = 1_800  # a run of 100,000 events on a busy machine


def rows(asked: Asked) -> list[Row]:
    """Every page of an empty runs folder, then the Run page during and after a long run."""
    config, visits = _long_run(N_EVENTS // 4 if asked.quick else N_EVENTS), max(3, asked.repeats)
    # The server may still be probing the device into that folder when we leave.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as runs, serving(runs) as url:
        found = _painted(url, {"first visit after the start": "", **pages()}, visits)
        path, store = f"Run?run={config.digest}", Store(runs)
        run_id, _ = store.create(config)
        with _worker(runs, run_id) as worker:
            _wait_for(lambda: store.n_bytes(run_id) > 100_000, "the run's first events")
            watched = measure("browser", "watch", f"{url}/{path}",
                              str(5 if asked.quick else WATCH_S)).found
            found += _updates(watched, still_running=worker.poll() is None)
            _wait_for(lambda: worker.poll() is not None, "the end of the run")
        n_events = len(store.events(run_id)[0])
        return found + _painted(url, {f"Run, a run of {n_events:,} events": path}, visits)


def _long_run(n_events: int) -> RunConfig:
    """A run that logs an event for nearly every pair: single predictions, known by heart."""
    return configs.compact().replace(**{
        "scene.size": 32, "scene.radius_min": 3.0, "scene.radius_max": 6.0,
        "planted.distinct": max(20, n_events // 200), "network.kind": "rote",
        "network.predict_batch": 1, "selection.n_pool": n_events, "evaluation.n_held_out": 0,
        "evaluation.reaudit": False,
    })


def pages() -> dict[str, str]:
    """Every page by its name in the address: ``1_Generator.py`` is ``/Generator``."""
    names = [re.sub(r"^\d+_", "", path.stem) for path in sorted((ROOT / "pages").glob("*.py"))]
    return {"Home": ""} | {name.replace("_", " "): name for name in names}


def _painted(url: str, paths: dict[str, str], visits: int) -> list[Row]:
    found = []
    for name, path in paths.items():
        n = 1 if name.startswith("first") else visits
        seen = measure("browser", "paint", f"{url}/{path}", str(n)).found
        found += [median(f"{name}: {what}", seen[key], "s") for what, key in (
            ("first paint", "paint_s"), ("its heading", "heading_s"), ("all of it", "settled_s"))]
    return found


def _updates(watched: dict, *, still_running: bool) -> list[Row]:
    """Bytes of a live update, and of what brings the page itself."""
    if not watched["update_bytes"]:
        raise BenchError("no live update was seen: the run ended before the page came up")
    note = "what the server sends over the websocket" + ("" if still_running else "; run ended")
    return [
        median("live update of the Run page", [n / 1e3 for n in watched["update_bytes"]], "kB",
               note),
        Row("live updates seen", len(watched["update_bytes"]), "",
            note=f"in {watched['watched_s']:.0f} s"),
        Row("the Run page when opened", watched["page_bytes"] / 1e3, "kB",
            note="websocket, up to the first live update"),
    ]


@contextlib.contextmanager
def serving(runs: str, *, python: str = sys.executable, checkout: Path = ROOT) -> Iterator[str]:
    """The address of a server on a runs folder, for as long as the block lasts."""
    with server(runs, python=python, checkout=checkout) as (url, _):
        yield url


@contextlib.contextmanager
def server(runs: str, *, python: str = sys.executable,
           checkout: Path = ROOT) -> Iterator[tuple[str, int]]:
    """The same with the server's process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [python, "-m", "streamlit", "run", "app.py", "--server.port", str(port),
               "--server.headless", "true"]
    with subprocess.Popen(command, cwd=checkout, env={**os.environ, "SHIPDASH_RUNS": runs},
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(lambda: _answers(f"{url}/_stcore/health"), "the app")
            yield url, process.pid
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError):
        urllib.request.urlopen(url, timeout=1).read()
        return True
    return False


@contextlib.contextmanager
def _worker(runs: str, run_id: str) -> Iterator[subprocess.Popen]:
    """The run's worker, as the queue starts it."""
    command = [sys.executable, "-m", "shipdash", "work", run_id]
    with Path(runs, "worker.log").open("wb") as log, subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "SHIPDASH_RUNS": runs},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log) as worker:
        try:
            yield worker
        finally:
            worker.terminate()


def _wait_for(holds, what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > until:
            raise BenchError(f"waited for {what} for {PATIENCE_S} s")
        time.sleep(0.1)
