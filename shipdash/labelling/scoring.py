"""Scores of images by the networks of finished runs; TensorFlow starts here, in the job alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from shipdash.config import RunConfig
from shipdash.data import open_source
from shipdash.data.seeded_random import UNRANKED, generator
from shipdash.data.source import Source
from shipdash.learning import metrics
from shipdash.learning.doubt import doubt_of, doubt_of_flips, entropy
from shipdash.learning.evaluation import blocks
from shipdash.learning.learner import Learner, open_learner
from shipdash.runs import RunCorrupt, Store


class Known(NamedTuple):
    """A run's network as selection left it, with those of other seeds and the core it learnt."""

    config: RunConfig
    learner: Learner
    others: list[Learner]
    scale: np.ndarray  # float32, (k,): the spread of each feature over the core
    core: Any  # SciPy's tree of the core's features over `scale`


def known(store: Store, run_id: str, others: tuple[str, ...]) -> Known:
    """The networks of these runs, restored from their last checkpoints.

    Raises
    ------
    RunCorrupt
        A checkpoint is missing or damaged.
    ConfigError
        The pairs of the run are not here any more.
    """
    from scipy.spatial import cKDTree

    config, learner = store.config(run_id), _restored(store, run_id)
    pool, core = open_source(config), store.result(run_id).core
    features = np.concatenate([learner.features(pool.draw(block)[0])
                               for block in blocks(core, pool.shape)])
    scale = features.std(axis=0)
    scale[scale == 0] = 1.0  # a feature that is the same in every core pair
    return Known(config, learner, [_restored(store, other) for other in others], scale,
                 cKDTree(features / scale))


def scored(by: Known, source: Source, indices: np.ndarray,
           on_block: Callable[[int], None] = lambda n_done: None) -> dict[str, np.ndarray]:
    """The scores of images, one array a score; a larger one is more doubt.

    Parameters
    ----------
    by : Known
    source : Source
        Of images as large as the run's.
    indices : int array, shape (n,)
        Numbers in `source`.
    on_block : callable
        Hears how many images are done and may raise to stop.

    Returns
    -------
    dict of str -> array
        ``index``: int64 (n,). ``flips``, ``seeds`` (only with runs of other seeds), ``entropy``,
        ``distance`` (to the nearest core pair, in spreads of the core's features), ``random``:
        float64 (n,). ``iou``: float64 (n,), against the masks of `source`. ``bits``: the
        predicted masks, one bit a pixel, uint8 (n, rows, cols / 8).
    """
    indices = np.asarray(indices, np.int64)
    parts: dict[str, list[np.ndarray]] = {}
    n_done = 0
    for block in blocks(indices, source.shape):
        for name, values in _of_block(by, *source.draw(block.tolist())).items():
            parts.setdefault(name, []).append(values)
        n_done += len(block)
        on_block(n_done)
    found = {name: np.concatenate(values) for name, values in parts.items()}
    chance = generator(by.config.seeds.model, UNRANKED)
    return {"index": indices, **found, "random": chance.random(len(indices))}


def _of_block(by: Known, images: np.ndarray, masks: np.ndarray) -> dict[str, np.ndarray]:
    probability = by.learner.predict(images)
    features = by.learner.features(images) / by.scale
    found = {"flips": doubt_of_flips(by.learner, by.config.network, images, probability),
             "entropy": entropy(probability), "distance": by.core.query(features)[0],
             "iou": metrics.iou(metrics.counts(masks, probability)),
             "bits": np.packbits(probability > metrics.MASK_THRESHOLD, axis=2)}
    if by.others:
        found["seeds"] = doubt_of(probability, [other.predict(images) for other in by.others])
    return found


def _restored(store: Store, run_id: str) -> Learner:
    config, stored = store.config(run_id), store.load_checkpoint(run_id)
    if stored is None:
        raise RunCorrupt(f"run {run_id} has no checkpoint, so its network is not known: delete "
                         "the run and start it again")
    learner = open_learner(config.network, shape=config.shape, seed=config.seeds.model)
    learner.set_state({name[2:]: value for name, value in stored[0].items()
                       if name.startswith("n/")})
    return learner
