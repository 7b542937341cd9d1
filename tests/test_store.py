"""The runs folder: whole or absent, never half; what is damaged is named and harms nobody else."""

import errno
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from stored_results import PLAIN, a_result

from shipdash import config as configs
from shipdash.cli import one_run
from shipdash.config import ConfigError
from shipdash.records import Picked, RunState, Scanned, Stopped, StopReason
from shipdash.runs import (
    REQUESTS,
    RunBusy,
    RunCorrupt,
    RunNotFound,
    Store,
    StoreError,
    folder,
    prerequisites,
    queue,
)

pytestmark = pytest.mark.usefixtures("written_to_the_disk")

PICKED = Picked(1, 17, 3, 5, 9, 0.5, 0.1)
RESULT = a_result()


def settings(seed=1):
    return configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 3.0, "scene.radius_max": 6.0, "network.kind": "rote",
        "selection.n_pool": 40, "selection.first": 3, "seeds.pool": seed,
    })


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


@pytest.fixture
def run_id(store):
    return store.create(settings())[0]


def files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refuse(monkeypatch, code):
    """Every further writing of a file fails as on a full or read-only disk."""

    def failing(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", failing)


# -- creating ----------------------------------------------------------------------------------


def test_a_new_run_is_queued_and_remembers_what_was_asked(store):
    """What comes out of the folder is what was put in."""
    run_id, created = store.create(settings())
    assert created
    assert store.config(run_id) == settings()
    assert store.status(run_id).state is RunState.QUEUED
    assert store.result(run_id) is None
    assert store.load_checkpoint(run_id) is None
    assert store.events(run_id) == ([], 0)


def test_the_same_question_is_the_same_run(store, run_id):
    """A double click creates nothing and changes nothing."""
    before = files(store.root)
    assert store.create(settings()) == (run_id, False)
    assert files(store.root) == before


def _create(root, barrier, answers):
    barrier.wait()
    answers.put(Store(root).create(settings()))


def test_of_many_who_ask_at_once_one_creates_the_run(tmp_path):
    """Threads of a server and processes alike: `rename` decides."""
    context = multiprocessing.get_context("fork")
    answers, barrier = context.SimpleQueue(), context.Barrier(6)
    asking = [context.Process(target=_create, args=(tmp_path, barrier, answers)) for _ in range(6)]
    for process in asking:
        process.start()
    found = [answers.get() for _ in asking]
    for process in asking:
        process.join()
    assert len({run_id for run_id, _ in found}) == 1
    assert sum(created for _, created in found) == 1
    assert [p.name for p in tmp_path.iterdir()] == [found[0][0]]


def test_a_folder_without_a_spec_is_named_and_kept(store):
    """Somebody else's folder of that name is not ours to overwrite."""
    folder = store.root / settings().digest
    folder.mkdir(parents=True)
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(RunCorrupt, match=r"has no spec\.json"):
        store.create(settings())
    assert (folder / "thesis.txt").read_text() == "mine"
    assert [p.name for p in store.root.iterdir()] == [settings().digest]


@pytest.mark.parametrize("code, remedy", [
    (errno.ENOSPC, "free some space"), (errno.EROFS, "choose a writable folder"),
    (errno.EACCES, "choose a writable folder"), (errno.EIO, "check the disk"),
])
def test_a_refused_write_is_a_sentence_and_leaves_nothing(store, monkeypatch, code, remedy):
    """A full or read-only disk: what failed, why, and what to do."""
    refuse(monkeypatch, code)
    with pytest.raises(StoreError, match=remedy):
        store.create(settings())
    assert list(store.root.iterdir()) == []


@pytest.mark.parametrize("write", [
    lambda s, r: s.set_status(r, RunState.RUNNING), lambda s, r: s.request(r, "cancel"),
    lambda s, r: s.write_result(r, RESULT),
    lambda s, r: s.save_checkpoint(r, {"a": np.zeros(3)}, {}),
    lambda s, r: s.save_scores(r, "held_out", iou=np.zeros(3)),
])
def test_a_full_disk_leaves_the_old_content(store, run_id, monkeypatch, write):
    """Every write of a run: old content or new, and no temporary file beside it."""
    store.save_checkpoint(run_id, {"a": np.ones(3)}, {"old": 1})
    before = files(store.root)
    refuse(monkeypatch, errno.ENOSPC)
    with pytest.raises(StoreError, match=r"cannot write .* free some space and resume"):
        write(store, run_id)
    assert files(store.root) == before


def test_a_full_disk_under_the_event_log_is_a_sentence(store, run_id, monkeypatch):
    """The log is no exception."""
    with store.writer(run_id) as writer:
        writer.append(PICKED)
        refuse(monkeypatch, errno.ENOSPC)
        with pytest.raises(StoreError, match="free some space"):
            writer.flush()


def test_a_runs_folder_that_is_a_file_is_a_sentence(tmp_path):
    """`--runs` pointing at a file, to write and to read."""
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file")
    with pytest.raises(StoreError, match="SHIPDASH_RUNS"):
        store.create(settings())
    with pytest.raises(StoreError, match="cannot read"):
        store.list()
    with pytest.raises(RunNotFound):
        store.status(settings().digest)


def test_a_runs_folder_that_may_not_be_searched_is_a_sentence(store, run_id, monkeypatch):
    """`Path.exists` and `Path.is_dir` raise where the folder above them is closed to us."""

    def closed(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "exists", closed)
    monkeypatch.setattr(Path, "is_dir", closed)
    with pytest.raises(StoreError, match="Permission denied"):
        store.create(settings())
    with pytest.raises(StoreError, match="Permission denied"):
        store.status(run_id)


def test_threads_of_one_process_may_write_the_same_file(store, run_id):
    """Two sessions of one server press a button each: nobody takes the other's draft."""
    failures = []

    def press():
        try:
            for _ in range(20):
                store.request(run_id, "pause")
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert store.requested(run_id) == "pause"


def test_a_file_that_cannot_be_replaced_just_now_is_tried_again(store, run_id, monkeypatch):
    """Windows refuses while somebody reads it; elsewhere a refusal stands."""
    replace, refusals = os.replace, iter([True, True, False])

    def refuse(*paths):
        if next(refusals):
            raise PermissionError(errno.EACCES, "it is open")
        replace(*paths)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(StoreError):
        store.request(run_id, "pause")
    monkeypatch.setattr(folder, "PATIENCE_S", 10.0)
    store.request(run_id, "pause")
    assert store.requested(run_id) == "pause"


def test_excluded_cores_must_be_completed_runs_of_this_folder(store, run_id):
    """A contradictory question is refused before anything is written."""
    before = files(store.root)
    for other in ("0" * 16, run_id):
        with pytest.raises(ConfigError, match="must name completed runs"):
            store.create(settings().replace(**{"selection.exclude": [other]}))
    assert files(store.root) == before
    store.write_result(run_id, RESULT)
    fold = settings().replace(**{"selection.exclude": [run_id]})
    assert prerequisites.left_out(store, fold) == [4, 2]
    assert store.create(fold)[1]


def test_exclusion_must_leave_a_pair(store, run_id):
    """A pool of nothing cannot be selected from."""
    store.write_result(run_id, a_result(core=list(range(40))))
    with pytest.raises(ConfigError, match="must leave at least one pair"):
        store.create(settings().replace(**{"selection.exclude": [run_id]}))


# -- ids ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes, is_refused", [
    ({"max_steps": 4}, True), ({"max_steps": 5}, False),
    ({"max_steps": 5, "idle_epochs": True}, True), ({"max_steps": 6, "idle_epochs": True}, False),
    ({"max_steps": 4, "train_until": "epoch"}, False),
])
def test_a_run_that_could_only_stall_is_not_begun(store, changes, is_refused):
    """A training phase may not end before its fewest steps, and must before the limit; one that is
    stored already is read."""
    config = settings().replace(**{f"selection.{name}": value for name, value in changes.items()})
    if is_refused:
        with pytest.raises(ConfigError, match=r"selection\.max_steps must be at least min_steps"):
            store.create(config)
    else:
        store.create(config)
    assert [run.run_id for run in store.list()] == [config.digest] * (not is_refused)


