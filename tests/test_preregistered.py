"""The pre-registered study: its statistics, plan and report, and two tiny pools."""

import dataclasses
import math
import re

import numpy as np
import pandas as pd
import pytest
import rote_runs
from scipy import stats

from benchmarks import pools, preregistered, preregistered_power, preregistered_report, registration
from benchmarks.child import ROOT
from shipdash.analysis import PairIous, registered
from shipdash.analysis.certificate import NOT_CHECKED
from shipdash.analysis.share_below_iou import THRESHOLDS
from shipdash.config import ConfigError
from shipdash.records import StopReason
from shipdash.runs import Store, StoreError, queue, worker
from shipdash.studies import stored_ious
from shipdash.studies.ensure import Workers

ONE = Workers(1, 1)
QUICK = rote_runs.POOLS
"""The tiny pools, without TensorFlow: test_rival_arms.py trains a real network for every arm."""


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
    assert found.sd == pytest.approx((a - b).std(ddof=1))


@pytest.mark.parametrize(("d", "verdict"), [
    ([], "no verdict"), ([1.0], "no verdict"), ([0.0] * 3, "no verdict"),
    ([1.0, 1.0], "no verdict"), ([1.0, math.nan, 2.0], "not separated")])
def test_too_few_or_equal_or_unknown_differences_have_no_p_value(d, verdict):
    """And so no verdict; in a table a pool without a value is left out."""
    assert math.isnan(pools.paired(d).p_t)
    table = pd.DataFrame({"pool": range(len(d)), "arm": "a", "m": d})
    other = table.assign(arm="b", m=0.0)
    h = pools.Hypothesis("H", "claim", "a", "b", "m")
    both = pd.concat([table, other])
    assert pools.hypothesis_table(both, [h])["verdict"].tolist() == [verdict]


def test_true_nulls_are_rejected_in_at_most_five_percent_of_studies():
    """Nine hypotheses without an effect on shared arms, 1,000 studies; 3 standard errors."""
    arms = ["selection", *registration.ARMS]
    values = chance().normal(0.01, 0.003, (1000, len(arms), 10))
    pairs = [[arms.index(name) for name in (h.arm, h.against)] for h in registration.HYPOTHESES]
    p = np.stack([stats.ttest_1samp(values[:, a] - values[:, b], 0, axis=1).pvalue
                  for a, b in pairs], axis=1)
    n_wrong = sum(pools.holm(row).min() < pools.ALPHA for row in p)
    assert n_wrong / 1000 < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000)


def test_the_interval_of_a_ratio_covers():
    """Fieller's ends hold the true ratio in 95 % of simulated studies, and are none without one."""
    chance, held = np.random.default_rng(5), []
    for _ in range(2_000):
        wholes = chance.normal(-1.0, 0.5, 10)
        _, low, high = pools.ratio(0.7 * wholes + chance.normal(0.0, 0.3, 10), wholes)
        held.append(low <= 0.7 <= high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)  # three standard errors
    at, low, high = pools.ratio([1.0, 2.0], [1.0, -1.1])
    assert at == pytest.approx(-30.0) and np.isnan([low, high]).all()


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
    assert math.isnan(pools.detectable(1.0, 2, 0.01)) and math.isnan(pools.detectable(0, 10, 0.01))


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
    later = preregistered_power.power([preregistered_power.NEW])
    assert "\n".join(f"  {line}" for line in later.splitlines()) in text
    sd, _ = preregistered_power.spread("share_failing", [preregistered_power.NEW])
    _, effects = preregistered_power.spread(
        "share_failing", [preregistered_power.OLD, preregistered_power.OLD_ELSEWHERE])
    smaller = min(map(abs, effects))
    found = pools.paired_power(smaller, sd, 10, pools.ALPHA / len(registration.HYPOTHESES))
    said = (f"{100 * smaller:.2f} points, ten pools with this spread would find with "
            f"{100 * found:.0f} % power")
    assert said in " ".join(text.split())
    assert registration.plan().base.digest in text


