"""A stopwatch around functions: how long calls took, by name, thread and what was going on."""

from __future__ import annotations

import functools
import threading
import time
from collections import defaultdict


class Stopwatch:
    """Adds up the seconds spent inside the functions it was put around.

    `phase` is set from outside. `seconds` has an entry per (phase, name): the calls of the thread
    that made the stopwatch; `beside` has those of all other threads. A timed function called by a
    timed one of the same thread is not counted twice.
    """

    def __init__(self, phase: str) -> None:
        self.phase = phase
        self.seconds: dict[tuple[str, str], float] = defaultdict(float)
        self.beside: dict[tuple[str, str], float] = defaultdict(float)
        self._main, self._inside = threading.get_ident(), threading.local()
        self._adding = threading.Lock()

    def around(self, owner: type, method: str, name: str) -> None:
        """Time every call of ``owner.method`` under this name, for good."""
        inner = getattr(owner, method)

        @functools.wraps(inner)
        def timed(*args, **kwargs):
            if getattr(self._inside, "yes", False):
                return inner(*args, **kwargs)
            self._inside.yes, began = True, time.perf_counter()
            try:
                return inner(*args, **kwargs)
            finally:
                self._inside.yes = False
                ours = threading.get_ident() == self._main
                took = time.perf_counter() - began
                with self._adding:
                    (self.seconds if ours else self.beside)[self.phase, name] += took

        setattr(owner, method, timed)
