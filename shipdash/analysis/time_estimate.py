"""How long a run will take, from speeds that were measured. Never a promise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shipdash.analysis.cost import preparation_s
from shipdash.config import RunConfig
from shipdash.results import Result, StoredRun

ARTICLE_TRAINING_IMAGES = 50_960
"""Those of the recorded run of the article's network, over 10,000 pairs."""

REFERENCE_SPEED = {"article": (10.8, 43.4), "compact": (231.7, 854.3)}
"""Images/s trained and predicted at 128 x 128: benchmarks/speed.py, 2026-11-24, 2-core EPYC."""

_ARTICLE_PIXELS = 128 * 128


class Estimate(NamedTuple):
    """Expected wall time, and in a few words what it was computed from."""

    seconds: float | None
    source: str


def estimate(config: RunConfig, measured: Iterable[StoredRun]) -> Estimate:
    """Wall time of `config` from the speeds in stored results.

    Parameters
    ----------
    config : RunConfig
    measured : iterable of StoredRun
        Finished runs of this machine, newest first. One from the same pairs comes before others,
        as pairs of another kind need more or fewer steps.

    Returns
    -------
    Estimate
        With `seconds` None where nothing comparable has been measured.
    """
    runs = [run for run in measured if _speeds(run.result)]
    alike = [run for run in runs if _network(run.config) == _network(config)]
    same = next((run for run in alike if run.config.source.name == config.source.name),
                next(iter(alike), None))
    if same is not None:
        return Estimate(_scaled(config, same),
                        f"from the last such run on this machine, on {same.result.device}")
    if config.network.kind != "article":
        return Estimate(None, "not yet measured on this machine")
    compact = next((run for run in runs if run.config.network.kind == "compact"), None)
    if compact is None:
        return Estimate(_article_seconds(config), "from the article network's speed on two 2 GHz "
                        "cores; not yet measured on this machine")
    speed = _speeds(compact.result)[0] * _pixels(compact.config) / _ARTICLE_PIXELS
    return Estimate(REFERENCE_SPEED["compact"][0] / speed * _article_seconds(config),
                    "from its speed on another machine, scaled by a compact run on this one")


def arms_estimate(source: StoredRun, arms: Sequence[RunConfig]) -> float | None:
    """Seconds that control arms will take one after another, from their selection's own speeds.

    An arm that trains until a score counts as equal updates, for its steps are a limit seldom
    reached; one that trains to convergence counts them all, for it comes near. None where a
    speed is not known: another network, a result without times.
    """
    speeds = _speeds(source.result)
    if speeds is None or any(a.network != source.config.network for a in arms):
        return None
    fixed = preparation_s(source.result) + source.config.evaluation.n_held_out / speeds[1]
    images = sum(source.result.n_backward if a.arm.stop == "score"
                 else a.arm.n_steps * a.network.batch for a in arms)
    return len(arms) * fixed + images / speeds[0]


def _network(config: RunConfig) -> tuple[str, int]:
    return config.network.kind, config.network.filters


def _pixels(config: RunConfig) -> int:
    """Pixels of an image; a data set has a shape of its own."""
    return math.prod(config.shape)


def _speeds(result: Result) -> tuple[float, float] | None:
    """Images per second trained and predicted; None where a time or a count is missing."""
    train = result.phases.get("train", 0.0) + result.phases.get("warmup", 0.0)
    scan = result.phases.get("scan", 0.0)
    if not (train and scan and result.n_backward and result.n_forward):
        return None
    return result.n_backward / train, result.n_forward / scan


def _n_predicted(config: RunConfig) -> int:
    n, ahead = config.selection.n_pool, config.evaluation
    return int(1.1 * n) + ahead.n_held_out + n * ahead.reaudit


def _scaled(config: RunConfig, run: StoredRun) -> float:
    """The measured run's times, scaled by pixels, pool (picks grow as its logarithm) and scans."""
    train, scan = _speeds(run.result)
    pixels = _pixels(config) / _pixels(run.config)
    more = math.log1p(config.selection.n_pool) / math.log1p(run.config.selection.n_pool)
    return preparation_s(run.result) + pixels * (
        more * run.result.n_backward / train + _n_predicted(config) / scan)


def _article_seconds(config: RunConfig) -> float:
    train, scan = REFERENCE_SPEED["article"]
    pixels, n = _pixels(config) / _ARTICLE_PIXELS, config.selection.n_pool
    images = ARTICLE_TRAINING_IMAGES * math.log1p(n) / math.log1p(10_000)
    return pixels * (images / train + _n_predicted(config) / scan)
