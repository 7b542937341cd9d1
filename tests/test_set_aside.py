"""Pairs that cannot be learnt are set aside, and nothing stalls for ever."""

import copy
import dataclasses

import numpy as np
import pytest
from compiled import open_learner
from stored_results import WEIGHTS, a_result, a_run, a_verification

from shipdash import analysis
from shipdash import config as configs
from shipdash.analysis.set_aside import set_aside_table, set_aside_words
from shipdash.config import ConfigError
from shipdash.data import files, open_source
from shipdash.data.own_preset import own_config
from shipdash.data.source import stream_order
from shipdash.learning.core_set import CoreSet
from shipdash.learning.learner import RoteLearner, Step
from shipdash.learning.metrics import counts, iou
from shipdash.learning.training import PROGRESS, Training
from shipdash.loop import select
from shipdash.records import AsideReason, LoopState, Picked, SetAside, Stopped, StopReason, Trained
from shipdash.results import Result
from shipdash.runs import Store, worker

LIMIT = 30


class Stubborn(RoteLearner):
    """Rote, but some pairs are never learnt: it predicts nothing for them, however often shown."""

    def __init__(self, images):
        super().__init__()
        self.never = {image.tobytes() for image in images}

    def train(self, images, masks):
        super().train(images, masks)
        known = [image.tobytes() not in self.never for image in images]
        return Step(counts(masks, masks * np.array(known, float)[:, None, None]), 0.5)


def settings(**changes):
    return configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 3.0, "scene.radius_max": 6.0, "network.kind": "rote",
        "selection.n_pool": 40, "selection.first": 5, "network.predict_batch": 8,
        "selection.acceptance": "iou", "selection.precision": 0.8,
        "selection.set_aside_after": LIMIT, "evaluation.n_held_out": 10, **changes})


def stream(config):
    return stream_order(config.selection.n_pool, config.seeds.order)


def stubborn(config, places):
    """A learner to which the pairs at these places of the stream are foreign for ever."""
    return Stubborn(open_source(config).draw(stream(config)[list(places)])[0])


def outcome(config, learner, state=None):
    state = LoopState() if state is None else state
    return list(select(open_source(config), learner, config, stream(config), state)), state


def set_aside(events):
    return [event for event in events if isinstance(event, SetAside)]


def test_a_new_pair_that_is_never_learnt_is_set_aside_at_the_limit():
    """It stays kept, the others follow, and the run comes to its end."""
    config = settings()
    events, state = outcome(config, stubborn(config, [20]))
    hard = int(stream(config)[20])
    assert set_aside(events) == [
        SetAside(hard, 21, 21, LIMIT, 0.0, round(20 / 21, 4), AsideReason.NOT_LEARNT)]
    assert state.aside == [hard] and len(state.core) == 40
    assert events[-1] == Stopped(StopReason.EXHAUSTED, 40, 40, 1)


def test_without_a_limit_such_a_pair_ends_the_run():
    """As before, and as in the article: stalled, after max_steps."""
    config = settings(**{"selection.set_aside_after": 0, "selection.max_steps": 50})
    events, _ = outcome(config, stubborn(config, [20]))
    assert events[-1].reason is StopReason.STALLED and not set_aside(events)


def test_a_learner_that_learns_nothing_comes_to_an_end():
    """Every pair is set aside, each after at most the limit."""
    config = settings()
    events, state = outcome(config, stubborn(config, range(40)))
    assert sorted(state.aside) == sorted(state.core) == list(range(40))
    assert events[-1].reason is StopReason.EXHAUSTED
    assert state.n_steps == 36 * LIMIT  # the warm-up, then one pair at a time


