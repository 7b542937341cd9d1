"""The images of a ranking in the order in which to look at them, by their original files."""

from __future__ import annotations

from typing import NamedTuple

from shipdash.analysis.ranking import RANKINGS, order
from shipdash.config import ConfigError
from shipdash.data import files
from shipdash.data.pair_list import rows_of
from shipdash.labelling.rankings import Ranking


class Ranked(NamedTuple):
    """One image of a ranking."""

    rank: int  # from 1
    place: int  # where its scores and prediction stand in the ranking's arrays
    number: int  # in the data set
    file: str
    tile: str
    scores: dict[str, float]  # every ranking's doubt


def ranked(ranking: Ranking, by: str) -> list[Ranked]:
    """All images, most doubt first.

    Raises
    ------
    ConfigError
        The ranking has no such scores: no run of another seed was there, for example.
    DataError
        The data set has no list of its files.
    """
    there = [name for name in RANKINGS if name in ranking.images]
    if by not in there:
        raise ConfigError("by", by, f"must be one of {', '.join(there)}")
    pool, found = rows_of(files.folder_of(ranking.request.data), "pool"), []
    for rank, place in enumerate(order(ranking.images[by]).tolist(), start=1):
        row = pool[ranking.images["index"][place]]
        scores = {name: float(ranking.images[name][place]) for name in there}
        found.append(Ranked(rank, place, row.number, row.file, row.tile, scores))
    return found
