"""The job that ranks images: started, watched, cancelled and started again. It computes nothing."""

from __future__ import annotations

import streamlit as st

from shipdash.config import ConfigError
from shipdash.counted import counted
from shipdash.data import files
from shipdash.data.files import DataError
from shipdash.labelling import Ranking, Rankings, RankRequest, Standing, ranking_job
from shipdash.labelling.ranking_job import MOST_KNOWN
from shipdash.records import UNDER_WAY, RunState
from shipdash.ui import forms, frame, starting
from shipdash.ui.words import plain

EVERY = "1s"

ENDED = {
    RunState.CANCELLED: "The ranking was cancelled.",
    RunState.FAILED: "The ranking failed.",
    RunState.LOST: "The ranking stopped unexpectedly.",
}


def finished(asked: RankRequest) -> Ranking | None:
    """The stored ranking that answers a question: with the same runs of other seeds, else the
    newest of the same run and images. None where there is none."""
    rankings = Rankings(asked.data)
    stored = rankings.list()
    for ranking in sorted(stored, key=lambda ranking: ranking != asked.digest):
        request = rankings.request(ranking)
        if ((request.run_id, request.fingerprint) == (asked.run_id, asked.fingerprint)
                and rankings.standing(ranking).state is RunState.COMPLETED):
            return loaded(asked.data, ranking)
    return None


def loaded(data: str, ranking: str) -> Ranking:
    """A finished ranking, read once for all viewers."""
    return _loaded(str(files.folder_of(data)), data, ranking)


@st.cache_resource(max_entries=4, show_spinner=False)  # 2 MB for 1,000 masks of 128 x 128
def _loaded(folder: str, data: str, ranking: str) -> Ranking:
    return Rankings(data).load(ranking)


def panel(asked: RankRequest, found: Ranking | None) -> None:
    """What stands between the question and its answer: a button, the progress, or nothing."""
    standing = _standing(asked)
    if standing is not None and standing.state in UNDER_WAY:
        _cancel_button(asked)
        st.fragment(_progress, run_every=EVERY)(asked)
    elif found is None:
        _offer(asked, standing)
    elif found.request != asked:
        _offer_again(found, asked)


def _standing(asked: RankRequest) -> Standing | None:
    """Where the job stands; None where it was never asked for."""
    rankings = Rankings(asked.data)
    if asked.digest not in rankings.list():
        return None
    return rankings.standing(asked.digest)


def _offer(asked: RankRequest, standing: Standing | None) -> None:
    """The button that starts the job, or starts it again, with what it does."""
    n = files.n_stored(asked.data, "pool")
    store = frame.own_store()
    n_known = min(store.config(asked.run_id).evaluation.n_held_out, MOST_KNOWN)
    if standing is not None:
        reason = f" {plain(standing.reason)}." if standing.reason else ""
        st.warning(f"{ENDED[standing.state]}{reason} Started again, it begins from scratch.")
    label = "Rank them again" if standing else f"Rank {counted(n, 'image')}"
    if starting.button(label, type="primary", key="rank", icon=":material/play_arrow:"):
        _start(asked)
    starting.tell()
    others = {0: "", 1: " So does the network of one run with another seed."}.get(
        len(asked.others), f" So do the networks of {len(asked.others)} runs with other seeds.")
    known = ("" if not n_known else
             f" To measure whether the ranking finds failures, the run's {n_known:,} held-out "
             "pairs, whose masks are known, are predicted too.")
    st.caption(f"The network predicts every image and its flipped copies.{others}{known} You can "
               "close the page while the ranking is computed.")


def _offer_again(found: Ranking, asked: RankRequest) -> None:
    """Runs of other seeds came or went since the stored ranking was made."""
    n, before = len(asked.others), len(found.request.others)
    st.caption(f"This ranking used {counted(before, 'run')} with other seeds; "
               f"{counted(n, 'is', 'are')} available now. Ranking again keeps all marks.")
    if starting.button("Rank them again", key="rank", icon=":material/refresh:"):
        _start(asked)


def _start(asked: RankRequest) -> None:
    if forms.attempt(ranking_job.start, frame.own_store(), asked) is not None:
        st.rerun()


def _cancel_button(asked: RankRequest) -> None:
    """Outside the timed fragment, so that clicks are kept."""
    if starting.button("Cancel", key="rank_cancel", icon=":material/close:"):
        forms.attempt(Rankings(asked.data).ask_cancel, asked.digest)


def _progress(asked: RankRequest) -> None:
    try:
        standing = _standing(asked)
        is_stopping = Rankings(asked.data).cancelled(asked.digest)
    except (ConfigError, DataError):  # removed or damaged meanwhile, which the page says
        st.rerun()
    if standing is None or standing.state not in UNDER_WAY:
        st.rerun()  # the ranking is there, or the button that starts it again
    words = ("The network is starting; TensorFlow takes some seconds." if not standing.n_done else
             f"{standing.n_done:,} of {standing.n:,} images and held-out pairs predicted")
    if is_stopping:
        words = "Stopping after the current images."
    st.progress(standing.n_done / max(standing.n, 1), words)
