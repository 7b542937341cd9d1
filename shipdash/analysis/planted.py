"""Pools with a known answer: few distinct pairs, or wrong masks. They show the method's limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from shipdash.analysis.core_against_random import Finding
from shipdash.analysis.intervals import wilson
from shipdash.config import RunConfig
from shipdash.counted import counted

FORGETTING = 0.10
"""How many of the distinct pairs a network may fail although it has kept a copy, as a share."""


def may_forget(n_distinct: int, network: str = "") -> int:
    """Pairs that a network may fail although it has kept a copy; the rote learner forgets none."""
    return 0 if network == "rote" else round(FORGETTING * n_distinct)


def distinct_answer(core: Sequence[int], origins: Sequence[int], config: RunConfig) -> dict:
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
        the first pairs, which join untested), n_forgotten (repeats that were failed although a
        copy had been kept), allowed (of these), holds (whether they are no more).
    """
    n_distinct, n_first = config.planted.distinct, config.selection.first
    seen: set[int] = set()
    repeats = [0, 0]
    for place, origin in enumerate(origins):
        repeats[place >= n_first] += origin in seen
        seen.add(origin)
    allowed = may_forget(n_distinct, config.network.kind)
    return {"n_distinct": n_distinct, "n_core": len(core), "n_found": len(seen),
            "n_repeated_first": repeats[0], "n_forgotten": repeats[1], "allowed": allowed,
            "holds": repeats[1] <= allowed}


def judged(answers: pd.DataFrame) -> pd.DataFrame:
    """Stored answers by today's rule: before 0.3.0 repeats among the first pairs made up for
    forgotten ones, so an answer could hold although too many were forgotten."""
    if answers.empty or "allowed" in answers:
        return answers
    allowed = answers["n_distinct"].map(may_forget)
    return answers.drop(columns=["slack"]).assign(
        allowed=allowed, holds=answers["n_forgotten"] <= allowed)


def distinct_finding(answer: Mapping[str, Any]) -> Finding:
    """The known answer in words: one verdict, with what decided it."""
    d, n, forgotten = answer["n_distinct"], answer["n_core"], answer["n_forgotten"]
    copies = "is a copy", "are copies"
    verdict = "As expected" if answer["holds"] else "More than expected"
    return Finding(
        f"{counted(d, 'distinct pair gives', 'distinct pairs give')} a core set of {n:,}",
        f"{counted(answer['n_found'], 'is', 'are')} distinct, "
        f"{counted(answer['n_repeated_first'], *copies)} among the first pairs, which join "
        f"untested, and {counted(forgotten, *copies)} that the network failed "
        f"although it had been trained on an identical pair. {verdict}: up to "
        f"{answer['allowed']:,} such copies are allowed, {FORGETTING:.0%} of the distinct pairs.")


def noise_answer(labels: Sequence[str], n_core: int, n_pool_wrong: int, n_pool: int) -> dict:
    """Share of wrong masks among the core pairs and in the pool, with 95 % intervals (Wilson).

    `labels` are those of the core pairs: ``"true"``, or the kind of wrong mask.
    """
    wrong = sum(label != "true" for label in labels)
    low, high = wilson(wrong, n_core)
    return {"n_core": n_core, "n_wrong": wrong, "share_core": wrong / max(n_core, 1),
            "share_low": low, "share_high": high, "n_pool": n_pool,
            "n_pool_wrong": n_pool_wrong, "share_pool": n_pool_wrong / n_pool,
            "share_found": wrong / max(n_pool_wrong, 1)}


def noise_finding(answer: Mapping[str, Any]) -> Finding:
    """How the core set fills with wrong masks, in words."""
    return Finding(
        f"{answer['share_core']:.0%} of the core set has a wrong mask, {answer['share_pool']:.1%} "
        "of the pool",
        f"{answer['n_wrong']:,} of {answer['n_core']:,} core pairs (95% Wilson interval: "
        f"{answer['share_low']:.0%} to {answer['share_high']:.0%}); {answer['share_found']:.0%} of "
        f"the {answer['n_pool_wrong']:,} wrong masks of the pool were kept. A network fails pairs "
        "whose labels contradict the rest, so mistake-driven selection collects label errors. "
        f"Still, {1 - answer['share_core']:.0%} of the core pairs are labelled correctly. This is "
        "a limit of the method.")
