"""Files of a runs folder: found by run id, replaced atomically, locked by the kernel.

It knows names and bytes and nothing of what a run is.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import secrets
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from shipdash.config import RUN_ID
from shipdash.runs import locks
from shipdash.runs.errors import RunBusy, RunCorrupt, RunNotFound, explained, legible

PATIENCE_S = 1.0 if os.name == "nt" else 0.0
"""How long a file that cannot be replaced just now is tried again; readers hold one for less."""


class Folder:
    """A folder of runs; by default ``$SHIPDASH_RUNS``, else ``./runs``.

    `recorded` ones came with the package: they are read and never written.
    """

    noun = "run"  # what its folders are

    def __init__(self, root: str | os.PathLike | None = None, *, recorded: bool = False) -> None:
        self.root = Path(root or os.environ.get("SHIPDASH_RUNS") or "runs").absolute()
        self.recorded = recorded

    def folder(self, run_id: str) -> Path:
        """The folder of a run that is here; `RunNotFound` if it is not."""
        if not isinstance(run_id, str) or not RUN_ID.fullmatch(run_id):
            raise RunNotFound(f"a {self.noun} id has 16 hexadecimal digits. "
                              f"Received: {run_id!r:.40}")
        with explained(f"cannot look into {self.root}"):
            is_ours = self._is_here(run_id)
        if not is_ours:
            raise RunNotFound(f"there is no {self.noun} {run_id} in {self.root}: check the link or "
                              "the runs folder")
        return self.root / run_id

    def _is_here(self, run_id: str) -> bool:
        folder = self.root / run_id
        return folder.is_dir() and not folder.is_symlink()

    def log_path(self, run_id: str) -> Path:
        """Where the output of its process goes."""
        return self.folder(run_id) / "log.txt"

    def _json(self, run_id: str, name: str, missing: Any = ...) -> Any:
        try:
            with legible(f"{name} of run {run_id}", "remove the run's folder and start it again"):
                return json.loads((self.folder(run_id) / name).read_bytes())
        except FileNotFoundError:
            if missing is not ...:
                return missing
            raise RunCorrupt(f"run {run_id} has no {name}: its folder is damaged; remove it and "
                             "start the run again") from None

    def _arrays(self, run_id: str, name: str) -> dict[str, np.ndarray] | None:
        with (contextlib.suppress(FileNotFoundError),
              legible(f"{name} of run {run_id}", "remove that file and resume the run")):
            return read_npz(self.folder(run_id) / name)
        return None

    def _write(self, run_id: str, name: str, content: bytes) -> None:
        path = self.folder(run_id) / name
        with explained(f"cannot write {name} of run {run_id}"):
            path.parent.mkdir(exist_ok=True)
            replace(path, content)

    @contextlib.contextmanager
    def lock(self, run_id: str) -> Iterator[None]:
        """Be the one process that works on it. The kernel drops the lock on any death, so it
        cannot lie."""
        with self._locked(self.folder(run_id) / "alive.lock", patience_s=1.0) as held:
            if not held:
                raise RunBusy(f"{self.noun} {run_id} is being worked on by another process: watch "
                              "it, or cancel it first")
            yield

    def is_alive(self, run_id: str) -> bool:
        """Whether some process holds its lock."""
        return self._is_held(self.folder(run_id) / "alive.lock")

    @contextlib.contextmanager
    def _locked(self, path: Path, patience_s: float = 0.0) -> Iterator[bool]:
        """Whether we hold the file's lock; no child inherits it."""
        with contextlib.ExitStack() as stack:
            with explained(f"cannot lock {path.name} in {path.parent}"):
                path.parent.mkdir(parents=True, exist_ok=True)
                ours = stack.enter_context(locks.held(path, patience_s))
            yield ours

    def _is_held(self, path: Path) -> bool:
        """Whether a process holds the file's lock; creates nothing, works on a read-only disk."""
        with explained(f"cannot look at {path.name} in {path.parent}"):
            return locks.is_held(path)

    # -- notes that processes leave for each other in the folder itself

    def write_note(self, name: str, content: bytes) -> None:
        """Replace a file of the folder itself, which processes leave for each other."""
        with explained(f"cannot write {name} in {self.root}"):
            said, age_s = self.read_note(name)
            if said == content and age_s < math.inf:
                os.utime(self.root / name)  # that need not wait for the disk
                return
            self.root.mkdir(parents=True, exist_ok=True)
            replace(self.root / name, content)

    def read_note(self, name: str) -> tuple[bytes, float]:
        """A note and its age in seconds; empty and infinitely old where there is none."""
        with contextlib.suppress(OSError), (self.root / name).open("rb") as note:
            return note.read(), time.time() - os.fstat(note.fileno()).st_mtime
        return b"", math.inf

    def remove_note(self, name: str) -> None:
        """Remove a request that was carried out or is obsolete."""
        with explained(f"cannot remove {name} in {self.root}"):
            (self.root / name).unlink(missing_ok=True)


class Cancellable:
    """Folders of work that a process of its own does and that anybody may cancel.

    Whoever has them says which `folder` an id stands for, what its `noun` is, and how the system's
    refusal is `_explained`.
    """

    def ask_cancel(self, work_id: str) -> None:
        """Request that the work stops."""
        with self._explained(work_id):
            (self.folder(work_id) / "cancel").touch()

    def cancelled(self, work_id: str) -> bool:
        """Whether it was asked to stop."""
        return (self.folder(work_id) / "cancel").exists()

    def forget_cancel(self, work_id: str) -> None:
        """It is asked to go on, or has stopped."""
        with self._explained(work_id):
            (self.folder(work_id) / "cancel").unlink(missing_ok=True)

    def is_alive(self, work_id: str) -> bool:
        """Whether a process works on it, or has been started to: see `open_log`."""
        with self._explained(work_id):
            return any(locks.is_held(self.folder(work_id) / name)
                       for name in ("alive.lock", "log.txt"))

    def open_log(self, work_id: str) -> IO[bytes]:
        """Where a process of its own prints to, locked; `RunBusy` if one does already.

        The lock is dropped when the process ends (see `locks.take`): work that was started counts
        as being done from the first moment, and two presses start one process.
        """
        log = (self.folder(work_id) / "log.txt").open("ab")
        if not locks.take(log.fileno(), patience_s=1.0):  # one that only looks holds it a moment
            log.close()
            raise RunBusy(f"{self.noun} {work_id} has already been started; watch it")
        return log


def replace(path: Path, content: bytes) -> None:
    """Old content or new, never half; two threads of one server may write at once."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _rename(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _rename(temporary: Path, path: Path) -> None:
    """Windows refuses to replace a file for as long as somebody has it open to read."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return os.replace(temporary, path)
        except PermissionError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.01)


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an archive; one of `UNREADABLE` where it is none."""
    with zipfile.ZipFile(path):  # so that np.load meets nothing but an archive
        pass
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)


def npz(arrays: dict[str, np.ndarray], *, compressed: bool = False) -> bytes:
    """The bytes of an archive of arrays."""
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)
    return buffer.getvalue()
