"""The article's own network beside the compact one: what each kept of one pool, and at what cost.

It starts no run, and knows no measurement of its own but those that the article published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pandas as pd

from shipdash.analysis.run_numbers import run_numbers
from shipdash.config import RunConfig
from shipdash.results import Result, StoredRun

NAMES = {"compact": "compact network", "article": "the article's network"}
"""Kinds of network in words, in the order of the table."""


class Published(NamedTuple):
    """What an article says of its runs: pairs kept in each, soft article score, seconds."""

    n_core: tuple[int, int]
    article_score_soft: float
    seconds: float


PUBLISHED = Published((271, 408), 0.99278, 14 * 60 + 16)
"""ChePeter, Habr, 2018: its first run, then the shuffled one, whose picks are not the pairs that
failed; score and time are of the first. One GPU without a name."""


def same_experiment(a: RunConfig, b: RunConfig) -> bool:
    """Whether two runs tested the same pairs in the same order, at the same precision."""
    def asked(config: RunConfig) -> tuple:
        select = config.selection
        return (config.source, config.scene, config.planted, config.seeds.pool,
                config.seeds.order, select.n_pool, select.precision, select.margin,
                select.acceptance)
    return asked(a) == asked(b)


def of_one_experiment(runs: Iterable[StoredRun]) -> dict[str, StoredRun] | None:
    """The first selection from the scene by either network, by the kinds of `NAMES`; None where one
    is missing or the two are not of one experiment."""
    found: dict[str, StoredRun] = {}
    for run in runs:
        if run.config and run.result and not run.is_arm and run.config.source.kind == "scene":
            found.setdefault(run.config.network.kind, run)
    if not set(NAMES) <= set(found):
        return None
    two = {kind: found[kind] for kind in NAMES}
    return two if same_experiment(*(run.config for run in two.values())) else None


def networks_table(runs: Mapping[str, StoredRun]) -> pd.DataFrame:
    """One row a run, by the words for its kind or its own: what it kept, how good, at what cost."""
    names = ["n_core", "n_tested", "mean_iou", "share_failing", "article_score_soft",
             "n_reaudit_failing", "n_backward", "n_forward", "seconds"]
    rows = []
    for kind, run in runs.items():
        held = run.result.held_out
        numbers = run_numbers(run.result) | {
            "article_score_soft": held.article_score_soft if held else float("nan")}
        rows.append({"network": NAMES.get(kind, kind), "n_parameters": run.result.n_parameters}
                    | {name: numbers[name] for name in names})
    return pd.DataFrame(rows)


def networks_finding(compact: Result, article: Result) -> str:
    """How many pairs each kept, as a title."""
    if article.stalled:
        return (f"The article's network stalled at pair {article.n_tested:,} of "
                f"{article.n_pool:,}, with {article.n_core:,} kept; the compact one kept "
                f"{compact.n_core:,} of all")
    return (f"The article's network keeps {article.n_core:,} of {article.n_pool:,} pairs, the "
            f"compact one {compact.n_core:,}")


def lower_bound_finding(config: RunConfig, article: Result) -> str:
    """Whether no discarded pair ends below the score at which pairs are discarded; empty without a
    re-audit.

    The article calls it "neither checked nor proved".
    """
    again = article.reaudit
    if again is None:
        return ""
    select = config.selection
    said = ("The article supposes that no pair it discarded ends below a score of "
            f"{select.precision * select.margin:.4f}, for which a pair needs an IoU of "
            f"{select.acceptance_iou:.2f}: of {again.n:,} discarded pairs, ")
    if not again.n_failing:
        return said + "none does, as the trained network sees them."
    return (said + f"{again.n_failing:,} ({again.n_failing / again.n:.2%}) "
            f"{'does' if again.n_failing == 1 else 'do'}, as the trained network sees them; the "
            f"lowest IoU is {again.lowest_iou:.2f}.")


def networks_words(compact: Result, article: Result) -> str:
    """How the two runs differ, and what the article published."""
    parameters = article.n_parameters / compact.n_parameters
    images = article.n_backward / compact.n_backward
    first, second = PUBLISHED.n_core
    minutes, seconds = divmod(PUBLISHED.seconds, 60)
    where = [(result.machine, result.threads) for result in (compact, article)]
    times = "" if where[0] == where[1] else "Their times are of two machines. "
    return (f"Same pairs, same order, same precision. The article's network has "
            f"{parameters:,.0f} times the parameters and trained on {images:,.1f} times the "
            "images. The loops differ as well: it trains whole epochs until the mean score of an "
            "epoch passes and sees no pair turned or mirrored; the compact one trains until the "
            "pair that failed passes, on pairs flipped, turned and inverted; learning rate and "
            "batch differ too. So the difference in size is one of two programs, not of two "
            "networks alone, and each is a single run. "
            f"{times}The article published {first} kept, a soft score of "
            f"{PUBLISHED.article_score_soft:.4f} (of at most 1.1) and {minutes:.0f} min "
            f"{seconds:.0f} s on a GPU; the {second} of its second run are not the pairs that "
            "failed, as it tested other pairs than it trained on.")
