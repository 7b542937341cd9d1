"""One folder per run: spec, append-only events, checkpoint, results; list, lock, resume.

It knows what a file is and nothing of what a run does. Writers replace files atomically and only
the holder of a run's lock appends; readers may come at any moment and never see half a file.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import fcntl
import io
import json
import os
import secrets
import shutil
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shipdash import records
from shipdash.config import RUN_ID, ConfigError, RunConfig
from shipdash.records import Event, RunState

REQUESTS = ("cancel", "pause", "step")
FLUSH_S = 0.5  # events reach the disk at most twice a second: enough to watch, cheap to write
ABANDONED_S = 60.0  # no write takes this long: older temporary files are of a killed writer


class StoreError(Exception):
    """Something about a runs folder, in a sentence that says what to do."""


class RunNotFound(StoreError):
    """No run of that id here."""


class RunBusy(StoreError):
    """Another process is at work on this run."""


class RunCorrupt(StoreError):
    """A file of the run cannot be read."""


class Status(NamedTuple):
    """What the worker last said; times are ISO 8601 in UTC."""

    state: RunState
    reason: str
    created: str
    updated: str


class RunInfo(NamedTuple):
    """One row of a list of runs; `config` is None where the folder cannot be read."""

    run_id: str
    state: RunState
    reason: str
    created: str
    config: RunConfig | None
    result: dict | None
    summary: dict


class Store:
    """A folder of runs; by default ``$SHIPDASH_RUNS``, else ``./runs``."""

    def __init__(self, root: str | os.PathLike | None = None) -> None:
        self.root = Path(root or os.environ.get("SHIPDASH_RUNS") or "runs").absolute()

    # -- asking -------------------------------------------------------------------------------

    def create(self, config: RunConfig) -> tuple[str, bool]:
        """The run that answers this question, and whether it is new.

        The folder appears whole or not at all, and of two who ask at once one creates it.
        """
        run_id = config.digest
        with _explained(f"cannot create a run in {self.root}"):
            if (self.root / run_id / "spec.json").exists():
                return run_id, False
            self.left_out(config)
            self.root.mkdir(parents=True, exist_ok=True)
            draft = self.root / f".new-{secrets.token_hex(8)}"
            draft.mkdir()
            try:
                _replace(draft / "spec.json", config.canonical_json().encode())
                _replace(draft / "status.json", _status_json(RunState.QUEUED, "", _now()))
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
                cores += self.result(other)["core"]
            except (RunNotFound, TypeError):
                rule = "must name completed runs of this runs folder"
                raise ConfigError("selection.exclude", other, rule) from None
        if sum(i < config.selection.n_pool for i in set(cores)) == config.selection.n_pool:
            raise ConfigError("selection.exclude", list(config.selection.exclude),
                              "must leave at least one pair of the pool")
        return cores

    def config(self, run_id: str) -> RunConfig:
        """What was asked."""
        try:
            return RunConfig.from_dict(self._json(run_id, "spec.json"))
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

    def list(self) -> list[RunInfo]:
        """Every run of the folder, newest first; a damaged one is named, not fatal."""
        try:
            names = [p.name for p in self.root.iterdir() if RUN_ID.fullmatch(p.name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"cannot read {self.root}: {error.strerror}") from None
        infos = [self.info(name) for name in names]
        return sorted(infos, key=lambda info: (info.created, info.run_id), reverse=True)

    def info(self, run_id: str) -> RunInfo:
        """One row of the list."""
        try:
            config, status, result = self.config(run_id), self.status(run_id), self.result(run_id)
        except StoreError as error:
            return RunInfo(run_id, RunState.FAILED, str(error), "", None, None, {})
        n_core, n_tested = self._progress(run_id) if result is None else (
            result["n_core"], result["n_tested"])
        summary = {"n_core": n_core, "n_tested": n_tested, "n_pool": config.selection.n_pool}
        return RunInfo(run_id, status.state, status.reason, status.created, config, result, summary)

    # -- liveness and requests ----------------------------------------------------------------

    @contextlib.contextmanager
    def lock(self, run_id: str) -> Iterator[None]:
        """Hold the run's lock. The kernel drops it on any death, so it cannot lie."""
        with self._locked(self._folder(run_id) / "alive.lock", patience_s=1.0) as held:
            if not held:
                raise RunBusy(f"run {run_id} is being worked on by another process: watch it, "
                              "or cancel it first")
            _sweep(self._folder(run_id))
            yield

    @contextlib.contextmanager
    def queue_lock(self) -> Iterator[bool]:
        """Whether we became the one process that works the queue off."""
        with self._locked(self.root / "queue.lock", patience_s=1.0) as held:
            yield held

    def is_alive(self, run_id: str) -> bool:
        """Whether some process holds the run's lock."""
        with self._locked(self._folder(run_id) / "alive.lock", fcntl.LOCK_SH) as held:
            return not held

    def queue_is_worked(self) -> bool:
        """Whether some process works the queue off."""
        with self._locked(self.root / "queue.lock", fcntl.LOCK_SH) as held:
            return not held

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
            word = (self._folder(run_id) / "control").read_text(errors="replace")
            return word if word in REQUESTS else None
        return None

    def clear_request(self, run_id: str) -> None:
        """The request has been honoured."""
        with _explained(f"cannot remove control of run {run_id}"):
            (self._folder(run_id) / "control").unlink(missing_ok=True)

    # -- what happened ------------------------------------------------------------------------

    def events(self, run_id: str, start: int = 0) -> tuple[list[Event], int]:
        """Events from byte `start` on, and the byte to go on from; a torn last line is left."""
        path = self._folder(run_id) / "events.jsonl"
        try:
            with path.open("rb") as file:
                file.seek(start)
                text = file.read()
        except FileNotFoundError:
            return [], 0
        except OSError as error:
            raise RunCorrupt(f"events.jsonl of run {run_id} cannot be read ({error.strerror}): "
                             "check the disk and try again") from None
        whole = text[: text.rfind(b"\n") + 1]
        try:
            events = [records.from_json(json.loads(line)) for line in whole.splitlines()]
        except (ValueError, TypeError, RecursionError) as error:
            raise RunCorrupt(f"events.jsonl of run {run_id} is damaged ({error}): remove the run's "
                             "folder and start it again") from None
        return events, start + len(whole)

    def n_bytes(self, run_id: str) -> int:
        """Size of the event log: it changes exactly when something happened."""
        with contextlib.suppress(FileNotFoundError):
            return (self._folder(run_id) / "events.jsonl").stat().st_size
        return 0

    def writer(self, run_id: str) -> EventWriter:
        """The run's event log, for the holder of its lock."""
        return EventWriter(self._folder(run_id) / "events.jsonl")

    def result(self, run_id: str) -> dict | None:
        """The stored result; None until the run has completed."""
        result = self._json(run_id, "result.json", missing=None)
        if result is not None and not _is_result(result):
            raise RunCorrupt(f"result.json of run {run_id} is damaged: remove the run's folder "
                             "and start it again")
        return result

    def write_result(self, run_id: str, result: dict) -> None:
        """Written last; from here on the run is complete."""
        self._write(run_id, "result.json", json.dumps(result, allow_nan=False).encode())

    def save_checkpoint(self, run_id: str, arrays: dict[str, np.ndarray], loop: dict) -> None:
        """Learner and loop state in one file, replaced atomically."""
        words = np.frombuffer(json.dumps(loop, allow_nan=False).encode(), np.uint8)
        self._write(run_id, "checkpoint/state.npz", _npz({**arrays, "loop": words}))

    def load_checkpoint(self, run_id: str) -> tuple[dict[str, np.ndarray], dict] | None:
        """What `save_checkpoint` stored, or None."""
        arrays = self._arrays(run_id, "checkpoint/state.npz")
        if arrays is None:
            return None
        try:
            loop = json.loads(arrays.pop("loop").tobytes())
        except (KeyError, ValueError, RecursionError):
            raise RunCorrupt(f"the checkpoint of run {run_id} is damaged: remove its checkpoint "
                             "folder to start the run again") from None
        return arrays, loop

    def save_scores(self, run_id: str, name: str, **arrays: np.ndarray) -> None:
        """Arrays of an evaluation, as ``evaluation/<name>.npz``."""
        self._write(run_id, f"evaluation/{name}.npz", _npz(arrays, compressed=True))

    def load_scores(self, run_id: str, name: str) -> dict[str, np.ndarray] | None:
        """Arrays of an evaluation, or None."""
        return self._arrays(run_id, f"evaluation/{name}.npz")

    def save_json(self, run_id: str, name: str, value: Any) -> None:
        """A small table of an evaluation, as ``evaluation/<name>.json``."""
        self._write(run_id, f"evaluation/{name}.json", json.dumps(value, allow_nan=False).encode())

    def load_json(self, run_id: str, name: str) -> Any:
        """A small table of an evaluation, or None."""
        return self._json(run_id, f"evaluation/{name}.json", missing=None)

    def log_path(self, run_id: str) -> Path:
        """Where the worker's output goes."""
        return self._folder(run_id) / "log.txt"

    # -- files --------------------------------------------------------------------------------

    def _folder(self, run_id: str) -> Path:
        if not isinstance(run_id, str) or not RUN_ID.fullmatch(run_id):
            raise RunNotFound(f"a run id has 16 hexadecimal digits. Received: {run_id!r:.40}")
        folder = self.root / run_id
        with _explained(f"cannot look into {self.root}"):
            is_ours = folder.is_dir() and not folder.is_symlink()
        if not is_ours:
            raise RunNotFound(f"there is no run {run_id} in {self.root}: check the link or the "
                              "runs folder")
        return folder

    def _json(self, run_id: str, name: str, missing: Any = ...) -> Any:
        path = self._folder(run_id) / name
        try:
            return json.loads(path.read_bytes())
        except FileNotFoundError:
            if missing is not ...:
                return missing
            raise RunCorrupt(f"run {run_id} has no {name}: its folder is damaged; remove it and "
                             "start the run again") from None
        except (ValueError, RecursionError, OSError) as error:
            raise RunCorrupt(f"{name} of run {run_id} cannot be read ({error}); remove the run's "
                             "folder and start it again") from None

    def _arrays(self, run_id: str, name: str) -> dict[str, np.ndarray] | None:
        path = self._folder(run_id) / name
        try:
            with zipfile.ZipFile(path):  # so that np.load meets nothing but an archive
                pass
            with np.load(path, allow_pickle=False) as stored:
                return dict(stored)
        except FileNotFoundError:
            return None
        except _UNREADABLE as error:
            raise RunCorrupt(f"{name} of run {run_id} is damaged ({error}): remove that file and "
                             "resume the run") from None

    def _write(self, run_id: str, name: str, content: bytes) -> None:
        path = self._folder(run_id) / name
        with _explained(f"cannot write {name} of run {run_id}"):
            path.parent.mkdir(exist_ok=True)
            _replace(path, content)

    def _progress(self, run_id: str) -> tuple[int, int]:
        """Core size and pairs tested so far, from the end of the event log.

        The last pick may lie far back: the look widens until it is found.
        """
        path, width, found = self.root / run_id / "events.jsonl", 65_536, {}
        with contextlib.suppress(*_UNREADABLE, TypeError), path.open("rb") as file:
            n_bytes = file.seek(0, os.SEEK_END)
            while len(found) < 2:
                start = max(0, n_bytes - width)
                file.seek(start)
                lines = file.read(n_bytes - start).split(b"\n")[1 if start else 0 : -1]
                found = {}
                for line in lines:
                    event = json.loads(line)
                    found |= {k: event[k] for k in ("n_core", "n_tested") if k in event}
                if start == 0:
                    break
                width *= 8
        return found.get("n_core", 0), found.get("n_tested", 0)

    @contextlib.contextmanager
    def _locked(self, path: Path, kind: int = fcntl.LOCK_EX,
                patience_s: float = 0.0) -> Iterator[bool]:
        """Whether we hold the file's lock; opened close-on-exec, so no child inherits it.

        Whoever only asks takes a shared lock for a moment; a worker is patient for longer.
        """
        with _explained(f"cannot open {path.name} in {path.parent}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            with _explained(f"cannot lock {path.name} in {path.parent}"):
                held = _take(descriptor, kind, time.monotonic() + patience_s)
            yield held
        finally:
            os.close(descriptor)


def _take(descriptor: int, kind: int, until: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)


class EventWriter:
    """Appends events; `offset` counts what has been appended, `flush` makes it lasting."""

    def __init__(self, path: Path) -> None:
        self.path, self.offset, self._flushed_at = path, 0, 0.0

    def __enter__(self) -> EventWriter:
        with _explained(f"cannot open {self.path}"):
            self._file = self.path.open("ab")
        self.offset = self._file.tell()
        return self

    def __exit__(self, *_: object) -> None:
        with _explained(f"cannot write {self.path}"):
            self._file.close()

    def truncate(self, n_bytes: int) -> None:
        """Forget what was logged after a checkpoint: it will happen again, the same."""
        if self._file.tell() < n_bytes:
            raise RunCorrupt(f"{self.path} is shorter than its checkpoint says: remove the "
                             "checkpoint folder to start the run again")
        with _explained(f"cannot write {self.path}"):
            self._file.truncate(n_bytes)
            self._file.seek(0, os.SEEK_END)
        self.offset = n_bytes

    def append(self, event: Event) -> None:
        """Add one line; it reaches readers within `FLUSH_S` of the next append."""
        line = json.dumps(records.to_json(event), allow_nan=False).encode() + b"\n"
        with _explained(f"cannot write {self.path}"):
            self._file.write(line)
            self.offset += len(line)
            if time.monotonic() - self._flushed_at > FLUSH_S:
                self._file.flush()
                self._flushed_at = time.monotonic()

    def flush(self) -> None:
        """Everything appended is on the disk when this returns."""
        with _explained(f"cannot write {self.path}"):
            self._file.flush()
            os.fsync(self._file.fileno())


_UNREADABLE = (OSError, ValueError, KeyError, EOFError, RuntimeError, SyntaxError,
               zipfile.BadZipFile, zlib.error)  # all that np.load says of a damaged archive


def _is_result(result: Any) -> bool:
    """Whether it holds what every reader relies on."""
    return (isinstance(result, dict) and isinstance(result.get("core"), list)
            and {"n_core", "n_tested", "n_pool", "seconds", "held_out"} <= set(result))


def _sweep(folder: Path) -> None:
    """Remove what a writer left that was killed while writing: a checkpoint can be 60 MB."""
    with contextlib.suppress(OSError):
        for path in folder.rglob(".*"):
            if time.time() - path.stat().st_mtime > ABANDONED_S:
                path.unlink()


def _replace(path: Path, content: bytes) -> None:
    """Old content or new, never half; two threads of one server may write at once."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _npz(arrays: dict[str, np.ndarray], *, compressed: bool = False) -> bytes:
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def _status_json(state: RunState, reason: str, created: str) -> bytes:
    words = {"state": str(state), "reason": reason, "created": created, "updated": _now()}
    return json.dumps(words).encode()


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn the system's refusal into a sentence that says what to do."""
    try:
        yield
    except OSError as error:
        remedy = {
            errno.ENOSPC: "free some space and resume",
            errno.EROFS: "choose a writable folder with SHIPDASH_RUNS",
            errno.EACCES: "choose a writable folder with SHIPDASH_RUNS",
            errno.ENOTDIR: "choose a folder with SHIPDASH_RUNS",
            errno.EEXIST: "choose a folder with SHIPDASH_RUNS",
        }.get(error.errno, "check the disk and try again")
        raise StoreError(f"{what}: {error.strerror or error}; {remedy}") from None