@pytest.mark.parametrize("bad", [
    "../x", "ABC", "", "..", ".", "0" * 15, "0" * 17, "0123456789ABCDEF", "0" * 16 + "\n", "/etc",
    "0" * 10_000, "\0", "é" * 16, None, 7, b"0" * 16, ["0" * 16],
])
def test_a_bad_run_id_is_refused_everywhere(store, run_id, bad):
    """Nothing outside the runs folder is ever looked at."""
    before = files(store.root)
    for ask in (store.config, store.status, store.result, store.events, store.is_alive,
                store.requested, store.clear_request, store.load_checkpoint, store.writer,
                store.log_path):
        with pytest.raises(RunNotFound, match="16 hexadecimal digits"):
            ask(bad)
    with pytest.raises(RunNotFound):
        store.set_status(bad, RunState.RUNNING)
    with pytest.raises(RunNotFound), store.lock(bad):
        pass
    assert files(store.root) == before


def test_an_unknown_run_and_a_symlink_are_not_found(store, run_id, tmp_path):
    """A link inside the runs folder could lead anywhere."""
    (store.root / ("a" * 16)).symlink_to(store.root / run_id)
    for other in ("a" * 16, "b" * 16):
        with pytest.raises(RunNotFound, match="there is no run"):
            store.status(other)


