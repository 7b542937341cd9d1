"""Locks between processes, and a selection that goes through the Windows branch."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shipdash.runs import locks

ROOT = Path(__file__).parents[1]

AS_ON_WINDOWS = '''
import ctypes, getpass, subprocess, sys, types  # subprocess asks msvcrt where it is

libc = ctypes.CDLL(None, use_errno=True)

def locking(descriptor, mode, n_bytes):
    assert (mode, n_bytes) == (msvcrt.LK_NBLCK, 1)
    if libc.flock(descriptor, 2 | 4):
        raise PermissionError(ctypes.get_errno(), "locked")

msvcrt = types.SimpleNamespace(locking=locking, LK_NBLCK=2)
sys.modules["msvcrt"], sys.modules["fcntl"] = msvcrt, None
'''

SELECTION = '''
import sys, time
from shipdash.runs import Store, locks, queue
sys.path.insert(0, "tests")
from test_queue import settings

assert locks.fcntl is None
store = Store()
with store.queue_lock() as ours, store.queue_lock() as second:
    assert ours and not second and store.queue_is_worked()
assert not store.queue_is_worked()
run_id = queue.submit(store, settings())
until = time.monotonic() + 60
while store.result(run_id) is None and time.monotonic() < until:
    time.sleep(0.1)
assert (store.status(run_id).state, store.result(run_id).n_tested) == ("completed", 40)
'''


def test_one_holds_it_and_the_rest_are_told(tmp_path):
    """Two in one process too: the lock belongs to the open file."""
    path = tmp_path / "a.lock"
    with locks.held(path) as first, locks.held(path) as second:
        assert first and not second and locks.is_held(path)
    assert not locks.is_held(path)


@pytest.mark.parametrize("again", [False, True])
def test_a_lock_whose_file_was_removed_meanwhile_is_none(tmp_path, monkeypatch, again):
    """Its holder removed it after we had opened it; a third would lock a new file of that name."""
    path, take = tmp_path / "a.lock", locks.take

    def late(descriptor, *rest):
        path.unlink()
        if again:
            path.touch()
        return take(descriptor, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(locks, "take", late)
        with locks.held(path) as ours:
            assert not ours
    with locks.held(path) as ours:
        assert ours


def test_asking_creates_nothing_and_needs_no_writable_file(tmp_path):
    """A runs folder on a read-only disk can be looked at."""
    path = tmp_path / "a.lock"
    assert not locks.is_held(path) and not path.exists()
    path.touch(0o444)
    assert not locks.is_held(path)


@pytest.mark.parametrize("inherits", [False, True])
def test_a_child_has_the_lock_only_of_a_file_that_it_is_given(tmp_path, inherits):
    """`held` is close-on-exec; a file that is a child's output keeps its lock until it ends."""
    path = tmp_path / "a.lock"
    waits = [sys.executable, "-c", "input()"]
    if inherits:
        with path.open("ab") as output:
            assert locks.take(output.fileno())
            child = subprocess.Popen(waits, stdin=subprocess.PIPE, stdout=output)
    else:
        with locks.held(path):
            child = subprocess.Popen(waits, stdin=subprocess.PIPE, close_fds=False)
    # Another thread of this process may just be starting a child that has not closed the file yet.
    until = time.monotonic() + 5
    while not inherits and locks.is_held(path) and time.monotonic() < until:
        time.sleep(locks.LOOK_S)
    assert locks.is_held(path) is inherits and child.poll() is None
    child.kill()
    child.wait()
    child.stdin.close()
    assert not locks.is_held(path)


def test_a_selection_goes_through_the_windows_branch(tmp_path):
    """No `fcntl` in any of its processes, queue and worker included; `msvcrt` is a stand-in."""
    (tmp_path / "sitecustomize.py").write_text(AS_ON_WINDOWS)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", SELECTION], cwd=ROOT, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": path, "SHIPDASH_RUNS": str(tmp_path / "runs")},
        check=False)
    assert done.returncode == 0, done.stderr
