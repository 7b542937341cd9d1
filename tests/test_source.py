"""Numbered pairs: a pure function of seed, split and number, in a seeded order."""

import numpy as np
import pytest

from shipdash.config import PlantedConfig, RunConfig, SceneConfig
from shipdash.data import open_source
from shipdash.data.scene import SceneSource
from shipdash.data.source import SPLITS, AheadSource, pair, stream_order

SMALL = {"size": 32, "radius_min": 3.0, "radius_max": 6.0}


def pool(seed=1, n=50, split="pool", **planted):
    config = RunConfig(scene=SceneConfig(**SMALL), planted=PlantedConfig(**planted))
    return open_source(config.replace(**{"seeds.pool": seed}), split, n)


def same(a, b):
    # the text of the factors: NaN, the distance to no distractor, equals itself there
    return (
        np.array_equal(a.image, b.image)
        and np.array_equal(a.mask, b.mask)
        and repr(a.factors) == repr(b.factors)
    )


def test_a_pair_is_the_same_in_every_pool_that_has_it():
    """Neither the pool's length nor what was drawn before changes a pair."""
    long, fresh = pool(n=10_000_000), pool()
    for i in (3, 0, 49, 3):
        assert same(pair(long, i), pair(fresh, i))


@pytest.mark.parametrize("split", SPLITS)
def test_pairs_of_a_split_all_differ(split):
    """No image repeats unless asked to."""
    images = {pair(pool(split=split), i).image.tobytes() for i in range(50)}
    assert len(images) == 50


def test_splits_share_no_pair():
    """The same number in another split is another pair."""
    images = {pair(pool(split=split), i).image.tobytes() for split in SPLITS for i in range(20)}
    assert len(images) == 20 * len(SPLITS)


@pytest.mark.parametrize("split", SPLITS)
def test_seeds_share_no_pair(split):
    """Another seed is another pool, the largest seed included."""
    images = {
        pair(pool(seed, split=split), i).image.tobytes()
        for seed in (0, 1, 2, 2**32 - 1) for i in range(10)
    }
    assert len(images) == 40


def test_an_unknown_split_is_refused():
    """The error lists the splits there are."""
    with pytest.raises(ValueError, match=r"one of pool, held_out, probe.*'train'"):
        SceneSource(SceneConfig(**SMALL), seed=1, n=50, split="train")


@pytest.mark.parametrize("i", [-1, 50, 10**9])
@pytest.mark.parametrize("planted", [{}, {"distinct": 7}])
def test_a_number_outside_the_pool_is_refused(planted, i):
    """Negative numbers do not count from the end."""
    source = pool(**planted)
    for ask in (lambda i: source.draw([i]), source.factors, source.origin):
        with pytest.raises(IndexError, match="from 0 to 49"):
            ask(i)


def test_a_numpy_number_is_a_number():
    """Indices out of an array draw the pairs that plain integers draw."""
    assert same(pair(pool(), np.int64(7)), pair(pool(), 7))


def test_factors_are_those_of_the_pair():
    """Factors without noise equal the factors of the pair, repeats and wrong labels included."""
    p = pool(duplicates=0.4, label_noise=0.3)
    assert [repr(p.factors(i)) for i in range(50)] == [repr(pair(p, i).factors) for i in range(50)]


def test_draw_keeps_the_order_asked():
    """Row k of the batch is the k-th number asked, repeats included."""
    asked = [9, 0, 49, 9]
    images, masks = pool().draw(asked)
    for k, i in enumerate(asked):
        assert np.array_equal(images[k], pair(pool(), i).image)
        assert np.array_equal(masks[k], pair(pool(), i).mask)


def test_draw_of_nothing_is_an_empty_batch():
    """Shapes and types hold without a pair."""
    images, masks = pool().draw(iter(()))
    assert (images.shape, images.dtype) == ((0, 32, 32, 3), np.float32)
    assert (masks.shape, masks.dtype) == ((0, 32, 32), bool)


