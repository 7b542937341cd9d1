"""Control arms: networks trained from scratch on the core set, on as many other pairs, on all.

Not the selection they are held against (`selection`), and not the comparison (`summary`).
"""

from shipdash.arms.choose import choose_pairs, factor_columns
from shipdash.arms.plan import (
    CURVE,
    NAMES,
    NETWORKS,
    STOPS,
    equal_cost,
    equal_updates,
    model_seeds,
    name_of,
    other_network,
    plan,
)
from shipdash.arms.train import ArmState, train_arm

__all__ = [
    "CURVE",
    "NAMES",
    "NETWORKS",
    "STOPS",
    "ArmState",
    "choose_pairs",
    "equal_cost",
    "equal_updates",
    "factor_columns",
    "model_seeds",
    "name_of",
    "other_network",
    "plan",
    "train_arm",
]
