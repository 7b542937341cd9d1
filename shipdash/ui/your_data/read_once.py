"""What the views read of a data set's files again and again, kept in the server's memory.

Nothing is drawn here. Of 100,000 pairs the rows take half a second to read and 40 MB to keep, so
few data sets are kept, and of a report only what is shown.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from shipdash.data import files
from shipdash.data.pair_list import PairRow, read_pairs
from shipdash.importing import read_report
from shipdash.importing.report import LeftOut

MOST_DATA_SETS = 3


def pairs_of(name: str) -> list[PairRow]:
    """All pairs of a data set by number, which nobody may change; see `read_pairs`."""
    return _pairs(*_asked(name))


def import_of(name: str) -> tuple[tuple[LeftOut, ...], list[str]]:
    """The files that an import left out, and its sentences; see `read_report`."""
    return _import(*_asked(name))


def _asked(name: str) -> tuple[str, str, int]:
    """The folder, its content, and when it was stored: equal pictures may come from other files."""
    folder = files.folder_of(name)
    return (str(folder), files.read_manifest(folder)["fingerprint"],
            (folder / files.MANIFEST).stat().st_mtime_ns)


@st.cache_resource(max_entries=MOST_DATA_SETS, show_spinner=False)
def _pairs(folder: str, fingerprint: str, stored_ns: int) -> list[PairRow]:
    return read_pairs(Path(folder))


@st.cache_resource(max_entries=MOST_DATA_SETS, show_spinner=False)
def _import(folder: str, fingerprint: str, stored_ns: int) -> tuple[tuple[LeftOut, ...], list[str]]:
    report = read_report(Path(folder))
    return report.left_out, report.sentences
