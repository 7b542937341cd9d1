"""Images per second of the article's network: through Keras, as the article did, and as we do.

    python -m benchmarks.article_speed '{"size": 128, "filters": 16}'

Prints one JSON object with every call's speed, compilation left out.
"""

import json
import sys
import time
from collections.abc import Callable

from benchmarks.article_program import BLOCK, ArticleProgram
from benchmarks.parts import scene_of
from shipdash import config as configs
from shipdash.learning.learner import open_learner

N_CALLS = 3  # each is seconds at full size on a CPU
N_PREDICTED = 128  # of a block: the speed no longer depends on how many follow


def main(asked: str) -> None:
    """Measure `fit` and `predict`, then our compiled calls, on the same pairs."""
    size, filters = (json.loads(asked)[name] for name in ("size", "filters"))
    scene = scene_of(size)
    config = configs.article().replace(**{
        "scene.size": size, "scene.radius_min": scene.radius_min,
        "scene.radius_max": scene.radius_max, "network.filters": filters,
        "selection.n_pool": min(BLOCK, N_PREDICTED)})
    batch, ahead = config.network.batch, slice(0, N_PREDICTED)
    program = ArticleProgram(config, batches="keras")
    program.build()
    program.draw_pool()
    images, masks = program.images[:batch], program.masks[:batch]
    found = {"fit": _speeds(lambda: program.fit(images, masks, batch), batch),
             "predict": _speeds(lambda: program.predict(ahead), N_PREDICTED)}
    learner = open_learner(config.network, shape=config.shape, seed=1)
    found |= {"our_train": _speeds(lambda: learner.train(images, masks > 0), batch),
              "our_predict": _speeds(lambda: learner.predict(program.images), N_PREDICTED)}
    print(json.dumps({"size": size, "filters": filters, **found}))


def _speeds(call: Callable, n: int) -> list[float]:
    call()  # compiles
    speeds = []
    for _ in range(N_CALLS):
        began = time.perf_counter()
        call()
        speeds.append(n / (time.perf_counter() - began))
    return speeds


if __name__ == "__main__":
    main(sys.argv[1])
