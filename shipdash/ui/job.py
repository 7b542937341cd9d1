"""The panel of a job of `labelling`: started, watched, cancelled and started again. It computes
nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from shipdash.config import ConfigError
from shipdash.data.files import DataError
from shipdash.labelling import Standing
from shipdash.labelling.job_folders import JobFolders
from shipdash.records import UNDER_WAY, RunState
from shipdash.ui import forms, starting
from shipdash.ui.words import plain

EVERY = "1s"

ENDED = {
    RunState.CANCELLED: "was cancelled",
    RunState.FAILED: "failed",
    RunState.LOST: "stopped unexpectedly",
}


class Job(NamedTuple):
    """A job by the folder it is kept in, and the words of its page."""

    folders: JobFolders
    name: str  # its id there
    key: str  # of the button that cancels it
    noun: str  # *The ranking* was cancelled
    network: str  # *The first network* is starting
    step: str  # stopping after *the current images*
    so_far: Callable[[Standing], str]  # what it has done, once it has done anything

    def standing(self) -> Standing | None:
        """Where it stands; None where it was never asked for."""
        return self.folders.standing(self.name) if self.name in self.folders.list() else None


def answer(folders: JobFolders, asked: str, is_alike: Callable[[str], bool] = lambda name: True
           ) -> str | None:
    """The finished job that answers a question: the one of the id `asked`, else the newest of
    those that are alike. None where there is none."""
    for name in sorted(folders.list(), key=lambda name: name != asked):
        if is_alike(name) and folders.standing(name).state is RunState.COMPLETED:
            return name
    return None


def is_watched(job: Job, standing: Standing | None) -> bool:
    """Whether the job is under way; then its progress is shown, and a button that cancels it."""
    if standing is None or standing.state not in UNDER_WAY:
        return False
    # Outside the timed fragment, so that clicks are kept.
    if starting.button("Cancel", key=job.key, icon=":material/close:"):
        forms.attempt(job.folders.ask_cancel, job.name)
    st.fragment(_progress, run_every=EVERY)(job)
    return True


def tell_ended(job: Job, standing: Standing | None, again: str) -> None:
    """How the job ended without an answer, if it was ever asked for, and what starting it `again`
    does."""
    if standing is None:
        return
    if standing.state is RunState.COMPLETED:  # since the page looked for an answer
        st.rerun()
    else:
        reason = f" {plain(standing.reason)}." if standing.reason else ""
        st.warning(f"{job.noun} {ENDED[standing.state]}.{reason} {again}")


def start_button(label: str, start: Callable[[], str], **more: Any) -> None:
    """The button that starts the job; the page is drawn again to watch it."""
    if starting.button(label, **more) and forms.attempt(start) is not None:
        st.rerun()


def _progress(job: Job) -> None:
    try:
        standing = job.standing()
        is_stopping = job.folders.cancelled(job.name)
    except (ConfigError, DataError):  # removed or damaged meanwhile, which the page says
        st.rerun()
    if standing is None or standing.state not in UNDER_WAY:
        st.rerun()  # the answer is there, or the button that starts the job again
    words = (job.so_far(standing) if standing.n_done else
             f"{job.network} is starting; TensorFlow takes some seconds.")
    if is_stopping:
        words = f"Stopping after {job.step}."
    st.progress(min(standing.n_done / max(standing.n, 1), 1.0), words)
