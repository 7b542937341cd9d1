"""Points of sweeps as the Threshold page needs them: which families there are, what is computed.

Reads the store and the recorded tables; no widget is drawn here.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from shipdash import analysis
from shipdash.config import PRESETS, ConfigError, RunConfig, preset, preset_of
from shipdash.records import RunState
from shipdash.results import StoredRun
from shipdash.runs import Store, StoreError
from shipdash.studies import grid
from shipdash.studies.folder import Studies, state_of
from shipdash.ui import frame

RECORDED = "recorded"
"""Name in links of the sweep that came with the package; others go by their family."""


class Recorded(NamedTuple):
    """The recorded sweep: its points, and where they come from."""

    points: pd.DataFrame
    facts: dict[str, Any]
    base: RunConfig


class Family(NamedTuple):
    """Runs that differ in precision, acceptance rule, order seed and model seed only."""

    name: str  # in links
    label: str
    base: RunConfig
    configs: dict[str, RunConfig]  # run id -> settings of what is computed, or asked by a sweep
    recorded: Recorded | None

    def points(self, store: Store, planned: Iterable[RunConfig] = ()) -> pd.DataFrame:
        """Table of its points, the planned ones among them."""
        if self.recorded is not None:
            return self.recorded.points
        mine = {run.digest: run for run in planned if _family(run) == self.name}
        return analysis.sweep_points(_point(store, run_id, config)
                                    for run_id, config in (self.configs | mine).items())


def families(runs: list[frame.Run], studies: Studies) -> dict[str, Family]:
    """Every family there is: the recorded one, those of this machine, and the presets'."""
    found: dict[str, dict[str, RunConfig]] = {}
    n_done: dict[str, int] = {}
    for run in runs:
        if (run.config and run.state == RunState.COMPLETED and not run.recorded
                and run.config.digest == run.run_id):  # else another version's: not the same curve
            name = _family(run.config)
            found.setdefault(name, {})[run.run_id] = run.config
            n_done[name] = n_done.get(name, 0) + 1
    for config in asked(studies):
        found.setdefault(_family(config), {})[config.digest] = config
    for name in PRESETS:
        found.setdefault(_family(preset(name)), {})
    order = sorted(found, key=lambda name: -n_done.get(name, 0))
    own = {name: _own(name, found[name], n_done.get(name, 0)) for name in order}
    came_with_us = recorded()
    if came_with_us is None:
        return own
    label = f"Recorded: {_words(came_with_us.base)} · {len(came_with_us.points)} points"
    return {RECORDED: Family(RECORDED, label, came_with_us.base, {}, came_with_us), **own}


def asked(studies: Studies) -> list[RunConfig]:
    """Every point that a stored sweep asks for."""
    try:
        stored = [studies.study(study_id) for study_id in studies.list()]
    except StoreError:
        return []
    return [run for study in stored if study.axes for run in study.runs]


def recorded() -> Recorded | None:
    """The sweep that came with the package; None where its tables cannot be read."""
    folder = Path(frame.RECORDED) / "sweep"
    try:
        facts = json.loads((folder / "sweep.json").read_text())
        points = pd.read_csv(folder / "points.csv", dtype={"run_id": str})
        base = RunConfig.from_stored(facts["base"])
    except (OSError, ValueError, KeyError, ConfigError):
        return None
    return Recorded(points[analysis.POINT_COLUMNS], facts, base)


def config_of(family: Family, row: pd.Series) -> RunConfig:
    """Settings of one point of the table."""
    return family.base.replace(**{
        "selection.precision": float(row["precision"]), "selection.acceptance": row["acceptance"],
        "seeds.order": int(row["order_seed"]), "seeds.model": int(row["model_seed"])})


def _own(name: str, configs: dict[str, RunConfig], n_done: int) -> Family:
    base = next(iter(configs.values()), None)
    base = base or next(preset(p) for p in PRESETS if _family(preset(p)) == name)
    base = grid.plain(base)
    return Family(name, f"This machine: {_words(base)} · {n_done} computed", base, configs, None)


@functools.lru_cache(maxsize=8192)
def _family(config: RunConfig) -> str:
    return grid.family(config)


def _words(base: RunConfig) -> str:
    """The preset it comes nearest to, and what is different."""
    if preset_of(base) != "custom":
        return f"{preset_of(base)}, pool seed {base.seeds.pool}"
    changes = {name: _changes(base, name) for name in PRESETS}
    nearest = min(changes, key=lambda name: len(changes[name]))
    more = f" and {len(changes[nearest]) - 3} more" if len(changes[nearest]) > 3 else ""
    return f"{nearest} with {', '.join(changes[nearest][:3])}{more}"


def _changes(base: RunConfig, name: str) -> list[str]:
    start = preset(name).to_dict()
    return [f"{key.replace('_', ' ')} {value}" for section, values in base.to_dict().items()
            for key, value in values.items() if value != start[section][key]]


def _point(store: Store, run_id: str, config: RunConfig):
    """The run as it stands, `MISSING` where nobody has begun it, and its held-out IoU."""
    state = state_of(store, run_id)
    result, iou = None, None
    if state == RunState.COMPLETED:
        try:
            written = (store.root / run_id / "result.json").stat().st_mtime_ns
            result, iou = _finished(str(store.root), run_id, written)
        except (StoreError, OSError):
            state = RunState.FAILED
    run = StoredRun(run_id, state, "", "", config, result, 0, 0, str(store.root), False)
    return run, iou


@st.cache_data(max_entries=4096, show_spinner=False)
def _finished(root: str, run_id: str, written: int):
    """Result and held-out IoU of a finished run; it never changes, `written` is its version."""
    store = Store(root)
    scores = store.load_scores(run_id, "held_out")
    return store.result(run_id), None if scores is None else scores["iou"]
