"""This machine's unit of time: seconds for a 2,048 x 2,048 float32 matrix product in TensorFlow.

    python -m benchmarks.matrix_product

No network: a product is what a processor does best, so a wall time in products can be held
against that of another machine, and a network's speed against what could be had at most.
"""

import json
import time

SIDE = 2048  # 17.2 GFLOP: a quarter of a second on two laptop cores
N_CALLS = 7


def main() -> None:
    """Print one JSON object: seconds of every call, of importing TensorFlow, and the device."""
    began = time.perf_counter()
    import tensorflow as tf

    import_s = time.perf_counter() - began
    from shipdash.learning.learner import probe_device

    device = probe_device()
    a, b = (tf.random.stateless_uniform((SIDE, SIDE), (seed, 0)) for seed in (1, 2))
    tf.linalg.matmul(a, b).numpy()  # the first call starts the threads
    seconds = []
    for _ in range(N_CALLS):
        began = time.perf_counter()
        tf.linalg.matmul(a, b).numpy()
        seconds.append(time.perf_counter() - began)
    print(json.dumps({"seconds": seconds, "import_s": import_s, **device}))


if __name__ == "__main__":
    main()
