"""One run from its settings to its stored evaluation, resumable after a kill at any moment.

The only writer of a run folder. What it does is decided by the settings; where it stands, by the
last checkpoint; it knows no page and no queue.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import shipdash
from shipdash import config as configs
from shipdash import evaluation
from shipdash.learner import Learner, open_learner
from shipdash.pool import Pool, order
from shipdash.records import Event, Picked, RunState, Scanned, Stopped, StopReason, Trained
from shipdash.selection import LoopState, select
from shipdash.store import RunCorrupt, Store

CHECKPOINT_S = 5.0  # what a kill may cost; a checkpoint of the compact network takes some 10 ms
CHECKPOINT_SHARE = 0.05  # of a run's time at most: the article's state is 60 MB


class _Halted(Exception):
    """Somebody asked the run to stop here; the state it ends in says who."""

    def __init__(self, state: RunState) -> None:
        self.state = state


def work(store: Store, run_id: str, on_event: Callable[[Event], None] | None = None) -> dict:
    """Start or go on with a run in this process until it has ended or is asked to stop.

    Returns
    -------
    dict
        The stored result, or ``{"run_id": ..., "state": ...}`` where the run was halted.

    Raises
    ------
    RunBusy
        Another process is at work on this run.
    """
    with store.lock(run_id):
        result = store.result(run_id)
        if result is not None:
            return result
        try:
            return _Worker(store, run_id, on_event or (lambda event: None)).run()
        except _Halted as halted:
            store.set_status(run_id, halted.state)
            return {"run_id": run_id, "state": str(halted.state)}
        except Exception as error:
            with contextlib.suppress(Exception):  # a full disk must not hide what went wrong
                store.set_status(run_id, RunState.FAILED, f"{type(error).__name__}: {error}")
            raise


class _Worker:
    """The run being worked on: its pool, learner, loop state and clock."""

    def __init__(self, store: Store, run_id: str, on_event: Callable[[Event], None]) -> None:
        self.store, self.run_id, self.on_event = store, run_id, on_event
        self.config = store.config(run_id)
        scene, seeds = self.config.scene, self.config.seeds
        self.pool = Pool(scene, seed=seeds.pool, n=self.config.selection.n_pool)
        self.order = order(self.pool.n, seeds.order, np.array(store.left_out(self.config), int))
        self.state, self.failed = LoopState(), {}
        self.stopped: Stopped | None = None
        self.phases = {"startup": 0.0, "compile": 0.0, "select": 0.0, "evaluate": 0.0}
        self.clock, self.saved_at, self.save_took = time.perf_counter(), time.perf_counter(), 0.0

    def run(self) -> dict:
        request = self.store.requested(self.run_id)
        if request in ("cancel", "pause"):  # asked before we had said that we are at work
            self.store.clear_request(self.run_id)
            raise _Halted(RunState.CANCELLED if request == "cancel" else RunState.PAUSED)
        self.store.set_status(self.run_id, RunState.RUNNING, "starting TensorFlow")
        learner = self._open_learner()
        self.store.set_status(self.run_id, RunState.RUNNING, "selecting")
        with self.store.writer(self.run_id) as writer:
            self._restore(learner, writer)
            if self.stopped is None:
                self._select(learner, writer)
        result = self._evaluate(learner)
        self.store.write_result(self.run_id, result)
        self.store.set_status(self.run_id, RunState.COMPLETED, str(self.stopped.reason))
        return result

    def _open_learner(self) -> Learner:
        scene, network = self.config.scene, self.config.network
        learner = open_learner(network, size=scene.size, seed=self.config.seeds.model)
        self._charge("startup")
        learner.prepare()
        self._charge("compile")
        return learner

    def _restore(self, learner: Learner, writer) -> None:
        """Go back to the last checkpoint; what was logged after it will happen again, the same."""
        stored = self.store.load_checkpoint(self.run_id)
        if stored is None:
            writer.truncate(0)
            return
        arrays, loop = stored
        try:
            learner.set_state({k[2:]: v for k, v in arrays.items() if k.startswith("n/")})
            self.failed = dict(zip(arrays["failed_index"].tolist(), arrays["failed"], strict=True))
            self.state = LoopState(**loop["state"])
            self.phases = {k: self.phases[k] + v for k, v in loop["phases"].items()}
            if loop["stopped"] is not None:
                reason, *numbers = loop["stopped"]
                self.stopped = Stopped(StopReason(reason), *numbers)
            offset = int(loop["offset"])
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise RunCorrupt(f"the checkpoint of run {self.run_id} is damaged ({error}): remove "
                             "its checkpoint folder to start the run again") from None
        writer.truncate(offset)
        self.store.events(self.run_id)  # the result will be counted from them: damage shows now

    def _select(self, learner: Learner, writer) -> None:
        until_pick = False
        for event in select(self.pool, learner, self.config, self.order, self.state, self.failed):
            writer.append(event)
            self.on_event(event)
            if isinstance(event, Stopped):
                self.stopped = event
                self._save(learner, writer)
                return
            if not self.state.settled:
                continue
            request = self.store.requested(self.run_id)
            until_pick = until_pick or request == "step"
            pause = request == "pause" or (until_pick and isinstance(event, Picked))
            if request == "cancel" or pause:
                self._save(learner, writer)
                self.store.clear_request(self.run_id)
                raise _Halted(RunState.PAUSED if pause else RunState.CANCELLED)
            now = time.perf_counter()
            if now - self.saved_at > max(CHECKPOINT_S, self.save_took / CHECKPOINT_SHARE):
                self._save(learner, writer)

    def _save(self, learner: Learner, writer) -> None:
        began = time.perf_counter()
        writer.flush()
        self._charge("select")
        size = self.config.scene.size
        index = list(self.failed)
        pictures = np.array([self.failed[i] for i in index], np.uint8).reshape(-1, size, size)
        arrays = {f"n/{name}": value for name, value in learner.get_state().items()}
        arrays |= {"failed_index": np.array(index, np.int64), "failed": pictures}
        loop = {
            "state": dataclasses.asdict(self.state), "offset": writer.offset,
            "phases": self.phases, "stopped": self.stopped and list(self.stopped),
        }
        # The checkpoint last: a kill in between leaves pictures too many, never too few.
        self.store.save_scores(
            self.run_id, "picked", index=arrays["failed_index"], probability=pictures
        )
        self.store.save_checkpoint(self.run_id, arrays, loop)
        self.saved_at = time.perf_counter()
        self.save_took = self.saved_at - began

    def _evaluate(self, learner: Learner) -> dict:
        config, state = self.config, self.state
        limit, held_out, reaudit = config.selection.acceptance_iou, None, None
        if config.evaluation.n_held_out:
            fresh = Pool(config.scene, seed=config.seeds.pool, n=config.evaluation.n_held_out,
                         split="held_out")
            scores = self._score(learner, fresh, np.arange(fresh.n), "held_out")
            held_out = evaluation.held_out_summary(scores, limit)
        if config.evaluation.reaudit:
            discarded = np.setdiff1d(self.order, np.array(state.core))
            scores = self._score(learner, self.pool, discarded, "reaudit")
            reaudit = evaluation.reaudit_summary(scores, limit)
        self._charge("evaluate")
        return self._result(learner) | {"held_out": held_out, "reaudit": reaudit}

    def _score(self, learner: Learner, pool: Pool, indices: np.ndarray, name: str):
        def on_block(n_done: int) -> None:
            words = f"evaluating {name.replace('_', '-')}: {n_done:,} of {len(indices):,}"
            self.store.set_status(self.run_id, RunState.RUNNING, words)
            if self.store.requested(self.run_id) in ("cancel", "pause"):
                cancel = self.store.requested(self.run_id) == "cancel"
                self.store.clear_request(self.run_id)
                raise _Halted(RunState.CANCELLED if cancel else RunState.PAUSED)

        scores = evaluation.score(pool, learner, indices, on_block)
        self.store.save_scores(
            self.run_id, name, index=scores.index, iou=scores.iou.astype(np.float32),
            score=scores.article.astype(np.float32), soft=scores.soft.astype(np.float32),
        )
        self.store.save_scores(self.run_id, f"{name}_worst", index=scores.worst,
                               probability=scores.worst_prediction)
        return scores

    def _result(self, learner: Learner) -> dict:
        events, _ = self.store.events(self.run_id)
        scans = [e for e in events if isinstance(e, Scanned)]
        bouts = [e for e in events if isinstance(e, Trained)]
        seconds = sum(self.phases.values())
        detail = {
            "warmup": bouts[0].seconds if bouts else 0.0,
            "train": sum(b.seconds for b in bouts[1:]),
            "scan": sum(s.seconds for s in scans),
        }
        return {
            "run_id": self.run_id, "state": str(RunState.COMPLETED),
            "reason": str(self.stopped.reason), "algorithm": configs.ALGORITHM,
            "version": shipdash.__version__, "preset": configs.preset_of(self.config),
            "n_pool": self.config.selection.n_pool, "n_tested": self.stopped.n_tested,
            "n_core": len(self.state.core), "core": self.state.core,
            "rounds": self.stopped.n_rounds,
            "n_forward": sum(s.n_forward for s in scans),
            "n_wasted": sum(s.n_wasted for s in scans),
            "n_backward": sum(b.n_images for b in bouts),
            "seconds": round(seconds, 2),
            "phases": {k: round(v, 2) for k, v in (self.phases | detail).items()},
            "n_parameters": learner.n_parameters, "device": learner.device,
            "threads": len(os.sched_getaffinity(0)), "machine": machine(),
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }

    def _charge(self, phase: str) -> None:
        now = time.perf_counter()
        self.phases[phase] += now - self.clock
        self.clock = now


def machine() -> str:
    """What a figure was measured on, e.g. ``"Intel(R) Xeon(R), 2 cores, Linux"``."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    return f"{name}, {len(os.sched_getaffinity(0))} cores, {platform.system()}"
