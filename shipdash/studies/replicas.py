"""Runs that repeat a run in other orders, on what it left, with more passes, on a planted pool.

It trains nothing: a replica is a question whose id follows from its settings, so whether it has
been answered is a look into the store. What a fan or a chain of folds adds up to is said by
`analysis`.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from shipdash import analysis
from shipdash.config import ALGORITHM, RunConfig
from shipdash.results import StoredRun
from shipdash.runs import Store, StoreError, prerequisites
from shipdash.studies.study import Study, whole_number

MOST = 100
"""Orders or folds at a time: more is a typing error or a matter of weeks."""

LABEL_NOISE, NOISY_POOL = 0.05, 500
"""Share of wrong masks, and the pool they are planted in."""

_PLAIN = {"planted.distinct": 0, "planted.duplicates": 0.0, "planted.label_noise": 0.0,
          "selection.exclude": ()}


def checked_source(store: Store, run_id: str) -> RunConfig:
    """Settings of a selection of this version; `StoreError` for an arm or another version's run."""
    config = prerequisites.selection(store, run_id)
    if config.digest != run_id:
        raise StoreError(f"run {run_id} comes from another version of the algorithm (this one is "
                         f"{ALGORITHM}): start it again, so that like is compared with like")
    return config


def fan_of(store: Store, run_id: str, n_orders: int) -> Study:
    """The same settings in the first `n` stream orders."""
    config = checked_source(store, run_id)
    n_orders = whole_number("orders", n_orders, 2, MOST)
    return Study(name=f"orders of {run_id}", runs=tuple(fan(config, n_orders)))


def folds_of(store: Store, run_id: str, n_folds: int) -> Study:
    """So many selections, each on what the core sets before it left."""
    config = checked_source(store, run_id)
    n_folds = whole_number("k", n_folds, 2, MOST)
    return Study(name=f"folds of {run_id}", runs=tuple(folds(config, n_folds)))


def fan_summary(store: Store, run_id: str, orders: Study) -> dict:
    """What an order fan adds up to, once every order is complete.

    Returns
    -------
    dict
        orders (one object each: order_seed, run_id, n_core, ...), median, low and high of the
        core size, jaccard (mean over all two of them), random_jaccard (its mean for random sets
        of those sizes), finding.
    """
    members = _members(store, orders.runs)
    table = analysis.fan_table(members)
    overlap = analysis.overlap_table({run.config.seeds.order: run for run in members})
    said = analysis.fan_finding(table, overlap)
    return {
        "run_id": run_id, "orders": _plain(table),
        "median": float(table["n_core"].median()), "low": int(table["n_core"].min()),
        "high": int(table["n_core"].max()), "jaccard": float(overlap["jaccard"].mean()),
        "random_jaccard": float(overlap["random"].mean()),
        "finding": f"{said.title}. {said.detail}",
    }


def folds_summary(store: Store, run_id: str, chain: Study) -> dict:
    """What a chain of folds adds up to, once every fold is complete.

    Returns
    -------
    dict
        folds (one object each: fold, n_left, n_shared, run_id, n_core, ...), disjoint, finding.

    Raises
    ------
    StoreError
        A fold did not complete, or two folds share a pair.
    """
    table = analysis.folds_table(_members(store, chain.runs))
    shared = int(table["n_shared"].sum())
    if shared:
        raise StoreError(f"{shared} core pairs are in more than one fold of run {run_id}: remove "
                         "the folders of its folds and start them again")
    said = analysis.folds_finding(table)
    return {"run_id": run_id, "folds": _plain(table), "disjoint": True,
            "finding": f"{said.title}. {said.detail}"}


def fan(config: RunConfig, n_orders: int) -> list[RunConfig]:
    """The same question in `n_orders` orders of the stream, the given one among them.

    The other seeds are the smallest from 1 on, so every member of a fan names the same fan.

    >>> [c.seeds.order for c in fan(RunConfig().replace(**{"seeds.order": 7}), 4)]
    [1, 2, 3, 7]
    """
    own, seeds = config.seeds.order, [config.seeds.order]
    candidate = 1
    while len(seeds) < n_orders:
        seeds += [candidate] if candidate != own else []
        candidate += 1
    return [config.replace(**{"seeds.order": seed}) for seed in sorted(seeds)]


def folds(config: RunConfig, n_folds: int) -> list[RunConfig]:
    """Selections of which each leaves out the core sets of all before it.

    The chain starts at the run that `config` itself continues, so every fold of a chain names the
    same chain; a run that leaves out other cores starts a chain of its own.
    """
    first = _first_fold(config)
    chain = [first]
    while len(chain) < n_folds:
        left_out = (*first.selection.exclude, *(fold.digest for fold in chain))
        chain.append(first.replace(**{"selection.exclude": left_out}))
    return chain


def distinct(config: RunConfig, n: int) -> RunConfig:
    """The same question of a pool of `n` distinct pairs, repeated: a core of about `n` at most."""
    return config.replace(**_PLAIN | {"planted.distinct": n})


def noisy(config: RunConfig) -> RunConfig:
    """The same question of a small pool with wrong masks among it.

    The pool is small because every wrong mask has to be memorized, each at a higher price than the
    one before: at 128 x 128 pixels 500 pairs take a quarter of an hour, 10,000 would take days.
    """
    n_pool = min(max(NOISY_POOL, config.selection.first), config.selection.n_pool)
    return config.replace(**_PLAIN | {"planted.label_noise": LABEL_NOISE,
                                      "selection.n_pool": n_pool})


def _first_fold(config: RunConfig) -> RunConfig:
    whole = config.replace(**{"selection.exclude": ()})
    chain: tuple[str, ...] = ()
    for _ in config.selection.exclude:
        chain = (*chain, whole.replace(**{"selection.exclude": chain}).digest)
    return whole if set(chain) == set(config.selection.exclude) else config


def until_clean(config: RunConfig) -> RunConfig:
    """The same question, asked round the discarded pairs until a whole pass adds nothing."""
    return config.replace(**{"selection.passes": 0})


def one_pass(config: RunConfig) -> RunConfig:
    """The same question, asked once round."""
    return config.replace(**{"selection.passes": 1})


def _members(store: Store, asked: Sequence[RunConfig]) -> list[StoredRun]:
    """These runs as stored; `StoreError` names the first that has no core set."""
    members = [store.info(config.digest) for config in asked]
    for run in members:
        if run.result is None:
            raise StoreError(f"run {run.run_id} is {run.state}: {run.reason or 'resume it'}")
        if run.result.stalled:
            raise StoreError(f"run {run.run_id} stalled: its core set is not a whole one. Lower "
                             "the precision or raise selection.max_steps")
    return members


def _plain(table: pd.DataFrame) -> list[dict]:
    """Rows ready for JSON: what was not measured is None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")
