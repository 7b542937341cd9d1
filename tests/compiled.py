"""Real networks compiled once for all tests of a process: compiling takes longer than their runs.

Not for a test of compiling, nor for one that needs two networks of the same settings at a time.
"""

from shipdash.config import NetworkConfig
from shipdash.learning.learner import Learner
from shipdash.learning.learner import open_learner as compile_learner

_KEPT: dict[tuple, Learner] = {}


def open_learner(config: NetworkConfig, *, shape: tuple[int, int], seed: int) -> Learner:
    """As `shipdash.learning.learner.open_learner`, but for its time.

    A network of the same settings and shape that an earlier test has compiled is given the state
    of a fresh one, as the warm worker does it; that nothing of what it learnt is left is tested in
    test_networks.py.
    """
    if config.kind == "rote":
        return compile_learner(config, shape=shape, seed=seed)
    if (config, shape) not in _KEPT:
        _KEPT[config, shape] = compile_learner(config, shape=shape, seed=seed)
        _KEPT[config, shape].prepare()
    learner = _KEPT[config, shape]
    learner.reseed(seed)
    return learner
