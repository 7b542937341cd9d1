"""The probe pairs: when a run looks at them, what is kept, and that it changes nothing."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from compiled import open_learner
from paging import open_page, quiet_store, words
from recorded_run import SCENE
from test_worker import ARMS, Killed, an_arm, log, settings, timeless

from shipdash import config as configs
from shipdash.data import files, open_source
from shipdash.learning.learner import RoteLearner
from shipdash.records import Picked, Scanned, Stopped, StopReason, Trained
from shipdash.runs import RunCorrupt, Store, worker
from shipdash.runs.probe import AHEAD, SHARE, Probe
from shipdash.runs.probe_frames import ProbeFrame

TRAINED = Trained(n_core=3, n_steps=5, n_images=80, score=0.5, loss=0.1, seconds=2.0)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


def worked(store, config=None, **how):
    run_id = store.create(config or settings())[0]
    return run_id, worker.work(store, run_id, **how)


def shown(frames):
    """Frames without their clock, ready to be compared."""
    return [(f.n_steps, f.n_tested, f.n_core, f.masks.tobytes()) for f in frames]


def test_a_frame_comes_back_bit_for_bit():
    """Through one line of JSON, for any number of pairs from none to eight."""
    for n in (0, 1, 8):
        masks = np.random.default_rng(n).random((n, 48, 32)) > 0.5
        frame = ProbeFrame(48, 10, 9, 3.61, masks)
        back = ProbeFrame.from_json(json.loads(json.dumps(frame.to_json())), (48, 32))
        assert back[:4] == frame[:4]
        assert back.masks.dtype == bool
        assert np.array_equal(back.masks, masks)


def test_a_run_keeps_what_the_network_saw_first_and_last(store):
    """From before any training to the last weights, in the counts of the events."""
    run_id, result = worked(store)
    frames, events = store.probe_frames(run_id), store.events(run_id)[0]
    assert frames[0].n_steps == 0
    assert frames[-1].n_steps == sum(e.n_steps for e in events if isinstance(e, Trained))
    assert frames[-1].n_core == result.n_core
    assert 0 < frames[-1].n_tested <= result.n_tested
    assert frames[-1].masks.shape == (8, 32, 32)


def test_the_result_names_what_it_cost(store):
    """Part of the selection's time, as training and scanning are."""
    class Slow(RoteLearner):
        def predict(self, images):
            """A hundredth of a second each."""
            time.sleep(0.01)
            return super().predict(images)

    run_id, result = worked(store, prepared=worker.Prepared(Slow(), 0.0))
    n = len(store.probe_frames(run_id))
    assert 0.01 * n <= result.phases["probe"] < result.phases["select"]


class Watched(RoteLearner):
    """Rote that remembers which images it predicted."""

    def __init__(self):
        super().__init__()
        self.predicted = []

    def predict(self, images):
        """As rote does."""
        self.predicted.append(images)
        return super().predict(images)


def test_the_pairs_are_the_first_of_the_probe_split(store):
    """Chosen by the pool seed, and no pair of the stream or of the held-out ones."""
    learner = Watched()
    worked(store, prepared=worker.Prepared(learner, 0.0))
    images = open_source(settings(), "probe", 8).draw(range(8))[0]
    seen = [p for p in learner.predicted if np.array_equal(p, images)]
    assert len(seen) == len(store.probe_frames(settings().digest))


def test_looking_changes_no_event_and_no_result(store, tmp_path, monkeypatch):
    """The same run with a look after every change of the weights, and with none at all."""
    monkeypatch.setattr("shipdash.runs.probe.GAP_S", 0.0)
    monkeypatch.setattr("shipdash.runs.probe.GAP_SHARE", 0.0)
    monkeypatch.setattr("shipdash.runs.probe.SHARE", 1.0)
    run_id, result = worked(store)
    assert len(store.probe_frames(run_id)) > 10
    monkeypatch.setattr(Probe, "is_due", lambda self, run_s: False)
    blind = Store(tmp_path / "blind")
    _, other = worked(blind)
    assert blind.probe_frames(run_id) == []
    assert timeless(result) == timeless(other)
    assert log(store, run_id) == log(blind, run_id)


