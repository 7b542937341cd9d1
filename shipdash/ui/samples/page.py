"""The Samples page's parts: core pairs, discarded pairs, one pair, export (*Why these?*: `why`)."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from shipdash import analysis
from shipdash.counted import counted
from shipdash.data import export_core_set as exports
from shipdash.runs.folder import npz
from shipdash.ui import address, arrange, download, frame, gallery, one_pair

MOST_NEAR = 1_000
"""Discarded pairs that can be sorted and filtered, those with the lowest IoU; their factors are
redrawn, 0.2 ms each."""

MOST_PICTURES = 2_000
"""Core pairs whose images and masks the page offers as one file."""


def core(run: frame.Run, table: pd.DataFrame) -> None:
    """Core pairs from the first that failed on, with truth and the prediction they failed with."""
    if table.empty:
        frame.empty("No pair has been selected yet.",
                    "Open the Run page and watch the first ones join.")
        return
    failed, untested = table[table["iou"].notna()], table[table["iou"].isna()]
    why = "untested" if failed.empty else (f"{len(failed):,} of them because "
                                           f"{'it' if len(failed) == 1 else 'they'} failed")
    st.markdown(f"#### {counted(len(table), 'pair')} kept, {why}")
    if failed.empty:
        _sheet(run, gallery.page_of(untested, key="core_page"), key="core")
        return
    rows = arrange.page(run, failed, key="core_page")
    if not rows.empty:
        _sheet(run, rows, key="core")
    _untested(run, untested)


def _untested(run: frame.Run, table: pd.DataFrame) -> None:
    """The pairs that start the core set, folded: no network has judged them."""
    if table.empty:
        return
    words = "1 pair" if len(table) == 1 else f"The first {len(table):,} pairs"
    with st.expander(f"{words} joined untested", key="untested", on_change="rerun") as fold:
        if fold.open:
            _sheet(run, gallery.page_of(table, key="untested_page"), key="untested_pairs")


def _sheet(run: frame.Run, rows: pd.DataFrame, *, key: str) -> None:
    """A page of core pairs; a click on one opens it."""
    untested = rows["iou"].isna().all()
    wrong = None if untested else gallery.failed_with(run, rows["index"], rows["iou"])
    if untested:
        st.caption("Image, truth. No network had seen these pairs when they joined. Click a pair "
                   "to open it.")
    elif wrong is None:
        st.caption(f"Image, truth. {gallery.no_predictions(run)}")
    else:
        st.caption("Image, truth, and the failing prediction compared with the truth. "
                   "Click a pair to open it.")
    captions = gallery.captions(rows)
    one_pair.sheet(run, rows["index"], captions, wrong, key=key,
                   alt=f"Core pairs {captions[0]} to {captions[-1]}.")


def discarded(run: frame.Run, events) -> None:
    """Near misses, and the worst by the final network."""
    choice = frame.switch("Show", ["near misses", "worst at the end"], key="discarded")
    predicted = {}
    if choice == "near misses":
        table = analysis.discarded_table(events)
        st.caption("Discarded pairs that only just passed when they were tested. Click a pair to "
                   "open it.")
    else:
        table, predicted = _worst(run), gallery.predictions(run, "reaudit_worst")
        st.caption("Discarded pairs with the lowest IoU under the final network (re-audit). "
                   + ("" if predicted else gallery.no_predictions(run)))
    if table.empty:
        _nothing(run, choice)
        return
    rows = arrange.page(run, table.head(MOST_NEAR), key="discarded_page")
    if rows.empty:
        return
    wrong = [predicted.get(int(i), "not stored") for i in rows["index"]] if predicted else None
    captions = gallery.captions(rows)
    one_pair.sheet(run, rows["index"], captions, wrong, key="discarded_pairs",
                   alt=f"Discarded pairs, from {captions[0]} on.")


def _nothing(run: frame.Run, choice: str) -> None:
    """Why no discarded pair is shown: of a run that has ended, none will come."""
    again = run.result and run.result.reaudit
    if run.result is None:
        frame.empty("Nothing to show yet.", "No pair has been discarded so far."
                    if choice == "near misses" else
                    "Discarded pairs are tested again when a run has ended.")
    elif choice == "near misses" or (again and not again.n):
        frame.empty("No pair was discarded.", "Every pair that was tested was kept.")
    elif again is None:
        frame.empty("The discarded pairs of this run were not tested again.",
                    "Start a run with *Re-audit* on.")
    else:
        frame.empty("No score of a discarded pair is stored with this run.", "")


def _worst(run: frame.Run) -> pd.DataFrame:
    found = frame.store_of(run).load_scores(run.run_id, "reaudit")
    if not found:
        return pd.DataFrame({"index": [], "iou": []})
    table = pd.DataFrame({"index": found["index"], "iou": found["iou"]})
    return table.sort_values(["iou", "index"], ignore_index=True)


def one(run: frame.Run) -> None:
    """One pair followed over the run."""
    pair = one_pair.asked(run)
    if pair is None and "pair" in st.query_params:
        st.warning(f"The link names a pair that this run does not have; its pool has pairs 0 to "
                   f"{run.config.selection.n_pool - 1:,}.")
    if pair is not None and pair.split != "pool":
        st.caption(f"The link names {pair.words}. The number below opens a pair of the pool.")
    number = pair.index if pair and pair.split == "pool" else 0
    st.number_input("Pair number", 0, run.config.selection.n_pool - 1, width=220,
                    help="Its number in the pool, as on every page.",
                    **address.held("pair", number, key="pair_number"))
    one_pair.show(run, pair or one_pair.Asked("pool", 0))


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
    st.dataframe(manifest, hide_index=True, placeholder="–", key="manifest", height=320,
                 alt="The core set with true factors, in order of selection.")
    with st.container(horizontal=True):
        pool = gallery.source_of(run)
        download.button("core.csv", lambda: exports.manifest(pool, chosen), "core.csv",
                        key="core_csv")
        if len(chosen) <= MOST_PICTURES:
            download.button("Images and masks (NPZ)",
                            lambda: npz(exports.arrays(pool, chosen), compressed=True),
                            "core.npz", key="core_npz")
        else:
            st.caption(f"Images and masks of more than {MOST_PICTURES:,} pairs are written in a "
                       "terminal:")
            st.code(f"python -m shipdash export {run.run_id} --out FOLDER --format npz",
                    language="bash", wrap_lines=True)
