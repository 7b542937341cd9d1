"""What a sweep asks: settings to vary, their values, and the runs that follow. Nothing is run.

A point is an ordinary `RunConfig`, so a sweep needs no results of its own: a point that was
computed before, by whatever command, is known by its run id.
"""

from __future__ import annotations

import decimal
import functools
import hashlib
import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shipdash.config import ConfigError, RunConfig, parse_setting, setting

MOST_POINTS = 200
"""More than this must be meant: at half a minute a point it is an hour on two cores."""

MOST_VALUES = 10_000
"""No range is longer; a mistyped step must not fill the memory."""

AXES = ("selection.precision", "selection.acceptance", "seeds.order", "seeds.model")
"""What the Threshold page draws in one figure; runs that differ in nothing else are a family."""


@dataclass(frozen=True, kw_only=True)
class SweepConfig:
    """A base run and, for some of its settings, the values to try: every combination of them.

    Attributes
    ----------
    base : RunConfig
        Everything that is not varied.
    axes : tuple of (dotted name, values)
        Values are distinct and in order; the first axis varies slowest.

    Raises
    ------
    ConfigError
        An axis without values, a value its setting does not allow, or a control arm as base.
    """

    base: RunConfig
    axes: tuple[tuple[str, tuple[Any, ...]], ...]

    def __post_init__(self) -> None:
        if self.base.arm.kind != "selection":
            raise ConfigError("arm.kind", self.base.arm.kind, "must be selection in a sweep")
        for name, values in self.axes:
            if not values:
                raise ConfigError(name, list(values), "must have at least one value in a sweep")
        n = math.prod(len(values) for _, values in self.axes)
        if n > MOST_VALUES:
            raise ConfigError("sweep", n, f"must have at most {MOST_VALUES:,} points")
        self.points  # noqa: B018 - every point is checked now, not when its turn comes

    @functools.cached_property
    def points(self) -> tuple[RunConfig, ...]:
        """Every run once; a whole curve over precision comes before the next seed."""
        names = [name for name, _ in self.axes]
        grid = itertools.product(*(values for _, values in self.axes))
        runs = (self.base.replace(**dict(zip(names, values, strict=True))) for values in grid)
        return tuple({run.digest: run for run in runs}.values())

    @property
    def digest(self) -> str:
        """Sweep id, 16 hex digits: the same set of runs is the same sweep, however written."""
        text = " ".join(sorted(run.digest for run in self.points))
        return hashlib.sha256(f"sweep/{text}".encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """Base and axes; the runs follow from them."""
        return json.dumps({"base": self.base.to_dict(), "axes": self.axes}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> SweepConfig:
        """What `to_json` wrote; ValueError, TypeError or KeyError for anything else."""
        raw = json.loads(text)
        axes = tuple((str(name), tuple(values)) for name, values in raw["axes"])
        return cls(base=RunConfig.from_dict(raw["base"]), axes=axes)


def plan(base: RunConfig, axes: dict[str, Sequence[Any]], *, confirmed: bool = False
         ) -> SweepConfig:
    """The sweep of these axes in an order that shows something early: seeds vary slowest.

    Raises
    ------
    ConfigError
        As `SweepConfig`, where nothing is varied, and where there are more than `MOST_POINTS`
        points and nobody has `confirmed` that they are meant.
    """
    if not axes:
        raise ConfigError("sweep", axes, "must vary something: precision, seeds or another "
                          "setting with several values")
    slow = [name for name in axes if name.startswith("seeds.")]
    fast = [name for name in ("selection.acceptance", "selection.precision") if name in axes]
    middle = [name for name in axes if name not in (*slow, *fast)]
    asked = SweepConfig(
        base=base, axes=tuple((name, tuple(axes[name])) for name in (*slow, *middle, *fast))
    )
    n = len(asked.points)
    if n > MOST_POINTS and not confirmed:
        raise ConfigError("sweep", n, f"must have at most {MOST_POINTS} points unless that many "
                          "are confirmed (--yes, or the box on the page)")
    return asked


def parse_values(dotted: str, text: str, *, name: str = "") -> list[Any]:
    """Values of one setting: ``start:stop:step`` (both ends in), or a list with commas, or both.

    Ranges are counted in decimals, so a step of 0.05 leaves no float noise. `name` is what an
    error calls the setting.

    >>> parse_values("selection.precision", "0.8:0.9:0.05")
    [0.8, 0.85, 0.9]
    >>> parse_values("selection.n_pool", "500,1000:3000:1000")
    [500, 1000, 2000, 3000]
    >>> parse_values("scene.distractor", "rectangle,triangle")
    ['rectangle', 'triangle']
    """
    kind, name = type(setting(dotted).default), name or dotted
    parts = [part.strip() for part in str(text).split(",")]
    if kind in (int, float):
        found = [value for part in parts for value in _numbers(name, text, part)]
        found = [int(v) if kind is int and v == v.to_integral_value() else float(v) for v in found]
    else:
        found = [parse_setting(f"{dotted}={part}")[1] for part in parts if part]
    return list(dict.fromkeys(found))


def parse_seeds(dotted: str, text: str, *, name: str = "") -> list[int]:
    """A number of seeds, from 1 on; or the seeds themselves as `parse_values` reads them.

    >>> parse_seeds("seeds.order", "3"), parse_seeds("seeds.order", "7,9")
    ([1, 2, 3], [7, 9])
    """
    text = str(text).strip()
    if not text.isdecimal():
        return parse_values(dotted, text, name=name)
    if not 1 <= int(text[:9]) <= MOST_VALUES:
        raise ConfigError(name or dotted, text, f"must be 1 to {MOST_VALUES:,} seeds, or a list")
    return list(range(1, int(text) + 1))


def family(config: RunConfig) -> str:
    """What runs have in common that differ only along `AXES`: 16 hex digits."""
    plain = RunConfig()
    return config.replace(**{
        f"{section}.{field}": getattr(getattr(plain, section), field)
        for section, field in (name.split(".") for name in AXES)
    }).digest


def _numbers(name: str, text: str, part: str) -> list[Decimal]:
    """One number, or a range with both its ends."""
    rule = "must read start:stop:step or values with commas between, e.g. 0.5:0.95:0.05"
    try:
        ends = [Decimal(word.strip()) for word in part.split(":")]
    except decimal.InvalidOperation:
        raise ConfigError(name, text, rule) from None
    # Nobody means 1e1000000, and to write it out as a whole number would take minutes.
    if len(ends) not in (1, 3) or not all(n.is_finite() and abs(n.adjusted()) < 20 for n in ends):
        raise ConfigError(name, text, rule)
    if len(ends) == 1:
        return ends
    start, stop, step = ends
    if step <= 0 or stop < start:
        raise ConfigError(name, text, "must rise from start to stop by a step above 0")
    if (stop - start) / step >= MOST_VALUES:
        raise ConfigError(name, text, f"must have at most {MOST_VALUES:,} values")
    return [start + i * step for i in range(int((stop - start) / step) + 1)]
