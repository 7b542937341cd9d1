"""What can be asked: frozen settings of scene, network, selection and run, checked once, here.

Not what happened (`records`) and not what is shown: nothing outside this module validates a
setting, and nothing inside it draws, trains or writes.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
import numbers
import re
from dataclasses import dataclass, field
from typing import Any

ALGORITHM = 1
"""Version of everything that can change a core set; part of every run id."""

RUN_ID = re.compile(r"[0-9a-f]{16}")

_SEED_MAX = 2**32 - 1  # seeds travel in URLs and spreadsheets: keep them exact in a float64


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
    """

    def __init__(self, name: str, value: Any, rule: str) -> None:
        self.field, self.value, self.rule = name, value, rule
        shown = repr(value)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        super().__init__(f"{name} {rule}. Received: {name.rpartition('.')[2]}={shown}")


def _setting(default, label, why, *, low=None, high=None, choices=None, step=None, unit=""):
    """A dataclass field whose metadata is both its rule and the words a form shows."""
    metadata = {
        "label": label,
        "help": why,
        "low": low,
        "high": high,
        "choices": choices,
        "step": step,
        "unit": unit,
    }
    return field(default=default, metadata=metadata)


def _checked(section: str, spec: dataclasses.Field, value: Any) -> Any:
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
    if kind is str:
        if not isinstance(value, str) or value not in choices:
            raise ConfigError(name, value, f"must be one of {', '.join(choices)}")
        return value
    wanted, words = (
        (numbers.Integral, "a whole number")
        if kind is int
        else (numbers.Real, "a number")
    )
    rule = f"must be {words} from {low:,} to {high:,}"
    if isinstance(value, bool) or not isinstance(value, wanted):
        raise ConfigError(name, value, rule)
    if not low <= value <= high:  # False for NaN too
        raise ConfigError(name, value, rule)
    return kind(value) + 0  # -0.0 and 0.0 are one question with one digest


def _checked_run_ids(name: str, value: Any) -> tuple[str, ...]:
    rule = "must be a list of distinct run ids (16 hexadecimal digits each)"
    if not isinstance(value, (tuple, list)) or len(set(map(str, value))) != len(value):
        raise ConfigError(name, value, rule)
    if not all(isinstance(item, str) and RUN_ID.fullmatch(item) for item in value):
        raise ConfigError(name, value, rule)
    return tuple(sorted(value))


class _Section:
    """Checks every field's type and range on construction, then the section's own rules."""

    _name = ""

    def __post_init__(self) -> None:
        for spec in dataclasses.fields(self):
            value = _checked(self._name, spec, getattr(self, spec.name))
            object.__setattr__(self, spec.name, value)
        self._check()

    def _check(self) -> None:
        """Rules between fields; none by default."""

    def _require(self, holds: bool, name: str, rule: str, *also: str) -> None:
        if holds:
            return
        error = ConfigError(f"{self._name}.{name}", getattr(self, name), rule)
        others = "".join(f", {other}={getattr(self, other)!r}" for other in also)
        error.args = (error.args[0] + others,)
        raise error


