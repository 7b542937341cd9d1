"""Sweeps: grids of threshold and seeds as cached runs, worked off here or on a Dask cluster.

A sweep has no results of its own: its points are runs of the store, found by their settings.
"""

from shipdash.studies.sweep.folder import MISSING, Standing, Sweeps, state_of
from shipdash.studies.sweep.grid import (
    AXES,
    MOST_POINTS,
    SweepConfig,
    family,
    parse_seeds,
    parse_values,
    plan,
)
from shipdash.studies.sweep.work import Arrived, Workers, cancel, start, work, work_point, workers

__all__ = [
    "AXES",
    "MISSING",
    "MOST_POINTS",
    "Arrived",
    "Standing",
    "SweepConfig",
    "Sweeps",
    "Workers",
    "cancel",
    "family",
    "parse_seeds",
    "parse_values",
    "plan",
    "start",
    "state_of",
    "work",
    "work_point",
    "workers",
]
