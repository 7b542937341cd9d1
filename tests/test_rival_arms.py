"""Arms that rival the selection: factor-matched pairs, and pairs chosen by a network's scores."""

import dataclasses
from collections import Counter

import numpy as np
import pytest
from compiled import open_learner
from scipy import ndimage, stats
from scipy.spatial.distance import cdist

from shipdash import config as configs
from shipdash.config import ConfigError
from shipdash.config.settings import SCORED
from shipdash.data import matched, scored_subsets
from shipdash.data.scene import SceneSource, draw_pair
from shipdash.data.subsets import factor_matched
from shipdash.learning import arm_training, evaluation
from shipdash.learning.learner import RoteLearner, Step
from shipdash.learning.metrics import Counts
from shipdash.runs import Store, worker
from shipdash.studies import arms
from shipdash.studies.ensure import ensure
from shipdash.studies.study import Study


def chance(seed=0):
    return np.random.default_rng(seed)


# -- the gap between the shapes ----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rectangle", "triangle"])
def test_the_gap_is_that_of_the_distance_transform(kind):
    """SciPy's, over the distractor's pixels, which a noiseless picture shows."""
    config = dataclasses.replace(configs.quick().scene, distractor=kind, noise=0.0, contrast=1.0,
                                 polarity="low_sea")
    gaps = []
    for seed in range(60):
        pair = draw_pair(config, chance(seed))
        distractor = (pair.image[..., 0] > 0.5) & ~pair.mask
        away = ndimage.distance_transform_edt(~pair.mask)
        gaps.append(pair.factors.gap_px)
        if pair.factors.gap_px > 0:  # shapes that overlap hide a part of each other
            assert gaps[-1] == pytest.approx(away[distractor].min())
    assert min(gaps) < 2 < max(gaps)


# -- factor-matched random ---------------------------------------------------------------------


def test_the_distance_is_that_of_kolmogorov_and_smirnov():
    """SciPy's statistic, ties included; weights count as repeats do."""
    for seed in range(20):
        a, b = chance(seed).integers(0, 9, 40), chance(seed + 100).integers(1, 12, 70)
        weights = chance(seed).integers(1, 4, 70)
        found = matched.distance(a, b, np.ones(70))
        assert found == pytest.approx(stats.ks_2samp(a, b).statistic)
        repeated = stats.ks_2samp(a, np.repeat(b, weights)).statistic
        assert matched.distance(a, b, weights) == pytest.approx(repeated)


def test_factors_are_found_by_what_departs_and_not_twice():
    """One planted, a copy of it with noise, and two that mean nothing."""
    others = chance(1).random((4000, 4))
    core = chance(2).random((100, 4))
    core[:, 2] = core[:, 2] ** 3  # the planted one
    for table in (core, others):
        table[:, 1] = table[:, 2] + 0.02 * table[:, 1]
    found = matched.telling_factors(core, others)
    assert [f.column for f in found] in ([1], [2])
    assert found[0].distance > 0.3


def test_without_a_difference_factors_are_rarely_found():
    """By chance in one study of a hundred or fewer: 200 studies, at most 6 (p = 0.005)."""
    found = [matched.telling_factors(chance(s).random((60, 5)), chance(s + 1000).random((900, 5)))
             for s in range(200)]
    assert sum(map(bool, found)) <= 6


def test_where_no_factor_varies_none_tells():
    """Of a pool that repeats a single pair; it was a math domain error."""
    assert matched.telling_factors(np.zeros((3, 0)), np.zeros((5, 0))) == []


def test_a_repeated_value_has_a_bin_of_its_own():
    """A third of the core pairs touch: their gap is exactly 1, and of the pool's few are."""
    core = np.concatenate([np.ones(30), chance(0).uniform(2, 40, 60)])[:, None]
    others = np.concatenate([np.ones(90), chance(1).uniform(2, 40, 3000)])[:, None]
    factor, = matched.telling_factors(core, others)
    assert factor.values.tolist() == [1.0]
    inside = matched.cells(others, [factor])[:, 0] == 0
    assert np.array_equal(inside, others[:, 0] == 1)
    assert 3 <= len(factor.edges) + 1 <= matched.N_BINS


