"""How long a run will take, from speeds that were measured. Never a promise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from shipdash.analysis.cost import preparation_s

ARTICLE_TRAINING_IMAGES = 215_031
"""1,563 epochs: 47 over 11 pairs, the others spread evenly over the growth to 271 (the article)."""

REFERENCE_SPEED = {"article": (10.8, 43.4), "compact": (231.7, 854.3)}
"""Images/s trained and predicted at 128 x 128: benchmarks/speed.py, 2026-11-24, 2-core EPYC."""


class Estimate(NamedTuple):
    """Expected wall time, and in a few words what it was computed from."""

    seconds: float | None
    source: str


def estimate(config: dict[str, Any], measured: Iterable[tuple[dict, dict]]) -> Estimate:
    """Wall time of `config` from the speeds in stored results.

    Parameters
    ----------
    config : dict
        As `RunConfig.to_dict` gives it.
    measured : iterable of (config dict, result dict)
        Finished runs of this machine, newest first.

    Returns
    -------
    Estimate
        With `seconds` None where nothing comparable has been measured.
    """
    runs = [run for run in measured if _speeds(run[1])]
    same = [run for run in runs if _network(run[0]) == _network(config)]
    if same:
        seconds = _scaled(config, *same[0])
        return Estimate(seconds, f"from the last such run here, on {same[0][1]['device']}")
    kind = config["network"]["kind"]
    compact = [run for run in runs if run[0]["network"]["kind"] == "compact"]
    if kind == "article":
        source = "the article network's speed on two 2 GHz cores; not yet measured here"
        factor = 1.0
        if compact:
            spec, result = compact[0]
            pixels = (spec["scene"]["size"] / 128) ** 2
            factor = REFERENCE_SPEED["compact"][0] / (_speeds(result)[0] * pixels)
            source = "its speed where it was measured, scaled by a compact run here"
        return Estimate(factor * _article_seconds(config), source)
    return Estimate(None, "not yet measured on this machine")


def arms_estimate(result: dict[str, Any], source: dict[str, Any],
                  arms: Sequence[dict[str, Any]]) -> float | None:
    """Seconds that control arms will take one after another, from their selection's own speeds.

    An arm that trains until a score counts as equal updates, for its steps are a limit seldom
    reached; one that trains to convergence counts them all, for it comes near. None where a
    speed is not known: another network, a result without times.
    """
    speeds = _speeds(result)
    if speeds is None or any(a["network"] != source["network"] for a in arms):
        return None
    fixed = preparation_s(result)
    ahead, seconds = source["evaluation"]["n_held_out"] / speeds[1], 0.0
    for a in arms:
        counted = a["arm"]["stop"] != "score"
        images = a["arm"]["n_steps"] * a["network"]["batch"] if counted else result["n_backward"]
        seconds += fixed + ahead + images / speeds[0]
    return seconds


def _network(config: dict[str, Any]) -> tuple:
    return config["network"]["kind"], config["network"]["filters"]


def _speeds(result: dict[str, Any]) -> tuple[float, float] | None:
    phases = result.get("phases") or {}
    train = (phases.get("train") or 0) + (phases.get("warmup") or 0)
    scan = phases.get("scan")
    if not (train and scan and result.get("n_backward") and result.get("n_forward")):
        return None
    return result["n_backward"] / train, result["n_forward"] / scan


def _n_predicted(config: dict[str, Any]) -> int:
    n, ahead = config["selection"]["n_pool"], config["evaluation"]
    return int(1.1 * n) + ahead["n_held_out"] + n * ahead["reaudit"]


def _scaled(config, spec, result) -> float:
    """The measured run's times, scaled by pixels, pool (picks grow as its logarithm) and scans."""
    train, scan = _speeds(result)
    pixels = (config["scene"]["size"] / spec["scene"]["size"]) ** 2
    more = math.log1p(config["selection"]["n_pool"]) / math.log1p(spec["selection"]["n_pool"])
    fixed = preparation_s(result)
    return fixed + pixels * (more * result["n_backward"] / train + _n_predicted(config) / scan)


def _article_seconds(config) -> float:
    train, scan = REFERENCE_SPEED["article"]
    pixels, n = (config["scene"]["size"] / 128) ** 2, config["selection"]["n_pool"]
    images = ARTICLE_TRAINING_IMAGES * math.log1p(n) / math.log1p(10_000)
    return pixels * (images / train + _n_predicted(config) / scan)
