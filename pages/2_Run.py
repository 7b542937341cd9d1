"""Run: ask for a run, start it, watch it happen."""

import streamlit as st

from shipdash.runs import queue
from shipdash.ui import forms, frame
from shipdash.ui.run import panel

frame.page("Run")
runs = frame.runs()
# Decided on the first look only: `choose` puts a run into the URL, and the form must not fold then.
unfolded = st.session_state.setdefault("new_run_unfolded", "run" not in st.query_params)
with st.expander("New run", expanded=unfolded, icon=":material/add:"):
    config, name = forms.run_form()
    if config is not None:
        forms.tell_estimate(config, runs)
    # The recorded run is no reason not to see it happen here.
    known = config is not None and frame.find(config.digest, [r for r in runs if not r.recorded])
    label = "Open this run" if known else "Start"
    if st.button(label, type="primary", key="start", icon=":material/play_arrow:",
                 disabled=config is None, help="The same settings are the same run."):
        run_id = config.digest if known else forms.attempt(queue.submit, frame.own_store(), config)
        if run_id:
            st.query_params["run"] = run_id
            st.session_state["new_run_unfolded"] = False
            st.rerun()
    if config is not None and not known:
        queue.ensure_standby(frame.own_store(), config, (r.state for r in runs))

run, log = panel.controls(runs)
if run is not None:
    panel.buttons(run)
    panel.panel(run, log)
