"""Which data set the page is about: a stored one, the sample in the package, or an upload."""

from __future__ import annotations

import streamlit as st

from shipdash import view_only
from shipdash.counted import counted
from shipdash.data import files, sample_data
from shipdash.ui import frame
from shipdash.ui.your_data import upload


def data_set() -> str:
    """The name of the data set in view, carried by the address; by default the first stored one,
    and the sample where none is stored."""
    stored = files.stored()
    manifests = stored + sample_data.manifests({manifest["name"] for manifest in stored})
    asked = st.query_params.get("data", "")
    if asked and asked not in [manifest["name"] for manifest in manifests]:
        st.warning("The link names a data set that is not stored on this machine.")
    words = {m["name"]: f"{m['name']} · {counted(m['n'], 'pair')} of {m['rows']} × {m['cols']} "
             + "pixels" + " · comes with the package" * ("sample" in m) for m in manifests}
    name = frame.box("Data set", "data", words, forgets=["run"], width=480)
    if not view_only.is_read_only():  # strangers store nothing here
        with st.expander("Import images and masks", expanded=not stored,
                         icon=":material/upload_file:", key="bring"):
            upload.box()
    return name