def test_warming_up_ends_at_a_plateau_without_the_pair_that_holds_it_back():
    """Of five first pairs two are not learnt: their mean 0.6 rises above 0.8 without both."""
    config = settings()
    events, _ = outcome(config, stubborn(config, [1, 3]))
    found, order = set_aside(events), stream(config)
    assert [event.index for event in found] == [order[1], order[3]]
    assert [event.mean for event in found] == [0.6, 0.75]
    assert {event.reason for event in found} == {AsideReason.WARM_UP}
    assert events.index(found[0]) < next(i for i, e in enumerate(events)
                                         if isinstance(e, Picked) and e.iou is not None)


def test_warming_up_goes_on_while_it_makes_progress():
    """A slow start is none that is stuck: the steps without progress count, not all of them."""

    class Slow(RoteLearner):
        n = 0

        def train(self, images, masks):
            self.n += 1
            super().train(images, masks)
            part = masks.shape[1] * min(1.0, self.n / (4 * LIMIT))
            return Step(counts(masks, masks * (np.arange(masks.shape[1]) < part)[:, None]), 0.5)

    events, _ = outcome(settings(), Slow())
    assert not set_aside(events)
    assert sum(e.n_steps for e in events if isinstance(e, Trained) and e.n_core == 5) > 2 * LIMIT


def test_as_few_pairs_are_set_aside_as_bring_the_mean_above_the_precision():
    """Scores 0.9, 0.5, 0.6 and 0.82 at a precision of 0.8: two must go, the lowest first."""
    config, state = settings(), LoopState(core=[4, 5, 6, 7], scores=[0.9, 0.5, 0.6, 0.82],
                                          n_tested=9, bout_steps=LIMIT)
    images = np.zeros((4, 32, 32, 3), np.float32)
    core = CoreSet(RoteLearner(), iou, 1, images, images[..., 0] > 0, state.scores, [True] * 4)
    training, found = Training(core, config, state), []
    while state.owes_training:
        assert training.is_stuck
        found.append(training.set_aside())
    assert [(e.index, e.mean, e.reason) for e in found] == [
        (5, 0.705, AsideReason.HELD_BACK), (6, 0.7733, AsideReason.HELD_BACK)]
    assert state.aside == [5, 6]


def test_a_pair_set_aside_is_still_rehearsed():
    """It is kept: the network goes on seeing it, training only no longer waits for it."""
    config = settings()
    learner, seen = stubborn(config, [20]), []
    train = learner.train
    learner.train = lambda images, masks: seen.append(
        any(image.tobytes() in learner.never for image in images)) or train(images, masks)
    events, state = outcome(config, learner)
    n_before = sum(e.n_steps for e in events[:events.index(set_aside(events)[0])]
                   if isinstance(e, Trained))
    assert any(seen[n_before:]) and state.aside


def _timeless(event):
    return event._replace(seconds=0.0) if hasattr(event, "seconds") else event


def test_stopping_after_any_settled_event_and_resuming_equals_never_stopping():
    """Between two pairs set aside at one plateau, and between the pieces of a long bout too."""
    config, hard = settings(**{"selection.n_pool": 12}), [1, 3, 7, 10]
    whole, state = outcome(config, stubborn(config, hard))
    n_after_aside = 0
    for cut in range(6, len(whole)):
        learner, half = stubborn(config, hard), LoopState()
        events = select(open_source(config), learner, config, stream(config), half)
        first = [next(events) for _ in range(cut)]
        if not half.settled:
            continue
        n_after_aside += isinstance(first[-1], SetAside)
        stored = LoopState(**copy.deepcopy(dataclasses.asdict(half)))
        second, end = outcome(config, learner, stored)
        assert (end.core, end.aside) == (state.core, state.aside)
        assert [_timeless(e) for e in first + second] == [_timeless(e) for e in whole]
    assert n_after_aside == 4


class Killed(BaseException):
    """Nothing of ours catches it."""


