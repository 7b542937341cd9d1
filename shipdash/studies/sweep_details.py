"""What single runs of a sweep look like: curve, core set, held-out scores, the failed predictions.

Read from a runs folder, or from the one file in which a recorded sweep keeps them: numbers and
masks of one bit a pixel. Images are not stored, since a pair follows from its number.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from shipdash import analysis
from shipdash.records import Picked
from shipdash.runs import Store
from shipdash.runs.errors import UNREADABLE
from shipdash.runs.folder import npz, read_npz, replace
from shipdash.runs.packed_masks import MASK

FILE = "details.npz"
"""Name of the stored file beside the table of points."""

QUANTILES = (0.05, 0.5, 0.95)


class Detail(NamedTuple):
    """One run: its k core pairs in order of selection, and its scores on held-out pairs."""

    core: np.ndarray  # int32, (k,), pool numbers
    tested: np.ndarray  # int32, (k,), pairs tested when each joined, itself included
    iou: np.ndarray  # float32, (k,), IoU that each failed with; NaN for those that joined untested
    held_out: np.ndarray  # int32, (2, 50), pairs that fail and that pass, in steps of 0.02 of IoU
    quantiles: np.ndarray  # float32, (3,), held-out IoU at `QUANTILES`
    failed: Mapping[int, np.ndarray]  # pool number -> predicted mask it failed with, bool, (r, c)


def of_run(store: Store, run_id: str) -> Detail | None:
    """A completed run of a runs folder; None where it was not evaluated on held-out pairs.

    Raises
    ------
    StoreError
        The run is missing or damaged.
    """
    scores, result = store.load_scores(run_id, "held_out"), store.result(run_id)
    if scores is None or result is None or result.held_out is None:
        return None
    picks = [event for event in store.each_event(run_id) if isinstance(event, Picked)]
    stored = store.load_scores(run_id, "picked") or {"index": (), "probability": ()}
    pictures = zip(map(int, stored["index"]), stored["probability"], strict=True)
    binned = analysis.distribution(scores["iou"], result.held_out.acceptance_iou)
    return Detail(
        np.array([p.index for p in picks], np.int32),
        np.array([p.n_tested for p in picks], np.int32),
        np.array([np.nan if p.iou is None else p.iou for p in picks], np.float32),
        binned["n"].to_numpy(np.int32).reshape(2, -1),  # the failing pairs come first
        np.quantile(scores["iou"], QUANTILES).astype(np.float32),
        {index: picture >= MASK for index, picture in pictures})


def write(path: Path, details: Mapping[str, Detail]) -> None:
    """Store runs, by run id, in one compressed file."""
    masks = [mask for detail in details.values() for mask in detail.failed.values()]
    replace(path, npz({
        "run_id": np.array(list(details), "U16"),
        "n_core": np.array([len(d.core) for d in details.values()], np.int32),
        **{name: np.concatenate([getattr(d, name) for d in details.values()])
           for name in ("core", "tested", "iou")},
        "held_out": np.stack([d.held_out for d in details.values()]),
        "quantiles": np.stack([d.quantiles for d in details.values()]),
        "n_failed": np.array([len(d.failed) for d in details.values()], np.int32),
        "failed": np.array([i for d in details.values() for i in d.failed], np.int32),
        "shape": np.array(masks[0].shape if masks else (0, 0), np.int32),
        "bits": np.array([np.packbits(mask) for mask in masks], np.uint8),
    }, compressed=True))


def read(path: Path) -> dict[str, Detail]:
    """What `write` stored; empty where there is no such file or it cannot be read."""
    try:
        return _unpacked(read_npz(path))
    except (*UNREADABLE, IndexError):
        return {}


def _unpacked(a: dict[str, np.ndarray]) -> dict[str, Detail]:
    found, core_at, failed_at = {}, 0, 0
    for i, run_id in enumerate(a["run_id"].tolist()):
        mine = slice(core_at, core_at + int(a["n_core"][i]))
        masks = range(failed_at, failed_at + int(a["n_failed"][i]))
        failed = {int(a["failed"][j]): _mask(a["bits"][j], a["shape"]) for j in masks}
        found[run_id] = Detail(a["core"][mine], a["tested"][mine], a["iou"][mine],
                               a["held_out"][i], a["quantiles"][i], failed)
        core_at, failed_at = mine.stop, masks.stop
    return found


def _mask(bits: np.ndarray, shape: np.ndarray) -> np.ndarray:
    rows, cols = map(int, shape)
    return np.unpackbits(bits, count=rows * cols).astype(bool).reshape(rows, cols)
