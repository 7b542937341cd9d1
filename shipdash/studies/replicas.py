"""Runs that repeat a run in other orders, on what it left, with more passes, on a planted pool.

It trains nothing and reads no scores: a replica is a question whose id follows from its settings,
so whether it has been answered is a look into the store.
"""

from __future__ import annotations

from shipdash.config import ALGORITHM, RunConfig
from shipdash.runs import Store, StoreError

LABEL_NOISE, NOISY_POOL = 0.05, 500
"""Share of wrong masks, and the pool they are planted in."""

_PLAIN = {"planted.distinct": 0, "planted.duplicates": 0.0, "planted.label_noise": 0.0,
          "selection.exclude": ()}


def checked_source(store: Store, run_id: str) -> RunConfig:
    """Settings of a selection of this version; `StoreError` for an arm or another version's run."""
    config = store.config(run_id)
    if config.arm.kind != "selection":
        raise StoreError(f"run {run_id} is a control arm ({config.arm.kind}): name the selection "
                         f"it is held against, {config.arm.source}")
    if config.digest != run_id:
        raise StoreError(f"run {run_id} comes from another version of the algorithm (this one is "
                         f"{ALGORITHM}): start it again, so that like is compared with like")
    return config


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

    The pool is small because every wrong mask is learnt by heart, each at a higher price than the
    one before: at 128 x 128 pixels 500 pairs take a quarter of an hour, 10,000 would take days.
    """
    n_pool = min(NOISY_POOL, config.selection.n_pool)
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