def test_every_hypothesis_is_about_arms_of_the_plan():
    """And none is asked twice."""
    asked = [(h.arm, h.against, h.measure) for h in registration.HYPOTHESES]
    assert len(set(asked)) == len(asked)
    assert {arm for a, b, _ in asked for arm in (a, b)} <= set(registration.ARMS)


def test_no_seed_of_the_study_is_used_by_its_tiny_pools():
    """In no setting."""
    assert not {*QUICK.seeds} & {*registration.SEEDS}


def test_seeds_are_as_new_as_the_document_says():
    """No stored table has a pool of the study, nor a model seed of its arms."""
    results, judged = ROOT / "benchmarks" / "results", set()
    arms = [registration.ARM_SEED + seed for seed in registration.SEEDS]
    for path in sorted(results.rglob("*.csv")):
        if path.is_relative_to(preregistered.RESULTS) or not path.read_text().strip():
            continue
        table = pd.read_csv(path)
        for column in {"pool", "pool_seed", "validation_seed"} & {*table}:
            assert not {*table[column]} & {*registration.SEEDS}, path
        for column in {"model", "model_seed"} & {*table}:
            assert not {*table[column]} & {*arms}, path
        if path.stem.startswith("judge"):
            judged |= {*table["pool"]}
    text = " ".join((ROOT / "docs" / "preregistration.md").read_text("utf-8").split())
    assert f"judged on {' and '.join(map(str, sorted(judged)))} (" in text
    assert (f"{registration.ARM_SEED} + pool seed, {arms[0]} to {arms[-1]}, "
            "used nowhere else") in text


def test_what_a_verdict_means_is_said_in_the_words_of_the_document():
    """Verdict by verdict, and *near* is defined there as it is computed."""
    text = " ".join((ROOT / "docs" / "preregistration.md").read_text("utf-8").split())
    part = text[text.index("**What would refute"):text.index("## Power")]
    for (name, _), meaning in registration.MEANING.items():
        assert meaning in part and name in part
    assert registration.EXPLAINED in part and "less than half" in part
    assert registration.near(-0.004, -0.01) and registration.near(0.004, -0.01)
    assert not registration.near(-0.005, -0.01) and not registration.near(0.0, 0.01)


# -- the report of ten pools, written by hand --------------------------------------------------

BASE = {"selection": 0.003, "core": 0.003, "random": 0.011, "matched": 0.007, "first": 0.011,
        "el2n": 0.020, "ccs": 0.011, "full-true-cost": 0.006, "core-4x": 0.001,
        "random-4x": 0.007, "scout": 0.011}
EQUAL = dict.fromkeys(BASE, 0.01)


def ten_pools(folder, shares, *, medians=None, noise=0.001, seeds=registration.SEEDS):
    """Stored pools whose arms fail in these shares, one random number added to each."""
    for seed in seeds:
        chance = np.random.default_rng(seed)
        rows = []
        for arm, share in shares.items():
            wide = {pools.below(t): share for t in THRESHOLDS}
            run_id = (registration.selection(registration.plan().base, seed).digest
                      if arm == "selection" else f"{arm}{seed}")
            rows.append({"pool": seed, "arm": arm, "run_id": run_id, "machine": "one",
                         "threads": 1, "version": "0", "tensorflow": "2",
                         "date": "2026-11-27T01:02:03+00:00", "mean_iou": 0.96, **wide,
                         registration.TAIL: share + noise * chance.standard_normal(),
                         "median_iou": (medians or {}).get(arm, 0.97)
                         + 0.001 * chance.standard_normal()})
        pd.DataFrame(rows).to_csv(folder / f"pool-{seed}.csv", index=False)
    return folder


def sentences(folder):
    """What the report says of each hypothesis and of the placebo, by name."""
    said = preregistered_report.report(folder, registration.plan())
    return {line.split("**")[1]: line for line in said.splitlines() if line.startswith("- **")}


