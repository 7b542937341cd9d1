"""What a network saw of the probe pairs while it learnt, as a run's folder keeps it.

One JSON object a line, appended by the run's one writer (`probe` decides when):

    {"n_steps": 48, "n_tested": 10, "n_core": 10, "elapsed_s": 3.61, "masks": "eJz..."}

`masks` is base64 of zlib of the thresholded predictions, one bit a pixel. No network runs here.
"""

from __future__ import annotations

import base64
import contextlib
import json
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shipdash.data import N_PROBE
from shipdash.runs.errors import legible


class ProbeFrame(NamedTuple):
    """The predictions for the probe pairs at one moment of a run.

    `elapsed_s` is the clock of the events: seconds spent on training and scanning so far.
    """

    n_steps: int
    n_tested: int
    n_core: int
    elapsed_s: float
    masks: np.ndarray  # bool, (n_pairs, rows, cols), of at most `N_PROBE` pairs

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for one line of the file."""
        packed = zlib.compress(np.packbits(self.masks).tobytes())
        return self._asdict() | {"masks": base64.b64encode(packed).decode()}

    @classmethod
    def from_json(cls, plain: dict[str, Any], shape: tuple[int, int]) -> ProbeFrame:
        """The frame that `to_json` described, of images with `shape` (rows, cols).

        ValueError, TypeError or KeyError, and zlib.error, where it can be none.
        """
        at_most = N_PROBE * shape[0] * shape[1] // 8  # a damaged line must not fill the memory
        unpacker = zlib.decompressobj()
        bits = unpacker.decompress(base64.b64decode(plain["masks"], validate=True), at_most + 1)
        if not unpacker.eof or len(bits) > at_most:
            raise ValueError(f"masks must be those of at most {N_PROBE} pairs")
        masks = np.unpackbits(np.frombuffer(bits, np.uint8)).astype(bool).reshape(-1, *shape)
        counts = [plain[name] for name in ("n_steps", "n_tested", "n_core")]
        if not all(type(n) is int and n >= 0 for n in counts):
            raise ValueError("counts must be whole numbers from 0 on")
        return cls(*counts, float(plain["elapsed_s"]), masks)


def read(path: Path, shape: tuple[int, int]) -> list[ProbeFrame]:
    """Every frame of a run's file, the first one first; a torn last line is left.

    Empty where the run has no file: it is of a version before this one, or a control arm.
    `RunCorrupt` where the file cannot be read.
    """
    what = f"{path.name} of run {path.parent.name}"
    with contextlib.suppress(FileNotFoundError), legible(what, "remove that file"):
        lines = path.read_bytes().split(b"\n")[:-1]
        return [ProbeFrame.from_json(json.loads(line), shape) for line in lines]
    return []
