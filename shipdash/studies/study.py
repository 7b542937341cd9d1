"""What a study asks: a named list of runs, some of them known only when others are complete.

Nothing is run and no file is opened. Its runs are ordinary ones, so a study needs no results of its
own: a run that was computed before, by whatever command, is known by its run id.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from shipdash.config import ConfigError, RunConfig
from shipdash.runs import Store

MOST_RUNS = 10_000
"""No study is larger; a mistyped step must not fill the memory."""


class Later(NamedTuple):
    """A run whose settings rest on results of others; `ask` gives None until these are there."""

    name: str
    ask: Callable[[Store], RunConfig | None]


@dataclass(frozen=True, kw_only=True)
class Study:
    """Runs that belong together, the most important first.

    Attributes
    ----------
    name : str
        What a person calls it; several may share a name.
    runs : tuple of RunConfig or Later
        A run that rests on others by its settings (a fold, a control arm) waits for these.
    axes : tuple of (dotted name, values)
        Where the runs are a grid: what is varied, in order; the first axis varies slowest.
    """

    name: str
    runs: tuple[RunConfig | Later, ...]
    axes: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    @functools.cached_property
    def digest(self) -> str:
        """Study id, 16 hex digits: the same set of runs is the same study, however written."""
        words = sorted(r.name if isinstance(r, Later) else r.digest for r in self.runs)
        return hashlib.sha256(f"sweep/{' '.join(words)}".encode()).hexdigest()[:16]

    def settings(self, store: Store) -> list[RunConfig]:
        """Settings of every run that can be asked by now, each once."""
        known = (asked(store, run) for run in self.runs)
        return list({config.digest: config for config in known if config}.values())

    def to_json(self) -> str:
        """A grid as one run and its axes, else the runs; a `Later` only its asker knows."""
        plain = [run.to_dict() for run in self.runs if isinstance(run, RunConfig)]
        runs = {"base": plain[0]} if self.axes else {"runs": plain}
        return json.dumps({"name": self.name, **runs, "axes": self.axes}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Study:
        """What `to_json` wrote; ValueError, TypeError or KeyError for anything else."""
        raw = json.loads(text)
        axes = tuple((str(name), tuple(values)) for name, values in raw["axes"])
        name = str(raw.get("name", "sweep"))  # version 0.1 wrote none: all its studies were sweeps
        if axes:
            return cls(name=name, runs=points(RunConfig.from_stored(raw["base"]), axes), axes=axes)
        return cls(name=name, runs=tuple(map(RunConfig.from_stored, raw["runs"])))


def asked(store: Store, run: RunConfig | Later) -> RunConfig | None:
    """Settings of a run of a study, None as long as they rest on what is missing."""
    return run.ask(store) if isinstance(run, Later) else run


def whole_number(field: str, n: int, low: int, high: int) -> int:
    """The number; `ConfigError` where it is no whole one from `low` to `high`."""
    if isinstance(n, bool) or not isinstance(n, int) or not low <= n <= high:
        raise ConfigError(field, n, f"must be a whole number from {low} to {high}")
    return n


def points(base: RunConfig, axes: Sequence[tuple[str, Sequence[Any]]]) -> tuple[RunConfig, ...]:
    """Every run of a grid once; the first axis varies slowest.

    Raises
    ------
    ConfigError
        An axis without values, a value its setting does not allow, or a control arm as base.
    """
    if base.arm.kind != "selection":
        raise ConfigError("arm.kind", base.arm.kind, "must be selection in a sweep")
    for name, values in axes:
        if not values:
            raise ConfigError(name, list(values), "must have at least one value in a sweep")
    n = math.prod(len(values) for _, values in axes)
    if n > MOST_RUNS:
        raise ConfigError("sweep", n, f"must have at most {MOST_RUNS:,} points")
    names = [name for name, _ in axes]
    grid = itertools.product(*(values for _, values in axes))
    runs = (base.replace(**dict(zip(names, values, strict=True))) for values in grid)
    return tuple({run.digest: run for run in runs}.values())
