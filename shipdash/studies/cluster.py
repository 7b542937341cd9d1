"""A Dask cluster: runs of a study are computed by workers that share the runs folder.

Optional: Dask is imported when somebody gives the address of a scheduler. Not joblib's Dask
backend: that one waits for ever for a task the scheduler has given up (joblib 1.5 calls nobody
back when a future ends in an error).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from shipdash.config import ALGORITHM
from shipdash.records import RunState
from shipdash.runs import StoreError
from shipdash.runs.dask_client import connected, lost
from shipdash.studies.turns import Arrived, Turns, take_turn

NO_WORKER_S = 30  # a cluster without a worker for so long gets none: runs would wait for ever


@contextlib.contextmanager
def cluster(address: str) -> Iterator[Callable[[Turns, str, str], None]]:
    """What works turns off on the cluster at an address.

    Raises
    ------
    ConfigError
        Dask is not installed, nobody answers there, or the scheduler has no worker.
    StoreError
        The cluster was lost on the way.
    """
    with connected(address) as client:
        try:
            yield lambda turns, root, study_id: _work_off(client, turns, root, study_id)
        except lost():
            raise StoreError(f"the cluster was lost: the scheduler at {address} no longer answers. "
                             "The results so far are kept; start the study again") from None


def _work_off(client, turns: Turns, root: str, study_id: str) -> None:
    """Every turn as soon as it may be taken; each ends once, in whatever way."""
    import distributed

    asked, seen = {}, time.monotonic()
    while True:
        while config := turns.take(wait=False):
            asked[client.submit(take_turn, root, study_id, config, 1, ALGORITHM, pure=False)
                  ] = config.digest
        if not asked:
            return
        with contextlib.suppress(TimeoutError):
            distributed.wait([*asked], timeout=1, return_when="FIRST_COMPLETED")
        for future in [f for f in asked if f.done()]:
            turns.over(_outcome(asked.pop(future), future))
        if client.nthreads():
            seen = time.monotonic()
        elif time.monotonic() - seen > NO_WORKER_S:
            for run_id in asked.values():
                turns.over(Arrived(run_id, RunState.FAILED, "the cluster has had no worker for "
                                   f"{NO_WORKER_S} s: did they run out of memory, or lack "
                                   "shipdash?"))
            return


def _outcome(run_id: str, future) -> Arrived:
    """What a future of Dask says of its run; the `lost` errors are the whole cluster's."""
    try:
        return future.result()
    except lost():
        raise
    except Exception as error:  # what a strange worker raises is not ours to list
        said = " ".join(str(error).split())[:200]
        return Arrived(run_id, RunState.FAILED, f"given up by Dask ({type(error).__name__}: "
                       f"{said}): do scheduler and workers have the same shipdash and "
                       "enough memory?")
