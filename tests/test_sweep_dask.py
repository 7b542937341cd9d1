"""A sweep on a real Dask cluster: a scheduler and two worker processes on loopback."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from patience import until

from shipdash.records import Picked, RunState
from shipdash.runs import Store, queue
from shipdash.runs.dask_client import TIMEOUT_S
from shipdash.studies.cluster import NO_WORKER_S

OPTIONS = [word for setting in (
    "scene.size=32", "scene.radius_min=3", "scene.radius_max=6", "network.kind=rote",
    "planted.distinct=80", "selection.n_pool=250", "selection.first=3", "evaluation.n_held_out=5",
) for word in ("--set", setting)]
IMPATIENT = (sys.executable, "-c", "import sys\nfrom shipdash.cli.commands import main\n"
             "from shipdash.studies import cluster\ncluster.NO_WORKER_S = 3\n"
             "sys.exit(main(sys.argv[1:]))")
"""The command, which gives a cluster without workers up after 3 s instead of 30."""
ONE_AFTER_THE_OTHER = ("import sys\nfrom shipdash.cli.commands import main\n"
                       "from shipdash.runs import dask_client\ndask_client.TIMEOUT_S = 1\n"
                       "for address in sys.argv[1].split():\n"
                       "    code = main([*sys.argv[2:], '--dask', address])\n"
                       "    print('code', code, file=sys.stderr)")
"""Several addresses in one process: shipdash and Dask are imported once, and nobody who does not
answer is waited for 5 s."""


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


@pytest.fixture
def cluster(tmp_path, store):
    """Address of a scheduler, and its two worker processes; all of them end with the test."""
    yield from a_cluster(tmp_path, store, {})


@pytest.fixture
def strict_cluster(tmp_path, store):
    """The same, but a point is given up with the first worker that dies at it."""
    yield from a_cluster(tmp_path, store, {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"})


@pytest.fixture
def foreign_cluster(tmp_path, store):
    """Workers on which nobody has installed shipdash."""
    yield from a_cluster(tmp_path, store, {"PYTHONPATH": ""})


def a_cluster(tmp_path, store, settings):
    """Start it, hand it out, end it."""
    file, environment = tmp_path / "scheduler.json", queue._environment(store) | settings
    started = []

    def start(module, *options):
        command = [sys.executable, "-m", f"distributed.cli.{module}", *options, "--no-dashboard"]
        with (tmp_path / f"{len(started)}.log").open("wb") as log:
            started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log,
                                            cwd=tmp_path))
        return started[-1]

    scheduler = start("dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                      "--scheduler-file", str(file))
    until(lambda: file.exists() and file.read_text().endswith("\n}"))  # written in pieces
    address = json.loads(file.read_text())["address"]
    workers = [start("dask_worker", address, "--no-nanny", "--nthreads", "1") for _ in range(2)]
    yield address, workers, scheduler
    for process in reversed(started):
        process.terminate()
    for process in started:
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:  # it waits for what it lost; the test has what it wants
            process.kill()
            process.wait()


def children(pid):
    """Processes that a process has started, whichever of its threads did."""
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in listed for child in path.read_text().split()]


def kill(workers):
    """Dask workers and the runs they are at: children outlive their parents."""
    for worker in workers:
        at_work = children(worker.pid)
        worker.kill()
        for pid in at_work:
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself meanwhile
                os.kill(pid, signal.SIGKILL)


def unfinished(store):
    """Of two points, those that had not ended when their workers were killed: one at least."""
    n_left = 2 - sum(run.state is RunState.COMPLETED for run in store.list())
    assert n_left, "both points were quicker than the test"
    return n_left


def ask(store, address, *options, command=queue.COMMAND):
    return subprocess.Popen(
        [*command, "sweep", *OPTIONS, "--dask", address, "--json", *options],
        env=queue._environment(store), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_every_point_arrives_once_though_a_worker_is_killed_in_the_middle(store, cluster):
    """A Dask worker and the run it was at die; the other goes on with that run, none is doubled."""
    address, (doomed, _), _ = cluster
    process = ask(store, address, "--precision", "0.8,0.9", "--order-seeds", "2")
    with process:
        until(lambda: any(run.state is RunState.RUNNING and run.n_core > 5
                          for run in store.list()))
        until(lambda: children(doomed.pid))
        kill([doomed])
        out, err = process.communicate(timeout=400)
    assert process.returncode == 0, err
    found = json.loads(out)
    assert (found["n_points"], found["n_completed"]) == (4, 4)
    assert len({p["run_id"] for p in found["points"]}) == 4
    assert sorted(run.run_id for run in store.list()) == sorted(p["run_id"]
                                                                for p in found["points"])
    assert all(run.state is RunState.COMPLETED for run in store.list())
    told = [line.split()[1] for line in err.splitlines() if "completed" in line]
    assert sorted(told) == sorted({*told}) and len(told) == 4
    for run in store.list():  # one pick of each number: nobody wrote into another's log
        picks = [e.n_core for e in store.events(run.run_id)[0] if isinstance(e, Picked)]
        assert picks == list(range(1, run.result.n_core + 1))
        assert run.result.threads == 1


def test_a_scheduler_that_dies_is_a_sentence_and_nothing_is_lost(store, cluster):
    """The command ends with what to do; asked again on this machine, it finishes the points."""
    address, _, scheduler = cluster
    with ask(store, address, "--precision", "0.8,0.9", "--order-seeds", "2") as process:
        until(lambda: any(run.state is RunState.RUNNING and run.n_core > 5
                          for run in store.list()))
        scheduler.kill()
        err = process.communicate(timeout=200)[1]
    assert process.returncode == 1
    assert "the cluster was lost" in err
    assert "Traceback" not in err
    again = subprocess.run(
        [*queue.COMMAND, "sweep", *OPTIONS, "--precision", "0.8,0.9", "--order-seeds", "2",
         "--json"], env=queue._environment(store), capture_output=True, text=True, check=False)
    assert json.loads(again.stdout)["n_completed"] == 4


def test_a_point_that_dask_gives_up_is_a_sentence_and_nothing_is_lost(store, strict_cluster):
    """A worker dies at a point and the scheduler will not try it again: no traceback."""
    address, workers, _ = strict_cluster
    with ask(store, address, "--precision", "0.8,0.9") as process:
        until(lambda: any(run.state is RunState.RUNNING and run.n_core > 5
                          for run in store.list()))
        kill(workers)
        err = process.communicate(timeout=200)[1]
    assert process.returncode == 1
    assert max(1, unfinished(store)) <= err.count("given up by Dask (KilledWorker")  # one may end
    assert "Traceback" not in err
    again = subprocess.run(
        [*queue.COMMAND, "sweep", *OPTIONS, "--precision", "0.8,0.9", "--json"],
        env=queue._environment(store), capture_output=True, text=True, check=False)
    assert json.loads(again.stdout)["n_completed"] == 2


def test_a_cluster_without_workers_is_not_waited_for(store, cluster):
    """Dask would wait for new ones without end; so, too, where workers end before they begin."""
    address, workers, _ = cluster
    with ask(store, address, "--precision", "0.8,0.9", command=IMPATIENT) as process:
        until(lambda: any(run.state is RunState.RUNNING for run in store.list()))
        kill(workers)
        err = process.communicate(timeout=200)[1]
    assert process.returncode == 1
    assert NO_WORKER_S == 30
    assert max(1, unfinished(store)) <= err.count("the cluster has had no worker for 3 s")
    assert "Traceback" not in err


def test_an_address_without_a_scheduler_is_a_sentence(store):
    """Whatever the code of its protocol ends in, or nobody answers there; no run is created."""
    addresses = ["tls://127.0.0.1:9", "tcp://127.0.0.1:99999", "ucx://x:1", "tcp://127.0.0.1:9"]
    done = subprocess.run(
        [sys.executable, "-c", ONE_AFTER_THE_OTHER, " ".join(addresses), "sweep", *OPTIONS,
         "--precision", "0.8"],
        env=queue._environment(store), capture_output=True, text=True, timeout=400, check=False)
    *said, _ = done.stderr.split("code 2\n")
    assert len(said) == len(addresses), done.stderr
    assert TIMEOUT_S == 5
    for address, err in zip(addresses, said, strict=True):
        assert "must be the address of a Dask scheduler that answers within 1 s" in err, address
    # A busy machine may let Dask complain that a client of its own took long to close.
    ours, *_ = done.stderr.partition("Exception ignored in: <function Client.__del__")
    assert "Traceback" not in ours
    assert store.list() == []


def test_workers_without_shipdash_are_a_sentence(store, foreign_cluster):
    """No traceback, no waiting for ever, and the points can be asked for elsewhere."""
    address, _, _ = foreign_cluster
    with ask(store, address, "--precision", "0.8,0.9") as process:
        err = process.communicate(timeout=200)[1]
    assert process.returncode == 1
    assert err.count("do scheduler and workers have the same shipdash") == 2
    assert "Traceback" not in err


def test_without_the_extra_the_command_says_what_to_install(store, tmp_path):
    """Dask is optional: everything else works without it."""
    (tmp_path / "distributed.py").write_text("raise ImportError")
    environment = queue._environment(store)
    environment["PYTHONPATH"] = os.pathsep.join((str(tmp_path), environment["PYTHONPATH"]))
    done = subprocess.run(
        [*queue.COMMAND, "sweep", *OPTIONS, "--precision", "0.8", "--dask", "tcp://127.0.0.1:9"],
        env=environment, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 2
    assert "pip install 'dask[distributed]'" in done.stderr
