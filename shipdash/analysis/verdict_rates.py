"""How often a verdict of so many runs is wrong without an effect, and what it finds, from a table.

Nothing is simulated here: `benchmarks.simulated_studies` does that, and `python -m
benchmarks.verdict_rates` keeps the table that is read.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from shipdash.analysis.difference import FEWEST_RUNS, amount, n_sets, units

ONE_SELECTION, A_SELECTION_A_RUN = "one selection", "a selection a run"
"""Designs of the table: the runs on selected pairs share one core set, or have one each."""


class Rates(NamedTuple):
    """Shares of simulated studies with a verdict, lowest and highest over what is the set's part
    of the variance between runs, which no single study knows."""

    n_runs: int  # of each arm in the simulated studies: as many as here, or the next fewer
    n_studies: int
    false: tuple[float, float]  # without an effect
    found: dict[float, tuple[float, float]]  # by effect, in standard deviations of random runs


def rates_of(table: pd.DataFrame, core: pd.Series, random: pd.Series) -> Rates | None:
    """The rates of the plan of two rows of `arm_table`; None for fewer runs than a verdict needs.

    Parameters
    ----------
    table : DataFrame
        design, n_runs, share_of_set, effect, n_studies and separated: one row a simulation.
    """
    n = int(min(core["n_runs"], random["n_runs"]))
    design = A_SELECTION_A_RUN if n_sets(core) > 1 else ONE_SELECTION
    rows = table[(table["design"] == design) & (table["n_runs"] <= n)]
    if n < FEWEST_RUNS or rows.empty:
        return None
    rows = rows[rows["n_runs"] == rows["n_runs"].max()]
    ends = {float(effect): (float(part.min()), float(part.max()))
            for effect, part in rows.groupby("effect")["separated"]}
    return Rates(int(rows["n_runs"].iloc[0]), int(rows["n_studies"].min()), ends.pop(0.0), ends)


def rates_words(rates: Rates, random: pd.Series) -> str:
    """False positive rate and power in two sentences.

    An effect is given in points of the failure rate too, as far as the spread of the random runs
    is known.
    """
    sd = units(random, "share_failing").sd
    found = "; ".join(f"a difference of {effect:g} standard deviations{_points(effect * sd)} is "
                      f"found in {_share(ends)} of studies"
                      for effect, ends in rates.found.items())
    return (f"False positives and power, from simulated studies with {rates.n_runs} runs of each "
            f"arm (at least {rates.n_studies:,} for each share of the variance that is due to the "
            "set of pairs): without a true difference, "
            f"{_share(rates.false)} of studies claim one in a measure, and in one of two measures "
            "at most twice as many. "
            f"In units of the spread between random runs: {found}.")


def _share(ends: tuple[float, float]) -> str:
    low, high = (f"{100 * end:.1f}" for end in ends)
    return f"{low}%" if low == high else f"{low} to {high}%"


def _points(value: float) -> str:
    return f" ({amount(value, 'share_failing')})" if value == value else ""