def test_a_supportive_study_is_said_to_be_one(tmp_path):
    """Difference, interval, counts and both tests by SciPy; the price is a hypothesis like any."""
    ten_pools(tmp_path, BASE, medians={"core": 0.967})
    table = preregistered_report.stored(tmp_path, registration.SEEDS).set_index(["pool", "arm"])
    tail = table[registration.TAIL].unstack()
    d = 100 * (tail["core"] - tail["random"])
    low, high = stats.t.interval(0.95, 9, d.mean(), stats.sem(d))
    words = f"{d.mean():+.2f} points ({low:+.2f} to {high:+.2f}); lower in 10 and higher in 0 of 10"
    said = sentences(tmp_path)
    assert ": **supported**. Difference " + words.replace("-", "−") in said["H1"]
    assert said["H1"].endswith(f"sign test p {stats.binomtest(10, 10).pvalue:.3f}.")
    for h in registration.HYPOTHESES:
        assert "**supported**" in said[h.name], h.name


def test_a_study_without_an_effect_says_what_it_could_have_found(tmp_path):
    """And not that there is none; H4 says nothing of factors where there is no gain to explain."""
    said = sentences(ten_pools(tmp_path, EQUAL))
    table = preregistered_report.stored(tmp_path, registration.SEEDS).set_index(["pool", "arm"])
    d = table[registration.TAIL].unstack()
    sd = (d["matched"] - d["random"]).std(ddof=1)
    least = 100 * pools.detectable(sd, 10, 0.05 / 9)
    assert all("**not separated**. " in said[h.name] for h in registration.HYPOTHESES)
    assert (f"a difference of {least:.2f} points is found with 80 % power; a smaller one may exist."
            in said["H3"])
    assert said["H1"].endswith(f"As registered: {registration.NO_SAVING}.")
    assert "explain" not in said["H4"]


def test_a_study_that_contradicts_says_that_it_refutes(tmp_path):
    """Each with what the registration says it means, where it says so."""
    shares = {arm: 0.02 - share for arm, share in BASE.items()}
    ten_pools(tmp_path, shares, medians={"core": 0.975})
    for name, said in sentences(tmp_path).items():
        if name == "Placebo":
            continue
        assert "**contradicted**" in said and "This refutes it." in said
        meaning = registration.MEANING.get((name, "contradicted"), "")
        assert said.endswith(f"As registered: {meaning}." if meaning else "refutes it.")


def test_factors_explain_a_gain_only_where_matched_is_near_core(tmp_path):
    """H1 supported, H4 not separated: near is less than half of the gain."""
    ten_pools(tmp_path, BASE | {"matched": 0.0033}, medians={"core": 0.967})
    said = sentences(tmp_path)["H4"]
    assert "\nOf 9 hypotheses: 8 supported, 1 not separated.\n" in preregistered_report.report(
        tmp_path, registration.plan())
    assert "not separated" in said
    assert said.endswith("near `core`: the factors explain the gain.")
    ten_pools(tmp_path, BASE | {"core": 0.009, "matched": 0.0088, "random": 0.0092})
    assert "explain" not in sentences(tmp_path)["H4"]


def test_a_sign_test_that_does_not_support_is_said(tmp_path):
    """Seven of ten pools lower, three higher by little: the t test rejects, the signs do not."""
    ten_pools(tmp_path, EQUAL, noise=0.0)
    steps = [-0.008, -0.008, -0.007, -0.007, -0.008, -0.007, -0.008, -0.007, 0.0001, 0.0001]
    for seed, step in zip(registration.SEEDS, steps, strict=True):
        path = tmp_path / f"pool-{seed}.csv"
        table = pd.read_csv(path)
        table.loc[table["arm"] == "core", registration.TAIL] += step
        table.to_csv(path, index=False)
    said = sentences(tmp_path)["H1"]
    assert "**supported**" in said and "sign test p 0.109" in said
    assert "The sign test does not support it." in said


