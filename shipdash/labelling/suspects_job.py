"""The process that finds suspicious labels: started, cancelled, watched, and what it does.

A job that is started again goes on with the first network that had not finished.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shipdash.labelling.cross_validation import folds, judged, train
from shipdash.labelling.suspects import SuspectRequest, Suspicions
from shipdash.learning.learner import open_learner
from shipdash.runs import Store
from shipdash.runs.tasks import open_task


def start(store: Store, request: SuspectRequest) -> str:
    """Start the process that does the job; its id. See `JobFolders.start`."""
    return Suspicions(store, request.run_id).start(
        store, request, ["label", "suspects", request.run_id, "--folds", str(request.n_folds),
                         "--steps", str(request.n_steps)])


def compute(store: Store, request: SuspectRequest,
            on_progress: Callable[[int, int], None] = lambda n_done, n: None) -> str:
    """Do the job in this process unless it is done; its id. See `JobFolders.see_through`.

    `on_progress` hears the training steps done and those of all networks.
    """
    jobs = Suspicions(store, request.run_id)
    job = jobs.create(request)
    jobs.see_through(job, lambda: _see_through(store, jobs, job, request, on_progress))
    return job


def _see_through(store: Store, jobs: Suspicions, job: str, request: SuspectRequest,
                 on_progress: Callable[[int, int], None]) -> None:
    config, result = store.config(request.run_id), store.result(request.run_id)
    task, core = open_task(store, config), list(result.core)
    # A selection that stalled has discarded nothing behind the place at which it stopped.
    source, beside = task.source, np.setdiff1d(task.order[:result.n_tested], core).tolist()
    k, n_steps = request.n_folds, request.n_steps
    learner = None

    def heed(number: int, n_done: int) -> None:
        on_progress(number * n_steps + n_done, k * n_steps)
        jobs.heed(job, f"network {number + 1} of {k}", number * n_steps + n_done, k * n_steps)

    parts = []
    for number, fold in enumerate(folds(source, core, beside, k, config.seeds.model)):
        heed(number, 0)
        part = jobs.arrays(job, f"fold-{number}")
        if part is None:
            if learner is None:
                learner = open_learner(config.network, shape=config.shape, seed=config.seeds.model)
                learner.prepare(void=source.void)
            train(source, learner, config, fold, n_steps, number,
                  lambda n_done, number=number: heed(number, n_done))
            part = judged(source, learner, fold.tested)
            jobs.save(job, f"fold-{number}", part)
        parts.append(part)
    jobs.save(job, "suspects", _in_order(parts, core))


def _in_order(parts: list[dict[str, np.ndarray]], core: list[int]) -> dict[str, np.ndarray]:
    """All folds together, in order of selection."""
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    at = {number: place for place, number in enumerate(found["index"].tolist())}
    places = [at[number] for number in core]
    return {name: values[places] for name, values in found.items()}
