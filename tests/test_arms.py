"""Control arms: which pairs they get, how long they train, what is asked. No network here."""

import copy
import dataclasses
import itertools
import json
import tracemalloc

import numpy as np
import pytest
from scipy.stats import qmc, rankdata
from stored_results import a_result

from shipdash import config as configs
from shipdash.config import ArmConfig, ConfigError
from shipdash.config.settings import SCORED
from shipdash.data.scene import SceneSource
from shipdash.data.source import stream_order
from shipdash.data.subsets import choose_pairs, factor_columns
from shipdash.learning import arm_training as training
from shipdash.learning.arm_training import ArmState, train_arm
from shipdash.learning.learner import RoteLearner, Step
from shipdash.learning.metrics import Counts
from shipdash.records import Stopped, StopReason, Trained
from shipdash.studies import arms

SOURCE, SCOUT = "0123456789abcdef", "fedcba9876543210"
N, CORE = 400, 40


def settings(**changes):
    return configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 3.0, "scene.radius_max": 6.0, "network.kind": "rote",
        "network.batch": 8, "selection.n_pool": N, "selection.acceptance": "iou", **changes})


def an_arm(kind="random", **changes):
    return ArmConfig(**{"kind": kind, "source": SOURCE, "n_steps": 100, **changes})


@pytest.fixture(scope="module")
def pool():
    """Real factors, drawn once."""
    config = settings()
    pool = SceneSource(config.scene, seed=1, n=N)
    known = {i: pool.factors(i) for i in range(N)}
    pool.factors = known.__getitem__
    return pool


STREAM = stream_order(N, 1)
PICKED = STREAM[::10].tolist()  # 40 pairs, as spread over the stream as a core set may be


def chosen(pool, kind, *, core=PICKED, stream=STREAM, **changes):
    if kind not in SCORED:
        return choose_pairs(an_arm(kind, **changes), core, stream, pool)
    arm = an_arm(kind, scores=SCOUT, **changes)
    return choose_pairs(arm, core, stream, pool, scores_of(stream))


def scores_of(stream):
    """Scores of a network, made up: as skewed as real ones, with many equal counts."""
    chance = np.random.default_rng(3)
    return {"index": stream, "el2n": chance.gamma(1.5, 0.1, len(stream)),
            "features": chance.normal(size=(len(stream), 5)),
            "n_forgotten": chance.poisson(0.3, len(stream)) - 1.0}


# -- which pairs -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", configs.settings.ARM_KINDS)
def test_pairs_are_distinct_and_of_the_stream(pool, kind):
    """Whatever the kind, no pair twice and none from elsewhere; as many as the core set has."""
    pairs = chosen(pool, kind)
    assert len(set(pairs)) == len(pairs) == (N if kind == "full" else CORE)
    assert set(pairs) <= set(STREAM.tolist())
    assert all(type(i) is int for i in pairs)


@pytest.mark.parametrize("kind", configs.settings.ARM_KINDS)
def test_pairs_left_out_of_the_stream_are_never_chosen(pool, kind):
    """Folds: what the source never saw, its arms do not see either."""
    left_out = STREAM[1::7]
    stream = stream_order(N, 1, left_out)
    pairs = chosen(pool, kind, stream=stream, core=stream[:25].tolist())
    assert not set(pairs) & set(left_out.tolist())
    assert len(pairs) == (len(stream) if kind == "full" else 25)


@pytest.mark.parametrize("kind", ["random", "stratified", "rejected", "first", "core"])
@pytest.mark.parametrize("k", [1, 2, 7, 33, 40])
def test_an_arm_may_ask_for_another_number(pool, kind, k):
    """Of the curve, for instance; one pair is a set too."""
    assert len(set(chosen(pool, kind, n_pairs=k))) == k


def test_core_first_and_full_draw_nothing(pool):
    """The core in order of selection, the stream from its beginning, the stream."""
    assert chosen(pool, "core") == PICKED
    assert chosen(pool, "core", n_pairs=5) == PICKED[:5]
    assert chosen(pool, "first") == STREAM[:CORE].tolist()
    assert chosen(pool, "full") == STREAM.tolist()
    assert chosen(pool, "first", draw=9) == chosen(pool, "first")


