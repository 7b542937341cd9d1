"""Scanning with a real Dask cluster of two processes: the core set is that of one machine."""

import contextlib
import json
import os
import signal

import distributed
import pytest
from compiled import open_learner

from shipdash import config as configs
from shipdash.config import ConfigError
from shipdash.data import open_source
from shipdash.data.source import stream_order
from shipdash.learning.learner import RoteLearner
from shipdash.loop import select
from shipdash.records import LoopState, Picked, Scanned, Trained
from shipdash.runs import cluster_scan

CONFIG = configs.quick().replace(**{
    "scene.size": 32, "scene.radius_min": 4.0, "scene.radius_max": 8.0, "scene.noise": 0.4,
    "scene.contrast": 0.6, "selection.n_pool": 500})
ROTE = CONFIG.replace(**{"network.kind": "rote", "planted.distinct": 30})


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes of one thread, and a client of their scheduler."""
    with local_cluster(2, processes=True) as local:
        with cluster_scan.on_cluster(local.scheduler_address) as open_scanner:
            yield open_scanner


def local_cluster(n_workers, *, processes):
    """On loopback, beside any other cluster of this machine."""
    return distributed.LocalCluster(n_workers=n_workers, threads_per_worker=1, processes=processes,
                                    protocol="tcp", host="127.0.0.1", dashboard_address=":0")


@pytest.fixture(scope="module")
def learner():
    """One compiled network for all selections of this file."""
    return open_learner(CONFIG.network, shape=CONFIG.shape, seed=1)


@pytest.fixture(scope="module")
def alone(learner):
    """The events of the run on one machine."""
    return selected(learner, None)


def selected(learner, open_scanner, on_event=lambda event, scanner: None, config=CONFIG):
    """Events of the run, without their seconds; `on_event` sees each with the scanner."""
    learner.reseed(config.seeds.model)
    source = open_source(config)
    scanner = open_scanner and open_scanner(config, source, learner)
    if scanner:
        distributed.wait(scanner.warming)
    events = []
    for event in select(source, learner, config, stream_order(source.n, 1), LoopState(), {},
                        scanner):
        on_event(event, scanner)
        events.append(event._replace(seconds=0.0) if isinstance(event, Trained | Scanned)
                      else event)
    return events, scanner


def wait_for_answers(event, scanner):
    """Else this process, which never waits, may be quicker than the workers."""
    if scanner.asked:
        distributed.wait([*scanner.asked.values()])


@pytest.mark.tensorflow
def test_two_workers_give_the_same_events_as_one_machine(cluster, learner, alone):
    """Every pick with its IoU, and every pair that passed."""
    events, scanner = selected(learner, cluster, wait_for_answers)
    assert events == alone[0]
    assert scanner.n_answered > 0
    assert sum(isinstance(event, Picked) for event in events) > CONFIG.selection.first


@pytest.mark.tensorflow
def test_a_worker_that_is_killed_during_the_scan_changes_nothing(cluster, learner, alone):
    """The other worker goes on with its batches."""
    killed = []

    def kill_one(event, scanner):
        if scanner.asked and scanner.n_answered and not killed:
            killed.extend(scanner.client.run(os.getpid).values())
            os.kill(killed[0], signal.SIGKILL)
        wait_for_answers(event, scanner)

    events, scanner = selected(learner, cluster, kill_one)
    assert killed
    assert events == alone[0]
    assert not scanner.is_lost


def test_a_cluster_that_is_lost_changes_nothing(monkeypatch):
    """Scheduler and workers are gone in the middle: the rest is predicted here."""
    monkeypatch.setattr(cluster_scan, "TIMEOUT_S", 1)
    alone, _ = selected(RoteLearner(), None, config=ROTE)
    with local_cluster(1, processes=False) as local:
        with cluster_scan.on_cluster(local.scheduler_address) as open_scanner:
            def close(event, scanner):
                if scanner.asked and local.status.name == "running":
                    local.close()

            events, _ = selected(RoteLearner(), open_scanner, close, ROTE)
    assert local.status.name == "closed"
    assert events == alone


@pytest.mark.parametrize(("n_failures", "lost"), [(1, False), (2, True)])
def test_weights_that_do_not_arrive_once_do_not_give_up_the_cluster(monkeypatch, n_failures, lost):
    """A worker that dies as it is sent them is one failure; the scheduler is gone after two."""
    failures = iter([distributed.comm.CommClosedError("gone")] * n_failures)

    def scatter(client, *asked, **options):
        for error in failures:
            raise error
        return arrived(client, *asked, **options)

    arrived = distributed.Client.scatter
    monkeypatch.setattr(distributed.Client, "scatter", scatter)
    alone, _ = selected(RoteLearner(), None, config=ROTE)
    with local_cluster(1, processes=False) as local:
        with cluster_scan.on_cluster(local.scheduler_address) as open_scanner:
            events, scanner = selected(RoteLearner(), open_scanner, wait_for_answers, ROTE)
    assert events == alone
    assert (scanner.is_lost, scanner.n_answered > 0) == (lost, not lost)


def test_a_cluster_of_other_machines_is_refused(monkeypatch):
    """Another processor may round differently, and then another pair is kept."""
    with local_cluster(1, processes=False) as local:
        monkeypatch.setattr(cluster_scan, "_facts", lambda: ("another machine", 0))
        with pytest.raises(ConfigError, match="workers that round as this process does"):
            with cluster_scan.on_cluster(local.scheduler_address):
                pass


class Refusing:
    """A client that whoever asks it anything gets an error from."""

    def __init__(self, error):
        self.error = error

    def run(self, *_):
        raise self.error

    nthreads = run


def test_workers_without_this_package_are_refused(monkeypatch):
    """In one sentence, as whatever else may be wrong with them."""
    client = Refusing(ModuleNotFoundError("No module named 'shipdash'"))
    monkeypatch.setattr(cluster_scan, "connected", lambda address: contextlib.nullcontext(client))
    with pytest.raises(ConfigError, match=r"with this shipdash \(ModuleNotFoundError: No module"):
        with cluster_scan.on_cluster("tcp://127.0.0.1:8786"):
            pass


@pytest.mark.parametrize("error", [distributed.comm.CommClosedError("gone"), TimeoutError()])
def test_a_cluster_that_is_lost_before_the_run_begins_changes_nothing(error):
    """TensorFlow takes its time to start, and the cluster may go meanwhile."""
    source, learner = open_source(ROTE), RoteLearner()
    scanner = cluster_scan.ClusterScanner(Refusing(error), ROTE, source, learner)
    assert scanner.is_lost and not scanner.warming
    events = select(source, learner, ROTE, stream_order(source.n, 1), LoopState(), {}, scanner)
    assert [e.index for e in events if isinstance(e, Picked)] == [
        e.index for e in selected(RoteLearner(), None, config=ROTE)[0] if isinstance(e, Picked)]


def test_workers_that_compute_on_another_device_are_refused():
    """A GPU rounds differently from the processor beside it, of one machine with one TensorFlow."""
    learner = RoteLearner()
    learner.device = "another device"
    with local_cluster(1, processes=False) as local:
        with cluster_scan.on_cluster(local.scheduler_address) as open_scanner:
            with pytest.raises(RuntimeError, match="made with another device: stop that worker"):
                selected(learner, open_scanner, wait_for_answers, ROTE)


def test_the_command_scans_on_a_cluster_and_finds_the_same_core_set(call, tmp_path):
    """Same run id and same pairs in another runs folder; a wrong address starts nothing, and leaves
    no run in the queue that the next page would start."""
    asked = ["run", "--preset", "quick", "--json", "--held-out", "5", "--pool", "200", *(
        word for text in ("network.kind=rote", "planted.distinct=30", "scene.size=32",
                          "scene.radius_min=4", "scene.radius_max=8") for word in ("--set", text))]
    code, out, _ = call(*asked)
    assert code == 0
    alone = json.loads(out)
    with local_cluster(1, processes=False) as local:
        code, out, _ = call(*asked, "--runs", tmp_path / "other", "--dask", local.scheduler_address)
    assert code == 0
    assert json.loads(out)["run_id"] == alone["run_id"]
    assert json.loads(out)["core"] == alone["core"]
    code, _, err = call(*asked, "--runs", tmp_path / "third", "--dask", "nowhere")
    assert code == 2
    assert "nothing was started" in err
    assert not (tmp_path / "third").exists()
