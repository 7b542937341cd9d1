"""The sample's run as a person starts it: from the click on *Your data* to its evaluation.

    python -m benchmarks.sample_run [--ready]

Starts the app on empty folders, opens the sample *Nuclei* in Chromium, clicks *Start the
selection*, follows the run to its end and opens its held-out scores. Python, TensorFlow and the
compiler start after the click; with ``--ready`` they may start while the page is looked at, as they
do unless SHIPDASH_STANDBY=0. Adds a row to ``results/sample-run.csv`` and prints it. Linux only:
the processor time of the worker is read from /proc. On a busy machine the elapsed time says little.
"""

from __future__ import annotations

import contextlib
import csv
import datetime
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, expect

from benchmarks.browser import chromium
from benchmarks.server import serving
from benchmarks.stored import RESULTS
from shipdash.records import RunState
from shipdash.results import StoredRun
from shipdash.runs import Store, warm_worker

TABLE = RESULTS / "sample-run.csv"
PATIENCE_S = 1_800
LOOK_MS = 200
ENDED = (RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED, RunState.LOST)


def main(is_ready: bool) -> None:
    """Click, wait, look, and keep what it took."""
    os.environ["SHIPDASH_STANDBY"] = "1" if is_ready else "0"
    with (tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, chromium() as browser):
        os.environ["SHIPDASH_DATA"] = f"{folder}/data"
        store = Store(f"{folder}/runs")
        with serving(str(store.root)) as url:
            page = browser.new_page()
            page.set_default_timeout(1000 * PATIENCE_S)
            page.goto(f"{url}/Your_data?data=nuclei&data_view=Selection")
            start = page.get_by_role("button", name="Start the selection")
            expect(start).to_be_visible(timeout=1000 * PATIENCE_S)
            if is_ready:
                _have_ready(page, store)
            keep(_clicked(page, store))


def _have_ready(page: Page, store: Store) -> None:
    """Wait until a network that fits stands by."""
    from shipdash.data.own_preset import own_config

    config = own_config("nuclei")
    while not warm_worker.is_ready(store, config):
        page.wait_for_timeout(LOOK_MS)


def _clicked(page: Page, store: Store) -> dict:
    began, load = time.perf_counter(), os.getloadavg()[0]
    page.get_by_role("button", name="Start the selection").click()
    cpu: dict[int, float] = {}
    run = None
    while run is None or run.state not in ENDED:
        page.wait_for_timeout(LOOK_MS)
        cpu |= dict(_processor_s(str(store.root)))
        run = next(iter(store.list()), None)
        if time.perf_counter() - began > PATIENCE_S:
            raise SystemExit(f"waited for the run for {PATIENCE_S} s")
    ended_s = time.perf_counter() - began
    if run.result is None or run.result.held_out is None:
        raise SystemExit(f"the run is {run.state}")
    page.get_by_role("link", name="How good is it?").click()
    expect(page.get_by_role("heading", name="below IoU")).to_be_visible(timeout=1000 * PATIENCE_S)
    return _row(run, time.perf_counter() - began, ended_s, sum(cpu.values()), load)


def _row(run: StoredRun, seen_s: float, ended_s: float, cpu_s: float, load: float) -> dict:
    """`load` is the machine's load average at the click, so before the run added to it."""
    result = run.result
    return {"evaluation_seen_s": round(seen_s, 1), "run_ended_s": round(ended_s, 1),
            "processor_s": round(cpu_s, 1), "prepared_s": result.prepared_s,
            "compile_s": result.phases["compile"], "select_s": result.phases["select"],
            "n_steps": result.n_backward // run.config.network.batch, "n_core": result.n_core,
            "n_set_aside": len(result.set_aside), "mean_iou": round(result.held_out.mean_iou, 4),
            "threads": result.threads, "machine": result.machine, "load": round(load, 1),
            "version": result.version,
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")}


def _processor_s(runs: str) -> Iterator[tuple[int, float]]:
    """Seconds of a core that each shipdash process on this runs folder has had, by process id."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # of another user, or gone
            asked = (folder / "cmdline").read_bytes().split(b"\0")
            if b"shipdash" in asked and f"SHIPDASH_RUNS={runs}".encode() in (
                    folder / "environ").read_bytes().split(b"\0"):
                words = (folder / "stat").read_text().rpartition(")")[2].split()
                ticks = int(words[11]) + int(words[12])  # in user and in kernel mode
                yield int(folder.name), ticks / os.sysconf("SC_CLK_TCK")


def keep(row: dict) -> None:
    """Add a row to the table."""
    is_new = not TABLE.exists()
    with TABLE.open("a", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(row), lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)
    print(row)


if __name__ == "__main__":
    main("--ready" in sys.argv[1:])
