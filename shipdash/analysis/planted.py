"""Pools whose answer is known: few distinct pairs, wrong masks. The method's own limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shipdash.analysis.core_against_random import Finding
from shipdash.analysis.scores import wilson

FORGETTING = 0.10
"""Stated slack of a learner that may forget, as a share of the distinct pairs."""


def distinct_slack(n_distinct: int, n_first: int, network: str) -> int:
    """Core pairs allowed beyond the distinct ones.

    The first pairs join untested and may repeat each other; one of them is always new. A network
    may also fail a pair of which it keeps a copy: that it forgot, `FORGETTING` of them at most.
    The rote learner never forgets.
    """
    forgotten = 0 if network == "rote" else round(FORGETTING * n_distinct)
    return n_first - 1 + forgotten


def distinct_answer(core: Sequence[int], origins: Sequence[int], spec: Mapping[str, Any]) -> dict:
    """Core size against the number of distinct pairs in the pool.

    Parameters
    ----------
    core : sequence of int
        In order of selection.
    origins : sequence of int
        For each core pair the first pair that it repeats to the pixel (`Source.origin`).

    Returns
    -------
    dict
        n_distinct, n_core, n_found (distinct pairs among them), n_repeated_first (repeats among
        the first, untested pairs), n_forgotten (repeats that were failed although a copy had been
        kept), slack, holds.
    """
    n_distinct, n_first = spec["planted"]["distinct"], spec["selection"]["first"]
    seen: set[int] = set()
    repeats = [0, 0]
    for place, origin in enumerate(origins):
        repeats[place >= n_first] += origin in seen
        seen.add(origin)
    slack = distinct_slack(n_distinct, n_first, spec["network"]["kind"])
    return {"n_distinct": n_distinct, "n_core": len(core), "n_found": len(seen),
            "n_repeated_first": repeats[0], "n_forgotten": repeats[1], "slack": slack,
            "holds": len(core) <= n_distinct + slack}


def distinct_finding(answer: Mapping[str, Any]) -> Finding:
    """The known answer in words."""
    d, n = answer["n_distinct"], answer["n_core"]
    verdict = "within" if answer["holds"] else "beyond"
    more = ("" if answer["n_forgotten"] <= round(FORGETTING * d) else " It forgot more often than "
            f"the slack allows for ({FORGETTING:.0%} of the distinct ones).")
    return Finding(
        f"{d:,} distinct pairs give a core set of {n:,}",
        f"{answer['n_found']:,} different ones, {answer['n_repeated_first']:,} repeats among the "
        f"first pairs, which join untested, and {answer['n_forgotten']:,} that the network failed "
        f"although it had kept a copy. {verdict.capitalize()} the stated slack of "
        f"{answer['slack']:,} beyond {d:,}.{more}")


def noise_answer(labels: Sequence[str], n_core: int, n_pool_wrong: int, n_pool: int) -> dict:
    """Share of wrong masks among the core pairs and in the pool, with 95 % intervals (Wilson).

    `labels` are those of the core pairs: ``"true"``, ``"shifted"`` or ``"dropped"``.
    """
    wrong = sum(label != "true" for label in labels)
    low, high = wilson(np.array([wrong]), np.array([max(n_core, 1)]))
    return {"n_core": n_core, "n_wrong": wrong, "share_core": wrong / max(n_core, 1),
            "share_low": float(low[0]), "share_high": float(high[0]), "n_pool": n_pool,
            "n_pool_wrong": n_pool_wrong, "share_pool": n_pool_wrong / n_pool,
            "share_found": wrong / max(n_pool_wrong, 1)}


def noise_finding(answer: Mapping[str, Any]) -> Finding:
    """How the core set fills with wrong masks, in words."""
    return Finding(
        f"{answer['share_core']:.0%} of the core set has a wrong mask, {answer['share_pool']:.1%} "
        "of the pool",
        f"{answer['n_wrong']:,} of {answer['n_core']:,} core pairs (95 %: "
        f"{answer['share_low']:.0%} to {answer['share_high']:.0%}); {answer['share_found']:.0%} of "
        f"the {answer['n_pool_wrong']:,} wrong masks of the pool were kept. A network fails what "
        "contradicts all else it was shown, so mistake-driven selection collects mistakes of the "
        f"labels, among {1 - answer['share_core']:.0%} of pairs that are right: a limit of the "
        "method.")
