"""What docs/preregistration.md says as data: pools, arms, hypotheses. It runs and tests nothing.

A change of this file after the first pool is a change of the plan: say so in that document.
"""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.pools import Hypothesis, below
from shipdash import config as configs
from shipdash.config import RunConfig

SEEDS = tuple(range(9001, 9011))
"""Pool seeds, and order and model seeds of the selections: used by nothing before this study."""

ARM_SEED = 20000
"""An arm's model seed is this plus the pool seed: 29001 to 29010, used nowhere else."""

QUICK_SEEDS = (1, 2)
"""Of the tiny pools: no seed of the study is looked at beforehand, in any setting."""

ARMS = ("core", "random", "matched", "first", "el2n", "ccs", "full-true-cost", "core-4x",
        "random-4x")
"""The arms of each pool, beside the selection; `first` is the placebo: a second random draw."""

CERTIFIED = SEEDS[0]
"""The pool whose selection is also run until a pass is clean: that run, named here before it was
started, carries the headline certificate."""

TAIL, TYPICAL = below(0.9), "median_iou"
"""The two primary measures."""

HYPOTHESES = (
    Hypothesis("H1", "Selected pairs make failures rarer than as many random pairs",
               "core", "random", TAIL),
    Hypothesis("H2", "They do so at the price of a lower median IoU", "core", "random", TYPICAL),
    Hypothesis("H3", "Random pairs with the core set's factors do better than random pairs",
               "matched", "random", TAIL),
    Hypothesis("H4", "Selected pairs do better than random pairs with their factors",
               "core", "matched", TAIL),
    Hypothesis("H5", "Picking in sequence does better than one-shot hardness (EL2N)",
               "core", "el2n", TAIL),
    Hypothesis("H6", "Picking in sequence does better than coverage-centric selection (CCS)",
               "core", "ccs", TAIL),
    Hypothesis("H7", "Selecting and then training on the core set does better than the full pool "
               "at the same whole cost", "core", "full-true-cost", TAIL),
    Hypothesis("H8", "With four times the updates the choice of pairs still matters",
               "core-4x", "random-4x", TAIL),
    Hypothesis("H9", "The choice of pairs gains more than four times the updates do",
               "core", "random-4x", TAIL),
)

PLACEBO = Hypothesis("placebo", "The first pairs of a random order do better than random pairs",
                     "first", "random", TAIL)
"""Both are random draws: expected to be not separated, and outside the correction."""


NO_SAVING = "these pools do not show that selection makes failures rarer"
MEANING = {
    ("H1", "contradicted"): NO_SAVING,
    ("H1", "not separated"): NO_SAVING,
    ("H2", "contradicted"): "there is no price in typical quality",
    ("H5", "contradicted"): "picking in sequence is not needed",
    ("H6", "contradicted"): "picking in sequence is not needed",
    ("H7", "contradicted"): "the whole pool is the better use of the same time",
    ("H9", "contradicted"): "four times the updates do more than the choice",
}
"""What a verdict means for the project's story, in the words of the document."""

EXPLAINED = "the factors explain the gain"
"""What H4 means where it is not separated and `matched` is near `core` (see `near`)."""


def near(difference: float, gain: float) -> bool:
    """Whether `matched` is near `core`: their mean difference is less than half of H1's gain.

    Both are means of a difference in the share failing, core minus the other; a gain is below zero.
    """
    return gain < 0 and abs(difference) < abs(gain) / 2


class Plan(NamedTuple):
    """What is run: the settings of a pool but its seeds, the seeds, and which pool is certified."""

    base: RunConfig
    seeds: tuple[int, ...]
    certified: int


def plan(quick: bool = False) -> Plan:
    """The study as it was registered, or a tiny one that shows only that everything works."""
    if not quick:
        return Plan(configs.compact(), SEEDS, CERTIFIED)
    base = configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 4.0, "scene.radius_max": 8.0,
        "selection.n_pool": 40, "selection.precision": 0.1, "evaluation.n_held_out": 24})
    return Plan(base, QUICK_SEEDS, QUICK_SEEDS[0])


def selection(base: RunConfig, seed: int) -> RunConfig:
    """The selection of a pool: one seed for pool, order and weights."""
    return base.replace(**{"seeds.pool": seed, "seeds.order": seed, "seeds.model": seed})
