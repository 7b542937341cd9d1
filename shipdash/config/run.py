"""A run's settings together: canonical text, run id, changes by dotted name."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from shipdash.config.base import ConfigError, checked
from shipdash.config.older import translated
from shipdash.config.settings import (
    ArmConfig,
    EvaluationConfig,
    NetworkConfig,
    PlantedConfig,
    SceneConfig,
    SeedConfig,
    SelectionConfig,
    SourceConfig,
)

ALGORITHM = 3
"""Version of everything that can change a core set; part of every run id."""


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Everything that decides the outcome of a run."""

    source: SourceConfig = field(default_factory=SourceConfig)
    scene: SceneConfig = field(default_factory=SceneConfig)
    planted: PlantedConfig = field(default_factory=PlantedConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    selection: SelectionConfig = field(default_factory=SelectionConfig)
    seeds: SeedConfig = field(default_factory=SeedConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    arm: ArmConfig = field(default_factory=ArmConfig)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of every image."""
        if self.source.kind == "files":
            return self.source.rows, self.source.cols
        return self.scene.size, self.scene.size

    @property
    def knows_factors(self) -> bool:
        """Whether the true factors of each image are known: only a generator knows them."""
        return self.source.kind == "scene"

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Plain nested dictionary, tuples as lists, ready for JSON."""
        plain = dataclasses.asdict(self)
        plain["selection"]["exclude"] = list(plain["selection"]["exclude"])
        return plain

    def flat(self) -> dict[str, Any]:
        """Every setting by its dotted name, tuples as lists."""
        return {f"{section}.{name}": value for section, values in self.to_dict().items()
                for name, value in values.items()}

    def changes_from(self, other: RunConfig) -> dict[str, Any]:
        """Settings that differ from another run's, by dotted name.

        >>> RunConfig().replace(**{"seeds.pool": 3}).changes_from(RunConfig())
        {'seeds.pool': 3}
        """
        theirs = other.flat()
        return {name: value for name, value in self.flat().items() if value != theirs[name]}

    @classmethod
    def from_dict(cls, spec: Any) -> RunConfig:
        """The run that `to_dict` described.

        Missing fields take their defaults; unknown ones raise `ConfigError`.
        """
        if not isinstance(spec, dict):
            raise ConfigError("run", spec, "must be an object of sections")
        for name in spec:
            if name not in SECTIONS:
                raise ConfigError(str(name), spec[name], f"must be one of {', '.join(SECTIONS)}")
        return cls(**{name: _section_from(name, spec[name]) for name in spec})

    @classmethod
    def from_stored(cls, spec: Any) -> RunConfig:
        """`from_dict` for what any version of this program has written."""
        return cls.from_dict(translated(spec))

    def replace(self, **changes: Any) -> RunConfig:
        """A copy with dotted fields changed: ``replace(**{"seeds.pool": 3})``."""
        spec = self.to_dict()
        for dotted, value in changes.items():
            setting(dotted)  # or a `ConfigError`
            section, _, name = dotted.partition(".")
            spec[section][name] = value
        return RunConfig.from_dict(spec)

    def canonical_json(self) -> str:
        """One text per question: sorted keys, no spaces, no NaN.

        Settings that were added later are left out where they ask for nothing new, so that runs
        from before keep their ids.
        """
        asked = {name: {key: value for key, value in values.items()
                        if not (value == setting(f"{name}.{key}").default
                                and setting(f"{name}.{key}").metadata["added"])}
                 for name, values in self.to_dict().items()}
        return json.dumps(asked, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @functools.cached_property
    def digest(self) -> str:
        """Run id: the first 16 hex digits of sha256 over algorithm version and settings."""
        text = f"shipdash/{ALGORITHM}/{self.canonical_json()}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


SECTIONS: dict[str, type] = {spec.name: spec.default_factory
                             for spec in dataclasses.fields(RunConfig)}


def _section_from(name: str, values: Any):
    if not isinstance(values, dict):
        raise ConfigError(name, values, "must be an object of settings")
    known = [spec.name for spec in dataclasses.fields(SECTIONS[name])]
    for key in values:
        if key not in known:
            raise ConfigError(f"{name}.{key}", values[key], f"must be one of {', '.join(known)}")
    return SECTIONS[name](**values)


def setting(dotted: str) -> dataclasses.Field:
    """The field behind a dotted name: its default, and label, help and limits as metadata.

    `ConfigError` where there is none of that name.
    """
    section, _, name = str(dotted).partition(".")
    known = dataclasses.fields(SECTIONS[section]) if section in SECTIONS else ()
    for spec in known:
        if spec.name == name:
            return spec
    raise ConfigError(str(dotted), dotted,
                      "must be section.field, e.g. scene.contrast or selection.passes")


def checked_setting(dotted: str, value: Any) -> Any:
    """The value as the setting's own type; `ConfigError` where the setting cannot have it.

    Rules between settings are not looked at.

    >>> checked_setting("scene.contrast", 1)
    1.0
    """
    return checked(dotted.partition(".")[0], setting(dotted), value)


def parse_setting(text: str) -> tuple[str, Any]:
    """A ``section.field=value`` of the command line as a dotted name and a typed value.

    >>> parse_setting("scene.contrast=0.3")
    ('scene.contrast', 0.3)
    """
    dotted, equals, raw = text.partition("=")
    if not equals:
        raise ConfigError("--set", text, "must read section.field=value")
    kind = type(setting(dotted).default)
    if kind is str:
        return dotted, raw
    if kind is tuple:
        return dotted, [part for part in raw.split(",") if part]
    try:
        return dotted, json.loads(raw)
    except (ValueError, RecursionError):
        return dotted, raw  # the config names the rule it breaks
