"""Pairs chosen by what a network has scored or seen of the pool: the field's one-shot methods.

It computes no score. Each method is the published rule with the published constants; none was
tuned on this project's pools.
"""

from __future__ import annotations

import numpy as np

HARDEST_CUT = 0.3
"""Share of the hardest pairs that coverage-centric selection leaves out: `--mis-ratio 0.3` of the
authors' commands for keeping 10 % of CIFAR-10 and of ImageNet (the README of their repository,
haizhongzheng/Coverage-centric-coreset-selection). They raise it with the pruning rate (0.2 where
20 % of ImageNet are kept) and publish none for keeping 1 %; so 30 % is their value at the highest
rate that they give, and not one found for a core set of this size."""

N_STRATA = 50
"""Ranges of score that coverage-centric selection draws from, as in the paper's program."""


def hardest(score: np.ndarray, k: int, chance: np.random.Generator) -> np.ndarray:
    """Places of the `k` highest scores, the highest first; equal scores in random order.

    With EL2N as the score: Paul, Ganguli and Dziugaite, NeurIPS 2021. With the number of forgetting
    events: Toneva et al., ICLR 2019.

    >>> hardest(np.array([0.1, 0.9, 0.5]), 2, np.random.default_rng(0))
    array([1, 2])
    """
    shuffled = chance.permutation(len(score))
    return shuffled[np.argsort(-score[shuffled], kind="stable")][:k]


def never_learnt_first(n_forgotten: np.ndarray) -> np.ndarray:
    """Forgetting events as a score: a pair that never passed counts more than any other.

    `n_forgotten` is -1 for these (Toneva et al. let their number be infinite).

    >>> never_learnt_first(np.array([0, -1, 2]))
    array([ 0., inf,  2.])
    """
    return np.where(n_forgotten < 0, np.inf, n_forgotten)


def coverage_centric(score: np.ndarray, k: int, chance: np.random.Generator, *,
                     cut: float = HARDEST_CUT, n_strata: int = N_STRATA) -> np.ndarray:
    """Places of `k` pairs spread over the scores (CCS: Zheng, Liu, Lai and Prakash, ICLR 2023).

    The hardest share `cut` is left out. The rest is divided into ranges of score of equal width,
    each of which gets an equal part of what is left of `k`, those with fewest pairs first; a range
    that has fewer pairs than its part gives all of them. The parts are those of the authors'
    program. It cuts by the area under the margin (AUM), whatever the score that it spreads over;
    that margin is one between classes, so here the cut is by the score itself.

    Parameters
    ----------
    score : float array, shape (n,)
        High is hard.
    k : int
        At most n; where the pairs that are left are fewer than `k`, so much less is cut.
    """
    n_left = max(k, len(score) - int(cut * len(score)))
    left = hardest(-score, n_left, chance)
    edges = np.linspace(score[left].min(), score[left].max(), n_strata + 1)[1:-1]
    stratum = np.searchsorted(edges, score[left], side="right")
    strata = [left[stratum == s] for s in np.unique(stratum)]
    strata.sort(key=len)
    taken, wanted = [], k
    for n_before, members in enumerate(strata):
        part = min(len(members), wanted // (len(strata) - n_before))
        taken.append(chance.permutation(members)[:part])
        wanted -= part
    return chance.permutation(np.concatenate(taken))


def k_centre(features: np.ndarray, k: int, chance: np.random.Generator) -> np.ndarray:
    """Places of `k` pairs, each the farthest from all before it; the first one is random.

    The greedy 2-approximation of the k-centre problem (Gonzalez, Theor. Comput. Sci. 38, 1985),
    as Sener and Savarese (ICLR 2018) chose core sets, without a labelled set to start from.

    Parameters
    ----------
    features : float array, shape (n, d)

    >>> k_centre(np.array([[0.0], [1], [10]]), 2, np.random.default_rng(0))[1:]
    array([0])
    """
    chosen = [int(chance.integers(len(features)))]
    nearest = np.full(len(features), np.inf)
    while len(chosen) < k:
        nearest = np.minimum(nearest, ((features - features[chosen[-1]]) ** 2).sum(axis=1))
        nearest[chosen] = -1.0  # equal features: a pair is chosen once all the same
        chosen.append(int(np.argmax(nearest)))
    return np.array(chosen)
