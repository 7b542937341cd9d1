"""What a run kept of a data set, by the original files: lists for whoever goes on with the files.

No picture is decoded, and nothing is written.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shipdash.config import ConfigError
from shipdash.data import export_files, files, open_source
from shipdash.data.pair_list import PairRow, places, read_pairs, read_split
from shipdash.records import Picked
from shipdash.runs.errors import StoreError
from shipdash.runs.prerequisites import selection
from shipdash.runs.store import Store


class OriginalFiles(NamedTuple):
    """The pairs of a data set as one run used them; numbers of `core` are those of the pool."""

    rows: list[PairRow]  # of the whole data set
    split: np.ndarray
    pool: list[PairRow]  # those that the run asked for, in their order in the pool
    core: list[int]  # of a planted repeat, the pair that it repeats
    all_tested: bool  # whether the whole pool was tested, with nothing excluded

    def core_csv(self) -> str:
        """The kept pairs in order of selection."""
        return export_files.pair_table([self.pool[i] for i in self.core],
                                       rank=range(1, len(self.core) + 1))

    def split_csv(self) -> str:
        """Every pair with its split."""
        return export_files.split_table(self.rows, self.split)

    def groups_csv(self, names: list[str]) -> str:
        """The pool pairs of the named groups."""
        return export_files.pair_table([row for row in self.pool if row.group in set(names)])


def original_files(store: Store, run_id: str) -> OriginalFiles:
    """The original files behind a run.

    Raises
    ------
    ConfigError
        The run is of drawn pairs, or its data set is not here.
    StoreError
        It is a control arm, or has kept nothing yet.
    DataError
        The data set has no list of its files.
    """
    config, result = selection(store, run_id), store.result(run_id)
    if config.source.kind != "files":
        raise ConfigError("id", run_id, "must be of a run on a data set; a scene's core set is "
                          "exported by `shipdash export`")
    folder = files.folder_of(config.source.name)
    rows, split = read_pairs(folder), read_split(folder)
    picked = [event.index for event in store.each_event(run_id) if isinstance(event, Picked)]
    if not picked:
        raise StoreError(f"run {run_id} has no core pairs yet: wait for it or resume it")
    source = open_source(config)
    return OriginalFiles(
        rows, split, [rows[place] for place in places(split, "pool")[:config.selection.n_pool]],
        list(dict.fromkeys(source.origin(i) for i in picked)),
        result is not None and not result.stalled and not config.selection.exclude)
