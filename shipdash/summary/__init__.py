"""What records add up to: small tables and named tuples, one per figure or sentence.

Nothing here draws or reads a file, and no colour or widget is known.
"""

from shipdash.summary.estimate import Estimate, estimate
from shipdash.summary.run import (
    RATE_WINDOW,
    Curve,
    Progress,
    core_table,
    differing,
    discarded_table,
    finding,
    pair_history,
    progress,
    rejection_rate,
    selection_curve,
    training_trace,
)
from shipdash.summary.scores import distribution, ecdf, factor_rates, measures, wilson

__all__ = [
    "RATE_WINDOW",
    "Curve",
    "Estimate",
    "Progress",
    "core_table",
    "differing",
    "discarded_table",
    "distribution",
    "ecdf",
    "estimate",
    "factor_rates",
    "finding",
    "measures",
    "pair_history",
    "progress",
    "rejection_rate",
    "selection_curve",
    "training_trace",
    "wilson",
]
