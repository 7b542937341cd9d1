"""Home on a server just started, and a copied link in a second browser: the waits of a first visit.

    python -m benchmarks.first_contact [--times 5] [--against CHECKOUT [--python PYTHON]]

Both are measured as `benchmarks.demonstration` measures them, each time with a new server and with
browsers that have loaded nothing before. Another checkout is measured in turn with this one, with
its own interpreter if its requirements are others. Prints every wait and the medians. Needs
requirements-dev.txt and Debian's Chromium.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.browser import chromium
from benchmarks.child import ROOT
from benchmarks.server import serving
from benchmarks.ten_minutes import Talk, Wait, elsewhere, go, home, seen
from shipdash.runs import Store


def main() -> None:
    """Every wait as it comes, then the medians."""
    asked = _asked()
    sides = {"here": (sys.executable, ROOT)}
    if asked.against:
        sides = {"against": (asked.python, asked.against), **sides}
    waits: dict[tuple[str, str], list[float]] = {}
    with chromium() as browser:
        for _ in range(asked.times):
            for side, (python, checkout) in sides.items():
                for wait in first_contact(browser, python, checkout):
                    waits.setdefault((wait.what, side), []).append(wait.seconds)
                    print(f"{wait.what}, {side}: {wait.seconds:.2f} s, load {wait.load:.1f}",
                          flush=True)
    for (what, side), seconds in sorted(waits.items()):
        print(f"median of {len(seconds)}: {what}, {side}: {statistics.median(seconds):.2f} s")


def first_contact(browser: Browser, python: str, checkout: Path) -> list[Wait]:
    """Both waits on one new server; what a page or its console says of an error is printed."""
    with (tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as runs,
          serving(runs, python=python, checkout=checkout) as url):
        talk = Talk(browser=browser, url=url, store=Store(runs), picture=lambda *_: None,
                    problems=[])
        page = home(talk)
        go(page, "Threshold")
        seen(page.locator(".shipdash-explorer[data-shown]"))
        other = elsewhere(talk, page)
        for each in (page, other):
            each.context.close()
    for problem in talk.problems:
        print(problem, flush=True)
    return talk.waits


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--python", default=sys.executable)
    return parser.parse_args()


if __name__ == "__main__":
    main()
