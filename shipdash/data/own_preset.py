"""The preset `own` for a stored data set, with all of its pairs. No pair is drawn here."""

from __future__ import annotations

from shipdash.config import ConfigError, RunConfig, own
from shipdash.data import files


def own_config(name: str) -> RunConfig:
    """The run on a data set: every pool pair in the stream, every held-out pair scored.

    Raises
    ------
    ConfigError
        No data set of that name is stored, or it has no pair in its pool or no masks.
    """
    manifest = files.read_manifest(files.folder_of(name))
    files.require_labels(name)
    n_pool, n_held_out = (files.n_stored(name, split) for split in ("pool", "held_out"))
    if not n_pool:
        raise ConfigError("source.name", name, "must name a data set with pairs in its pool")
    return own(files.asking_for(manifest), n_pool=n_pool, n_held_out=n_held_out)