@pytest.mark.parametrize("kind", ["random", "stratified", "rejected", "matched", "ccs", "kcentre"])
def test_a_draw_is_repeatable_and_another_draw_is_another(pool, kind):
    """A function of its arguments alone."""
    first = chosen(pool, kind, draw=1)
    assert chosen(pool, kind, draw=1) == first
    assert len({tuple(sorted(chosen(pool, kind, draw=d))) for d in range(10)}) == 10
    other = chosen(pool, kind, draw=1, stream=stream_order(N, 2))
    assert set(other) != set(first)


@pytest.mark.parametrize("kind", ["el2n", "forgetting"])
def test_the_hardest_pairs_are_drawn_only_where_scores_are_equal(pool, kind):
    """Distinct errors leave nothing to chance; counts of forgetting events do."""
    draws = {tuple(sorted(chosen(pool, kind, draw=d))) for d in range(10)}
    assert len(draws) == (1 if kind == "el2n" else 10)


def test_rejected_pairs_are_none_of_the_core(pool):
    """Exactly those that selection threw away can be drawn, all of them if asked."""
    for draw in range(20):
        assert not set(chosen(pool, "rejected", draw=draw)) & set(PICKED)
    everything = chosen(pool, "rejected", n_pairs=N - CORE)
    assert set(everything) == set(range(N)) - set(PICKED)


def test_random_pairs_may_be_of_the_core(pool):
    """A random subset of the pool, not of the rest: 40 of 400 share 4 on average."""
    shared = [len(set(chosen(pool, "random", draw=d)) & set(PICKED)) for d in range(200)]
    assert np.mean(shared) == pytest.approx(CORE * CORE / N, abs=0.6)  # 5 standard errors


def test_a_smaller_draw_is_a_part_of_a_larger_one(pool):
    """So the curve of one draw grows by adding pairs."""
    assert set(chosen(pool, "random", n_pairs=20)) < set(chosen(pool, "random", n_pairs=50))


@pytest.mark.parametrize("kind", ["random", "stratified", "rejected"])
def test_every_pair_is_as_likely_as_any_other(pool, kind):
    """Counted over draws: five standard deviations of a binomial and no more."""
    stream, n_draws, k = STREAM[:60], 1500, 12
    core = stream[:10].tolist()
    seen = np.zeros(N)
    for draw in range(n_draws):
        seen[chosen(pool, kind, draw=draw, n_pairs=k, stream=stream, core=core)] += 1
    candidates = stream[10:] if kind == "rejected" else stream
    share = k / len(candidates)
    spread = np.sqrt(n_draws * share * (1 - share))
    assert np.abs(seen[candidates] - n_draws * share).max() < 5 * spread


@pytest.mark.parametrize("k", [16, 50, 100])
def test_stratified_pairs_cover_the_factors_more_evenly_than_random_ones(pool, k):
    """Centred discrepancy of their ranks (SciPy), above that of the whole pool."""
    columns = factor_columns([pool.factors(i) for i in range(N)])
    ranks = (np.apply_along_axis(rankdata, 0, columns) - 0.5) / N

    def uneven(kind):
        return np.array([qmc.discrepancy(ranks[chosen(pool, kind, draw=d, n_pairs=k)])
                         for d in range(25)]) - qmc.discrepancy(ranks)

    stratified, random = uneven("stratified"), uneven("random")
    assert stratified.mean() < 0.5 * random.mean()
    assert np.mean(stratified < np.median(random)) > 0.8


def test_stratification_keeps_the_share_of_polarities():
    """Half of the strata are dark seas where half of the pool is: to a few pairs, in every draw."""
    pool = SceneSource(settings().scene, seed=5, n=200)
    high = np.array([pool.factors(i).high_sea for i in range(200)])
    stream = np.sort(np.concatenate([np.flatnonzero(high)[:80], np.flatnonzero(~high)[:80]]))
    for draw in range(10):
        pairs = chosen(pool, "stratified", draw=draw, stream=stream, n_pairs=32)
        assert high[pairs].sum() == 16


@pytest.mark.parametrize("changes", [
    {"scene.distractor": "none"}, {"scene.polarity": "low_sea"}, {"planted.distinct": 3},
    {"scene.radius_min": 6.0},
])
def test_stratification_bears_factors_that_do_not_vary(changes):
    """No distance, one polarity, three scenes, one size: still distinct pairs."""
    config = settings(**changes)
    pool = SceneSource(config.scene, seed=1, n=60)
    pairs = chosen(pool, "stratified", stream=stream_order(60, 1), n_pairs=17)
    assert len(set(pairs)) == 17


