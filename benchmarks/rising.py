"""A selection whose acceptance IoU rises over the pass, made of the product's loop as it is.

It stores no run, trains nothing but what the loop trains, and judges nothing: `mixtures` does.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from shipdash.config import ConfigError, RunConfig
from shipdash.data import open_source
from shipdash.data.source import Source, stream_order
from shipdash.learning.learner import Learner
from shipdash.loop import select
from shipdash.records import LoopState, Picked, Stopped, StopReason


class Stretch(NamedTuple):
    """Settings of the selection up to a share of the stream."""

    until: float
    precision: float
    margin: float

    def of(self, config: RunConfig) -> RunConfig:
        """The run's settings in this stretch."""
        return config.replace(**{"selection.acceptance": "article", "selection.passes": 1,
                                 "selection.precision": self.precision,
                                 "selection.margin": self.margin})


STRETCHES = (Stretch(0.3, 0.85, 0.82), Stretch(0.6, 0.85, 0.94), Stretch(0.9, 0.85, 0.95),
             Stretch(1.0, 0.91, 1.0))
"""They accept from IoU 0.80, 0.85, 0.90 and 0.95 on: the tenths of the article's score, which is
what the selection that they are compared with uses. The last asks for more precision, since no
margin reaches ten tenths otherwise; it is short, for at 0.95 one pair in ten or twenty fails."""

COLUMNS = ("run_id", "index", "position", "n_core", "acceptance_iou", "iou")


def picks(source: Source, learner: Learner, config: RunConfig,
          n_core: int) -> Iterator[tuple[Picked, float]]:
    """Core pairs with the IoU below which they failed, `n_core` of them or as many as there are.

    The learner is fresh. One call of the loop a stretch, on one state: to the loop, the next
    stretch is a stream that has become longer. `ConfigError` where training stalls.
    """
    order, state = stream_order(config.selection.n_pool, config.seeds.order), LoopState()
    for stretch in STRETCHES:
        asked, end = stretch.of(config), round(stretch.until * len(order))
        for event in select(source, learner, asked, order[:end], state):
            if isinstance(event, Picked):
                yield event, asked.selection.acceptance_iou
                if event.n_core >= n_core:
                    return
            if isinstance(event, Stopped) and event.reason is StopReason.STALLED:
                raise ConfigError("precision", stretch.precision, "must be reached in training")


def core(path: Path, run_id: str, config: RunConfig, learner: Learner, n_core: int) -> list[int]:
    """Pool numbers of the core set beside that of a run, as large if it can be: read, or selected.

    It has the pool, order and model seeds of the run. What was selected is added to the table.
    """
    rows = []
    if path.exists():
        with path.open(newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["run_id"] == run_id]
    if not rows:
        learner.reseed(config.seeds.model)
        rows = [{"run_id": run_id, "index": pick.index, "position": pick.position,
                 "n_core": pick.n_core, "acceptance_iou": limit,
                 "iou": "" if pick.iou is None else pick.iou}
                for pick, limit in picks(open_source(config), learner, config, n_core)]
        append(path, COLUMNS, rows)
    return [int(row["index"]) for row in rows]


def append(path: Path, columns: tuple[str, ...], rows: list[dict]) -> None:
    """Add rows at the end of a table, which is begun where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerows(rows)
