"""Whether a ranking finds what fails: against hand counts, simulation and brute force."""

import numpy as np
import pytest

from shipdash.analysis.ranking import LEVEL, finding, found_curve, headline, random_band, trust

LIMIT = 0.9


def scores(**doubt):
    """Ten pairs, the first three of them failing."""
    iou = np.array([0.1, 0.5, 0.8, *[0.95] * 7])
    return {"iou": iou, "bits": np.zeros((10, 4, 1), np.uint8), **doubt}


def rows(**doubt):
    return {row.ranking: row for row in trust(scores(**doubt), LIMIT, k=3)}


def test_a_perfect_a_blind_and_a_reversed_ranking():
    """All three failing among the first three, none, and what the AUC says of each."""
    found = rows(flips=np.arange(10.0)[::-1], entropy=np.arange(10.0), distance=np.zeros(10))
    assert [found[name].n_found for name in ("flips", "entropy", "distance")] == [3, 0, 3]
    assert [found[name].auc for name in ("flips", "entropy", "distance")] == [1.0, 0.0, 0.5]
    assert found["flips"].rho == pytest.approx(-found["entropy"].rho)
    assert np.isnan(found["distance"].rho)
    assert found["flips"].p == pytest.approx(1 / 120)  # one choice of 3 of 10 pairs in 120


def test_the_curve_counts_in_the_order_of_doubt():
    """By hand, and of nothing."""
    failing = np.array([True, False, True])
    assert found_curve(np.array([0.2, 0.9, 0.5]), failing).tolist() == [0, 0, 1, 2]
    assert found_curve(np.zeros(0), np.zeros(0, bool)).tolist() == [0]


def test_the_band_holds_what_random_orders_find():
    """5,000 shuffles: at every k at least 95 % inside, and the mean is the expected line."""
    n, n_failing, chance = 30, 8, np.random.default_rng(1)
    failing = np.arange(n) < n_failing
    curves = np.array([found_curve(chance.random(n), failing) for _ in range(5_000)])
    band = random_band(n, n_failing)
    inside = (curves >= band["low"].values) & (curves <= band["high"].values)
    assert inside.mean(axis=0).min() > LEVEL - 0.01
    assert np.abs(curves.mean(axis=0) - band["expected"]).max() < 0.1
    assert (band["high"] - band["low"]).max() < n_failing  # a band that says something


def test_the_auc_is_the_share_of_pairs_in_order():
    """Brute force over every failing and passing pair, ties one half."""
    doubt = np.array([3, 1, 2, 2, 0, 1, 3, 0, 0, 1.0])
    failing, passing = doubt[:3], doubt[3:]
    by_hand = np.mean([(a > b) + 0.5 * (a == b) for a in failing for b in passing])
    assert rows(flips=doubt)["flips"].auc == pytest.approx(by_hand)


def test_the_finding_says_where_none_beats_chance():
    """A perfect ranking of ten pairs is beyond chance, a blind one is not; nothing failing and
    nothing known are said as they are."""
    assert "include 3 of the 3" in finding(trust(scores(flips=np.arange(10.0)[::-1]), LIMIT, 3))
    both = trust(scores(flips=np.arange(10.0)[::-1], entropy=np.zeros(10)), LIMIT, 3)
    assert finding(both, "entropy").endswith("by entropy of the prediction include 3, which also "
                                             "beats chance.")  # ties come in the order given
    assert finding(both, "flips") == finding(both)
    blind = trust(scores(flips=np.arange(10.0)), LIMIT, 3)  # the failing ones come last
    assert blind[0].could_beat_chance and "no ranking is separated" in finding(blind)
    assert "All of 10" in finding(trust(scores(flips=np.zeros(10)), 0.99, 5))
    assert "None of 10" in finding(trust(scores(flips=np.zeros(10)), 0.05, 5))
    assert "no ranking has been checked" in finding([])


def test_random_never_beats_chance():
    """However lucky its draw was."""
    row = rows(random=np.arange(10.0)[::-1])["random"]
    assert row.n_found == 3 and not row.beats_chance


def test_one_failing_pair_can_show_nothing():
    """However well it is ranked: the smallest p value is that of a random draw."""
    iou = np.array([0.1] + [0.9] * 39)
    rows = trust({"iou": iou, "flips": 1 - iou}, LIMIT, 10)
    assert not rows[0].could_beat_chance
    assert finding(rows).startswith("1 of 40 held-out pairs fails, so that no ranking could")
    assert headline(rows) == "No ranking is separated from chance"
    assert headline(trust({"iou": iou, "flips": 1 - iou}, 0.95, 10)).startswith("Every held-out")
