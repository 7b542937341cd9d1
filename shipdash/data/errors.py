"""What can be wrong with data sets and the work on them, in sentences that say what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class DataError(Exception):
    """Something about the folder of data sets, in a sentence that says what to do."""


class Stopped(DataError):
    """Work was stopped by a person; the sentence says how it goes on."""


@contextlib.contextmanager
def explained(what: str, remedy: str) -> Iterator[None]:
    """Turn the system's refusal into a sentence that says what to do."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{what}: {error.strerror or error}; {remedy}") from error