def test_the_placebo_is_shown_and_changes_nothing(tmp_path):
    """Where it is below 0.05, by chance here, the report says how often that happens."""
    ten_pools(tmp_path, BASE)
    before = sentences(tmp_path)
    assert "both random draws: **not separated**. Difference" in before["Placebo"]
    assert before["Placebo"].endswith("outside the correction.")
    after = sentences(ten_pools(tmp_path, BASE | {"first": 0.002}))
    assert "one in twenty" in after.pop("Placebo")
    del before["Placebo"]
    assert before == after


def test_the_share_below_every_iou_is_shown(tmp_path):
    """All fifty, for every arm."""
    said = preregistered_report.report(ten_pools(tmp_path, BASE), registration.plan())
    part = said[said.index("## Share below every IoU"):]
    rows = [line.split(" | ") for line in part.splitlines() if line.startswith("| 0.")]
    assert [row[0] for row in rows] == [f"| {t / 100:.2f}" for t in range(50, 100)]
    assert {len(row) for row in rows} == {len(BASE) + 1}


def test_nine_pools_show_no_arm_and_no_test(tmp_path):
    """Nothing that could end a study early, or tempt anybody to."""
    ten_pools(tmp_path, BASE, seeds=registration.SEEDS[:9])
    said = preregistered_report.report(tmp_path, registration.plan())
    assert said.startswith("9 of 10 pools are in. There is no verdict before all 10 are.")
    assert not re.search("supported|contradicted|separated|p value| p |%|random", said)


def test_a_pool_of_another_plan_is_not_reported(tmp_path):
    """Of other settings or another algorithm, which its run id tells, or without an arm."""
    ten_pools(tmp_path, BASE)
    path = tmp_path / "pool-9010.csv"
    table = pd.read_csv(path)
    table.replace({"run_id": table["run_id"][0]}, "0" * 16).to_csv(path, index=False)
    with pytest.raises(StoreError, match="pool 9010 has other settings"):
        preregistered_report.report(tmp_path, registration.plan())
    table[table["arm"] != "ccs"].to_csv(path, index=False)
    with pytest.raises(StoreError, match="one row of each arm"):
        preregistered_report.report(tmp_path, registration.plan())


def test_a_pool_is_left_out_only_by_the_rules(tmp_path):
    """It is one of the study, is not stored, and is named under *Changes*."""
    plan, text = registration.plan(), "9004\n## Changes\n- 9003 stalled.\n"
    assert preregistered.without(plan, [9003], tmp_path, text).seeds == (
        9001, 9002, *range(9004, 9011))
    for seed, why in ((8000, "of the study"), (9004, "named under")):
        with pytest.raises(ConfigError, match=why):
            preregistered.without(plan, [seed], tmp_path, text)
    ten_pools(tmp_path, BASE, seeds=[9003])
    with pytest.raises(ConfigError, match="not be stored"):
        preregistered.without(plan, [9003], tmp_path, text)


def test_the_page_says_the_verdicts_of_the_report(tmp_path):
    """Each once, with the placebo last and the numbers of the table; nothing before all are in."""
    plan = registration.plan()
    ten_pools(tmp_path, BASE)
    table = preregistered_report.stored(tmp_path, plan.seeds)
    nine = table[table["pool"] != 9010]
    assert not len(preregistered_report.for_the_page(nine, plan))
    assert preregistered_report.in_short(nine, plan).startswith("9 of 10 pools are in; ")
    assert preregistered_report.in_short(table, plan).count("\n| ") == 12
    rows, said = (preregistered_report.for_the_page(table, plan),
                  preregistered_report.report(tmp_path, plan))
    *found, placebo = registered.verdicts(rows)
    for h, row in zip(registration.HYPOTHESES, found, strict=True):
        line = next(line for line in said.splitlines() if line.startswith(f"- **{h.name}**"))
        assert row.claim in line and f"**{row.verdict}**" in line
        at = row.difference.split()[0]
        assert f"Difference {at}" in line, (at, line)
    assert placebo.claim == "Placebo: the first pairs of a random order do better than random pairs"
    assert registration.PLACEBO.claim[1:] in placebo.claim and "not corrected" in placebo.test
    assert registered.registered_finding(rows).startswith("Over 10 pools, ")
    limits = registered.limits_words(rows)  # what the line on Home would leave out
    assert ("median IoU" in limits) == (found[1].verdict == "not separated")
    assert ("whole cost" in limits) == (found[6].verdict == "not separated")
    certain = rows.assign(verdict="supported")
    certain.loc[certain["name"] == "H7", "verdict"] = "contradicted"
    assert registered.limits_words(certain) == (
        "The median IoU is lower. Training on all pairs at the same whole cost leaves fewer pairs "
        "failing. ")
    assert registered.limits_words(rows.iloc[:1]) == ""


