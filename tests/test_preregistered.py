"""The pre-registered study: its statistics, its plan, and two tiny pools with real networks."""

import dataclasses
import math
import re

import numpy as np
import pandas as pd
import pytest
from compiled import open_learner
from scipy import stats

from benchmarks import preregistered, preregistered_power, preregistered_report, registration
from benchmarks.child import ROOT
from shipdash.analysis import PairIous, pools
from shipdash.runs import Store, StoreError, queue, worker
from shipdash.studies import stored_ious
from shipdash.studies.ensure import Workers

QUICK, ONE = registration.plan(quick=True), Workers(1, 1)


def chance(seed=0):
    return np.random.default_rng(seed)


# -- statistics --------------------------------------------------------------------------------


def test_the_share_below_each_iou_is_counted():
    """Against a count pair by pair; a tie is not below."""
    iou = np.round(chance(1).beta(20, 1, 500), 2)
    found = pools.measures(iou)
    for t in (0.5, 0.9, 0.95, 0.99):
        assert found[pools.below(t)] == np.mean([x < t - 1e-6 for x in iou])
    assert found["median_iou"] == sorted(iou)[249] / 2 + sorted(iou)[250] / 2


def test_the_tests_are_those_of_two_related_samples():
    """SciPy's paired test of the two columns, and its binomial test of their signs."""
    a, b = chance(1).normal(0, 1, 10), chance(2).normal(0.7, 1, 10)
    found = pools.paired(a - b)
    assert found.p_t == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert found.p_sign == pytest.approx(stats.binomtest(int((a > b).sum()), 10).pvalue)
    assert found.low < found.mean < found.high
    assert found.n_lower + found.n_higher == 10


@pytest.mark.parametrize("d", [[], [1.0], [0.0, 0.0, 0.0], [1.0, 1.0], [1.0, math.nan, 2.0]])
def test_too_few_or_equal_or_unknown_differences_have_no_p_value(d):
    """And so no verdict."""
    assert math.isnan(pools.paired(d).p_t)
    table = pd.DataFrame({"pool": range(len(d)), "arm": "a", "m": d})
    other = table.assign(arm="b", m=0.0)
    h = pools.Hypothesis("H", "claim", "a", "b", "m")
    both = pd.concat([table, other])
    clean = [x for x in d if not math.isnan(x)]
    if math.isnan(pools.paired(clean).p_t):
        assert pools.hypothesis_table(both, [h])["verdict"].tolist() == ["no verdict"]


def test_true_nulls_are_rejected_in_at_most_five_percent_of_studies():
    """Nine hypotheses without an effect on shared arms, 1,000 studies; 3 standard errors."""
    arms = ["selection", *registration.ARMS]
    n_wrong = 0
    for seed in range(1000):
        values = chance(seed).normal(0.01, 0.003, (10, len(arms)))
        p = []
        for h in registration.HYPOTHESES:
            a, b = (values[:, arms.index(name)] for name in (h.arm, h.against))
            p.append(stats.ttest_rel(a, b).pvalue)
        n_wrong += pools.holm(p).min() < pools.ALPHA
    assert n_wrong / 1000 < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000)


def test_verdicts_have_a_direction():
    """Lower is supported, higher contradicted, noise not separated; pools are matched by number."""
    noise = chance(3).normal(0, 0.1, (3, 10))
    rows = [{"pool": k, "arm": arm, "m": level + noise[j, k]} for j, (arm, level) in
            enumerate([("low", 0), ("high", 1), ("also high", 1)]) for k in range(10)]
    table = pd.DataFrame(rows).sample(frac=1, random_state=0)
    asked = [pools.Hypothesis(a, "", a, b, "m") for a, b in
             [("low", "high"), ("high", "low"), ("high", "also high"), ("low", "absent")]]
    found = pools.hypothesis_table(table, asked)
    assert found["verdict"].tolist() == ["supported", "contradicted", "not separated", "no verdict"]
    assert found["mean"][0] == pytest.approx(-1 + (noise[0] - noise[1]).mean())


def test_power_is_what_a_simulation_finds():
    """4,000 studies at one effect: within 3 standard errors; and the detectable effect inverts."""
    d = chance(4).normal(0.8, 1.0, (4000, 10))
    found = np.mean((stats.ttest_1samp(d, 0, axis=1).pvalue < 0.01) & (d.mean(axis=1) > 0))
    asked = pools.paired_power(0.8, 1.0, 10, 0.01)
    assert found == pytest.approx(asked, abs=3 * math.sqrt(asked * (1 - asked) / 4000))
    assert pools.detectable(2.0, 10, 0.01, asked) == pytest.approx(1.6)
    assert pools.paired_power(0.0, 1.0, 10, 0.05) == pytest.approx(0.025)


def test_failing_pairs_are_counted_by_gap():
    """By hand, over two pools: one of four touching pairs fails, and a tie in float16 passes."""
    gap = pd.DataFrame({"gap_px": [1.0, 2**0.5, 5.0, math.nan]})
    runs = pd.DataFrame({"run_id": ["x"]})
    both = [PairIous(runs.replace("x", name), np.array([iou], np.float16), gap)
            for name, iou in (("x", [0.5, 0.9, 0.95, 0.2]), ("y", [0.95, 0.95, 0.95, 0.95]))]
    found = pools.failing_by_gap(both, {"x": "core", "y": "core"}, 0.9)
    assert found["gap_px"].tolist() == ["0 to 1.5", "3 to 6", "none"]
    assert found["n"].tolist() == [4, 2, 2] and found["core"].tolist() == [0.25, 0.0, 0.5]


