"""What a training step takes with the stem of algorithm 2 and with another, in turns.

    python -m benchmarks.recipe_step --stem leaky --preset compact

Rows are appended to benchmarks/results/recipe/step.csv; nothing is learnt here.
"""

from __future__ import annotations

import argparse
import time
from typing import NamedTuple

import numpy as np

from benchmarks.recipe import RESULTS, append, compiled
from benchmarks.recipe_stems import STEMS
from shipdash import config as configs
from shipdash.data.scene import SceneSource

N_STEPS = 20  # a turn: long enough for a median, short enough to share the machine's moods


class StepTime(NamedTuple):
    """Median seconds of a training step with either stem, measured in turns in one process."""

    size: int
    repeat: int
    stem: str
    step_s: float


def time_steps(args: argparse.Namespace) -> None:
    """Training steps of algorithm 2 and of the stem asked for, in turns."""
    config = configs.preset(args.preset)
    source = SceneSource(config.scene, seed=args.pool, n=16)
    images, masks = source.draw(range(config.network.batch))
    learners = {stem: compiled(config, stem) for stem in ("algorithm 2", args.stem)}
    for repeat in range(args.repeats):
        for stem, learner in learners.items():
            took = []
            for _ in range(N_STEPS):
                began = time.perf_counter()
                learner.train(images, masks)
                took.append(time.perf_counter() - began)
            append(RESULTS / "step.csv", StepTime(config.scene.size, repeat, stem,
                                                  round(float(np.median(took)), 5)))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stem", choices=STEMS, required=True)
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--pool", type=int, default=1000, help="pool seed")
    parser.add_argument("--repeats", type=int, default=10)
    time_steps(parser.parse_args())


if __name__ == "__main__":
    main()
