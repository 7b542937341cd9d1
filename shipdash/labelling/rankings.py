"""The rankings of a data set on disk, beside its arrays. No network is known here.

    data/<name>/label/<ranking id>/
      request.json   what was asked (`RankRequest`)
      status.json    where it stands; replaced atomically
      held_out.npz   scores of the run's held-out pairs, whose masks are known
      images.npz     scores and predicted masks of the images; written last
      cancel         somebody asks the job to stop
      alive.lock     held by the job for its whole life
      log.txt        the job's output
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from shipdash.config import RUN_ID
from shipdash.data import files
from shipdash.data.files import DataError
from shipdash.labelling.request import RankRequest
from shipdash.records import RunState
from shipdash.runs import locks
from shipdash.runs.errors import UNREADABLE
from shipdash.runs.folder import npz, replace

LABEL = "label"
"""The folder in a data set for all that is said of its images."""


class Standing(NamedTuple):
    """Where a ranking stands."""

    state: RunState
    reason: str
    n_done: int  # images scored, those with known masks among them
    n: int


class Ranking(NamedTuple):
    """The scores of a finished ranking, as `scoring.scored` gives them."""

    request: RankRequest
    images: dict[str, np.ndarray]  # of the data set, without ``iou``
    held_out: dict[str, np.ndarray] | None  # of the run's held-out pairs; None where it has none


class Rankings:
    """The rankings of one data set; `ConfigError` where it is not stored here."""

    def __init__(self, data: str) -> None:
        files.read_manifest(files.folder_of(data))
        self.data, self.root = data, files.folder_of(data) / LABEL

    def create(self, request: RankRequest) -> str:
        """Store what is asked, once; its id."""
        with self._explained():
            folder = self.root / request.digest
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / "request.json").exists():
                replace(folder / "request.json",
                        json.dumps(dataclasses.asdict(request)).encode())
        return request.digest

    def list(self) -> list[str]:
        """Ids of the rankings, the newest first."""
        found = [path for path in self.root.glob("*/request.json")
                 if RUN_ID.fullmatch(path.parent.name)]
        return [path.parent.name for path in sorted(found, key=lambda path: -path.stat().st_mtime)]

    def request(self, ranking: str) -> RankRequest:
        """What was asked."""
        said = self._json(ranking, "request.json")
        try:
            return RankRequest(**said | {"others": tuple(said["others"])})
        except (KeyError, TypeError):
            raise self._damaged(ranking) from None

    def standing(self, ranking: str) -> Standing:
        """Where it stands; *lost* where its job has gone without a word."""
        folder = self._folder(ranking)
        if (folder / "images.npz").exists():
            return Standing(RunState.COMPLETED, "", 0, 0)
        alive = self.is_alive(ranking)
        if not (folder / "status.json").exists():
            return Standing(RunState.QUEUED if alive else RunState.LOST, "", 0, 0)
        said = self._json(ranking, "status.json")
        try:
            found = Standing(RunState(said["state"]), *(said[k] for k in ("reason", "n_done", "n")))
        except (KeyError, ValueError, TypeError):
            raise self._damaged(ranking) from None
        if found.state is RunState.RUNNING and not alive:
            return found._replace(state=RunState.LOST, reason="its process is gone")
        return found

    def load(self, ranking: str) -> Ranking:
        """The scores of a finished ranking; `DataError` where it is not finished or damaged."""
        images = self._arrays(ranking, "images.npz")
        if images is None:
            raise DataError(f"the ranking {ranking} has not finished: rank the data set again")
        return Ranking(self.request(ranking), images, self._arrays(ranking, "held_out.npz"))

    # -- the job's side

    @contextlib.contextmanager
    def lock(self, ranking: str) -> Iterator[None]:
        """Be the one process that computes this ranking; `DataError` where another is."""
        with self._explained(), locks.held(self._folder(ranking) / "alive.lock", 1.0) as ours:
            if not ours:
                raise DataError(f"the ranking {ranking} is being computed by another process: "
                                "watch it, or cancel it first")
            yield

    def is_alive(self, ranking: str) -> bool:
        """Whether a process computes it, or has been started to: see `open_log`."""
        folder = self._folder(ranking)
        return locks.is_held(folder / "alive.lock") or locks.is_held(folder / "log.txt")

    def open_log(self, ranking: str) -> IO[bytes] | None:
        """Where the job prints to, locked until it ends; None where a job is at work already."""
        with self._explained():
            log = (self._folder(ranking) / "log.txt").open("ab")
        if not locks.take(log.fileno(), patience_s=1.0):
            log.close()
            return None
        return log

    def set_standing(self, ranking: str, standing: Standing) -> None:
        """Replace the status."""
        said = standing._asdict() | {"state": str(standing.state)}
        with self._explained():
            replace(self._folder(ranking) / "status.json", json.dumps(said).encode())

    def save(self, ranking: str, name: str, arrays: dict[str, np.ndarray]) -> None:
        """Scores as ``<name>.npz``; *images* is written last and means complete."""
        with self._explained():
            replace(self._folder(ranking) / f"{name}.npz", npz(arrays, compressed=True))

    def ask_cancel(self, ranking: str) -> None:
        """Request that the job stops."""
        with self._explained():
            (self._folder(ranking) / "cancel").touch()

    def cancelled(self, ranking: str) -> bool:
        """Whether it was asked to stop."""
        return (self._folder(ranking) / "cancel").exists()

    def forget_cancel(self, ranking: str) -> None:
        """It is asked to go on, or has stopped."""
        with self._explained():
            (self._folder(ranking) / "cancel").unlink(missing_ok=True)

    def remove(self, ranking: str) -> None:
        """Remove a ranking; marks are kept elsewhere. `DataError` while it is computed."""
        with self.lock(ranking):
            pass
        with self._explained():
            shutil.rmtree(self._folder(ranking))

    def _folder(self, ranking: str) -> Path:
        if not RUN_ID.fullmatch(ranking) or not (self.root / ranking / "request.json").is_file():
            raise DataError(f"the data set {self.data} has no ranking {ranking!r:.40}: rank it "
                            "first")
        return self.root / ranking

    def _json(self, ranking: str, name: str) -> dict[str, Any]:
        try:
            return json.loads((self._folder(ranking) / name).read_bytes())
        except (OSError, ValueError, RecursionError):
            raise self._damaged(ranking) from None

    def _arrays(self, ranking: str, name: str) -> dict[str, np.ndarray] | None:
        try:
            with np.load(self._folder(ranking) / name, allow_pickle=False) as stored:
                return dict(stored)
        except FileNotFoundError:
            return None
        except UNREADABLE:
            raise self._damaged(ranking) from None

    def _damaged(self, ranking: str) -> DataError:
        return DataError(f"the ranking {ranking} is damaged: remove the folder "
                         f"{self.root / ranking} and rank the data set again")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(f"cannot write to {self.root}: {error.strerror or error}; check the "
                            "disk and who may write there") from None
