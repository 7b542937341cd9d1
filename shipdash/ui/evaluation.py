"""The Evaluation page's parts: held-out scores, worst pairs, re-audit, place for the arms."""

from __future__ import annotations

import numpy as np
import streamlit as st

from shipdash import figures, summary
from shipdash.ui import chart, frame, gallery

N_WORST = 12


def held_out(run: frame.Run) -> None:
    """The four measures and the distribution behind them."""
    held = run.result.get("held_out")
    if not held:
        frame.empty("This run was asked for without held-out pairs.",
                    "Start it with evaluation.n_held_out above 0 to see scores here.")
        return
    n_failing = round(held["share_failing"] * held["n"])
    title = (f"{n_failing:,} of {held['n']:,} fresh pairs ({held['share_failing']:.2%}) fall "
             f"below IoU {held['acceptance_iou']:.2f}")
    st.markdown(f"### {title}")
    st.caption(f"Fresh pairs of another split, used for no choice. {frame.provenance(run)}")
    cells = st.columns(4)
    for cell, row in zip(cells, summary.measures(run.result).itertuples(), strict=False):
        value = f"{row.value:.2%}" if row.measure == "Share failing" else f"{row.value:.4f}"
        cell.metric(row.measure, value, help=row.scale)
        cell.caption(row.scale)
    scores = run.store.load_scores(run.run_id, "held_out")
    if not scores:
        st.info("The scores of single pairs are not stored with this run; its means are above.")
        return
    _distributions(np.asarray(scores["iou"]), held)
    _worst(run, np.asarray(scores["iou"]))


def _distributions(iou: np.ndarray, held: dict) -> None:
    limit, quartiles = held["acceptance_iou"], np.quantile(iou, (0.05, 0.5, 0.95))
    left, right = st.columns(2, gap="large")
    with left:
        chart.show(figures.scores(summary.distribution(iou, limit), limit,
                                  f"Half of the pairs reach IoU {quartiles[1]:.3f} or more"),
                   key="scores", note="Hatched: below the acceptance IoU (dashed). Log counts.")
    with right:
        chart.show(figures.cumulative(summary.ecdf(iou), limit,
                                      f"Nine in ten lie between {quartiles[0]:.3f} and "
                                      f"{quartiles[2]:.3f}"), key="ecdf",
                   note=f"n = {held['n']:,} pairs, one run.")


def _worst(run: frame.Run, iou: np.ndarray) -> None:
    order = np.argsort(iou, kind="stable")[:N_WORST]
    images, masks = gallery.of_run(run, order, split="held_out")
    stored = gallery.predictions(run, "held_out_worst")
    wrong = [stored.get(int(i)) for i in order] if stored else None
    wrong = None if wrong and any(w is None for w in wrong) else wrong
    captions = [f"held-out {int(i):,} · IoU {iou[i]:.2f}" for i in order]
    st.markdown(f"#### The {len(order)} worst: IoU {iou[order[0]]:.2f} to {iou[order[-1]]:.2f}")
    st.caption("Image, truth" + (", prediction of the final network." if wrong else "."))
    gallery.show_sheet(images, masks, captions, wrong, key="worst",
                       alt=f"The worst held-out pairs: {captions[0]} and on.")


def reaudit(run: frame.Run) -> None:
    """The article's unchecked claim, checked, in a sentence."""
    found = run.result.get("reaudit")
    st.markdown("### Re-audit of the discarded pairs")
    if not found:
        frame.empty("Not made for this run.", "Start it with Re-audit on.")
        return
    limit = run.config.selection.acceptance_iou
    if not found["n_failing"]:
        st.markdown(f"The final network passes **all {found['n']:,}** discarded pairs at IoU "
                    f"{limit:.2f}; the lowest is {found['lowest_iou']:.3f}.")
        return
    st.markdown(f"Looked at once more by the final network, **{found['n_failing']:,} of "
                f"{found['n']:,}** discarded pairs now fall below IoU {limit:.2f}; the lowest is "
                f"{found['lowest_iou']:.3f}. The article took for granted that there are none.")
    failing = ", ".join(f"{i:,}" for i in found["failing"][:20])
    more = " and more" if len(found["failing"]) > 20 else ""
    st.caption(f"Pairs {failing}{more}: see Samples, discarded, worst at the end.")


def arms(run: frame.Run) -> None:
    """Controls come here: as many random pairs, rejected pairs, the full pool."""
    st.markdown("### Do *these* pairs matter?")
    st.markdown("This needs controls on the same held-out pairs: as many random pairs, rejected "
                "ones, the full pool. **They have not been run for this run**, so nothing here "
                "says that the selected pairs are better than others.")


def cost(run: frame.Run) -> None:
    """What the run cost, in images and seconds."""
    r = run.result
    st.markdown(f"### It cost {r['n_backward']:,} training images and {r['n_forward']:,} "
                "predictions")
    epochs = (r["n_forward"] + 3 * r["n_backward"]) / (3 * r["n_pool"])
    st.markdown(f"{frame.duration(r['seconds'])} in all, {r['n_wasted']:,} predictions thrown "
                f"away. Selection and training together are worth {epochs:.1f} epochs over the "
                "full pool (a training image counts three times a prediction).")
    phases = {k: v for k, v in (r.get("phases") or {}).items() if v}
    st.caption(" · ".join(f"{k} {frame.duration(v)}" for k, v in phases.items()))
