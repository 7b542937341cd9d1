"""One run as the Run page's button starts it, and how long the viewer waits for its selection.

    python -m benchmarks.clicked_run RUNS_FOLDER SPEC ready|cold

SPEC is a run's settings as JSON. *ready*: the page has been open long enough for its network to
stand by. Prints one JSON object; `selected_s` counts from the click to the last pair tested.
"""

import json
import sys
import time

from shipdash.config import RunConfig
from shipdash.records import RunState, Stopped
from shipdash.runs import Store, queue, warm_worker

LOOK_S = 0.05
PATIENCE_S = 300.0


def main(runs: str, spec: str, how: str) -> None:
    """Be the server: have the network ready, or not; click; wait."""
    store, config = Store(runs), RunConfig.from_dict(json.loads(spec))
    if how == "ready":
        _have_ready(store, config)
    clicked = time.perf_counter()
    run_id = queue.submit(store, config)
    selected_s = _until_selected(store, run_id, clicked)
    while store.status(run_id).state is RunState.RUNNING:
        time.sleep(LOOK_S)
    result = store.result(run_id)
    if result is None or (result.prepared_s is not None) != (how == "ready"):
        raise SystemExit(f"run {run_id} is {store.status(run_id)} and was not worked on {how}")
    print(json.dumps({"selected_s": selected_s, "result": result.to_json()}))


def _have_ready(store: Store, config: RunConfig) -> None:
    until = time.monotonic() + PATIENCE_S
    queue.ensure_standby(store, config, [])
    while not warm_worker.is_ready(store, config):
        if time.monotonic() > until:
            raise SystemExit(f"no worker was ready within {PATIENCE_S:.0f} s; SHIPDASH_STANDBY=0?")
        time.sleep(LOOK_S)


def _until_selected(store: Store, run_id: str, clicked: float) -> float:
    """Seconds from the click until the last record of the selection was written."""
    offset = 0
    while True:
        events, offset = store.events(run_id, offset)
        if events and isinstance(events[-1], Stopped):
            return time.perf_counter() - clicked
        state = store.status(run_id).state
        if state not in (RunState.QUEUED, RunState.RUNNING, RunState.COMPLETED):
            raise SystemExit(f"run {run_id} is {state}")
        time.sleep(LOOK_S)


if __name__ == "__main__":
    main(*sys.argv[1:])
