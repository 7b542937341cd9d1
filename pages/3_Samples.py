"""Samples: the pairs a run kept and the ones it threw away."""

from shipdash import summary
from shipdash.ui import frame, samples

frame.page("Samples")
run = frame.choose(frame.runs())
if run is not None:
    events = frame.events(run)
    table = summary.core_table(events)
    views = ["Core set", "Discarded", "One pair", "Why these?", "Export"]
    view = frame.switch("View", views, key="view", label_visibility="collapsed")
    if view == "Core set":
        samples.core(run, table)
    elif view == "Discarded":
        samples.discarded(run, events)
    elif view == "One pair":
        samples.one(run, events)
    elif view == "Why these?":
        samples.why(run, table)
    else:
        samples.export(run, table)
