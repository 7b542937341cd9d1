"""How the core set grows with the pool: a power law and its rival, fitted to recorded runs.

It starts no run: `python -m benchmarks.growth` does, and writes the table that is read here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from shipdash.analysis.difference import LEVEL, p_words
from shipdash.counted import counted

FEWEST_SIZES = 4
"""Pool sizes without which no law is fitted: two coefficients, and as many left to judge them."""

ASKED = 10**8
"""Pairs for which the core set is predicted."""


class Fit(NamedTuple):
    """A straight line through the runs on the scales of one law, with 95 % intervals.

    `residuals` are the runs' core sizes minus the law's, in pairs: one a row of the table. So laws
    that were fitted on different scales are compared on one, which is the logarithm's own.
    """

    name: str  # "power law": log core ~ log pool; "logarithm": core ~ log pool
    slope: float  # of a power law its exponent; else pairs per factor e of the pool
    low: float
    high: float
    residuals: np.ndarray  # float64, (n,)
    rms: float  # root mean square of the residuals
    at: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
    """Core size at pools, with the ends of the 95 % interval of one further run."""


class Bend(NamedTuple):
    """The power law with a term in the square of the pool's logarithm."""

    p_value: float  # of the term, two-sided
    upward: bool  # the exponent grows with the pool
    asked: float  # core size at `ASKED`


class Law(NamedTuple):
    """What the table says of growth; `better` is the fit with the smaller residuals."""

    power: Fit
    logarithm: Fit
    bend: Bend
    n_runs: int

    @property
    def better(self) -> Fit:
        """The power law, unless a logarithm leaves smaller residuals."""
        return self.power if self.power.rms <= self.logarithm.rms else self.logarithm


def growth_table(path: Path) -> pd.DataFrame:
    """What `python -m benchmarks.growth` wrote, smallest pools first; with `products`, the seconds
    in matrix products of that hour."""
    table = pd.read_csv(path).sort_values(["n_pool", "seed"], ignore_index=True)
    return table.assign(products=table["select_s"] / table["product_s"])


def growth_law(table: pd.DataFrame) -> Law | None:
    """Both laws fitted to every run; None for fewer pool sizes than `FEWEST_SIZES`.

    Parameters
    ----------
    table : DataFrame
        n_pool and n_core: one row a run.
    """
    n_sizes = table["n_pool"].nunique()
    if n_sizes < FEWEST_SIZES:
        return None
    x = np.log(table["n_pool"].to_numpy(float))
    core = table["n_core"].to_numpy(float)
    return Law(_fit("power law", x, np.log(core), np.exp), _fit("logarithm", x, core, np.asarray),
               _bend(x, np.log(core)), len(table))


