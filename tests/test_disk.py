"""Disks that are really full or read-only: small file systems, mounted for a test.

Root ignores permissions, so a folder that may not be written is a mount too. Where the tests may
not mount, the limit on a file's size stands in for the full disk.
"""

import contextlib
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import own_pictures as own
import pytest
from paging import ROOT, open_page

from shipdash import config as configs
from shipdash.data.errors import DataError
from shipdash.importing import import_pairs
from shipdash.records import RunState
from shipdash.runs import Store, StoreError, device_probe, queue, worker

pytestmark = pytest.mark.usefixtures("written_to_the_disk")

PAGES = ["app.py", *sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py"))]


class Disk:
    """A file system of 8 MB in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", folder)

    def fill(self) -> None:
        """Not a byte is left; what is there can be read."""
        with contextlib.suppress(OSError), (self.folder / "ballast").open("wb", 0) as file:
            while True:
                file.write(bytes(4096))

    def free(self) -> None:
        """As if somebody had made room."""
        (self.folder / "ballast").unlink()

    def remount(self, how: str) -> None:
        """``ro`` or ``rw``."""
        mount("-o", f"remount,{how}", self.folder)


def mount(*words) -> None:
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"may not mount here: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path):
    """Mounted for the test; unmounted lazily, for a worker may still be leaving."""
    made = Disk(tmp_path / "disk")
    yield made
    subprocess.run(["umount", "--lazy", str(made.folder)], check=True)


def settings(seed=1, **changes):
    return configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 3.0, "scene.radius_max": 6.0, "network.kind": "rote",
        "planted.distinct": 20, "selection.n_pool": 60, "selection.first": 3, "seeds.pool": seed,
        "evaluation.n_held_out": 5, **changes,
    })


def work(root: Path, run_id: str, **limits) -> subprocess.CompletedProcess:
    """A real worker process, to its end."""
    return subprocess.run([sys.executable, "-m", "shipdash", "work", run_id, "--runs", str(root)],
                          cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
                          **limits)


def straight(config, root: Path) -> list[int]:
    """The core set of a run on a disk with room."""
    store = Store(root)
    return worker.work(store, store.create(config)[0]).core


def test_a_full_disk_is_named_and_what_is_there_stays_readable(disk):
    """Nothing new, nothing lost, nothing half-written."""
    store = Store(disk.folder)
    run_id = store.create(settings())[0]
    worker.work(store, run_id)
    disk.fill()
    names = sorted(path.name for path in disk.folder.iterdir())
    with pytest.raises(StoreError, match="No space left on device; free some space"):
        queue.submit(store, settings(2))
    assert sorted(path.name for path in disk.folder.iterdir()) == names
    assert [info.state for info in store.list()] == [RunState.COMPLETED]
    assert store.result(run_id).n_core >= 20
    disk.free()
    assert store.create(settings(2))[1]


def test_a_worker_on_a_full_disk_says_so_and_the_run_goes_on_when_there_is_room(disk, tmp_path):
    """And ends with the core set of a run that never met a full disk."""
    store, config = Store(disk.folder), settings(3)
    run_id = store.create(config)[0]
    disk.fill()
    done = work(disk.folder, run_id)
    assert done.returncode == 1
    assert "No space left on device; free some space and resume" in done.stderr
    assert "Traceback" not in done.stderr
    assert store.status(run_id).state in (RunState.QUEUED, RunState.LOST, RunState.FAILED)
    disk.free()
    assert work(disk.folder, run_id).returncode == 0
    assert store.result(run_id).core == straight(config, tmp_path / "straight")


def test_a_disk_that_fills_up_in_mid_run_loses_nothing(disk, tmp_path):
    """The log of a long run does not fit: it stops with a sentence and can be resumed."""
    store, config = Store(disk.folder), settings(4, **{
        "selection.n_pool": 20_000, "planted.distinct": 400, "evaluation.reaudit": False})
    run_id = store.create(config)[0]
    (disk.folder / "ballast").write_bytes(bytes(8_000_000))
    done = work(disk.folder, run_id)
    assert done.returncode == 1
    assert "No space left on device; free some space and resume" in done.stderr
    assert store.status(run_id).state in (RunState.LOST, RunState.FAILED)
    disk.free()
    assert work(disk.folder, run_id).returncode == 0
    assert store.result(run_id).core == straight(config, tmp_path / "straight")


def test_a_worker_that_may_not_write_so_large_a_file_says_so(tmp_path):
    """The same without a mount: the system refuses a file beyond the limit."""
    store, config = Store(tmp_path / "runs"), settings(5)
    run_id = store.create(config)[0]
    done = work(store.root, run_id, preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY)))
    assert done.returncode == 1
    assert "File too large; check the disk" in done.stderr
    assert "Traceback" not in done.stderr
    assert store.status(run_id).state is RunState.FAILED
    assert work(store.root, run_id).returncode == 0
    assert store.result(run_id).core == straight(config, tmp_path / "straight")


def test_a_read_only_folder_is_read_and_every_wish_to_write_is_answered(disk):
    """Liveness too is looked up without writing."""
    store = Store(disk.folder)
    done, waiting = store.create(settings())[0], store.create(settings(2))[0]
    worker.work(store, done)
    store.set_status(waiting, RunState.RUNNING)  # by a worker that has been killed since
    disk.remount("ro")
    assert {info.run_id: info.state for info in store.list()} == {
        done: RunState.COMPLETED, waiting: RunState.LOST}
    assert not store.queue_is_worked()
    for ask in (lambda: queue.submit(store, settings(3)), lambda: queue.resume(store, waiting),
                lambda: store.request(waiting, "cancel")):
        with pytest.raises(StoreError, match="Read-only file system; choose a writable folder"):
            ask()
    assert device_probe.device_facts(store) is None
    disk.remount("rw")
    assert store.create(settings(3))[1]


def test_an_import_that_fills_the_disk_leaves_nothing_on_it(disk, tmp_path, monkeypatch):
    """What it has written already would be what fills the disk."""
    monkeypatch.setenv("SHIPDASH_DATA", str(disk.folder / "data"))
    own.write(tmp_path, own.pairs(3))
    with pytest.raises(DataError, match="No space left on device; free some space"):
        import_pairs(own.request(tmp_path), on_progress=lambda n_done, n: n_done and disk.fill())
    assert not list((disk.folder / "data").iterdir())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with one finished run, to be copied onto disks, and its id."""
    store = Store(tmp_path_factory.mktemp("finished"))
    run_id = store.create(settings())[0]
    worker.work(store, run_id)
    return store.root, run_id


@pytest.mark.parametrize("trouble", ["full", "read-only"])
@pytest.mark.parametrize("page", PAGES)
def test_pages_on_a_bad_disk_open_and_show_what_is_there(
        disk, finished, monkeypatch, page, trouble):
    """The recorded run and what was stored are shown; no page breaks."""
    root, run_id = finished
    shutil.copytree(root, disk.folder, dirs_exist_ok=True)
    disk.fill() if trouble == "full" else disk.remount("ro")
    monkeypatch.setenv("SHIPDASH_RUNS", str(disk.folder))
    at = open_page(page, run=run_id)
    assert not at.error
    assert at.title


@pytest.mark.parametrize("trouble, words", [("full", "No space left on device; free some space"),
                                            ("read-only", "Read-only file system; choose a")])
def test_start_on_a_bad_disk_is_a_sentence(disk, monkeypatch, trouble, words):
    """What failed, why, and what to do; then the page goes on."""
    disk.fill() if trouble == "full" else disk.remount("ro")
    monkeypatch.setenv("SHIPDASH_RUNS", str(disk.folder))
    at = open_page("pages/2_Run.py", preset="Quick look")
    at.button(key="start").click().run()
    assert not at.exception
    assert words in at.error[0].value
    assert not at.button(key="start").disabled
