"""One run's events as curves, numbers and sentences. No scores of held-out pairs here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from shipdash.acceptance import fails
from shipdash.counted import counted
from shipdash.records import Event, Picked, Scanned, Stopped, Trained

RATE_WINDOW = 500
"""Pairs a rejection rate looks back on: long enough that one failure is 0.2 %."""

MOST_POINTS = 2_000
"""Points a browser redraws without a stutter."""


class Curve(NamedTuple):
    """Pairs selected against pairs tested, at the points where *selected* changed."""

    tested: np.ndarray
    selected: np.ndarray


class Progress(NamedTuple):
    """Where a run stands; times in seconds, speeds in images per second, None where unknown."""

    n_pool: int
    n_tested: int
    n_seen: int  # different pairs among those tested: fewer from the second pass on
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


def rejection_rate(events: Iterable[Event], window: int = RATE_WINDOW, *,
                   below: float | None = None) -> pd.DataFrame:
    """Share of the last `window` tested pairs that failed: columns tested, n, rate.

    The pairs that start the core set untested count neither above nor below the line. With `below`
    a pair fails under that IoU, whatever the run itself accepted: so that runs can be compared.
    """
    curve_end, failures, first = 0, [], 0
    for event in events:
        if isinstance(event, Picked):
            curve_end = event.n_tested
            if event.iou is None:
                first = event.n_tested
            elif below is None or fails(event.iou, below):
                failures.append(event.n_tested)
        elif isinstance(event, Scanned):
            curve_end = max(curve_end, event.n_tested)
            if below is not None:
                failures += _tested_at(event, fails(event.ious, below))
    n_scored = curve_end - first
    if n_scored < 1:
        return pd.DataFrame({"tested": [], "n": [], "rate": []})
    grid = np.unique(np.linspace(first + 1, curve_end, min(n_scored, 400)).round()).astype(int)
    done = np.array(failures, np.int64)
    upto = np.searchsorted(done, grid, side="right")
    since = np.searchsorted(done, np.maximum(grid - window, first), side="right")
    n = np.minimum(window, grid - first)
    return pd.DataFrame({"tested": grid, "n": n, "rate": (upto - since) / n})


def _tested_at(scan: Scanned, which: np.ndarray) -> list[int]:
    """How many pairs had been tested when each of these pairs of a scan was."""
    first = scan.n_tested - len(scan.indices) + 1
    return (first + np.flatnonzero(which)).tolist()


def training_trace(events: Iterable[Event]) -> pd.DataFrame:
    """One row per report of training: images (so far), n_core, score, loss, n_images, seconds.

    A long training phase reports several times before the next pair may join. If there are more
    than `MOST_POINTS` reports, every second, third, ... is kept, and always the last.
    """
    rows = [e for e in events if isinstance(e, Trained)]
    table = pd.DataFrame(rows, columns=list(Trained._fields))
    table.insert(0, "images", table["n_images"].cumsum())
    stride = max(-(-len(table) // MOST_POINTS), 1)
    kept = table.iloc[::-stride][::-1].reset_index(drop=True)
    return kept[["images", "n_core", "score", "loss", "n_images", "seconds"]]


def progress(events: Sequence[Event], n_pool: int, passes: int = 1) -> Progress:
    """Counts, speeds and an honest guess at the time left."""
    picks = [e for e in events if isinstance(e, Picked)]
    scans = [e for e in events if isinstance(e, Scanned)]
    trained = [e for e in events if isinstance(e, Trained)]
    train_s, scan_s = sum(e.seconds for e in trained), sum(e.seconds for e in scans)
    n_backward, n_forward = sum(e.n_images for e in trained), sum(e.n_forward for e in scans)
    n_tested = max((e.n_tested for e in [*picks[-1:], *scans[-1:]]), default=0)
    rate = rejection_rate(events)
    last_rate = float(rate["rate"].iloc[-1]) if len(rate) else None
    newest = max([*picks[-1:], *scans[-1:]], key=lambda e: (e.n_tested, e.position), default=None)
    place = newest.position if newest else 0  # a later pass begins again
    farthest = max([scan.position for scan in scans] + [pick.position + 1 for pick in picks[-1:]],
                   default=0)
    left = _left(n_pool - place, place, last_rate, scan_s, n_tested,
                 _seconds_a_pick(trained))
    ended = bool(events) and isinstance(events[-1], Stopped)
    return Progress(
        n_pool=n_pool, n_tested=n_tested, n_seen=min(n_tested, farthest),
        n_core=picks[-1].n_core if picks else 0,
        round=max([e.round for e in [*picks[-1:], *scans[-1:]]], default=1),
        share=1.0 if ended else min(place / n_pool, 1.0),
        n_forward=n_forward, n_wasted=sum(e.n_wasted for e in scans), n_backward=n_backward,
        elapsed_s=train_s + scan_s,
        train_speed=n_backward / train_s if train_s else None,
        scan_speed=n_forward / scan_s if scan_s else None,
        rejection_rate=last_rate,
        score=trained[-1].score if trained else None, loss=trained[-1].loss if trained else None,
        left_s=0.0 if ended else left if passes == 1 else None,
    )


def _seconds_a_pick(trained: Sequence[Trained]) -> float:
    """Training time that the last 20 sizes of the core set took, each in one report or several."""
    by_size: dict[int, float] = {}
    for phase in trained:
        by_size[phase.n_core] = by_size.get(phase.n_core, 0.0) + phase.seconds
    recent = list(by_size.values())[-20:]
    return sum(recent) / max(len(recent), 1)


def _left(n_left: int, place: int, rate: float | None, scan_s: float, n_tested: int,
          phase_s: float) -> float | None:
    """Time to scan the rest and to train on what it will still bring.

    The rate of failures falls about as one over the pairs seen, so from `place` on the expected
    number of further picks is ``rate * place * log(n / place)``.
    """
    if rate is None or not scan_s or not place:
        return None
    picks = rate * place * math.log((place + n_left) / place)
    return n_left * scan_s / n_tested + picks * phase_s


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


def finding(n_core: int, n_tested: int, n_pool: int, reason: str | None) -> str:
    """The title of a run's curve: what came out, for this network and this stream.

    `n_tested` counts a pair once, however many passes tested it, where that is known.
    """
    if reason in ("exhausted", "clean"):
        n = min(n_pool, n_tested)  # of one pass: fewer where other runs' core sets are left out
        if n_core == n:
            return "The only pair kept" if n == 1 else f"All {n:,} pairs kept: none passed"
        others = "one" if n - n_core == 1 else f"{n - n_core:,}"
        return f"{n_core:,} of {n:,} pairs kept; the other {others} already passed"
    if reason == "stalled":
        return (f"Training stalled: {counted(n_core, 'pair')} could not be learnt to the requested "
                "precision")
    if not n_tested:
        return "Nothing tested yet"
    return f"{n_core:,} of the first {counted(min(n_pool, n_tested), 'pair')} kept"
