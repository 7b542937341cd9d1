"""Everything stored that bears on one selection, gathered as the plain tables of `analysis`.

It trains nothing and judges nothing. The same tables are made for a page and for a recorded study,
which is these tables as small CSV files and one JSON object that says where they come from.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from shipdash import analysis
from shipdash.analysis import ArmRun, PairIous
from shipdash.config import RunConfig
from shipdash.data import open_source
from shipdash.data.source import Source
from shipdash.results import StoredRun
from shipdash.runs import Store, StoreError
from shipdash.studies import replicas, stored_ious

ABOUT = "about.json"

MOST_COUNTED = 20_000
"""Pairs whose masks are counted one by one, 0.2 ms each; of a larger pool the asked share."""


class Evidence(NamedTuple):
    """Tables by the name of the function of `analysis` that says what their columns mean.

    A table is empty where nothing of its kind has been run.
    """

    about: dict  # run_id, spec, and n_core, n_pool, n_held_out, acceptance_iou, device, date ...
    arms: pd.DataFrame  # arm_table
    across: pd.DataFrame  # across_table: core against random in every order that has both
    curve: pd.DataFrame  # curve_table
    worth: pd.DataFrame  # worth_table
    cost: pd.DataFrame  # cost_table
    fan: pd.DataFrame  # fan_table
    steps: pd.DataFrame  # order_seed, tested, selected: the corners of every order's curve
    overlap: pd.DataFrame  # overlap_table
    folds: pd.DataFrame  # folds_table
    passes: pd.DataFrame  # passes_table
    distinct: pd.DataFrame  # distinct_answer, one row a run
    noise: pd.DataFrame  # noise_answer, one row a run
    ious: PairIous | None = None  # pair_ious of every arm; None of a study that stored none
    is_recorded: bool = False  # a study that was read from a folder, not gathered from runs


TABLES = tuple(name for name in Evidence._fields if name not in ("about", "ious", "is_recorded"))


def gather(store: Store, run_id: str, listed: Sequence[StoredRun] | None = None) -> Evidence:
    """All tables of a finished selection, from whatever is complete in its runs folder.

    Parameters
    ----------
    listed : sequence of StoredRun, optional
        ``store.list()``, where the caller has it at hand.

    Raises
    ------
    StoreError
        The run is missing, damaged, unfinished or a control arm.
    """
    config, result = store.config(run_id), store.result(run_id)
    if config.arm.kind != "selection":
        raise StoreError(f"run {run_id} is a control arm: open {config.arm.source}, the selection "
                         "it is compared with")
    if result is None:
        raise StoreError(f"run {run_id} has no result yet: wait for it or resume it")
    known = [r for r in (store.list() if listed is None else listed)
             if r.config is not None and r.result is not None
             and r.result.algorithm == result.algorithm]
    own = next((r for r in known if r.run_id == run_id), None) or store.info(run_id)
    runs = _arm_runs(store, own, known)
    limit, n_core = config.selection.acceptance_iou, result.n_core
    core = [r for r in runs if (r.arm, r.stop, r.network) == (
        analysis.ARMS["core"], analysis.EQUAL_UPDATES, analysis.SAME)]
    fan, chain = orders_of(config, known), folds_of(config, known)
    return Evidence(
        _about(own, runs), analysis.arm_table(runs, limit, n_core), _across(store, fan, known),
        analysis.curve_table(runs, limit),
        analysis.worth_table(runs, core, limit),
        analysis.cost_table(runs, result.n_pool, n_core),
        analysis.fan_table(fan), _steps(store, fan),
        analysis.overlap_table({r.config.seeds.order: r for r in fan}),
        analysis.folds_table(chain, _scratch(store, chain, known)),
        analysis.passes_table(passes_of(config, known)),
        _known(config, known, "distinct"), _known(config, known, "label_noise"),
        analysis.pair_ious(runs),
    )


def write(evidence: Evidence, folder: Path, **about: str | int) -> list[Path]:
    """Store the tables as CSV, single pairs as an archive, `about` and what is given as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in TABLES:
        paths.append(folder / f"{name}.csv")
        getattr(evidence, name).to_csv(paths[-1], index=False, float_format="%.7g")
    if evidence.ious is not None:
        config = RunConfig.from_stored(evidence.about["spec"])
        factors = stored_ious.held_out_factors(config, evidence.about["algorithm"])
        paths.append(stored_ious.write(evidence.ious._replace(factors=factors),
                                       folder / stored_ious.NAME))
    paths.append(folder / ABOUT)
    paths[-1].write_text(json.dumps(evidence.about | about, indent=1) + "\n")
    return paths


