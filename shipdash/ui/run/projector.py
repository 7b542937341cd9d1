"""The Run page on a projector: the stage fills the window; no form, no links, no heading."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from shipdash.did_not_learn import is_judged, symptom
from shipdash.records import Event, RunState
from shipdash.ui import frame
from shipdash.ui.run import film, panel, present, replay, stage


def body(runs: list[frame.Run]) -> None:
    """The run of the link, else the newest, in one view without scrolling."""
    st.html(Path(__file__).parent / "projector.css")
    run = frame.in_view([run for run in runs if run.config])
    if run is None:
        present.button()
        return
    with st.container(key="present_buttons"):
        if run.state == RunState.COMPLETED:
            present.button()
        else:
            panel.buttons(run)
    every = None if run.state == RunState.COMPLETED else panel.EVERY
    st.fragment(_stage, run_every=every)(run)


def _stage(run: frame.Run) -> None:
    state, _ = panel.state_of(run)
    if state != run.state or not present.is_asked():
        st.rerun()  # another timer, or another page
    events, done = frame.events(run, state), state == RunState.COMPLETED
    view = stage.View(log=st.query_params.get("axes") == "log", present=True, page_keys=True,
                      live=not done, autoplay=replay.is_asked(run))
    with frame.in_words():
        shown = film.whole(run) if done else film.newest(run, events)
        stage.draw(run, shown, view, key="present_stage", words=_words(run, state, events),
                   on_left=present.leave)


def _words(run: frame.Run, state: RunState, events: Sequence[Event]) -> str:
    """What an audience must know of a run beside its numbers."""
    if is_judged(run.config) and symptom(events):
        return "This run learns far more slowly than usual, if at all. "
    return "" if state in (RunState.RUNNING, RunState.COMPLETED) else f"{state.capitalize()}. "
