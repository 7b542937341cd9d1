"""Whether the core pairs alone decide the network: training is repeated on them and compared."""

from __future__ import annotations

import datetime
import os

from shipdash.data import open_source
from shipdash.learning.learner import open_learner, threads, weights_sha256
from shipdash.loop import replay
from shipdash.results import Verification
from shipdash.runs.errors import StoreError
from shipdash.runs.machine import environment
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
    config, result = store.config(run_id), store.result(run_id)
    if store.recorded:
        raise StoreError(f"run {run_id} came with the package and is not written to")
    if config.arm.kind != "selection":
        raise StoreError(f"run {run_id} is a control arm: only selections are verified")
    if result is None:
        raise StoreError(f"run {run_id} is not finished: resume it first")
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
