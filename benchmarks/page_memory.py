"""Time and memory of many small images: import, near duplicates, and their views on *Your data*.

    python -m benchmarks.page_memory 1000 10000 100000

makes the pictures of `importing`, imports them and searches them for near duplicates on the command
line, each in a process of its own, and opens the page's views in Chromium. Writes
``results/many-images.csv`` anew, a row as soon as a size is done. Linux only: memory is read from
/proc. Growth is the peak of resident memory above what the process had before: for the server,
before it has shown more than the sample in the package; for the others, once everything is
imported. Making the pictures is not measured.
"""

from __future__ import annotations

import csv
import datetime
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.child import measure
from benchmarks.importing import SIDE, status_mb, write_pictures
from benchmarks.server import server
from benchmarks.stored import RESULTS
from shipdash.data import files
from shipdash.data.stored_duplicates import near_duplicates
from shipdash.importing import ImportRequest, import_pairs
from shipdash.runs.machine import machine

VIEWS = {"Images": "view_images_s", "Near duplicates": "view_near_duplicates_s",
         "Selection": "view_selection_s"}
NAME = "many"


def main(sizes: list[int]) -> None:
    """One row of the table for each size."""
    rows: list[dict] = []
    for n in sizes:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            os.environ["SHIPDASH_DATA"], os.environ["SHIPDASH_STANDBY"] = f"{folder}/data", "0"
            write_pictures(Path(folder), n)
            steps = {step: measure("page_memory", f"--{step}", folder).found
                     for step in ("import", "near_duplicates")}
            rows.append({"images": n} | {f"{step}_{name}": value for step, found in steps.items()
                                         for name, value in found.items()}
                        | _look(f"{folder}/runs") | _where())
        _write(rows)
        print(json.dumps(rows[-1]), flush=True)


def measure_import(folder: str) -> dict[str, float]:
    """Import what `write_pictures` made."""
    request = ImportRequest(name=NAME, images=f"{folder}/images", labels=f"{folder}/masks",
                            rows=SIDE, cols=SIDE, group="folder")
    return _measured(lambda: import_pairs(request))


def measure_search(folder: str) -> dict[str, float]:
    """Search the imported pictures for near duplicates."""
    return _measured(lambda: near_duplicates(files.root() / NAME))


def _measured(work) -> dict[str, float]:
    before, began, cpu_began = status_mb("VmRSS"), time.perf_counter(), time.process_time()
    work()
    return {"s": time.perf_counter() - began, "cpu_s": time.process_time() - cpu_began,
            "growth_mb": status_mb("VmHWM") - before}


def _look(runs: str) -> dict[str, float]:
    """Seconds of each view, and how far the server grew above what it had before."""
    with server(runs) as (url, pid):
        for view in VIEWS:
            _seconds(url, "nuclei", view)
        before = status_mb("VmRSS", pid)
        seconds = {column: _seconds(url, NAME, view) for view, column in VIEWS.items()}
        return seconds | {"server_before_mb": before,
                          "server_growth_mb": status_mb("VmHWM", pid) - before}


def _seconds(url: str, name: str, view: str) -> float:
    """From the address to a page at rest."""
    path = f"{url}/Your_data?data={name}&data_view={view.replace(' ', '+')}"
    return measure("browser", "paint", path, "1").found["settled_s"][0]


def _where() -> dict[str, str | float]:
    """The machine, how many processes waited for it, and when."""
    return {"machine": machine(), "load": os.getloadavg()[1],
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")}


def _write(rows: list[dict]) -> None:
    with (RESULTS / "many-images.csv").open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: f"{value:.4g}" if isinstance(value, float) else value
                          for key, value in row.items()} for row in rows)


if __name__ == "__main__":
    if sys.argv[1] in ("--import", "--near_duplicates"):
        step = {"--import": measure_import, "--near_duplicates": measure_search}[sys.argv[1]]
        print(json.dumps(step(sys.argv[2])))
    else:
        main([int(word) for word in sys.argv[1:]])
