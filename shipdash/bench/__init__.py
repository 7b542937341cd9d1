"""``python -m shipdash bench``: where the time goes, as medians, ratios and matrix products.

It computes no result of an experiment. TensorFlow and the browser work in processes of their own,
started from the programs in ``benchmarks/``; this package asks them, adds up and stores.
"""

from shipdash.bench.child import BenchError
from shipdash.bench.report import Report, Row, table
from shipdash.bench.sections import SECTIONS, measured
from shipdash.bench.stored import RESULTS, keep, reports

__all__ = ["RESULTS", "SECTIONS", "BenchError", "Report", "Row", "keep", "measured", "reports",
           "table"]
