"""The process that computes a ranking: started, cancelled, watched, and what it does.

A killed job is started again from the beginning: it takes minutes, not hours.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shipdash.data import files, open_source
from shipdash.data.files import FileSource
from shipdash.data.source import Source
from shipdash.labelling import scoring
from shipdash.labelling.ranking_request import RankRequest
from shipdash.labelling.rankings import Ranking, Rankings
from shipdash.runs import Store

MOST_KNOWN = 2_000
"""Held-out pairs on which a ranking is judged, the first ones: all 10,000 of a scene would take
longer to predict than most data sets."""


def start(store: Store, request: RankRequest) -> str:
    """Start the process that computes a ranking; its id. See `JobFolders.start`."""
    return Rankings(request.data).start(
        store, request, ["label", "rank", request.data, "--run", request.run_id])


def compute(store: Store, request: RankRequest,
            on_progress: Callable[[int, int], None] = lambda n_done, n: None) -> Ranking:
    """Compute a ranking in this process, or give the stored one; see `JobFolders.see_through`."""
    rankings = Rankings(request.data)
    ranking = rankings.create(request)
    rankings.see_through(ranking, lambda: _see_through(store, rankings, ranking, request,
                                                       on_progress))
    return rankings.load(ranking)


def _see_through(store: Store, rankings: Rankings, ranking: str, request: RankRequest,
                 on_progress: Callable[[int, int], None]) -> None:
    by = scoring.known(store, request.run_id, request.others)
    asked = by.config.evaluation.n_held_out
    fresh = open_source(by.config, "held_out") if asked else None
    n_known = min(asked, MOST_KNOWN)
    images = images_of(request.data)
    n = n_known + images.n

    def heed(n_done: int) -> None:
        on_progress(n_done, n)
        rankings.heed(ranking, "predicting", n_done, n)

    heed(0)
    if fresh is not None:
        rankings.save(ranking, "held_out", scoring.scored(by, fresh, np.arange(n_known), heed))
    found = scoring.scored(by, images, np.arange(images.n),
                           lambda n_done: heed(n_known + n_done))
    rankings.save(ranking, "images", {name: values for name, values in found.items()
                                      if name != "iou"})  # nobody knows their masks


def images_of(data: str) -> Source:
    """The pool of a data set, whether its images have masks or not."""
    manifest = files.read_manifest(files.folder_of(data))
    return FileSource(files.asking_for(manifest), n=files.n_stored(data, "pool"))
