"""One folder per run: spec, append-only events, checkpoint, results; list, lock, resume.

It knows what a file is and nothing of what a run does. Writers replace files atomically and only
the holder of a run's lock appends; readers may come at any moment and never see half a file.
"""

from shipdash.runs.errors import RunBusy, RunCorrupt, RunNotFound, StoreError
from shipdash.runs.event_log import EventWriter
from shipdash.runs.store import REQUESTS, Status, Store

__all__ = ["REQUESTS", "EventWriter", "RunBusy", "RunCorrupt", "RunNotFound", "Status",
           "Store", "StoreError"]
