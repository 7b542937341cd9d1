"""Pairs of an image and its mask: where they come from, and which of them a run learns from."""

from __future__ import annotations

from shipdash.config import ALGORITHM, ConfigError, PlantedConfig, RunConfig
from shipdash.data import files
from shipdash.data.planted import PlantedSource
from shipdash.data.scene import SceneSource
from shipdash.data.source import Source

__all__ = ["N_PROBE", "open_source"]

N_PROBE = 8
"""Probe pairs that a run is watched on: as many as fit side by side on a projector, and no more
than one prediction batch of a preset holds."""


def open_source(config: RunConfig, split: str = "pool", n: int | None = None, *,
                algorithm: int = ALGORITHM) -> Source:
    """The pairs that a run's settings ask for.

    Parameters
    ----------
    config : RunConfig
    split : str
        ``pool``, ``held_out`` or ``probe``. Repeats and wrong masks are planted in the pool alone,
        so that held-out pairs measure the truth.
    n : int, optional
        How many; by default as many as the settings ask for of that split, and `N_PROBE` probe
        pairs or as many as there are.
    algorithm : int
        The version that drew the pairs first: an old run's pictures are drawn as they were.

    Raises
    ------
    ConfigError
        The data set is not here, is another than the settings name, has too few pairs or no masks;
        or an older version planted wrong masks by another rule.
    """
    if n is None:
        n = {"pool": config.selection.n_pool, "held_out": config.evaluation.n_held_out,
             "probe": N_PROBE}[split]
        if split == "probe" and config.source.kind == "files":
            n = min(n, files.n_stored(config.source.name, split))
    if config.source.kind == "files":
        files.require_labels(config.source.name)
        source = files.FileSource(config.source, n=n, split=split)
    else:
        source = SceneSource(config.scene, seed=config.seeds.pool, n=n, split=split,
                             edges=algorithm >= 3)
    if split != "pool" or config.planted == PlantedConfig():
        return source
    if algorithm < 3 and config.planted.label_noise:
        raise ConfigError("planted.label_noise", config.planted.label_noise, "cannot be drawn "
                          "again for a run of a version before 0.3.0, which moved masks by another "
                          "rule")
    return PlantedSource(source, config.planted, config.seeds.pool)
