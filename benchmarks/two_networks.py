"""The recorded runs of the article's network and of the compact one, as a section of a document.

    python -m benchmarks.two_networks                # the section of docs/results.md; runs nothing
    python -m benchmarks.two_networks --keep RUN_ID  # store the article's run in another order

The pages show one order of the article's network, which ships with the package; another one is kept
under benchmarks/results, as its worker wrote it, and stands in the document only.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import kept_runs
from benchmarks.child import ROOT
from benchmarks.kept_runs import RECORDED
from shipdash.analysis.article_network import (
    NAMES,
    lower_bound_finding,
    networks_finding,
    networks_table,
    networks_words,
    of_one_experiment,
)
from shipdash.analysis.overlap import overlap_table
from shipdash.results import StoredRun
from shipdash.runs import Store

ORDERS = ROOT / "benchmarks" / "results" / "article-orders"
"""The article's run in other orders, an archive each."""

ROWS = {"n_parameters": ("parameters", "{:,.0f}"), "n_core": ("pairs kept", "{:,.0f}"),
        "n_tested": ("pairs tested", "{:,.0f}"), "mean_iou": ("mean held-out IoU", "{:.4f}"),
        "share_failing": ("held-out pairs failing", "{:.2%}"),
        "article_score_soft": ("soft article score", "{:.4f}"),
        "n_reaudit_failing": ("discarded pairs failing the trained network", "{:,.0f}"),
        "n_backward": ("training images", "{:,.0f}"), "n_forward": ("predictions", "{:,.0f}"),
        "seconds": ("seconds, evaluation included", "{:,.0f}")}
"""Rows of the section by the columns of `networks_table`, with heading and format."""


def two(store: Store) -> dict[str, StoredRun]:
    """The completed runs of one experiment by kind of network, compact first.

    Raises
    ------
    ValueError
        There are no such two.
    """
    found = of_one_experiment(store.list())
    if found is None:
        raise ValueError("there are no recorded runs of both networks over the same pairs")
    return found


def other_orders() -> Iterator[StoredRun]:
    """The runs that are kept of other orders."""
    for archive in sorted(ORDERS.glob("*.zip")):
        with tempfile.TemporaryDirectory() as runs:
            kept_runs.unpack(archive, Path(runs) / archive.stem)
            yield Store(runs).info(archive.stem)


def report(runs: dict[str, StoredRun]) -> str:
    """Markdown: a row a measure, then the findings of the pages and where each run was made."""
    compact, article = (run.result for run in runs.values())
    said = (networks_finding(compact, article) + ".",
            lower_bound_finding(runs["article"].config, article),
            networks_words(compact, article), _made(runs))
    return "\n".join([*_table(runs), *(f"\n{words}" for words in said if words)])


def orders_report(first: StoredRun, second: StoredRun) -> str:
    """Markdown: the article's network in two orders, then what they have in common."""
    runs = {f"order {run.config.seeds.order}": run for run in (first, second)}
    row, = overlap_table(runs).itertuples()
    common = (f"The two core sets have {row.common:,} pairs in common, a Jaccard index of "
              f"{row.jaccard:.3f}; two random sets of these sizes have {row.random:.3f} on average "
              f"and 97.5% of them at most {row.random_high:.3f}.")
    said = (lower_bound_finding(second.config, second.result), common, _made(runs))
    return "\n".join([*_table(runs), *(f"\n{words}" for words in said if words)])


def _table(runs: dict[str, StoredRun]) -> list[str]:
    table = networks_table(runs)
    return [f"| | {' | '.join(table['network'])} |", "|---" * (len(table) + 1) + "|",
            *(f"| {words} | {' | '.join(form.format(value) for value in table[name])} |"
              for name, (words, form) in ROWS.items())]


def _made(runs: dict[str, StoredRun]) -> str:
    """When and where each run was made."""
    made = "; ".join(f"{NAMES.get(name, name)} on {run.result.date[:10]}, {run.result.machine}, "
                     f"{run.result.device}" for name, run in runs.items())
    return made[0].upper() + made[1:] + "."


def main(options: list[str]) -> None:
    """Keep a run, or print the section."""
    if options[:1] == ["--keep"] and len(options) == 2:
        if Store().result(options[1]) is None:
            raise ValueError(f"run {options[1]} is not completed: finish it first")
        kept_runs.keep(Store(), options[1], ORDERS)
    elif options:
        sys.exit("options are none, or --keep RUN_ID")
    both = two(Store(RECORDED, recorded=True))
    print("\n\n".join([report(both), *(orders_report(both["article"], run)
                                       for run in other_orders())]))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ValueError as error:
        sys.exit(str(error))
