"""Marks and images to label as downloads, and marks of another machine taken in."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from shipdash import view_only
from shipdash.config import ConfigError
from shipdash.counted import counted
from shipdash.data import files
from shipdash.data.export_files import why_no_originals
from shipdash.labelling import Ranking, exports
from shipdash.ui import download, forms, frame
from shipdash.ui.label_next import who

MOST = 2_000
"""Images that a page puts into an archive; more on the command line."""

MOST_BYTES = 500 * 2**20
"""Of original pictures: the archive is made in the server's memory."""


def view(run: frame.Run, found: Ranking) -> None:
    """What a labelling tool reads, the log of marks, and a log to take in."""
    data = found.request.data
    above = st.container()
    _marks(data)  # first, since a file that is taken in changes what stands above it
    with above:
        _wrong_ones(run, found)


def _wrong_ones(run: frame.Run, found: Ranking) -> None:
    data = found.request.data
    numbers = [row.number for _, row in exports.marked(data)]
    st.markdown(f"#### {counted(len(numbers), 'image')} marked wrong, to be labelled")
    if not numbers:
        frame.empty("Nothing to label yet.", "Mark images as wrong under *Go through them*.")
    elif len(numbers) > MOST:
        st.caption(f"More than {MOST:,} images: use the command line.")
        st.code(f"python -m shipdash label export {data} --out FOLDER --format coco "
                f"--run {run.run_id}", language="bash")
    else:
        _to_label(found, numbers)


def _to_label(found: Ranking, numbers: list[int]) -> None:
    data = found.request.data
    gone, large = why_no_originals(files.read_manifest(files.folder_of(data))), ""
    if not gone and (size := exports.n_bytes_of_folder(data)) > MOST_BYTES:
        large = (f"The original pictures have {size / 2**20:,.0f} MB, more than the "
                 f"{MOST_BYTES / 2**20:.0f} MB that a page packs: use the command line.")
    unranked = exports.unranked(found, numbers)
    with st.container(horizontal=True):
        download.button("List (CSV)", lambda: exports.images_csv(data), f"{data}-to-label.csv")
        download.button(
            "Predicted masks to correct (COCO, ZIP)",
            lambda: archive(partial(exports.write_coco, draft=exports.coco(found, numbers))),
            f"{data}-to-label-coco.zip", disabled=bool(unranked))
        download.button("Original pictures (ZIP)", lambda: archive(partial(originals, data=data)),
                        f"{data}-to-label.zip", disabled=bool(gone or large))
    st.caption("The COCO archive has the predicted masks and the pictures at the stored size, so "
               f"that masks can be corrected instead of drawn from scratch. {gone}{large}")
    if large:
        st.code(f"python -m shipdash label export {data} --out FOLDER --format folder",
                language="bash")
    if unranked:
        st.caption(f"{counted(len(unranked), 'of these images was', 'of these images were')} not "
                   "ranked and so without a predicted mask to correct. Download the original "
                   "pictures instead.")


def _marks(data: str) -> None:
    """The log as a file, and one to take in."""
    st.markdown("#### Marks")
    download.button("All marks (CSV)", lambda: exports.log_csv(data), f"{data}-marks.csv")
    if view_only.is_read_only():
        st.caption(who.READ_ONLY)
        return
    given = st.file_uploader("Import marks from another machine", type="csv",
                             key=f"marks_file_{data}",
                             help="A file from *All marks* or `shipdash label export`. Images are "
                                  "matched by path or file name; marks that are already here are "
                                  "not added twice.")
    if given is not None:
        done = f"marks_of_{given.file_id}"  # each script run is given the file again
        if done not in st.session_state:
            st.session_state[done] = forms.attempt(_take_in, data, given.getvalue())
        n = st.session_state[done]
        if n is None:
            del st.session_state[done]
        else:
            st.success(f"{counted(n, 'line was', 'lines were')} added." if n else
                       "All of these marks were here already.")


def _take_in(data: str, content: bytes) -> int:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError("marks", content[:20], "must be a text file in UTF-8") from None
    return exports.merge_csv(data, text)


def archive(write: Callable[[Path], object]) -> bytes:
    """A ZIP archive of what is written into a folder."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as beside:
        write(Path(folder))
        return Path(shutil.make_archive(f"{beside}/archive", "zip", folder)).read_bytes()


def originals(out: Path, data: str) -> None:
    """The pictures of `exports.write_folder` with their list; ``missing.txt`` names those that are
    no longer where they were."""
    placed = exports.write_folder(out, data)
    (out / "to_label.csv").write_text(exports.images_csv(data), "utf-8", newline="")
    if placed.missing:
        (out / "missing.txt").write_text("\n".join(placed.missing) + "\n", "utf-8")
