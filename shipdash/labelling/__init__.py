"""What to label next: images ranked by a run's doubt, what people say of them, and going on.

``request``: what is ranked, by which runs. ``scoring``: one image's scores. ``rankings``: a
ranking on disk. ``job``: the process that computes one. ``listing``: its images in order.
"""

from __future__ import annotations

from shipdash.labelling.rankings import Ranking, Rankings, Standing
from shipdash.labelling.request import RankRequest, rank_request

__all__ = ["RankRequest", "Ranking", "Rankings", "Standing", "rank_request"]
