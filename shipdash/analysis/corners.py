"""Results of the compact network at extreme settings of the generator, from a stored table."""

from __future__ import annotations

import pandas as pd

from shipdash.config import setting

LEARNT_IOU = 0.5
"""A network below this mean IoU has only memorized its pairs: those that did had 0.11 to 0.15,
the lowest of the others 0.63."""


def corners_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per scene, in the order measured, in the words of a page.

    Parameters
    ----------
    rows : DataFrame
        One row per run, as ``python -m benchmarks.recipe corners`` writes them: `changes` holds the
        settings in which a scene differs from the quick preset; `reason` is ``capped`` where a run
        was stopped at its limit of training images; `cpu_s` are seconds of one core.
    """
    found = []
    for changes, runs in rows.fillna({"changes": ""}).groupby("changes", sort=False):
        found.append({
            "scene": _scene(str(changes)),
            "did not learn": _count(runs["mean_iou"] < LEARNT_IOU),
            "stopped at the limit": _count(runs["reason"] == "capped"),
            "kept": _range(runs["n_core"], "{:,.0f}"),
            "tested": _range(runs["n_tested"], "{:,.0f}"),
            "mean IoU": _range(runs["mean_iou"], "{:.3f}"),
            "failure rate": _range(runs["share_failing"], "{:.1%}"),
            "seconds": _range(runs["cpu_s"], "{:,.0f}"),
        })
    return pd.DataFrame(found)


def corners_finding(table: pd.DataFrame) -> str:
    """Where no run learnt, in a sentence."""
    lost = table[table["did not learn"].map(lambda words: len(set(words.split(" of "))) == 1)]
    if lost.empty:
        return "In each of these scenes at least one network learns"
    return f"No network learns at {'; '.join(lost['scene'])}"


def _count(holds: pd.Series) -> str:
    return f"{int(holds.sum())} of {len(holds)}"


def _scene(changes: str) -> str:
    """``"scene.contrast=0.1"`` as ``"contrast 0.1"``, in the words of the form."""
    if not changes:
        return "the quick preset unchanged"
    parts = (text.partition("=") for text in changes.split())
    return ", ".join(f"{setting(name).metadata['label'].lower()} {value.replace('_', ' ')}"
                     for name, _, value in parts)


def _range(values: pd.Series, form: str) -> str:
    """A median with its range; the number alone where all are alike."""
    low, middle, high = (form.format(v) for v in (values.min(), values.median(), values.max()))
    return middle if low == high else f"{middle} ({low} to {high})"