# -- status ------------------------------------------------------------------------------------


def test_running_without_a_living_worker_is_lost(store, run_id):
    """Liveness is the held lock and nothing else."""
    with store.lock(run_id):
        store.set_status(run_id, RunState.RUNNING, "selecting")
        assert store.status(run_id).state is RunState.RUNNING
        assert store.is_alive(run_id)
    assert store.status(run_id).state is RunState.LOST
    assert json.loads((store.root / run_id / "status.json").read_text())["state"] == "running"


def test_the_kernel_drops_the_lock_of_a_killed_worker(store, run_id):
    """SIGKILL leaves no time to say anything: the lock says it."""
    words = ("import sys, time; from shipdash.runs import Store; from shipdash.records import "
             "RunState\nstore = Store(sys.argv[1])\nwith store.lock(sys.argv[2]):\n"
             "    store.set_status(sys.argv[2], RunState.RUNNING)\n    print('held', flush=True)\n"
             "    time.sleep(60)")
    with subprocess.Popen([sys.executable, "-c", words, str(store.root), run_id],
                          stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "held\n"
        assert store.status(run_id).state is RunState.RUNNING
        with pytest.raises(RunBusy, match="another process"), store.lock(run_id):
            pass
        child.send_signal(signal.SIGKILL)
    assert store.status(run_id).state is RunState.LOST
    with store.lock(run_id):
        assert store.is_alive(run_id)


def test_a_result_makes_a_run_completed_whatever_came_after(store, run_id):
    """Killed between the result and the last word: complete all the same."""
    store.set_status(run_id, RunState.RUNNING)
    store.write_result(run_id, RESULT)
    assert store.status(run_id).state is RunState.COMPLETED
    for state in (RunState.FAILED, RunState.QUEUED, RunState.CANCELLED):
        with pytest.raises(StoreError, match="completed and cannot be changed"):
            store.set_status(run_id, state)
    with pytest.raises(StoreError, match="nothing to cancel"):
        store.request(run_id, "cancel")


def test_the_time_of_creation_survives_every_status(store, run_id):
    """The list is sorted by it."""
    created = store.status(run_id).created
    time.sleep(0.002)
    store.set_status(run_id, RunState.FAILED, "why")
    status = store.status(run_id)
    assert (status.created, status.reason) == (created, "why")
    assert status.updated > created


def test_the_list_is_newest_first(store):
    """And an empty or absent folder has no runs."""
    assert store.list() == []
    ids = []
    for seed in range(3):
        ids.append(store.create(settings(seed))[0])
        time.sleep(0.002)
    assert [i.run_id for i in store.list()] == ids[::-1]


def test_runs_deleted_while_they_are_listed_are_left_out(store, monkeypatch):
    """One is gone before it was read, the other when its result was: the list ended in an error,
    and with it the drainer."""
    for seed in (1, 2, 3):
        run_id, _ = store.create(settings(seed))
        store.write_result(run_id, RESULT)
    kept, result = run_id, Store.result

    def deleting(store, run_id):
        found = result(store, run_id)
        if run_id != kept:
            for seed in (1, 2):
                shutil.rmtree(store.root / settings(seed).digest, ignore_errors=True)
        return found

    monkeypatch.setattr(Store, "result", deleting)
    assert [info.run_id for info in store.list()] == [kept]


@pytest.mark.parametrize("what", REQUESTS)
def test_requests_come_and_go(store, run_id, what):
    """One word at a time, the last one counts."""
    assert store.requested(run_id) is None
    store.request(run_id, "cancel")
    store.request(run_id, what)
    assert store.requested(run_id) == what
    store.clear_request(run_id)
    store.clear_request(run_id)
    assert store.requested(run_id) is None


def test_an_unknown_request_is_refused_and_garbage_ignored(store, run_id):
    """What a stranger wrote into the control file asks for nothing."""
    with pytest.raises(ValueError, match="cancel, pause, step"):
        store.request(run_id, "explode")
    (store.root / run_id / "control").write_bytes(b"\xff\xfe cancel")
    assert store.requested(run_id) is None


# -- damage ------------------------------------------------------------------------------------

GARBAGE = [b"", b"{", b"[]", b"7", b"null", b'"x"', b"\xff\xfe\x00", b"[" * 100_000, b"{}",
           b'{"state": "melted", "reason": 1, "created": [], "updated": {}}',
           b'{"state": "running", "reason": "", "created": 5, "updated": null}']


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("name", ["spec.json", "status.json", "result.json", "events.jsonl"])
def test_a_damaged_file_is_named_and_the_list_goes_on(store, run_id, name, garbage):
    """Every single-file damage: a sentence or a sane reading, never another exception."""
    other = store.create(settings(2))[0]
    (store.root / run_id / name).write_bytes(garbage + b"\n")
    listed = {info.run_id: info for info in store.list()}
    assert listed[other].state is RunState.QUEUED
    assert run_id in listed
    if listed[run_id].config is None:
        assert run_id in listed[run_id].reason
    for read in (store.config, store.status, store.result, store.events, store.info):
        try:
            read(run_id)
        except StoreError as error:
            assert run_id in str(error)


@pytest.mark.parametrize("name", ["spec.json", "status.json", "result.json", "events.jsonl",
                                  "checkpoint/state.npz"])
def test_a_folder_where_a_file_should_be_is_named(store, run_id, name):
    """However it came about."""
    path = store.root / run_id / name
    path.unlink(missing_ok=True)
    path.mkdir(parents=True)
    assert [info.run_id for info in store.list()] == [run_id]
    read = {"spec.json": store.config, "status.json": store.status, "result.json": store.result,
            "events.jsonl": store.events}.get(name, store.load_checkpoint)
    with pytest.raises(RunCorrupt, match=run_id):
        read(run_id)


@pytest.mark.parametrize("code", [errno.EMFILE, errno.EACCES, errno.EIO])
def test_a_file_that_cannot_be_read_just_now_is_not_called_damaged(
        store, run_id, monkeypatch, code):
    """Nobody should remove a whole run because too many files were open for a moment."""
    store.save_checkpoint(run_id, {"n": np.arange(3)}, {"offset": 3})

    def refused(*_, **__):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refused)
        patch.setattr(folder.zipfile, "ZipFile", refused)
        for read in (store.config, store.status, store.result, store.load_checkpoint):
            with pytest.raises(StoreError, match="check the disk and try again") as error:
                read(run_id)
            assert "remove" not in str(error.value)
            assert os.strerror(code) in str(error.value)
        with pytest.raises(StoreError):  # or its status would be written anew
            queue.resume(store, run_id)
    assert store.load_checkpoint(run_id)[1] == {"offset": 3}


