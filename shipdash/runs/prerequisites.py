"""What a run rests on: other runs of the folder whose results it needs before it can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shipdash.config import ALGORITHM, ConfigError, RunConfig
from shipdash.data import files
from shipdash.results import Result
from shipdash.runs.errors import RunNotFound, StoreError

if TYPE_CHECKING:
    from shipdash.runs.store import Store


def require_current(store: Store, run_id: str) -> None:
    """`StoreError` for an unfinished run of another version: this one would go on with other pairs
    under its id."""
    if store.config(run_id).digest != run_id:
        raise StoreError(f"run {run_id} was begun with another version, which would have drawn or "
                         "picked other pairs: start a new run with its settings, or delete it")


def left_out(store: Store, config: RunConfig) -> list[int]:
    """Core pairs of the runs whose cores this one excludes; `ConfigError` if one has none."""
    cores = []
    for other in config.selection.exclude:
        try:
            cores += store.result(other).core
        except (RunNotFound, AttributeError):
            rule = "must name completed runs of this runs folder"
            raise ConfigError("selection.exclude", other, rule) from None
    if sum(i < config.selection.n_pool for i in set(cores)) == config.selection.n_pool:
        raise ConfigError("selection.exclude", list(config.selection.exclude),
                          "must leave at least one pair in the pool")
    return cores


def goes_on(config: RunConfig) -> None:
    """`ConfigError` where a run is said to go on from another and its pool does not begin so."""
    parent, first = config.selection.parent, config.selection.first
    if not parent:
        return
    if config.selection.exclude:
        raise ConfigError("selection.exclude", list(config.selection.exclude), "must be empty "
                          "where a run continues from another, whose pairs come first")
    manifest = (files.read_manifest(files.folder_of(config.source.name))
                if config.source.kind == "files" else {})
    if (manifest.get(files.PARENT), manifest.get(files.N_CARRIED)) != (parent, first):
        raise ConfigError("selection.parent", parent, "must be the run whose core set the data set "
                          "begins with, and `first` the size of that core: see `shipdash label "
                          "go-on`")


def ends(config: RunConfig) -> None:
    """`ConfigError` where a selection could only end as stalled. Such runs are stored, of versions
    that did not look, and are read: so it is no rule of the settings."""
    rules = config.selection
    if config.arm.kind != "selection" or (rules.train_until == "epoch" and not rules.idle_epochs):
        return
    if rules.max_steps < rules.min_steps + rules.idle_epochs:
        raise ConfigError("selection.max_steps", rules.max_steps, "must be at least min_steps, and "
                          "more with idle training, or the run would stall",
                          {name: getattr(rules, name) for name in ("min_steps", "idle_epochs")})


def source_result(store: Store, config: RunConfig) -> Result | None:
    """Result of the selection that a control arm is compared with; None for a selection.

    `ConfigError` where the arm cannot be compared with it, or asks for more pairs than it has.
    """
    if config.arm.kind == "selection":
        return None
    asked, result = selected(store, config.arm.source)
    parts = ("source", "scene", "planted", "selection")
    same = all(getattr(config, part) == getattr(asked, part) for part in parts)
    if not (same and config.seeds.pool == asked.seeds.pool
            and config.seeds.order == asked.seeds.order
            and config.evaluation.n_held_out == asked.evaluation.n_held_out):
        raise ConfigError("arm.source", config.arm.source, "must have the arm's scene, "
                          "selection, pool and order seeds and held-out pairs")
    n_left_out = sum(i < config.selection.n_pool for i in set(left_out(store, asked)))
    config.arm.n_wanted(result.n_core, config.selection.n_pool - n_left_out)
    return result


def pool_scores(store: Store, config: RunConfig) -> dict[str, np.ndarray] | None:
    """What another run's network scored of the pool, where an arm chooses its pairs by that.

    `ConfigError` where that run is missing, unfinished, of another selection or has no scores.
    """
    run_id = config.arm.scores
    if not run_id:
        return None
    try:
        theirs, found = store.config(run_id), store.load_scores(run_id, "pool_scores")
    except RunNotFound:
        theirs, found = None, None
    if theirs is None or found is None or theirs.arm.source != config.arm.source:
        raise ConfigError("arm.scores", run_id, "must name a completed run of this runs folder "
                          "that has scored the pool of the same selection")
    return found


def selected(store: Store, run_id: str) -> tuple[RunConfig, Result]:
    """Settings and result of a selection that arms can be compared with, or `ConfigError`."""
    try:
        asked, result = store.config(run_id), store.result(run_id)
    except RunNotFound:
        raise ConfigError("arm.source", run_id, "must name a run of this runs folder") from None
    ended = result is not None and not result.stalled
    for holds, rule in (
        (asked.arm.kind == "selection", "must be a selection, not a control arm"),
        (ended, "must have completed its selection"),
        (ended and asked.digest == run_id and result.algorithm == ALGORITHM,
         f"must come from this version of the algorithm ({ALGORITHM}): start it again"),
    ):
        if not holds:
            raise ConfigError("arm.source", run_id, rule)
    return asked, result


def selection(store: Store, run_id: str) -> RunConfig:
    """Settings of a selection; `StoreError` for a control arm."""
    config = store.config(run_id)
    if config.arm.kind != "selection":
        raise StoreError(f"run {run_id} is a control arm: name the selection that it is compared "
                         f"with, {config.arm.source}")
    return config


def finished_selection(store: Store, run_id: str, *, changing: bool = False
                       ) -> tuple[RunConfig, Result]:
    """Settings and result of a selection; `StoreError` for a control arm and an unfinished run.

    Where its folder is to be `changing`, also for a run that came with the package.
    """
    config, result = selection(store, run_id), store.result(run_id)
    if changing and store.recorded:
        raise StoreError(f"run {run_id} came with the package and cannot be changed")
    if result is None:
        raise StoreError(f"run {run_id} has not finished: wait for it or resume it")
    return config, result


def resting_on(store: Store, run_id: str) -> tuple[list[str], list[str]]:
    """Ids of a run's control arms, and of the runs that leave out its core set."""
    others = [run for run in store.list() if run.config is not None and run.run_id != run_id]
    return ([run.run_id for run in others
             if run_id in (run.config.arm.source, run.config.arm.scores)],
            [run.run_id for run in others if run_id in run.config.selection.exclude])
