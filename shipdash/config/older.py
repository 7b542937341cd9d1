"""Settings as versions before this one wrote them, in today's names.

Old runs stay readable and keep their run ids; since these were made of other text, no old run is
ever taken for one that this version would compute.
"""

from __future__ import annotations

from typing import Any

from shipdash.config.base import ConfigError

MOVED = {"distinct", "duplicates", "label_noise", "label_noise_kind"}
"""Left the scene for a section of their own in algorithm 3: they are planted in any source."""

DROPPED = {"picks_per_scan": 1, "confirm": False}
"""Settings removed from the selection in algorithm 3; their defaults switched them off."""


def translated(spec: Any) -> Any:
    """The settings of any version, in today's names; what is no spec at all is left as it is.

    Raises
    ------
    ConfigError
        They ask for what no version still does.
    """
    if not isinstance(spec, dict):
        return spec
    spec = dict(spec)
    scene, selection = spec.get("scene"), spec.get("selection")
    if isinstance(scene, dict) and MOVED & set(scene):
        spec["planted"] = {name: scene[name] for name in MOVED & set(scene)}
        spec["scene"] = {name: value for name, value in scene.items() if name not in MOVED}
    if isinstance(selection, dict):
        for name, off in DROPPED.items():
            if selection.get(name, off) != off:
                raise ConfigError(f"selection.{name}", selection[name],
                                  f"must be {off}: it was dropped in algorithm 3")
        spec["selection"] = {k: v for k, v in selection.items() if k not in DROPPED}
    return spec
