"""An import of many small generated pictures, measured in a process of its own.

    python -m benchmarks.importing 1000 10000 100000

writes the pictures to a temporary folder, imports them with ``shipdash.importing``, and prints
Markdown rows. Making the pictures is not timed. Linux only: resident memory is read from /proc.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.child import ROOT
from shipdash.importing import ImportRequest, import_pairs

SIDE = 32  # pixels
PER_FOLDER = 1000


def main(sizes: list[int]) -> None:
    """One line of a table for each size."""
    print("| images | s | of a core, s | images/s | resident before, MB | growth at the peak, MB "
          "| stored, MB |\n|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    for n in sizes:
        with tempfile.TemporaryDirectory() as folder:
            write_pictures(Path(folder), n)
            environment = {**os.environ, "SHIPDASH_DATA": f"{folder}/data"}
            subprocess.run([sys.executable, "-m", "benchmarks.importing", "--one", folder],
                           cwd=ROOT, env=environment, check=True)


def write_pictures(folder: Path, n: int) -> None:
    """Noise and a square as images/<thousand>/<number>.png and masks of the same names."""
    chance = np.random.default_rng(1)
    for k in range(n):
        mask = np.zeros((SIDE, SIDE), np.uint8)
        row, col = chance.integers(0, SIDE // 2, 2)
        mask[row:row + SIDE // 4, col:col + SIDE // 4] = 255
        image = chance.integers(0, 200, (SIDE, SIDE, 3), np.uint8)
        image[mask > 0] += 55
        for kind, array in (("images", image), ("masks", mask)):
            path = folder / kind / f"{k // PER_FOLDER:03d}"
            path.mkdir(parents=True, exist_ok=True)
            (path / f"{k:06d}.png").write_bytes(_png(array))


def measure(folder: str) -> None:
    """Import what is there and print one line."""
    request = ImportRequest(name="many", images=f"{folder}/images", labels=f"{folder}/masks",
                            rows=SIDE, cols=SIDE, group="folder")
    before, began, core_began = status_mb("VmRSS"), time.perf_counter(), time.process_time()
    report = import_pairs(request)
    seconds, peak = time.perf_counter() - began, status_mb("VmHWM")
    core_s = time.process_time() - core_began
    stored = sum(path.stat().st_size for path in Path(folder, "data", "many").iterdir())
    print(f"| {report.n_pairs:,} | {seconds:,.1f} | {core_s:,.1f} | {report.n_pairs / seconds:,.0f}"
          f" | {before:.0f} | {peak - before:.0f} | {stored / 2**20:,.0f} |", flush=True)


def _png(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG", compress_level=1)
    return file.getvalue()


def status_mb(name: str, pid: int | str = "self") -> float:
    """A size from a process's /proc/<pid>/status."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition(f"{name}:")[2].split()[0]) / 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(sys.argv[2])
    else:
        main([int(word) for word in sys.argv[1:]])
