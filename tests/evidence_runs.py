"""Run folders for the tests of the evidence: written by the Store's own API, scores made up here.

Not a test: `test_evidence` and `test_evidence_page` build what they need with it.
"""

from __future__ import annotations

import numpy as np
from stored_results import HELD_OUT, WEIGHTS, a_result

from shipdash.config import RunConfig
from shipdash.data.source import stream_order
from shipdash.records import Picked, RunState, Scanned, Stopped, StopReason, Trained
from shipdash.runs import Store, prerequisites
from shipdash.studies import arms, replicas

N_POOL, N_HELD_OUT, N_CORE = 200, 400, 12
QUALITY = {"core": 0.02, "random": 0.10, "full": 0.01, "first": 0.10, "stratified": 0.08,
           "rejected": 0.15, "selection": 0.03}
"""Planted share of failing held-out pairs by arm, far enough apart to be told from each other."""


def config(**changes) -> RunConfig:
    """A small question of a learner without a network."""
    return RunConfig().replace(**{
        "scene.size": 32, "scene.radius_min": 2.0, "scene.radius_max": 5.0, "network.kind": "rote",
        "selection.n_pool": N_POOL, "selection.first": 2, "evaluation.n_held_out": N_HELD_OUT,
        **changes})


def scores(share_failing: float, seed: int) -> np.ndarray:
    """IoUs of which about that share lies below 0.9; the same pairs are hard in every run."""
    hard = np.random.default_rng(0).random(N_HELD_OUT)
    noise = np.random.default_rng(seed).normal(0, 0.02, N_HELD_OUT)
    return np.where(hard + noise < share_failing, 0.5, 0.95).astype(np.float32)


def selection(store: Store, asked: RunConfig, *, core: list[int] | None = None,
              reason: str = "exhausted", rounds: int = 1, failing: int = 3) -> str:
    """A finished selection that kept the beginning of its stream and then every tenth pair."""
    run_id, _ = store.create(asked)
    stream = stream_order(asked.selection.n_pool, asked.seeds.order,
                          np.array(prerequisites.left_out(store, asked), int))
    places = [0, 1, *range(10, 10 * (N_CORE - 1), 10)]
    core = [int(stream[p]) for p in places] if core is None else core
    store.set_status(run_id, RunState.RUNNING)
    with store.writer(run_id) as writer:
        for event in _events(stream.tolist(), core, asked.selection.first, reason, rounds):
            writer.append(event)
        writer.flush()
    _finish(store, run_id, asked, core, "selection", reason, rounds, failing)
    return run_id


def _events(stream: list[int], core: list[int], n_first: int, reason: str, rounds: int):
    n_core = 0
    for n, index in enumerate(stream, start=1):
        if index in core:
            n_core += 1
            tested = None if n_core <= n_first else 0.4
            yield Picked(1, index, n - 1, n_core, n, tested, tested and 0.0)
            yield Trained(n_core, 5, 80, 0.9, 0.1, 1.0)
        else:
            yield Scanned(1, n, n, (index,), (0.95,), 1, 0, 0.01)
    yield Stopped(StopReason(reason), n_core, len(stream), rounds)


def arm(store: Store, source: str, name: str, replicate: int, *, stop: str = "steps",
        share: float | None = None, curve: int = 0) -> str:
    """A finished control arm with the planted quality of its kind."""
    asked, result = prerequisites.selected(store, source)
    planned = arms.plan(source, asked, result, names=[] if curve else [name], stops=[stop],
                        curve=[curve] if curve else [], draws=[replicate],
                        model_seeds=[1000 + replicate])[0]
    run_id, _ = store.create(planned)
    n = planned.arm.n_wanted(result.n_core, N_POOL)
    core, kind = list(range(n)), planned.arm.kind
    store.set_status(run_id, RunState.RUNNING)
    with store.writer(run_id) as writer:
        writer.append(Stopped(StopReason.TRAINED, n, 0, 0))
        writer.flush()
    _finish(store, run_id, planned, core, kind, "trained", 0, None, share=share, seed=replicate)
    return run_id


def _finish(store, run_id, asked, core, kind, reason, rounds, failing, *, share=None, seed=0):
    share = QUALITY[kind] if share is None else share
    iou = scores(share, seed)
    store.save_scores(run_id, "held_out", index=np.arange(N_HELD_OUT), iou=iou, score=iou, soft=iou)
    again = None
    if failing is not None:
        gone = np.setdiff1d(np.arange(asked.selection.n_pool), core)
        low = np.full(len(gone), 0.95, np.float32)
        low[:failing] = np.linspace(0.5, 0.8, failing)
        store.save_scores(run_id, "reaudit", index=gone, iou=low)
        pictures = np.zeros((min(failing, 2), 32, 32), np.uint8)  # fewer than there are failures
        store.save_scores(run_id, "reaudit_worst", index=gone[:2][:failing], probability=pictures)
        again = {"n": len(gone), "n_failing": failing, "lowest_iou": 0.5,
                 "failing": gone[:failing].tolist()}
    is_arm = kind != "selection"
    store.write_result(run_id, a_result(
        run_id, reason=reason, n_pool=asked.selection.n_pool,
        n_tested=0 if is_arm else asked.selection.n_pool, core=list(core), rounds=rounds,
        n_forward=0 if is_arm else 300, n_wasted=0 if is_arm else 100,
        n_backward=asked.arm.n_steps * asked.network.batch if is_arm else 960, seconds=30.0,
        phases={"startup": 1.0, "compile": 2.0, "train": 10.0, "scan": 3.0, "warmup": 1.0,
                "evaluate": 4.0},
        device="CPU (made up)", reaudit=again, weights_sha256=WEIGHTS,
        held_out=HELD_OUT | {"n": N_HELD_OUT, "mean_iou": float(iou.mean()),
                             "share_failing": float((iou < 0.9 - 1e-7).mean())},
    ))
    store.set_status(run_id, RunState.COMPLETED)


def everything(store: Store) -> str:
    """A selection with all its arms, an order fan, folds, passes and known answers."""
    base = config()
    source = selection(store, base)
    for r in (1, 2, 3):
        for name in ("core", "random", "full", "first", "stratified", "rejected"):
            arm(store, source, name, r)
        for name in ("core", "random"):
            arm(store, source, name, r, stop="score")
        for name in ("full-cost", "full-converged"):
            arm(store, source, name, r)
        for k, share in ((5, 0.3), (25, 0.06), (100, 0.02)):
            arm(store, source, "random", r, curve=k, share=share)
        for name in ("other", "other-random"):
            arm(store, source, name, r)
    for c in replicas.fan(base, 5):
        if c != base:
            other = selection(store, c)
            for name in ("core", "random"):
                arm(store, other, name, 1)
    for c in replicas.folds(base, 3)[1:]:
        selection(store, c)
    more = [*store.result(source).core, 3, 4]
    selection(store, replicas.until_clean(base), core=list(dict.fromkeys(more)), reason="clean",
              rounds=3, failing=0)
    selection(store, base.replace(**{"planted.distinct": 11}))
    selection(store, base.replace(**{"planted.label_noise": 0.2}))
    return source
