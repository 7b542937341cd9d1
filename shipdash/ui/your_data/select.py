"""Start a selection from a data set with the preset for own data, and the runs there are of it."""

from __future__ import annotations

import streamlit as st

from shipdash.config import RunConfig
from shipdash.counted import counted
from shipdash.data.own_preset import own_config
from shipdash.runs import queue
from shipdash.ui import address, forms, frame, starting


def view(name: str) -> None:
    """The preset and its button."""
    config, runs = own_config(name), frame.runs()
    _start(config, frame.find(config.digest, [r for r in runs if not r.recorded]), runs)
    recorded = next((r for r in runs_of(config, runs) if r.recorded), None)
    if recorded is not None:
        frame.link("pages/2_Run.py", "Replay the recorded run of these pairs",
                   icon=":material/replay:", run=recorded.run_id)


def runs_of(config: RunConfig, runs: list[frame.Run]) -> list[frame.Run]:
    """Selections from the same content, newest first; not those with repeats or wrong masks
    planted in it, which are known answers."""
    return [run for run in runs if run.config and (run.config.source, run.config.planted) == (
        config.source, config.planted)]


def _start(config: RunConfig, run: frame.Run | None, runs: list[frame.Run]) -> None:
    rules = config.selection
    st.markdown(f"### {counted(rules.n_pool, 'pair')} in the pool, "
                f"{config.evaluation.n_held_out:,} held out")
    st.markdown(
        f"A pair is kept if the network predicts it with an IoU below {rules.acceptance_iou:.2f}, "
        f"and training goes on until the kept pairs reach a mean IoU of {rules.precision:.2f}. A "
        "pair that cannot be learnt is set aside and listed, and selection moves on.")
    with st.container(horizontal=True, vertical_alignment="center"):
        if run is None:
            if starting.button("Start the selection", type="primary",
                               key=f"data_start_{config.digest}", icon=":material/play_arrow:"):
                starting.begin(config)
        else:
            frame.link("pages/2_Run.py", f"This selection is {run.state}: open it on Run",
                       icon=":material/open_in_new:", run=run.run_id)
        st.page_link("pages/2_Run.py", label="Change its settings first", icon=":material/tune:",
                     query_params=address.guessed() | {"data": config.source.name})
    if run is None:
        starting.tell()
        forms.tell_estimate(config, runs)
        queue.ensure_standby(frame.own_store(), config, (r.state for r in runs))
