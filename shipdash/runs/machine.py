"""The machine that a figure was measured on, in words, and the versions. It measures nothing."""

from __future__ import annotations

import contextlib
import platform
from importlib import metadata
from pathlib import Path

import shipdash
from shipdash.counted import counted
from shipdash.learning.learner import threads
from shipdash.processes import n_processors
from shipdash.results import Environment


def environment() -> Environment:
    """Machine, threads and versions of this process; starts no TensorFlow."""
    return Environment(machine=machine(), threads=threads(), shipdash=shipdash.__version__,
                       **{name: _version(name) for name in ("tensorflow", "keras", "numpy")})


def _version(name: str) -> str:
    with contextlib.suppress(metadata.PackageNotFoundError):
        return metadata.version(name)
    return ""


def machine() -> str:
    """What a figure was measured on, e.g. ``"AMD EPYC (family 26, model 2), 2 cores, Linux"``.

    Families and models of a processor round differently under one name.
    """
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().partition("\n\n")[0].splitlines()
        about = {key.strip(): value.strip() for key, _, value in (x.partition(":") for x in lines)}
        name = about.get("model name", name)
        if "cpu family" in about and "model" in about:
            name += f" (family {about['cpu family']}, model {about['model']})"
    n_cores = n_processors()
    return f"{name}, {counted(n_cores, 'core')}, {platform.system()}"
