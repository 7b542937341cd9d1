"""The loop, on the rote learner and on a tiny learner that forgets: no TensorFlow here."""

import copy
import dataclasses

import numpy as np
import pytest

from shipdash import config as configs
from shipdash.acceptance import fails
from shipdash.data import open_source
from shipdash.data.scene import SceneSource
from shipdash.data.source import stream_order
from shipdash.learning import metrics
from shipdash.learning.learner import RoteLearner, Step
from shipdash.loop import select
from shipdash.records import LoopState, Picked, Scanned, Stopped, StopReason, Trained


class FuzzyLearner(RoteLearner):
    """Rote, but it also knows every pair whose target is close in size to one it was shown.

    Generalizes, so that pairs are discarded; its knowledge depends on the picks alone.
    """

    def __init__(self, reach: int) -> None:
        super().__init__()
        self.reach, self.areas = reach, []

    def train(self, images, masks):
        self.areas = sorted({*self.areas, *(int(m.sum()) for m in masks)})
        return super().train(images, masks)

    def predict(self, images):
        """Peeks at the truth through `truth_of`, as a perfect segmenter of known sizes would."""
        masks = np.stack([self.truth_of[image.tobytes()] for image in images])
        known = [any(abs(int(m.sum()) - a) <= self.reach for a in self.areas) for m in masks]
        return masks * np.array(known, np.float32)[:, None, None]

    def get_state(self):
        return {"areas": np.array(self.areas)}

    def set_state(self, state):
        self.areas = state["areas"].tolist()


def settings(**changes):
    base = configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 3.0, "scene.radius_max": 6.0, "network.kind": "rote",
        "selection.n_pool": 120, "selection.first": 5, "network.predict_batch": 8,
    })
    return base.replace(**changes)


def outcome(config, learner=None, state=None, pool=None):
    """Events, state and learner after running to the end."""
    pool = pool or open_source(config)
    learner = learner or RoteLearner()
    stream = stream_order(pool.n, config.seeds.order)
    state = state or LoopState()
    return list(select(pool, learner, config, stream, state)), state, learner


def fuzzy(config, reach=6):
    pool = open_source(config)
    learner = FuzzyLearner(reach)
    images, masks = pool.draw(range(pool.n))
    learner.truth_of = {i.tobytes(): m for i, m in zip(images, masks, strict=True)}
    return learner, pool


def test_a_rote_learner_keeps_every_distinct_pair_once():
    """The known answer: D distinct pairs, each repeated, give a core set of exactly D."""
    config = settings(**{"planted.distinct": 20, "selection.first": 1})
    events, state, _ = outcome(config)
    assert len(state.core) == 20
    assert len({i % 20 for i in state.core}) == 20
    assert events[-1] == Stopped(StopReason.EXHAUSTED, 20, 120, 1)


def test_a_pool_of_all_different_pairs_is_kept_whole_by_rote():
    """Nothing can be thrown away by a learner that does not generalize."""
    events, state, _ = outcome(settings())
    assert sorted(state.core) == list(range(120))
    assert [e.n_core for e in events if isinstance(e, Picked)] == list(range(1, 121))


def test_every_pair_is_tested_once_in_stream_order():
    """Discarded and picked pairs together are the stream, in its order."""
    config = settings()
    learner, pool = fuzzy(config)
    events, state, _ = outcome(config, learner, pool=pool)
    seen = []
    for event in events:
        if isinstance(event, Picked):
            seen.append(event.index)
        elif isinstance(event, Scanned):
            seen.extend(event.indices)
    assert seen == stream_order(120, config.seeds.order).tolist()
    assert 5 < len(state.core) < 100


def test_a_picked_pair_failed_when_it_was_picked():
    """The first pairs join untested; every other one below the acceptance threshold."""
    config = settings()
    learner, pool = fuzzy(config)
    picks = [e for e in outcome(config, learner, pool=pool)[0] if isinstance(e, Picked)]
    assert all(p.iou is None for p in picks[:5])
    assert all(p.iou < config.selection.acceptance_iou for p in picks[5:])


@pytest.mark.parametrize("change", [
    {"network.predict_batch": 1}, {"network.predict_batch": 64}, {"selection.block": 3},
])
def test_block_size_changes_no_pick(change):
    """How the stream is cut into predictions is a matter of speed alone."""
    config = settings()
    learner, pool = fuzzy(config)
    expected = outcome(config, learner, pool=pool)[1].core
    learner, pool = fuzzy(config)
    assert outcome(config.replace(**change), learner, pool=pool)[1].core == expected


