"""How long a step of a paused run takes, from the request to the first training of the next pick.

    python -m benchmarks.step [PRESET]

Prints one JSON object. The run is queued, paused and stepped as a page does it, in a runs folder
of its own; the run is cancelled in the end.
"""

import json
import os
import sys
import tempfile
import time

from shipdash import config as configs
from shipdash.records import RunState, Trained
from shipdash.runs import Store, kept_worker, queue

LOOK_S = 0.01
N_STEPS = 5


def main(preset: str) -> None:
    """Step that preset, paused at its first pick, `N_STEPS` times."""
    with tempfile.TemporaryDirectory() as runs:
        store = Store(runs)
        run_id = queue.submit(store, configs.preset(preset))
        queue.step(store, run_id)
        _until(lambda: kept_worker.waiting_run(store) == run_id)
        found = [_step(store, run_id) for _ in range(N_STEPS)]
        print(json.dumps({"preset": preset, "load": os.getloadavg()[0],
                          "until_training_begins_s": [round(begins, 3) for begins, _ in found],
                          "until_first_event_s": [round(first, 3) for _, first in found]}))
        queue.cancel(store, run_id)
        _until(lambda: not store.queue_is_worked())


def _step(store: Store, run_id: str) -> tuple[float, float]:
    """Seconds until training begins and until its first event can be read.

    An event tells of up to 256 images trained on, and how long that took. Returns when the run is
    paused again.
    """
    start, began = store.n_bytes(run_id), time.perf_counter()
    queue.step(store, run_id)
    _until(lambda: store.n_bytes(run_id) > start)
    took = time.perf_counter() - began
    first = next(e for e in store.events(run_id, start)[0] if isinstance(e, Trained))
    _until(lambda: store.status(run_id).state is RunState.PAUSED)
    return took - first.seconds, took


def _until(holds) -> None:
    while not holds():
        time.sleep(LOOK_S)


if __name__ == "__main__":
    main(*sys.argv[1:] or ["quick"])
