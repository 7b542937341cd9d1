"""Samples: the pairs a run kept and the ones it threw away."""

from shipdash import analysis
from shipdash.ui import frame, one_pair
from shipdash.ui.samples import page as samples
from shipdash.ui.samples import suspects, why

frame.page("Samples")
run = frame.choose(frame.runs())
if run is not None:
    events = frame.events(run)
    table = analysis.core_table(events)
    views = {
        "Core set": lambda: samples.core(run, table),
        "Discarded": lambda: samples.discarded(run, events),
        "One pair": lambda: samples.one(run),
        **({"Why these?": lambda: why.show(run, table)} if run.config.knows_factors else {}),
        "Suspicious labels": lambda: suspects.view(run),
        "Export": lambda: samples.export(run, table),
    }
    view = frame.switch("View", views, key="view", label_visibility="collapsed",
                        forgets=["pair"])
    with frame.in_words():
        views[view]()
    if view != "One pair":
        one_pair.opened(run)
