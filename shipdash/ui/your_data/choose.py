"""Which data set the page is about: a stored one, the sample in the package, or an upload."""

from __future__ import annotations

import streamlit as st

from shipdash import view_only
from shipdash.data import files, samples
from shipdash.data.files import DataError
from shipdash.ui import forms, frame
from shipdash.ui.your_data import upload

SAMPLE = "nuclei"


def data_set() -> str | None:
    """The name of the data set in view, carried by the address; None where there is none yet."""
    manifests = files.stored()
    names = [manifest["name"] for manifest in manifests]
    asked = st.query_params.get("data", "")
    if asked and asked not in names:
        st.warning("The link names a data set that is not stored on this machine.")
    if not names:
        frame.empty("No data set is stored here yet.", "This dashboard is read-only, so none can "
                    "be brought here." if view_only.is_read_only() else
                    "Bring your own images and masks below, or begin with the sample.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = _choice(manifests, asked) if names else None
        if SAMPLE not in names and not view_only.is_read_only():
            _sample_button()
    if view_only.is_read_only():  # strangers store nothing here
        return name
    with st.expander("Bring images and masks", expanded=not names, icon=":material/upload_file:",
                     key="bring"):
        upload.box()
    return name


def show(name: str) -> None:
    """Put a data set into view, with the first of its views."""
    st.query_params["data"] = name
    st.query_params.pop("run", None)  # of another data set
    st.rerun()


def _choice(manifests: list[dict], asked: str) -> str:
    words = {m["name"]: f"{m['name']} · {m['n']:,} pairs of {m['rows']} × {m['cols']} pixels"
             for m in manifests}
    names = list(words)
    at = names.index(asked) if asked in names else 0
    # Position and number too: a box keeps showing what it was drawn with.
    picked = st.selectbox("Data set", names, index=at, format_func=words.get,
                          key=f"choose_data_{at}_{len(names)}", width=480)
    if picked != names[at]:
        show(picked)
    return picked


def _sample_button() -> None:
    if st.button("Use the sample Nuclei", type="primary", key="use_sample",
                 icon=":material/biotech:",
                 help="200 microscope pictures in five kinds with the nuclei marked; they come "
                      "with the package (2018 Data Science Bowl, CC0)."):
        if forms.attempt(_stored_sample) is not None:
            show(SAMPLE)


def _stored_sample() -> str:
    """The sample, stored; a disk that cannot be written is a `DataError`."""
    try:
        return samples.sample(SAMPLE).name
    except OSError as error:
        raise DataError(f"The data folder {files.root()} cannot be written ({error.strerror}). "
                        "Free space or set SHIPDASH_DATA to a folder you may write to, then try "
                        "again.") from None