def test_a_missing_spec_is_named(store, run_id):
    """A half-removed folder."""
    (store.root / run_id / "spec.json").unlink()
    assert "has no spec.json" in store.list()[0].reason


def test_settings_of_another_version_are_named(store, run_id):
    """A field that this version does not know is not ignored."""
    (store.root / run_id / "spec.json").write_text('{"scene": {"colour": "red"}}')
    with pytest.raises(RunCorrupt, match="what this version does not know"):
        store.config(run_id)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_damaged_archive_is_named_whichever_byte_is_wrong(store, run_id, compressed):
    """Flip or cut anywhere: the arrays as stored, or a sentence."""
    arrays = {"index": np.arange(50), "iou": np.linspace(0, 1, 50)}
    if compressed:
        store.save_scores(run_id, "held_out", **arrays)
        path, read = "evaluation/held_out.npz", lambda: store.load_scores(run_id, "held_out")
    else:
        store.save_checkpoint(run_id, arrays, {"offset": 3})
        path, read = "checkpoint/state.npz", lambda: store.load_checkpoint(run_id)
    path, chance = store.root / run_id / path, np.random.default_rng(1)
    whole, n_named = path.read_bytes(), 0
    for _ in range(300):
        broken = bytearray(whole)
        broken[chance.integers(len(whole))] ^= 1 << chance.integers(8)
        cut = len(whole) if chance.random() < 0.7 else chance.integers(len(whole))
        path.write_bytes(bytes(broken[:cut]))
        try:
            read()
        except RunCorrupt as error:
            n_named += run_id in str(error)
    assert n_named > 100


