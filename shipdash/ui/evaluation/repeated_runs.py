"""The views of repeated runs: other orders, folds, pools with a known answer, and the cost."""

from __future__ import annotations

import streamlit as st

from shipdash import analysis, figures
from shipdash.studies import replicas
from shipdash.ui import chart, evidence, frame, studies, tables

N_ORDERS = 5

PHASES = {"startup": "start-up", "compile": "compilation", "warmup": "warm-up", "train": "training",
          "scan": "scanning", "probe": "probe pairs", "evaluate": "evaluation"}
"""Phases of a run in words, by their names in its result; its `select` is the sum of four of them.
"""


def order(run: frame.Run) -> None:
    """The order fan: sizes, curves, and overlap beside that of random sets."""
    found = evidence.shown(run, lambda e: len(e.fan) > 1)
    if found is None:
        frame.empty("One order so far.", "How much depends on the order of the stream can only be "
                    "seen from several orders of the same pairs."
                    + ("" if studies.why_not(run) else " Start them below."))
    else:
        _fan(run, found)
    studies.start_box(run, "orders", f"Start the {N_ORDERS - 1} other orders",
          lambda: replicas.fan(run.config, N_ORDERS))


def _fan(run: frame.Run, found) -> None:
    said = analysis.fan_finding(found.fan, found.overlap)
    st.markdown(said.detail)
    median = analysis.common_curve([(order["tested"], order["selected"])
                                    for _, order in found.steps.groupby("order_seed")])
    chart.show(figures.fan(found.steps, median, found.about["n_pool"], said.title), key="fan",
               note=f"One line per order; the thick line is their median. "
                    f"{evidence.provenance(run, found)}")
    tables.show(found.fan, key="fan_table", alt=f"The orders. {said.title}.",
                leave_out=("seconds",))
    matrix = analysis.overlap_matrix(found.overlap, found.fan["order_seed"])
    chart.show(figures.overlap(matrix, analysis.overlap_finding(found.overlap)), key="overlap",
               note="Jaccard index by order seed: pairs in both core sets as a share of pairs in "
                    "either.")


def folds(run: frame.Run) -> None:
    """Core sets taken out one after another."""
    found = evidence.shown(run, lambda e: len(e.folds) > 1)
    if found is None:
        frame.empty("One fold so far.", "Remove this run's core set from the pool and select again "
                    "from the rest to see whether another core set is as good.")
    else:
        said = analysis.folds_finding(found.folds)
        st.markdown(f"### {said.title}\n{said.detail}")
        tables.show(found.folds, key="folds_table", alt=f"Folds. {said.title}.",
                    leave_out=("seconds", "date"))
        st.caption(evidence.provenance(run, found))
    n_done = len(found.folds) if found is not None and not found.is_recorded else 1
    n_kept = int(found.folds["n_core"].sum()) if n_done > 1 else run.result.n_core
    if n_kept >= run.config.selection.n_pool:
        st.caption("The folds so far have kept every pair of the pool, so there is no pair left to "
                   "select from.")
        return
    studies.start_box(run, "folds", f"Start fold {n_done + 1}",
          lambda: replicas.folds(run.config, n_done + 1)[-1:])


def passes(run: frame.Run) -> None:
    """A button that computes the run with the other rule for its passes, and its progress."""
    once = run.config.selection.passes == 0
    other = replicas.one_pass if once else replicas.until_clean
    label = "Start the same run with one pass" if once else "Start passes until clean"
    studies.start_box(run, "passes", label, lambda: [other(run.config)])


def known(run: frame.Run) -> None:
    """Pools whose answer is known: few distinct pairs, wrong masks."""
    found = evidence.shown(run, lambda e: len(e.distinct) + len(e.noise) > 0)
    if found is None:
        frame.empty("No pool with a known answer has been tried yet.", "If a pool repeats a few "
                    "distinct pairs, its core set should not be much larger than their number. If "
                    "it has wrong masks, they should turn up in the core set.")
    else:
        for table, finding in ((found.distinct, analysis.distinct_finding),
                               (found.noise, analysis.noise_finding)):
            for answer in table.to_dict("records"):
                said = finding(answer)
                st.markdown(f"#### {said.title}\n{said.detail}")
                if not found.is_recorded:  # those of a recorded study are not in the package
                    frame.link("pages/2_Run.py", "Open this run", run=answer["run_id"])
        for name in ("distinct", "noise"):
            table = getattr(found, name)
            if len(table):
                tables.show(table, key=f"known_{name}", alt=f"Pools with a known answer: {name}.")
    studies.start_box(run, "known", "Start two runs: 50 distinct pairs, and 5% wrong masks",
                      lambda: [replicas.distinct(run.config, 50), replicas.noisy(run.config)])


def cost(run: frame.Run) -> None:
    """The cost of selection and of every arm."""
    r = run.result
    epochs = analysis.full_epochs(r.n_forward, r.n_backward, r.n_pool)
    st.markdown(f"### The run cost {r.n_backward:,} training images and {r.n_forward:,} "
                "predictions")
    st.markdown(f"{frame.duration(r.seconds)} in all; {r.n_wasted:,} of the predictions were not "
                f"used. Selection and training together cost as much as {epochs:.1f} epochs over "
                "the full pool (a training image counts as three predictions).")
    phases = {"prepared beforehand": r.prepared_s} | {
        words: r.phases.get(name) for name, words in PHASES.items()}
    st.caption(" · ".join(f"{words} {frame.duration(s)}" for words, s in phases.items() if s))
    found = evidence.shown(run, lambda e: len(e.cost) > 1)
    if found is None:
        frame.empty("There is nothing to compare the cost with yet.",
                    "" if studies.why_no_controls(run) else
                    "Start the controls in the Controls view.")
        return
    title = analysis.cost_finding(found.cost)
    chart.show(figures.costs(found.cost, title), key="costs",
               note="A backward pass counts as two forward passes. Predictions for the evaluation "
                    "are not included, nor is the network that scored the pool for an arm that "
                    "chooses by scores. Seconds in the table are wall time on a machine that may "
                    f"have been busy. {evidence.provenance(run, found)}")
    tables.show(found.cost, key="cost_table", alt=f"Costs. {title}.", leave_out=("device", "date"))
