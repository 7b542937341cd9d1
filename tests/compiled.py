"""Real networks compiled once for all tests of a process: compiling takes longer than their runs.

Not for a test of compiling, nor for one that needs two networks of the same settings at a time.
"""

from functools import cache

from shipdash.config import NetworkConfig
from shipdash.learning.learner import Learner
from shipdash.learning.learner import open_learner as compile_learner


def open_learner(config: NetworkConfig, *, shape: tuple[int, int], seed: int) -> Learner:
    """As `shipdash.learning.learner.open_learner`, which is a matter of milliseconds by rote.

    A network of the same settings and shape that an earlier test has compiled is re-seeded, as the
    warm worker does it; that nothing of what it learnt is left is tested in test_networks.py.
    """
    if config.kind == "rote":
        return compile_learner(config, shape=shape, seed=seed)
    learner = _compiled(config, tuple(shape))
    learner.reseed(seed)
    return learner


@cache
def _compiled(config: NetworkConfig, shape: tuple[int, int]) -> Learner:
    learner = compile_learner(config, shape=shape, seed=0)
    learner.prepare()
    return learner
