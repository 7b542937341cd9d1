"""The recorded runs of the article's network and of the compact one, as a section of a document.

    python -m benchmarks.two_networks    # the section of docs/results.md; runs nothing
"""

import sys

from benchmarks.kept_runs import RECORDED
from shipdash.analysis.article_network import (
    NAMES,
    lower_bound_finding,
    networks_finding,
    networks_table,
    networks_words,
    of_one_experiment,
)
from shipdash.results import StoredRun
from shipdash.runs import Store

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


def report(runs: dict[str, StoredRun]) -> str:
    """Markdown: a row a measure, then the findings of the pages and where each run was made."""
    table = networks_table(runs)
    lines = [f"| | {' | '.join(table['network'])} |", "|---" * (len(table) + 1) + "|"]
    lines += [f"| {words} | {' | '.join(form.format(value) for value in table[name])} |"
              for name, (words, form) in ROWS.items()]
    compact, article = (run.result for run in runs.values())
    made = "; ".join(f"{NAMES[kind]} on {run.result.date[:10]}, {run.result.machine}, "
                     f"{run.result.device}" for kind, run in runs.items())
    said = (networks_finding(compact, article) + ".",
            lower_bound_finding(runs["article"].config, article),
            networks_words(compact, article), made[0].upper() + made[1:] + ".")
    return "\n".join([*lines, *(f"\n{words}" for words in said if words)])


if __name__ == "__main__":
    try:
        print(report(two(Store(RECORDED, recorded=True))))
    except ValueError as error:
        sys.exit(str(error))
