"""What came out of a run, typed: its result, and the run as a runs folder holds it.

Written once by the worker, read by everybody else. Not the events on the way (`records`), and no
file is opened here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from shipdash.config import RunConfig, default_name
from shipdash.records import RunState, StopReason, is_number

Part = TypeVar("Part")


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Means over the held-out pairs; `share_failing` is the share below `acceptance_iou`.

    An empty mask scores IoU 1 where nothing is predicted, else 0. `foreground_iou` is the mean over
    the `n_foreground` pairs whose mask has a target: None where there is no such pair, and both
    None in results of versions that did not count them.
    """

    n: int
    mean_iou: float
    share_failing: float
    mean_dice: float
    article_score: float
    article_score_soft: float
    acceptance_iou: float
    n_foreground: int | None = None
    foreground_iou: float | None = None


@dataclass(frozen=True, kw_only=True)
class Reaudit:
    """Discarded pairs as the final network sees them; `failing`: their numbers, lowest first."""

    n: int
    n_failing: int
    lowest_iou: float | None
    failing: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What the last bit of a sum may depend on: processor, threads and versions."""

    machine: str
    threads: int
    shipdash: str
    tensorflow: str  # versions; empty where it is not installed
    keras: str
    numpy: str


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Training repeated on the core pairs alone, in their order and without any scan.

    `weights_sha256` is that of the repeated training, `same` whether it is that of the run.
    """

    weights_sha256: str
    same: bool
    environment: Environment
    date: str  # ISO 8601, UTC

    @classmethod
    def from_json(cls, plain: Any) -> Verification:
        """The verification that `dataclasses.asdict` described; ValueError if it is none."""
        try:
            return cls(**plain | {"environment": _environment(plain["environment"])})
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a verification: {error}") from None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a finished run found, on what, and what it cost.

    Images are counted each time they are used: `n_backward` trained on, `n_forward` predicted,
    `n_wasted` predicted and thrown away. Times are wall time in seconds; `prepared_s` was spent on
    a network before the run was asked for, None where it made its own.
    """

    run_id: str
    reason: StopReason
    algorithm: int
    version: str
    preset: str
    n_pool: int
    n_tested: int
    core: tuple[int, ...]  # pool numbers the network has learnt from, in order
    set_aside: tuple[int, ...] = ()  # those of them that could not be learnt, in order
    rounds: int
    n_forward: int
    n_wasted: int
    n_backward: int
    seconds: float
    phases: Mapping[str, float]
    n_parameters: int
    device: str
    threads: int | None
    machine: str
    date: str  # ISO 8601, UTC
    prepared_s: float | None = None
    symptom: str = ""  # why the run is taken for one that did not learn; empty if it learnt
    held_out: HeldOut | None = None
    reaudit: Reaudit | None = None
    # Where it trained, in order: one entry more for each change at a resume, None for a part whose
    # version did not record it. Empty: all of it unknown.
    segments: tuple[Environment | None, ...] = ()
    weights_sha256: str | None = None  # of the learner's state when training ended

    @property
    def n_core(self) -> int:
        """Pairs the network has learnt from."""
        return len(self.core)

    @property
    def stalled(self) -> bool:
        """Whether training gave up: its core set is not a whole one."""
        return self.reason is StopReason.STALLED

    def to_json(self) -> dict[str, Any]:
        """Plain nested values, ready for JSON; `n_core` is added for readers of the file."""
        return dataclasses.asdict(self) | {"state": RunState.COMPLETED, "n_core": self.n_core}

    @classmethod
    def from_json(cls, plain: Any) -> Result:
        """The result that `to_json` described; ValueError, in words, where it cannot be one.

        What versions before this one did not write is taken as unknown: threads and prepared_s
        (0.1), the machine, segments and weights_sha256.
        """
        if not isinstance(plain, Mapping):
            raise ValueError("a result is an object")
        older = {"threads": None, "machine": "", "version": "", "algorithm": 1, "preset": "custom"}
        known = older | {name: value for name, value in plain.items() if name in _fields(cls)}
        for name, part in (("held_out", HeldOut), ("reaudit", Reaudit)):
            if known.get(name) is not None:
                known[name] = part_from_json(part, known[name])
        try:
            result = cls(**known | {"reason": StopReason(known["reason"]),
                                    "core": _numbers(known["core"]),
                                    "set_aside": _numbers(known.get("set_aside", ())),
                                    "segments": tuple(map(_environment,
                                                          known.get("segments", ())))})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a result: {error}") from None
        counts = (result.n_pool, result.n_tested, result.n_forward, result.n_backward)
        if not all(type(n) is int and n >= 0 for n in counts):
            raise ValueError("counts of a result are whole numbers from 0 on")
        if not is_number(result.seconds) or not isinstance(result.phases, Mapping):
            raise ValueError("times of a result are numbers")
        return result


class StoredRun(NamedTuple):
    """One run as a runs folder holds it; `config` is None where the folder cannot be read."""

    run_id: str
    state: RunState
    reason: str
    created: str  # ISO 8601, UTC
    config: RunConfig | None
    result: Result | None
    n_core: int  # so far
    n_tested: int  # so far
    root: str  # the runs folder
    recorded: bool  # came with the package: read and never written
    given_name: str = ""  # empty where nobody has named it
    verified: Verification | None = None  # of a finished run, where somebody asked for it

    @property
    def name(self) -> str:
        """The name that a person gave it, otherwise its preset and what was changed."""
        if self.config is None:
            return f"unreadable run {self.run_id}"
        return self.given_name or default_name(self.config)

    @property
    def is_arm(self) -> bool:
        """Whether it is a control arm of another run."""
        return self.config is not None and self.config.arm.kind != "selection"

    @property
    def is_current(self) -> bool:
        """Whether this version would compute it: runs of other versions are not compared with."""
        return self.config is not None and self.config.digest == self.run_id

    @property
    def selected(self) -> bool:
        """Whether it is a selection that learnt and came to its end: others have no core size to
        speak of, and no part in a median."""
        return (not self.is_arm and self.result is not None and not self.result.stalled
                and not self.result.symptom)


def _fields(kind: type) -> set[str]:
    return {spec.name for spec in dataclasses.fields(kind)}


def _environment(plain: Any) -> Environment | None:
    return None if plain is None else Environment(**plain)


def part_from_json(kind: type[Part], plain: Any) -> Part:
    """A part of a result, `HeldOut` or `Reaudit`; every field a number, lists whole numbers."""
    added = {"n_foreground": None, "foreground_iou": None} if kind is HeldOut else {}
    if not isinstance(plain, Mapping) or not _fields(kind) <= {*plain, *added}:
        raise ValueError(f"{kind.__name__} must have {', '.join(sorted(_fields(kind)))}")
    values = {name: (added | plain)[name] for name in _fields(kind)}
    if "failing" in values:
        values["failing"] = _numbers(values["failing"])
    for name, value in values.items():
        may_lack = name in added or name == "lowest_iou"
        if name != "failing" and not (may_lack and value is None) and not is_number(value):
            raise ValueError(f"{name} must be a number. Received: {value!r:.40}")
    return kind(**values)


def _numbers(values: Any) -> tuple[int, ...]:
    if not isinstance(values, list | tuple) or not all(type(v) is int and v >= 0 for v in values):
        raise ValueError(f"pair numbers must be whole numbers from 0 on. Received: {values!r:.40}")
    return tuple(values)
