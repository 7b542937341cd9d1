"""The job that ranks images: what it is asked, what it offers and what it has found."""

from __future__ import annotations

import streamlit as st

from shipdash.counted import counted
from shipdash.data import files
from shipdash.labelling import Ranking, Rankings, RankRequest, ranking_job
from shipdash.labelling.ranking_job import MOST_KNOWN
from shipdash.ui import frame, job, starting


def finished(asked: RankRequest) -> Ranking | None:
    """The stored ranking that answers a question: with the same runs of other seeds, else the
    newest of the same run and images. None where there is none."""
    rankings = Rankings(asked.data)

    def is_alike(name: str) -> bool:
        request = rankings.request(name)
        return (request.run_id, request.fingerprint) == (asked.run_id, asked.fingerprint)

    name = job.answer(rankings, asked.digest, is_alike)
    return name and _loaded(str(files.folder_of(asked.data)), asked.data, name)


@st.cache_resource(max_entries=4, show_spinner=False)  # 2 MB for 1,000 masks of 128 x 128
def _loaded(folder: str, data: str, ranking: str) -> Ranking:
    """A finished ranking, read once for all viewers."""
    return Rankings(data).load(ranking)


def panel(asked: RankRequest, found: Ranking | None) -> None:
    """What stands between the question and its answer: a button, the progress, or nothing."""
    ranking = _job(asked)
    standing = ranking.standing()
    if job.is_watched(ranking, standing):
        return
    if found is None:
        job.tell_ended(ranking, standing, "Started again, it begins from scratch.")
        _offer(asked, is_new=standing is None)
    elif found.request != asked:
        _offer_again(found, asked)


def _job(asked: RankRequest) -> job.Job:
    """What is at work on a run's ranking, else what the question would start."""
    rankings = Rankings(asked.data)
    return job.Job(
        rankings, rankings.at_work(asked.run_id) or asked.digest, key="rank_cancel",
        noun="The ranking", network="The network", step="the current images",
        so_far=lambda standing:
        f"{standing.n_done:,} of {standing.n:,} images and held-out pairs predicted")


def _offer(asked: RankRequest, is_new: bool) -> None:
    """The button that starts the job, or starts it again, with what it does."""
    n = files.n_stored(asked.data, "pool")
    n_known = min(frame.own_store().config(asked.run_id).evaluation.n_held_out, MOST_KNOWN)
    job.start_button(f"Rank {counted(n, 'image')}" if is_new else "Rank them again",
                     lambda: ranking_job.start(frame.own_store(), asked),
                     type="primary", key="rank", icon=":material/play_arrow:")
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
    job.start_button("Rank them again", lambda: ranking_job.start(frame.own_store(), asked),
                     key="rank", icon=":material/refresh:")
