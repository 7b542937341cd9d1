"""Download what a run kept: lists by the original files, a COCO file of the masks as stored."""

from __future__ import annotations

import json

import numpy as np
import streamlit as st

from shipdash.analysis.leaks import groups_to_drop, kept_by_group
from shipdash.data import export_files, files
from shipdash.data.pair_list import places
from shipdash.runs.original_files import OriginalFiles, original_files
from shipdash.ui import download, frame

MOST_COCO = 2_000
"""Masks that a page turns into run lengths, 0.3 ms each; more on the command line."""


def buttons(run: frame.Run) -> None:
    """One button a file, and of a run that is no recorded one the command for the pictures."""
    st.markdown("#### Export")
    found = original_files(frame.store_of(run), run.run_id)
    name = run.config.source.name
    with st.container(horizontal=True):
        download.button("Kept pairs (CSV)", found.core_csv, f"{name}-core.csv")
        download.button("Split (CSV)", found.split_csv, f"{name}-split.csv")
        drop = (groups_to_drop(kept_by_group([row.group for row in found.pool], found.core))
                if found.all_tested else [])
        if drop:
            download.button(f"Groups with no kept pair: {len(drop):,} (CSV)",
                            lambda: found.groups_csv(drop), f"{name}-groups-to-drop.csv")
        if len(found.core) <= MOST_COCO:
            download.button("Kept masks (COCO JSON)", lambda: _coco(found, name),
                            f"{name}-core.json")
    if not run.recorded:  # which no command finds
        _command(run, name)


def _command(run: frame.Run, name: str) -> None:
    """What writes the pictures: the original ones, else those that are stored."""
    gone = export_files.why_no_originals(files.read_manifest(files.folder_of(name)))
    if gone:
        st.caption(f"{gone} This writes images and masks at the stored size:")
        st.code(f"python -m shipdash export {run.run_id} --out FOLDER", language="bash")
    else:
        st.caption("Links to or copies of the original images and masks, and the part of your "
                   "own COCO file:")
        st.code(f"python -m shipdash data export {run.run_id} --out FOLDER --files copies",
                language="bash")


def _coco(found: OriginalFiles, name: str) -> str:
    """The kept masks at the size in which they are stored, with the names that `shipdash export`
    gives to pictures of that size: tiles of one file have one each."""
    numbers = places(found.split, "pool")[found.core]
    masks = np.load(files.folder_of(name) / "masks.npy", "r", allow_pickle=False)[numbers]
    return json.dumps(export_files.coco_of_masks([f"{i:07d}_image.png" for i in found.core], masks))
