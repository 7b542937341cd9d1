"""Deleting a finished run, with a question first."""

from __future__ import annotations

import streamlit as st

from shipdash import view_only
from shipdash.counted import counted
from shipdash.runs import prerequisites
from shipdash.ui import address, forms, frame
from shipdash.ui.words import plain


def offer(run: frame.Run) -> None:
    """A button that asks, and in it the one that deletes; nothing for the recorded run, and where
    all is read-only."""
    if run.recorded or view_only.is_read_only():
        return
    # Keys of this run alone: the second half of a double click would meet the next run's button.
    with st.popover("Delete", icon=":material/delete:", key=f"ask_delete_{run.run_id}"):
        st.markdown(f"**Delete this run?** {plain(frame.name_of(run))}")
        st.markdown(_what_goes(run))
        if st.button("Delete it", type="primary", key=f"delete_{run.run_id}",
                     icon=":material/delete:"):
            _delete(run)


def _what_goes(run: frame.Run) -> str:
    arms, _ = prerequisites.resting_on(frame.store_of(run), run.run_id)
    with_arms = f" and its {counted(len(arms), 'control arm')}" if arms else ""
    return (f"Its events, pictures and scores{with_arms} are removed from this machine. This "
            "cannot be undone; the same settings can be run again.")


def _delete(run: frame.Run) -> None:
    store = frame.store_of(run)
    if forms.attempt(lambda: store.delete(run.run_id) or True):
        address.drop("run", "replay")
        st.rerun()
