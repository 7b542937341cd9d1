"""The Samples page's parts: core pairs, discarded pairs, one pair, factors, export."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from shipdash import analysis, figures
from shipdash.data import export as exports
from shipdash.runs.folder import npz
from shipdash.ui import chart, frame, gallery

MOST_FACTORS = 20_000
"""Pool pairs whose factors are redrawn, 0.2 ms each: a larger pool is stood for by as many."""

FACTORS = {
    "semi_row": "Semi-axis along rows (px)", "semi_col": "Semi-axis along columns (px)",
    "angle_deg": "Rotation (degrees)", "high_sea": "High sea",
    "distance_px": "Distance to the distractor (px)",
    "distractor_area_px": "Visible distractor area (px)", "target_area_px": "Target area (px)",
}


def core(run: frame.Run, table: pd.DataFrame) -> None:
    """Core pairs in order of selection, with truth and the prediction they failed with."""
    if table.empty:
        frame.empty("No pair selected yet.", "Open the Run page and watch the first ones join.")
        return
    st.markdown(f"#### {len(table):,} pairs in order of selection")
    rows = gallery.page_of(table, key="core_page")
    images, masks = gallery.of_run(run, rows["index"])
    wrong = gallery.failed_with(run, rows["index"], rows["iou"])
    st.caption("Image, truth" + (", and the prediction the pair failed with." if wrong else ".")
               + " The first pairs join untested.")
    captions = [f"#{order} · pair {i:,}" + ("" if np.isnan(v) else f" · IoU {frame.iou(v)}")
                for order, i, v in zip(rows["order"], rows["index"], rows["iou"], strict=True)]
    gallery.show_sheet(images, masks, captions, wrong, key="core",
                       alt=f"Core pairs {captions[0]} to {captions[-1]}.")


def discarded(run: frame.Run, events) -> None:
    """Near misses, and the worst by the final network."""
    choice = frame.switch("Show", ["near misses", "worst at the end"], key="discarded")
    predicted = None
    if choice == "near misses":
        table = analysis.discarded_table(events)
        st.caption("Discarded with the lowest IoU that still passed, when they came.")
    else:
        table, predicted = _worst(run), gallery.predictions(run, "reaudit_worst")
        st.caption("Discarded pairs with the lowest IoU under the final network (re-audit).")
    if table.empty:
        frame.empty("Nothing to show yet.", "The re-audit is made when a run has ended."
                    if predicted is not None else "No pair has been discarded so far.")
        return
    rows = gallery.page_of(table.head(120), key="discarded_page")
    images, masks = gallery.of_run(run, rows["index"])
    wrong = [predicted.get(int(i)) for i in rows["index"]] if predicted else None
    if wrong and any(w is None for w in wrong):
        wrong = None  # predictions are stored for the worst few only
    captions = [f"pair {int(i):,} · IoU {frame.iou(v, 3)}"
                for i, v in zip(rows["index"], rows["iou"], strict=True)]
    gallery.show_sheet(images, masks, captions, wrong, key="discarded",
                       alt=f"Discarded pairs: {captions[0]} and on.")


def _worst(run: frame.Run) -> pd.DataFrame:
    found = frame.store_of(run).load_scores(run.run_id, "reaudit")
    if not found:
        return pd.DataFrame({"index": [], "iou": []})
    table = pd.DataFrame({"index": found["index"], "iou": found["iou"]})
    return table.sort_values(["iou", "index"], ignore_index=True)


def one(run: frame.Run, events) -> None:
    """One pair followed over the run."""
    n = run.config.selection.n_pool
    index = st.number_input("Pair number", 0, n - 1, 0, key="pair", bind=frame.link("pair"),
                            width=220, help="Its number in the pool, as on every page.") or 0
    images, masks = gallery.of_run(run, [index])
    history = analysis.pair_history(events, index)
    facts = gallery.factors(run, (index,))
    left, right = st.columns([1, 1], gap="large")
    with left:
        stored = gallery.predictions(run, "picked").get(index)
        wrong = None if stored is None else [stored]
        gallery.show_sheet(images, masks, [f"pair {index:,}: image, truth"], wrong, key="one",
                           columns=1, alt=f"Image and mask of pair {index}.")
        if facts is not None:
            st.dataframe(facts.T.astype(str).rename(columns={0: "value"}), key="facts",
                         alt=f"True factors of pair {index}.")
    with right:
        if history.empty:
            frame.empty("Not tested.", "It has not come yet, or it was one of the first pairs.")
        else:
            limit = run.config.selection.acceptance_iou
            chart.show(figures.history(history.dropna(), limit), key="history",
                       origin=frame.provenance(run))


def why(run: frame.Run, table: pd.DataFrame) -> None:
    """Which true factors get selected, with intervals: many factors are looked at, so some
    differences come by chance."""
    n = run.config.selection.n_pool
    chosen = tuple(int(i) for i in table["index"])
    sampled = None
    if n > MOST_FACTORS:
        sampled = np.random.default_rng(0).choice(n, MOST_FACTORS, replace=False).tolist()
    drawn = range(n) if sampled is None else sorted({*sampled, *chosen})
    facts = gallery.factors(run, tuple(drawn))
    part = "" if sampled is None else f", which {MOST_FACTORS:,} random ones stand for"
    st.caption(f"Share selected of the {n:,} pairs of the pool{part}; 95 % intervals (Wilson). "
               f"{len(FACTORS)} factors are looked at, so a difference is called clear only below "
               f"a chance of 5 % / {len(FACTORS)} (Pearson's chi-square test).")
    cells = st.columns(2, gap="large")
    for k, (factor, label) in enumerate(FACTORS.items()):
        rates = analysis.factor_rates(facts, chosen, factor, n_pool=n, sampled=sampled)
        chance = analysis.same_rate(rates)
        with cells[k % 2]:
            figure = figures.factor_rates(rates, label, clear=chance < 0.05 / len(FACTORS))
            chart.show(figure, key=f"factor_{factor}", origin=frame.provenance(run),
                       note=f"Chance of such rates if all were picked alike: {chance:.2g}")


def export(run: frame.Run, table: pd.DataFrame) -> None:
    """The core set as a manifest, and its pixels on request."""
    if table.empty:
        frame.empty("Nothing to export yet.", "The core set appears here as it is found.")
        return
    seed = run.config.seeds.pool
    chosen = tuple(int(i) for i in table["index"])
    facts = gallery.factors(run, chosen)
    manifest = table.assign(pool_seed=seed)
    if facts is not None:
        manifest = manifest.merge(facts, on="index", how="left")
    st.dataframe(manifest, hide_index=True, key="manifest", height=320,
                 alt="The core set with true factors, in order of selection.")
    with st.container(horizontal=True):
        pool = gallery.source_of(run)
        st.download_button("core.csv", lambda: exports.manifest(pool, chosen), "core.csv",
                           "text/csv", key="core_csv", icon=":material/download:",
                           on_click="ignore")
        if len(chosen) <= 2_000:
            st.download_button("Images and masks (NPZ)",
                               lambda: npz(exports.arrays(pool, chosen), compressed=True),
                               "core.npz", key="core_npz", icon=":material/download:",
                               on_click="ignore")
        else:
            st.caption(f"More than 2,000 pairs: use python -m shipdash export {run.run_id}.")
