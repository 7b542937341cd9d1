"""The core set in memory, and one training step or epoch on it.

Which pairs are in it, and when training is enough, is decided by the loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from shipdash.data.seeded_random import generator
from shipdash.learning.learner import Learner
from shipdash.learning.metrics import Counts


class CoreSet:
    """Pairs that a learner rehearses.

    Parameters
    ----------
    learner : Learner
    score : callable
        From pixel counts to the training score of each pair.
    seed : int
        Of the batches: step number and seed alone decide them, so that nothing need be stored.
    images, masks : arrays, shapes (n, rows, cols, 3) and (n, rows, cols)
        Of the pairs that are in it already.
    scores : list of float
        The last training score of each of them; changed in place.
    demanded : list of bool
        Whether training waits for each of them. All are rehearsed, those set aside too.
    """

    def __init__(self, learner: Learner, score: Callable[[Counts], np.ndarray], seed: int,
                 images: np.ndarray, masks: np.ndarray, scores: list[float],
                 demanded: list[bool]) -> None:
        self.learner, self.score, self.seed, self.demanded = learner, score, seed, demanded
        self.images, self.masks, self.scores = list(images), list(masks), scores

    def add(self, image: np.ndarray, mask: np.ndarray) -> None:
        """Take in one more pair; its score is 0 until it has been trained on."""
        self.images.append(image.copy())  # a view would keep its whole batch alive
        self.masks.append(mask.copy())
        self.scores.append(0.0)
        self.demanded.append(True)

    def mean_score(self) -> float:
        """Mean over the last scores of the demanded pairs; infinite where none is demanded."""
        scores = [self.scores[place] for place in self._demanded()]
        return float(np.mean(scores)) if scores else math.inf

    def least_known(self) -> int:
        """Place of the demanded pair with the lowest last score; of equal ones the first."""
        return min(self._demanded(), key=self.scores.__getitem__)

    def step(self, number: int, batch: int, *, with_newest: bool) -> tuple[int, float, float]:
        """Step `number`: a random handful, the newest pair among it if asked.

        Returns
        -------
        n_steps : int
            One.
        score : float
            The mean over the last scores of the demanded pairs.
        loss : float
        """
        n_newest = int(with_newest)
        newest = np.arange(len(self.scores) - n_newest, len(self.scores))
        others = self._shuffled(number, len(self.scores) - n_newest)
        if len(others):
            others = np.resize(others, batch - n_newest)
        _, loss = self._train_on(np.resize(np.append(newest, others), batch))
        return 1, self.mean_score(), loss

    def epoch(self, number: int, batch: int) -> tuple[int, float, float]:
        """Steps from `number` on with every pair once; the last batch is filled from the first.

        Returns
        -------
        n_steps : int
        score : float
            The mean over the epoch's batches, as the article takes it.
        loss : float
            Of the last step.
        """
        n_steps = -(-len(self.scores) // batch)
        order = np.resize(self._shuffled(number, len(self.scores)), n_steps * batch)
        results = [self._train_on(part) for part in np.split(order, n_steps)]
        return n_steps, float(np.mean([score for score, _ in results])), results[-1][1]

    def _train_on(self, which: np.ndarray) -> tuple[float, float]:
        """One step; the mean score of its batch, and its loss."""
        step = self.learner.train(
            np.stack([self.images[i] for i in which]), np.stack([self.masks[i] for i in which])
        )
        scores = self.score(step.counts)
        for i, score in zip(which.tolist(), scores.tolist(), strict=True):
            self.scores[i] = score
        return float(np.mean(scores)), step.loss

    def _demanded(self) -> list[int]:
        return np.flatnonzero(self.demanded).tolist()

    def _shuffled(self, number: int, n: int) -> np.ndarray:
        return generator(self.seed, number).permutation(n)
