"""Images per second that a preset's network trains and predicts, medians of several calls.

    python -m benchmarks.speed compact article

Not the benchmark of a whole run: these two figures scale the estimate that the Run page gives for
a network that has not run on this machine yet (`analysis.time_estimate.REFERENCE_SPEED`).
"""

import json
import sys
import time

import numpy as np

from shipdash import config as configs
from shipdash.data.scene import SceneSource
from shipdash.learning.learner import open_learner
from shipdash.runs.machine import machine

N_CALLS = 5  # each is seconds for the article's network on a CPU


def main(presets: list[str]) -> None:
    """Print one JSON object: images per second by preset, and the machine."""
    speeds = {}
    for name in presets:
        config = configs.preset(name)
        learner = open_learner(config.network, shape=config.shape, seed=1)
        learner.prepare()
        n_train, n_predict = config.network.batch, config.network.predict_batch
        images, masks = SceneSource(config.scene, seed=1, n=64).draw(range(max(n_train, n_predict)))
        train = _seconds(lambda: learner.train(images[:n_train], masks[:n_train]))  # noqa: B023
        predict = _seconds(lambda: learner.predict(images[:n_predict]))  # noqa: B023
        speeds[name] = [round(n_train / train, 1), round(n_predict / predict, 1)]
    print(json.dumps({"images_per_s": speeds, "machine": machine()}))


def _seconds(call) -> float:
    took = []
    for _ in range(N_CALLS):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return float(np.median(took))


if __name__ == "__main__":
    main(sys.argv[1:])
