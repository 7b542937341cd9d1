"""What ten pools can find, planned from the recorded studies before any pool was stored.

It reads no pool of the study; what the pools could have found by their own spread is in the report.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks import pools
from benchmarks.child import ROOT
from benchmarks.preregistered_report import markdown
from benchmarks.registration import HYPOTHESES

RECORDED = ROOT / "shipdash" / "recorded"
OLD, OLD_ELSEWHERE = "study-0.2.0", "study-0.2.0-elsewhere"
"""Recorded studies whose spread the plan was made with."""

NEW = "study-xeon"
"""That of version 0.3.0, whose spread was looked at later; it has one order only."""

RANGE_OF_3 = 1.693
"""Expected range of three normal values in standard deviations (Tippett, Biometrika 17, 1925)."""


def power(studies: Sequence[str] = (OLD, OLD_ELSEWHERE), alpha: float = pools.ALPHA,
          n: int = 10) -> str:
    """What ten pools can find, by the spread of runs that these recorded studies show."""
    rows = []
    for measure, unit, scale in (("share_failing", "share below 0.90, %", 100),
                                  ("mean_iou", "mean IoU", 1)):
        sd, effects = spread(measure, studies)
        first = alpha / len(HYPOTHESES)  # Holm's first and hardest step
        rows.append({
            "measure": unit, "SD of a difference": f"{scale * sd:.2g}",
            "found with 80 %": f"{scale * pools.detectable(sd, n, first):.2g}",
            "recorded core minus random": " and ".join(f"{scale * e:+.2g}" for e in effects),
            **{f"power at {words}the smaller": format(pools.paired_power(
                share * min(map(abs, effects)), sd, n, first), ".0%")
               for words, share in (("", 1), ("half of ", 0.5))}})
    return markdown(pd.DataFrame(rows))


def spread(measure: str, studies: Sequence[str]) -> tuple[float, list[float]]:
    """Standard deviation of core minus random over pools, one run each; the recorded differences.

    Runs: from the range of three, both arms, each of `studies`. Selections: from the five orders
    of `OLD_ELSEWHERE`, whose own runs are counted once more, to be on the safe side. What pools
    add is stored nowhere yet.
    """
    variances, effects = {"Core set": [], "Random": []}, []
    for table in (pd.read_csv(RECORDED / name / "arms.csv") for name in studies):
        rows = table[(table["stop"] == "equal updates") & (table["network"] == "same")]
        rows = rows.set_index("arm")
        for arm, found in variances.items():
            width = rows.loc[arm, f"{measure}_high"] - rows.loc[arm, f"{measure}_low"]
            found.append((width / RANGE_OF_3) ** 2)
        effects.append(float(rows.loc["Core set", measure] - rows.loc["Random", measure]))
    orders = pd.read_csv(RECORDED / OLD_ELSEWHERE / "across.csv")[f"{measure}_diff"]
    return math.sqrt(sum(map(np.mean, variances.values())) + orders.var(ddof=1)), effects
