"""The first page from top to bottom: a guess, then what came out, then the runs there are."""

from __future__ import annotations

import streamlit as st

from shipdash.records import RunState
from shipdash.ui import address, frame
from shipdash.ui.home import machine, reveal, start
from shipdash.ui.run import replay


def body() -> None:
    """Everything below the idea. Nothing says how it ends before a guess or *Show me*."""
    everything = frame.runs(arms=True)
    runs = [r for r in everything if not r.is_arm]
    run = shown(runs)
    left, right = st.columns(2, gap="large")
    with left:
        is_open = question(run)
    with right:
        start.row(runs, is_open)
    if run is None:
        frame.empty("No finished run yet.",
                    "Start the experiment; it takes about a minute on two cores.")
    elif is_open:
        reveal.show(run)
    if run is not None and not is_open:
        replay.get_ready(run)
    machine.show(runs, [r for r in everything if r.is_arm], is_open)


def shown(runs: list[frame.Run]) -> frame.Run | None:
    """The finished run of the link, else the recorded one, else the newest that finished."""
    finished = [r for r in runs if r.config and r.result and r.state == RunState.COMPLETED]
    asked = frame.find(st.query_params.get("run", ""), finished)
    recorded = [r for r in finished if r.recorded]
    return asked or next(iter(recorded + finished), None)


def question(run: frame.Run | None) -> bool:
    """The guess and *Show me*; whether what came out may be seen: link and session keep that."""
    n_pool = run.config.selection.n_pool if run else None
    of_many = f" of {n_pool:,} pairs" if n_pool else ""
    with st.container(horizontal=True, vertical_alignment="bottom", wrap=False):
        guess = frame.guess_box(f"Your guess: how many{of_many} does it keep?")
        is_open = guess is not None or st.query_params.get("reveal") == "1"
        if is_open:
            st.button("Hide the answer", type="tertiary", key="home_hide",
                      on_click=address.hide, icon=":material/visibility_off:")
        elif run is not None:
            st.button("Show me", type="primary", key="home_show", on_click=address.put,
                      args=("reveal", "1"), icon=":material/visibility:")
    return is_open
