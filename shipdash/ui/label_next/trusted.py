"""Whether to follow a ranking: what each of them finds among pairs whose masks are known."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from shipdash import figures
from shipdash.analysis.ranking import (
    RANKINGS,
    Trust,
    finding,
    found_table,
    headline,
    in_one_sitting,
    trust,
)
from shipdash.labelling import Ranking
from shipdash.ui import address, chart, frame
from shipdash.ui.words import plain


def view(run: frame.Run, found: Ranking) -> None:
    """The finding, its curves beside chance, and the numbers of each ranking."""
    if found.held_out is None or not len(found.held_out["iou"]):
        frame.empty("No ranking has been checked.", "The run has no held-out pairs, so whether "
                    "its uncertainty finds failures cannot be measured. Choose a run that has.")
        return
    n, limit = len(found.held_out["iou"]), run.config.selection.acceptance_iou
    k = st.number_input("Images checked in one sitting", 1, n, in_one_sitting(n), width=260,
                        key="first", bind=address.link("first"))
    rows = trust(found.held_out, limit, k)
    names = {name: words for name, words in RANKINGS.items()
             if name in found.held_out and name != "random"}
    chart.show(figures.ranking_curve(found_table(found.held_out, limit), names, k, headline(rows)),
               key="found", origin=frame.provenance(run),
               note=f"{plain(finding(rows))} Failing: below IoU {limit:.2f}. If the new images are "
                    "of a different kind from these pairs, this says nothing about them.")
    _table(rows, k)


def _table(rows: list[Trust], k: int) -> None:
    table = pd.DataFrame([{
        "ranking": RANKINGS[row.ranking],
        f"failing in the first {row.k:,}": f"{row.n_found:,} of {row.n_failing:,}",
        "random order (95% interval)": f"{row.expected:.1f} ({row.low:,} to {row.high:,})",
        "AUC": row.auc, "Spearman": row.rho,
        "beats chance": "" if row.ranking == "random" else "yes" if row.beats_chance else "no",
    } for row in rows])
    number = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(table, hide_index=True, key="trust", placeholder="–",
                 column_config={"AUC": number, "Spearman": number},
                 alt=f"What each ranking finds among the first {k:,} held-out pairs.")
    st.caption("AUC: the probability that a failing pair is ranked before a passing one; 0.5 is no "
               "better than random. Spearman: rank correlation of uncertainty and error, from −1 "
               "to 1. *Beats chance*: fewer than 5% of random orders, divided by the number of "
               "rankings compared (Bonferroni), find as many.")
