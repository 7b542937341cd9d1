"""What to label next: images ranked by a run's doubt, what people say of them, and going on.

``request``: what is ranked, by which runs. ``scoring``: scores of images. ``rankings``: a ranking
on disk. ``job``: the process that computes one. ``listing``: its images in order. ``marks``: what
people said of images. ``exports``: marks as files, and back. ``going_on``: the next run.
"""

from __future__ import annotations

from shipdash.labelling.marks import MARKS, Mark, Marks
from shipdash.labelling.rankings import Ranking, Rankings, Standing
from shipdash.labelling.request import RankRequest, rank_request

__all__ = ["MARKS", "Mark", "Marks", "RankRequest", "Ranking", "Rankings", "Standing",
           "rank_request"]
