"""Points of sweeps as the Threshold page needs them: which families there are, what is computed.

Reads the store and the recorded tables; no widget is drawn here.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from shipdash import analysis
from shipdash.analysis.sweep import DID_NOT_LEARN
from shipdash.config import (
    ALGORITHM,
    PRESETS,
    ConfigError,
    RunConfig,
    default_name,
    own_of,
    preset,
    preset_of,
)
from shipdash.records import RunState
from shipdash.results import StoredRun
from shipdash.runs import Store, StoreError
from shipdash.studies import grid, sweep_details
from shipdash.studies.folder import Studies, state_of
from shipdash.studies.sweep_details import Detail
from shipdash.ui import frame

RECORDED = "recorded"
"""Name in links of the sweep that came with the package; others go by their family."""

FINISHED = ("completed", analysis.STALLED, DID_NOT_LEARN)
"""States of points that have a result."""


class Recorded(NamedTuple):
    """The recorded sweep: its points, where they come from, and what it keeps of single runs."""

    points: pd.DataFrame
    facts: dict[str, Any]
    base: RunConfig
    details: dict[str, Detail]  # by run id; empty where only the numbers were kept

    @property
    def algorithm(self) -> int:
        """The version that drew its pairs and picked its core sets."""
        return int(self.facts.get("algorithm", ALGORITHM))


class Family(NamedTuple):
    """Runs that differ in precision, acceptance rule, order seed and model seed only."""

    name: str  # in links
    label: str
    base: RunConfig
    configs: dict[str, RunConfig]  # run id -> settings of what is computed, or asked by a sweep
    recorded: Recorded | None

    @property
    def algorithm(self) -> int:
        """The version that draws its pairs."""
        return self.recorded.algorithm if self.recorded else ALGORITHM

    def points(self, store: Store, planned: Iterable[RunConfig] = ()) -> pd.DataFrame:
        """Table of its points, the planned ones among them, each run once.

        What was computed here stands in place of the recorded answer to the same question.
        """
        mine = {run.digest: run for run in planned if _family(run) == self.name}
        own = analysis.sweep_points(_point(store, run_id, config)
                                    for run_id, config in (self.configs | mine).items())
        if self.recorded is None:
            return own
        came = self.recorded.points
        known = own["run_id"].isin(came["run_id"])
        own = own[own["state"].isin(FINISHED) | ~known]
        came = came[~came["run_id"].isin(own["run_id"])]
        return pd.concat([part for part in (came, own) if len(part)] or [own], ignore_index=True)

    def detail(self, store: Store, row: Any) -> Detail | None:
        """What one row of the table looks like, None where that was not kept or not computed."""
        if row.recorded:
            return self.recorded.details.get(row.run_id)
        return own_detail(store, row.run_id) if row.state in FINISHED else None

    def version(self, store: Store, table: pd.DataFrame) -> tuple:
        """For caches: another one wherever a row of the table may have got another detail."""
        own = table[~table["recorded"].astype(bool) & table["state"].isin(FINISHED)]
        came = _recorded_file() if self.recorded else ()
        return (self.base.digest, self.algorithm, str(store.root), came,
                *((run_id, _written(store, run_id)) for run_id in own["run_id"]))


def families(runs: list[frame.Run], studies: Studies) -> dict[str, Family]:
    """Every family there is: the recorded one, those of this machine, and the presets'."""
    found: dict[str, dict[str, RunConfig]] = {}
    for run in runs:
        if (run.config and run.state == RunState.COMPLETED and not run.recorded
                and run.config.digest == run.run_id):  # else another version's: not the same curve
            found.setdefault(_family(run.config), {})[run.run_id] = run.config
    n_done = Counter({name: len(configs) for name, configs in found.items()})
    for config in asked(studies):
        found.setdefault(_family(config), {})[config.digest] = config
    for name in PRESETS:
        found.setdefault(_family(preset(name)), {})
    order = sorted(found, key=lambda name: -n_done[name])
    own = {name: _own(name, found[name], n_done[name]) for name in order}
    came_with_us = recorded()
    return own if came_with_us is None else _with_recorded(came_with_us, own, n_done)


