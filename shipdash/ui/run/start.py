"""What can be done with the settings of the form: start them, or show again what they gave."""

from __future__ import annotations

import streamlit as st

from shipdash.config import RunConfig
from shipdash.config.settings import SEED_MAX
from shipdash.records import RunState
from shipdash.ui import forms, frame, starting

SAME = ("On the same processor, with the same number of threads, the same settings give the same "
        "run.")


def offer(config: RunConfig | None, runs: list[frame.Run]) -> None:
    """*Start*, or where the run of these settings is on this machine: open, replay, next seed."""
    # The recorded run is no reason not to see it happen here.
    known = config and frame.find(config.digest, [r for r in runs if not r.recorded])
    if known and known.config is None:
        st.error(f"The run of these settings cannot be read: {known.reason}")
    elif known:
        _again(known, runs)
    elif starting.button("Start", type="primary", key="start", icon=":material/play_arrow:",
                         disabled=config is None,
                         help=SAME):
        starting.begin(config)
    starting.tell()


def _again(run: frame.Run, runs: list[frame.Run]) -> None:
    """These settings have been run: nothing is computed twice, but all of it can be seen again."""
    following = forms.attempt(next_seed, run.config, runs)
    st.caption(f"A run with these settings was started on {run.created[:10]}; it is {run.state}. "
               f"{SAME}")
    with st.container(horizontal=True):
        if run.state == RunState.COMPLETED:
            if st.button("Replay it", type="primary", key="replay_known", icon=":material/replay:"):
                starting.open_run(run.run_id, replay="1")
        elif st.button("Open this run", type="primary", key="open_known",
                       icon=":material/open_in_new:"):
            starting.open_run(run.run_id)
        if following and starting.button(  # a double click is no second run
                f"Start again with model seed {following.seeds.model}",
                key=f"start_seed_{following.seeds.model}", icon=":material/restart_alt:"):
            starting.begin(following)


def next_seed(config: RunConfig, runs: list[frame.Run]) -> RunConfig:
    """The same settings with the next model seed that has not been run on this machine."""
    done = {run.run_id for run in runs if not run.recorded}
    while True:
        config = config.replace(**{"seeds.model": (config.seeds.model + 1) % (SEED_MAX + 1)})
        if config.digest not in done:
            return config
