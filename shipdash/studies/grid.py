"""Grids: settings to vary, their values as typed, and the study that follows. Nothing is run."""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from shipdash.config import ConfigError, RunConfig, parse_setting, setting
from shipdash.studies.study import MOST_RUNS, Study, points

MOST_POINTS = 200
"""More than this must be meant: at half a minute a point it is an hour on two cores."""

AXES = ("selection.precision", "selection.acceptance", "seeds.order", "seeds.model")
"""What the Threshold page draws in one figure; runs that differ in nothing else are a family."""

EXAMPLES = {float: "0.5:0.95:0.05", int: "1:5:1"}
"""What a range may look like, by the kind of number that its setting holds."""


def plan(base: RunConfig, axes: dict[str, Sequence[Any]], *, confirmed: bool = False) -> Study:
    """The grid of these axes in an order that shows something early: seeds vary slowest.

    Raises
    ------
    ConfigError
        As `points`, where nothing is varied, and where there are more than `MOST_POINTS`
        points and nobody has `confirmed` that they are meant.
    """
    if not axes:
        raise ConfigError("sweep", axes, "must vary something: precision, seeds or another "
                          "setting with several values")
    slow = [name for name in axes if name.startswith("seeds.")]
    fast = [name for name in ("selection.acceptance", "selection.precision") if name in axes]
    middle = [name for name in axes if name not in (*slow, *fast)]
    ordered = tuple((name, tuple(axes[name])) for name in (*slow, *middle, *fast))
    asked = Study(name="sweep", runs=points(base, ordered), axes=ordered)
    n = len(asked.runs)
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
        found = [value for part in parts for value in _numbers(name, text, part, kind)]
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
    text = text.lstrip("0")
    if len(text) > 9 or not 1 <= int(text or 0) <= MOST_RUNS:
        raise ConfigError(name or dotted, text, f"must be 1 to {MOST_RUNS:,} seeds, or a list")
    return list(range(1, int(text) + 1))


def family(config: RunConfig) -> str:
    """What runs have in common that differ only along `AXES`: 16 hex digits."""
    return plain(config).digest


def plain(config: RunConfig) -> RunConfig:
    """The settings that a family has in common, with those of `AXES` at their defaults."""
    return config.replace(**{name: setting(name).default for name in AXES})


def _numbers(name: str, text: str, part: str, kind: type) -> list[Decimal]:
    """One number, or a range with both its ends."""
    rule = f"must read start:stop:step or values with commas between, e.g. {EXAMPLES[kind]}"
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
    if (stop - start) / step >= MOST_RUNS:
        raise ConfigError(name, text, f"must have at most {MOST_RUNS:,} values")
    return [start + i * step for i in range(int((stop - start) / step) + 1)]
