"""The Evaluation page's views: held-out scores and re-audit here, the rest in modules of their own.

Nothing is computed: numbers come from `analysis`, stored tables from `evidence`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from shipdash import analysis, figures
from shipdash.counted import counted
from shipdash.ui import arrange, chart, evidence, frame, gallery, one_pair, tables, words
from shipdash.ui.evaluation import certificate, controls, repeated_runs

N_WORST = 24  # as many predictions are stored (`learning.evaluation`)


def held_out(run: frame.Run) -> None:
    """The four measures and the distribution behind them."""
    held = run.result.held_out
    if held is None:
        frame.empty("This run has no held-out pairs.",
                    "Start a run with *Held-out pairs* above 0 to see scores here.")
        return
    n_failing = round(held.share_failing * held.n)
    title = (f"{n_failing:,} of {held.n:,} held-out pairs ({held.share_failing:.2%}) "
             f"{'is' if n_failing == 1 else 'are'} below IoU {held.acceptance_iou:.2f}")
    st.markdown(f"### {title}")
    st.caption("Scores of the network as selection left it, on fresh pairs of a separate split "
               f"that the run did not use for any decision.{words.compared(run.config)} "
               f"{frame.provenance(run)}")
    cells = st.columns(4)
    for cell, row in zip(cells, analysis.measures(run.result.held_out).itertuples(), strict=False):
        value = f"{row.value:.2%}" if row.measure == "Failure rate" else f"{row.value:.4f}"
        cell.metric(row.measure, value, help=row.scale)
        cell.caption(row.scale)
    scores = frame.store_of(run).load_scores(run.run_id, "held_out")
    if not scores:
        st.info("Only means are stored with this run, not the scores of individual pairs.")
        return
    _distributions(run, np.asarray(scores["iou"]))
    _worst(run, np.asarray(scores["iou"]))


def _distributions(run: frame.Run, iou: np.ndarray) -> None:
    held, origin = run.result.held_out, frame.provenance(run)
    limit, quartiles = held.acceptance_iou, np.quantile(iou, (0.05, 0.5, 0.95))
    left, right = st.columns(2, gap="large")
    with left:
        chart.show(figures.scores(analysis.distribution(iou, limit), limit,
                                  f"Half of the pairs reach IoU {quartiles[1]:.3f} or more"),
                   key="scores", origin=origin,
                   note="Hatched: below the acceptance IoU (dashed). Counts on a log scale.")
    with right:
        chart.show(figures.cumulative(analysis.ecdf(iou), limit,
                                      f"90% of the pairs are between {quartiles[0]:.3f} and "
                                      f"{quartiles[2]:.3f}"), key="ecdf", origin=origin,
                   note=f"n = {counted(held.n, 'pair')}, one run.")


def _worst(run: frame.Run, iou: np.ndarray) -> None:
    """The held-out pairs with the lowest IoU, sorted and filtered as the viewer asks."""
    order = np.argsort(iou, kind="stable")[:N_WORST]
    table = pd.DataFrame({"index": order, "iou": iou[order].astype(float)})
    lowest, highest = frame.iou(iou[order[0]]), frame.iou(iou[order[-1]])
    st.markdown(f"#### The {len(order)} worst: IoU {lowest} to {highest}")
    _sheet(run, table, "held_out", key="worst")


def _sheet(run: frame.Run, table: pd.DataFrame, split: str, *, key: str) -> None:
    """A page of pairs with the final network's predictions; a click on one opens it."""
    rows = arrange.page(run, table, key=f"{key}_page", split=split)
    if rows.empty:
        return
    stored = gallery.predictions(run, "held_out_worst" if split == "held_out" else "reaudit_worst")
    wrong = [stored.get(int(i), "not stored") for i in rows["index"]] if stored else None
    st.caption("Image, truth, and the final network's prediction compared with the truth. Click a "
               "pair to open it." if wrong else f"Image, truth. {gallery.no_predictions(run)}")
    captions = gallery.captions(rows, split)
    one_pair.sheet(run, rows["index"], captions, wrong, key=key, split=split,
                   alt=f"Pairs by the final network, from {captions[0]} on.")


def reaudit(run: frame.Run) -> None:
    """Which discarded pairs fail now, with pictures: a check that the article did not make."""
    found = run.result.reaudit
    if found is None:
        frame.empty("The discarded pairs of this run were not tested again.",
                    "Start a run with *Re-audit* on.")
        return
    limit = run.config.selection.acceptance_iou
    if not found.n:
        st.markdown("### No pair was discarded")
        st.markdown("Every pair that was tested was kept, so there is nothing to test again.")
    elif not found.n_failing:
        st.markdown(f"### The final network passes all {found.n:,} discarded pairs")
        st.markdown(f"A pair passes at IoU {limit:.2f}; the lowest is "
                    f"{frame.iou(found.lowest_iou, 3)}.")
    else:
        fail, each, them = (("fails", "It", "it") if found.n_failing == 1 else
                            ("fail", "Each", "them"))
        st.markdown(f"### {found.n_failing:,} of {counted(found.n, 'discarded pair')} now {fail}")
        st.markdown(f"{each} passed when the stream tested it. The final network predicts {them} "
                    f"below IoU {limit:.2f}; the lowest is {frame.iou(found.lowest_iou, 3)}. "
                    "The article assumes that there are no such pairs.")
        _failing(run, found.failing)
    st.caption(frame.provenance(run))
    _passes(run)


def _failing(run: frame.Run, failing: list[int]) -> None:
    scores = frame.store_of(run).load_scores(run.run_id, "reaudit")
    known = {} if not scores else dict(zip(map(int, scores["index"]), scores["iou"], strict=True))
    table = pd.DataFrame({"index": failing, "iou": [known.get(i, np.nan) for i in failing]})
    _sheet(run, table.astype({"iou": float}), "pool", key="failing")


def _passes(run: frame.Run) -> None:
    """Passes until one is clean: what they mean and cost, or a button that starts them."""
    st.markdown("### Passes until one is clean")
    st.markdown("With *Passes* set to 0, the discarded pairs are tested again and again until a "
                "whole pass adds nothing. Then every discarded pair passes with the final network, "
                "and the second condition of the certificate holds.")
    found = evidence.shown(run, lambda e: analysis.passes_finding(e.passes) is not None)
    if found is not None:
        said = analysis.passes_finding(found.passes)
        st.markdown(f"#### {said.title}\n{said.detail}")
        tables.show(found.passes, key="passes_table", leave_out=("reason", "seconds"),
                    alt=f"One pass and until clean. {said.title}.")
    repeated_runs.passes(run)


VIEWS = {
    "Held-out": held_out, "Controls": controls.view, "Re-audit": reaudit,
    "Certificate": certificate.view, "Order": repeated_runs.order, "Folds": repeated_runs.folds,
    "Known answer": repeated_runs.known, "Cost": repeated_runs.cost,
}
"""What the page shows, by the name in its link."""