@pytest.mark.parametrize("extra", [
    {}, {"selection.passes": 0},
    {"selection.train_until": "epoch", "selection.idle_epochs": True, "selection.block": 16},
])
def test_stopping_after_any_settled_event_and_resuming_equals_never_stopping(extra):
    """Loop state and learner state, put away together, are the whole truth."""
    config = settings(**extra)
    learner, pool = fuzzy(config)
    whole, state, _ = outcome(config, learner, pool=pool)
    stream = stream_order(pool.n, config.seeds.order)
    n_resumed = 0
    for cut in range(1, len(whole)):
        learner, _ = fuzzy(config)
        half = LoopState()
        events = select(pool, learner, config, stream, half)
        first = [next(events) for _ in range(cut)]
        if not half.settled:
            continue
        n_resumed += 1
        stored = LoopState(**copy.deepcopy(dataclasses.asdict(half)))
        again, _ = fuzzy(config)
        again.set_state(learner.get_state())
        second, end, _ = outcome(config, again, stored, pool)
        assert end.core == state.core
        assert [_timeless(e) for e in first + second] == [_timeless(e) for e in whole]
    assert n_resumed > 10


def _timeless(event):
    return event._replace(seconds=0.0) if hasattr(event, "seconds") else event


def test_passes_until_clean_end_with_a_round_that_adds_nothing():
    """A pair discarded early may fail later; the last round proves that none is left."""
    config = settings(**{"selection.passes": 0})
    learner, pool = fuzzy(config)
    events, state, _ = outcome(config, learner, pool=pool)
    assert events[-1].reason is StopReason.CLEAN
    last = [e for e in events if isinstance(e, (Picked, Scanned)) and e.round == state.round]
    assert not any(isinstance(e, Picked) for e in last)
    assert sum(len(e.indices) for e in last) == 120 - len(state.core)


def test_training_that_cannot_reach_the_precision_ends_the_run_as_stalled():
    """No endless training: the step limit is a way to end, and says so."""

    class Hopeless(RoteLearner):
        def train(self, images, masks):
            return Step(metrics.counts(masks, np.zeros(masks.shape)), 1.0)

    events, _, _ = outcome(settings(**{"selection.max_steps": 7}), Hopeless())
    assert events[-1].reason is StopReason.STALLED


def test_a_long_bout_is_reported_in_pieces_and_may_end_between_them():
    """Somebody who asks for a pause is heard within a few steps, and resuming changes nothing."""

    class Slow(RoteLearner):
        """Scores nothing before its hundredth step."""

        steps = 0

        def train(self, images, masks):
            self.steps += 1
            super().train(images, masks)
            return Step(metrics.counts(masks, masks * float(self.steps > 100)), 1.0)

    config = settings(**{"selection.n_pool": 8, "network.batch": 16, "network.warmup_batch": 16})
    events, state, _ = outcome(config, Slow())
    bouts = [e for e in events if isinstance(e, Trained)]
    assert bouts[0].n_steps == 256 // 16
    assert sum(b.n_steps for b in bouts[:-3]) >= 100
    assert all(b.n_images <= 256 for b in bouts)
    pool, learner, halted = SceneSource(config.scene, seed=1, n=8), Slow(), LoopState()
    stream = select(pool, learner, config, stream_order(8, config.seeds.order), halted)
    first = [next(stream) for _ in range(7)]  # five first pairs and two pieces of the warm-up
    assert isinstance(first[-1], Trained)
    assert halted.owes_training
    assert halted.settled
    rest, resumed, _ = outcome(config, learner, copy.deepcopy(halted), pool)
    assert [_timeless(e) for e in [*first, *rest]] == [_timeless(e) for e in events]
    assert resumed == state


def test_one_pair_is_a_pool():
    """The smallest stream there is."""
    events, state, _ = outcome(settings(**{"selection.n_pool": 1, "selection.first": 1}))
    assert state.core == [0]
    assert events[-1] == Stopped(StopReason.EXHAUSTED, 1, 1, 1)


def test_a_pair_exactly_on_the_threshold_passes():
    """At precision 0.85 the article score decides at 0.9, that is at IoU 0.90 exactly."""
    from shipdash.learning.metrics import Counts

    rules = configs.compact().selection
    assert rules.acceptance_iou == 0.90
    edge = Counts(np.array([90, 89]), np.array([100, 100]))
    assert fails(metrics.iou(edge), rules.acceptance_iou).tolist() == [False, True]
    plain = dataclasses.replace(rules, acceptance="iou", precision=0.9, margin=1.0)
    assert fails(metrics.iou(edge), plain.acceptance_iou).tolist() == [False, True]


def test_idle_training_has_a_step_limit_of_its_own():
    """Blocks without a failure add steps for ever; no pair of them took too many."""
    changes = {"selection.train_until": "epoch", "selection.idle_epochs": True,
               "selection.block": 4, "selection.max_steps": 12, "selection.first": 1,
               "planted.distinct": 1}
    events, state, _ = outcome(settings(**changes))
    assert sum(e.n_steps for e in events if isinstance(e, Trained)) > 12
    assert events[-1].reason is StopReason.EXHAUSTED and len(state.core) == 1


def test_a_rote_learner_knows_whole_pictures():
    """Not by a row that two of them may share."""
    images = np.zeros((2, 16, 16, 3), np.float32)
    images[1, 0, 0] = 1.0
    learner = RoteLearner()
    learner.train(images[:1], np.ones((1, 16, 16), bool))
    assert learner.predict(images).any(axis=(1, 2)).tolist() == [True, False]
