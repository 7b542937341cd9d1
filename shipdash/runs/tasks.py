"""What a worker works on: a selection, or the training of a control arm. One shape for both.

A task yields events and can be put away and taken up again; when that happens, and where it is
stored, is the worker's business (`worker`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from shipdash.config import RunConfig
from shipdash.data import open_source
from shipdash.data.source import Source, stream_order
from shipdash.data.subsets import choose_pairs
from shipdash.learning.arm_training import ArmState, train_arm
from shipdash.learning.learner import Learner
from shipdash.loop import select
from shipdash.records import Event, LoopState, Picked, Trained
from shipdash.runs import Store, prerequisites
from shipdash.runs.cluster_scan import OpenScanner


class Task(Protocol):
    """A stream of events with a state that is whole whenever `settled`."""

    phase: str  # what its time is charged to
    doing: str  # a word for the status
    unit: type  # the event that one step of the *step* button ends with
    source: Source
    order: np.ndarray  # the stream, int64
    core: list[int]  # pool numbers the network has learnt from

    @property
    def settled(self) -> bool:
        """Whether the state may be stored now."""
        ...

    def events(self, learner: Learner) -> Iterator[Event]:
        """From the state on; the last one is `Stopped`."""
        ...

    def of_pool(self) -> dict[str, np.ndarray]:
        """What training has noted of every pair of the stream, in its order; mostly nothing."""
        return {}

    def get_state(self) -> tuple[dict[str, np.ndarray], dict]:
        """Arrays, and the rest as plain JSON."""
        ...

    def set_state(self, arrays: dict[str, np.ndarray], state: dict) -> None:
        """Go on where `get_state` stood; KeyError, TypeError or ValueError if it does not fit."""
        ...


def open_task(store: Store, config: RunConfig, open_scanner: OpenScanner | None = None) -> Task:
    """The task a run's settings ask for; `ConfigError` where another run it needs is missing.

    `open_scanner` makes what predicts the stream of a selection: by default the learner does.
    """
    source = open_source(config)
    left_out = np.array(prerequisites.left_out(store, config), int)
    order = stream_order(source.n, config.seeds.order, left_out,
                         ahead=config.selection.first if config.selection.parent else 0)
    selected = prerequisites.source_result(store, config)
    if selected is None:
        return SelectionTask(config, source, order, open_scanner)
    scores = prerequisites.pool_scores(store, config)
    pairs = choose_pairs(config.arm, list(selected.core), order, source, scores)
    return ArmTask(config, source, order, pairs)


class SelectionTask(Task):
    """The loop over the stream, and the predictions that its core pairs failed with."""

    phase, doing, unit = "select", "selecting", Picked

    def __init__(self, config: RunConfig, source: Source, order: np.ndarray,
                 open_scanner: OpenScanner | None = None) -> None:
        self.config, self.source, self.order = config, source, order
        self.open_scanner = open_scanner
        self.state, self.failed = LoopState(), {}

    @property
    def settled(self) -> bool:
        """See `LoopState`."""
        return self.state.settled

    @property
    def core(self) -> list[int]:
        """The core set so far, in order of selection."""
        return self.state.core

    def events(self, learner: Learner) -> Iterator[Event]:
        """See `loop.select`."""
        scanner = self.open_scanner and self.open_scanner(self.config, self.source, learner)
        return select(self.source, learner, self.config, self.order, self.state, self.failed,
                      scanner)

    def get_state(self) -> tuple[dict[str, np.ndarray], dict]:
        """Loop state, and the failed predictions by pool number."""
        index = list(self.failed)
        pictures = np.array([self.failed[i] for i in index], np.uint8)
        pictures = pictures.reshape(-1, *self.source.shape)
        arrays = {"failed_index": np.array(index, np.int64), "failed": pictures}
        return arrays, dataclasses.asdict(self.state)

    def set_state(self, arrays: dict[str, np.ndarray], state: dict) -> None:
        """See `Task.set_state`."""
        self.failed = dict(zip(arrays["failed_index"].tolist(), arrays["failed"], strict=True))
        self.state = LoopState(**state)


class ArmTask(Task):
    """Training from scratch on pairs that were chosen beforehand."""

    phase, doing, unit, settled = "train", "training", Trained, True

    def __init__(self, config: RunConfig, source: Source, order: np.ndarray,
                 pairs: list[int]) -> None:
        self.config, self.source, self.order, self.core = config, source, order, pairs
        self.state = ArmState()

    def events(self, learner: Learner) -> Iterator[Event]:
        """See `arm_training.train_arm`."""
        return train_arm(self.source, learner, self.config, self.core, self.state)

    def of_pool(self) -> dict[str, np.ndarray]:
        """Forgetting events, where the arm is trained on the whole stream."""
        whole = self.config.arm.kind == "full"
        return {"n_forgotten": np.array(self.state.n_forgotten, np.float32)} if whole else {}

    def get_state(self) -> tuple[dict[str, np.ndarray], dict]:
        """The pairs follow from the settings: only the training's state."""
        return {}, dataclasses.asdict(self.state)

    def set_state(self, arrays: dict[str, np.ndarray], state: dict) -> None:
        """See `Task.set_state`."""
        self.state = ArmState(**state)
        if len(self.state.scores) not in (0, len(self.core)):
            raise ValueError("scores must be one a pair")
