"""Whether the core pairs alone decide the network: training is repeated on them and compared."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence

import numpy as np

from shipdash.config import RunConfig
from shipdash.data import open_source
from shipdash.data.source import Source
from shipdash.learning.learner import Learner, open_learner, threads, weights_sha256
from shipdash.loop import Loop
from shipdash.records import LoopState
from shipdash.results import Verification
from shipdash.runs.errors import StoreError
from shipdash.runs.machine import environment
from shipdash.runs.prerequisites import finished_selection
from shipdash.runs.store import Store


def verify(store: Store, run_id: str) -> Verification:
    """Train on a finished run's picks without scanning, compare the weights, store the answer.

    In a process of its own: it takes as many threads as the run had, which TensorFlow can be told
    only before it starts.

    Raises
    ------
    StoreError
        The run is not finished, is a control arm, came with the package, or did not store the
        hash of its weights.
    """
    config, result = finished_selection(store, run_id, changing=True)
    if result.weights_sha256 is None:
        raise StoreError(f"run {run_id} is of a version that stored no hash of its weights: "
                         "compute it again to verify it")
    if result.threads not in (None, threads()):
        os.environ["TF_NUM_INTRAOP_THREADS"] = str(result.threads)
    source = open_source(config)
    learner = open_learner(config.network, shape=config.shape, seed=config.seeds.model)
    learner.prepare(void=source.void)
    replay(source, learner, config, result.core)
    found = weights_sha256(learner)
    answer = Verification(weights_sha256=found, same=found == result.weights_sha256,
                          environment=environment(),
                          date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"))
    store.write_verified(run_id, answer)
    return answer


def replay(source: Source, learner: Learner, config: RunConfig, picks: Sequence[int]) -> None:
    """Train on the picks of a selection in their order, without scanning.

    Where the picks alone decide the network, the learner ends in the state in which `loop.select`
    left it. When training ends is decided anew, by the same rules, and not taken from the log.

    Parameters
    ----------
    source, learner, config
        As in `loop.select`; the learner is fresh.
    picks : sequence of int
        Pool numbers of the core set in order of selection.
    """
    s = LoopState()
    loop = Loop(source, learner, config, np.array(picks, np.int64), s)
    for _ in loop.start():  # the first pairs join; the events are not needed
        pass
    _settle(loop)
    for index in picks[len(s.core):]:
        (image,), (mask,) = loop.source.draw([index])
        s.n_tested += 1  # past the first pairs, which is what ends the warm-up
        loop.join(index, image, mask)
        _settle(loop)


def _settle(loop: Loop) -> None:
    """All the training that is owed, or as much as its limit allows."""
    while loop.state.owes_training and not loop.training.is_stalled:
        if loop.training.is_stuck:
            loop.training.set_aside()
        else:
            loop.training.train()
