"""Means over resampled pairs, and monotone fits: what intervals of the evidence are made of.

Not a table and not a sentence: `arms` and `random_curve` say what the numbers mean.
"""

from __future__ import annotations

import numpy as np

N_RESAMPLES = 2_000
"""Resamples of a bootstrap: the ends of a 95 % interval then rest on 50 each."""

SEED = 20_181_226
"""Of every bootstrap, so that a page shows the same interval each time it is opened."""

_CELLS = 2_000_000  # counts in memory at once: 16 MB


def resampled_means(values: np.ndarray, n_resamples: int = N_RESAMPLES,
                    seed: int = SEED) -> np.ndarray:
    """Means of each row over the same pairs, drawn again with replacement (Efron, 1979).

    Parameters
    ----------
    values : float or bool array, shape (n_rows, n_pairs), n_pairs at least 1
        One row a run, one column a held-out pair. Rows share every resample, so that differences
        of rows are paired.

    Returns
    -------
    float64 array, shape (n_resamples, n_rows)
    """
    values = np.asarray(values, np.float64)
    n_rows, n_pairs = values.shape
    rng, parts = np.random.default_rng(seed), []
    step = max(1, _CELLS // n_pairs)
    for start in range(0, n_resamples, step):
        n = min(step, n_resamples - start)
        # How often each pair is drawn: a multinomial count, faster by counting draws than drawn.
        drawn = rng.integers(n_pairs, size=(n, n_pairs)) + n_pairs * np.arange(n)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=n * n_pairs).reshape(n, n_pairs)
        parts.append(counts @ values.T / n_pairs)
    return np.concatenate(parts) if parts else np.zeros((0, n_rows))


def interval(draws: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """Percentile interval of the draws of a bootstrap; infinite draws may stand at its ends."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, (tail, 1 - tail), method="inverted_cdf")
    return float(low), float(high)


def monotone(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The non-decreasing values nearest to the given ones, in weighted squares.

    Pool adjacent violators (Ayer, Brunk, Ewing, Reid and Silverman, Ann. Math. Stat. 26, 1955).

    >>> monotone(np.array([1.0, 3.0, 2.0, 4.0]), np.ones(4)).tolist()
    [1.0, 2.5, 2.5, 4.0]
    """
    from scipy.optimize import isotonic_regression

    return isotonic_regression(values, weights=weights).x
