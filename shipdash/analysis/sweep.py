"""Points of a sweep as one table, its curves over precision, the staircase, and what they say.

Runs are the unit: every number here is one run's, or a median with its range over runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from shipdash.acceptance import fails
from shipdash.analysis.difference import FEWEST_RUNS, Units, p_words, welch
from shipdash.analysis.run_numbers import run_numbers
from shipdash.config import SelectionConfig
from shipdash.results import StoredRun

FIXED_IOU = (0.5, 0.7, 0.9)
"""Held-out pairs below these count as failing under one rule for all points of a sweep."""

FAILING = {
    "below_90": "IoU 0.90", "below_70": "IoU 0.70", "below_50": "IoU 0.50",
    "below_own": "each point's own acceptance IoU",
}
"""Measures of failing by column, in words."""

DID_NOT_LEARN = "did not learn"
"""State of a point whose network never learned to recognize new pairs."""

STALLED = "stalled"
"""State of a point whose training never reached its precision, so it has no core size."""


def sweep_points(points: Iterable[tuple[StoredRun, np.ndarray | None]]) -> pd.DataFrame:
    """One row per point in the order given; numbers are NaN where there is no result.

    ``below_50`` and its like are shares of held-out pairs below that IoU; ``below_own`` is the
    share below the acceptance IoU of the point itself, which moves with the precision.
    ``recorded`` says which came with the package.

    Parameters
    ----------
    points : iterable of (StoredRun, float array of shape (n_held_out,) or None)
        Runs, begun or not, with the held-out IoU of single pairs where it is stored.
    """
    points = list(points)
    table = pd.DataFrame([_row(run, iou) for run, iou in points], columns=POINT_COLUMNS)
    return table.assign(recorded=np.array([run.recorded for run, _ in points], bool))


POINT_COLUMNS = [
    "run_id", "state", "precision", "acceptance", "order_seed", "model_seed", "pool_seed",
    "n_pool", "n_core", "n_tested", "acceptance_iou", "n_held_out", "mean_iou", "article_score",
    "below_own", *(f"below_{round(100 * t)}" for t in FIXED_IOU), "n_backward", "n_forward",
    "seconds", "threads", "device", "machine", "version", "date",
]


def _row(run: StoredRun, iou: np.ndarray | None) -> dict[str, Any]:
    rules, seeds, found = run.config.selection, run.config.seeds, run_numbers(run.result)
    below = {f"below_{round(100 * t)}": float(np.mean(fails(iou, t)))
             for t in FIXED_IOU if iou is not None and len(iou)}
    return found | below | {
        "run_id": run.run_id, "state": _state(run), "precision": rules.precision,
        "acceptance": rules.acceptance, "order_seed": seeds.order, "model_seed": seeds.model,
        "pool_seed": seeds.pool, "n_pool": rules.n_pool, "below_own": found["share_failing"]}


def _state(run: StoredRun) -> str:
    if run.result and run.result.symptom:
        return DID_NOT_LEARN
    return STALLED if run.result and run.result.stalled else str(run.state)


def completed(points: pd.DataFrame, acceptance: str | None = None) -> pd.DataFrame:
    """The completed points, of one acceptance rule or of all."""
    found = points[points["state"] == "completed"]
    return found if acceptance is None else found[found["acceptance"] == acceptance]


def sweep_curve(points: pd.DataFrame, value: str, acceptance: str) -> pd.DataFrame:
    """The completed runs at each precision: precision, n, median, low, high, mean, sd.

    `low` and `high` are their range, `sd` the sample standard deviation; each run is a selection of
    its own. Points without the value (an evaluation without held-out pairs, say) are left out.
    """
    found = completed(points, acceptance).dropna(subset=[value])
    grouped = found.groupby("precision")[value]
    table = grouped.agg(["count", "median", "min", "max", "mean", "std"]).reset_index()
    return table.rename(columns={"count": "n", "min": "low", "max": "high", "std": "sd"})


def acceptance_bands(low: float, high: float, margin: float) -> pd.DataFrame:
    """The staircase: stretches of precision that share one acceptance rule: low, high, tenths, iou.

    The article score comes in tenths, so a pair passes at the next whole tenth above
    ``margin * precision``: in the stretch ``((t - 1) / (10 margin), t / (10 margin)]`` that is t
    tenths. `SelectionConfig` says which IoU that is. Ends are clipped to `low` and `high`.

    >>> acceptance_bands(0.85, 0.95, 0.95).round(3).values.tolist()
    [[0.85, 0.947, 9.0, 0.9], [0.947, 0.95, 10.0, 0.95]]
    """
    def rules(precision: float) -> SelectionConfig:
        return SelectionConfig(precision=precision, margin=margin)

    rows = []
    for t in range(rules(low).acceptance_tenths, rules(high).acceptance_tenths + 1):
        end = min(high, t / (10 * margin))
        rows.append((max(low, (t - 1) / (10 * margin)), end, t, rules(end).acceptance_iou))
    return pd.DataFrame(rows, columns=["low", "high", "tenths", "iou"])


def spread(row: Any, form: str = "{:,.0f}") -> str:
    """A median with its range in words: ``"82 (76 to 90)"``; the number alone for one run."""
    words = form.format(row.median)
    if row.n < 2:
        return words
    return f"{words} ({form.format(row.low)} to {form.format(row.high)})"


def sweep_finding(curve: pd.DataFrame, what: str = "The core set", form: str = "{:,.0f}",
                  unit: str = "") -> str:
    """How a value moves from the lowest precision to the highest, claimed only as far as it goes.

    It *grows* or *shrinks* only where Welch's test over the runs at both ends separates the means;
    too few runs, or runs that do not vary, give no verdict.
    """
    if not len(curve):
        return f"{what}: no point computed yet"
    first, last = (next(curve.iloc[[i]].itertuples()) for i in (0, -1))
    if len(curve) == 1:
        return f"{what}: {spread(first, form)}{unit} at precision {first.precision:.2f}"
    found = welch(*(Units(end.mean, end.sd, end.n) for end in (last, first)))
    ends = [f"{spread(end, form)}{unit} at" for end in (first, last)]
    if found.separated:
        verb = "grows" if found.at > 0 else "shrinks"
        return (f"{what} {verb} from {ends[0]} precision {first.precision:.2f} to {ends[1]} "
                f"{last.precision:.2f} ({p_words(found.p)})")
    verdict = (f"not separated ({p_words(found.p)})" if found.is_defined else
               "too few runs for a verdict" if min(first.n, last.n) < FEWEST_RUNS else
               "no verdict, since runs do not vary")
    return (f"{what}: {ends[0]} precision {first.precision:.2f}, {ends[1]} {last.precision:.2f}; "
            f"{verdict}")


def trade_off(points: pd.DataFrame, failing: str, acceptance: str) -> pd.DataFrame:
    """Core size against share failing, one row per completed run, from low precision to high."""
    found = completed(points, acceptance).dropna(subset=[failing])
    columns = ["run_id", "precision", "order_seed", "model_seed", "n_core", failing, "recorded"]
    return found[columns].sort_values(["precision", "order_seed"], ignore_index=True)


def trade_off_finding(table: pd.DataFrame, failing: str) -> str:
    """How core size goes with failing, by rank correlation over runs (Spearman, 1904). Runs of one
    precision are correlated, and precision moves both, so it describes and tests nothing."""
    if len(table) < 3 or table["n_core"].nunique() < 2 or table[failing].nunique() < 2:
        return "Core size against failures: too few points to judge"
    r = float(table["n_core"].rank().corr(table[failing].rank()))
    words = ("come with fewer failures" if r < -0.5 else
             "come with more failures" if r > 0.5 else "show no clear trend")
    return (f"Larger core sets {words}: rank correlation {r:.2f} over {len(table)} runs, not "
            "tested, since both depend on the precision")


def ordered_counts(counts: Mapping[str, int]) -> dict[str, int]:
    """Numbers of points by state, the computed ones first, then by name; zeros left out."""
    order = sorted(counts, key=lambda state: (state != "completed", state))
    return {str(state): int(counts[state]) for state in order if counts[state]}