def _with_recorded(came: Recorded, own: dict[str, Family],
                   n_done: Counter[str]) -> dict[str, Family]:
    """The recorded sweep first, with what this machine computed of the same family; one of another
    version is a family of its own."""
    label = f"Recorded: {_words(came.base)} · {len(came.points)} points"
    if came.algorithm != ALGORITHM:
        version = ", ".join(came.facts.get("version", ()))
        label = label.replace("Recorded", f"Recorded with version {version}", 1)
        return {RECORDED: Family(RECORDED, label, came.base, {}, came), **own}
    name = _family(came.base)
    mine = own.get(name)
    family = Family(name, f"{label}, {n_done[name]} computed here", came.base,
                    mine.configs if mine else {}, came)
    return {name: family, **{other: own[other] for other in own if other != name}}


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
        points = points[analysis.POINT_COLUMNS].assign(recorded=True)
    except (OSError, ValueError, KeyError, ConfigError):
        return None
    return Recorded(points, facts, base, _recorded_details(*_recorded_file()))


def _recorded_file() -> tuple[str, int]:
    """Path of what the recorded sweep keeps of single runs, and when it was written (0: never)."""
    stored = Path(frame.RECORDED) / "sweep" / sweep_details.FILE
    return str(stored), stored.stat().st_mtime_ns if stored.exists() else 0


@st.cache_resource(max_entries=2, show_spinner=False)
def _recorded_details(path: str, written: int) -> dict[str, Detail]:
    return sweep_details.read(Path(path))


def _own(name: str, configs: dict[str, RunConfig], n_done: int) -> Family:
    base = next(iter(configs.values()), None)
    base = base or next(preset(p) for p in PRESETS if _family(preset(p)) == name)
    base = grid.plain(base)
    return Family(name, f"This machine: {_words(base)} · {n_done} computed", base, configs, None)


@functools.lru_cache(maxsize=8192)
def _family(config: RunConfig) -> str:
    return grid.family(config)


def _words(base: RunConfig) -> str:
    """The preset with its pool seed; else the preset it comes nearest to, and what differs."""
    if preset_of(base) != "custom":
        return f"{preset_of(base)}, pool seed {base.seeds.pool}"
    if base.source.kind == "files":  # a family has the axes at defaults that are not of its preset
        own = own_of(base).selection
        base = base.replace(**{"selection.precision": own.precision,
                               "selection.acceptance": own.acceptance})
    return default_name(base)


def _point(store: Store, run_id: str, config: RunConfig):
    """The run with its state (`MISSING` if it was never started) and its held-out IoU."""
    state = state_of(store, run_id)
    result, iou = None, None
    if state == RunState.COMPLETED:
        try:
            result, iou = _finished(str(store.root), run_id, _written(store, run_id))
        except (StoreError, OSError):
            state = RunState.FAILED
    run = StoredRun(run_id, state, "", "", config, result, 0, 0, str(store.root), False)
    return run, iou


def own_detail(store: Store, run_id: str) -> Detail | None:
    """What a finished run of this machine looks like; None where its files cannot be read."""
    written = _written(store, run_id)
    try:
        return _own_detail(str(store.root), run_id, written) if written else None
    except (StoreError, OSError):
        return None


def _written(store: Store, run_id: str) -> int:
    """When the result of a run was written, in nanoseconds; 0 where there is none."""
    try:
        return (store.root / run_id / "result.json").stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_resource(max_entries=1024, show_spinner=False)  # some 100 kB for a run of 64 pixels
def _own_detail(root: str, run_id: str, written: int) -> Detail | None:
    return sweep_details.of_run(Store(root), run_id)


@st.cache_data(max_entries=4096, show_spinner=False)
def _finished(root: str, run_id: str, written: int):
    """Result and held-out IoU of a finished run; it never changes, `written` is its version."""
    store = Store(root)
    scores = store.load_scores(run_id, "held_out")
    return store.result(run_id), None if scores is None else scores["iou"]
