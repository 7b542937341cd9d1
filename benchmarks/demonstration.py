"""The ten minutes in front of colleagues in Chromium: every wait, and a picture of each step.

    python -m benchmarks.demonstration PICTURES_FOLDER [--themes light,dark] [--sizes 1440x900,...]

Starts the app on an empty runs folder, goes through `ten_minutes` once, and takes a picture of each
step in every theme and size. Writes `results/demonstration.csv`, one row a wait, and ends with an
error where the page or the console told one, or where a wait outside training took too long.
Needs requirements-dev.txt and Debian's Chromium.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.browser import chromium
from benchmarks.server import serving
from benchmarks.ten_minutes import Talk, Wait, drive
from shipdash.runs import Store

TABLE = Path(__file__).parent / "results" / "demonstration.csv"
REDRAW_MS = 1_500  # another theme or size: the charts are drawn again


def main() -> None:
    """Drive it, write the table, and say what was not as it should be."""
    asked = _asked()
    asked.folder.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []
    looks = [(theme, tuple(map(int, size.split("x")))) for theme in asked.themes.split(",")
             for size in asked.sizes.split(",")]
    with (tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as runs, serving(runs) as url,
          chromium() as browser):
        camera = Camera(asked.folder, looks)
        talk = Talk(browser=browser, url=url, store=Store(runs), picture=camera.take,
                    problems=problems)
        try:
            drive(talk)
        finally:
            write(talk.waits, TABLE)
    slow = [wait for wait in talk.waits if wait.is_too_long]
    problems += [f"{wait.what}: {wait.seconds:.2f} s, at most {wait.at_most:g} s" for wait in slow]
    if problems:
        raise SystemExit("\n".join(problems))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--themes", default="light,dark")
    parser.add_argument("--sizes", default="1440x900,1920x1080")
    return parser.parse_args()


class Camera:
    """Takes a picture of a page in every theme and size, and puts the page back as it was."""

    def __init__(self, folder: Path, looks: list[tuple[str, tuple[int, int]]]) -> None:
        self.folder, self.looks, self.n = folder, looks, 0

    def take(self, page: Page, step: str) -> None:
        """Numbered in the order of the steps: ``03-reveal-dark-1440.png``."""
        self.n += 1
        before = page.viewport_size
        for theme, (width, height) in self.looks:
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(REDRAW_MS)
            page.screenshot(path=self.folder / f"{self.n:02}-{step}-{theme}-{width}.png")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(before)


def write(waits: list[Wait], path: Path) -> None:
    """The table; `load` is the number of processes that wanted a processor at that moment."""
    with path.open("w", newline="") as out:
        table = csv.writer(out)
        table.writerow(["step", "waited_s", "at_most_s", "load", "processors"])
        for wait in waits:
            table.writerow([wait.what, f"{wait.seconds:.3f}",
                            "" if wait.at_most is None else f"{wait.at_most:g}",
                            f"{wait.load:.1f}", os.cpu_count()])


if __name__ == "__main__":
    main()
