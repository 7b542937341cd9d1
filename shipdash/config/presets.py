"""Settings that belong together, by name. Everything in a preset can be changed."""

from __future__ import annotations

import dataclasses

from shipdash.config.base import ConfigError
from shipdash.config.run import RunConfig
from shipdash.config.settings import (
    EvaluationConfig,
    NetworkConfig,
    SceneConfig,
    SelectionConfig,
    SourceConfig,
)


def article() -> RunConfig:
    """The article's experiment: its network and its loop, on its distribution.

    Its batches (10 while warming up, then 50) and whole epochs come from the article; the
    bugs listed in docs/experiment.md do not.
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


def own(source: SourceConfig, *, n_pool: int, n_held_out: int) -> RunConfig:
    """A data set of one's own: the compact network, and a loop that no pair can hold up.

    How the numbers were chosen is in docs/decisions.md. Polarity stays as it is: real pictures are
    rarely their own negatives.
    """
    return RunConfig(
        source=source,
        network=NetworkConfig(invert=False),
        selection=SelectionConfig(n_pool=n_pool, first=min(11, n_pool), acceptance="iou",
                                  precision=0.75, set_aside_after=50),
        evaluation=EvaluationConfig(n_held_out=n_held_out),
    )


def own_of(config: RunConfig) -> RunConfig:
    """The preset `own` of a run's data set, with as many of its pairs as the run asks for."""
    return own(config.source, n_pool=config.selection.n_pool,
               n_held_out=config.evaluation.n_held_out)


PRESETS = {"quick": quick, "compact": compact, "article": article}
"""Those that need no data set; `own` has one of its own."""


def preset(name: str) -> RunConfig:
    """The preset of that name, or a `ConfigError` that lists them."""
    if name not in PRESETS:
        raise ConfigError("preset", name, f"must be one of {', '.join(PRESETS)}")
    return PRESETS[name]()


def presets_for(config: RunConfig) -> dict[str, RunConfig]:
    """The presets that a run may have started from, by name: a data set has one of its own."""
    if config.source.kind == "files":
        return {"own": own_of(config)}
    return {name: build() for name, build in PRESETS.items()}


def preset_of(config: RunConfig) -> str:
    """Name of the preset that differs from `config` in seeds only, else ``"custom"``.

    ``"own"`` is that of any data set, with as many of its pairs as are asked for.
    """
    return next((name for name, start in presets_for(config).items()
                 if dataclasses.replace(start, seeds=config.seeds) == config), "custom")
