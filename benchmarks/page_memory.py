"""How much the dashboard's server grows when *Your data* shows a large import.

    python -m benchmarks.page_memory 1000 10000 100000

makes and imports the pictures of `importing`, searches them for near duplicates on the command
line, and opens the page's views in Chromium. Prints Markdown rows. Linux only: memory is read from
/proc. *Before* is the server after it has shown the sample in the package, so what Python and the
browser's first visit need is not counted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.child import ROOT, measure
from benchmarks.importing import SIDE, status_mb, write_pictures
from benchmarks.server import server

VIEWS = ("Images", "Near duplicates", "Selection")


def main(sizes: list[int]) -> None:
    """One line of a table for each size."""
    print(f"| images | before, MB | growth at the peak, MB | {' | '.join(f'{v}, s' for v in VIEWS)}"
          f" |\n|{'---:|' * (3 + len(VIEWS))}", flush=True)
    for n in sizes:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            os.environ["SHIPDASH_DATA"], os.environ["SHIPDASH_STANDBY"] = f"{folder}/data", "0"
            _make(Path(folder), n)
            before, after, seconds = _look(f"{folder}/runs")
            print(f"| {n:,} | {before:.0f} | {after - before:.0f} | "
                  f"{' | '.join(f'{s:.1f}' for s in seconds)} |", flush=True)


def _make(folder: Path, n: int) -> None:
    write_pictures(folder, n)
    for words in (["add", "many", "--images", f"{folder}/images", "--masks", f"{folder}/masks",
                   "--size", f"{SIDE}x{SIDE}", "--group", "folder"], ["leaks", "many"]):
        subprocess.run([sys.executable, "-m", "shipdash", "data", *words], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)


def _look(runs: str) -> tuple[float, float, list[float]]:
    """Resident memory before the data set is shown, at the peak, and the seconds of each view."""
    with server(runs) as (url, pid):
        for view in VIEWS:
            _seconds(url, "nuclei", view)
        before = status_mb("VmRSS", pid)
        seconds = [_seconds(url, "many", view) for view in VIEWS]
        return before, status_mb("VmHWM", pid), seconds


def _seconds(url: str, name: str, view: str) -> float:
    """From the address to a page at rest."""
    path = f"{url}/Your_data?data={name}&data_view={view.replace(' ', '+')}"
    return measure("browser", "paint", path, "1").found["settled_s"][0]


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]])
