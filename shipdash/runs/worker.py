"""One run from its settings to its stored evaluation, resumable after a kill at any moment.

The only writer of a run folder. What it does is decided by the settings; where it stands, by the
last checkpoint; it knows no page and no queue.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from shipdash.data import open_source
from shipdash.data.source import Source
from shipdash.did_not_learn import Watch, is_judged
from shipdash.learning import evaluation
from shipdash.learning.learner import Learner, open_learner, weights_sha256
from shipdash.records import Event, RunState, Stopped, StopReason
from shipdash.results import Environment, HeldOut, Part, Reaudit, Result, part_from_json
from shipdash.runs import RunCorrupt, Store, prerequisites
from shipdash.runs.cluster_scan import OpenScanner
from shipdash.runs.final_result import final_result
from shipdash.runs.machine import environment
from shipdash.runs.probe import Probe, ProbeState
from shipdash.runs.tasks import open_task

CHECKPOINT_S = 5.0  # what a kill may cost; a checkpoint of the compact network takes some 10 ms
CHECKPOINT_SHARE = 0.05  # of a run's time at most: the article's state is 60 MB


class _Halted(Exception):
    """Somebody asked the run to stop here; its status says who."""


@dataclasses.dataclass(frozen=True)
class _Stored:
    """A part of an evaluation of which nothing is in the result."""


class Prepared(NamedTuple):
    """A learner that was made and compiled by another than its run, and what that took."""

    learner: Learner  # of the run's network and size, and of any seed
    seconds: float  # before the run was asked for
    waited_s: float = 0.0  # after: the run had to wait for it


def work(store: Store, run_id: str, on_event: Callable[[Event], None] | None = None, *,
         prepared: Prepared | None = None, wait: Callable[[], bool] | None = None,
         open_scanner: OpenScanner | None = None) -> Result | None:
    """Start or go on with a run in this process until it has ended or is asked to stop.

    A run that is paused calls `wait`, if given, which says whether it is to go on after all
    (`kept_worker`); all is stored by then. What `open_scanner` makes predicts the stream
    (`cluster_scan`), which changes no pick.

    Returns
    -------
    Result or None
        The stored result; None where the run was stopped.

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
            prerequisites.require_current(store, run_id)
            return _Worker(store, run_id, on_event or (lambda event: None), prepared,
                           wait or (lambda: False), open_scanner).run()
        except _Halted:
            return None
        except Exception as error:
            with contextlib.suppress(Exception):  # a full disk must not hide what went wrong
                store.set_status(run_id, RunState.FAILED, f"{type(error).__name__}: {error}")
            raise


