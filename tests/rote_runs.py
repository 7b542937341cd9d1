"""A finished run of the learner that knows by heart: all its files, without TensorFlow."""

from benchmarks import registration
from shipdash import config as configs
from shipdash.runs import Store, worker

POOLS = registration.plan(quick=True)
POOLS = POOLS._replace(base=POOLS.base.replace(**{
    "network.kind": "rote", "network.predict_batch": 10, "planted.distinct": 20,
    "selection.n_pool": 60, "selection.first": 3}))
"""Two tiny registered pools, every one of 20 pairs three times."""


def finished(store: Store, **changes) -> str:
    """A run over 60 pairs, every one of 20 three times, with 30 held-out pairs; its id."""
    asked = configs.quick().replace(**{
        "network.kind": "rote", "selection.n_pool": 60, "selection.first": 3,
        "planted.distinct": 20, "evaluation.n_held_out": 30, "network.predict_batch": 10,
        **changes})
    run_id, _ = store.create(asked)
    worker.work(store, run_id)
    return run_id
