"""Tables of the stored studies against one another, and their tests against SciPy's own.

Nothing of the package or of benchmarks computes what is expected here, so that a mistake there is
not repeated.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from shipdash.analysis.certificate import risk_bound

ROOT = Path(__file__).parents[1]
POOLS = ROOT / "benchmarks" / "results" / "preregistered"
STUDY = ROOT / "shipdash" / "recorded" / "study"

CLAIMS = {  # measure, first arm, second arm
    "H1": ("below_0.90", "core", "random"), "H2": ("median_iou", "core", "random"),
    "H3": ("below_0.90", "matched", "random"), "H4": ("below_0.90", "core", "matched"),
    "H5": ("below_0.90", "core", "el2n"), "H6": ("below_0.90", "core", "ccs"),
    "H7": ("below_0.90", "core", "full-true-cost"),
    "H8": ("below_0.90", "core-4x", "random-4x"), "H9": ("below_0.90", "core", "random-4x")}


@pytest.fixture(scope="module")
def pools():
    """Every registered pool: its table and its held-out IoUs, one row a run."""
    found = []
    for path in sorted(POOLS.glob("pool-*.csv")):
        with np.load(path.with_suffix(".npz")) as file:
            found.append((pd.read_csv(path), {name: file[name] for name in file.files}))
    assert len(found) == 10
    return found


@pytest.mark.parametrize("name", CLAIMS)
def test_a_registered_difference_is_scipys(pools, name):
    """Mean, interval, paired t test and sign test from the raw tables."""
    table = pd.concat([rows for rows, _ in pools])
    measure, one, other = CLAIMS[name]
    values = table.pivot(index="pool", columns="arm", values=measure)
    lost = values[one] - values[other]
    row = pd.read_csv(STUDY.parent / "registered.csv").set_index("name").loc[name]
    test = stats.ttest_rel(values[one], values[other])
    low, high = test.confidence_interval()
    assert row[["mean", "low", "high"]].tolist() == pytest.approx([lost.mean(), low, high],
                                                                  rel=1e-4, abs=1e-7)
    assert row["p_t"] == pytest.approx(test.pvalue, rel=1e-3)
    assert row["p_sign"] == pytest.approx(
        stats.binomtest(int((lost < 0).sum()), int((lost != 0).sum())).pvalue, rel=1e-4)


def test_corrected_p_values_are_holms():
    """By hand: the smallest times nine, the next times eight, never below the one before."""
    rows = pd.read_csv(STUDY.parent / "registered.csv").set_index("name").loc[[*CLAIMS]]
    highest, expected = 0.0, {}
    for place, (name, p) in enumerate(rows["p_t"].sort_values().items()):
        highest = max(highest, min(1.0, p * (9 - place)))
        expected[name] = highest
    assert rows["p_holm"].to_dict() == pytest.approx(expected, rel=1e-3)


def test_the_bound_of_the_run_named_beforehand_is_that_of_its_size():
    """The stored bound, computed again from what was kept."""
    row = pd.read_csv(POOLS / "certificate.csv").iloc[0]
    assert row["bound"] == pytest.approx(risk_bound(row["n_kept"], row["n_pool"], row["delta"]),
                                         abs=1e-7)


def test_measures_of_the_pools_follow_from_their_single_pairs(pools):
    """Share below 0.90 and median. Half precision rounds some pairs up to 0.90 and none below it,
    and the median by half a step of 1/2048."""
    for rows, ious in pools:
        assert ious["run_id"].tolist() == rows["run_id"].tolist()
        below = (ious["iou"] < np.float16(0.9)).sum(axis=1)
        more = 10_000 * rows["below_0.90"] - below
        assert more.between(-0.01, 4.01).all()
        medians = np.median(ious["iou"].astype(np.float64), axis=1)
        assert np.abs(medians - rows["median_iou"]).max() <= 2**-12 + 1e-7


def test_every_arm_of_the_recorded_study_follows_from_its_single_pairs():
    """Failing and its lowest and highest run to the pair, the mean IoU to the stored step."""
    with np.load(STUDY / "pair_ious.npz") as file:
        ious = {name: file[name] for name in file.files}
    arms = pd.read_csv(STUDY / "arms.csv")
    for row in arms.itertuples():
        runs = [place for place in range(len(ious["arm"])) if (
            ious["arm"][place], ious["stop"][place], ious["network"][place]) == (
                row.arm, row.stop, row.network) and ious["n_pairs"][place] == row.n_pairs]
        assert len(runs) == row.n_runs
        iou = ious["iou"][runs]  # in steps of 1/50,000
        failing = (iou < 45_000).mean(axis=1)
        assert [row.share_failing, row.share_failing_low, row.share_failing_high] == pytest.approx(
            [failing.mean(), failing.min(), failing.max()], abs=1e-6)
        assert row.mean_iou == pytest.approx(iou.mean() / 50_000, abs=2e-5)
    assert len(arms) > 10