def test_a_big_pool_is_stratified_from_a_random_part(pool, monkeypatch):
    """The factors of a million pairs are not read; asked for more, it reads more."""
    monkeypatch.setattr("shipdash.data.subsets.STRATIFIED_FROM", 50)
    read = []
    looking = copy.copy(pool)
    looking.factors = lambda i: read.append(i) or pool.factors(i)
    assert len(set(chosen(looking, "stratified"))) == CORE
    assert len(read) == 50
    read.clear()
    assert sorted(chosen(looking, "stratified", n_pairs=N)) == list(range(N))
    assert len(read) == N


def test_no_kind_but_stratified_looks_at_a_pair():
    """Choosing is arithmetic on numbers."""
    for kind in ("core", "random", "first", "rejected", "full"):
        chosen(None, kind)


def test_more_pairs_than_there_are_is_refused(pool):
    """By the settings' own rule, before anything is trained."""
    with pytest.raises(ConfigError, match=r"arm\.n_pairs must be from 1 to 400"):
        chosen(pool, "random", n_pairs=401)


# -- training ----------------------------------------------------------------------------------


class Slow:
    """Knows a pair after seeing it `n_needed` times, and a part of it before; keeps its batches.

    Its loss is the next of `losses`, the last one for ever.
    """

    device, n_parameters = "none", 0

    def __init__(self, losses=(1.0,), n_needed=10):
        self.losses, self.n_needed, self.batches, self.seen = losses, n_needed, [], {}

    def train(self, images, masks):
        keys = [image.tobytes() for image in images]
        for key in keys:
            self.seen[key] = self.seen.get(key, 0) + 1
        self.batches.append(keys)
        known = np.array([min(self.n_needed, self.seen[key]) for key in keys])
        loss = self.losses[min(len(self.batches), len(self.losses)) - 1]
        return Step(Counts(known, np.full(len(keys), self.n_needed)), loss)

    def get_state(self):
        return copy.deepcopy((self.batches, self.seen))

    def set_state(self, state):
        self.batches, self.seen = copy.deepcopy(state)


def trained(pool, config, pairs, learner=None, state=None):
    """Events and learner after training to the end."""
    learner = learner or Slow()
    return list(train_arm(pool, learner, config, pairs, state or ArmState())), learner


def arm_settings(stop="steps", n_steps=100, **changes):
    return settings(**{"arm.kind": "random", "arm.source": SOURCE, "arm.stop": stop,
                       "arm.n_steps": n_steps, **changes})


def shown(pool, learner):
    """Pool numbers of each batch that the learner was shown."""
    number = {pool.draw([i])[0][0].tobytes(): i for i in range(60)}
    return [[number[key] for key in batch] for batch in learner.batches]


def test_an_epoch_shows_every_pair_once_and_fills_its_last_batch(pool):
    """Twenty pairs in batches of eight: four of the third batch come again."""
    pairs = list(range(3, 23))
    batches = shown(pool, trained(pool, arm_settings(n_steps=30), pairs)[1])
    assert {len(batch) for batch in batches} == {8}
    for start in range(0, 30, 3):
        epoch = list(itertools.chain(*batches[start : start + 3]))
        assert sorted(epoch[:20]) == pairs
        assert epoch[20:] == epoch[:4]
    assert batches[0] != batches[3]


def test_fewer_pairs_than_a_batch_fill_it(pool):
    """Three pairs, eight places: each two or three times a step."""
    batches = shown(pool, trained(pool, arm_settings(n_steps=5), [7, 1, 9])[1])
    assert all(sorted(map(batch.count, (1, 7, 9))) == [2, 3, 3] for batch in batches)


def test_batches_follow_from_model_seed_and_step(pool):
    """The same for one seed, others for another."""
    def batches(seed):
        return trained(pool, arm_settings(**{"seeds.model": seed}), list(range(20)))[1].batches

    assert batches(1001) == batches(1001) != batches(1002)