@pytest.mark.parametrize("arrays", [
    {"iou": np.ones(3)}, {"index": np.arange(3)}, {"index": np.arange(2), "iou": np.ones(3)},
    {"index": np.ones(3), "iou": np.ones(3)}, {"index": np.arange(3), "iou": np.ones((3, 2))},
    {"index": np.arange(3), "iou": np.array(["a", "b", "c"])},
    {"index": np.array(3), "iou": np.array(0.5)},
])
def test_scores_are_columns_of_one_table(store, run_id, arrays):
    """A whole archive that holds something else is damaged too."""
    store.save_scores(run_id, "held_out", **arrays)
    with pytest.raises(RunCorrupt, match=r"held_out\.npz of run .* is damaged"):
        store.load_scores(run_id, "held_out")


@pytest.mark.parametrize("change", [
    {"core": [1, "x"]}, {"core": [-1]}, {"core": "2"}, {"n_tested": None}, {"seconds": "long"},
    {"held_out": 7}, {"held_out": {"n": 3}}, {"reaudit": []}, {"reaudit": {"n": 1}},
])
def test_a_result_of_wrong_values_is_damaged(store, run_id, change):
    """Readers rely on it: it is checked once, where it is read."""
    store.write_result(run_id, RESULT)
    assert store.result(run_id) == RESULT
    (store.root / run_id / "result.json").write_text(json.dumps(PLAIN | change))
    with pytest.raises(RunCorrupt, match=r"result\.json of run .* is damaged"):
        store.result(run_id)


def test_pickles_are_never_opened(store, run_id):
    """An archive from a stranger must not run code."""
    (store.root / run_id / "evaluation").mkdir()
    path = store.root / run_id / "evaluation" / "held_out.npz"
    np.savez(path, iou=np.array([{}], object))
    with pytest.raises(RunCorrupt, match="damaged"):
        store.load_scores(run_id, "held_out")


# -- events and arrays -------------------------------------------------------------------------


def test_events_come_back_as_they_were_and_only_the_new_ones(store, run_id):
    """Every kind of event, read in two helpings."""
    events = [PICKED, Scanned(1, 4, 9, (3, 1), (0.95, 1.0), 32, 7, 0.1),
              Stopped(StopReason.CLEAN, 5, 9, 2)]
    with store.writer(run_id) as writer:
        writer.append(events[0])
        writer.flush()
        first, at = store.events(run_id)
        for event in events[1:]:
            writer.append(event)
    assert first == events[:1]
    rest, end = store.events(run_id, at)
    assert rest == events[1:]
    assert end == store.n_bytes(run_id)
    assert store.events(run_id, end) == ([], end)


def test_a_torn_last_line_is_left_for_later(store, run_id):
    """Wherever the line is torn, at every byte of it."""
    with store.writer(run_id) as writer:
        writer.append(PICKED)
        writer.append(PICKED)
    path = store.root / run_id / "events.jsonl"
    whole = path.read_bytes()
    half = len(whole) // 2
    for cut in range(half, len(whole)):
        path.write_bytes(whole[:cut])
        assert store.events(run_id) == ([PICKED], half)
        assert store.info(run_id).n_core == 5


def test_a_log_cut_back_forgets_what_came_after(store, run_id):
    """And goes on from there; a log shorter than its checkpoint is named."""
    with store.writer(run_id) as writer:
        writer.append(PICKED)
        writer.flush()
        kept = writer.offset
        writer.append(PICKED)
    with store.writer(run_id) as writer:
        writer.truncate(kept)
        writer.append(PICKED._replace(index=99))
    assert [e.index for e in store.events(run_id)[0]] == [17, 99]
    with store.writer(run_id) as writer, pytest.raises(RunCorrupt, match="shorter than"):
        writer.truncate(10_000)


def test_progress_is_found_however_far_back_the_last_pick_lies(store, run_id):
    """A long quiet end of the stream does not make the core set look empty."""
    with store.writer(run_id) as writer:
        writer.append(PICKED)
        for n in range(400):
            writer.append(Scanned(1, n, 10 + n, tuple(range(30)), (0.123,) * 30, 32, 0, 0.1))
    assert store.n_bytes(run_id) > 100_000
    assert (store.info(run_id).n_core, store.info(run_id).n_tested) == (5, 409)


