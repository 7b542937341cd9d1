"""Control arms in the queue: check what is asked, submit it, or work it off here.

It chooses no pairs and trains nothing: `arms` says which runs to ask for, `jobs` runs them.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

from shipdash.config import ConfigError, RunConfig
from shipdash.records import RunState
from shipdash.results import StoredRun
from shipdash.runs import Store, StoreError, queue
from shipdash.studies import arms

BUSY = (RunState.QUEUED, RunState.RUNNING)
PATIENCE = 25  # looks at a queue that nobody works off before it is called stuck: five seconds


def plan_arms(store: Store, run_id: str, names: Sequence[str] = arms.NAMES, *,
              stops: Sequence[str] = arms.STOPS, n_model_seeds: int = 3, n_draws: int = 3,
              curve: Sequence[int] = (), network: str = "") -> list[RunConfig]:
    """Arms of a finished selection, each checked against it; nothing is stored or started.

    Raises
    ------
    ConfigError
        The run is missing, unfinished, an arm itself or from another version of the algorithm,
        a name is unknown, or an arm needs more pairs than there are.
    """
    source, result = store.selected(run_id)
    if not source.evaluation.n_held_out:
        raise ConfigError("evaluation.n_held_out", 0, "must be above 0 in the run: arms are held "
                          "against each other on held-out pairs")
    for field, n in (("model_seeds", n_model_seeds), ("draws", n_draws)):
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= 100:
            raise ConfigError(field, n, "must be a whole number from 1 to 100")
    planned = arms.plan(
        run_id, source, result, names=names, stops=stops, curve=curve, network=network,
        model_seeds=arms.model_seeds(source, n_model_seeds), draws=range(1, n_draws + 1),
    )
    for arm in planned:
        store.source(arm)
    return planned


def submit_arms(store: Store, run_id: str, names: Sequence[str] = arms.NAMES, *,
                stops: Sequence[str] = arms.STOPS, n_model_seeds: int = 3, n_draws: int = 3,
                curve: Sequence[int] = (), network: str = "") -> list[str]:
    """Queue the missing arms of a finished selection and return the ids of all asked for.

    Stored answers are kept, halted arms go on. Parameters and errors as in `plan_arms`.
    """
    planned = plan_arms(store, run_id, names, stops=stops, n_model_seeds=n_model_seeds,
                        n_draws=n_draws, curve=curve, network=network)
    ids = [queue.enqueue(store, arm) for arm in planned]
    queue.ensure_drainer(store)
    return ids


def work_off(store: Store, planned: Sequence[RunConfig]) -> list[str]:
    """Run what is missing of these, one fresh worker process after another, and wait for it.

    The processes are children of this one, unless another process works the queue off already;
    what has waited in the queue for longer comes first, as always.
    Interrupted, what has not begun is put away, so that no queue takes it up behind our back.
    """
    ids = [queue.enqueue(store, arm) for arm in planned]
    n_idle = 0
    try:
        while waiting := [i for i in ids if store.status(i).state in BUSY]:
            queue.drain(store)
            worked = store.queue_is_worked() or any(map(store.is_alive, waiting))
            n_idle = 0 if worked else n_idle + 1
            if n_idle > PATIENCE:
                raise StoreError(f"run {waiting[0]} stays {store.status(waiting[0]).state} and "
                                 f"nobody works on it: see queue.log and log.txt in {store.root}")
            time.sleep(queue.POLL_S)
    except KeyboardInterrupt:
        for run_id in ids:
            with contextlib.suppress(StoreError):
                if store.status(run_id).state is RunState.QUEUED:
                    queue.pause(store, run_id)
        raise
    return ids


def arms_of(store: Store, run_id: str) -> list[StoredRun]:
    """Every stored arm of a selection, finished or not, newest first."""
    return [run for run in store.list() if run.config and run.config.arm.source == run_id]
