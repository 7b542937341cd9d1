"""What came out of a selection from a data set: the finding first, then what it rests on."""

from __future__ import annotations

import numpy as np
import streamlit as st

from shipdash import analysis, figures
from shipdash.analysis.pairs_needed import labels_finding, left_words, needed_finding
from shipdash.analysis.set_aside import set_aside_table, set_aside_words
from shipdash.data.file_names import in_cell
from shipdash.data.own_preset import own_config
from shipdash.ui import address, chart, download, evidence, frame, gallery
from shipdash.ui.words import plain
from shipdash.ui.your_data import by_group, controls, exports, select
from shipdash.ui.your_data.imported import called

N_CORE_SHOWN = 12


def view(name: str) -> None:
    """One finished run of the data set, of which the address may name one."""
    found = [run for run in select.runs_of(own_config(name), frame.runs()) if run.result]
    if st.query_params.get("run") not in [run.run_id for run in found]:
        address.drop("run")  # of other pairs, or not finished
    if not found:
        frame.empty("No selection from this data set has finished.",
                    "Start one under *Selection*; this view fills when it has ended.")
        return
    run = frame.choose(found, label="Selection")
    gathered = evidence.gathered(run)
    if gathered is None:
        return
    if run.result.stalled:  # no selection to judge: the rest of the pool was never tested
        st.markdown(f"### {_finding(run)}")
        st.markdown("The rest of the pool was not tested. Lower the precision or raise the step "
                    "limit.")
    else:
        said = needed_finding(gathered.arms, run.result.n_core, _n_met(run))
        st.markdown(f"### {said.title}\n{said.detail}")
    if run.result.held_out is not None:
        st.markdown(left_words(run.result.held_out))
    st.caption(frame.provenance(run))
    _look_first(run)
    if not run.result.stalled:
        controls.box(run)
    _curves(run, gathered.curve, gathered.arms)
    if not run.result.stalled:
        by_group.figures_of(run)
    _core(run)
    exports.buttons(run)


def _look_first(run: frame.Run) -> None:
    """Pairs that could not be learnt, lowest score first: often their labels are wrong."""
    table = set_aside_table(frame.events(run))
    if table.empty:
        return
    st.markdown("#### Look at these labels first")
    st.markdown(plain(set_aside_words(frame.events(run), run.result.n_core,
                                      run.config.selection.precision)))
    rows = gallery.page_of(table, key="aside_page", per_page=N_CORE_SHOWN)
    pool = by_group.rows_of(run)
    captions = [f"{called(pool[index])} · IoU {frame.iou(score)}"
                for index, score in zip(rows["index"], rows["score"], strict=True)]
    images, masks = gallery.of_run(run, rows["index"])
    gallery.show_sheet(images, masks, captions, key="aside",
                       alt=f"{len(rows)} pairs that could not be learnt, from {captions[0]} on.")
    st.caption("Image and mask, the lowest score first. " + plain("; ".join(
        f"{n:,} {reason}" for reason, n in table["reason"].value_counts().items())) + ".")
    download.button("List (CSV)", lambda: table.assign(
        file=[in_cell(pool[index].file) for index in table["index"]]).to_csv(index=False),
        f"{run.config.source.name}-look-first.csv", key="aside_csv", type="tertiary")


def _finding(run: frame.Run) -> str:
    return analysis.finding(run.result.n_core, _n_met(run), run.result.n_pool, run.result.reason)


def _n_met(run: frame.Run) -> int:
    """How many pairs it tested, each counted once: all of the pool that other core sets left it."""
    found = run.result
    n_seen = analysis.progress(frame.events(run), found.n_pool).n_seen if found.rounds > 1 else 0
    return n_seen or min(found.n_pool, found.n_tested)


def _curves(run: frame.Run, curve, arms) -> None:
    events, n_pool = frame.events(run), run.result.n_pool
    left, right = st.columns(2, gap="large")
    with left:
        chart.show(figures.selection(analysis.selection_curve(events), n_pool, _finding(run),
                                     guess=frame.guess()), key="own_selection",
                   note="Counts, not smoothed.", origin=frame.provenance(run))
    with right:
        if run.result.stalled:
            return
        said = labels_finding(curve)
        if said is None:
            frame.empty("Would more labels help?",
                        "Controls train on growing numbers of random pairs and answer it.")
            return
        core = analysis.arm_row(arms, analysis.ARMS["core"], analysis.EQUAL_UPDATES)
        chart.show(figures.random_curve(curve, "mean_iou", core, said.title), key="own_labels",
                   note=said.detail, origin=frame.provenance(run))


def _core(run: frame.Run) -> None:
    table = analysis.core_table(frame.events(run))
    if table.empty:  # its events are gone; the result is there
        return
    failed = table[table["iou"].notna()]
    rows = (table if failed.empty else failed).head(N_CORE_SHOWN)
    st.markdown(f"#### The first {len(rows)} of {len(table):,} kept pairs" if failed.empty else
                f"#### The first {len(rows)} of {len(failed):,} pairs that the network failed")
    images, masks = gallery.of_run(run, rows["index"])
    wrong = gallery.failed_with(run, rows["index"], rows["iou"])
    pool = by_group.rows_of(run)
    captions = [f"#{order} · {called(pool[i])}" + ("" if np.isnan(v) else f" · IoU {frame.iou(v)}")
                for order, i, v in zip(rows["order"], rows["index"], rows["iou"], strict=True)]
    gallery.show_sheet(images, masks, captions, wrong, key="own_core",
                       alt=f"The first kept pairs, from {captions[0]} on.")
    frame.link("pages/3_Samples.py", "Browse all of them", run=run.run_id)
