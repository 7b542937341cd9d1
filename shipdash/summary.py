"""What a run's records add up to: small tables and named tuples, one per figure or sentence.

Nothing here draws or reads a file, and no colour or widget is known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from shipdash.records import Event, Picked, Scanned, Stopped, Trained

RATE_WINDOW = 500
"""Pairs a rejection rate looks back on: long enough that one failure is 0.2 %."""

MOST_POINTS = 2_000
"""Points a browser redraws without a stutter."""

ARTICLE_TRAINING_IMAGES = 1_563 * 200
"""The article reports 1,563 epochs over a core set that grew to 271; 200 is its usual size."""

REFERENCE_SPEED = {"article": (12.6, 58.3), "compact": (233.1, 929.9)}
"""Images/s trained and predicted at 128 x 128: benchmarks/speed.py, 2026-11-24, 2-core Xeon."""


class Curve(NamedTuple):
    """Pairs selected against pairs tested, at the points where *selected* changed."""

    tested: np.ndarray
    selected: np.ndarray


class Progress(NamedTuple):
    """Where a run stands; times in seconds, speeds in images per second, None where unknown."""

    n_pool: int
    n_tested: int
    n_core: int
    round: int
    share: float
    n_forward: int
    n_wasted: int
    n_backward: int
    elapsed_s: float
    train_speed: float | None
    scan_speed: float | None
    rejection_rate: float | None
    score: float | None
    loss: float | None
    left_s: float | None


class Estimate(NamedTuple):
    """Expected wall time, and in a few words what it was computed from."""

    seconds: float | None
    source: str


def selection_curve(events: Iterable[Event]) -> Curve:
    """The step curve, from (0, 0) to the last pair tested."""
    tested, selected = [0], [0]
    for event in events:
        if isinstance(event, Picked):
            tested.append(event.n_tested)
            selected.append(event.n_core)
        elif isinstance(event, Scanned) and event.n_tested > tested[-1]:
            last = event.n_tested
            if len(tested) > 1 and selected[-1] == selected[-2]:
                tested[-1] = last  # a flat stretch is two points however often it was reported
            else:
                tested.append(last)
                selected.append(selected[-1])
    return Curve(np.array(tested, np.int64), np.array(selected, np.int64))


def rejection_rate(events: Iterable[Event], window: int = RATE_WINDOW) -> pd.DataFrame:
    """Share of the last `window` tested pairs that failed: columns tested, n, rate.

    The pairs that start the core set untested count neither above nor below the line.
    """
    curve_end, failures, first = 0, [], 0
    for event in events:
        if isinstance(event, Picked):
            curve_end = event.n_tested
            if event.iou is None:
                first = event.n_tested
            else:
                failures.append(event.n_tested)
        elif isinstance(event, Scanned):
            curve_end = max(curve_end, event.n_tested)
    n_scored = curve_end - first
    if n_scored < 1:
        return pd.DataFrame({"tested": [], "n": [], "rate": []})
    grid = np.unique(np.linspace(first + 1, curve_end, min(n_scored, 400)).round()).astype(int)
    done = np.array(failures, np.int64)
    upto = np.searchsorted(done, grid, side="right")
    since = np.searchsorted(done, np.maximum(grid - window, first), side="right")
    n = np.minimum(window, grid - first)
    return pd.DataFrame({"tested": grid, "n": n, "rate": (upto - since) / n})


def training_trace(events: Iterable[Event]) -> pd.DataFrame:
    """One row per bout of training: n_core, score, loss, n_images, seconds."""
    rows = [e for e in events if isinstance(e, Trained)]
    rows = rows[-MOST_POINTS:]
    frame = pd.DataFrame(rows, columns=list(Trained._fields))
    return frame[["n_core", "score", "loss", "n_images", "seconds"]]


def progress(events: Sequence[Event], n_pool: int, passes: int = 1) -> Progress:
    """Counts, speeds and an honest guess at the time left."""
    picks = [e for e in events if isinstance(e, Picked)]
    scans = [e for e in events if isinstance(e, Scanned)]
    bouts = [e for e in events if isinstance(e, Trained)]
    train_s, scan_s = sum(e.seconds for e in bouts), sum(e.seconds for e in scans)
    n_backward, n_forward = sum(e.n_images for e in bouts), sum(e.n_forward for e in scans)
    n_tested = max((e.n_tested for e in [*picks[-1:], *scans[-1:]]), default=0)
    rate = rejection_rate(events)
    last_rate = float(rate["rate"].iloc[-1]) if len(rate) else None
    place = max((e.position for e in [*picks[-1:], *scans[-1:]]), default=0)
    recent = bouts[-20:]
    left = _left(n_pool - place, place, last_rate, scan_s, n_tested,
                 sum(e.seconds for e in recent) / max(len(recent), 1))
    ended = bool(events) and isinstance(events[-1], Stopped)
    return Progress(
        n_pool=n_pool, n_tested=n_tested, n_core=picks[-1].n_core if picks else 0,
        round=max([e.round for e in [*picks[-1:], *scans[-1:]]], default=1),
        share=1.0 if ended else min(place / n_pool, 1.0),
        n_forward=n_forward, n_wasted=sum(e.n_wasted for e in scans), n_backward=n_backward,
        elapsed_s=train_s + scan_s,
        train_speed=n_backward / train_s if train_s else None,
        scan_speed=n_forward / scan_s if scan_s else None,
        rejection_rate=last_rate,
        score=bouts[-1].score if bouts else None, loss=bouts[-1].loss if bouts else None,
        left_s=0.0 if ended else left if passes == 1 else None,
    )


def _left(n_left: int, place: int, rate: float | None, scan_s: float, n_tested: int,
          bout_s: float) -> float | None:
    """Time to scan the rest and to train on what it will still bring.

    The rate of failures falls about as one over the pairs seen, so from `place` on the expected
    number of further picks is ``rate * place * log(n / place)``.
    """
    if rate is None or not scan_s or not place:
        return None
    picks = rate * place * math.log((place + n_left) / place)
    return n_left * scan_s / n_tested + picks * bout_s


def core_table(events: Iterable[Event]) -> pd.DataFrame:
    """Core pairs in order of selection: order, index, n_tested, round, iou, score.

    `iou` and `score` are what the network reached before it had seen the pair; missing for the
    first pairs, which join untested.
    """
    picks = [e for e in events if isinstance(e, Picked)]
    rows = [(p.n_core, p.index, p.n_tested, p.round, p.iou, p.score) for p in picks]
    table = pd.DataFrame(rows, columns=["order", "index", "n_tested", "round", "iou", "score"])
    return table.astype({"iou": float, "score": float})


def discarded_table(events: Iterable[Event]) -> pd.DataFrame:
    """Discarded pairs with the IoU they passed with when last tested: index, iou; lowest first."""
    passed: dict[int, float] = {}
    for event in events:
        if isinstance(event, Scanned):
            passed.update(zip(event.indices, event.ious, strict=True))
        elif isinstance(event, Picked):
            passed.pop(event.index, None)
    table = pd.DataFrame(list(passed.items()), columns=["index", "iou"])
    return table.sort_values(["iou", "index"], ignore_index=True)


def pair_history(events: Iterable[Event], index: int) -> pd.DataFrame:
    """Every time one pair was tested: n_tested, round, iou, outcome."""
    rows = []
    for event in events:
        if isinstance(event, Picked) and event.index == index:
            rows.append((event.n_tested, event.round, event.iou, "selected"))
        elif isinstance(event, Scanned) and index in event.indices:
            iou = event.ious[event.indices.index(index)]
            rows.append((event.n_tested, event.round, iou, "discarded"))
    return pd.DataFrame(rows, columns=["n_tested", "round", "iou", "outcome"])


def distribution(values: np.ndarray, acceptance: float) -> pd.DataFrame:
    """Histogram of scores in [0, 1] at 0.02 with a cut at every step: left, n, passes."""
    edges = np.round(np.arange(0, 1.0001, 0.02), 2)
    counts, _ = np.histogram(values, edges)
    passes = edges[:-1] >= acceptance - 1e-9
    return pd.DataFrame({"left": edges[:-1], "n": counts, "passes": passes})


def ecdf(values: np.ndarray) -> pd.DataFrame:
    """Share of pairs at or below each score, thinned to `MOST_POINTS`: score, share."""
    ordered = np.sort(np.asarray(values, float))
    n = len(ordered)
    keep = np.unique(np.linspace(0, n - 1, min(n, MOST_POINTS)).astype(int))
    share = (np.arange(len(ordered)) + 1) / max(len(ordered), 1)
    return pd.DataFrame({"score": ordered[keep], "share": share[keep]})


def measures(result: dict[str, Any]) -> pd.DataFrame:
    """The four held-out measures in words: measure, value, scale. Empty without an evaluation."""
    held = result.get("held_out") or {}
    rows = [
        ("Mean IoU", held.get("mean_iou"), "0 to 1, thresholded masks"),
        ("Share failing", held.get("share_failing"), failing_rule(held)),
        ("Article score", held.get("article_score"), "0 to 1.1, thresholded masks"),
        ("Article score, soft", held.get("article_score_soft"), "0 to 1.1, on probabilities"),
    ]
    rows = [row for row in rows if row[1] is not None]
    return pd.DataFrame(rows, columns=["measure", "value", "scale"])


def failing_rule(held: dict[str, Any]) -> str:
    """What counts as failing, in words."""
    return f"0 to 1, pairs below IoU {held.get('acceptance_iou', math.nan):.2f}"


def factor_rates(facts: pd.DataFrame, core: Sequence[int], factor: str, *,
                 sampled_pairs: Sequence[int], weight: float, n_groups: int = 4) -> pd.DataFrame:
    """Selection rate by a true factor: group, n_pool, n_core, rate, low, high (95 %, Wilson).

    Parameters
    ----------
    facts : DataFrame
        Column `index` and the factors, for the sampled pool pairs and all core pairs.
    sampled_pairs : sequence of int
        Pool numbers drawn at random; each stands for `weight` pairs of the pool.
    factor : str
        A numeric one is cut at the quartiles of the sample.
    """
    sampled = facts["index"].isin(list(sampled_pairs))
    values = facts[factor]
    numeric = values.dtype.kind in "if" and values.nunique() > n_groups
    if numeric:
        edges = np.unique(np.quantile(values[sampled], np.linspace(0, 1, n_groups + 1)))
        edges[0], edges[-1] = values.min() - 1e-9, values.max()
        groups = pd.cut(values, edges)
    else:
        groups = values.astype(str)
    parts = pd.DataFrame({"group": groups, "n_pool": sampled, "n_core": facts["index"].isin(core)})
    table = parts.groupby("group", observed=True, as_index=False)[["n_pool", "n_core"]].sum()
    table["n_pool"] = np.maximum((table["n_pool"] * weight).round(), table["n_core"]).astype(int)
    table = table[table["n_pool"] > 0]
    table["group"] = [_group_name(g) for g in table["group"]]
    low, high = wilson(table["n_core"].to_numpy(), table["n_pool"].to_numpy())
    return table.assign(rate=table["n_core"] / table["n_pool"], low=low, high=high)


def _group_name(group: Any) -> str:
    if isinstance(group, pd.Interval):
        return f"{group.left:,.0f} to {group.right:,.0f}"
    return str(group)


def wilson(k: np.ndarray, n: np.ndarray, z: float = 1.96) -> tuple[np.ndarray, np.ndarray]:
    """Interval of a share (Wilson, J. Am. Stat. Assoc. 22, 1927): lower and upper end."""
    share, centre = k / n, k / n + z * z / (2 * n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return np.maximum((centre - half) / scale, 0), np.minimum((centre + half) / scale, 1)


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
    fixed = sum((result["phases"].get(name) or 0.0) for name in ("startup", "compile"))
    return fixed + pixels * (more * result["n_backward"] / train + _n_predicted(config) / scan)


def _article_seconds(config) -> float:
    train, scan = REFERENCE_SPEED["article"]
    pixels, n = (config["scene"]["size"] / 128) ** 2, config["selection"]["n_pool"]
    images = ARTICLE_TRAINING_IMAGES * math.log1p(n) / math.log1p(10_000)
    return pixels * (images / train + _n_predicted(config) / scan)


def differing(configs: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Settings in which runs differ: one row per setting, one column per run."""
    flat = {run: {f"{s}.{k}": v for s, section in c.items() for k, v in section.items()}
            for run, c in configs.items()}
    table = pd.DataFrame({run: {k: str(v) for k, v in c.items()} for run, c in flat.items()})
    return table[table.nunique(axis=1) > 1]


def finding(n_core: int, n_tested: int, n_pool: int, reason: str | None) -> str:
    """The title of a run's curve: what came out, for this network and this stream."""
    if reason in ("exhausted", "clean"):
        return (f"{n_core:,} of {n_pool:,} pairs were enough to pass "
                f"the other {n_pool - n_core:,} when they came")
    if reason == "stalled":
        return f"Training stalled: {n_core:,} pairs could not be learnt to the asked precision"
    if not n_tested:
        return "Nothing tested yet"
    return f"{n_core:,} selected of the first {n_tested:,} pairs"
