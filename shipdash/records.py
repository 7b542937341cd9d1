"""What happened: the events of a selection, and where its loop stands between two of them.

Not what was asked (`config`) and not what is shown (`figures`). Every record turns into one JSON
object and back without loss, so a run on disk is a list of these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, get_type_hints


class RunState(StrEnum):
    """Where a run stands. `LOST` is never written: it is *running* without a living worker."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)
"""States in which a run or a job goes on by itself."""


class StopReason(StrEnum):
    """Why a selection or the training of a control arm ended."""

    EXHAUSTED = "exhausted"  # the asked number of passes reached the end of the pool
    CLEAN = "clean"  # a whole pass added nothing
    STALLED = "stalled"  # training did not get where its rule wants it within its step limit
    TRAINED = "trained"  # an arm's stopping rule is met


class AsideReason(StrEnum):
    """Why a core pair was set aside."""

    NOT_LEARNT = "not learnt"  # as a new pair it did not pass within the step limit
    HELD_BACK = "held back"  # known least while the mean score stayed below the precision
    WARM_UP = "warm-up"  # the same of a first pair, where warming up came to a plateau


class Trained(NamedTuple):
    """A training phase, or a piece of a long one, reported while it goes on.

    `score` is the mean training-mode score the stopping rule looked at, `loss` that of the last
    step, `n_images` what the phase trained on, `seconds` its wall time.
    """

    n_core: int
    n_steps: int
    n_images: int
    score: float
    loss: float
    seconds: float


class Scanned(NamedTuple):
    """Pairs tested in stream order since the last event, all of which passed.

    `position` is the stream position after the last of them, `indices` their numbers in the pool,
    `ious` what the network reached on each (rounded to 4 decimals), `n_forward` all pairs
    predicted for it, the wasted ones included, `n_wasted` predictions thrown away.
    """

    round: int
    position: int
    n_tested: int
    indices: tuple[int, ...]
    ious: tuple[float, ...]
    n_forward: int
    n_wasted: int
    seconds: float


class Picked(NamedTuple):
    """One pair failed and joined the core set (or started it: `n_tested` then counts it too).

    `index` is the pair's number in the pool, `position` its place in the stream, `n_core` the size
    of the core set with it, `iou` and `score` what the network reached before it had seen the
    pair; both are None for the first pairs, which join untested.
    """

    round: int
    index: int
    position: int
    n_core: int
    n_tested: int
    iou: float | None
    score: float | None


class SetAside(NamedTuple):
    """A core pair that could not be learnt: it stays kept, but training no longer waits for it.

    `index` is its number in the pool, `n_steps` what the training phase had taken by then,
    `score` the pair's last training score, `mean` that of all pairs demanded until then.
    """

    index: int
    n_core: int
    n_tested: int
    n_steps: int
    score: float
    mean: float
    reason: AsideReason


class Stopped(NamedTuple):
    """The selection ended; always the last event."""

    reason: StopReason
    n_core: int
    n_tested: int
    n_rounds: int


@dataclass
class LoopState:
    """All that the loop remembers: while `settled`, enough to go on as if nothing had happened."""

    core: list[int] = field(default_factory=list)  # pool numbers in order of selection
    scores: list[float] = field(default_factory=list)  # last training score of each core pair
    learns_newest: bool = False  # every step of this phase has the newest pair in its batch
    owes_training: bool = True
    position: int = 0  # next place in the stream
    block_stop: int = 0  # place where the scan block ends
    round: int = 1
    n_added: int = 0  # core pairs found in this round
    n_tested: int = 0
    n_steps: int = 0  # training steps so far: numbers the batches
    bout_steps: int = 0  # training steps of this phase; reset to the fewest when one has ended
    aside: list[int] = field(default_factory=list)  # pool numbers of core pairs set aside
    best_mean: float = 0.0  # mean score at the last progress of this training phase
    flat_steps: int = 0  # training steps since then
    settled: bool = True  # false between a scan and the pick that it found


Event = Trained | Scanned | Picked | SetAside | Stopped

_KINDS: dict[str, type] = {"trained": Trained, "scanned": Scanned, "picked": Picked,
                           "set_aside": SetAside, "stopped": Stopped}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def is_number(value: object) -> bool:
    """Whether a value read from JSON is a number; True and False are none."""
    return type(value) in (int, float)


def _are_all(holds: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list | tuple) and all(map(holds, value))


def _is_whole(value: object) -> bool:
    return type(value) is int  # True and False are no counts


_HOLDS: dict[object, Callable[[object], bool]] = {
    int: _is_whole,
    float: is_number,
    float | None: lambda value: value is None or is_number(value),
    tuple[int, ...]: _are_all(_is_whole), tuple[float, ...]: _are_all(is_number),
    StopReason: lambda value: isinstance(value, str) and value in set(StopReason),
    AsideReason: lambda value: isinstance(value, str) and value in set(AsideReason),
}
"""What each annotation of an event admits on the way in: a log can be damaged, or a stranger's."""

_FIELDS = {kind: get_type_hints(kind) for kind in _KINDS.values()}


def to_json(event: Event) -> dict:
    """Event as a JSON object with its kind: ``{"kind": "picked", "index": 17, ...}``."""
    return {"kind": _NAMES[type(event)], **event._asdict()}


def from_json(line: dict) -> Event:
    """The event that `to_json` described.

    ValueError for an unknown kind, a missing field, or a value that its field cannot hold.
    """
    fields = dict(line)
    kind = _KINDS.get(fields.pop("kind", ""))
    if kind is None:
        raise ValueError(f"kind must be one of {', '.join(_KINDS)}. Received: {line!r:.80}")
    try:
        event = kind(**fields)
    except TypeError as error:
        raise ValueError(f"not a {kind.__name__} event: {error}") from None
    for name, wanted in _FIELDS[kind].items():
        if not _HOLDS[wanted](fields[name]):
            raise ValueError(f"{name} of a {kind.__name__} event must be of type "
                             f"{getattr(wanted, '__name__', wanted)}. "
                             f"Received: {fields[name]!r:.60}")
    if kind is Scanned:
        return event._replace(indices=tuple(event.indices), ious=tuple(event.ious))
    reasons = {Stopped: StopReason, SetAside: AsideReason}
    return event._replace(reason=reasons[kind](event.reason)) if kind in reasons else event
