"""The job that finds suspicious labels: started, watched, cancelled and continued. It trains
nothing itself."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from shipdash.labelling import Standing, SuspectRequest, Suspicions, suspects_job
from shipdash.records import UNDER_WAY, RunState
from shipdash.ui import forms, frame, starting
from shipdash.ui.words import plain

EVERY = "1s"

ENDED = {
    RunState.CANCELLED: "The search was cancelled.",
    RunState.FAILED: "The search failed.",
    RunState.LOST: "The search stopped unexpectedly.",
}


class Found(NamedTuple):
    """A finished job and what was asked of it."""

    job: str
    request: SuspectRequest


def finished(run: frame.Run, asked: SuspectRequest) -> Found | None:
    """The stored answer: to the question itself, else the newest to another number of networks
    or steps. None where there is none."""
    jobs = Suspicions(frame.store_of(run), run.run_id)
    for job in sorted(jobs.list(), key=lambda job: job != asked.digest):
        if jobs.standing(job).state is RunState.COMPLETED:
            return Found(job, jobs.request(job))
    return None


def panel(run: frame.Run, asked: SuspectRequest) -> None:
    """What stands between the question and its answer: a button, or the progress."""
    standing = _standing(run, asked)
    if standing is not None and standing.state in UNDER_WAY:
        _cancel_button(run, asked)
        st.fragment(_progress, run_every=EVERY)(run, asked)
    else:
        _offer(run, asked, standing)


def _standing(run: frame.Run, asked: SuspectRequest) -> Standing | None:
    """Where the job stands; None where it was never asked for."""
    jobs = Suspicions(frame.store_of(run), run.run_id)
    if asked.digest not in jobs.list():
        return None
    return jobs.standing(asked.digest)


def _offer(run: frame.Run, asked: SuspectRequest, standing: Standing | None) -> None:
    """The button that starts the job, or goes on with it."""
    if standing is not None:
        reason = f" {plain(standing.reason)}." if standing.reason else ""
        st.warning(f"{ENDED[standing.state]}{reason} It continues with the first network that "
                   "had not finished.")
    label = "Continue the search" if standing else "Find suspicious labels"
    if starting.button(label, type="primary", key="suspects_start", icon=":material/play_arrow:"):
        started = forms.attempt(suspects_job.start, frame.store_of(run), asked)
        if started is not None:
            st.rerun()
    starting.tell()


def _cancel_button(run: frame.Run, asked: SuspectRequest) -> None:
    """Outside the timed fragment, so that clicks are kept."""
    if starting.button("Cancel", key="suspects_cancel", icon=":material/close:"):
        forms.attempt(Suspicions(frame.store_of(run), run.run_id).ask_cancel, asked.digest)


def _progress(run: frame.Run, asked: SuspectRequest) -> None:
    standing = _standing(run, asked)
    if standing is None or standing.state not in UNDER_WAY:
        st.rerun()  # the list is there, or the button that continues the search
    words = ("The first network is starting; TensorFlow takes some seconds." if not standing.n_done
             else f"{standing.n_done:,} of {standing.n:,} training steps, "
             f"{plain(standing.reason)}")
    if Suspicions(frame.store_of(run), run.run_id).cancelled(asked.digest):
        words = "Stopping after the training step at hand."
    st.progress(min(standing.n_done / max(standing.n, 1), 1.0), words)
