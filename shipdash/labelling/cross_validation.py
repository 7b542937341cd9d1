"""Each pair predicted by a network that was trained without it, and how well its mask fits.

The networks are trained from scratch for a fixed number of steps. Nothing is stored or ranked here;
TensorFlow starts only with the learner that is passed in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import NamedTuple

import numpy as np

from shipdash.config import ArmConfig, RunConfig
from shipdash.data.seeded_random import FOLDS, generator
from shipdash.data.source import Source
from shipdash.labelling.same_images import alike
from shipdash.learning import metrics
from shipdash.learning.arm_training import ArmState, train_arm
from shipdash.learning.evaluation import predicted
from shipdash.learning.label_quality import soft_minimum
from shipdash.learning.learner import Learner
from shipdash.records import Trained


class Fold(NamedTuple):
    """Pool numbers that one network predicts, and those that it is trained on."""

    tested: list[int]
    trained: list[int]


def folds(source: Source, pairs: Sequence[int], beside: Sequence[int], k: int, seed: int
          ) -> list[Fold]:
    """`pairs` in `k` random parts of nearly equal size, each to be predicted without itself.

    A part is predicted after training on the other parts and on the pairs `beside`. Pairs that
    repeat one image to the pixel are never on both sides.

    Parameters
    ----------
    source : Source
        Asked which pairs repeat which; see `same_images`.
    pairs, beside : sequences of int
        Pool numbers without one in common.
    k : int
        From 2 to the number of distinct `pairs`.
    seed : int
    """
    origin = dict(alike(source, [*pairs, *beside]))
    distinct = np.unique([origin[i] for i in pairs])
    found = []
    for part in np.array_split(generator(seed, FOLDS).permutation(distinct), k):
        part = set(part.tolist())
        found.append(Fold([i for i in pairs if origin[i] in part],
                          [i for i in (*pairs, *beside) if origin[i] not in part]))
    return found


def train(source: Source, learner: Learner, config: RunConfig, fold: Fold, n_steps: int,
          number: int, on_steps: Callable[[int], None] = lambda n_done: None) -> None:
    """Train a network from scratch on one fold.

    Parameters
    ----------
    source : Source
    learner : Learner
        Of the run's network and size; it is seeded anew.
    config : RunConfig
        Batch, rules and seeds are used.
    fold : Fold
    n_steps : int
        Training steps.
    number : int
        Of the fold, from 0: each network has a seed of its own.
    on_steps : callable
        Hears how many steps are done and may raise to stop.
    """
    seed = (config.seeds.model + number) % 2**32
    learner.reseed(seed)
    asked = dataclasses.replace(
        config, seeds=dataclasses.replace(config.seeds, model=seed),
        arm=ArmConfig(kind="random", source=config.digest, n_steps=n_steps))
    state = ArmState()
    for event in train_arm(source, learner, asked, fold.trained, state):
        if isinstance(event, Trained):
            on_steps(state.n_steps)


def judged(source: Source, learner: Learner, pairs: Sequence[int]) -> dict[str, np.ndarray]:
    """What a network that was trained without them makes of pairs.

    Returns
    -------
    dict of str -> array
        ``index``: int64 (n,), pool numbers. ``iou``: float64 (n,), of the prediction and the mask.
        ``softmin``: float64 (n,), see `learning.label_quality`. ``bits``: the predicted masks, one
        bit a pixel, uint8 (n, rows, cols / 8).
    """
    parts = []
    with closing(predicted(source, learner, np.array(pairs, np.int64))) as found:
        for block, _, masks, probability in found:
            parts.append({"index": block, **scores(masks, probability),
                          "bits": np.packbits(probability > metrics.MASK_THRESHOLD, axis=2)})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def scores(masks: np.ndarray, probability: np.ndarray) -> dict[str, np.ndarray]:
    """Both measures of how well masks fit predictions, smaller where they fit worse."""
    return {"iou": metrics.iou(metrics.counts(masks, probability)),
            "softmin": soft_minimum(masks, probability)}
