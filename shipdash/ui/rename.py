"""The box in which a run can be renamed; `runs/given_name.py` decides which names are valid."""

from __future__ import annotations

import streamlit as st

from shipdash import view_only
from shipdash.config import default_name
from shipdash.results import StoredRun
from shipdash.runs import StoreError
from shipdash.runs.given_name import LONGEST
from shipdash.ui.stored import store_of


def rename(run: StoredRun) -> None:
    """A button that opens the box; nothing for recorded runs, and where all is read-only."""
    if run.recorded or run.config is None or view_only.is_read_only():
        return
    key = f"name_{run.run_id}"
    with st.popover("Rename", icon=":material/edit:", key=f"rename_{run.run_id}"):
        # Somebody else may have named it since this box was last drawn.
        st.session_state[key] = run.given_name
        st.text_input("Name of this run", key=key, max_chars=LONGEST, on_change=_save,
                      args=(run, key), placeholder=default_name(run.config),
                      help="Empty: named by what differs from the preset. The run stays the same.")
        if refused := st.session_state.pop(f"{key}_refused", ""):
            st.error(refused)


def _save(run: StoredRun, key: str) -> None:
    """Before the page is drawn again, so that it calls the run by its new name everywhere."""
    try:
        store_of(run).set_name(run.run_id, st.session_state[key])
    except StoreError as error:
        st.session_state[f"{key}_refused"] = str(error)
