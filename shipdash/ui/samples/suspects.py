"""*Suspicious labels*: the kept pairs whose masks to check first, and the job that finds them."""

from __future__ import annotations

from pathlib import PurePath

import numpy as np
import pandas as pd
import streamlit as st

from shipdash.data.file_names import in_cell
from shipdash.labelling import Suspect, SuspectRequest, Suspicions, suspect_request, suspects_job
from shipdash.labelling.suspects import MEASURES, suspects
from shipdash.runs import Store, StoreError
from shipdash.ui import download, frame, gallery, job, one_pair, starting, studies
from shipdash.ui.words import plain

BY = {"soft minimum": "softmin", "IoU": "iou"}
"""The measures as the link names them, the default first."""


def view(run: frame.Run) -> None:
    """What the search does and costs; then its button, its progress, or its answer."""
    if run.result is None:
        frame.empty("This run has not finished.",
                    "Suspicious labels are looked for among the kept pairs of a finished run.")
        return
    if run.recorded or not run.is_current:
        came = ("came with the package and cannot be changed" if run.recorded else
                "was made with another version")
        frame.empty(f"This run {came}.", "Choose a run that was computed here with this version.")
        return
    jobs = Suspicions(frame.store_of(run), run.run_id)
    try:
        asked = suspect_request(frame.store_of(run), run.run_id)
    except StoreError:
        frame.empty("A single image was kept.", "The search needs at least two different ones.")
        return
    found = job.answer(jobs, asked.digest)  # of another number of networks or steps as well
    request = asked if found is None else jobs.request(found)
    st.caption(f"The {run.result.n_core:,} kept pairs are cut into {request.n_folds} parts, and "
               "each part is predicted by a network that was trained from scratch without it: a "
               "mask that the prediction contradicts is worth checking. This "
               f"{'costs' if found is None else 'took'} {request.n_folds} training runs of "
               f"{request.n_steps:,} steps"
               f"{'; the page may be closed meanwhile' if found is None else ''}.")
    if found is None:
        _search(run, jobs, asked)
    else:
        _listed(run, found)
    st.caption("Whether this finds wrong masks was measured with masks made wrong on purpose, on "
               "the scene and on nuclei; the table is in docs/label-next.md. Smaller errors, such "
               "as an outline drawn a little too wide, were not tried.")


def _search(run: frame.Run, jobs: Suspicions, asked: SuspectRequest) -> None:
    """What stands between the question and its answer: a button, or the progress."""
    search = job.Job(
        jobs, asked.digest, key="suspects_cancel", noun="The search",
        network="The first network", step="the training step at hand",
        so_far=lambda standing: f"{standing.n_done:,} of {standing.n:,} training steps, "
                                f"{plain(standing.reason)}")
    standing = search.standing()
    if job.is_watched(search, standing):
        return
    if why := studies.why_no_core(run):
        frame.empty(*why)
        return
    job.tell_ended(search, standing, "It continues with the first network that had not finished.")
    job.start_button("Continue the search" if standing else "Find suspicious labels",
                     lambda: suspects_job.start(frame.store_of(run), asked),
                     type="primary", key="suspects_start", icon=":material/play_arrow:")
    starting.tell()


def _listed(run: frame.Run, found: str) -> None:
    """The pairs in the order chosen, as tiles and as a file."""
    by = BY[frame.switch("Order by", BY, key="measure")]
    st.caption(f"By the {MEASURES[by]}, the smallest first. Image, mask, and, compared with the "
               "mask, the prediction of the network trained without this pair. Click a pair to "
               "open it.")
    rows = _ranked(str(frame.store_of(run).root), run.run_id, found, by)
    shown = gallery.page_of(rows, key="suspects_page")
    bits = Suspicions(frame.store_of(run), run.run_id).found(found)["bits"][shown["place"]]
    predicted = np.unpackbits(bits, axis=2, count=run.config.shape[1]).astype(bool)
    one_pair.sheet(
        run, shown["number"], [caption(Suspect(*row), by) for row in shown.itertuples(index=False)],
        list(predicted), key="suspects",
        alt=f"Kept pairs {shown['rank'].iloc[0]} to {shown['rank'].iloc[-1]} by suspicion.")
    download.button("suspects.csv", as_csv(rows), "suspects.csv", key="suspects_csv")


def as_csv(rows: pd.DataFrame) -> str:
    """All pairs in their order, with both measures and, of a data set, their original files."""
    return rows.drop(columns="place").assign(file=rows["file"].map(in_cell)).to_csv(
        index=False, lineterminator="\n")


def caption(row: Suspect, by: str) -> str:
    """Rank, file or number, the measure, and whether the run itself gave the pair up."""
    name = f"{PurePath(row.file).name} {row.tile}".strip() if row.file else f"pair {row.number:,}"
    value = f"IoU {frame.iou(row.iou, 3)}" if by == "iou" else f"soft minimum {row.softmin:.3f}"
    return f"#{row.rank:,} · {name} · {value}" + (" · set aside" if row.set_aside else "")


@st.cache_data(max_entries=8, show_spinner=False)
def _ranked(root: str, run_id: str, name: str, by: str) -> pd.DataFrame:
    """The list of a finished job, which never changes: one row a pair, `Suspect`'s columns."""
    return pd.DataFrame(suspects(Store(root), name, run_id, by), columns=Suspect._fields)
