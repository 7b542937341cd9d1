"""What records add up to: small tables and named tuples, one per figure or sentence.

Nothing here draws or reads a file, and no colour or widget is known.
"""

from shipdash.analysis.arms import (
    ARMS,
    EQUAL_UPDATES,
    MORE,
    SAME,
    STREAMING,
    UNTIL_SCORE,
    ArmRun,
    arm_label,
    arm_run,
    arm_table,
    arms_shown,
    of_variant,
)
from shipdash.analysis.arms_so_far import arms_so_far, so_far_finding, two_networks
from shipdash.analysis.at_a_glance import (
    Line,
    budget_line,
    certificate_line,
    factor_line,
    tail_line,
    typical_line,
)
from shipdash.analysis.by_factor import FACTORS, factor_finding, failing_by_factor
from shipdash.analysis.certificate import certificate_of
from shipdash.analysis.compare import common_curve, differing, labels, replicas, sizes_finding
from shipdash.analysis.core_against_random import (
    across_finding,
    across_table,
    arm_row,
    arms_finding,
    arms_title,
    differences_title,
    rival_tests,
)
from shipdash.analysis.cost import cost_finding, cost_table, full_epochs
from shipdash.analysis.growth import growth_finding, growth_law, growth_table, growth_words
from shipdash.analysis.intervals import wilson
from shipdash.analysis.orders import fan_finding, fan_table, folds_finding, folds_table
from shipdash.analysis.overlap import overlap_finding, overlap_matrix, overlap_table
from shipdash.analysis.passes import passes_finding, passes_table
from shipdash.analysis.planted import (
    distinct_answer,
    distinct_finding,
    judged,
    noise_answer,
    noise_finding,
)
from shipdash.analysis.precision_slope import precision_slope, slope_words
from shipdash.analysis.progressive_validation import progressive
from shipdash.analysis.random_curve import curve_table, worth_table, worth_words
from shipdash.analysis.run import (
    RATE_WINDOW,
    Curve,
    Progress,
    core_table,
    discarded_table,
    finding,
    pair_history,
    progress,
    rejection_rate,
    selection_curve,
    training_trace,
)
from shipdash.analysis.scores import distribution, ecdf, factor_rates, measures, same_rate
from shipdash.analysis.share_below_iou import (
    PairIous,
    medians_table,
    pair_ious,
    share_below_table,
    tail_and_typical,
)
from shipdash.analysis.sweep import (
    FAILING,
    POINT_COLUMNS,
    STALLED,
    acceptance_bands,
    completed,
    ordered_counts,
    sweep_curve,
    sweep_finding,
    sweep_points,
    trade_off,
    trade_off_finding,
)
from shipdash.analysis.time_estimate import Estimate, arms_estimate, estimate
from shipdash.analysis.update_budget import budget_table, budget_tests, budget_title
from shipdash.analysis.verdict_rates import rates_of, rates_words
