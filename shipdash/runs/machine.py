"""The machine that a figure was measured on, in words. It measures nothing."""

from __future__ import annotations

import contextlib
import platform
from pathlib import Path

from shipdash.processes import n_processors


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
    return f"{name}, {n_cores} core{'s' if n_cores != 1 else ''}, {platform.system()}"