def test_matched_pairs_have_the_cores_joint_histogram():
    """Cell by cell, in every draw, no pair twice; another draw is another."""
    core, others = chance(0).integers(0, 3, (50, 2)), chance(1).integers(0, 3, (2000, 2))
    draws = [matched.matched(core, others, chance(s)) for s in range(5)]
    for rows in draws:
        assert len(set(rows.tolist())) == 50
        assert Counter(map(tuple, others[rows])) == Counter(map(tuple, core))
    assert len({tuple(sorted(rows)) for rows in draws}) == 5
    assert np.array_equal(matched.matched(core, others, chance(3)), draws[3])


def test_a_cell_without_pairs_is_filled_from_those_that_agree_in_the_first_factors():
    """By hand: (0, 1) has one other pair, so its second comes from (0, anything)."""
    core = np.array([[0, 1], [0, 1], [1, 0]])
    others = np.array([[0, 1], [0, 0], [1, 0], [2, 2], [2, 2]])
    for seed in range(10):
        assert sorted(matched.matched(core, others, chance(seed))) == [0, 1, 2]
    assert len(set(matched.matched(core, others[2:], chance(0)))) == 3  # in the end by any


def test_matched_pairs_of_a_scene_are_none_of_the_core_and_match_its_gap():
    """A core set of the pairs with the nearest shapes: its likes are found among the others."""
    source = SceneSource(configs.quick().scene, seed=7, n=1500)
    gaps = np.array([source.factors(i).gap_px for i in range(1500)])
    core = np.argsort(gaps, kind="stable")[:200:4].tolist()
    candidates = np.setdiff1d(np.arange(1500), core)
    pairs = factor_matched(candidates, core, 1, source)
    assert len(set(pairs)) == len(core) and not set(pairs) & set(core)
    assert gaps[pairs].mean() < gaps[core].mean() + 2 < gaps.mean()


def test_pairs_without_known_factors_cannot_be_matched():
    """A data set of one's own knows none."""
    with pytest.raises(ConfigError, match="only the generator"):
        matched.columns_of([None, None])


# -- by scores ---------------------------------------------------------------------------------


def test_the_hardest_are_those_of_a_sort():
    """Against NumPy, scores being distinct."""
    score = chance(1).random(500)
    found = scored_subsets.hardest(score, 30, chance())
    assert found.tolist() == np.argsort(score)[:-31:-1].tolist()


def test_pairs_that_never_passed_come_before_the_forgotten():
    """Infinitely often forgotten, as Toneva et al. count them."""
    score = scored_subsets.never_learnt_first(np.array([0, 3, -1, 1, -1]))
    places = scored_subsets.hardest(score, 4, chance()).tolist()
    assert set(places[:2]) == {2, 4} and places[2:] == [1, 3]


def coverage_by_hand(score, k, cut, n_strata):
    """How many each range gives, written anew: budgets only, by the paper's algorithm 1."""
    left = np.sort(score)[:len(score) - int(cut * len(score))]
    counts, edges = np.histogram(left, bins=n_strata, range=(left[0], left[-1]))
    parts, budget = np.zeros(n_strata, int), k
    queue = sorted(np.flatnonzero(counts), key=lambda s: counts[s])
    while queue:
        s, share = queue[0], budget // len(queue)
        parts[s] = min(counts[s], share)
        budget, queue = budget - parts[s], queue[1:]
    return parts, edges