@dataclass(frozen=True, kw_only=True)
class SceneConfig(_Section):
    """How a pair is drawn; the defaults are the article's distribution."""

    _name = "scene"

    size: int = _setting(
        128, "Image size", "Side of the square image; the networks halve it four times.",
        low=32, high=512, step=16, unit="px",
    )
    radius_min: float = _setting(
        10.0, "Smallest semi-axis", "Lower end of both semi-axes of the target ellipse.",
        low=1.0, high=255.0, step=0.5, unit="px",
    )
    radius_max: float = _setting(
        20.0, "Largest semi-axis", "Upper end of both semi-axes; also the margin to the border.",
        low=1.0, high=255.0, step=0.5, unit="px",
    )
    noise: float = _setting(
        0.75, "Noise amplitude", "Every channel of every pixel is uniform noise of this width.",
        low=0.0, high=1.0, step=0.01,
    )
    contrast: float = _setting(
        0.25, "Contrast", "What the brighter side is lifted by. The only cue there is.",
        low=0.0, high=1.0, step=0.01,
    )
    polarity: str = _setting(
        "both", "Polarity", "Bright shapes on a low sea, dark ones on a high sea, or both.",
        choices=("both", "low_sea", "high_sea"),
    )
    distractor: str = _setting(
        "rectangle", "Distractor", "A second shape of the target's colour that is not in the mask.",
        choices=("rectangle", "triangle", "none"),
    )
    distinct: int = _setting(
        0, "Distinct pairs", "The pool repeats this many distinct pairs; 0: every pair is its own.",
        low=0, high=10_000_000, step=10,
    )
    duplicates: float = _setting(
        0.0, "Planted duplicates", "Share of pool pairs that repeat an earlier pair to the pixel.",
        low=0.0, high=0.99, step=0.01,
    )
    label_noise: float = _setting(
        0.0, "Label noise", "Share of pool pairs whose mask is wrong. Held-out masks stay right.",
        low=0.0, high=1.0, step=0.01,
    )
    label_noise_kind: str = _setting(
        "shifted", "Kind of label noise", "Wrong masks are moved by a radius, or left empty.",
        choices=("shifted", "dropped"),
    )

    def _check(self) -> None:
        self._require(self.size % 16 == 0, "size", "must be a multiple of 16")
        self._require(
            self.radius_max < self.size / 2, "radius_max", "must be less than half of size", "size"
        )
        self._require(
            self.radius_min <= self.radius_max,
            "radius_min", "must not exceed radius_max", "radius_max",
        )
        self._require(
            self.noise + self.contrast <= 1.0 + 1e-9,
            "contrast", "plus noise must not exceed 1, so that pixels stay in [0, 1]", "noise",
        )
        self._require(
            not (self.distinct and self.duplicates),
            "duplicates", "must be 0 where distinct is set: both plant repeats", "distinct",
        )


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(_Section):
    """Which learner looks at the stream and how one training step treats it."""

    _name = "network"

    kind: str = _setting(
        "compact", "Network",
        "compact: small U-Net made for CPUs; article: the article's U-Net of 5.1 million "
        "parameters; rote: no network, knows exactly the pairs it was shown.",
        choices=("compact", "article", "rote"),
    )
    filters: int = _setting(
        8, "Filters", "Channels of every level are a multiple of this; 16 in the article.",
        low=4, high=64, step=4,
    )
    learning_rate: float = _setting(
        0.01, "Learning rate", "Adam's step size at the start.", low=1e-6, high=1.0, step=0.001,
    )
    decay_steps: int = _setting(
        200, "Learning rate decay",
        "After so many steps the step size has fallen by the root of two; 0: it stays.",
        low=0, high=1_000_000, step=50,
    )
    batch: int = _setting(
        16, "Training batch", "Pairs per training step; constant, so that it is compiled once.",
        low=1, high=256, step=1,
    )
    warmup_batch: int = _setting(
        16, "Warm-up batch", "Pairs per step while the first core pairs are learnt.",
        low=1, high=256, step=1,
    )
    predict_batch: int = _setting(
        16, "Prediction batch", "Pairs per prediction call; constant, so that it is compiled once.",
        low=1, high=1024, step=1,
    )
    augment: bool = _setting(
        True, "Flips and quarter turns", "Core pairs are shown in all eight orientations.",
    )
    invert: bool = _setting(
        True, "Negatives", "Core pairs are shown in both polarities.",
    )
    average: float = _setting(
        0.9, "Weight averaging",
        "Predictions come from an exponential average of the weights with this memory per step; "
        "0: from the weights themselves. It steadies the decisions and makes the core set smaller.",
        low=0.0, high=0.999, step=0.01,
    )