def _fit(name: str, x: np.ndarray, y: np.ndarray, back: Callable) -> Fit:
    """Least squares; `back` turns `y` into a core size.

    The interval of a further run is the usual one of a regression line (Draper and Smith, Applied
    Regression Analysis, 1998, section 3.1).
    """
    from scipy import stats

    line = stats.linregress(x, y)
    n, t = len(x), float(stats.t.ppf(0.975, len(x) - 2))
    sd = math.sqrt(float(np.sum((y - line.intercept - line.slope * x) ** 2)) / (n - 2))
    spread = float(np.sum((x - x.mean()) ** 2))

    def at(pools: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        there = np.log(np.asarray(pools, float))
        middle = line.intercept + line.slope * there
        half = t * sd * np.sqrt(1 + 1 / n + (there - x.mean()) ** 2 / spread)
        return back(middle), back(middle - half), back(middle + half)

    residuals = back(y) - back(line.intercept + line.slope * x)
    return Fit(name, float(line.slope), float(line.slope - t * line.stderr),
               float(line.slope + t * line.stderr), residuals,
               float(np.sqrt(np.mean(residuals ** 2))), at)


def _bend(x: np.ndarray, y: np.ndarray) -> Bend:
    """Least squares again; the term's t test has three degrees of freedom less than runs."""
    from scipy import stats

    found, covariance = np.polyfit(x - x.mean(), y, 2, cov=True)
    error = math.sqrt(covariance[0, 0])
    return Bend(float(2 * stats.t.sf(abs(found[0]) / error, len(x) - 3)) if error else 1.0,
                bool(found[0] > 0), float(np.exp(np.polyval(found, math.log(ASKED) - x.mean()))))


def growth_finding(law: Law) -> str:
    """What a tenfold pool does to the core set, as a title."""
    if law.better is law.power:
        return ("The core set grows as the pool's size to the power of "
                f"{law.power.slope:.2f}: ten times the pairs, {10 ** law.power.slope:.1f} times "
                "the core set")
    return ("The core set grows with the logarithm of the pool: ten times the pairs, "
            f"{law.logarithm.slope * math.log(10):.0f} core pairs more")


def growth_words(table: pd.DataFrame, law: Law) -> str:
    """The runs, both laws with intervals and residuals, what each predicts, and what else changes.

    Parameters
    ----------
    table : DataFrame
        n_pool, seed, n_core, share_failing, n_backward, products and peak_mb: one row a run.
    """
    sizes = table.groupby("n_pool")["seed"].nunique()
    runs = ", ".join(f"{n:,} ({counted(count, 'run')})"
                     for n, count in sizes.items())
    power, rival = law.power, law.logarithm
    return (f"Measured: pools of {runs}; a run's seed is that of pool, order and model, and a "
            "larger pool of the same seed contains the smaller one. "
            f"Power law: exponent {power.slope:.3f} (95% interval {power.low:.3f} to "
            f"{power.high:.3f}), residuals {power.rms:,.0f} core pairs in the root mean square; "
            f"logarithm: {rival.rms:,.0f}. For {ASKED:,} pairs, far beyond what was measured, the "
            f"power law predicts a core set of {_range(power)}, the logarithm one of "
            f"{_range(rival)}. {_bend_words(law.bend)}{_from_end_to_end(table)}")


def _bend_words(bend: Bend) -> str:
    """What the intervals leave out: nested pools, and a law that need not hold."""
    bends = ("" if bend.p_value >= LEVEL else
             f"On these scales the growth bends {'upward' if bend.upward else 'downward'} "
             f"({p_words(bend.p_value)}); a law with that bend predicts {bend.asked:,.0f}. ")
    return (f"{bends}Pools of one seed are not independent, so the intervals are too narrow, and "
            "that of the prediction holds only if its law does. ")


def _from_end_to_end(table: pd.DataFrame) -> str:
    """Medians at the smallest and at the largest pool."""
    columns = ["share_failing", "n_backward", "products", "peak_mb"]
    medians = table.groupby("n_pool")[columns].median()
    few, many = medians.iloc[0], medians.iloc[-1]
    # A run whose result was only read has neither.
    more = [words for name, words in (
        ("products", f"the time from {few.products:,.0f} to {many.products:,.0f} products of two "
         "2,048 x 2,048 matrices"),
        ("peak_mb", f"peak memory from {few.peak_mb / 1000:.1f} to {many.peak_mb / 1000:.1f} GB"),
    ) if few[name] == few[name] and many[name] == many[name]]
    first, *rest = [f"failing held-out pairs go from {few.share_failing:.2%} to "
                    f"{many.share_failing:.2%}", "training images from "
                    f"{few.n_backward:,.0f} to {many.n_backward:,.0f}", *more]
    return (f"From {medians.index[0]:,} to {medians.index[-1]:,} pairs (medians), "
            f"{', '.join([first, *rest[:-1]])}, and {rest[-1]}.")


def _range(fit: Fit) -> str:
    middle, low, high = (float(end) for end in fit.at(ASKED))
    return f"{middle:,.0f} ({max(low, 0):,.0f} to {high:,.0f})"