# -- the plan ----------------------------------------------------------------------------------


def test_the_document_says_what_the_plan_does():
    """Seeds, arms and hypotheses of docs/preregistration.md are those of the program."""
    text = (ROOT / "docs" / "preregistration.md").read_text("utf-8")
    assert f"{registration.SEEDS[0]} to {registration.SEEDS[-1]}" in text
    for arm in registration.ARMS:
        assert f"`{arm}`" in text, arm
    for h in registration.HYPOTHESES:
        row = next(line for line in text.splitlines() if line.startswith(f"| {h.name} |"))
        assert f"`{h.arm}`" in row and f"`{h.against}`" in row
    assert preregistered_power.power() in text
    assert registration.plan().base.digest in text


def test_every_hypothesis_is_about_arms_of_the_plan():
    """And none is asked twice."""
    asked = [(h.arm, h.against, h.measure) for h in registration.HYPOTHESES]
    assert len(set(asked)) == len(asked)
    assert {arm for a, b, _ in asked for arm in (a, b)} <= set(registration.ARMS)


# -- two tiny pools ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def network():
    """Runs are worked on in this process by one compiled network, and none by a drainer."""
    config = registration.plan(quick=True).base
    learner = open_learner(config.network, shape=config.shape, seed=1)
    done = []

    def work(store, run_id, **_):
        done.append(run_id)
        worker.work(store, run_id, prepared=worker.Prepared(learner, 0.0))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(queue, "work_one", work)
        patched.setattr(queue, "ensure_drainer", lambda store: None)
        yield done


@pytest.fixture(scope="module")
def one_pool(network, tmp_path_factory):
    """Runs folder and stored files after the first pool."""
    store, out = Store(tmp_path_factory.mktemp("runs")), tmp_path_factory.mktemp("out")
    assert preregistered.compute(store, QUICK, QUICK.seeds[0], out, crew=ONE)
    return store, out


@pytest.mark.tensorflow
def test_a_pool_is_stored_with_every_arm(one_pool, network):
    """Real networks: measures of exact scores, scores of every pair as float16."""
    store, out = one_pool
    assert len(network) == len(set(network)) == len(registration.ARMS) + 3
    table = preregistered_report.stored(out, QUICK.seeds)
    assert list(table["arm"]) == ["selection", *registration.ARMS, "scout"]
    for row in table.itertuples():
        exact = store.load_scores(row.run_id, "held_out")["iou"]
        ious = stored_ious.read(out / f"pool-{row.pool}.npz")
        kept, = ious.iou[ious.runs["run_id"] == row.run_id]
        assert np.abs(kept - exact).max() < 0.0005 and len(ious.factors["gap_px"]) == len(exact)
        assert row.median_iou == pytest.approx(np.median(exact))


@pytest.mark.tensorflow
def test_a_report_of_some_pools_gives_no_verdict(one_pool):
    """Tables and p values, but nothing that could end the study early."""
    said = preregistered_report.report(one_pool[1], QUICK)
    assert "1 of 2 pools are in" in said and "verdict pending" in said
    assert not re.search("supported|contradicted|not separated", said)
    assert "certificate of the run named beforehand" in said


@pytest.mark.tensorflow
def test_a_pool_whose_runs_come_from_two_machines_is_not_stored(one_pool, tmp_path, monkeypatch):
    """One of its results names another processor."""
    store, real = one_pool[0], Store.result

    def result(self, run_id):
        found = real(self, run_id)
        other = found and self.config(run_id).arm.kind == "core"
        return dataclasses.replace(found, machine="another") if other else found

    monkeypatch.setattr(Store, "result", result)
    with pytest.raises(StoreError, match="differ in machine"):
        preregistered.keep(store, QUICK, QUICK.seeds[0], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.tensorflow
def test_the_command_reports_the_pools_that_are_not_left_out(one_pool, capsys):
    """And runs nothing when asked to report."""
    store, out = one_pool
    words = ["--quick", "--report", "--runs", str(store.root), "--out", str(out)]
    assert preregistered.main([*words, "--leave-out", str(QUICK.seeds[1])]) == 0
    said = capsys.readouterr().out
    assert f"Left out: {QUICK.seeds[1]}." in said and "1 of 1 pools are in." in said
    assert preregistered.missing(out, QUICK.seeds) == [QUICK.seeds[1]]


@pytest.mark.tensorflow
def test_another_machine_goes_on_with_the_next_pool(one_pool, network, tmp_path):
    """From the files alone; a pool that was stopped is not stored, and no run is done twice."""
    out, elsewhere = one_pool[1], Store(tmp_path / "runs")
    second, = preregistered.missing(out, QUICK.seeds)
    assert not preregistered.compute(elsewhere, QUICK, second, out, crew=ONE, until=0.0)
    assert preregistered.missing(out, QUICK.seeds) == [second]
    assert preregistered.compute(elsewhere, QUICK, second, out, crew=ONE)
    n_done = len(network)
    assert preregistered.compute(elsewhere, QUICK, second, out, crew=ONE)
    assert len(network) == n_done
    said = preregistered_report.report(out, QUICK)
    assert "2 of 2 pools are in." in said and "pending" not in said
