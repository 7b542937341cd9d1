"""Speed of the article's network at full size in this process's environment, and its first losses.

    python -m benchmarks.article_step

Prints one JSON object. The losses tell whether an environment changes what is computed: same seed,
same pairs. Where the variable DTYPE_POLICY names one of Keras' (``mixed_bfloat16``), layers compute
with it, and only the answer and the loss stay float32.
"""

import json
import os
import time
from collections.abc import Callable

import numpy as np

from shipdash import config as configs
from shipdash.data import open_source
from shipdash.learning.learner import open_learner

POLICY = "DTYPE_POLICY"

N_STEPS = 6  # the first compiles
N_PREDICTED = 128


def main() -> None:
    """Train a few steps on different pairs, then predict."""
    config = configs.article()
    batch = config.network.batch
    if policy := os.environ.get(POLICY):
        _compute_with(policy)
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


def _compute_with(policy: str) -> None:
    """Networks that are built from now on have layers of this policy, and answer in float32."""
    import keras

    from shipdash.learning import networks

    def built(shape, filters):
        network = networks.article_network(shape, filters)
        answer = keras.layers.Activation("linear", dtype="float32")(network.output)
        return keras.Model(network.inputs, answer)

    keras.config.set_dtype_policy(policy)
    networks.NETWORKS["article"] = built


def _timed(call: Callable) -> tuple:
    began = time.perf_counter()
    found = call()
    return time.perf_counter() - began, found


if __name__ == "__main__":
    main()