def test_a_checkpoint_comes_back_bit_for_bit(store, run_id):
    """Types, shapes, empty arrays and NaN included."""
    arrays = {"n/a": np.float32([[1, np.nan, -0.0]]), "n/b": np.zeros((0, 3), np.uint8),
              "n/c": np.array(3, np.int64)}
    store.save_checkpoint(run_id, arrays, {"offset": 2**60, "words": "é"})
    found, loop = store.load_checkpoint(run_id)
    assert loop == {"offset": 2**60, "words": "é"}
    assert {k: (v.dtype, v.shape, v.tobytes()) for k, v in found.items()} == {
        k: (v.dtype, v.shape, v.tobytes()) for k, v in arrays.items()}


def test_no_look_at_a_log_holds_all_of_it(store, run_id):
    """A stream of a million pairs logs 100 MB; this one is of 1.2 MB."""
    with store.writer(run_id) as events:
        events.append(Picked(1, 0, 0, 1, 1, None, None))
        for k in range(0, 60_000, 16):
            events.append(Scanned(1, k + 16, k + 16, (*range(k, k + 16),), (0.9,) * 16, 16, 0, 0.1))
    found = []
    for look in (lambda: store.info(run_id)[6:8],
                 lambda: [one_run.outcome(store, run_id)[k] for k in ("n_core", "n_tested")]):
        look()
        tracemalloc.start()
        found += look()
        assert tracemalloc.get_traced_memory()[1] < 500_000
        tracemalloc.stop()
    assert found == [1, 60_000] * 2


def test_what_a_killed_writer_left_is_swept_by_the_next_worker(store, run_id):
    """An old draft goes, one that may be in use stays."""
    store.save_checkpoint(run_id, {}, {})
    old, new = (store.root / run_id / "checkpoint" / f".state.npz.{n}" for n in "ab")
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    with store.lock(run_id):
        pass
    assert not old.exists()
    assert new.exists()
    assert store.load_checkpoint(run_id) == ({}, {})


def test_the_queue_has_one_worker_at_a_time(store):
    """The second is told, and asking does not disturb the first."""
    with store.queue_lock() as ours:
        assert ours
        assert store.queue_is_worked()
        with Store(store.root).queue_lock() as also:
            assert not also
    assert not store.queue_is_worked()


# -- names -------------------------------------------------------------------------------------


def test_a_name_is_kept_beside_what_was_asked(store, run_id):
    """The run is called so from then on; what was asked and the run id stay as they are."""
    asked = (store.root / run_id / "spec.json").read_bytes()
    store.set_name(run_id, "  Low contrast, after lunch ")
    assert store.info(run_id).name == "Low contrast, after lunch"
    assert (store.root / run_id / "spec.json").read_bytes() == asked
    assert store.create(settings()) == (run_id, False)


def test_an_empty_name_gives_the_default_back(store, run_id):
    """The default says what differs from the nearest preset."""
    store.set_name(run_id, "mine")
    store.set_name(run_id, " ")
    assert store.info(run_id).name.startswith("quick, ")


@pytest.mark.parametrize("name", ["x" * 81, "two\nlines", "bell \a", "\u202etxt.exe"])
def test_what_is_no_name_is_refused(store, run_id, name):
    """Longer than 80 characters, or not one line of printable characters: nothing is written."""
    with pytest.raises(StoreError, match="name"):
        store.set_name(run_id, name)
    assert not (store.root / run_id / "name.txt").exists()


@pytest.mark.parametrize("stored", [b"\xff\xfe", b"x" * 10_000, b"a\nb", b"\x1b[31m"])
def test_a_damaged_name_is_no_name(store, run_id, stored):
    """The run is called by its default, and stays readable."""
    (store.root / run_id / "name.txt").write_bytes(stored)
    assert store.info(run_id).name.startswith("quick, ")
    assert store.info(run_id).config == settings()


def test_a_name_is_no_path(store, run_id):
    """Whatever it looks like, it is text in one file of the run's folder."""
    before = set(store.root.parent.rglob("*"))
    store.set_name(run_id, "../../etc/passwd")
    new = set(store.root.parent.rglob("*")) - before
    assert new == {store.root / run_id / "name.txt"}
    assert store.info(run_id).name == "../../etc/passwd"


def test_a_recorded_run_keeps_its_name(store, run_id):
    """What came with the package is never written."""
    with pytest.raises(StoreError, match="recorded"):
        Store(store.root, recorded=True).set_name(run_id, "mine")


def test_a_name_that_cannot_be_written_keeps_the_old_one(store, run_id, monkeypatch):
    """Old content or new, never half."""
    store.set_name(run_id, "first")
    refuse(monkeypatch, errno.ENOSPC)
    with pytest.raises(StoreError, match="free some space"):
        store.set_name(run_id, "second")
    assert store.info(run_id).name == "first"
