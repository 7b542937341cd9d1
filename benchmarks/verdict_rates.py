"""How often the verdict on core against random is wrong without an effect, and its power.

    python -m benchmarks.verdict_rates            # some ten minutes
    python -m benchmarks.verdict_rates --keep     # and into shipdash/recorded/verdict-rates.csv

Not a measurement of networks: runs are drawn by `simulated_studies`. Give `--runs` and
`--effects` for the power of a study before it is run.
"""

from __future__ import annotations

import argparse
import itertools
import sys

import pandas as pd

from benchmarks import simulated_studies
from benchmarks.child import ROOT
from shipdash.analysis import wilson
from shipdash.analysis.verdict_rates import A_SELECTION_A_RUN, ONE_SELECTION

STORED = ROOT / "shipdash" / "recorded" / "verdict-rates.csv"
"""Beside the recorded runs, because a page shows it."""


def table(n_studies: int, n_without: int, runs: list[int], effects: list[float],
          seed: int) -> pd.DataFrame:
    """One row a design, share of the set's variance and effect: separated, with its 95 % ends.

    `n_without` studies are drawn where there is no effect, `n_studies` elsewhere. Every row has
    random numbers of its own (the seed and its place), so rows are independent.
    """
    rows = []
    for place, (own_sets, n, share, effect) in enumerate(itertools.product(
            (False, True), runs, simulated_studies.SHARES, effects)):
        drawn = n_studies if effect else n_without
        rate = simulated_studies.share_separated(drawn, n, share=share, effect=effect,
                                         own_sets=own_sets, seed=(seed, place))
        ends = wilson(round(rate * drawn), drawn)
        rows.append((A_SELECTION_A_RUN if own_sets else ONE_SELECTION, n, share, effect, drawn,
                     rate, *ends))
    return pd.DataFrame(rows, columns=["design", "n_runs", "share_of_set", "effect", "n_studies",
                                       "separated", "low", "high"])


def paired(selections: list[int], effects: list[float]) -> pd.DataFrame:
    """Exact power of the paired test over selections, the effect in SDs of the differences."""
    rows = [(n, effect, simulated_studies.paired_power(n, effect))
            for n, effect in itertools.product(selections, effects)]
    return pd.DataFrame(rows, columns=["n_selections", "effect", "power"])


def main(argv: list[str] | None = None) -> int:
    """Print both tables; keep the simulated one where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--studies", type=int, default=2_000)
    parser.add_argument("--without", type=int, default=50_000, metavar="STUDIES",
                        help="studies of each design that have no effect")
    parser.add_argument("--runs", type=int, nargs="+", default=[3, 10], help="runs of each arm")
    parser.add_argument("--effects", type=float, nargs="+", default=[0.0, 2.0, 4.0],
                        help="differences of means, in standard deviations of random runs")
    parser.add_argument("--selections", type=int, nargs="+", default=[5, 10],
                        help="pools or orders of a paired study")
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--keep", action="store_true", help=f"write {STORED.name}")
    args = parser.parse_args(argv)
    found = table(args.studies, args.without, args.runs, args.effects, args.seed)
    print(found.to_string(index=False, float_format="%.4g"))
    print(paired(args.selections, args.effects).to_string(index=False, float_format="%.4g"))
    if args.keep:
        found.to_csv(STORED, index=False, float_format="%.6g")
    return 0


if __name__ == "__main__":
    sys.exit(main())