def test_coverage_centric_pairs_are_spread_over_the_scores():
    """The hardest are cut, and the parts of the ranges are those of another implementation."""
    score = chance(4).gamma(1.0, size=3000)
    parts, edges = coverage_by_hand(score, 120, 0.3, 20)
    places = scored_subsets.coverage_centric(score, 120, chance(), n_strata=20)
    assert len(set(places.tolist())) == 120
    assert score[places].max() <= np.sort(score)[2099]
    found, _ = np.histogram(score[places], bins=edges)
    assert sorted(found) == sorted(parts)  # ranges of equal size may change places
    assert scored_subsets.coverage_centric(score, 3000, chance()).size == 3000
    assert len(set(scored_subsets.coverage_centric(np.ones(50), 7, chance()))) == 7


def test_k_centre_covers_as_the_greedy_rule_does():
    """Each pair is the farthest from all before it, by SciPy's distances; the bound of Gonzalez."""
    features = chance(5).normal(size=(300, 4))
    places = scored_subsets.k_centre(features, 25, chance())
    away = cdist(features, features)
    for n in range(1, 25):
        nearest = away[:, places[:n]].min(axis=1)
        assert nearest[places[n]] == pytest.approx(nearest.max())
    assert len(set(scored_subsets.k_centre(np.zeros((9, 2)), 9, chance()))) == 9


def test_forgetting_is_counted_when_a_pair_fails_after_it_has_passed():
    """By hand: one pair a batch, its scores planted; the other never passes."""
    planted = {0: iter([0.5, 0.95, 0.5, 0.95, 0.5]), 1: iter([0.1] * 5)}

    class Planted:
        def train(self, images, masks):
            number = int(images[0, 0, 0, 0])
            return Step(Counts(np.array([round(100 * next(planted[number]))]), np.array([100])), 1)

    class Numbers:
        def draw(self, indices):
            i = list(indices)
            images = np.full((len(i), 2, 2, 3), np.array(i, float)[:, None, None, None])
            return images, np.ones((len(i), 2, 2), bool)

    config = configs.quick().replace(**{
        "network.batch": 1, "selection.acceptance": "iou", "arm.kind": "full", "arm.n_steps": 10,
        "arm.source": "0" * 16})
    state = arm_training.ArmState()
    list(arm_training.train_arm(Numbers(), Planted(), config, [0, 1], state))
    assert state.n_forgotten == [2, -1]


def test_el2n_is_the_length_of_the_error_vector():
    """Of a learner that knows one pair and predicts nothing of the others, by NumPy's norm."""
    source, learner = SceneSource(configs.quick().scene, seed=1, n=3), RoteLearner()
    images, masks = source.draw(range(3))
    learner.train(images[:1], masks[:1])
    found = evaluation.pool_scores(source, learner, np.arange(3))
    errors = [np.linalg.norm(mask) / mask.size**0.5 for mask in masks]
    assert found.el2n.tolist() == pytest.approx([0.0, *errors[1:]])
    assert found.iou.tolist() == [1.0, 0.0, 0.0]


# -- planned and run ---------------------------------------------------------------------------


def settings(**changes):
    return configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 3.0, "scene.radius_max": 6.0, "network.kind": "rote",
        "planted.distinct": 12, "selection.n_pool": 60, "selection.first": 4,
        "network.predict_batch": 8, "evaluation.n_held_out": 10, **changes})


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


@pytest.fixture
def source(store):
    return worker.work(store, store.create(settings())[0]).run_id


def planned(store, source, names, **words):
    return arms.plan_arms(store, source, names, stops=["steps"], n_model_seeds=1, n_draws=1,
                          **words)


def test_every_new_arm_has_a_name_that_reads_back(store, source):
    """Named protocols; what scores the pool is a scout and comes before what rests on it."""
    config = store.config(source)
    found = planned(store, source, arms.MORE)
    names = [arms.name_of(arm, config) for arm in found]
    assert [name for name in names if name != "scout"] == list(arms.MORE)
    ids = [arm.digest for arm in found]
    assert all(ids.index(arm.arm.scores) < ids.index(arm.digest) for arm in found if arm.arm.scores)
    assert len({arm.digest for arm in found}) == len(found)