@pytest.mark.parametrize("n_steps", [1, 19, 20, 21, 100])
def test_the_steps_rule_takes_exactly_that_many(pool, n_steps):
    """Counted by the learner and by the events; a training image for each place of a batch."""
    events, learner = trained(pool, arm_settings(n_steps=n_steps), list(range(20)))
    *bouts, stopped = events
    assert len(learner.batches) == n_steps == sum(e.n_steps for e in bouts)
    assert sum(e.n_images for e in bouts) == 8 * n_steps
    assert stopped == Stopped(StopReason.TRAINED, 20, 0, 0)


def test_a_record_comes_every_160_images(pool):
    """So pause and cancel are heard in time whatever the batch size."""
    bouts = trained(pool, arm_settings(n_steps=50), list(range(20)))[0][:-1]
    assert [e.n_images for e in bouts] == [160, 160, 80]
    whole = trained(pool, arm_settings(n_steps=3, **{"network.batch": 200}), [0, 1])[0][:-1]
    assert [e.n_steps for e in whole] == [1, 1, 1]


@pytest.mark.parametrize(("n_needed", "precision", "n_steps", "score"), [
    (10, 0.86, 18, 0.9),  # after 17 steps half of the pairs have 0.8 and half 0.9
    (10, 0.84, 17, 0.85),
    (4, 0.75, 7, 0.875),  # after 6 it is exactly 0.75, which does not exceed it
])
def test_the_score_rule_ends_when_the_mean_of_last_scores_passes(
        pool, n_needed, precision, n_steps, score):
    """By hand: 16 pairs, 2 steps an epoch, one n-th of the score an epoch."""
    config = arm_settings("score", **{"selection.precision": precision})
    events, learner = trained(pool, config, list(range(16)), Slow(n_needed=n_needed))
    assert len(learner.batches) == n_steps
    assert events[-2].score == score
    assert events[-1].reason is StopReason.TRAINED


def test_the_score_rule_waits_until_every_pair_has_been_seen(pool):
    """Perfect from the first step on, and yet a whole epoch: what was not seen is not known."""
    config = arm_settings("score")
    events, _ = trained(pool, config, list(range(20)), RoteLearner())
    assert sum(e.n_steps for e in events[:-1]) == 3
    assert events[-1].reason is StopReason.TRAINED


def test_the_reported_score_is_that_of_the_pairs_seen_so_far(pool):
    """In the first epoch too: not diluted by those that come later."""
    config = arm_settings(n_steps=4, **{"network.batch": 200})
    pairs = list(range(N))
    bouts = trained(pool, config, pairs)[0][:-1]
    assert [e.score for e in bouts] == [0.1, 0.1, 0.15, 0.2]


@pytest.mark.parametrize("stop", ["score", "plateau"])
def test_a_rule_that_is_not_met_gives_up_and_says_so(pool, stop):
    """Stalled after n_steps, not trained."""
    falling = [2.0**-n for n in range(2000)]
    config = arm_settings(stop, 700, **{"selection.precision": 0.999})
    events, learner = trained(pool, config, list(range(16)), Slow(falling, n_needed=5_000))
    assert len(learner.batches) == 700
    assert events[-1].reason is StopReason.STALLED


@pytest.mark.parametrize(("windows", "n_windows"), [
    ([1.0], 3),  # never lower: the first sets the mark, two are flat
    ([1.0, 0.5, 0.25, 0.2], 6),
    ([1.0, 0.99, 0.9801], 3),  # one per cent twice is not two per cent
    ([1.0, 0.99, 0.9799], 5),  # a fall after one flat window counts, from the mark
    ([1.0, 2.0, 0.5], 5),  # a rise is no fall
    ([0.0], 3),
])
def test_the_plateau_rule_ends_after_two_flat_windows(pool, windows, n_windows):
    """Windows of 200 steps, each with one loss, by hand."""
    losses = [loss for loss in windows for _ in range(200)]
    events, learner = trained(
        pool, arm_settings("plateau", 5000), list(range(16)), Slow(losses))
    assert len(learner.batches) == 200 * n_windows
    assert events[-1].reason is StopReason.TRAINED


def test_a_window_of_the_plateau_rule_is_an_epoch_at_least(pool):
    """400 pairs one by one: windows of 400 steps."""
    config = arm_settings("plateau", 5000, **{"network.batch": 1})
    assert len(trained(pool, config, list(range(N)))[1].batches) == 1200


@pytest.mark.parametrize(("stop", "batch"), [("steps", 8), ("score", 8), ("plateau", 8),
                                             ("score", 50)])
