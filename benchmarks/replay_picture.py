"""The moving picture of the README: a replay, photographed in Chromium moment by moment.

    python -m benchmarks.replay_picture RUN_ID --runs runs

It seeks instead of playing, so that a slow machine gives the same picture as a fast one.
"""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks.child import ROOT
from benchmarks.server import serving

PLACE = ROOT / "docs" / "images" / "replay.webp"
WINDOW = {"width": 1440, "height": 900}
WIDTH = 800  # pixels; a README on GitHub is about as wide
N_FRAMES = 40  # of 150 ms: six seconds
FRAME_MS, LAST_MS = 150, 2500  # the end is what one wants to read
QUALITY = 60  # of WebP, 0 to 100; text is still sharp
STAGE = ".shipdash-stage"


def moments(page: Page) -> Iterator[Image.Image]:
    """The window at moments equally far apart in the run's time, the last one its end."""
    slider = page.get_by_role("slider", name="Time in the run")
    for k in range(N_FRAMES):
        slider.evaluate("""(range, share) => {
            range.value = share * range.max;
            range.dispatchEvent(new Event("input"));
        }""", (k + 1) / N_FRAMES)
        page.evaluate("() => new Promise((drawn) => requestAnimationFrame("
                      "() => requestAnimationFrame(drawn)))")
        yield Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def photograph(url: str) -> list[Image.Image]:
    """Every moment of the replay at this address, scaled to `WIDTH`."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox"])
        page = chromium.new_page(viewport=WINDOW)
        page.goto(url)
        page.locator(f"{STAGE} .plot .main-svg").first.wait_for(timeout=120_000)
        pause = page.locator(STAGE).get_by_role("button", name="Pause")
        if pause.count():
            pause.click()
        size = (WIDTH, WIDTH * WINDOW["height"] // WINDOW["width"])
        frames = [frame.resize(size, Image.Resampling.LANCZOS) for frame in moments(page)]
        chromium.close()
    return frames


def save(frames: list[Image.Image], path: Path) -> None:
    """One animated WebP that repeats for ever."""
    durations = [FRAME_MS] * (len(frames) - 1) + [LAST_MS]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, loop=0,
                   quality=QUALITY, method=2)  # higher methods: minutes for few bytes


def main() -> None:
    """From a finished run to the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run_id")
    parser.add_argument("--runs", default="runs")
    parser.add_argument("--out", type=Path, default=PLACE)
    asked = parser.parse_args()
    with serving(asked.runs) as url:
        frames = photograph(f"{url}/Run?run={asked.run_id}&replay=1&present=1")
    save(frames, asked.out)
    print(f"{asked.out}: {len(frames)} frames, {asked.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
