"""How well factor-matched random pairs copy the factors of the recorded core set.

    python -m benchmarks.matched_factors --keep    # benchmarks/results/matched-factors.csv

No network: the pairs of the three draws are chosen as for the arm *matched*, and counted.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import pandas as pd

from benchmarks.child import ROOT
from benchmarks.kept_runs import RECORDED
from shipdash.analysis.by_factor import FACTORS, GAP, groups_of
from shipdash.data import matched, open_source
from shipdash.runs import Store
from shipdash.runs.tasks import open_task
from shipdash.studies import arms

RUN = "66d3046a0d05e381"  # the recorded selection of the compact preset
STORED = ROOT / "benchmarks" / "results" / "matched-factors.csv"


def table(run_id: str = RUN) -> pd.DataFrame:
    """One row a set of pairs: the pool, the core set, and each draw that copies it.

    Returns
    -------
    DataFrame
        pairs (``pool``, ``core`` or ``matched``), draw (0 of the first two), ``place_`` and the
        factor: 1 for the factor that was matched first, 0 for those that were not; ``distance_``
        and the factor: the Kolmogorov-Smirnov distance from the core set, 0 to 1; and how many
        pairs are in each group of the gap.
    """
    shipped = Store(RECORDED, recorded=True)
    config, result = shipped.config(run_id), shipped.result(run_id)
    source, core = open_source(config), np.asarray(result.core)
    rest = np.setdiff1d(np.arange(source.n), core)
    planned = arms.plan(run_id, config, result, names=["matched"], stops=["steps"])
    sets = {("pool", 0): np.arange(source.n), ("core", 0): core}
    sets |= {("matched", arm.arm.draw): np.asarray(open_task(shipped, arm).core)
             for arm in planned}
    factors = [source.factors(i) for i in range(source.n)]
    names, numbers = matched.columns_of(factors)
    found = matched.telling_factors(numbers[core], numbers[rest])
    places = {names[f.column]: n for n, f in enumerate(found, start=1)}
    groups = groups_of(pd.Series([f.gap_px for f in factors], name=GAP))
    rows = []
    for (pairs, draw), members in sets.items():
        apart = {name: matched.distance(numbers[core, names.index(name)],
                                        numbers[members, names.index(name)], np.ones(len(members)))
                 for name in FACTORS if name in names}
        rows.append({"pairs": pairs, "draw": draw}
                    | {f"place_{name}": places.get(name, 0) for name in apart}
                    | {f"distance_{name}": value for name, value in apart.items()}
                    | groups.iloc[members].value_counts(sort=False).to_dict())
    return pd.DataFrame(rows)


def main(argv: list[str] | None = None) -> int:
    """Print the table; keep it where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--keep", action="store_true", help="write it where the documents cite it")
    args = parser.parse_args(argv)
    found = table()
    print(found.T.to_string())
    if args.keep:
        found.to_csv(STORED, index=False, float_format="%.6g")
    return 0


if __name__ == "__main__":
    sys.exit(main())
