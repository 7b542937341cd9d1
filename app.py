"""Home: the idea, a guess, the recorded run, and the runs of this machine."""

import streamlit as st

from shipdash import figures, summary
from shipdash.ui import chart, frame, home

frame.page("Home")
home.idea()
runs = frame.runs()
shown = home.shown(runs)
left, right = st.columns([2, 1], gap="large", vertical_alignment="bottom")
with left:
    home.actions(shown)
with right:
    guess = frame.guess_box()
if shown is None:
    frame.empty("No finished run yet.", "Start the experiment: it takes minutes on two cores.")
else:
    events, n_pool = frame.events(shown), shown.config.selection.n_pool
    now = summary.progress(events, n_pool, shown.config.selection.passes)
    reason = (shown.result or {}).get("reason")
    title = summary.finding(now.n_core, now.n_tested, n_pool, reason)
    curve = summary.selection_curve(events)
    chart.show(figures.selection(curve, n_pool, title, guess=guess), key="home_selection",
               note=home.origin(shown))
    home.result(shown)
home.machine(runs)
