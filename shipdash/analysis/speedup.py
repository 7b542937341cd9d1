"""How much faster a run would have been with its stream scanned by several workers, from its log.

Amdahl's law (AFIPS 1967) with the run's own batches: training stays on one machine, and between two
picks the prediction batches are shared out, so that W workers take as long as the largest share.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from shipdash.records import Event, Picked, Scanned, Trained

WORKERS = (2, 4, 16)


class _Stretch(NamedTuple):
    """The scan between two training phases, with the training that went before it."""

    train_s: float
    n_tested: int  # pairs tested by its end, of the whole run
    pairs: int
    batches: tuple[float, ...]  # seconds of each
    picks: int


def speedup_table(events: Iterable[Event], workers: Sequence[int] = WORKERS) -> pd.DataFrame:
    """What several workers could gain, by how far the run had got, and in the whole run.

    Sending weights and waiting for the slowest are not counted, and the batches of a scan count as
    equally long: it is about the most that can be had. Every worker is taken to be as fast as the
    machine of the log.

    Parameters
    ----------
    events : iterable of Event
        Of one run, in order. Training of the first pairs, before anything is scanned, counts in
        the whole run only.

    Returns
    -------
    DataFrame
        One row a decade of tested pairs and one, *whole run*, of all: part, pairs, picks,
        failing_rate (picks a pair), train_s, scan_s, scan_share, then ``x2`` and so on, the speedup
        with so many workers, and ``limit``, that with no end of them. NaN for what no time was
        spent on; no rows for a log without a scan.
    """
    warmup_s, stretches = _stretches(events)
    decades: dict[int, list[_Stretch]] = {}
    for stretch in stretches:
        decades.setdefault(_decade(stretch.n_tested), []).append(stretch)
    rows = [_row(_tested(d), part, workers, 0.0)
            for d, part in sorted(decades.items())]
    return pd.DataFrame(rows + ([_row("whole run", stretches, workers, warmup_s)] if rows else []))


def _tested(decade: int) -> str:
    first = 10 ** (decade - 1) + 1
    return f"{'up to' if decade == 2 else f'{first:,} to'} {10 ** decade:,} tested"


def _decade(n_tested: int) -> int:
    """The power of ten that is no smaller, at least 100.

    >>> [_decade(n) for n in (1, 100, 101, 10_000)]
    [2, 2, 3, 4]
    """
    return max(2, len(str(n_tested - 1)))


def _stretches(events: Iterable[Event]) -> tuple[float, list[_Stretch]]:
    """Seconds of training before the first scan, and all scans between two training phases."""
    warmup_s, found = 0.0, []
    train_s, n_tested, pairs, batches, picks = 0.0, 0, 0, [], 0
    for event in events:
        if isinstance(event, Trained):
            if batches:
                found.append(_Stretch(train_s, n_tested, pairs, tuple(batches), picks))
                train_s, pairs, batches, picks = 0.0, 0, [], 0
            train_s += event.seconds
        elif isinstance(event, Scanned):
            if not found and not batches:
                warmup_s, train_s = train_s, 0.0
            n_tested = event.n_tested
            pairs += event.n_forward - event.n_wasted
            batches.append(event.seconds)
        elif isinstance(event, Picked) and batches:
            picks += 1
    if batches:
        found.append(_Stretch(train_s, n_tested, pairs, tuple(batches), picks))
    return warmup_s, found


def _row(part: str, stretches: Sequence[_Stretch], workers: Sequence[int],
         warmup_s: float) -> dict:
    train_s = warmup_s + sum(s.train_s for s in stretches)
    scan_s = sum(sum(s.batches) for s in stretches)
    pairs, picks = sum(s.pairs for s in stretches), sum(s.picks for s in stretches)
    all_s = train_s + scan_s

    def gain(n: float) -> float:
        """Each stretch takes its mean batch as often as the largest share has batches, or once."""
        scan = sum(sum(s.batches) / len(s.batches) * max(1, math.ceil(len(s.batches) / n))
                   for s in stretches)
        return all_s / (train_s + scan) if train_s + scan else math.nan

    return {"part": part, "pairs": pairs, "picks": picks,
            "failing_rate": picks / pairs if pairs else math.nan,
            "train_s": train_s, "scan_s": scan_s,
            "scan_share": scan_s / all_s if all_s else math.nan,
            **{f"x{n}": gain(n) for n in workers}, "limit": gain(math.inf)}
