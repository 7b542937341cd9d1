"""What can be wrong with a runs folder, always as a sentence that says what to do."""

from __future__ import annotations

import contextlib
import errno
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path


class StoreError(Exception):
    """Something about a runs folder, in a sentence that says what to do."""


class RunNotFound(StoreError):
    """No run of that id here."""


class RunBusy(StoreError):
    """Another process is at work on this run."""


class RunCorrupt(StoreError):
    """A file of the run cannot be read."""


UNREADABLE = (OSError, ValueError, KeyError, EOFError, RuntimeError, SyntaxError,
              zipfile.BadZipFile, zlib.error)
"""All that np.load says of a damaged archive."""


def require_legible(what: str, error: Exception) -> None:
    """`StoreError` where the system would not read a file, whose content may be whole.

    A place in an archive that cannot be sought, and a folder in place of the file, are damage.
    """
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL, errno.EISDIR):
        raise StoreError(f"{what} cannot be read ({error.strerror}): check the disk and try again"
                         ) from None


@contextlib.contextmanager
def legible(path: Path, remedy: str) -> Iterator[None]:
    """Turn what a file of lines in a run's folder gives that is damaged, or that the system would
    not read, into a sentence that says what to do; a missing one is left as it is."""
    what = f"{path.name} of run {path.parent.name}"
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RunCorrupt(f"{what} cannot be read ({error.strerror}): check the disk and try again"
                         ) from None
    except (ValueError, TypeError, KeyError, RecursionError, zlib.error) as error:
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
