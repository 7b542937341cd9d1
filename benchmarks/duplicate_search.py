"""``python -m benchmarks.duplicate_search N``: near duplicates of N pictures, time and memory.

The data set is made in a folder of its own and thrown away; making it is not measured.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from benchmarks.timed_run import peak_rss_mb
from shipdash.data import files
from shipdash.data.stored_duplicates import near_duplicates

SIDE, COARSE, BLOCK = 32, 16, 1_000
AGAIN = 0.1
"""Share of the pictures that repeat another one with noise, so that the right answer is known."""


def main(n: int) -> None:
    """Print what the search took, what it found, and how much memory it needed."""
    with tempfile.TemporaryDirectory() as root:
        os.environ["SHIPDASH_DATA"] = root
        folder = _make(Path(root), n)
        near_duplicates(_make(Path(root), 100))  # everything is imported and has its buffers
        Path("/proc/self/clear_refs").write_text("5")  # a new peak: making is not measured
        before = _rss_mb()
        began, cpu_began = time.perf_counter(), time.process_time()
        found = near_duplicates(folder)
        search_s = time.perf_counter() - began
        cpu_s = time.process_time() - cpu_began
        growth = peak_rss_mb() - before
    print(json.dumps({"search_s": search_s, "cpu_s": cpu_s, "growth_mb": growth,
                      "n_links": int((found.by_picture.distance <= 8).sum()),
                      "n_planted": int(n * AGAIN), "n_leaking": len(found.in_pool.within(8))}))


def _make(root: Path, n: int) -> Path:
    """A stored data set: the first tenth repeats the second with noise, and is held out."""
    folder = root / f"pictures-{n}"
    folder.mkdir()
    images = open_memmap(folder / "images.npy", "w+", np.uint8, (n, SIDE, SIDE, 3))
    again = int(n * AGAIN)
    for start in range(0, n, BLOCK):
        images[start:start + BLOCK] = _pictures(start, min(BLOCK, n - start))
    chance = np.random.default_rng(1)
    for start in range(0, again, BLOCK):
        stop = min(start + BLOCK, again)
        noise = chance.integers(-4, 5, (stop - start, SIDE, SIDE, 3))
        images[start:stop] = np.clip(images[again + start:again + stop] + noise, 0, 255)
    del images
    np.save(folder / "masks.npy", np.zeros((n, SIDE, SIDE), np.uint8))
    np.save(folder / "split.npy", (np.arange(n) < again).astype(np.uint8))
    (folder / files.MANIFEST).write_text(json.dumps({"fingerprint": f"{n:064x}", "rows": SIDE,
                                                     "cols": SIDE}))
    return folder


def _pictures(seed: int, n: int) -> np.ndarray:
    """Random squares of 2 x 2 pixels: uint8, (n, 32, 32, 3)."""
    coarse = np.random.default_rng([seed, 7]).integers(0, 256, (n, COARSE, COARSE, 3), np.uint8)
    return coarse.repeat(SIDE // COARSE, axis=1).repeat(SIDE // COARSE, axis=2)


def _rss_mb() -> float:
    words = Path("/proc/self/status").read_text().split()
    return int(words[words.index("VmRSS:") + 1]) * 1024 / 1e6


if __name__ == "__main__":
    main(int(sys.argv[1]))
