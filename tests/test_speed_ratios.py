"""Speed, as far as it can be tested on a busy machine: counts and ratios, never the clock."""

import gc
import tracemalloc

import numpy as np
import pytest
from compiled import open_learner

from shipdash import config as configs
from shipdash.acceptance import fails
from shipdash.data import open_source
from shipdash.data.source import stream_order
from shipdash.learning import metrics
from shipdash.learning.learner import RoteLearner
from shipdash.loop import select
from shipdash.records import Event, LoopState, Picked, Scanned, Stopped, Trained
from shipdash.runs import Store, worker

SMALL = {"scene.size": 32, "scene.radius_min": 4.0, "scene.radius_max": 8.0}
EASY = SMALL | {"scene.noise": 0.4, "scene.contrast": 0.6}  # a tenth of the training


# -- the compact preset, a real small run ------------------------------------------------------


@pytest.fixture(scope="module")
def compact():
    """The preset's network and loop on small, easy pairs: settings, and a compiled learner."""
    config = configs.compact().replace(**EASY, **{"selection.n_pool": 2_000})
    return config, open_learner(config.network, shape=(32, 32), seed=config.seeds.model)


@pytest.fixture(scope="module")
def once(compact):
    """Events and core set of the run."""
    config, learner = compact
    learner.fresh = {name: value.copy() for name, value in learner.get_state().items()}
    return selected(config, learner)


def selected(config, learner) -> tuple[list[Event], list[int]]:
    pool, state = open_source(config), LoopState()
    stream = stream_order(pool.n, config.seeds.order)
    return list(select(pool, learner, config, stream, state)), state.core


@pytest.mark.tensorflow
def test_few_predictions_are_thrown_away(once):
    """At most 1.3 forward passes per pair of the pool, all of them counted."""
    events, core = once
    scans = [e for e in events if isinstance(e, Scanned)]
    assert isinstance(events[-1], Stopped)
    assert events[-1].n_tested == 2_000
    assert 11 < len(core) < 200
    n_forward = sum(e.n_forward for e in scans)
    assert n_forward - sum(e.n_wasted for e in scans) == 2_000 - 11  # the first join untested
    assert n_forward / 2_000 <= 1.3


@pytest.mark.tensorflow
def test_a_whole_run_compiles_two_shapes(compact, once):
    """One for training and one for prediction: a third would stop a run for many seconds."""
    assert compact[1].n_shapes == 2


@pytest.mark.tensorflow
def test_a_second_run_in_other_blocks_picks_the_same_pairs_on_a_real_network(compact, once):
    """All threads at work, and to the last bit: the loss of every bout is the same."""
    config, learner = compact
    learner.set_state(learner.fresh)
    again, core = selected(config.replace(**{"selection.block": 5}), learner)
    assert core == once[1]
    assert trained(again) == trained(once[0])
    assert learner.n_shapes == 2


def trained(events) -> list[tuple[int, float]]:
    """What depends on the picks alone: core size and loss of every bout."""
    return [(e.n_core, e.loss) for e in events if isinstance(e, Trained)]


# -- a loop without blocks, caches and threads -------------------------------------------------


class Nearest(RoteLearner):
    """Predicts the mask of the pair it was shown whose mean colour is nearest: it generalizes."""

    def __init__(self):
        super().__init__()
        self.shown = {}

    def train(self, images, masks):
        self.shown |= {float(image.mean()): mask for image, mask in zip(images, masks, strict=True)}
        return super().train(images, masks)

    def predict(self, images):
        colours = np.array(list(self.shown))
        masks = list(self.shown.values())
        nearest = [int(np.abs(colours - image.mean()).argmin()) for image in images]
        return np.array([masks[k] for k in nearest], np.float32)


def plainly(config) -> list[int]:
    """The rule and nothing else: one pair at a time, drawn when it is needed."""
    pool = open_source(config)
    stream, learner = stream_order(pool.n, config.seeds.order).tolist(), Nearest()
    core = stream[: config.selection.first]
    learner.train(*pool.draw(core))
    for index in stream[config.selection.first :]:
        image, mask = pool.draw([index])
        iou = metrics.iou(metrics.counts(mask, learner.predict(image)))
        if fails(iou, config.selection.acceptance_iou)[0]:
            core.append(index)
            learner.train(image, mask)
    return core


@pytest.mark.parametrize("speed", [
    {}, {"network.predict_batch": 1}, {"network.predict_batch": 3}, {"network.predict_batch": 256},
    {"selection.block": 1}, {"selection.block": 7}, {"network.batch": 1},
])
def test_blocks_prefetching_and_caching_change_no_pick(speed):
    """The loop, as fast as it is, against the plainest there is."""
    config = configs.compact().replace(**SMALL, **{
        "network.kind": "rote", "selection.n_pool": 300, "selection.first": 5,
        "selection.acceptance": "iou", "selection.precision": 0.2, "selection.margin": 1.0})
    expected = plainly(config)
    assert 20 < len(expected) < 280
    assert selected(config.replace(**speed), Nearest())[1] == expected


# -- memory ------------------------------------------------------------------------------------


def by_heart(n_pool: int) -> configs.RunConfig:
    """A stream that logs an event for every pair; only the first twelve pairs are new."""
    return configs.compact().replace(**SMALL, **{
        "network.kind": "rote", "network.predict_batch": 1, "planted.distinct": 12,
        "selection.first": 4, "selection.n_pool": n_pool, "evaluation.n_held_out": 0,
        "evaluation.reaudit": False})


@pytest.fixture
def traced():
    """Python and NumPy count their memory."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


def held() -> int:
    """Bytes in use, what awaits collection left out."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_the_loop_holds_no_more_memory_after_many_events(traced):
    """Nothing is kept per event: not even a number would pass. A picture in the air may differ."""
    config, n_events, at = by_heart(3_000), 0, {}
    pool = open_source(config)
    for event in select(pool, RoteLearner(), config, stream_order(3_000, 1), LoopState()):
        n_events += 1
        if n_events in (1_000, 3_000):
            at[n_events] = held()
        assert not isinstance(event, Picked) or n_events < 200
    assert at[3_000] - at[1_000] < 32 * 2_000


def test_a_whole_run_needs_no_more_memory_for_a_longer_stream(traced, tmp_path):
    """Log, checkpoint and result included: only order and marks grow, some 50 bytes a pair."""
    peaks, store = {}, Store(tmp_path)
    worker.work(store, store.create(by_heart(100))[0])  # what is loaded once, is
    for n in (1_000, 4_000):
        tracemalloc.reset_peak()
        base = held()
        worker.work(store, store.create(by_heart(n))[0])
        peaks[n] = tracemalloc.get_traced_memory()[1] - base
    assert peaks[4_000] - peaks[1_000] < 50 * 3_000