def test_a_killed_and_resumed_run_ends_with_the_same_core_set(tmp_path, monkeypatch):
    """On disk: events, core set and list of pairs set aside, in the log and in the result."""
    config = settings()
    monkeypatch.setattr(worker, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(worker, "CHECKPOINT_SHARE", 1e9)
    monkeypatch.setattr(worker, "open_learner",
                        lambda *_, **__: stubborn(config, [1, 17, 30]))
    whole, torn = Store(tmp_path / "whole"), Store(tmp_path / "torn")
    run_id = whole.create(config)[0]
    expected = worker.work(whole, run_id)
    torn.create(config)

    def kill_after(n):
        left = iter(range(n))

        def heard(event):
            if next(left, None) is None:
                raise Killed

        return heard

    for n in (20, 15, 30):
        with pytest.raises(Killed):
            worker.work(torn, run_id, kill_after(n))
    result = worker.work(torn, run_id)
    assert (result.core, result.set_aside) == (expected.core, expected.set_aside)
    assert len(result.set_aside) == 3 and set(result.set_aside) < set(result.core)
    logs = [[_timeless(e) for e in store.events(run_id)[0]] for store in (whole, torn)]
    assert logs[0] == logs[1]
    assert torn.result(run_id).set_aside == result.set_aside


def test_the_limit_fits_the_steps_a_pair_gets_anyway():
    """Below min_steps a pair that is learnt would be set aside; above max_steps nothing would."""
    for changes in ({"selection.set_aside_after": 4}, {"selection.set_aside_after": 21,
                    "selection.max_steps": 20}, {"selection.idle_epochs": True},
                    {"selection.train_until": "epoch"}):
        with pytest.raises(ConfigError, match=r"selection\.set_aside_after must be 0"):
            settings(**changes)


def test_a_run_that_set_pairs_aside_has_no_certificate():
    """The condition has a name and a reason."""
    fine = {"core": list(range(11)), "n_pool": 50, "reason": "clean", "weights_sha256": WEIGHTS,
            "verified": a_verification()}
    whole = analysis.certificate_of(a_run(**fine))
    part = analysis.certificate_of(a_run(**fine, set_aside=[3]))
    assert whole.bound is not None and part.bound is None
    assert [c.name for c in part.conditions if c.holds is False] == ["Every kept pair was learnt"]


def test_results_of_before_set_nothing_aside():
    """A result without the list is read as one with an empty list."""
    plain = a_result().to_json()
    del plain["set_aside"]
    assert Result.from_json(plain).set_aside == ()


def test_pairs_set_aside_are_listed_with_the_least_known_first():
    """The order in which somebody should look at their labels."""
    events = [SetAside(7, 11, 11, 240, 0.3, 0.74, AsideReason.WARM_UP),
              SetAside(2, 30, 90, 150, 0.1, 0.91, AsideReason.NOT_LEARNT)]
    table = set_aside_table(events)
    assert table["index"].tolist() == [2, 7]
    assert table["reason"].tolist() == ["did not pass within the step limit",
                                        "kept the first pairs below the precision"]
    assert set_aside_words(events[1:], 30, 0.8) == (
        "1 of 30 kept pairs could not be learnt and was set aside: check its label first.")
    assert set_aside_words([], 30, 0.8) == ""


@pytest.mark.tensorflow
def test_contradictory_masks_stall_no_network(tmp_path, monkeypatch):
    """One picture comes with two masks that share no pixel: one of the two pairs is set aside."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path))
    pool = open_source(settings(), n=6)
    images, masks = pool.draw(range(6))
    images[5], masks[5] = images[4], np.roll(masks[4], 16, axis=0)
    images = np.rint(images * 255).astype(np.uint8)
    files.write("twice", images, masks, np.zeros(6, np.uint8))
    config = own_config("twice").replace(**{
        "network.invert": True, "selection.first": 1, "selection.set_aside_after": 40})
    assert config.network == configs.quick().network  # compiled once for many tests
    learner = open_learner(config.network, shape=config.shape, seed=1)
    events, state = outcome(config, learner)
    assert events[-1].reason is StopReason.EXHAUSTED
    assert {4, 5} <= set(state.core) and {4, 5} & set(state.aside)
    assert state.n_steps < 6 * 40 + 40 / PROGRESS
