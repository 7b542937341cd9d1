"""The probe of the device, on real processes that need no TensorFlow."""

import os
import sys
import time

import pytest
from patience import until

from shipdash.runs import Store, device_probe, queue


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


def probe_command(words):
    """A probe that runs these words, with the file to answer into in ``sys.argv[-1]``."""
    return (sys.executable, "-c", f"import os, sys\n{words}")


ANSWERS = ("import json; from pathlib import Path\n"
           "Path(sys.argv[-1]).write_text(json.dumps({'device': 'CPU'}))")
COUNTS = "open(sys.argv[-1] + '.n', 'a').write('x')\n"


def n_probes(store):
    counted = store.root / "device.json.n"
    return len(counted.read_text()) if counted.exists() else 0


def test_the_probe_is_asked_once_and_its_answer_kept(store, monkeypatch):
    """However many pages ask while it is at work."""
    monkeypatch.setattr(queue, "COMMAND", probe_command(COUNTS + ANSWERS))
    assert [device_probe.device_facts(store) for _ in range(5)] == [None] * 5
    until(lambda: device_probe.device_facts(store) == {"device": "CPU"})
    assert n_probes(store) == 1


def test_the_probe_gives_way_to_whoever_looks_at_a_page(store, monkeypatch):
    """TensorFlow's start takes a processor for seconds."""
    monkeypatch.setattr(queue, "COMMAND", probe_command(
        "import json; from pathlib import Path; import time; time.sleep(0.2)\n"
        "Path(sys.argv[-1]).write_text(json.dumps({'device': str(os.nice(0))}))"))
    device_probe.device_facts(store)
    until(lambda: device_probe.device_facts(store))
    assert int(device_probe.device_facts(store)["device"]) >= 10


def test_a_probe_that_died_is_tried_again_but_not_at_once(store, monkeypatch):
    """SIGKILL while it looks: the next look after a while starts another."""
    monkeypatch.setattr(queue, "COMMAND", probe_command(COUNTS + "os.kill(os.getpid(), 9)"))
    device_probe.device_facts(store)
    until(lambda: n_probes(store) == 1)
    assert device_probe.device_facts(store) is None
    time.sleep(0.3)
    assert n_probes(store) == 1
    monkeypatch.setattr(queue, "COMMAND", probe_command(COUNTS + ANSWERS))
    monkeypatch.setattr(device_probe, "PROBE_AGAIN_S", 0.0)
    until(lambda: device_probe.device_facts(store) == {"device": "CPU"})
    assert n_probes(store) == 2


def test_a_probe_of_tomorrow_is_tried_again(store, monkeypatch):
    """The clock was set back after it had died: nobody waits until it has caught up."""
    monkeypatch.setattr(queue, "COMMAND", probe_command(COUNTS + ANSWERS))
    store.root.mkdir(parents=True)
    (store.root / "device.probe").write_bytes(b"probing")
    tomorrow = time.time() + 86_400
    os.utime(store.root / "device.probe", (tomorrow, tomorrow))
    until(lambda: device_probe.device_facts(store) == {"device": "CPU"})
    assert n_probes(store) == 1


def test_no_second_probe_while_one_is_at_work(store, monkeypatch):
    """However long it takes: the lock says that it lives."""
    waits = COUNTS + "import time; time.sleep(1)\n" + ANSWERS
    monkeypatch.setattr(queue, "COMMAND", probe_command(waits))
    monkeypatch.setattr(device_probe, "PROBE_AGAIN_S", 0.0)
    device_probe.device_facts(store)
    until(lambda: n_probes(store) == 1)
    assert [device_probe.device_facts(store) for _ in range(5)] == [None] * 5
    until(lambda: device_probe.device_facts(store) == {"device": "CPU"})
    assert n_probes(store) == 1


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b"7", b"null", b'{"device": 3}', b"\xff",
                                     b"[" * 100_000])
def test_a_damaged_answer_is_probed_again(store, monkeypatch, garbage):
    """Half a file of a full disk, or anything else."""
    monkeypatch.setattr(queue, "COMMAND", probe_command(ANSWERS))
    store.root.mkdir(parents=True)
    (store.root / "device.json").write_bytes(garbage)
    assert device_probe.device_facts(store) is None
    until(lambda: device_probe.device_facts(store) == {"device": "CPU"})


def test_a_folder_that_cannot_be_written_has_no_device(tmp_path):
    """The page says that it is not known; nothing is raised."""
    (tmp_path / "file").write_text("")
    assert device_probe.device_facts(Store(tmp_path / "file")) is None
