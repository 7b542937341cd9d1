"""Results as a worker would have stored them, made up: one place for all tests."""

from shipdash.config import ALGORITHM, RunConfig
from shipdash.results import Environment, Result, StoredRun, Verification

PLAIN = {
    "run_id": "0" * 16, "reason": "exhausted", "algorithm": ALGORITHM, "version": "0",
    "preset": "custom", "n_pool": 9, "n_tested": 9, "core": [4, 2], "rounds": 1, "n_forward": 9,
    "n_wasted": 0, "n_backward": 100, "seconds": 1.0, "phases": {}, "n_parameters": 0,
    "device": "CPU", "threads": 1, "machine": "a test", "date": "2026-01-01T00:00:00+00:00",
}

HELD_OUT = {"n": 20, "mean_iou": 0.75, "share_failing": 0.8, "mean_dice": 0.8,
            "article_score": 0.5, "article_score_soft": 0.5, "acceptance_iou": 0.9}


HERE = Environment(machine="a test", threads=1, shipdash="0", tensorflow="0", keras="0", numpy="0")
WEIGHTS = "a" * 64


def a_verification(weights: str = WEIGHTS, where: Environment = HERE) -> Verification:
    """The answer of a replay that ended with these weights."""
    return Verification(weights_sha256=weights, same=weights == WEIGHTS, environment=where,
                        date=PLAIN["date"])


def a_result(run_id: str = PLAIN["run_id"], **changes) -> Result:
    """A result with these values changed."""
    return Result.from_json(PLAIN | {"run_id": run_id} | changes)


def a_run(config: RunConfig | None = None, *, state: str = "completed", run_id: str = "",
          verified: Verification | None = None, **changes) -> StoredRun:
    """A run as a runs folder would hold it, its result with these values changed.

    Only a completed one has a result.
    """
    config = config or RunConfig()
    run_id = run_id or config.digest
    result = a_result(run_id, **changes) if state == "completed" else None
    return StoredRun(run_id, state, "", "", config, result, 0, 0, "", False,
                     verified=verified)
