"""Start a preset from the first page, or where it has finished already: again, or its replay."""

from __future__ import annotations

import streamlit as st

from shipdash.config import RunConfig, preset
from shipdash.records import UNDER_WAY, RunState
from shipdash.runs import queue
from shipdash.ui import forms, frame, starting
from shipdash.ui.run.start import next_seed


def row(runs: list[frame.Run], is_open: bool) -> None:
    """The preset and its button, with the time it takes. With the answer seen, its network is made
    ready, so that the start need not wait for TensorFlow."""
    own = [r for r in runs if not r.recorded]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = forms.choose_preset("Or watch it happen", key="start_preset", default="quick")
        config = preset(name)
        run = frame.find(config.digest, own)
        if run is not None and run.state == RunState.COMPLETED:
            config = next_seed(config, own)
            _button(f"Start again with model seed {config.seeds.model}", config, is_open,
                    key=f"home_start_{config.seeds.model}")  # a double click is no second run
            if st.button("Replay the finished run", key="home_replay", icon=":material/replay:"):
                starting.open_run(run.run_id, replay="1")
        else:
            label = ("Start the experiment" if run is None else
                     "Watch it run" if run.state in UNDER_WAY else "Resume the experiment")
            _button(label, config, is_open)
    starting.tell()
    forms.tell_estimate(config, runs, device=False)
    if is_open:
        queue.ensure_standby(frame.own_store(), config, (r.state for r in runs))


def _button(label: str, config: RunConfig, is_open: bool, key: str = "home_start") -> None:
    """Starts the run, resumes it where it stopped, and opens it."""
    kind = "primary" if is_open else "secondary"  # the first thing to do is to guess
    if starting.button(label, type=kind, key=key, icon=":material/play_arrow:"):
        starting.begin(config)
