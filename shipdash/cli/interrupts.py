"""Ctrl-C that lets work be stored: the first one asks it to stop, a second one ends the command.

What stopping means is for the command to say.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def gently_stopped(stop: Callable[[], None], words: str) -> Iterator[list[int]]:
    """Call `stop` and print `words` at a first Ctrl-C or SIGTERM; a second one kills.

    Yields the signals that came.
    """
    stopped: list[int] = []

    def on_signal(number: int, frame) -> None:
        if stopped:
            raise KeyboardInterrupt
        stopped.append(number)
        print(f"shipdash: {words}", file=sys.stderr, flush=True)
        stop()

    before = {number: signal.signal(number, on_signal)
              for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