def test_what_the_verdicts_leave_out_is_so_in_every_stored_pool():
    """The sentences of the page and of the README, counted here."""
    tables = [pd.read_csv(path).set_index("arm")
              for path in sorted(preregistered.RESULTS.glob("pool-*.csv"))]
    limits = [f"below_0.{k}" for k in range(95, 100)]
    assert len(tables) == 10
    for pool in tables:
        for rival in ("random-4x", "full-true-cost"):
            assert (pool.loc[rival, limits] < pool.loc["core", limits]).all()
            assert pool.loc[rival, "median_iou"] > pool.loc["core", "median_iou"]
    assert not all((pool.loc["random-4x", "below_0.94"] < pool.loc["core", "below_0.94"])
                   for pool in tables)


def test_the_page_shows_what_the_stored_pools_say():
    """The table among the recorded runs, made again; none before all pools are in."""
    plan = registration.plan()
    table = preregistered_report.stored(preregistered.RESULTS, plan.seeds)
    rows = preregistered_report.for_the_page(table, plan)
    assert len(rows)
    there = pd.read_csv(preregistered.PAGE, dtype={"version": str})
    pd.testing.assert_frame_equal(there, rows.reset_index(drop=True), check_dtype=False, rtol=1e-5)
    there, made = (path.read_bytes() for path in (
        preregistered.PAGE_CERTIFICATE, preregistered.RESULTS / preregistered.CERTIFICATE))
    assert there == made


def test_the_documents_hold_the_report_of_the_stored_pools():
    """docs/results.md and README.md, made again; without the pools that are said to be left out."""
    text = preregistered.LANDING.read_text("utf-8")
    there = preregistered_report.section(text)
    found = re.search(r"^Left out: (.*)\.$", there, re.MULTILINE)
    left_out = [int(seed) for seed in found[1].split(", ")] if found else []
    plan = preregistered.without(registration.plan(), left_out, preregistered.RESULTS,
                                 preregistered.PLAN.read_text("utf-8"))
    assert preregistered_report.report(preregistered.RESULTS, plan, left_out) == there
    assert preregistered_report.with_section(text, there) == text
    short = preregistered_report.in_short(
        preregistered_report.stored(preregistered.RESULTS, plan.seeds), plan)
    assert preregistered_report.section(preregistered.README.read_text("utf-8")) == short
    with pytest.raises(ValueError, match="must have"):
        preregistered_report.with_section("no place", there)


# -- two tiny pools ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worked():
    """Runs are worked on in this process by the learner that knows by heart; their ids."""
    done = []

    def work(store, run_id, **_):
        done.append(run_id)
        worker.work(store, run_id)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(queue, "work_one", work)
        patched.setattr(queue, "ensure_drainer", lambda store: None)
        patched.setattr(preregistered, "plan", lambda quick: QUICK)
        yield done


@pytest.fixture(scope="module")
def one_pool(worked, tmp_path_factory):
    """Runs folder and stored files after the first pool."""
    store, out = Store(tmp_path_factory.mktemp("runs")), tmp_path_factory.mktemp("out")
    assert preregistered.compute(store, QUICK, QUICK.seeds[0], out, crew=ONE)
    return store, out


