"""The result, shown after a guess: the replay with the guess, numbers, pairs."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from shipdash import analysis
from shipdash.config import ConfigError, RunConfig
from shipdash.data.files import DataError
from shipdash.ui import article_network, evidence, frame, gallery, words
from shipdash.ui.evaluation import registered
from shipdash.ui.overlay import data_url
from shipdash.ui.run import replay

MOST_SHOWN = 112
"""Core pairs on Home: eight rows, a quarter of a second."""


def show(run: frame.Run, runs: list[frame.Run]) -> None:
    """From the replay, whose last words answer the guess, to the command that repeats the run.

    Where `run` is the recorded one of the compact network, that of the article's stands beside it.
    """
    st.html(Path(__file__).parent / "page.css")
    replay.show(run, ending=headline(run, frame.guess()), key="home_reveal")
    frame.tell_failed(run)
    look_closer(run)
    result(run)
    two = article_network.recorded(runs)
    article_network.panel(two if two and two["compact"] == run else None)
    core(run)
    repeat(run)


def headline(run: frame.Run, guess: int | None) -> str:
    """The guess against what came out."""
    found = run.result
    if found.stalled:
        return analysis.finding(found.n_core, found.n_tested, found.n_pool, found.reason)
    if guess is None:
        return f"It kept {found.n_core:,} of {found.n_pool:,} pairs."
    return f"You said {guess:,}. It kept {found.n_core:,}."


def look_closer(run: frame.Run) -> None:
    """To the pairs and the scores of this run."""
    with st.container(horizontal=True):
        frame.link("pages/3_Samples.py", "Browse the pairs it kept", run=run.run_id)
        frame.link("pages/4_Evaluation.py", "How good is it?", run=run.run_id)


def result(run: frame.Run) -> None:
    """The held-out result in numbers. How many were selected is for the replay to say."""
    held = run.result.held_out
    if held:
        cells = st.columns(3)
        cells[0].metric("Held-out mean IoU", f"{held.mean_iou:.3f}",
                        help=f"{held.n:,} fresh pairs that the run did not use for any decision."
                             + words.compared(run.config))
        cells[1].metric(f"Below IoU {held.acceptance_iou:.2f}", f"{held.share_failing:.2%}",
                        help=f"Share of {held.n:,} fresh pairs.")
        cells[2].metric("Whole run", frame.duration(run.result.seconds))
        beside(run)


def beside(run: frame.Run) -> None:
    """The result of as many random pairs if there is one of this run, otherwise that it is
    unknown."""
    if run.recorded:
        study = next((e for e in evidence.recorded() if evidence.is_about(run, e)), None)
    else:
        study = evidence.gathered(run)
    said = analysis.arms_finding(study.arms) if study is not None else None
    if said is None:
        st.caption("This is a single run, so the spread is unknown, and so is whether *these* "
                   "pairs matter: the same number of random pairs may do as well.")
        return
    registered.in_a_line(run, "on the Evaluation page, under *Controls*")
    st.markdown(f"#### {said.title}")
    st.markdown(analysis.two_networks(study.arms))
    source = (f"Recorded study, {str(study.about.get('written'))[:10]}." if run.recorded else
              frame.provenance(run))
    st.caption(f"{said.detail} {source}")
    frame.link("pages/4_Evaluation.py", "All controls", run=run.run_id, view="Controls")


def core(run: frame.Run) -> None:
    """All that the network trained on, at a glance."""
    chosen = run.result.core
    if not chosen:
        return
    first = f", of which the first {MOST_SHOWN} are shown" if len(chosen) > MOST_SHOWN else ""
    st.markdown(f"#### All the pairs it trained on: {len(chosen):,}{first}")
    try:
        images, _ = gallery.of_run(run, chosen[:MOST_SHOWN])
    except (ConfigError, DataError):  # the replay above has said what is missing
        return
    with st.container(key="sheet_home"):
        st.image(data_url(gallery.mosaic(images), "WEBP", quality=gallery.QUALITY), width="stretch",
                 alt=f"The images of {len(images)} core pairs in order of selection"
                     + _seen(run.config))
    st.caption("In order of selection, 64 pixels wide each. Samples shows truth and predictions.")


def _seen(config: RunConfig) -> str:
    if not config.knows_factors:
        return "."
    shapes = "one faint shape" if config.scene.distractor == "none" else "two faint shapes"
    return f": noise with {shapes} each."


def repeat(run: frame.Run) -> None:
    """The command that gives the same run from a terminal, to the last pair."""
    # Another number of threads rounds differently.
    on_one = run.result.threads == 1
    st.markdown(f"The same run from a terminal{', on one thread as recorded' * on_one}:")
    st.code("taskset -c 0 " * on_one + frame.command(run.config), language="bash", wrap_lines=True)
    st.caption("On the same processor, with the same number of threads and the same versions, it "
               "kept exactly the same pairs in every repeat that was made. Otherwise sums may "
               "round differently, so that other pairs are kept near the threshold.")
