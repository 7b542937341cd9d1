"""Held-out IoU of single pairs beside the tables of a study: one compressed archive, no pickle.

What the numbers say is in `analysis.thresholds`.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from shipdash.analysis import PairIous
from shipdash.runs.errors import UNREADABLE
from shipdash.runs.folder import npz, replace

NAME = "pair_ious.npz"
"""``iou``, float16 of shape (n_runs, n_held_out), and one array of n_runs for each column."""


def write(ious: PairIous, folder: Path) -> Path:
    """Replace the archive of a study atomically; about 1.3 bytes a run and pair."""
    columns = {name: _plain(ious.runs[name]) for name in ious.runs}
    replace(folder / NAME, npz({"iou": ious.iou, **columns}, compressed=True))
    return folder / NAME


def read(folder: Path) -> PairIous | None:
    """What was stored; None where the archive is missing, as of older studies, or damaged."""
    try:
        with zipfile.ZipFile(folder / NAME):  # so that np.load meets nothing but an archive
            pass
        with np.load(folder / NAME, allow_pickle=False) as stored:
            arrays = dict(stored)
        iou = arrays.pop("iou")
        runs = pd.DataFrame(arrays)
    except UNREADABLE:
        return None
    fits = iou.dtype == np.float16 and iou.ndim == 2 and len(iou) == len(runs)
    return PairIous(runs, iou) if fits and set(_COLUMNS) <= set(runs) else None


_COLUMNS = ("arm", "stop", "network", "n_pairs", "run_id")


def _plain(values: pd.Series) -> np.ndarray:
    """Numbers as they are, words as fixed-width Unicode, which needs no pickle."""
    return values.to_numpy() if values.dtype.kind in "iuf" else values.to_numpy(str)