def test_a_pool_is_stored_with_every_arm(one_pool, worked):
    """Measures of exact scores, scores of every pair as float16."""
    store, out = one_pool
    assert len(worked) == len(set(worked)) == len(registration.ARMS) + 3
    table = preregistered_report.stored(out, QUICK.seeds)
    assert list(table["arm"]) == ["selection", *registration.ARMS, "scout"]
    for row in table.itertuples():
        exact = store.load_scores(row.run_id, "held_out")["iou"]
        ious = stored_ious.read(out / f"pool-{row.pool}.npz")
        kept, = ious.iou[ious.runs["run_id"] == row.run_id]
        assert np.abs(kept - exact).max() < 0.0005 and len(ious.factors["gap_px"]) == len(exact)
        assert row.median_iou == pytest.approx(np.median(exact))


def test_a_report_of_some_pools_gives_no_verdict(one_pool):
    """Only where it was computed, and the certificate with each of its conditions."""
    said = preregistered_report.report(one_pool[1], QUICK)
    assert "1 of 2 pools are in" in said and "## Arms" not in said
    part = said[said.index(preregistered_report.CERTIFICATE):]
    listed = [line for line in part.splitlines() if line.startswith("- ")]
    assert len(listed) == 7 and NOT_CHECKED[0] in listed[-1]
    assert sum(line.startswith(("- Holds", "- **Does not hold**")) for line in listed) == 6


def test_a_pool_whose_runs_come_from_two_machines_is_not_stored(one_pool, tmp_path, monkeypatch):
    """A part of one of its runs was computed on another processor."""
    store, real = one_pool[0], Store.result

    def result(self, run_id):
        found = real(self, run_id)
        if not (found and self.config(run_id).arm.kind == "core"):
            return found
        part = dataclasses.replace(found.segments[0], machine="another")
        return dataclasses.replace(found, segments=(part, *found.segments))

    monkeypatch.setattr(Store, "result", result)
    with pytest.raises(StoreError, match="differ in machine"):
        preregistered.keep(store, QUICK, QUICK.seeds[0], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_stalled_selection_ends_its_pool(one_pool, monkeypatch):
    """Its arms would be as large as an unfinished core set."""
    store, real = one_pool[0], Store.result
    monkeypatch.setattr(Store, "result", lambda self, run_id: dataclasses.replace(
        real(self, run_id), reason=StopReason.STALLED))
    with pytest.raises(StoreError, match=r"stalled.*--leave-out 1"):
        preregistered.compute(store, QUICK, QUICK.seeds[0], one_pool[1], crew=ONE)


def test_the_command_reports_the_pools_that_are_not_left_out(one_pool, capsys):
    """And runs nothing when asked to report."""
    store, out = one_pool
    words = ["--quick", "--report", "--runs", str(store.root), "--out", str(out)]
    assert preregistered.main([*words, "--leave-out", str(QUICK.seeds[1])]) == 0
    said = capsys.readouterr().out
    assert f"Left out: {QUICK.seeds[1]}." in said and "1 of 1 pools are in." in said
    assert preregistered.missing(out, QUICK.seeds) == [QUICK.seeds[1]]


def test_another_machine_goes_on_with_the_next_pool(one_pool, worked, tmp_path):
    """From the files alone; a pool that was stopped is not stored, and no run is done twice."""
    out, elsewhere = one_pool[1], Store(tmp_path / "runs")
    second, = preregistered.missing(out, QUICK.seeds)
    assert not preregistered.compute(elsewhere, QUICK, second, out, crew=ONE, until=0.0)
    assert preregistered.missing(out, QUICK.seeds) == [second]
    assert preregistered.compute(elsewhere, QUICK, second, out, crew=ONE)
    n_done = len(worked)
    assert preregistered.compute(elsewhere, QUICK, second, out, crew=ONE)
    assert len(worked) == n_done
    said = preregistered_report.report(out, QUICK)
    assert "2 of 2 pools are in." in said and "## Hypotheses" in said
