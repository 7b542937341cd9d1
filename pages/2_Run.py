"""Run: ask for a run, start it, watch it happen."""

import streamlit as st

from shipdash.runs import queue
from shipdash.ui import address, forms, frame
from shipdash.ui.run import panel, present, projector, start

frame.page("Run")
runs = frame.runs()
if present.is_asked():
    projector.body(runs)
    st.stop()
panel.compact()
if address.has_come() and "run" not in st.query_params and address.holds_settings():
    st.session_state["new_run_unfolded"] = True  # a link to the form, not to a run
# Decided on the first look only: `choose` puts a run into the URL, and the form must not fold then.
unfolded = st.session_state.setdefault("new_run_unfolded", forms.is_in_link())
with st.expander("New run", expanded=unfolded, icon=":material/add:"):
    config, name = forms.run_form()
    if config is not None:
        forms.tell_estimate(config, runs)
    start.offer(config, runs)
    if config is not None and not frame.find(config.digest, [r for r in runs if not r.recorded]):
        queue.ensure_standby(frame.own_store(), config, (r.state for r in runs))

run, log = panel.controls(runs)
if run is not None:
    panel.buttons(run)
    panel.panel(run, log)
