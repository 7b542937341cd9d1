"""A Dask cluster: runs of a study are computed by workers that share the runs folder.

Optional: Dask is imported when somebody gives the address of a scheduler. Not joblib's Dask
backend: that one waits for ever for a task the scheduler has given up (joblib 1.5 calls nobody
back when a future ends in an error).
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import time
from collections.abc import Callable, Iterator

from shipdash.config import ALGORITHM, ConfigError
from shipdash.records import RunState
from shipdash.runs import StoreError
from shipdash.studies.turns import Arrived, Turns, take_turn

TIMEOUT_S = 5  # a scheduler that does not answer within this is not there
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
    try:
        import distributed
    except ImportError:
        raise ConfigError("--dask", address, "needs the optional extra: pip install "
                          "'dask[distributed]'") from None
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # it prints tracebacks
    try:
        client = distributed.Client(address, timeout=TIMEOUT_S)
    except Exception as error:  # a bad address ends in whatever its protocol's code ends in
        raise ConfigError("--dask", address, "must be the address of a Dask scheduler that "
                          f"answers within {TIMEOUT_S} s, e.g. tcp://127.0.0.1:8786 "
                          f"({type(error).__name__}); nothing was started") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=TIMEOUT_S)
        except TimeoutError:
            raise ConfigError("--dask", address, "must be a scheduler with at least one worker; "
                              "start one with: dask worker ADDRESS; nothing was started"
                              ) from None
        lost = (concurrent.futures.CancelledError, distributed.client.ClosedClientError,
                distributed.comm.CommClosedError)
        try:
            yield lambda turns, root, study_id: _work_off(client, lost, turns, root, study_id)
        except lost:
            raise StoreError(f"the cluster was lost: the scheduler at {address} no longer answers. "
                             "The results so far are kept; start the study again") from None


def _work_off(client, lost: tuple[type[Exception], ...], turns: Turns, root: str,
              study_id: str) -> None:
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
            turns.over(_outcome(asked.pop(future), future, lost))
        if client.nthreads():
            seen = time.monotonic()
        elif time.monotonic() - seen > NO_WORKER_S:
            for run_id in asked.values():
                turns.over(Arrived(run_id, RunState.FAILED, "the cluster has had no worker for "
                                   f"{NO_WORKER_S} s: did they end for want of memory, or of "
                                   "shipdash?"))
            return


def _outcome(run_id: str, future, lost: tuple[type[Exception], ...]) -> Arrived:
    """What a future of Dask says of its run; the `lost` errors are the whole cluster's."""
    try:
        return future.result()
    except lost:
        raise
    except Exception as error:  # what a strange worker raises is not ours to list
        said = " ".join(str(error).split())[:200]
        return Arrived(run_id, RunState.FAILED, f"given up by Dask ({type(error).__name__}: "
                       f"{said}): do scheduler and workers have this shipdash, and memory?")
