"""How much of the contrast a stem passes before any training, for many model seeds.

    python -m benchmarks.recipe_signal --stem "algorithm 2" --models 1-1000

Rows are appended to benchmarks/results/recipe/signal.csv; nothing is trained here.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import keras
import numpy as np

from benchmarks.recipe import RESULTS, append, numbers, rows_of
from benchmarks.recipe_stems import STEMS
from shipdash.config import SceneConfig

N_PIXELS = 4096  # of either class: the signal is then known to some 5 %
FILTERS = 8  # of the presets


class Signal(NamedTuple):
    """The squared Mahalanobis distance between low and high pixels after the stem (Fisher's linear
    discriminant, 1936): what a linear layer can still see; 4.0 for the raw pixel."""

    stem: str
    model: int
    signal: float
    n_dead: int  # features that are the same on every pixel


def measure(stem: str, model: int, pixels: np.ndarray) -> Signal:
    """Build the stem from this seed alone, as a learner does, and look at its features."""
    keras.utils.set_random_seed(model)
    inputs = keras.Input((N_PIXELS, 1, 3))
    features = keras.Model(inputs, STEMS[stem](inputs, FILTERS))(pixels)
    low, high = np.asarray(features, np.float64)[:, :, 0]
    noise = (np.cov(low.T) + np.cov(high.T)) / 2
    apart = high.mean(0) - low.mean(0)
    dead = (np.vstack([low, high]).std(0) < 1e-3).sum()
    return Signal(stem, model, round(float(apart @ np.linalg.pinv(noise) @ apart), 3), int(dead))


def two_classes() -> np.ndarray:
    """Pixels of the low and of the high side: float32, (2, n, 1, 3)."""
    scene = SceneConfig()
    pixels = np.random.default_rng(1).random((2, N_PIXELS, 1, 3), np.float32)
    return pixels * np.float32(scene.noise) + np.float32([0, scene.contrast]).reshape(2, 1, 1, 1)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stem", choices=STEMS, required=True)
    parser.add_argument("--models", default="1-1000", metavar="1-60,121")
    args = parser.parse_args()
    table, pixels = RESULTS / "signal.csv", two_classes()
    there = {(r["stem"], int(r["model"])) for r in rows_of(table)}
    for model in numbers(args.models):
        if (args.stem, model) not in there:
            append(table, measure(args.stem, model, pixels))


if __name__ == "__main__":
    main()
