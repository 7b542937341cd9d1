"""A connection to a Dask cluster by the address of its scheduler. It submits nothing.

Optional: Dask is imported when somebody gives an address.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
from collections.abc import Iterator

from shipdash.config import ConfigError

TIMEOUT_S = 5  # a scheduler that does not answer within this is not there


@contextlib.contextmanager
def connected(address: str) -> Iterator:
    """A client of the scheduler at an address, which has a worker.

    Raises
    ------
    ConfigError
        Dask is not installed, nobody answers there, or the scheduler has no worker.
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
        yield client


def lost() -> tuple[type[Exception], ...]:
    """Errors that say that the cluster, and not the work, has failed."""
    import distributed

    return (concurrent.futures.CancelledError, distributed.client.ClosedClientError,
            distributed.comm.CommClosedError)
