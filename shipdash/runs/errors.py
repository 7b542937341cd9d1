"""What can be wrong with a runs folder, always as a sentence that says what to do."""

from __future__ import annotations

import contextlib
import errno
import zipfile
import zlib
from collections.abc import Iterator


class StoreError(Exception):
    """Something about a runs folder, in a sentence that says what to do."""


class RunNotFound(StoreError):
    """No run of that id here."""


class RunBusy(StoreError):
    """Another process is at work on this run."""


class RunCorrupt(StoreError):
    """A file of the run cannot be read."""


UNREADABLE = (OSError, ValueError, TypeError, KeyError, EOFError, RuntimeError, SyntaxError,
              zipfile.BadZipFile, zlib.error)
"""All that json and np.load say of a damaged file, and what does not look like ours."""


@contextlib.contextmanager
def legible(what: str, remedy: str) -> Iterator[None]:
    """Turn what a damaged file gives, or one that the system would not read and whose content may
    be whole, into a sentence that says what to do; a missing one is left as it is.

    A place in an archive that cannot be sought, and a folder in place of the file, are damage.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except UNREADABLE as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL, errno.EISDIR):
            raise StoreError(f"{what} cannot be read ({error.strerror}): check the disk and try "
                             "again") from None
        raise RunCorrupt(f"{what} is damaged ({error}): {remedy}") from None


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn the system's refusal into a sentence that says what to do."""
    try:
        yield
    except OSError as error:
        remedy = {
            errno.ENOSPC: "free some space and resume",
            errno.EROFS: "choose a writable folder with SHIPDASH_RUNS",
            errno.EACCES: "choose a writable folder with SHIPDASH_RUNS",
            errno.ENOTDIR: "choose a folder with SHIPDASH_RUNS",
            errno.EEXIST: "choose a folder with SHIPDASH_RUNS",
        }.get(error.errno, "check the disk and try again")
        raise StoreError(f"{what}: {error.strerror or error}; {remedy}") from None