def read(folder: Path) -> Evidence | None:
    """A stored study, None where there is none or a file of it cannot be read."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        tables = [_read_table(folder / f"{name}.csv") for name in TABLES]
        found = Evidence(json.loads((folder / ABOUT).read_text()), *tables,
                         stored_ious.read(folder / stored_ious.NAME), is_recorded=True)
        return found._replace(distinct=analysis.judged(found.distinct))
    return None


def orders_of(config: RunConfig, known: Sequence[StoredRun]) -> list[StoredRun]:
    """Finished selections that differ from this one in the order seed at most."""
    def asked(c: RunConfig) -> RunConfig:
        return c.replace(**{"seeds.order": config.seeds.order})

    found = [r for r in known if r.selected and asked(r.config) == config]
    return sorted(found, key=lambda r: r.config.seeds.order)


def folds_of(config: RunConfig, known: Sequence[StoredRun]) -> list[StoredRun]:
    """The chain of folds this selection belongs to, as far as it is finished without a gap."""
    by_spec = {r.config: r for r in known if r.selected}
    found: list[StoredRun] = []
    while (fold := replicas.folds(config, len(found) + 1)[-1]) in by_spec:
        found.append(by_spec[fold])
    return found


def passes_of(config: RunConfig, known: Sequence[StoredRun]) -> list[StoredRun]:
    """The selection in one pass and until a pass is clean, what is finished of the two."""
    asked = [replicas.one_pass(config), replicas.until_clean(config)]
    return [r for c in asked for r in known if r.config == c and r.selected]


def _arm_runs(store: Store, own: StoredRun, known: Sequence[StoredRun]) -> list[ArmRun]:
    """The selection itself and its finished arms, those with scores of the same pairs."""
    found = []
    arms = [r for r in known if r.config.arm.source == own.run_id
            and not r.config.evaluation.pool_scores]  # which serve other arms
    for r in (own, *sorted(arms, key=lambda r: (r.config.seeds.model, r.config.arm.draw))):
        scores = store.load_scores(r.run_id, "held_out")
        if not scores or len(scores["iou"]) != own.config.evaluation.n_held_out:
            continue
        found.append(analysis.arm_run(r, own, scores["iou"]))
    return found if found and found[0].run == own else []


def _across(store: Store, fan: Sequence[StoredRun], known: Sequence[StoredRun]) -> pd.DataFrame:
    """Core against random for each order of the fan that has these two arms."""
    tables = {}
    for r in fan:
        runs = [a for a in _arm_runs(store, r, known)
                if a.arm in (analysis.ARMS["core"], analysis.ARMS["random"])]
        tables[r.config.seeds.order] = analysis.arm_table(
            runs, r.config.selection.acceptance_iou, r.result.n_core)
    return analysis.across_table(tables)


def _scratch(store: Store, folds: Sequence[StoredRun],
             known: Sequence[StoredRun]) -> dict[str, tuple[int, float]]:
    """How often each fold's core was learned from scratch, and the mean share failing after it."""
    found = {}
    for r in folds:
        core = [a for a in _arm_runs(store, r, known) if a.arm == analysis.ARMS["core"]]
        table = analysis.arm_table(core, r.config.selection.acceptance_iou, r.result.n_core)
        row = analysis.arm_row(table, analysis.ARMS["core"], analysis.EQUAL_UPDATES)
        if row is not None:
            found[r.run_id] = int(row["n_runs"]), float(row["share_failing"])
    return found


def _about(own: StoredRun, runs: Sequence[ArmRun]) -> dict:
    """Facts of the selection, and the machines of its arms, which may be others."""
    names = ("n_core", "n_pool", "n_tested", "device", "threads", "machine", "date", "version",
             "algorithm", "preset")
    return {"run_id": own.run_id, "spec": own.config.to_dict(),
            "n_held_out": own.config.evaluation.n_held_out,
            "acceptance_iou": own.config.selection.acceptance_iou,
            "arm_machine": " and ".join(sorted({arm.run.result.machine for arm in runs[1:]})),
            **{name: getattr(own.result, name) for name in names}}


def _steps(store: Store, fan: Sequence[StoredRun]) -> pd.DataFrame:
    parts = []
    for r in fan:
        curve = analysis.selection_curve(store.each_event(r.run_id))
        parts.append(pd.DataFrame({"order_seed": r.config.seeds.order, **curve._asdict()}))
    return (pd.concat(parts, ignore_index=True) if parts
            else pd.DataFrame(columns=["order_seed", "tested", "selected"]))


def _known(config: RunConfig, known: Sequence[StoredRun], setting: str) -> pd.DataFrame:
    """Answers of the runs that planted something in such pairs, with this network and acceptance.
    """
    rows = []
    for r in known:
        planted = getattr(r.config.planted, setting)
        same = (r.config.source == config.source and r.config.network == config.network
                and r.selected and not r.config.selection.exclude
                and r.config.selection.acceptance_iou == config.selection.acceptance_iou)
        if not (planted and same):
            continue
        pool = open_source(r.config)
        answer = _noise(r, pool) if setting == "label_noise" else analysis.distinct_answer(
            r.result.core, [pool.origin(i) for i in r.result.core], r.config)
        rows.append({"run_id": r.run_id, "planted": planted} | answer)
    table = pd.DataFrame(rows)
    return table if table.empty else table.sort_values(["planted", "run_id"], ignore_index=True)


def _noise(r: StoredRun, pool: Source) -> dict:
    """Wrong masks are counted over the whole pool where that is a matter of seconds."""
    core = [pool.label(i) for i in r.result.core]
    n_wrong = round(r.config.planted.label_noise * pool.n)
    if pool.n <= MOST_COUNTED:
        n_wrong = sum(pool.label(i) != "true" for i in range(pool.n))
    return analysis.noise_answer(core, len(core), n_wrong, pool.n)


def _read_table(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype={"run_id": str, "network": str}, keep_default_na=True)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
