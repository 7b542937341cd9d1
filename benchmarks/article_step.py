"""Speed of the article's network at full size in this process's environment, and its first losses.

    python -m benchmarks.article_step

Prints one JSON object. The losses tell whether an environment changes what is computed: same seed,
same pairs.
"""

import json
import time
from collections.abc import Callable

import numpy as np

from shipdash import config as configs
from shipdash.data import open_source
from shipdash.learning.learner import open_learner

N_STEPS = 6  # the first compiles
N_PREDICTED = 128


def main() -> None:
    """Train a few steps on different pairs, then predict."""
    config = configs.article()
    batch = config.network.batch
    images, masks = open_source(config).draw(range(max(N_PREDICTED, batch * N_STEPS)))
    learner = open_learner(config.network, shape=config.shape, seed=1)
    train_s, losses = [], []
    for start in range(0, batch * N_STEPS, batch):
        part = slice(start, start + batch)
        seconds, step = _timed(lambda part=part: learner.train(images[part], masks[part]))
        train_s.append(seconds)
        losses.append(step.loss)
    predict_s = [_timed(lambda: learner.predict(images[:N_PREDICTED]))[0] for _ in range(4)]
    print(json.dumps({"train_per_s": float(batch / np.median(train_s[1:])),
                      "predict_per_s": float(N_PREDICTED / np.median(predict_s[1:])),
                      "compile_s": train_s[0], "losses": losses, "device": learner.device}))


def _timed(call: Callable) -> tuple:
    began = time.perf_counter()
    found = call()
    return time.perf_counter() - began, found


if __name__ == "__main__":
    main()