def test_stopping_after_any_event_and_resuming_equals_never_stopping(
        pool, monkeypatch, stop, batch):
    """Arm state through JSON and learner state, put away together, are the whole truth."""
    monkeypatch.setattr(training, "WINDOW_STEPS", 30)
    config = arm_settings(stop, 300, **{"network.batch": batch, "selection.precision": 0.99})
    pairs, losses = list(range(27)), [1.0 / (1 + min(n // 60, 2)) for n in range(300)]
    whole, learner = trained(pool, config, pairs, Slow(losses, 40))
    assert len(whole) > 7
    assert whole[-1].reason is StopReason.TRAINED
    for cut in range(1, len(whole)):
        half, first = ArmState(), Slow(losses, 40)
        before = list(itertools.islice(train_arm(pool, first, config, pairs, half), cut))
        stored = ArmState(**json.loads(json.dumps(dataclasses.asdict(half), allow_nan=False)))
        second = Slow(losses, 40)
        second.set_state(first.get_state())
        after, _ = trained(pool, config, pairs, second, stored)
        assert second.batches == learner.batches
        assert [timeless(e) for e in before + after] == [timeless(e) for e in whole]


def timeless(event):
    return event._replace(seconds=0.0) if isinstance(event, Trained) else event


def test_a_small_set_is_drawn_once_and_a_big_one_again_and_again(pool, monkeypatch):
    """Time for memory: the limit decides, the result is the same."""
    drawn = []
    counting = copy.copy(pool)
    counting.draw = lambda indices: drawn.extend(indices) or pool.draw(indices)
    kept = trained(counting, arm_settings(n_steps=30), list(range(20)))[1].batches
    assert sorted(drawn) == list(range(20))
    monkeypatch.setattr(training, "KEEP_BYTES", 20 * 32 * 32 * 13 - 1)
    drawn.clear()
    assert trained(counting, arm_settings(n_steps=30), list(range(20)))[1].batches == kept
    assert len(drawn) == 30 * 8


def test_memory_does_not_grow_with_the_pool(pool, monkeypatch):
    """An epoch over 5.3 MB of pairs in less than 1 MB; by the allocator, not by our count."""
    monkeypatch.setattr(training, "KEEP_BYTES", 10**6)

    class Blind:
        def train(self, images, masks):
            return Step(Counts(np.zeros(len(images)), np.ones(len(images))), 1.0)

    tracemalloc.start()
    trained(pool, arm_settings(n_steps=50), list(range(N)), Blind())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert N * 32 * 32 * 13 > 5_000_000
    assert peak < 1_000_000


# -- what is asked -----------------------------------------------------------------------------


RESULT = a_result(n_backward=1_000, n_forward=4_000, core=list(range(40)), n_pool=N)


def asked(*names, source=None, result=RESULT, **changes):
    return arms.plan(SOURCE, source or settings(), result, names=names, **changes)


def test_arms_keep_what_must_be_kept():
    """Same scene, selection, pool, order and held-out pairs; no re-audit; weights of their own."""
    source = settings(**{"seeds.pool": 3, "seeds.order": 4, "seeds.model": 1002})
    seeds = arms.model_seeds(source, 3)
    assert seeds == [1001, 1003, 1004]
    for arm in asked(*arms.NAMES, "curve", source=source, model_seeds=seeds):
        assert (arm.scene, arm.selection) == (source.scene, source.selection)
        assert (arm.seeds.pool, arm.seeds.order) == (3, 4)
        assert arm.seeds.model in seeds
        assert arm.evaluation.n_held_out == source.evaluation.n_held_out
        assert not arm.evaluation.reaudit
        assert arm.arm.source == SOURCE


def test_every_name_comes_back_from_its_arm():
    """`name_of` reads `plan` backwards, in both variants."""
    source = settings()
    for name in (*arms.NAMES, "curve"):
        for arm in asked(name, source=source):
            assert arms.name_of(arm, source) == name


def test_a_varied_arm_exists_in_both_variants_and_the_others_in_one():
    """Three replicates each; random arms with the draw of their replicate."""
    varied = {(a.arm.stop, a.arm.draw, a.seeds.model) for a in asked("random")}
    assert varied == {(stop, r, 1000 + r) for stop in ("steps", "score") for r in (1, 2, 3)}
    assert {(a.arm.stop, a.arm.draw) for a in asked("core")} == {("steps", 0), ("score", 0)}
    for name, stop in (("full-cost", "steps"), ("full-converged", "plateau"), ("other", "steps")):
        assert [a.arm.stop for a in asked(name)] == [stop] * 3


def test_equal_updates_are_as_many_training_images():
    """To one batch, whatever the batch is."""
    for batch in (1, 8, 50):
        for arm in asked("core", "full", "other", source=settings(**{"network.batch": batch}),
                         stops=["steps"]):
            images = arm.arm.n_steps * arm.network.batch
            assert 1_000 - arm.network.batch < images <= 1_000


def test_equal_cost_counts_predictions_too():
    """A training image costs three predictions: one forward pass, and backward twice that."""
    for arm in asked("full-cost"):
        cost = 3 * arm.arm.n_steps * 8
        assert 4_000 + 3 * 1_000 - 3 * 8 < cost <= 4_000 + 3 * 1_000


def test_a_short_selection_still_gives_its_arms_a_step():
    """Fewer training images than a batch."""
    few = dataclasses.replace(RESULT, n_backward=3, n_forward=1)
    assert all(arm.arm.n_steps >= 1 for arm in asked(*arms.NAMES, result=few))


def test_limits_leave_room_for_every_pair_to_be_seen():
    """Several epochs, for the rules that end by themselves."""
    few = dataclasses.replace(RESULT, n_backward=9)
    for arm in asked("full", "full-converged", stops=["score"], result=few):
        assert arm.arm.n_steps >= 5 * N / 8


def test_a_question_is_asked_once():
    """More draws than model seeds repeat no arm that draws nothing; a curve point of the core's
    size is the random arm."""
    every = asked("core", "random", draws=[1, 2, 3, 4], model_seeds=[1001, 1002], curve=[40, 50])
    assert len({arm.digest for arm in every}) == len(every)
    counted = [arms.name_of(arm, settings()) for arm in every]
    assert {name: counted.count(name) for name in set(counted)} == {
        "core": 2 * 2, "random": 4 * 2, "curve": 4}
    assert {arm.seeds.model for arm in every} == {1001, 1002}


def test_the_curve_goes_up_to_the_pool():
    """At the sizes named, else at the usual ones that the pool has."""
    assert {a.arm.n_pairs for a in asked("curve")} == {25, 50, 100, 200}
    assert {a.arm.n_pairs for a in asked(curve=[7, 9])} == {7, 9}


def test_the_first_replicate_of_all_arms_comes_first():
    """Stopped half-way, there is something to compare."""
    seeds = [arm.seeds.model for arm in asked(*arms.NAMES)]
    assert seeds == sorted(seeds)


@pytest.mark.parametrize(("kind", "name", "filters"), [
    ("compact", "", 16), ("compact", "wide", 16), ("article", "", 8), ("article", "compact", 8),
    ("compact", "article", 16), ("rote", "", 8),
])
def test_the_other_network_is_another(kind, name, filters):
    """Twice the filters, or a preset's."""
    source = settings(**{"network.kind": kind})
    section = arms.other_network(source, name)
    assert section != source.network
    assert section.filters == filters
    assert arms.name_of(asked("other", source=source, network=name)[0], source) == "other"


@pytest.mark.parametrize(("names", "changes", "said"), [
    (["lunch"], {}, "arms must be some of core, random"),
    (["core"], {"stops": ["noon"]}, "stops must be some of steps, score"),
    (["core"], {"stops": []}, "stops must name at least one"),
    (["core"], {"model_seeds": []}, "model_seeds must name at least one"),
    (["core"], {"draws": []}, "draws must name at least one"),
    ([], {"curve": [5, 0]}, "curve must be sizes of at least 1 pair"),
    (["other"], {"network": "deep"}, "network must be one of wide, quick, compact, article"),
])
def test_what_cannot_be_asked_is_refused(names, changes, said):
    """The field, the rule and what came."""
    with pytest.raises(ConfigError, match=said):
        asked(*names, **changes)


def test_the_sources_own_network_is_no_other():
    """It would be the core arm under another name."""
    with pytest.raises(ConfigError, match="another network than the source's"):
        arms.other_network(configs.compact(), "compact")
