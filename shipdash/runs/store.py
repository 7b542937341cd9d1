"""The runs of a folder: created, named, listed, and where each of them stands."""

from __future__ import annotations

import datetime
import errno
import json
import secrets
import shutil
from typing import NamedTuple

from shipdash.config import ALGORITHM, RUN_ID, ConfigError, RunConfig
from shipdash.config.older import translated
from shipdash.records import RunState
from shipdash.results import Result, StoredRun
from shipdash.runs import log
from shipdash.runs.errors import RunCorrupt, RunNotFound, StoreError, explained
from shipdash.runs.folder import replace
from shipdash.runs.liveness import Liveness


class Status(NamedTuple):
    """What the worker last said; times are ISO 8601 in UTC."""

    state: RunState
    reason: str
    created: str
    updated: str


class Store(Liveness):
    """The runs of a folder; by default of ``$SHIPDASH_RUNS``, else of ``./runs``."""

    def create(self, config: RunConfig) -> tuple[str, bool]:
        """The run that answers this question, and whether it is new.

        The folder appears whole or not at all, and of two who ask at once one creates it.
        """
        run_id = config.digest
        with explained(f"cannot create a run in {self.root}"):
            if (self.root / run_id / "spec.json").exists():
                return run_id, False
            self.left_out(config)
            self.source(config)
            self.root.mkdir(parents=True, exist_ok=True)
            draft = self.root / f".new-{secrets.token_hex(8)}"
            draft.mkdir()
            try:
                replace(draft / "spec.json", config.canonical_json().encode())
                replace(draft / "status.json", _status_json(RunState.QUEUED, "", _now()))
                (draft / "alive.lock").touch()
                draft.rename(self.root / run_id)
                return run_id, True
            except OSError as error:
                shutil.rmtree(draft, ignore_errors=True)
                if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                    if not (self.root / run_id / "spec.json").exists():
                        raise RunCorrupt(f"the folder of run {run_id} has no spec.json: "
                                         "remove it and start again") from None
                    return run_id, False
                raise

    def left_out(self, config: RunConfig) -> list[int]:
        """Core pairs of the runs whose cores this one excludes; `ConfigError` if one has none."""
        cores = []
        for other in config.selection.exclude:
            try:
                cores += self.result(other).core
            except (RunNotFound, AttributeError):
                rule = "must name completed runs of this runs folder"
                raise ConfigError("selection.exclude", other, rule) from None
        if sum(i < config.selection.n_pool for i in set(cores)) == config.selection.n_pool:
            raise ConfigError("selection.exclude", list(config.selection.exclude),
                              "must leave at least one pair of the pool")
        return cores

    def source(self, config: RunConfig) -> Result | None:
        """Result of the selection a control arm is held against; None for a selection.

        `ConfigError` where the arm cannot be held against it, or asks for more pairs than it has.
        """
        if config.arm.kind == "selection":
            return None
        asked, result = self.selected(config.arm.source)
        same = all(getattr(config, part) == getattr(asked, part) for part in ("scene", "selection"))
        if not (same and config.seeds.pool == asked.seeds.pool
                and config.seeds.order == asked.seeds.order
                and config.evaluation.n_held_out == asked.evaluation.n_held_out):
            raise ConfigError("arm.source", config.arm.source, "must have the arm's scene, "
                              "selection, pool and order seeds and held-out pairs")
        left_out = sum(i < config.selection.n_pool for i in set(self.left_out(asked)))
        config.arm.n_wanted(result.n_core, config.selection.n_pool - left_out)
        return result

    def selected(self, run_id: str) -> tuple[RunConfig, Result]:
        """Settings and result of a selection that arms can be held against, or `ConfigError`."""
        try:
            asked, result = self.config(run_id), self.result(run_id)
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

    def config(self, run_id: str) -> RunConfig:
        """What was asked."""
        try:
            return RunConfig.from_dict(translated(self._json(run_id, "spec.json")))
        except ConfigError as error:
            raise RunCorrupt(f"run {run_id} asks for what this version does not know: "
                             f"{error}") from None

    def status(self, run_id: str) -> Status:
        """Where the run stands; `LOST` where it says running and nobody is at work."""
        raw = self._json(run_id, "status.json")
        try:
            status = Status(RunState(raw["state"]), str(raw["reason"]), str(raw["created"]),
                            str(raw["updated"]))
        except (KeyError, TypeError, ValueError):
            raise RunCorrupt(f"status.json of run {run_id} is damaged: resume the run") from None
        if status.state is RunState.RUNNING and not self.is_alive(run_id):
            if self.result(run_id) is not None:
                return status._replace(state=RunState.COMPLETED)
            # The worker may have ended between our two looks: look again before calling it lost.
            again = self._json(run_id, "status.json")
            if again == raw:
                return status._replace(state=RunState.LOST, reason="its worker is gone")
            return self.status(run_id)
        return status

    def set_status(self, run_id: str, state: RunState, reason: str = "") -> None:
        """Replace the status. A run with a result is finished: only *completed* may follow."""
        if state is not RunState.COMPLETED and self.result(run_id) is not None:
            raise StoreError(f"run {run_id} is completed and stays as it is")
        try:
            created = str(self._json(run_id, "status.json")["created"])
        except (RunCorrupt, KeyError, TypeError):
            created = _now()
        self._write(run_id, "status.json", _status_json(state, reason, created))

    def list(self) -> list[StoredRun]:
        """Every run of the folder, newest first; a damaged one is named, not fatal."""
        try:
            names = [p.name for p in self.root.iterdir() if RUN_ID.fullmatch(p.name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"cannot read {self.root}: {error.strerror}") from None
        infos = [self.info(name) for name in names]
        return sorted(infos, key=lambda info: (info.created, info.run_id), reverse=True)

    def info(self, run_id: str) -> StoredRun:
        """One row of the list."""
        try:
            config, status, result = self.config(run_id), self.status(run_id), self.result(run_id)
        except StoreError as error:
            return StoredRun(run_id, RunState.FAILED, str(error), "", None, None, 0, 0,
                             str(self.root), self.recorded)
        n_core, n_tested = (log.progress(self.root / run_id / "events.jsonl") if result is None
                            else (result.n_core, result.n_tested))
        return StoredRun(run_id, status.state, status.reason, status.created, config, result,
                         n_core, n_tested, str(self.root), self.recorded)


def _status_json(state: RunState, reason: str, created: str) -> bytes:
    words = {"state": str(state), "reason": reason, "created": created, "updated": _now()}
    return json.dumps(words).encode()


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