@dataclass(frozen=True, kw_only=True)
class SelectionConfig(_Section):
    """The loop: what is tested, what counts as known, and when training ends."""

    _name = "selection"

    n_pool: int = _setting(
        10_000, "Pool", "Pairs in the stream.", low=1, high=10_000_000, step=1000, unit="pairs",
    )
    precision: float = _setting(
        0.85, "Precision", "The network trains until its score on the core set exceeds this.",
        low=0.05, high=1.0, step=0.01,
    )
    margin: float = _setting(
        0.95, "Margin", "A pair passes at this share of the precision.", low=0.1, high=1.0,
        step=0.01,
    )
    acceptance: str = _setting(
        "article", "Score",
        "article: the staircase of tenths over IoU 0.50:0.05:0.95; iou: plain IoU, continuous.",
        choices=("article", "iou"),
    )
    train_until: str = _setting(
        "pair", "Training ends",
        "epoch: whole epochs over the core set until the epoch's mean score passes (the article); "
        "pair: single steps until the new pair passes and the running mean does.",
        choices=("pair", "epoch"),
    )
    first: int = _setting(
        11, "First pairs", "These start the core set untested.", low=1, high=10_000, step=1,
    )
    block: int = _setting(
        1024, "Scan block", "Most pairs predicted before looking for a failure. Changes no pick.",
        low=1, high=65_536, step=32,
    )
    picks_per_scan: int = _setting(
        1, "Picks per scan", "Failing pairs that may join the core set between two trainings.",
        low=1, high=64, step=1,
    )
    passes: int = _setting(
        1, "Passes", "Times round the discarded pairs; 0: until a whole pass adds nothing.",
        low=0, high=100, step=1,
    )
    idle_epochs: bool = _setting(
        False, "Idle training",
        "Train also after a block without a failure, as the article does. The block size then "
        "decides how often, and so does change the picks.",
    )
    min_steps: int = _setting(
        5, "Fewest steps",
        "Training steps a new pair gets at least, where training ends with the pair; doubled each "
        "time that inference mode does not confirm it.",
        low=1, high=1000, step=1,
    )
    confirm: bool = _setting(
        False, "Confirm new pairs",
        "Training goes on until a new pair passes in inference mode too, where training ends with "
        "the pair. Costs several times the steps.",
    )
    max_steps: int = _setting(
        20_000, "Step limit", "A bout of training that needs more ends the run as stalled.",
        low=1, high=10_000_000, step=1000,
    )
    exclude: tuple = _setting(
        (), "Excluded cores", "Runs whose core pairs are left out of this pool: disjoint folds.",
    )

    def _check(self) -> None:
        self._require(
            self.first <= self.n_pool, "first", "must not exceed n_pool", "n_pool"
        )

    @property
    def threshold(self) -> float:
        """The score at which a pair passes; under the article score, the tenth that decides."""
        if self.acceptance == "article":
            return self.acceptance_tenths / 10
        return self.margin * self.precision

    @property
    def acceptance_tenths(self) -> int:
        """Tenths of the article score that a pair needs: the next whole one above the margin."""
        return math.ceil(10 * self.margin * self.precision - 1e-9)

    @property
    def acceptance_iou(self) -> float:
        """The IoU at which a pair passes, under either score; n tenths mean (n + 9) / 20."""
        if self.acceptance == "article":
            return (self.acceptance_tenths + 9) / 20
        return self.threshold


