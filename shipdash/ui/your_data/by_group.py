"""What was kept of each group and how good the network is on its held-out pairs, side by side."""

from __future__ import annotations

import streamlit as st

from shipdash import figures
from shipdash.analysis.groups import kept_finding, scores_by_group
from shipdash.analysis.leaks import kept_by_group
from shipdash.data import files
from shipdash.data.file_names import in_cell
from shipdash.data.pair_list import PairRow, places, read_split
from shipdash.ui import chart, frame
from shipdash.ui.words import plain
from shipdash.ui.your_data import read_once


def figures_of(run: frame.Run) -> None:
    """Both figures, or one line where the data set has no groups."""
    groups = {split: [in_cell(row.group) for row in rows_of(run, split)]
              for split in ("pool", "held_out")}
    if not any(groups["pool"]):
        st.caption("This data set has no groups. Import it with *Group* (a folder or a part of the "
                   "file name) to see what is kept of each.")
        return
    left, right = st.columns(2, gap="large")
    with left:
        table = kept_by_group(groups["pool"], run.result.core)
        title = kept_finding(table) or "Share kept"
        chart.show(figures.kept_by_group(table, title), heading=plain(title),
                   key="kept_by_group", origin=frame.provenance(run),
                   note="If little of a group is kept, most of its pairs repeat what the network "
                        "already predicts well.")
    with right:
        _scores(run, groups["held_out"], table["group"].tolist())


def _scores(run: frame.Run, groups: list[str], in_order: list[str]) -> None:
    """Bars in the order of the other figure, so that a group is at one height in both."""
    scores = frame.store_of(run).load_scores(run.run_id, "held_out")
    if run.result.held_out is None or not scores:
        frame.empty("No held-out scores by group.", "No pair of this run was held out.")
        return
    limit = run.result.held_out.acceptance_iou
    table = scores_by_group([groups[int(i)] for i in scores["index"]], scores["iou"], limit)
    if table.empty:
        return
    low = table.iloc[0]
    place = {group: at for at, group in enumerate(in_order)}
    table = table.sort_values("group", key=lambda names: names.map(place), kind="stable")
    title = f"Lowest held-out mean IoU: {low['mean_iou']:.3f} on {low['group']}"
    chart.show(
        figures.scores_by_group(table, title), heading=plain(title),
        key="scores_by_group", origin=frame.provenance(run),
        note=f"The network as selection left it; failing: below IoU {limit:.2f}.")


def rows_of(run: frame.Run, split: str = "pool") -> list[PairRow]:
    """The original files of the pairs of a split that a run asked for, by number."""
    folder = files.folder_of(run.config.source.name)
    n = {"pool": run.config.selection.n_pool, "held_out": run.config.evaluation.n_held_out}[split]
    rows = read_once.pairs_of(run.config.source.name)
    return [rows[place] for place in places(read_split(folder), split)[:n]]
