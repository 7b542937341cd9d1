"""The runs of a folder, one folder per run: settings, state, events, checkpoint and result.

    <run id>/
      spec.json              what was asked: canonical JSON, never rewritten
      status.json            where it stands; replaced atomically
      events.jsonl           what happened; one writer appends (`event_log`)
      probe.jsonl            what the network saw of the probe pairs (`probe_frames`)
      checkpoint/state.npz   learner and loop together, enough to go on
      evaluation/<name>.npz  scores, one entry a pair
      evaluation/<name>.json what they came to, for a worker that goes on with the evaluation
      result.json            written last: its presence means complete
      verified.json          whether training on the core pairs alone gave the same weights
      suspects/              which kept pairs to check first (`labelling.suspects`)
      control                what somebody asks of the worker
      alive.lock             held by the worker for its whole life
      log.txt                the worker's output
      name.txt               what somebody calls it, if anybody has named it

What a run does is not known here. Writers replace files atomically, only the holder of a run's
lock appends, and readers may come at any moment and never see half a file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import errno
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from shipdash.config import RUN_ID, ConfigError, RunConfig
from shipdash.data.files import remove_folder
from shipdash.records import UNDER_WAY, Event, RunState
from shipdash.results import Result, StoredRun, Verification
from shipdash.runs import event_log, given_name, prerequisites, probe_frames
from shipdash.runs.errors import RunCorrupt, StoreError, explained, legible
from shipdash.runs.event_log import EventWriter, LineWriter
from shipdash.runs.folder import Folder, npz, replace
from shipdash.runs.packed_masks import unpacked
from shipdash.runs.probe_frames import ProbeFrame

REQUESTS = ("cancel", "pause", "step")
ABANDONED_S = 60.0  # no write takes this long: older temporary files are of a killed writer


class Status(NamedTuple):
    """What the worker last said; times are ISO 8601 in UTC."""

    state: RunState
    reason: str
    created: str
    updated: str


class Store(Folder):
    """The runs of a folder; by default of ``$SHIPDASH_RUNS``, else of ``./runs``."""

    # -- asking, and where a run stands

    def create(self, config: RunConfig) -> tuple[str, bool]:
        """The run that answers this question, and whether it is new.

        The folder appears whole or not at all, and of two who ask at once one creates it.
        """
        run_id = config.digest
        with explained(f"cannot create a run in {self.root}"):
            if (self.root / run_id / "spec.json").exists():
                return run_id, False
            prerequisites.ends(config)
            prerequisites.goes_on(config)
            prerequisites.left_out(self, config)
            prerequisites.source_result(self, config)
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

    def config(self, run_id: str) -> RunConfig:
        """What was asked."""
        try:
            return RunConfig.from_stored(self._json(run_id, "spec.json"))
        except ConfigError as error:
            raise RunCorrupt(f"run {run_id} asks for what this version does not know: "
                             f"{error}") from None

    def status(self, run_id: str) -> Status:
        """The state of the run; `LOST` if it is stored as running but no worker is alive."""
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
            raise StoreError(f"run {run_id} is completed and cannot be changed")
        try:
            created = str(self._json(run_id, "status.json")["created"])
        except (RunCorrupt, KeyError, TypeError):
            created = _now()
        self._write(run_id, "status.json", _status_json(state, reason, created))

    def list(self) -> list[StoredRun]:
        """Every run of the folder, newest first; a damaged one is named, not fatal, and one that is
        deleted meanwhile is left out."""
        infos = [info for info in map(self.info, self._ids())
                 if os.path.lexists(self.root / info.run_id)]
        return sorted(infos, key=lambda info: (info.created, info.run_id), reverse=True)

    def statuses(self) -> dict[str, Status]:
        """Where every run stands, by its id; what cannot be read is left out, and no other file is
        looked into."""
        found = {}
        for run_id in self._ids():
            with contextlib.suppress(StoreError):
                found[run_id] = self.status(run_id)
        return found

    def _ids(self) -> Iterable[str]:
        try:
            return [p.name for p in self.root.iterdir() if RUN_ID.fullmatch(p.name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"cannot read {self.root}: {error.strerror}") from None

    def info(self, run_id: str) -> StoredRun:
        """One row of the list."""
        try:
            config, status, result = self.config(run_id), self.status(run_id), self.result(run_id)
        except StoreError as error:
            return StoredRun(run_id, RunState.FAILED, str(error), "", None, None, 0, 0,
                             str(self.root), self.recorded, given_name.read(self.root / run_id))
        n_core, n_tested = ((result.n_core, result.n_tested) if result is not None else
                            event_log.progress(self.root / run_id / "events.jsonl"))
        return StoredRun(run_id, status.state, status.reason, status.created, config, result,
                         n_core, n_tested, str(self.root), self.recorded,
                         given_name.read(self.root / run_id), result and self.verified(run_id))

    def set_name(self, run_id: str, name: str) -> None:
        """Call the run so, for everybody who looks at this folder; an empty name takes it back.

        Raises
        ------
        StoreError
            The name is too long or not one line, or the run came with the package.
        """
        if self.recorded:
            raise StoreError("A recorded run keeps its name.")
        self._write(run_id, given_name.FILE, given_name.checked(name).encode())

    def delete(self, run_id: str) -> None:
        """Remove a run and its control arms, every file of them.

        StoreError, and nothing is removed, where the runs came with the package, somebody is at
        work on one of them or it waits in the queue, or another run leaves out the pairs it kept.
        """
        if self.recorded:
            raise StoreError(f"run {run_id} came with the package and cannot be deleted")
        arms, folds = prerequisites.resting_on(self, run_id)
        if folds:
            raise StoreError(f"run {run_id} cannot be deleted: {', '.join(folds)} chose from the "
                             "pairs that it left. Delete those runs first")
        for each in (*arms, run_id):
            self._require_idle(each)
        for each in (*arms, run_id):
            with explained(f"cannot delete run {each}"):
                remove_folder(self.folder(each))
        for left in self.root.glob(".new-*"):  # somebody was killed in `create`
            with contextlib.suppress(OSError):  # it was renamed meanwhile
                if time.time() - left.stat().st_mtime > ABANDONED_S:
                    shutil.rmtree(left, ignore_errors=True)

    def _require_idle(self, run_id: str) -> None:
        """Raise unless no worker has the run, none is about to take it, and no search for its
        suspects is at work."""
        with self.lock(run_id):
            pass
        for name in ("alive.lock", "log.txt"):  # held by a job, and by one that has been started
            if any(map(self._is_held, self.folder(run_id).glob(f"suspects/*/{name}"))):
                raise StoreError(f"suspicious labels of run {run_id} are being looked for: cancel "
                                 "its search first")
        with contextlib.suppress(RunCorrupt):  # a damaged status waits for nothing
            if self.status(run_id).state in UNDER_WAY:
                raise StoreError(f"run {run_id} waits in the queue: cancel it first")

    # -- who is at work, and what is asked of them

    @contextlib.contextmanager
    def lock(self, run_id: str) -> Iterator[None]:
        """See `Folder.lock`; what a killed writer left is swept away."""
        with super().lock(run_id):
            _sweep(self.folder(run_id))
            yield

    def queue_lock(self) -> AbstractContextManager[bool]:
        """Whether we became the one process that works the queue off."""
        return self._locked(self.root / "queue.lock", patience_s=1.0)

    def queue_is_worked(self) -> bool:
        """Whether some process works the queue off."""
        return self._is_held(self.root / "queue.lock")

    def standby_lock(self) -> AbstractContextManager[bool]:
        """Whether this process became the one warm worker."""
        return self._locked(self.root / "standby.lock")

    def standby_is_alive(self) -> bool:
        """Whether a warm worker waits, or works on the run it was given."""
        return self._is_held(self.root / "standby.lock")

    def request(self, run_id: str, what: str) -> None:
        """Ask the worker to ``cancel``, ``pause`` or ``step`` (one more pick, then pause)."""
        if what not in REQUESTS:
            raise ValueError(f"what must be one of {', '.join(REQUESTS)}. Received: {what!r}")
        if self.result(run_id) is not None:
            raise StoreError(f"run {run_id} is completed: there is nothing to {what}")
        self._write(run_id, "control", what.encode())

    def requested(self, run_id: str) -> str | None:
        """What was asked of the worker, if anything."""
        with contextlib.suppress(OSError):
            word = (self.folder(run_id) / "control").read_text(errors="replace")
            return word if word in REQUESTS else None
        return None

    def clear_request(self, run_id: str) -> None:
        """The request has been honoured."""
        with explained(f"cannot remove control of run {run_id}"):
            (self.folder(run_id) / "control").unlink(missing_ok=True)

    # -- what happened

    def events(self, run_id: str, start: int = 0) -> tuple[list[Event], int]:
        """Events from byte `start` on, and the byte to go on from; a torn last line is left."""
        return event_log.read(self.folder(run_id) / "events.jsonl", start)

    def each_event(self, run_id: str) -> Iterator[Event]:
        """All events one after another, without holding them in memory together."""
        return event_log.each(self.folder(run_id) / "events.jsonl")

    def n_bytes(self, run_id: str) -> int:
        """Size of the event log: it changes exactly when something happened."""
        with contextlib.suppress(FileNotFoundError):
            return (self.folder(run_id) / "events.jsonl").stat().st_size
        return 0

    def writer(self, run_id: str) -> EventWriter:
        """The run's event log, for the holder of its lock."""
        return EventWriter(self.folder(run_id) / "events.jsonl")

    def probe_frames(self, run_id: str) -> list[ProbeFrame]:
        """Predictions for the probe pairs so far; empty if none are stored."""
        shape = self.config(run_id).shape
        return probe_frames.read(self.folder(run_id) / "probe.jsonl", shape)

    def probe_writer(self, run_id: str) -> LineWriter:
        """Where its probe frames go, for the holder of its lock."""
        return LineWriter(self.folder(run_id) / "probe.jsonl")

    def result(self, run_id: str) -> Result | None:
        """The stored result; None until the run has completed."""
        stored = self._json(run_id, "result.json", missing=None)
        with legible(f"result.json of run {run_id}", "remove the run's folder and start it again"):
            return None if stored is None else Result.from_json(stored)

    def write_result(self, run_id: str, result: Result) -> None:
        """Written last; from here on the run is complete."""
        self._write(run_id, "result.json", json.dumps(result.to_json(), allow_nan=False).encode())

    def verified(self, run_id: str) -> Verification | None:
        """What `verify` found; None where nobody asked or the file is damaged."""
        with contextlib.suppress(StoreError, ValueError):  # it may be deleted at any moment
            stored = self._json(run_id, "verified.json", missing=None)
            return None if stored is None else Verification.from_json(stored)
        return None

    def write_verified(self, run_id: str, found: Verification) -> None:
        """Replace what an earlier `verify` found."""
        self._write(run_id, "verified.json",
                    json.dumps(dataclasses.asdict(found), allow_nan=False).encode())

    def save_checkpoint(self, run_id: str, arrays: dict[str, np.ndarray], loop: dict) -> None:
        """Learner and loop state in one file, replaced atomically."""
        words = np.frombuffer(json.dumps(loop, allow_nan=False).encode(), np.uint8)
        self._write(run_id, "checkpoint/state.npz", npz({**arrays, "loop": words}))

    def load_checkpoint(self, run_id: str) -> tuple[dict[str, np.ndarray], dict] | None:
        """What `save_checkpoint` stored, or None."""
        arrays = self._arrays(run_id, "checkpoint/state.npz")
        if arrays is None:
            return None
        with legible(f"the checkpoint of run {run_id}",
                     "remove its checkpoint folder to start the run again"):
            loop = json.loads(arrays.pop("loop").tobytes())
        return arrays, loop

    def save_scores(self, run_id: str, name: str, **arrays: np.ndarray) -> None:
        """Arrays of an evaluation, as ``evaluation/<name>.npz``."""
        self._write(run_id, f"evaluation/{name}.npz", npz(arrays, compressed=True))

    def load_scores(self, run_id: str, name: str) -> dict[str, np.ndarray] | None:
        """Arrays of an evaluation, one entry a pair, or None.

        `index` holds the pairs' numbers, `probability` pictures, `features` a row of a network's
        features each, everything else one score each.
        Pictures that are stored as masks (`packed_masks`) come back as 0 and 255.
        """
        arrays = unpacked(self._arrays(run_id, f"evaluation/{name}.npz"))
        wanted = "probability" if name == "picked" or name.endswith("_worst") else "iou"
        if arrays is not None and not (wanted in arrays and _are_scores(arrays)):
            raise RunCorrupt(f"evaluation/{name}.npz of run {run_id} is damaged: remove that file")
        return arrays

    def save_part(self, run_id: str, name: str, part: dict) -> None:
        """What the scores of this name came to, once they are stored."""
        self._write(run_id, f"evaluation/{name}.json", json.dumps(part, allow_nan=False).encode())

    def load_part(self, run_id: str, name: str) -> dict:
        """What `save_part` stored; nothing where the scores are not there or it is damaged."""
        with contextlib.suppress(StoreError):
            stored = self._json(run_id, f"evaluation/{name}.json", missing=None)
            scores = self.folder(run_id) / f"evaluation/{name}.npz"
            return stored if isinstance(stored, dict) and scores.is_file() else {}
        return {}


def _status_json(state: RunState, reason: str, created: str) -> bytes:
    words = {"state": str(state), "reason": reason, "created": created, "updated": _now()}
    return json.dumps(words).encode()


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def _sweep(folder: Path) -> None:
    """Remove what a writer left that was killed while writing: a checkpoint can be 60 MB."""
    with contextlib.suppress(OSError):
        for path in folder.rglob(".*"):
            if time.time() - path.stat().st_mtime > ABANDONED_S:
                path.unlink()


def _are_scores(arrays: dict[str, np.ndarray]) -> bool:
    """Whether they are columns of one table over pairs."""
    kinds = {name: (values.dtype.kind, values.ndim) for name, values in arrays.items()}
    return (kinds.pop("index", None) in (("i", 1), ("u", 1))
            and kinds.pop("probability", ("u", 3)) == ("u", 3)
            and kinds.pop("features", ("f", 2)) == ("f", 2)
            and all(kind == ("f", 1) for kind in kinds.values())
            and len({len(values) for values in arrays.values()}) == 1)