def test_distinct_pairs_repeat_in_turn():
    """With D distinct pairs, number i repeats number i modulo D to the pixel."""
    p = pool(distinct=7)
    assert [p.origin(i) for i in range(50)] == [i % 7 for i in range(50)]
    assert all(same(pair(p, i), pair(p, i % 7)) for i in range(50))
    assert len({pair(p, i).image.tobytes() for i in range(50)}) == 7


def test_more_distinct_pairs_than_pairs_repeat_none():
    """Distinct beyond the pool changes nothing."""
    assert all(same(pair(pool(distinct=99), i), pair(pool(), i)) for i in range(50))


def test_a_duplicate_repeats_an_earlier_pair_to_the_pixel():
    """An origin comes no later than its repeat and is its own origin."""
    p = pool(duplicates=0.6)
    for i in range(50):
        origin = p.origin(i)
        assert origin <= i and p.origin(origin) == origin
        assert same(pair(p, i), pair(p, origin))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_the_planted_share_is_the_asked_share(share):
    """The share of repeats in 4,000 pairs lies within five standard errors."""
    p = pool(n=4000, duplicates=share)
    repeats = np.mean([p.origin(i) != i for i in range(4000)])
    assert abs(repeats - share) <= 5 * np.sqrt(share * (1 - share) / 4000)


@pytest.mark.parametrize("setting", [{"distinct": 3}, {"duplicates": 0.9}, {"label_noise": 1.0}])
@pytest.mark.parametrize("split", ["held_out", "probe"])
def test_held_out_pairs_are_distinct_and_rightly_labelled(split, setting):
    """What is planted in the pool is planted nowhere else."""
    planted, plain = pool(split=split, **setting), pool(split=split)
    assert all(same(pair(planted, i), pair(plain, i)) for i in range(20))


def test_order_is_a_permutation():
    """Every number comes once, and not in its own place throughout."""
    stream = stream_order(1000, 1)
    assert stream.dtype == np.int64
    assert sorted(stream.tolist()) == list(range(1000)) != stream.tolist()


def test_order_is_decided_by_its_seed():
    """One seed gives one order, another another."""
    assert np.array_equal(stream_order(100, 5), stream_order(100, 5))
    assert not np.array_equal(stream_order(100, 5), stream_order(100, 6))


def test_excluded_pairs_leave_the_rest_in_order():
    """Without some numbers the others come as before."""
    stream, excluded = stream_order(100, 1), np.array([3, 99, 0])
    kept = [i for i in stream.tolist() if i not in {3, 99, 0}]
    assert stream_order(100, 1, excluded).tolist() == kept


@pytest.mark.parametrize("excluded", [[], [200]])
def test_excluding_nothing_of_the_pool_changes_nothing(excluded):
    """An empty exclusion and one of another pool's numbers are harmless."""
    assert np.array_equal(stream_order(100, 1, np.array(excluded, int)), stream_order(100, 1))


def test_excluding_all_leaves_nothing():
    """An exhausted pool is an empty stream, not an error."""
    assert stream_order(5, 1, np.arange(5)).tolist() == []
    assert stream_order(1, 1).tolist() == [0]


def test_drawing_ahead_changes_no_pair():
    """Asked for what it has drawn already, for something else, or twice: always the pool's pair."""
    pool = SceneSource(SceneConfig(size=32, radius_min=3, radius_max=6), seed=4, n=50)
    ahead = AheadSource(pool)
    for asked, then in (([3, 1], [5, 6]), ([5, 6], [7]), ([9, 6], []), ([], [2, 2]), ([2, 2], [0])):
        for got, expected in zip(ahead.draw(asked, then), pool.draw(asked), strict=True):
            assert np.array_equal(got, expected)
            assert got.dtype == expected.dtype
    with pytest.raises(IndexError):
        ahead.draw([50])


def test_drawing_ahead_keeps_no_more_than_it_was_told_to():
    """Memory does not grow with the stream."""
    ahead = AheadSource(SceneSource(SceneConfig(**SMALL), seed=4, n=500))
    for start in range(0, 400, 8):
        ahead.draw(range(start, start + 8), range(start + 8, start + 24))
        assert len(ahead._coming) <= 24
