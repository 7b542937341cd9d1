"""Which kept pairs to check first: what is asked, what is stored beside the run, and the list.

    <runs>/<run id>/suspects/<job id>/
      fold-0.npz ...  scores and predicted masks of the pairs that each network was trained without
      suspects.npz    all of them in order of selection; written last

and what `job_folders` keeps of every job. No network is known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from shipdash.config import ConfigError
from shipdash.config.base import Question
from shipdash.data import open_source
from shipdash.data.source import Source
from shipdash.labelling.job_folders import JobFolders
from shipdash.labelling.same_images import alike
from shipdash.records import SetAside
from shipdash.runs import Store, StoreError
from shipdash.runs.original_files import original_files
from shipdash.runs.prerequisites import finished_selection

SUSPECTS = "suspects"
"""The folder in a run for all such jobs of it."""

MEASURES = {"iou": "IoU of prediction and mask",
            "softmin": "soft minimum of the pixels' self-confidence"}
"""The measures that can rank, in words; of each the smallest value comes first."""

BY = "softmin"
"""The measure that found most of what was planted (docs/label-next.md)."""

N_FOLDS, N_STEPS = 3, 100
MOST_FOLDS, MOST_STEPS = 20, 100_000


@dataclass(frozen=True)
class SuspectRequest(Question):
    """A finished run, and how the networks that judge its pairs are trained."""

    run_id: str
    n_folds: int = N_FOLDS
    n_steps: int = N_STEPS  # of each network


class Suspect(NamedTuple):
    """One kept pair, ranked by how much networks trained without it disagree with its mask."""

    rank: int  # from 1, the most suspicious first
    place: int  # where its scores and prediction stand in the arrays of `Suspicions.found`
    number: int  # in the pool
    iou: float  # of the prediction and the mask, 0 to 1
    softmin: float  # label quality, 0 to 1; see `learning.label_quality`
    set_aside: bool  # whether the run itself could not learn it
    file: str  # the original image and its tile; empty for drawn pairs
    tile: str


def suspect_request(store: Store, run_id: str, n_folds: int | None = None,
                    n_steps: int = N_STEPS) -> SuspectRequest:
    """What is asked of a finished run; by default in `N_FOLDS` parts, or one for each image where
    fewer different ones were kept.

    Raises
    ------
    ConfigError
        There are too few or too many folds or steps, or the pairs of the run are not here any more.
    StoreError
        The run has not finished, is a control arm, came with the package, or kept a single image.
    """
    config, result = finished_selection(store, run_id, changing=True)
    source = open_source(config)
    most = _n_distinct(source, result.core)
    if most < 2:
        raise StoreError(f"run {run_id} kept a single image: no network can be trained without it, "
                         "so no mask is compared")
    if n_folds is None:
        n_folds = min(N_FOLDS, most)
    if not 2 <= n_folds <= most:
        raise ConfigError("folds", n_folds, f"must be from 2 to {most}: no fold may be empty")
    if not 1 <= n_steps <= MOST_STEPS:
        raise ConfigError("steps", n_steps, f"must be from 1 to {MOST_STEPS:,}")
    return SuspectRequest(run_id, n_folds, n_steps)


def _n_distinct(source: Source, core: Sequence[int]) -> int:
    """How many images there are, up to `MOST_FOLDS`; the rest is not drawn."""
    found = set()
    for _, first in alike(source, core):
        found.add(first)
        if len(found) == MOST_FOLDS:
            break
    return len(found)


class Suspicions(JobFolders):
    """The jobs of one run; RunNotFound where it is not stored here.

    They find what `cross_validation.judged` gives, of every kept pair in order of selection.
    """

    noun, remedy, last = "list of suspects", "ask for it again", "suspects.npz"
    again = "continues it"

    def __init__(self, store: Store, run_id: str) -> None:
        store.config(run_id)
        super().__init__(store.root / run_id / SUSPECTS, f"run {run_id}",
                         f"the search for suspects of run {run_id}")

    def request(self, job: str) -> SuspectRequest:
        """What was asked."""
        try:
            return SuspectRequest(**self._json(job, "request.json"))
        except TypeError:
            raise self._damaged(job) from None


def order(found: dict[str, np.ndarray], by: str) -> np.ndarray:
    """Places in the order in which to look: int64, shape (n,), the worst mask first.

    Pairs of one score come by the other score, and then in order of selection.
    """
    other = next(name for name in MEASURES if name != by)
    return np.lexsort((found[other], found[by]))


def suspects(store: Store, job: str, run_id: str, by: str = BY) -> list[Suspect]:
    """The kept pairs of a finished job, the most suspicious first: what a page or a command shows.

    Raises
    ------
    ConfigError
        There is no measure `by`.
    DataError
        The job has not finished, or its files are damaged.
    """
    if by not in MEASURES:
        raise ConfigError("by", by, f"must be one of {', '.join(MEASURES)}")
    found, config = Suspicions(store, run_id).found(job), store.config(run_id)
    rows = original_files(store, run_id).pool if config.source.kind == "files" else None
    source = open_source(config)
    aside = {event.index for event in store.each_event(run_id) if isinstance(event, SetAside)}
    listed = []
    for rank, place in enumerate(order(found, by).tolist(), start=1):
        number = int(found["index"][place])
        row = rows[source.origin(number)] if rows else None
        listed.append(Suspect(rank, place, number, float(found["iou"][place]),
                              float(found["softmin"][place]), number in aside,
                              row.file if row else "", row.tile if row else ""))
    return listed
