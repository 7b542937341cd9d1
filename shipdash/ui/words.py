"""What pages say of a run or a time in a few words. Nothing is read and nothing is drawn."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from shipdash.config import (
    ConfigError,
    RunConfig,
    own_of,
    preset,
    preset_of,
    setting,
    value_in_words,
)

if TYPE_CHECKING:
    from shipdash.results import StoredRun as Run


PRECISION = ("*Precision* is the mean score on the core set at which training stops; a pair fails "
             "if its own score is below 95% of it, unless *Margin* is changed. The word is "
             "the original article's and has nothing to do with precision and recall.")
"""Said once on each page that shows a precision."""

COMPARED_POOL = 1
"""Seed of the pool whose held-out pairs variants of the network were compared on
(docs/decisions.md)."""

COMPARED = ("Variants of the network had been compared before on the held-out pairs of pool seed "
            f"{COMPARED_POOL}.")


def compared(config: RunConfig) -> str:
    """With a space before it, that a preset's held-out pairs are not untouched; else nothing."""
    known = config.knows_factors and preset_of(config) != "custom"
    return f" {COMPARED}" if known and config.seeds.pool == COMPARED_POOL else ""


def seeds(config: RunConfig) -> str:
    """The three seeds in words."""
    s = config.seeds
    return f"seeds: pool {s.pool}, order {s.order}, model {s.model}"


def provenance(run: Run) -> str:
    """Where the numbers come from: seeds, device, date, version; the end of a caption."""
    result, drawn = run.result, seeds(run.config).capitalize()
    if result is None:
        return f"{drawn} · {run.created[:10]}"
    parts = [drawn, result.device, result.machine, result.date[:10],
             f"shipdash {result.version}" if result.version else None]
    return " · ".join(str(part) for part in parts if part)


def command(config: RunConfig, leave_out: Collection[str] = ()) -> str:
    """The command line that repeats a run, without the settings of the dotted names `leave_out`."""
    start, words = _command_start(config)
    for dotted, value in config.changes_from(start).items():
        if dotted in leave_out:
            continue
        text = ",".join(value) if isinstance(value, list) else str(value)
        text = text.lower() if isinstance(value, bool) else text
        words.append(f"--set {dotted}={text}")
    return " ".join(["python -m shipdash run", *words])


def _command_start(config: RunConfig) -> tuple[RunConfig, list[str]]:
    """The settings that a command line begins with, and its words."""
    if config.source.kind == "files":
        n_pool, n_held_out = config.selection.n_pool, config.evaluation.n_held_out
        return own_of(config), [f"--data {config.source.name} --pool {n_pool} "
                                f"--held-out {n_held_out}"]
    base = preset_of(config)
    name = "compact" if base == "custom" else base
    return preset(name), [f"--preset {name}"]


def plain(text: str) -> str:
    r"""Somebody's text in a place that reads markdown: shown as it was typed.

    >>> print(plain("*no* [link](x)"))
    \*no\* \[link\]\(x\)
    """
    return re.sub(r"([\\`*_{}\[\]<>()#|~$:&!+])", r"\\\1", text)


def refusal(error: ConfigError) -> str:
    """Why the value of a setting is refused, with the labels of the form instead of field names."""
    section, _, name = error.field.partition(".")
    rule, found = error.rule, {name: error.value, **error.also}
    for other in error.also:
        rule = re.sub(rf"\b{other}\b", f"**{_label(section, other)}**", rule)
    held = " and ".join(f"{_label(section, which)} is {_held(f'{section}.{which}', value)}"
                        for which, value in found.items())
    return f"**{_label(section, name)}** {rule}. Here {held}."


def _label(section: str, name: str) -> str:
    return setting(f"{section}.{name}").metadata["label"]


def _held(dotted: str, value: object) -> str:
    """A value that may be anything, since it came from an address."""
    text = value_in_words(dotted, value)
    return plain(text if len(text) <= 40 else f"{text[:37]}...")


def iou(value: float, digits: int = 2) -> str:
    """An IoU rounded down, so that one just below a threshold does not read like the threshold.

    Scores are stored as float32, whose 0.9 is a little less than 0.9: that still reads 0.90.
    """
    scale = 10**digits
    return f"{math.floor((value + 1e-7) * scale) / scale:.{digits}f}"


def duration(seconds: float | None) -> str:
    """Seconds as people say them; never more exact than it is.

    >>> duration(5400), duration(7200), duration(8900), duration(50_000)
    ('1.5 h', '2 h', '2.5 h', '14 h')
    """
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours = seconds / 3600
    if hours < 10:
        return f"{hours:.1f} h".replace(".0 h", " h")
    return f"{hours:.0f} h" if hours < 36 else f"{hours / 24:.1f} days"
