"""Locks on files that the kernel drops when their holder ends, however it ends.

They are advice among our own processes and protect no byte of the file. Own code and no package:
portalocker and filelock ask by taking, which creates the file and needs a writable disk, and
neither locks a file that is already open for a child process.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    import msvcrt

    fcntl = None

LOOK_S = 0.02  # between two attempts
MOMENT_S = 0.1  # on Windows one that only asks holds the lock itself for less than this
FAR = 2**30  # a locked byte cannot be read on Windows, so the locked one lies behind all content


@contextlib.contextmanager
def held(path: Path, patience_s: float = 0.0) -> Iterator[bool]:
    """Whether we hold the file's lock, exclusively; no child process inherits it.

    Patience, because whoever only asks takes the lock for a moment.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)  # Python opens close-on-exec
    try:
        yield take(descriptor, patience_s) and _is_at(path, descriptor)
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether a process holds the file's lock; creates nothing and works on a read-only disk."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not take(descriptor, 0.0 if fcntl else MOMENT_S, shared=True)
    finally:
        os.close(descriptor)


def take(descriptor: int, patience_s: float = 0.0, *, shared: bool = False) -> bool:
    """Lock an open file until its last copy is closed; False where another holds it.

    On POSIX a child process that is given the file holds the lock too. On Windows it does not:
    there whoever started it keeps a copy open until it ends (`queue.start_process`). Windows
    has no shared lock in Python, so `shared` is exclusive there.
    """
    until = time.monotonic() + patience_s
    while not _try(descriptor, shared):
        if time.monotonic() >= until:
            return False
        time.sleep(LOOK_S)
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the locked file still has its name: whoever held it before may have removed it, and
    then the next one would lock another file of that name. Windows removes no open file."""
    if fcntl is None:
        return True
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    return False


def _try(descriptor: int, shared: bool) -> bool:
    if fcntl:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            return True
        return False
    at = os.lseek(descriptor, 0, os.SEEK_CUR)
    try:
        os.lseek(descriptor, FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        return True
    except PermissionError:
        return False
    finally:
        os.lseek(descriptor, at, os.SEEK_SET)