@dataclass(frozen=True, kw_only=True)
class SeedConfig(_Section):
    """Three independent sources of chance; the unit of replication is a run."""

    _name = "seeds"

    pool: int = _setting(
        1, "Pool seed", "Which pairs there are.", low=0, high=_SEED_MAX, step=1
    )
    order: int = _setting(
        1, "Order seed", "In which order they come.", low=0, high=_SEED_MAX, step=1
    )
    model: int = _setting(
        1, "Model seed", "First weights, batches and augmentation.", low=0, high=_SEED_MAX, step=1
    )


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig(_Section):
    """What is measured once selection has ended."""

    _name = "evaluation"

    n_held_out: int = _setting(
        10_000, "Held-out pairs", "Fresh pairs of another split, used for no choice.",
        low=0, high=1_000_000, step=1000, unit="pairs",
    )
    reaudit: bool = _setting(
        True, "Re-audit", "The final network looks at every discarded pair once more.",
    )


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Everything that decides the outcome of a run."""

    scene: SceneConfig = field(default_factory=SceneConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    selection: SelectionConfig = field(default_factory=SelectionConfig)
    seeds: SeedConfig = field(default_factory=SeedConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Plain nested dictionary, tuples as lists, ready for JSON."""
        plain = dataclasses.asdict(self)
        plain["selection"]["exclude"] = list(plain["selection"]["exclude"])
        return plain

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

    def replace(self, **changes: Any) -> RunConfig:
        """A copy with dotted fields changed: ``replace(**{"seeds.pool": 3})``."""
        spec = self.to_dict()
        for dotted, value in changes.items():
            section, name = _known_field(dotted)
            spec[section][name] = value
        return RunConfig.from_dict(spec)

    def canonical_json(self) -> str:
        """One text per question: sorted keys, no spaces, no NaN."""
        return json.dumps(
            self.to_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False
        )

    @functools.cached_property
    def digest(self) -> str:
        """Run id: the first 16 hex digits of sha256 over algorithm version and settings."""
        text = f"shipdash/{ALGORITHM}/{self.canonical_json()}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


SECTIONS: dict[str, type] = {
    "scene": SceneConfig,
    "network": NetworkConfig,
    "selection": SelectionConfig,
    "seeds": SeedConfig,
    "evaluation": EvaluationConfig,
}


def _section_from(name: str, values: Any):
    if not isinstance(values, dict):
        raise ConfigError(name, values, "must be an object of settings")
    known = [spec.name for spec in dataclasses.fields(SECTIONS[name])]
    for key in values:
        if key not in known:
            raise ConfigError(f"{name}.{key}", values[key], f"must be one of {', '.join(known)}")
    return SECTIONS[name](**values)


def _known_field(dotted: str) -> tuple[str, str]:
    section, _, name = str(dotted).partition(".")
    known = SECTIONS.get(section)
    if known is None or name not in [spec.name for spec in dataclasses.fields(known)]:
        raise ConfigError(
            str(dotted), dotted, "must be section.field, e.g. scene.contrast or selection.passes"
        )
    return section, name


def setting(dotted: str) -> dataclasses.Field:
    """The field behind a dotted name: its default, and label, help and limits as metadata."""
    section, name = _known_field(dotted)
    return next(s for s in dataclasses.fields(SECTIONS[section]) if s.name == name)


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


def article() -> RunConfig:
    """The article's experiment: its network and its loop, on its distribution.

    Its batches (10 while warming up, then 50) and whole epochs come from the article; the
    bugs listed in docs/decisions.md do not.
    """
    return RunConfig(
        network=NetworkConfig(
            kind="article", filters=16, learning_rate=0.001, batch=50, warmup_batch=10,
            predict_batch=32, augment=False,
            invert=False, average=0.0, decay_steps=0,
        ),
        selection=SelectionConfig(train_until="epoch", idle_epochs=True),
    )


def compact() -> RunConfig:
    """The whole experiment at full size with a network made for CPUs; the default."""
    return RunConfig()


def quick() -> RunConfig:
    """A first look: a quarter of the pixels, a fifth of the pairs."""
    return RunConfig(
        scene=SceneConfig(size=64, radius_min=8.0, radius_max=16.0),
        selection=SelectionConfig(n_pool=2_000),
        evaluation=EvaluationConfig(n_held_out=2_000),
    )


PRESETS = {"quick": quick, "compact": compact, "article": article}


def preset(name: str) -> RunConfig:
    """The preset of that name, or a `ConfigError` that lists them."""
    if name not in PRESETS:
        raise ConfigError("preset", name, f"must be one of {', '.join(PRESETS)}")
    return PRESETS[name]()


def preset_of(config: RunConfig) -> str:
    """Name of the preset that differs from `config` in seeds only, else ``"custom"``."""
    for name, build in PRESETS.items():
        if dataclasses.replace(build(), seeds=config.seeds) == config:
            return name
    return "custom"
