"""Confidence intervals of a share, by name. SciPy computes them.

SciPy's statistics take half a second to import, which the first page must not wait for: they are
imported where they are used, here and in the modules beside.
"""

from __future__ import annotations


def wilson(n_found: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, J. Am. Stat. Assoc. 22, 1927); [0, 1] of nothing."""
    return _interval(n_found, n, 0.95, "wilson")


def clopper_pearson(n_found: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval of a share (Clopper and Pearson, Biometrika 26, 1934)."""
    return _interval(n_found, n, confidence, "exact")


def _interval(n_found: int, n: int, confidence: float, method: str) -> tuple[float, float]:
    from scipy.stats import binomtest

    if not n:
        return 0.0, 1.0
    found = binomtest(int(n_found), int(n)).proportion_ci(confidence, method)
    return float(found.low), float(found.high)
