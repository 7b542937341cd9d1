"""The default name of a run: its preset, and the settings that were changed, in words.

Names that a person has given are stored with the run (`runs/given_name.py`).
"""

from __future__ import annotations

import functools
from typing import Any

from shipdash.config.presets import presets_for
from shipdash.config.run import RunConfig, setting

MOST_CHANGES = 3
"""A name is read in a table: what more was changed is counted."""


@functools.lru_cache(maxsize=4096)  # asked for every run of every list
def default_name(config: RunConfig) -> str:
    """The nearest preset, the settings that differ from it, and the seeds where they are not 1.

    >>> from shipdash.config import quick
    >>> default_name(quick().replace(**{"scene.contrast": 0.1, "seeds.pool": 3, "seeds.order": 3}))
    'quick, contrast 0.10, seeds 3/3/1'
    """
    changes = {name: _changes(config, start) for name, start in presets_for(config).items()}
    nearest = min(changes, key=lambda name: len(changes[name]))
    words = changes[nearest][:MOST_CHANGES]
    more = len(changes[nearest]) - len(words)
    seeds = (config.seeds.pool, config.seeds.order, config.seeds.model)
    parts = [f"arm {config.arm.kind}"] if config.arm.kind != "selection" else []
    parts += [f"data set {config.source.name}"] if config.source.name else []
    parts += [f"continues from {config.selection.first:,} pairs of an earlier run"
              ] if config.selection.parent else []
    parts += [nearest, *words] + ([f"{more} more changes" if more > 1 else "1 more change"]
                                  if more else [])
    parts += ["seeds {}/{}/{}".format(*seeds)] if seeds != (1, 1, 1) else []
    return ", ".join(parts)


def value_in_words(dotted: str, value: Any) -> str:
    """A setting's value as a form shows it, with its unit.

    >>> value_in_words("scene.radius_max", 16.0), value_in_words("network.augment", False)
    ('16 px', 'off')
    """
    about = setting(dotted).metadata
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return f"{len(value):,}"
    if isinstance(value, float):
        text = f"{value:.2f}" if about["step"] == 0.01 else f"{value:g}"
        text = text if float(text) == value else f"{value:g}"
    else:
        text = f"{value:,}" if isinstance(value, int) else str(value).replace("_", " ")
    return f"{text} {about['unit']}".strip()


def _changes(config: RunConfig, start: RunConfig) -> list[str]:
    """Settings that differ from a preset; where pairs come from and their seeds left out."""
    before = start.to_dict()
    if config.selection.parent:  # said apart: the carried pairs follow from it
        before["selection"] |= {"parent": config.selection.parent,
                                "first": config.selection.first}
    return [f"{setting(f'{part}.{key}').metadata['label'].lower()} "
            f"{value_in_words(f'{part}.{key}', value)}"
            for part, values in config.to_dict().items() if part not in ("source", "seeds", "arm")
            for key, value in values.items() if value != before[part][key]]
