"""The article's program and our loop on the same pairs with the same network and rules.

    python -m benchmarks.article_race SPEC

SPEC is a run's settings as JSON. Prints one JSON object: what each did, how long it took without
compilation, and whether the picks are the same, pair by pair.
"""

import json
import sys
import time

from benchmarks.article_program import ArticleProgram
from shipdash.config import RunConfig
from shipdash.data import open_source
from shipdash.data.source import stream_order
from shipdash.learning.learner import open_learner
from shipdash.loop import LoopState, select
from shipdash.records import Scanned, Trained


def main(spec: str) -> None:
    """Run ours, then the other, and print both."""
    config = RunConfig.from_dict(json.loads(spec))
    core, ours = _ours(config)
    theirs_core, theirs = _theirs(config)
    first = next((k for k, pair in enumerate(zip(core, theirs_core, strict=False))
                  if pair[0] != pair[1]), None)
    print(json.dumps({"ours": ours, "program": theirs, "same_picks": core == theirs_core,
                      "first_difference": first}))


def _ours(config: RunConfig) -> tuple[list[int], dict]:
    learner = open_learner(config.network, shape=config.shape, seed=config.seeds.model)
    began = time.perf_counter()
    learner.prepare()
    compile_s, began = time.perf_counter() - began, time.perf_counter()
    pool, state = open_source(config), LoopState()
    events = list(select(pool, learner, config, stream_order(pool.n, config.seeds.order), state))
    return state.core, {
        "wall_s": time.perf_counter() - began, "compile_s": compile_s, "n_core": len(state.core),
        "n_forward": sum(e.n_forward for e in events if isinstance(e, Scanned)),
        "n_backward": sum(e.n_images for e in events if isinstance(e, Trained)),
    }


def _theirs(config: RunConfig) -> tuple[list[int], dict]:
    program = ArticleProgram(config, batches="ours")
    began = time.perf_counter()
    program.build()
    compile_s, began = time.perf_counter() - began, time.perf_counter()
    program.draw_pool()
    core = program.run()
    return core, {
        "wall_s": time.perf_counter() - began, "compile_s": compile_s, "n_core": len(core),
        "n_forward": program.n_predicted, "n_backward": program.n_trained,
        "n_epochs": program.n_epochs,
    }


if __name__ == "__main__":
    main(sys.argv[1])
