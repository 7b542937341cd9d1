"""One folder per run: spec, append-only events, checkpoint, results; list, lock, resume.

It knows what a file is and nothing of what a run does. Writers replace files atomically and only
the holder of a run's lock appends; readers may come at any moment and never see half a file.
"""

from shipdash.store.errors import RunBusy, RunCorrupt, RunNotFound, StoreError
from shipdash.store.liveness import REQUESTS
from shipdash.store.log import EventWriter
from shipdash.store.runs import RunInfo, Status, Store

__all__ = ["REQUESTS", "EventWriter", "RunBusy", "RunCorrupt", "RunInfo", "RunNotFound", "Status",
           "Store", "StoreError"]
