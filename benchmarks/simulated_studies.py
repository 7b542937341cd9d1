"""Simulated studies: how often the verdict is wrong without an effect, and finds one there is.

Nothing stored is read. A run's score is the sum of what its set of pairs does and of what its model
seed does, both normal; `share` is the part of the variance that is the set's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from shipdash.analysis.core_against_random import Verdict, verdict
from shipdash.analysis.difference import LEVEL, summary

SHARES = (0.0, 0.25, 0.5, 0.75)
"""Parts of the variance between runs that may be the set's; which it is, no single study knows."""

MEASURE = "share_failing"


def draw(n_studies: int, n_runs: int, *, share: float, effect: float, own_sets: bool,
         spread: float, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Scores of both arms of many studies: float64, each of shape (n_studies, n_runs).

    Every random run has its own set. The runs on selected pairs share one, unless `own_sets`. The
    standard deviation between random runs is 1, that of what model seeds do in core runs `spread`
    times as large, and `effect` is added to every core run.
    """
    def model() -> np.ndarray:
        return math.sqrt(1 - share) * chance.standard_normal((n_studies, n_runs))

    n_sets = n_runs if own_sets else 1
    core = effect + math.sqrt(share) * chance.standard_normal((n_studies, n_sets))
    core = core + spread * model()
    random = math.sqrt(share) * chance.standard_normal((n_studies, n_runs)) + model()
    return core, random


def share_separated(n_studies: int, n_runs: int = 3, *, share: float, effect: float = 0.0,
                    own_sets: bool = False, spread: float = 1.0,
                    seed: int | Sequence[int] = 0) -> float:
    """Share of simulated studies in which the verdict claims a difference.

    Without an `effect` it is the false positive rate, with one the power. The interval over
    held-out pairs, which can only withhold a claim, is taken to leave out zero every time.

    Parameters
    ----------
    n_studies, n_runs : int
        Studies, and runs of each arm, at least 3.
    share : float
        Part of the variance between random runs that is the set's, 0 to 1.
    effect : float
        Difference of means, in standard deviations of random runs.
    own_sets : bool
        Whether every core run has a selection of its own, as with one run a pool or order.
    spread : float
        How many times as much model seeds change core runs as they change random ones.
    """
    arms = draw(n_studies, n_runs, share=share, effect=effect, own_sets=own_sets,
                spread=spread, chance=np.random.default_rng(seed))
    claims = (Verdict.BETTER, Verdict.WORSE)
    found = [verdict(_row(core, own_sets), _row(random, True), MEASURE) in claims
             for core, random in zip(*arms, strict=True)]
    return float(np.mean(found))


def _row(values: np.ndarray, own_sets: bool) -> pd.Series:
    """A row of `arm_table` as far as the verdict reads it."""
    sets = range(len(values)) if own_sets else [0] * len(values)
    ends = {f"{MEASURE}_diff_low": 1.0, f"{MEASURE}_diff_high": 1.0}
    return pd.Series({"n_runs": len(values)} | summary(values, sets, MEASURE) | ends)


def paired_power(n_selections: int, effect: float, level: float = LEVEL) -> float:
    """Power of the paired t test over so many selections (noncentral t distribution).

    `effect` is the mean difference in standard deviations of the differences.

    >>> round(paired_power(10, 1.0), 2)
    0.8
    """
    from scipy.special import nctdtr, stdtrit

    df, shift = n_selections - 1, abs(effect) * math.sqrt(n_selections)
    limit = stdtrit(df, 1 - level / 2)
    far = nctdtr(df, shift, -limit) if shift < 5 else 0.0  # no number there, and next to nothing
    return float(1 - nctdtr(df, shift, limit) + far)
