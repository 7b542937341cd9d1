"""Tables on a page: columns named in words and numbers formatted, the table itself unchanged."""

from __future__ import annotations

import pandas as pd
import streamlit as st

WORDS = {
    "order_seed": "order seed", "run_id": "run", "n_core": "pairs kept", "mean_iou": "mean IoU",
    "share_failing": "failing", "n_reaudit_failing": "failing in re-audit", "seconds": "seconds",
    "date": "date", "fold": "fold", "n_left": "chosen from", "n_shared": "in another fold",
    "n_scratch": "runs from scratch", "share_failing_scratch": "failing from scratch",
    "passes": "passes asked (0: until clean)", "rounds": "rounds", "reason": "ended",
    "n_backward": "training images", "n_forward": "predictions", "epochs": "full-pool epochs",
    "n_wasted": "thrown away", "prepare_s": "start-up (s)", "work_s": "training, scanning (s)",
    "evaluate_s": "evaluation (s)", "device": "device", "arm": "arm", "stop": "training ends",
    "network": "network", "n_pairs": "pairs", "n_runs": "runs", "planted": "planted",
    "n_distinct": "distinct pairs", "n_found": "different ones kept",
    "n_repeated_first": "repeats, first pairs", "n_forgotten": "forgotten",
    "allowed": "may be forgotten", "holds": "as expected",
    "n_wrong": "wrong masks kept", "share_core": "wrong in core",
    "share_low": "from", "share_high": "to", "n_pool": "pool", "n_pool_wrong": "wrong in pool",
    "share_pool": "wrong in pool (share)", "share_found": "of the wrong ones kept",
    "n_runs_core": "core runs", "n_runs_random": "random runs",
    "share_failing_random": "failing, random", "share_failing_diff": "failing minus random",
    "share_failing_diff_low": "failing from", "share_failing_diff_high": "failing to",
    "mean_iou_random": "mean IoU, random", "mean_iou_diff": "IoU minus random",
    "mean_iou_diff_low": "IoU from", "mean_iou_diff_high": "IoU to",
}


def show(table: pd.DataFrame, *, key: str, alt: str, leave_out: tuple[str, ...] = ()) -> None:
    """A table with its columns in words; shares as percent, scores with four decimals."""
    shown = table.drop(columns=list(leave_out))
    for name, values in shown.items():
        if _is_share(name, values):
            shown[name] = 100 * values
        elif values.dtype.kind == "f" and not _decimals(name):  # a mean of counts, or seconds
            shown[name] = values.round().astype("Int64")
    columns = {name: _column(name, shown[name]) for name in shown.columns}
    st.dataframe(shown, hide_index=True, key=key, alt=alt, column_config=columns)


def _is_share(name: str, values: pd.Series) -> bool:
    return name.startswith("share") and values.dtype.kind in "iuf"


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
    return 4 if "iou" in name else 2 if name in ("epochs", "planted") else 0
