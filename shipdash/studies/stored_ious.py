"""Held-out IoU of single pairs, run by run, with their true factors: one archive, no pickle.

What the numbers say is in `analysis.share_below_iou` and `analysis.by_factor`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from shipdash.acceptance import TIE
from shipdash.analysis import PairIous, by_factor
from shipdash.config import RunConfig
from shipdash.data import open_source
from shipdash.runs.errors import UNREADABLE
from shipdash.runs.folder import npz, read_npz, replace

NAME = "pair_ious.npz"
"""``iou``, uint16 of shape (n_runs, n_held_out), as `packed`; an array of n_runs for each column of
the runs; and, where they are known, one of n_held_out for each factor, under `FACTOR` and its name.
Of older studies, and of the registered one, ``iou`` is float16."""

FACTOR = "factor_"

STEPS = 50_000
"""Steps from 0 to 1. An IoU is stored as the step it lies in, and thresholds such as 0.95 are the
first of a step, so a stored IoU is below one if and only if the IoU itself is."""


def write(ious: PairIous, path: Path) -> Path:
    """Replace an archive atomically; about 1.9 bytes a run and pair, and 3 a factor and pair."""
    columns = {name: _plain(ious.runs[name]) for name in ious.runs}
    factors = {} if ious.factors is None else {
        FACTOR + name: values.to_numpy(np.float32) for name, values in ious.factors.items()}
    iou = ious.iou if ious.iou.dtype == np.float16 else packed(ious.iou)
    replace(path, npz({"iou": iou, **columns, **factors}, compressed=True))
    return path


def packed(iou: np.ndarray) -> np.ndarray:
    """The step that each IoU lies in: uint16 of the same shape.

    A tie with a threshold is on it, also where float32 rounds it down, as for `acceptance.fails`.
    """
    return np.floor((np.asarray(iou, np.float64) + TIE) * STEPS).astype(np.uint16)


def unpacked(steps: np.ndarray) -> np.ndarray:
    """The middle of each step, at most 1: float32 of the same shape."""
    return np.minimum((steps + 0.5) / STEPS, 1).astype(np.float32)


def read(path: Path) -> PairIous | None:
    """What was stored; None where the archive is missing, as of older studies, or damaged."""
    try:
        arrays = read_npz(path)
        iou = arrays.pop("iou")
        factors = pd.DataFrame({name.removeprefix(FACTOR): arrays.pop(name)
                                for name in list(arrays) if name.startswith(FACTOR)})
        runs = pd.DataFrame(arrays)
    except UNREADABLE:
        return None
    fits = iou.dtype in (np.uint16, np.float16) and iou.ndim == 2 and len(iou) == len(runs)
    if not (fits and set(_COLUMNS) <= set(runs) and len(factors) in (0, iou.shape[1])):
        return None
    iou = unpacked(iou) if iou.dtype == np.uint16 else iou
    return PairIous(runs, iou, factors if len(factors) else None)


def held_out_factors(config: RunConfig, algorithm: int) -> pd.DataFrame | None:
    """True factors of a run's held-out pairs, drawn again (0.2 ms each); None where unknown.

    Columns are `by_factor.FACTORS` as float32, in the order of the stored IoU.
    """
    if not config.knows_factors:
        return None
    source = open_source(config, "held_out", algorithm=algorithm)
    rows = [source.factors(i) for i in range(source.n)]
    return pd.DataFrame({name: np.array([getattr(row, name) for row in rows], np.float32)
                         for name in by_factor.FACTORS})


_COLUMNS = ("arm", "stop", "network", "n_pairs", "run_id", "draw")


def _plain(values: pd.Series) -> np.ndarray:
    """Numbers as they are, words as fixed-width Unicode, which needs no pickle."""
    return values.to_numpy() if values.dtype.kind in "iuf" else values.to_numpy(str)
