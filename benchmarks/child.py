"""Measurements in processes of their own, so that none inherits threads or memory of another.

TensorFlow is started there and never here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]


class BenchError(Exception):
    """A measurement that could not be made, in a sentence that says why."""


class Answer(NamedTuple):
    """What a program printed, and its wall time from start to end."""

    found: dict[str, Any]
    wall_s: float
    began: float  # seconds since the epoch


def measure(program: str, *arguments: str, **environment: str) -> Answer:
    """Run ``benchmarks/<program>.py`` and read the JSON object on its last line.

    Raises
    ------
    BenchError
        The program is not there or failed; with the last words of its error output.
    """
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2",
                   "PYTHONPATH": path, **environment}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began, clock = time.time(), time.perf_counter()
        code = subprocess.call(
            [sys.executable, "-m", f"benchmarks.{program}", *arguments], cwd=ROOT,
            env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        wall_s = time.perf_counter() - clock
        lines, words = ([*_lines(file)] for file in (out, err))
    if code or not lines:
        raise BenchError(f"benchmarks/{program}.py ended with code {code}: {' '.join(words[-1:])}")
    return Answer(json.loads(lines[-1]), wall_s, began)


def _lines(file) -> list[str]:
    file.seek(0)
    return file.read().decode(errors="replace").strip().splitlines()
