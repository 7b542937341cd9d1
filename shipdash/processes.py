"""What processes need of the operating system, with a branch for Windows where it differs.

It starts nothing of its own accord and knows no run.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

ON_WINDOWS = sys.platform == "win32"
_SYNCHRONIZE, _WAIT_TIMEOUT = 0x00100000, 0x102  # of Windows' OpenProcess, WaitForSingleObject


def n_processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes() -> int:
    """Memory of this machine."""
    if not ON_WINDOWS:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    status = (ctypes.c_uint64 * 8)()  # MEMORYSTATUSEX: two 32-bit words, then seven of 64 bits
    ctypes.cast(status, ctypes.POINTER(ctypes.c_uint32))[0] = ctypes.sizeof(status)
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return status[1]


def outliving() -> dict:
    """Arguments of `subprocess.Popen` for a process that outlives this one and its terminal."""
    if ON_WINDOWS:
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def without_interrupts() -> dict:
    """Arguments of `subprocess.Popen` for a child that a Ctrl-C on the terminal does not reach."""
    if ON_WINDOWS:
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0}


def give_way(pid: int) -> None:
    """Let a process that has just been started run when nothing else wants to; not on Windows."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, pid, 10)


def parent_lives(pid: int) -> bool:
    """Whether the process that started this one, `pid`, still runs."""
    if not ON_WINDOWS:
        return os.getppid() == pid  # an orphan gets another parent
    return lives(pid)


def lives(pid: int) -> bool:
    """Whether a process of that number runs; a number may be given again after its end."""
    if not ON_WINDOWS:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # it runs, as somebody else
            return True
        return True
    kernel32 = ctypes.windll.kernel32  # there an orphan keeps its parent's number
    kernel32.OpenProcess.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(kernel32.OpenProcess(_SYNCHRONIZE, False, pid))
    if not handle:
        return False
    try:
        return kernel32.WaitForSingleObject(handle, 0) == _WAIT_TIMEOUT
    finally:
        kernel32.CloseHandle(handle)


def replace_by(command: list[str]) -> None:
    """Go on as this command; on Windows it starts, and the caller returns and ends."""
    if ON_WINDOWS:
        subprocess.Popen(command, **outliving())
    else:
        os.execv(command[0], command)
