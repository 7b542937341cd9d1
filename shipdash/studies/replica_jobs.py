"""An order fan or a chain of folds, seen through: what is missing is run, then summed up.

It asks no new question: `replicas` says which runs belong together, `summary` what they add up to.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from shipdash import analysis
from shipdash.config import ConfigError, RunConfig
from shipdash.records import StopReason
from shipdash.runs import Store, StoreError
from shipdash.studies import arm_jobs, replicas

MOST = 100
"""Orders or folds at a time: more is a typing error or a matter of weeks."""


def fan(store: Store, run_id: str, n_orders: int) -> dict:
    """The same question in several orders; what is missing is run here, one after another.

    Returns
    -------
    dict
        orders (one object each: order_seed, run_id, n_core, ...), median, low and high of the
        core size, jaccard (mean over all two of them), random_jaccard (its mean for random sets
        of those sizes), finding.
    """
    config = replicas.checked_source(store, run_id)
    members = _see_through(store, replicas.fan(config, _count("orders", n_orders)))
    table = analysis.fan_table(members)
    cores = {spec["seeds"]["order"]: result["core"] for spec, result in members}
    overlap = analysis.overlap_table(cores, config.selection.n_pool)
    said = analysis.fan_finding(table, overlap)
    return {
        "run_id": run_id, "orders": _plain(table),
        "median": float(table["n_core"].median()), "low": int(table["n_core"].min()),
        "high": int(table["n_core"].max()), "jaccard": float(overlap["jaccard"].mean()),
        "random_jaccard": float(overlap["random"].mean()),
        "finding": f"{said.title}. {said.detail}",
    }


def folds(store: Store, run_id: str, n_folds: int) -> dict:
    """Select again on what the core sets before left, until there are `n_folds` of them.

    Returns
    -------
    dict
        folds (one object each: fold, n_left, n_shared, run_id, n_core, ...), disjoint, finding.

    Raises
    ------
    StoreError
        A fold did not complete, or two folds share a pair.
    """
    config = replicas.checked_source(store, run_id)
    members: list[tuple[dict, dict]] = []
    for fold in replicas.folds(config, _count("k", n_folds)):
        members += _see_through(store, [fold])
    table = analysis.folds_table(members)
    shared = int(table["n_shared"].sum())
    if shared:
        raise StoreError(f"{shared} core pairs are in more than one fold of run {run_id}: remove "
                         "the folders of its folds and start them again")
    said = analysis.folds_finding(table)
    return {"run_id": run_id, "folds": _plain(table), "disjoint": True,
            "finding": f"{said.title}. {said.detail}"}


def _plain(table: pd.DataFrame) -> list[dict]:
    """Rows ready for JSON: what was not measured is None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def _see_through(store: Store, asked: Sequence[RunConfig]) -> list[tuple[dict, dict]]:
    """Settings and results of these runs, run where they are missing."""
    ids, members = arm_jobs.work_off(store, asked), []
    for run_id, config in zip(ids, asked, strict=True):
        result = store.result(run_id)
        if result is None:
            status = store.status(run_id)
            raise StoreError(f"run {run_id} is {status.state}: {status.reason or 'resume it'}")
        if result["reason"] == StopReason.STALLED:
            raise StoreError(f"run {run_id} stalled: its core set is not a whole one. Lower the "
                             "precision or raise selection.max_steps")
        members.append((config.to_dict(), result))
    return members


def _count(field: str, n: int) -> int:
    if isinstance(n, bool) or not isinstance(n, int) or not 2 <= n <= MOST:
        raise ConfigError(field, n, f"must be a whole number from 2 to {MOST}")
    return n
