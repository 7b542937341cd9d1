"""Tables on a page: columns named in words and numbers formatted, the table itself unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from shipdash.studies.folder import MISSING, state_of
from shipdash.ui import address, frame

OPEN = "open"
"""The column with links to runs."""

WORDS = {
    "order_seed": "order seed", "times": "times the updates", "n_core": "pairs kept",
    "mean_iou": "mean IoU", "share_failing": "failure rate", "share_failing_low": "lowest run",
    "share_failing_high": "highest run", "mean_iou_low": "lowest run (IoU)",
    "mean_iou_high": "highest run (IoU)",
    "n_reaudit_failing": "failing in re-audit", "n_left": "selected from",
    "n_shared": "in another fold", "n_scratch": "runs from scratch",
    "share_failing_scratch": "failure rate from scratch",
    "passes": "passes requested (0: until clean)", "rounds": "passes", "reason": "ended",
    "n_backward": "training images", "n_forward": "predictions", "epochs": "full-pool epochs",
    "n_wasted": "unused predictions", "prepare_s": "start-up (s)",
    "work_s": "training, scanning (s)", "evaluate_s": "evaluation (s)", "stop": "training ends",
    "n_pairs": "pairs", "n_runs": "runs", "n_distinct": "distinct pairs",
    "n_found": "distinct pairs kept", "n_repeated_first": "copies among first pairs",
    "n_forgotten": "copies that failed", "holds": "as expected", "n_wrong": "wrong masks kept",
    "share_core": "wrong in core", "share_low": "from", "share_high": "to", "n_pool": "pool",
    "n_pool_wrong": "wrong in pool", "share_pool": "wrong in pool (share)",
    "share_found": "share of wrong masks kept", "n_runs_core": "core runs",
    "n_runs_random": "random runs", "share_failing_random": "failure rate, random",
    "share_failing_diff": "failure rate difference", "share_failing_diff_low": "difference from",
    "share_failing_diff_high": "difference to", "mean_iou_random": "mean IoU, random",
    "mean_iou_diff": "mean IoU difference", "mean_iou_diff_low": "IoU from",
    "mean_iou_diff_high": "IoU to", "acceptance": "acceptance rule", "model_seed": "model seed",
    "pool_seed": "pool seed", "n_tested": "pairs tested", "acceptance_iou": "acceptance IoU",
    "n_held_out": "held-out pairs", "article_score": "article score",
    "article_score_soft": "article score, soft", "n_parameters": "parameters",
    "below_own": "below its acceptance IoU", "below_50": "below IoU 0.50",
    "below_70": "below IoU 0.70", "below_90": "below IoU 0.90",
    "median": "median IoU", "median_low": "lowest run", "median_high": "highest run",
}


def show(table: pd.DataFrame, *, key: str, alt: str, leave_out: tuple[str, ...] = ()) -> None:
    """A table with its columns in words; shares as percent, scores with four decimals.

    A run is a link to its page; its id stands in the CSV of the figure.
    """
    shown = _linked(table.drop(columns=list(leave_out)))
    for name, values in shown.items():
        if _is_share(name, values):
            shown[name] = 100 * values
        elif values.dtype.kind == "f" and not _decimals(name):  # a mean of counts, or seconds
            shown[name] = values.round().astype("Int64")
    config = {name: _column(name, shown[name]) for name in shown.columns}
    if OPEN in shown:
        config[OPEN] = links()
    st.dataframe(shown, hide_index=True, key=key, alt=alt, column_config=config, placeholder="–")


def words(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of sentences in Markdown, whose cells wrap on a narrow screen."""
    rows = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def links() -> Any:
    """The column `OPEN` of a table."""
    return st.column_config.LinkColumn(OPEN, display_text=OPEN, width="small")


def _linked(table: pd.DataFrame) -> pd.DataFrame:
    """Links in place of run ids; nothing in their place where none of these runs is stored here,
    as of a recorded study."""
    if "run_id" not in table:
        return table
    own, ids = frame.own_store(), table["run_id"]
    to = [address.of_run(i) if state_of(own, i) != MISSING else None for i in ids]
    table = table.drop(columns="run_id")
    if any(to):
        table.insert(0, OPEN, to)
    return table


def _is_share(name: str, values: pd.Series) -> bool:
    return name.startswith(("share", "below")) and values.dtype.kind in "iuf"


def _column(name: str, values: pd.Series):
    label = WORDS.get(name, name)
    if values.dtype.kind not in "iuf":
        return st.column_config.Column(label)
    if _is_share(name, values):
        return st.column_config.NumberColumn(label, format="%.2f%%")
    if values.dtype.kind in "iu":
        return st.column_config.NumberColumn(label, format="localized")
    return st.column_config.NumberColumn(label, format=f"%.{_decimals(name)}f")


def _decimals(name: str) -> int:
    if "iou" in name or "score" in name or name.startswith("median"):
        return 4
    return 2 if name in ("epochs", "planted", "precision") else 0