def test_larger_budgets_are_whole_multiples(store, source):
    """4 and 16 times the equal updates of the same pairs."""
    steps = {arms.name_of(arm, store.config(source)): arm.arm.n_steps
             for arm in planned(store, source, ["core", "core-4x", "core-16x", "random-4x"])}
    assert [steps[f"core-{n}x"] / steps["core"] for n in (4, 16)] == [4, 16]
    assert steps["random-4x"] == steps["core-4x"]


def test_random_pairs_of_a_larger_budget_are_those_of_equal_updates(store, source):
    """Each replicate draws its own, and the budget alone is another."""
    found = arms.plan_arms(store, source, ["random", "random-4x", "random-16x"], stops=["steps"])
    draws = {}
    for arm in found:
        draws.setdefault(arms.name_of(arm, store.config(source)), []).append(arm.arm.draw)
    assert all(found == [1, 2, 3] for found in draws.values()) and len(draws) == 3


def test_a_scout_shares_neither_weights_nor_pairs_with_an_arm(store, source):
    """One for all three that score random-k; forgetting has one on the whole pool."""
    found = planned(store, source, ["random", *SCORED])
    scouts = [arm for arm in found if arm.evaluation.pool_scores]
    assert sorted(arm.arm.kind for arm in scouts) == ["full", "random"]
    others = [arm for arm in found if not arm.evaluation.pool_scores]
    assert not {s.seeds.model for s in scouts} & {arm.seeds.model for arm in others}
    assert not {s.arm.draw for s in scouts} & {arm.arm.draw for arm in others if arm.arm.draw} - {0}


def test_an_arm_by_scores_needs_a_run_that_has_scored_this_pool(store, source):
    """Missing, or finished without scores: refused in a sentence."""
    scout, arm = planned(store, source, ["el2n"])
    with pytest.raises(ConfigError, match=r"arm\.scores must name a completed run"):
        worker.work(store, store.create(arm)[0])
    worker.work(store, store.create(scout)[0])
    random, = planned(store, source, ["random"])
    worker.work(store, store.create(random)[0])
    wrong = arm.replace(**{"arm.scores": random.digest})
    with pytest.raises(ConfigError, match=r"arm\.scores must name a completed run"):
        worker.work(store, store.create(wrong)[0])


def test_a_study_runs_scouts_first_and_every_new_arm(store, source):
    """By the one engine, in processes of their own; sizes are the core set's."""
    asked = planned(store, source, ["el2n", "forgetting"])
    study = Study(name="rivals", runs=tuple(reversed(asked)))  # whatever the order
    assert ensure(store, study).complete
    n_core = store.result(source).n_core
    for arm in asked:
        if arm.arm.kind in SCORED:
            assert len(set(store.result(arm.digest).core)) == n_core


@pytest.mark.tensorflow
def test_every_new_arm_trains_a_real_network(tmp_path):
    """Small, with real scores and features: sizes, no repeats, and the matched gap."""
    store = Store(tmp_path / "runs")
    config = configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 4.0, "scene.radius_max": 8.0,
        "selection.n_pool": 60, "selection.precision": 0.1, "evaluation.n_held_out": 8,
        "evaluation.reaudit": False})
    learner = open_learner(config.network, shape=config.shape, seed=1)

    def work(asked):
        prepared = worker.Prepared(learner, 0.0)
        return worker.work(store, store.create(asked)[0], prepared=prepared)

    selected = work(config)
    names = ("matched", *SCORED, "core-4x")
    for arm in planned(store, selected.run_id, names):
        result = work(arm)
        assert result.held_out.n == 8
        if arm.arm.kind != "full":
            assert len(set(result.core)) == len(result.core) == selected.n_core
    scout = next(a for a in planned(store, selected.run_id, ["kcentre"])
                 if a.evaluation.pool_scores)
    scores = store.load_scores(scout.digest, "pool_scores")
    assert sorted(scores["index"].tolist()) == list(range(60))
    assert scores["features"].shape == (60, 4 * config.network.filters)
    assert np.isfinite(scores["features"]).all() and scores["features"].std() > 0