@pytest.mark.tensorflow
def test_a_real_network_is_left_as_it_was_and_picks_the_same(store, tmp_path, monkeypatch):
    """Every variable of network and optimizer, and the core set of a small run."""
    config = configs.quick().replace(**{
        "selection.n_pool": 24, "scene.size": 32, "scene.radius_min": 3.0,
        "scene.radius_max": 6.0, "selection.first": 3, "selection.precision": 0.4,
        "selection.max_steps": 60, "evaluation.n_held_out": 0, "evaluation.reaudit": False})
    states = []
    look = Probe.look

    def compared(self, learner):
        before = learner.get_state()
        frame = look(self, learner)
        states.append(all(np.array_equal(before[k], v) for k, v in learner.get_state().items()))
        return frame

    monkeypatch.setattr(worker, "open_learner", open_learner)
    monkeypatch.setattr(Probe, "look", compared)
    monkeypatch.setattr("shipdash.runs.probe.GAP_S", 0.0)
    _, result = worked(store, config)
    assert len(states) > 1
    assert all(states)
    monkeypatch.setattr(Probe, "is_due", lambda self, run_s: False)
    _, other = worked(Store(tmp_path / "blind"), config)
    assert result.core == other.core
    assert timeless(result) == timeless(other)


def test_a_killed_run_forgets_what_it_saw_after_its_checkpoint(store, tmp_path, monkeypatch):
    """As it forgets the events, so no moment is shown twice."""
    monkeypatch.setattr("shipdash.runs.probe.GAP_S", 0.0)
    monkeypatch.setattr("shipdash.runs.probe.GAP_SHARE", 0.0)
    monkeypatch.setattr("shipdash.runs.probe.SHARE", 1.0)
    monkeypatch.setattr(worker, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(worker, "CHECKPOINT_SHARE", 0.5)
    run_id = store.create(settings())[0]
    for n_core in (9, 15):
        with pytest.raises(Killed):
            worker.work(store, run_id, dying_at(n_core))
    worker.work(store, run_id)
    other = Store(tmp_path / "straight")
    worked(other)
    steps = [f.n_steps for f in store.probe_frames(run_id)]
    assert steps == sorted(set(steps))
    assert shown(store.probe_frames(run_id)) == shown(other.probe_frames(run_id))


def dying_at(n_core):
    def die(event):
        if isinstance(event, Picked) and event.n_core == n_core:
            raise Killed
    return die


def test_a_checkpoint_from_before_there_were_frames_is_taken_up(store):
    """A run that was paused under an older program goes on, and is watched from there."""
    run_id = store.create(settings())[0]
    store.request(run_id, "step")
    worker.work(store, run_id)
    arrays, loop = store.load_checkpoint(run_id)
    del loop["probe"]
    store.save_checkpoint(run_id, arrays, loop)
    (store.root / run_id / "probe.jsonl").unlink()
    assert worker.work(store, run_id).n_tested == 100
    assert store.probe_frames(run_id)[0].n_core >= 3


def test_an_arm_is_not_watched(store):
    """Its training is not what the strip is about, and its result names no cost of it."""
    worked(store)
    run_id, result = worked(store, an_arm(settings(), **ARMS[0]))
    assert store.probe_frames(run_id) == []
    assert "probe" not in result.phases


def test_a_data_set_with_few_probe_pairs_shows_those(store, tmp_path, monkeypatch):
    """Three of three, and none of none."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    pool = open_source(settings())
    images, masks = pool.draw(range(40))
    for n, name in ((3, "three"), (0, "none")):
        split = np.zeros(40, np.uint8)
        split[40 - n:] = 2
        asked = files.write(name, np.rint(images * 255).astype(np.uint8), masks, split)
        config = settings(**{"selection.n_pool": 30, "evaluation.n_held_out": 0,
                             "planted.distinct": 0}).replace(
            **{f"source.{k}": getattr(asked, k)
               for k in ("kind", "name", "fingerprint", "rows", "cols")})
        frames = store.probe_frames(worked(store, config)[0])
        assert [len(f.masks) for f in frames] == [n] * len(frames)
        assert bool(frames) == bool(n)


def test_a_torn_last_line_is_left_and_a_damaged_one_is_named(store):
    """A reader may come while a line is being written."""
    run_id, _ = worked(store)
    path, n = store.root / run_id / "probe.jsonl", len(store.probe_frames(run_id))
    with path.open("ab") as file:
        file.write(b'{"n_steps": 4')
    assert len(store.probe_frames(run_id)) == n
    for line in (b"nonsense", b"[]", b"{}", b'{"masks": "AAAA"}', bomb()):
        path.write_bytes(line + b"\n")
        with pytest.raises(RunCorrupt, match=r"probe\.jsonl of run .* is damaged"):
            store.probe_frames(run_id)


def bomb():
    """A line that holds far more pixels than eight masks of the run have."""
    return json.dumps(ProbeFrame(0, 0, 0, 0.0, np.zeros((9, 32, 32), bool)).to_json()).encode()


def moments(probe, n, seconds, cost_s):
    """Numbers of the events, `seconds` apart, at which frames of that cost are taken."""
    found = []
    for k in range(n):
        probe.hear(TRAINED._replace(seconds=seconds))
        if probe.is_due(probe.elapsed_s):
            s = probe.state
            s.n_frames, s.spent_s = s.n_frames + 1, s.spent_s + cost_s
            s.seen_steps, s.seen_s = probe.n_steps, probe.elapsed_s
            found.append(k)
    return found


def test_frames_are_dense_at_first_and_cost_a_hundredth_in_the_end():
    """An event each half second for 200 s, a frame of 40 ms: what is borrowed is paid back."""
    probe = Probe(settings())
    found = moments(probe, 400, 0.5, 0.04)
    assert found[:AHEAD] == list(range(AHEAD))
    assert probe.state.spent_s <= SHARE * 200 + 1e-9
    assert found[-1] - found[-2] > 5


def test_a_short_run_pays_back_what_its_first_frames_borrowed():
    """As quick does: 20 s in half seconds, a frame of 40 ms."""
    probe = Probe(settings())
    assert len(moments(probe, 40, 0.5, 0.04)) >= AHEAD
    assert probe.state.spent_s <= SHARE * 20 + 1e-9


def test_the_recorded_run_paid_at_most_a_hundredth_of_its_time():
    """Measured there, not simulated; docs/architecture.md tells it."""
    spent, seconds = SCENE.result.phases["probe"], SCENE.result.seconds
    assert 0 < spent <= SHARE * seconds
    said = f"{spent:.2f} of {seconds:.2f} s, which is {100 * spent / seconds:.2f} %"
    text = Path(__file__).parents[1].joinpath("docs", "architecture.md").read_text("utf-8")
    assert said in " ".join(text.split())


def test_a_run_of_two_days_keeps_some_hundreds_of_frames():
    """Frames that cost nothing are as far apart as a twentieth of the time so far."""
    assert 100 < len(moments(Probe(settings()), 50_000, 4.0, 1e-6)) < 300


def test_the_same_weights_are_not_looked_at_twice():
    """A scan changes nothing; the end is looked at where the weights are others since."""
    probe = Probe(settings())
    assert probe.is_due(0.0)
    probe.look(RoteLearner())
    probe.hear(Scanned(1, 9, 9, (1,), (0.9,), 1, 0, 60.0))
    assert not probe.is_due(60.0)
    probe.hear(TRAINED)
    probe.state.n_frames, probe.state.spent_s = AHEAD, 100.0
    assert not probe.is_due(62.0)
    probe.hear(Stopped(StopReason.EXHAUSTED, 3, 9, 1))
    assert probe.is_due(62.0)


def test_reading_all_frames_of_a_run_is_quick(store):
    """Forty frames of full size in well under a second: the page asks every two."""
    run_id = store.create(configs.compact())[0]
    masks = np.zeros((8, 128, 128), bool)
    masks[:, 30:60, 40:80] = True
    with store.probe_writer(run_id) as writer:
        for k in range(40):
            writer.write(ProbeFrame(k, k, k, float(k), masks).to_json())
    began = time.process_time()  # ours alone, however busy the machine is
    assert len(store.probe_frames(run_id)) == 40
    assert time.process_time() - began < 1.0


def test_the_run_page_shows_the_strip(tmp_path, monkeypatch):
    """Under a heading of its own; a run without frames says so instead."""
    store = quiet_store(tmp_path, monkeypatch)
    run_id, _ = worked(store)
    none = "No predictions for fixed pairs"
    said = words(open_page("pages/2_Run.py", run=run_id))
    assert "What the network sees" in said
    assert none not in said
    (store.root / run_id / "probe.jsonl").unlink()
    assert none in words(open_page("pages/2_Run.py", run=run_id))
