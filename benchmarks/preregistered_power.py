"""What ten pools can find, planned from the recorded studies before any pool was run.

It reads no pool of the study; what the pools could have found by their own spread is in the report.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from benchmarks.child import ROOT
from benchmarks.preregistered_report import markdown
from benchmarks.registration import HYPOTHESES
from shipdash.analysis import pools

RECORDED = ROOT / "shipdash" / "recorded"
OLD, OLD_ELSEWHERE = "study-0.2.0", "study-0.2.0-elsewhere"
"""Recorded studies whose spread the power rests on: the plan was made with them."""

RANGE_OF_3 = 1.693
"""Expected range of three normal values in standard deviations (Tippett, Biometrika 17, 1925)."""


def power(alpha: float = pools.ALPHA, n: int = 10) -> str:
    """What ten pools can find, by the spread that the recorded studies show."""
    rows = []
    for measure, unit, scale in (("share_failing", "share below 0.90, %", 100),
                                  ("mean_iou", "mean IoU", 1)):
        sd, effects = spread(measure)
        first = alpha / len(HYPOTHESES)  # Holm's first and hardest step
        rows.append({
            "measure": unit, "SD of a difference": f"{scale * sd:.2g}",
            "found with 80 %": f"{scale * pools.detectable(sd, n, first):.2g}",
            "recorded core minus random": " and ".join(f"{scale * e:+.2g}" for e in effects),
            **{f"power at {words}the smaller": format(pools.paired_power(
                share * min(map(abs, effects)), sd, n, first), ".0%")
               for words, share in (("", 1), ("half of ", 0.5))}})
    return markdown(pd.DataFrame(rows))


def spread(measure: str) -> tuple[float, list[float]]:
    """Standard deviation of core minus random over pools, one run each; the recorded differences.

    Runs: from the range of three, both arms, both recorded studies. Selections: from the five
    orders of the second, whose own runs are counted once more, to be on the safe side. What pools
    add is stored nowhere yet.
    """
    studies = [pd.read_csv(RECORDED / name / "arms.csv") for name in (OLD, OLD_ELSEWHERE)]
    variances, effects = {"Core set": [], "Random": []}, []
    for table in studies:
        rows = table[(table["stop"] == "equal updates") & (table["network"] == "same")]
        rows = rows.set_index("arm")
        for arm, found in variances.items():
            width = rows.loc[arm, f"{measure}_high"] - rows.loc[arm, f"{measure}_low"]
            found.append((width / RANGE_OF_3) ** 2)
        effects.append(float(rows.loc["Core set", measure] - rows.loc["Random", measure]))
    orders = pd.read_csv(RECORDED / OLD_ELSEWHERE / "across.csv")[f"{measure}_diff"]
    return math.sqrt(sum(map(np.mean, variances.values())) + orders.var(ddof=1)), effects
