"""The rankings of a data set on disk, beside its arrays. No network is known here.

    data/<name>/label/<ranking id>/
      held_out.npz   scores of the run's held-out pairs, whose masks are known
      images.npz     scores and predicted masks of the images; written last

and what `job_folders` keeps of every job.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shipdash.data import files
from shipdash.labelling.job_folders import JobFolders, Standing
from shipdash.labelling.ranking_request import RankRequest

__all__ = ["LABEL", "Ranking", "Rankings", "Standing"]

LABEL = "label"
"""The folder in a data set for all that is said of its images."""


class Ranking(NamedTuple):
    """The scores of a finished ranking, as `scoring.scored` gives them."""

    request: RankRequest
    images: dict[str, np.ndarray]  # of the data set, without ``iou``
    held_out: dict[str, np.ndarray] | None  # of the run's held-out pairs; None where it has none


class Rankings(JobFolders):
    """The rankings of one data set; `ConfigError` where it is not stored here."""

    noun, remedy, last = "ranking", "rank the data set again", "images.npz"

    def __init__(self, data: str) -> None:
        folder = files.place_of(data)  # a sample that is not stored is in a temporary one
        files.read_manifest(folder)
        super().__init__(folder / LABEL, f"the data set {data}", f"the ranking of {data}")
        self.data = data

    def request(self, ranking: str) -> RankRequest:
        """What was asked."""
        said = self._json(ranking, "request.json")
        try:
            return RankRequest(**said | {"others": tuple(said["others"])})
        except (KeyError, TypeError):
            raise self._damaged(ranking) from None

    def at_work(self, run_id: str) -> str | None:
        """The ranking by this run that is computed just now; None where there is none.

        What would be asked today is another one as soon as a run of another seed has finished.
        """
        return next((ranking for ranking in self.list() if self.is_alive(ranking)
                     and self.request(ranking).run_id == run_id), None)

    def load(self, ranking: str) -> Ranking:
        """The scores of a finished ranking; `DataError` where it is not finished or damaged."""
        return Ranking(self.request(ranking), self.found(ranking),
                       self.arrays(ranking, "held_out"))
