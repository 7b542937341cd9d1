"""How a setting is declared and checked: one rule, one error. No setting stands here."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import numbers
import re
from dataclasses import field
from typing import Any

RUN_ID = re.compile(r"[0-9a-f]{16}")
A_RUN_ID = (RUN_ID, "a run id (16 hexadecimal digits)")
A_DATA_NAME = (r"[a-z0-9][a-z0-9_-]{0,63}", "lower-case letters, digits, - and _, at most 64")


class ConfigError(ValueError):
    """A setting that cannot be asked for.

    Attributes
    ----------
    field : str
        Dotted name, e.g. ``"scene.radius_max"``.
    value : object
        What came.
    rule : str
        What must hold.
    also : dict of str -> object
        The other fields of the section that the rule speaks of, with their values.
    """

    def __init__(self, name: str, value: Any, rule: str, also: dict[str, Any] | None = None):
        self.field, self.value, self.rule, self.also = name, value, rule, also or {}
        shown = repr(value)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        others = "".join(f", {other}={its!r}" for other, its in self.also.items())
        super().__init__(f"{name} {rule}. Received: {name.rpartition('.')[2]}={shown}{others}")


def setting_field(default, label, why, *, low=None, high=None, choices=None, step=None, unit="",
                  pattern=None, added=False):
    """A dataclass field whose metadata is both its rule and the words a form shows.

    A text has `choices`, or a `pattern`: a regular expression and its rule in words. A setting
    that was `added` after runs of this algorithm had their ids has a default that asks for what
    these runs did, and is left out of the canonical text where it has it.
    """
    metadata = {
        "label": label,
        "help": why,
        "low": low,
        "high": high,
        "choices": choices,
        "step": step,
        "unit": unit,
        "pattern": pattern,
        "added": added,
    }
    return field(default=default, metadata=metadata)


def checked(section: str, spec: dataclasses.Field, value: Any) -> Any:
    """The value as the field's exact Python type, or a `ConfigError`."""
    name, kind = f"{section}.{spec.name}", type(spec.default)
    low, high = spec.metadata["low"], spec.metadata["high"]
    choices = spec.metadata["choices"]
    if kind is bool:
        if not isinstance(value, bool):
            raise ConfigError(name, value, "must be true or false")
        return value
    if kind is tuple:
        return _checked_run_ids(name, value)
    if kind is str and choices is None:  # nothing, or what the pattern says
        pattern, words = spec.metadata["pattern"]
        if not isinstance(value, str) or not (value == "" or re.fullmatch(pattern, value)):
            raise ConfigError(name, value, f"must be {words}")
        return value
    if kind is str:
        if not isinstance(value, str) or value not in choices:
            raise ConfigError(name, value, f"must be one of {', '.join(choices)}")
        return value
    wanted, words, shown = ((numbers.Integral, "a whole number", ",") if kind is int else
                            (numbers.Real, "a number", ",g"))
    is_number = isinstance(value, wanted) and not isinstance(value, bool)
    if not (is_number and low <= value <= high):  # so no NaN either
        raise ConfigError(name, value, f"must be {words} from {low:{shown}} to {high:{shown}}")
    return kind(value) + 0  # -0.0 and 0.0 are one question with one digest


def _checked_run_ids(name: str, value: Any) -> tuple[str, ...]:
    if not (isinstance(value, (tuple, list)) and len(set(map(str, value))) == len(value)
            and all(isinstance(item, str) and RUN_ID.fullmatch(item) for item in value)):
        raise ConfigError(name, value,
                          "must be a list of distinct run ids (16 hexadecimal digits each)")
    return tuple(sorted(value))


class Question:
    """A dataclass of plain values that somebody asks; the same values are the same question."""

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that stand for this question."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Section:
    """Checks every field's type and range on construction, then the section's own rules.

    `name` is what errors call the section.
    """

    def __init_subclass__(cls, *, name: str) -> None:
        cls._name = name

    def __post_init__(self) -> None:
        for spec in dataclasses.fields(self):
            value = checked(self._name, spec, getattr(self, spec.name))
            object.__setattr__(self, spec.name, value)
        self._check()

    def _check(self) -> None:
        """Rules between fields; none by default."""

    def _require(self, holds: bool, name: str, rule: str, *also: str) -> None:
        if not holds:
            raise ConfigError(f"{self._name}.{name}", getattr(self, name), rule,
                              {other: getattr(self, other) for other in also})
