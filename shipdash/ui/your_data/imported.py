"""What a data set holds: the report of its import, its target areas, and its pairs as pictures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from shipdash.analysis.target_areas import areas_warning, areas_words, target_areas
from shipdash.counted import counted
from shipdash.data import files
from shipdash.data.file_names import in_cell
from shipdash.data.files import DataError
from shipdash.data.pair_list import PairRow, places, read_split
from shipdash.importing import Report, read_report
from shipdash.importing.report import LeftOut
from shipdash.ui import download, frame, gallery
from shipdash.ui.words import plain
from shipdash.ui.your_data import outlines, read_once

PER_PAGE = 24
SPLITS = {"pool": "pool", "held out": "held_out"}


def view(name: str) -> None:
    """Report, areas, pairs."""
    rows = read_once.pairs_of(name)
    _report(name)
    if not files.read_manifest(files.folder_of(name)).get(files.LABELLED, True):
        frame.link("pages/8_Label_next.py", "Which of them should be labelled next?", data=name)
    else:
        _areas(rows)
    _preview(name, rows)


def _report(name: str) -> None:
    manifest = files.read_manifest(files.folder_of(name))
    try:
        left_out, (first, *others) = read_once.import_of(name)
    except DataError:
        split = read_split(files.folder_of(name))
        n_held_out = len(places(split, "held_out"))
        st.markdown(f"### {counted(len(split), 'pair')} of {manifest['rows']} × "
                    f"{manifest['cols']} pixels, {n_held_out:,} of them held out")
        st.caption(plain(manifest.get("attribution") or (
            f"The pairs of {manifest['split_of']} with a different choice of held-out pairs."
            if "split_of" in manifest else "Stored without a report of an import.")))
        return
    st.markdown(f"### {plain(first.rstrip('.'))}")
    for sentence in others:
        st.markdown(plain(sentence))
    _files(name, left_out)


def _files(name: str, left_out: tuple[LeftOut, ...]) -> None:
    """Every file with what became of it: those left out on the page, all of them to download."""
    if left_out:
        shown = pd.DataFrame({"file or entry": [row.file for row in left_out],
                              "why it was left out": [row.reason for row in left_out]})
        st.dataframe(shown, hide_index=True, placeholder="–", key="left_out",
                     height=min(220, 60 + 35 * len(shown)),
                     alt=f"{counted(len(shown), 'file or entry', 'files or entries')} left out, "
                     "and why.")
    download.button("Report, file by file (CSV)",
                    lambda: report_table(read_report(files.folder_of(name))).to_csv(index=False),
                    f"{name}-import.csv", key="report_csv")


def report_table(report: Report) -> pd.DataFrame:
    """One row a file: file, outcome, pairs, reason."""
    rows = [(in_cell(row.file), "taken", row.n_pairs, "") for row in report.taken]
    rows += [(in_cell(row.file), "left out", 0, row.reason) for row in report.left_out]
    return pd.DataFrame(rows, columns=["file", "outcome", "pairs", "reason"])


def _areas(rows: list[PairRow]) -> None:
    found = target_areas([row.area_before for row in rows], [row.area_after for row in rows])
    st.caption(areas_words(found))
    warning = areas_warning(found)
    if warning:
        st.warning(warning, icon=":material/warning:")


def _preview(name: str, rows: list[PairRow]) -> None:
    st.markdown("#### The pairs as they are stored")
    shown = frame.switch("Show", SPLITS, key="shown_split", label_visibility="collapsed")
    numbers = places(read_split(files.folder_of(name)), SPLITS[shown])
    if not len(numbers):
        frame.empty("No pairs here.", "All pairs of this data set are in the other part.")
        return
    page = gallery.page_of(pd.DataFrame({"number": np.asarray(numbers)}), key="pairs_page",
                           per_page=PER_PAGE)["number"]
    captions = [called(rows[i]) for i in page]
    outlines.sheet(name, page, captions, key="pairs",
                   alt=f"{counted(len(captions), 'pair')} of {name}, from {captions[0]} on, the "
                       "border of the target drawn as a line.")


def called(row: PairRow, most: int = 16) -> str:
    """A pair in few letters: the end of its file name, which tells files apart, and its tile."""
    stem = row.file.rpartition("/")[2]
    text = stem if len(stem) <= most else f"…{stem[1 - most:]}"
    return f"{text} {row.tile}".strip()
