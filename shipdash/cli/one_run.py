"""What the commands have in common that compute one run in their own process, or show one."""

from __future__ import annotations

from shipdash.cli import progress_bars
from shipdash.cli.options import RESUME
from shipdash.config import RunConfig
from shipdash.records import Picked, RunState, Scanned, Trained
from shipdash.results import Result
from shipdash.runs import Store, queue, warm_worker, worker
from shipdash.runs.cluster_scan import OpenScanner
from shipdash.studies.folder import state_of


def is_answered(store: Store, run_id: str) -> bool:
    """Whether nothing need be computed for this run."""
    return state_of(store, run_id) == RunState.COMPLETED


def refuse_what_is_not_answered(store: Store, run_id: str) -> None:
    """Where nothing can be computed, stored results are shown all the same."""
    if not is_answered(store, run_id):
        queue.refuse_to_start()


def see_through(store: Store, run_id: str, scan: OpenScanner | None = None) -> Result | None:
    """`worker.work` with a progress bar, whatever was asked of a worker that is gone.

    A KeyboardInterrupt leaves with the sentence that says how to go on.
    """
    warm_worker.dismiss(store)
    if not store.is_alive(run_id):
        store.clear_request(run_id)  # to a worker that is gone; this one is asked to go on
    config = store.config(run_id)
    try:
        with progress_bars.of_run(config) as bar:
            return worker.work(store, run_id, progress_bars.warned(config, bar), open_scanner=scan)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(RESUME) from None


def outcome(store: Store, run_id: str, spec: RunConfig | None = None) -> dict:
    """The result if there is one, otherwise the same keys for the run so far.

    Its settings are read from its folder unless they are given.
    """
    status, spec = store.status(run_id), spec or store.config(run_id)
    asked = {"run_id": run_id, "state": str(status.state), "spec": spec.to_dict()}
    result = store.result(run_id)
    if result is not None:
        return asked | result.to_json()
    core, n_core, n_tested, n_forward, n_backward, seconds = [], 0, 0, 0, 0, 0.0
    for event in store.each_event(run_id):  # one by one: a long stream has too many to hold
        seconds += getattr(event, "seconds", 0.0)
        if isinstance(event, Trained):
            n_core, n_backward = max(n_core, event.n_core), n_backward + event.n_images
        elif isinstance(event, Scanned):
            n_tested, n_forward = event.n_tested, n_forward + event.n_forward
        elif isinstance(event, Picked):
            n_tested = event.n_tested
            core.append(event.index)
    return asked | {
        "reason": status.reason, "n_pool": spec.selection.n_pool,
        "n_tested": n_tested, "n_core": max(n_core, len(core)),  # an arm picks none
        "core": core, "n_forward": n_forward, "n_backward": n_backward,
        "seconds": round(seconds, 2),
        "device": None, "held_out": None, "reaudit": None,
    }
