"""Jobs that somebody starts, watches and cancels, each in a folder of its own on the disk.

    <root>/<job id>/
      request.json   what was asked
      status.json    where it stands; replaced atomically
      <name>.npz     what it has found; its last file is written last and means complete
      cancel         somebody asks the job to stop
      alive.lock     held by the job for its whole life
      log.txt        the job's output

What a job computes is not known here: `rankings` and `suspects` say what theirs is.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shipdash.config import RUN_ID
from shipdash.config.base import Question
from shipdash.data.errors import DataError, Stopped, explained
from shipdash.data.files import remove_folder
from shipdash.records import RunState
from shipdash.runs import RunBusy, Store, locks, queue
from shipdash.runs.errors import UNREADABLE
from shipdash.runs.folder import Cancellable, npz, read_npz, replace


class Standing(NamedTuple):
    """Where a job stands."""

    state: RunState
    reason: str
    n_done: int  # of its own units: images scored, training steps
    n: int


class JobFolders(Cancellable):
    """Jobs of one kind that belong to one thing, `owner` in words; `doing` is what they do."""

    noun, remedy, last = "job", "start it again", "done.npz"  # each kind has its own
    again = "starts it again"  # what the command of a job that was cancelled does

    def __init__(self, root: Path, owner: str, doing: str) -> None:
        self.root, self.owner, self.doing = root, owner, doing

    def create(self, request: Question) -> str:
        """Store what is asked, once; its id."""
        with self._explained():
            folder = self.root / request.digest
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / "request.json").exists():
                replace(folder / "request.json",
                        json.dumps(dataclasses.asdict(request)).encode())
        return request.digest

    def list(self) -> list[str]:
        """Ids of the jobs, the newest first."""
        found = []
        for path in self.root.glob("*/request.json"):
            with contextlib.suppress(FileNotFoundError):  # removed since it was seen
                if RUN_ID.fullmatch(path.parent.name):
                    found.append((path.stat().st_mtime, path.parent.name))
        return [job for _, job in sorted(found, reverse=True)]

    def standing(self, job: str) -> Standing:
        """Where it stands; *lost* where its process has gone without a word."""
        folder = self.folder(job)
        if (folder / self.last).exists():
            return Standing(RunState.COMPLETED, "", 0, 0)
        alive = self.is_alive(job)
        if not (folder / "status.json").exists():
            return Standing(RunState.QUEUED if alive else RunState.LOST, "", 0, 0)
        said = self._json(job, "status.json")
        try:
            found = Standing(RunState(said["state"]), *(said[k] for k in ("reason", "n_done", "n")))
        except (KeyError, ValueError, TypeError):
            raise self._damaged(job) from None
        if found.state is RunState.RUNNING and not alive:
            return found._replace(state=RunState.LOST, reason="its process is gone")
        return found

    def arrays(self, job: str, name: str) -> dict[str, np.ndarray] | None:
        """What it has found as ``<name>.npz``; None where that is not there."""
        try:
            return read_npz(self.folder(job) / f"{name}.npz")
        except FileNotFoundError:
            return None
        except UNREADABLE:
            raise self._damaged(job) from None

    def found(self, job: str) -> dict[str, np.ndarray]:
        """What a finished job has found; `DataError` where it has not finished or is damaged."""
        found = self.arrays(job, Path(self.last).stem)
        if found is None:
            raise DataError(f"the {self.noun} {job} has not finished: {self.remedy}")
        return found

    def start(self, store: Store, request: Question, command: Sequence[str]) -> str:
        """Start the process that does a job; its id. One that is finished or at work is kept.

        Raises
        ------
        StoreError
            Nothing can be computed here, or no process can be started.
        """
        queue.refuse_to_start()
        job = self.create(request)
        if self.standing(job).state is RunState.COMPLETED:
            return job
        try:
            with self._explained():
                log = self.open_log(job)
        except RunBusy:  # somebody was quicker
            return job
        with log:
            self.forget_cancel(job)
            with self._explained():  # until the new process has said something it is *queued*
                (self.folder(job) / "status.json").unlink(missing_ok=True)
            queue.start_process(store, [*command], log, subprocess.STDOUT)
        return job

    def ask_cancel(self, job: str) -> None:
        """Request that the job stops; `DataError` where nothing is at work on it.

        A request that nobody hears would stop the job when it is started again.
        """
        if not self.is_alive(job):
            raise DataError(f"the {self.noun} {job} is not being computed: there is nothing to "
                            "cancel")
        super().ask_cancel(job)

    def remove(self, job: str) -> None:
        """Remove a job and what it has found. `DataError` while it is at work."""
        with self.lock(job):
            pass
        with self._explained():
            remove_folder(self.folder(job))  # at once: a part of it could pass for the whole

    # -- the job's side

    def see_through(self, job: str, work: Callable[[], None]) -> None:
        """Do the job's work in this process, unless it is done, and store how it ended.

        Raises
        ------
        Stopped
            It was cancelled.
        DataError
            Another process is at work on it.
        """
        if self.standing(job).state is RunState.COMPLETED:
            return
        if not self.is_alive(job):  # asked of one that was killed before it could hear
            self.forget_cancel(job)
        with self.lock(job):
            try:
                self.set_standing(job, Standing(RunState.RUNNING, "starting the network", 0, 0))
                work()
            except (Stopped, KeyboardInterrupt):
                self.forget_cancel(job)
                self.set_standing(job, Standing(RunState.CANCELLED, "", 0, 0))
                raise
            except Exception as error:
                self.forget_cancel(job)
                self.set_standing(job, Standing(RunState.FAILED, str(error), 0, 0))
                raise

    @contextlib.contextmanager
    def lock(self, job: str) -> Iterator[None]:
        """Be the one process that does this job; `DataError` where another is."""
        with self._explained(), locks.held(self.folder(job) / "alive.lock", 1.0) as ours:
            if not ours:
                raise DataError(f"the {self.noun} {job} is being computed by another process: "
                                "watch it, or cancel it first")
            yield

    def heed(self, job: str, words: str, n_done: int, n: int) -> None:
        """Say how far the job is; `Stopped` where somebody has cancelled it."""
        self.set_standing(job, Standing(RunState.RUNNING, words, n_done, n))
        if self.cancelled(job):
            raise Stopped(f"{self.doing} was cancelled; the same command {self.again}")

    def set_standing(self, job: str, standing: Standing) -> None:
        """Replace the status."""
        said = standing._asdict() | {"state": str(standing.state)}
        with self._explained():
            replace(self.folder(job) / "status.json", json.dumps(said).encode())

    def save(self, job: str, name: str, arrays: dict[str, np.ndarray]) -> None:
        """What it has found as ``<name>.npz``."""
        with self._explained():
            replace(self.folder(job) / f"{name}.npz", npz(arrays, compressed=True))

    def folder(self, job: str) -> Path:
        """The folder of a job that is here; `DataError` if it is not."""
        if not RUN_ID.fullmatch(job) or not (self.root / job / "request.json").is_file():
            raise DataError(f"{self.owner} has no {self.noun} {job!r:.40}: {self.remedy}")
        return self.root / job

    def _json(self, job: str, name: str) -> dict[str, Any]:
        try:
            return json.loads((self.folder(job) / name).read_bytes())
        except (OSError, ValueError, RecursionError):
            raise self._damaged(job) from None

    def _damaged(self, job: str) -> DataError:
        return DataError(f"the {self.noun} {job} is damaged: remove the folder "
                         f"{self.root / job} and {self.remedy}")

    def _explained(self, job: str = "") -> contextlib.AbstractContextManager:
        return explained(f"cannot write to {self.root}", "check the disk and who may write there")
