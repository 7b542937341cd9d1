"""Settings that a form's address asks for: a preset and changes to it, checked. Draws nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, NamedTuple

import streamlit as st

from shipdash.config import SECTIONS, ConfigError, RunConfig, checked_setting, parse_setting


class Asked(NamedTuple):
    """The settings of a form as its address says, each in its place in a run."""

    start: RunConfig  # what holds where the address says nothing
    values: dict[str, Any]  # by dotted name, what the boxes show
    config: RunConfig | None  # None where the settings contradict each other
    error: ConfigError | None  # why
    refused: dict[str, ConfigError]  # what the address asks for and no box can hold

    def default(self, dotted: str) -> Any:
        """The value of a setting where the address says nothing."""
        section, _, name = dotted.partition(".")
        return getattr(getattr(self.start, section), name)


def names_of(*sections: str) -> list[str]:
    """The settings of these sections, by dotted name."""
    return [f"{section}.{spec.name}" for section in sections
            for spec in dataclasses.fields(SECTIONS[section])]


def read(start: RunConfig, names: Iterable[str]) -> Asked:
    """What the address asks for among the settings named, over those of `start`."""
    blank, values, refused = Asked(start, {}, None, None, {}), {}, {}
    for dotted in names:
        try:
            values[dotted] = _value(dotted, blank.default(dotted))
        except ConfigError as error:
            values[dotted], refused[dotted] = blank.default(dotted), error
    try:
        return Asked(start, values, start.replace(**values), None, refused)
    except ConfigError as error:
        return Asked(start, values, None, error, refused)


def _value(dotted: str, default: Any) -> Any:
    text = st.query_params.get(dotted)
    if text is None:
        return default
    _, value = parse_setting(f"{dotted}={text}")
    # A box for text can hold what is no list of run ids: the whole run is judged then.
    return value if isinstance(default, tuple) else checked_setting(dotted, value)
