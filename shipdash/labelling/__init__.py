"""What to label next: images ranked by a run's doubt, what people say of them, and going on; and
which of the labels that a run has kept to doubt.

A page needs this much of it, and none of it starts TensorFlow in its own process:

- ``rank_request(store, data, run_id)`` says what is ranked; its ``digest`` is the ranking's id.
- ``ranking_job.start(store, request)`` starts the process that computes it,
  ``Rankings(data).standing(id)`` says where it stands, ``Rankings(data).ask_cancel(id)`` stops it.
- ``Rankings(data).load(id)`` has scores and predicted masks; ``listing.ranked`` puts them in order,
  ``analysis.ranking.trust`` and ``finding`` say whether to follow it.
- ``Marks(data)``: ``add``, ``undo``, ``standing``.
- ``exports``: texts to download, ``merge_csv`` to take marks in.
- ``going_on.go_on`` gives the settings of the next run, which the queue takes like any others.
- ``suspect_request(store, run_id)``, ``suspects_job.start(store, request)`` and
  ``Suspicions(store, run_id)`` are the same for suspicious labels; ``suspects.suspects(store,
  job, run_id)`` gives the list of `Suspect`, whose ``place`` finds the predicted mask in
  ``Suspicions.found``.
"""

from __future__ import annotations

from shipdash.labelling.marks import MARKS, Mark, Marks
from shipdash.labelling.ranking_request import RankRequest, rank_request
from shipdash.labelling.rankings import Ranking, Rankings, Standing
from shipdash.labelling.suspects import (
    Suspect,
    SuspectRequest,
    Suspicions,
    suspect_request,
)

__all__ = ["MARKS", "Mark", "Marks", "RankRequest", "Ranking", "Rankings", "Standing", "Suspect",
           "SuspectRequest", "Suspicions", "rank_request", "suspect_request"]
