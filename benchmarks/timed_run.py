"""One run in a process of its own, with a stopwatch on what its result does not tell apart.

    python -m benchmarks.timed_run RUNS_FOLDER SPEC

SPEC is a run's settings as JSON (missing ones take their defaults). Prints one JSON object. The
run is the one that `shipdash run` makes; the stopwatch only stands beside it.
"""

import json
import sys
import time
from pathlib import Path

from benchmarks.stopwatch import Stopwatch
from shipdash.config import RunConfig
from shipdash.data.scene import SceneSource
from shipdash.learning.learner import open_learner
from shipdash.records import Event, Scanned, Stopped, Trained
from shipdash.runs import EventWriter, Store, worker

WRITES = ((Store, "set_status"), (Store, "save_checkpoint"), (Store, "save_scores"),
          (Store, "write_result"), (EventWriter, "append"), (EventWriter, "flush"))


class Listener:
    """Hears the events of the run: training phases before the first scan are the warm-up."""

    def __init__(self, watch: Stopwatch) -> None:
        self.watch, self.n_events, self.scanned = watch, 0, False
        self.seconds = {"warmup": 0.0, "train": 0.0, "scan": 0.0}
        self.selected_at = 0.0

    def __call__(self, event: Event) -> None:
        self.n_events += 1
        if self.n_events == 1:  # what is written before is no part of the selection's own seconds
            self.watch.phase = "select"
        if isinstance(event, Scanned):
            self.scanned = True
            self.seconds["scan"] += event.seconds
        elif isinstance(event, Trained):
            self.seconds["train" if self.scanned else "warmup"] += event.seconds
        elif isinstance(event, Stopped):
            self.watch.phase, self.selected_at = "evaluate", time.time()


def main(runs: str, spec: str) -> None:
    """Make the run in that folder and print what it took."""
    config, watch = RunConfig.from_dict(json.loads(spec)), Stopwatch("start")
    watch.around(SceneSource, "draw", "generate")
    for owner, method in WRITES:
        watch.around(owner, method, "write")
    store, listener = Store(runs), Listener(watch)
    result = worker.work(store, store.create(config)[0], listener)
    print(json.dumps({
        "result": result.to_json(), "n_events": listener.n_events, "listened_s": listener.seconds,
        "selected_at": listener.selected_at,
        "in_the_way_s": _plain(watch.seconds), "beside_s": _plain(watch.beside),
        "peak_rss_mb": peak_rss_mb(), **_flop(config),
    }))


def _plain(seconds: dict) -> dict[str, float]:
    return {f"{phase}/{name}": value for (phase, name), value in seconds.items()}


def peak_rss_mb() -> float:
    """The most memory this process has held, in MB (Linux)."""
    words = Path("/proc/self/status").read_text().split()
    return int(words[words.index("VmHWM:") + 1]) * 1024 / 1e6


def _flop(config: RunConfig) -> dict[str, int]:
    """Operations per image predicted and trained on; 0 for a learner without a network."""
    if config.network.kind == "rote":
        return {"forward_flop": 0, "training_flop": 0}
    from benchmarks import flops

    learner = open_learner(config.network, shape=config.shape, seed=0)
    forward = flops.of_forward_pass(learner.network, config.scene.size)
    return {"forward_flop": forward, "training_flop": flops.TRAINING * forward}


if __name__ == "__main__":
    main(*sys.argv[1:])