class _Worker:
    """The run being worked on: its task and its clock."""

    def __init__(self, store: Store, run_id: str, on_event: Callable[[Event], None],
                 prepared: Prepared | None, wait: Callable[[], bool],
                 open_scanner: OpenScanner | None) -> None:
        self.store, self.run_id, self.on_event = store, run_id, on_event
        self.prepared, self.wait, self.learner_is_ready = prepared, wait, False
        self.prepared_s = prepared.seconds if prepared else None  # of a resumed run: all of it
        self.config = store.config(run_id)
        self.task = open_task(store, self.config, open_scanner)
        self.watch = Watch() if is_judged(self.config) else None
        self.probe = Probe(self.config)
        self.stopped: Stopped | None = None
        self.segments: list[Environment | None] = []
        self.phases = dict.fromkeys(("startup", "compile", self.task.phase, "evaluate"), 0.0)
        self.clock, self.saved_at, self.save_took = time.perf_counter(), time.perf_counter(), 0.0

    def run(self) -> Result:
        if self.store.requested(self.run_id) != "step":
            self._heed()  # asked before we had said that we are at work
        self.store.set_status(self.run_id, RunState.RUNNING, "starting TensorFlow")
        learner = self._open_learner()
        self.learner_is_ready = True
        self.store.set_status(self.run_id, RunState.RUNNING, self.task.doing)
        with (self.store.writer(self.run_id) as self.events_file,
              self.store.probe_writer(self.run_id) as self.probe_file):
            self._restore(learner)
            if self.stopped is None:
                if self.segments[-1:] != [here := environment()]:
                    self.segments.append(here)
                self._see_through(learner)
        result = self._evaluate(learner)
        self.store.write_result(self.run_id, result)
        self.store.set_status(self.run_id, RunState.COMPLETED, str(self.stopped.reason))
        return result

    def _heed(self) -> None:
        """Honour a request to stop, if there is one."""
        request = self.store.requested(self.run_id)
        if request in ("cancel", "pause"):
            self._halt(RunState.CANCELLED if request == "cancel" else RunState.PAUSED)

    def _halt(self, state: RunState) -> None:
        """Say that the run has stopped; return if it is paused and then asked to go on."""
        self.store.clear_request(self.run_id)
        self.store.set_status(self.run_id, state)
        if not (state is RunState.PAUSED and self.learner_is_ready and self.wait()):
            raise _Halted
        self.clock = self.saved_at = time.perf_counter()  # nobody worked meanwhile
        symptom = self.watch and self.watch.symptom
        self.store.set_status(self.run_id, RunState.RUNNING,
                              f"did not learn: {symptom}" if symptom else self.task.doing)

    def _open_learner(self) -> Learner:
        config, seed = self.config, self.config.seeds.model
        if self.prepared is not None:
            self.prepared.learner.reseed(seed)
            self._charge("startup")
            self.phases["startup"] += self.prepared.waited_s
            if self.task.source.void:  # for which nobody has compiled it
                self.prepared.learner.prepare(void=True)
                self._charge("compile")
            return self.prepared.learner
        learner = open_learner(config.network, shape=config.shape, seed=seed)
        self._charge("startup")
        learner.prepare(void=self.task.source.void)
        self._charge("compile")
        return learner

    def _restore(self, learner: Learner) -> None:
        """Go back to the last checkpoint; what was logged after it will happen again, the same."""
        stored = self.store.load_checkpoint(self.run_id)
        if stored is None:
            self.events_file.truncate(0)
            self.probe_file.truncate(0)
            return
        arrays, loop = stored
        try:
            learner.set_state({k[2:]: v for k, v in arrays.items() if k.startswith("n/")})
            self.task.set_state(arrays, loop["state"])
            self.phases = {k: self.phases[k] + v for k, v in loop["phases"].items()}
            if loop.get("prepared_s") is not None:
                self.prepared_s = loop["prepared_s"] + (self.prepared_s or 0.0)
            self.segments = [plain and Environment(**plain)
                             for plain in loop.get("segments", [None])]  # none before 0.3.0
            if loop["stopped"] is not None:
                reason, *numbers = loop["stopped"]
                self.stopped = Stopped(StopReason(reason), *numbers)
            offset, frames = int(loop["offset"]), loop.get("probe", {"offset": 0})  # before 0.3.0
            probe_offset = min(int(frames.pop("offset")), self.probe_file.offset)
            self.probe.state = ProbeState(**frames)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise RunCorrupt(f"the checkpoint of run {self.run_id} is damaged ({error}): remove "
                             "its checkpoint folder to start the run again") from None
        self.events_file.truncate(offset)
        self.probe_file.truncate(probe_offset)
        for event in self.store.each_event(self.run_id):  # and damage shows now
            self._judge(event)
            self.probe.hear(event)

    def _see_through(self, learner: Learner) -> None:
        until_unit = False
        for event in self.task.events(learner):
            self.events_file.append(event)
            self.on_event(event)
            self._judge(event)
            self._look(learner, event)
            if isinstance(event, Stopped):
                self.stopped = event
                self._save(learner)
                return
            if not self.task.settled:
                continue
            request = self.store.requested(self.run_id)
            until_unit = until_unit or request == "step"
            pause = request == "pause" or (until_unit and isinstance(event, self.task.unit))
            if request == "cancel" or pause:
                self._save(learner)
                if self.store.requested(self.run_id) == "cancel":  # asked while it was stored
                    pause = False
                self._halt(RunState.PAUSED if pause else RunState.CANCELLED)
                until_unit = False
                continue
            now = time.perf_counter()
            if now - self.saved_at > max(CHECKPOINT_S, self.save_took / CHECKPOINT_SHARE):
                self._save(learner)

    def _judge(self, event: Event) -> None:
        """Report at once that the run does not learn; it goes on until it is cancelled."""
        if self.watch is None or self.watch.symptom:
            return
        if self.watch.hear(event):
            self.store.set_status(self.run_id, RunState.RUNNING, f"did not learn: "
                                  f"{self.watch.symptom}")

    def _look(self, learner: Learner, event: Event) -> None:
        """Keep what the network sees of the probe pairs, where a look is due."""
        self.probe.hear(event)
        if self.probe.is_due(sum(self.phases.values()) + time.perf_counter() - self.clock):
            self.probe_file.write(self.probe.look(learner).to_json())

    def _save(self, learner: Learner) -> None:
        began = time.perf_counter()
        self.events_file.flush()
        self.probe_file.flush()
        self._charge(self.task.phase)
        arrays, state = self.task.get_state()
        frames = {"offset": self.probe_file.offset, **dataclasses.asdict(self.probe.state)}
        loop = {"state": state, "offset": self.events_file.offset, "phases": self.phases,
                "prepared_s": self.prepared_s, "stopped": self.stopped and list(self.stopped),
                "probe": frames,
                "segments": [part and dataclasses.asdict(part) for part in self.segments]}
        if "failed" in arrays:
            # The checkpoint last: a kill in between leaves pictures too many, never too few.
            self.store.save_scores(self.run_id, "picked", index=arrays["failed_index"],
                                   probability=arrays["failed"])
        arrays |= {f"n/{name}": value for name, value in learner.get_state().items()}
        self.store.save_checkpoint(self.run_id, arrays, loop)
        self.saved_at = time.perf_counter()
        self.save_took = self.saved_at - began

    def _evaluate(self, learner: Learner) -> Result:
        config, task = self.config, self.task
        limit, held_out, reaudit = config.selection.acceptance_iou, None, None
        weights = weights_sha256(learner)
        if config.evaluation.n_held_out:
            fresh = open_source(config, "held_out")
            held_out = self._once("held_out", weights, HeldOut, lambda: evaluation.held_out_summary(
                self._score(learner, fresh, np.arange(fresh.n), "held_out"), limit))
        if config.evaluation.reaudit:
            discarded = np.setdiff1d(self._tested(), np.array(task.core))
            reaudit = self._once("reaudit", weights, Reaudit, lambda: evaluation.reaudit_summary(
                self._score(learner, task.source, discarded, "reaudit"), limit))
        if config.evaluation.pool_scores:
            self._once("pool_scores", weights, _Stored, lambda: self._score_pool(learner))
        self._charge("evaluate")
        events = self.store.each_event(self.run_id)
        prepared_s = self.prepared_s if self.prepared_s is None else round(self.prepared_s, 2)
        return final_result(self.run_id, config, task.core, events, self.phases, learner,
                       probe_s=self.probe.state.spent_s, prepared_s=prepared_s,
                       symptom=str(self.watch.symptom or "") if self.watch else "",
                       held_out=held_out, reaudit=reaudit, weights_sha256=weights,
                       segments=tuple(self.segments))

    def _once(self, name: str, weights: str, kind: type[Part], evaluate: Callable[[], Part]
              ) -> Part:
        """A part of the evaluation, from what a worker before this one kept of these weights."""
        kept = self.store.load_part(self.run_id, name)
        if kept.get("weights_sha256") == weights:
            with contextlib.suppress(KeyError, TypeError, ValueError):
                found = part_from_json(kind, kept["found"])
                self.phases["evaluate"] += float(kept["seconds"])
                return found
        self._charge("evaluate")
        before, found = self.phases["evaluate"], evaluate()
        self._charge("evaluate")
        self.store.save_part(self.run_id, name, {
            "weights_sha256": weights, "seconds": self.phases["evaluate"] - before,
            "found": dataclasses.asdict(found)})
        return found

    def _tested(self) -> np.ndarray:
        """The pairs that a re-audit is about: of a selection those it came to before it stopped, of
        an arm, which tests none, the whole stream."""
        order = self.task.order
        return order[:self.stopped.n_tested] if self.config.arm.kind == "selection" else order

    def _score_pool(self, learner: Learner) -> _Stored:
        order = self.task.order
        found = evaluation.pool_scores(self.task.source, learner, order,
                                       self._heed_in_blocks("pool", len(order)))
        self.store.save_scores(self.run_id, "pool_scores", **found._asdict(),
                               **self.task.of_pool())
        return _Stored()

    def _heed_in_blocks(self, name: str, n: int) -> Callable[[int], None]:
        def on_block(n_done: int) -> None:
            words = f"evaluating {name.replace('_', '-')}: {n_done:,} of {n:,}"
            self.store.set_status(self.run_id, RunState.RUNNING, words)
            self._charge("evaluate")  # a pause resets the clock
            self._heed()

        return on_block

    def _score(self, learner: Learner, source: Source, indices: np.ndarray, name: str):
        scores = evaluation.score(source, learner, indices,
                                  self._heed_in_blocks(name, len(indices)))
        self.store.save_scores(
            self.run_id, name, index=scores.index, iou=scores.iou.astype(np.float32),
            score=scores.article.astype(np.float32), soft=scores.soft.astype(np.float32),
        )
        self.store.save_scores(self.run_id, f"{name}_worst", index=scores.worst,
                               probability=scores.worst_prediction)
        return scores

    def _charge(self, phase: str) -> None:
        now = time.perf_counter()
        self.phases[phase] += now - self.clock
        self.clock = now
