"""The preset for a stored data set, with all of its pairs. No pair is drawn here."""

from __future__ import annotations

import numpy as np

from shipdash.config import ConfigError, RunConfig, SourceConfig, own
from shipdash.data import files
from shipdash.data.chance import SPLIT_KEYS


def own_config(name: str) -> RunConfig:
    """The run on a data set: every pool pair in the stream, every held-out pair scored.

    Raises
    ------
    ConfigError
        No data set of that name is stored, or it has no pair in its pool.
    """
    folder = files.root() / name
    manifest = files.read_manifest(folder)
    splits = np.load(folder / "split.npy", allow_pickle=False)
    n_pool, n_held_out = (int(np.count_nonzero(splits == SPLIT_KEYS[split]))
                          for split in ("pool", "held_out"))
    if not n_pool:
        raise ConfigError("source.name", name, "must name a data set with pairs in its pool")
    source = SourceConfig(kind="files", name=name, fingerprint=manifest["fingerprint"][:16],
                          rows=manifest["rows"], cols=manifest["cols"])
    return own(source, n_pool=n_pool, n_held_out=n_held_out)
