"""Waiting for what another process or thread does."""

import time


def until(holds, seconds=300.0):
    """What `holds` answers as soon as that is true; a failure after so long."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found
