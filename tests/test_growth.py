"""Growth with the pool: the fitted laws, the recorded table, the figure on the Threshold page."""

import json
import resource

import numpy as np
import paging
import pandas as pd
import pytest

from benchmarks import growth as bench
from benchmarks.child import Answer
from shipdash import analysis, figures
from shipdash.config import ALGORITHM
from shipdash.ui import frame

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)


def runs(core_of, sizes=SIZES, seeds=(1, 2)):
    """One row a run, its core set a function of pool and seed."""
    return pd.DataFrame([{"n_pool": n, "seed": seed, "n_core": core_of(n, seed),
                          "share_failing": 10 / n, "n_backward": 5 * n, "products": n / 10,
                          "peak_mb": 1400.0 + seed} for n in sizes for seed in seeds])


def noisy(n, seed):
    """A power of 0.2, off by up to a tenth."""
    return 20 * n ** 0.2 * (1 + 0.1 * np.sin(n + 7 * seed))


def test_an_exact_power_is_found_and_predicted():
    """Nothing is left over, and 10^8 pairs are as computed by hand: 20 x 100,000,000^0.25."""
    law = analysis.growth_law(runs(lambda n, seed: 20 * n ** 0.25))
    assert law.better is law.power
    assert law.power.slope == pytest.approx(0.25)
    assert law.power.rms == pytest.approx(0, abs=1e-9)
    assert float(law.power.at(10**8)[0]) == pytest.approx(2000)
    assert "ten times the pairs, 1.8 times the core set" in analysis.growth_finding(law)


def test_an_exact_logarithm_is_told_from_a_power():
    """Seven more for every factor of e: 16 for a factor of ten."""
    law = analysis.growth_law(runs(lambda n, seed: 5 + 7 * np.log(n)))
    assert law.better is law.logarithm
    assert "16 core pairs more" in analysis.growth_finding(law)


def test_exponent_and_interval_are_those_of_another_implementation():
    """NumPy's polyfit with its covariance, and Student's t by hand for eight degrees."""
    table = runs(noisy)
    law = analysis.growth_law(table)
    x, y = np.log(table["n_pool"]), np.log(table["n_core"])
    (slope, intercept), covariance = np.polyfit(x, y, 1, cov=True)
    assert law.power.slope == pytest.approx(slope)
    assert law.power.high - law.power.slope == pytest.approx(2.306 * covariance[0, 0] ** 0.5, 1e-3)
    assert law.power.residuals == pytest.approx(np.exp(y) - np.exp(intercept + slope * x))
    *_, square = np.polynomial.Polynomial.fit(x, y, 2).convert().coef
    assert law.bend.upward == (square > 0)
    assert law.bend.asked == pytest.approx(np.exp(np.polyval(np.polyfit(x, y, 2), np.log(1e8))))


def test_a_law_that_bends_is_said_to():
    """A constant and a power, with a little noise; its p value is that of a permutation test."""
    table = runs(lambda n, seed: 30 + 1.2 * n ** 0.43 * (1 + 0.05 * np.sin(n + 7 * seed)))
    law = analysis.growth_law(table)
    words = analysis.growth_words(table, law)
    assert law.bend.upward and law.bend.p_value < 0.001
    assert "bends upward (p < 0.001); a law with that bend predicts " in words
    assert f"{law.bend.asked:,.0f}. Pools of one seed" in words
    rng = np.random.default_rng(1)
    straight = runs(lambda n, seed: 20 * n ** 0.2 * np.exp(rng.normal(0, 0.1)))
    law = analysis.growth_law(straight)
    x, y = np.log(straight["n_pool"].to_numpy(float)), np.log(straight["n_core"].to_numpy(float))
    rest = y - np.polyval(np.polyfit(x, y, 1), x)
    size = abs(np.polyfit(x, rest, 2)[0])
    by_chance = np.mean([abs(np.polyfit(x, rng.permutation(rest), 2)[0]) >= size
                         for _ in range(4000)])
    assert law.bend.p_value == pytest.approx(by_chance, abs=0.05)
    assert "bend" not in analysis.growth_words(straight, law)


def test_the_interval_of_a_further_run_widens_beyond_what_was_measured():
    """And it holds what was measured: one run in twenty may lie outside."""
    table = runs(noisy)
    fit = analysis.growth_law(table).power
    _, low, high = fit.at(np.array([10_000, 10**8]))
    assert (high / low)[1] > (high / low)[0]
    _, low, high = fit.at(table["n_pool"])
    assert np.mean((low < table["n_core"]) & (table["n_core"] < high)) >= 0.9


def test_three_sizes_are_no_law():
    """Two coefficients need more than one size left to judge them by."""
    assert analysis.growth_law(runs(noisy, SIZES[:3])) is None
    assert analysis.growth_law(runs(noisy, SIZES[:4])) is not None


def test_the_words_name_the_runs_both_laws_and_the_prediction():
    """What is there is said: every size with the number of its runs."""
    table = runs(noisy)
    law = analysis.growth_law(table)
    words = analysis.growth_words(table, law)
    assert "1,000 (2 runs), 3,000 (2 runs)" in words
    assert f"exponent {law.power.slope:.3f}" in words
    assert "For 100,000,000 pairs" in words
    assert "failing held-out pairs go from 1.00% to 0.01%" in words
    assert "the time from 100 to 10,000 products" in words and "1.4 to 1.4 GB" in words


def test_the_figure_has_every_run_both_laws_and_their_residuals():
    """The law reaches as far as the prediction; the residuals have an axis of their own."""
    table = runs(noisy)
    law = analysis.growth_law(table)
    chart = figures.growth(table, law, analysis.growth_finding(law))
    drawn = {trace.uid: trace for trace in chart.figure.data}
    assert list(drawn["runs"].y) == list(table["n_core"])
    assert max(drawn["power law"].x) == pytest.approx(1e8)
    assert drawn["residuals"].yaxis == "y2"
    assert list(drawn["residuals"].y) == list(law.better.residuals)
    assert list(chart.table["off the power law"]) == list(law.power.residuals)


# -- the benchmark -----------------------------------------------------------------------------


def answer(config, n_events=9):
    """What `timed_run` would have printed."""
    return Answer({"n_events": n_events, "peak_rss_mb": 1234.56, "result": {
        "reason": "exhausted", "n_core": 60, "set_aside": [], "n_tested": 1000,
        "n_backward": 6000, "n_forward": 1500, "machine": "a laptop", "threads": 2,
        "date": "2026-11-26T20:00:00+00:00", "segments": [{}], "held_out": {
            "n": 10_000, "share_failing": 0.0123, "mean_iou": 0.96},
        "phases": {"startup": 3.0, "compile": 5.0, "select": 40.0, "evaluate": 20.0}}}, 70.0, 0.0)


def test_large_pools_have_one_seed_and_all_three_seeds_differ():
    """Seven sizes: five with three seeds, two with one."""
    plan = bench.plan(list(bench.SIZES), [1, 2, 3])
    assert len(plan) == 17
    assert [c.selection.n_pool for c in plan[-2:]] == [300_000, 1_000_000]
    assert {(c.seeds.pool, c.seeds.order, c.seeds.model) for c in plan} == {
        (1, 1, 1), (2, 2, 2), (3, 3, 3)}


def test_runs_that_have_a_row_are_not_run_again(tmp_path, monkeypatch, capsys):
    """Rows are appended below one heading; evaluation is no part of the seconds."""
    asked = []

    def measure(program, *arguments):
        if program == "matrix_product":
            return Answer({"seconds": [0.25]}, 1.0, 0.0)
        asked.append(json.loads(arguments[1])["selection"]["n_pool"])
        return answer(None)

    monkeypatch.setattr(bench, "measure", measure)
    out, words = tmp_path / "growth.csv", [str(tmp_path / "runs"), "--seeds", "1"]
    assert bench.main([*words, "--sizes", "1000", "--out", str(out)]) == 0
    assert bench.main([*words, "--sizes", "3000,1000", "--out", str(out)]) == 0
    assert asked == [1000, 3000]
    table = pd.read_csv(out)
    assert list(table.columns) == list(bench.Point._fields)
    assert list(table["select_s"]) == [40.0, 40.0]
    assert list(table["product_s"]) == [0.25, 0.25]
    assert "60 kept" in capsys.readouterr().out


def test_a_run_that_was_only_read_has_no_memory_product_or_load():
    """Its process has held no network, and it was made at another hour, maybe elsewhere."""
    config = bench.config_of(1000, 1)
    worked, read = (bench.point(config, answer(config, n), 0.25, 0.5) for n in (9, 0))
    assert (worked.peak_mb, worked.product_s, worked.load) == (1234.6, 0.25, 0.5)
    assert (read.peak_mb, read.product_s, read.load) == (None, None, None)


def test_what_no_run_has_is_a_dash_and_not_said(tmp_path):
    """A table of runs of which only the results were there."""
    out = tmp_path / "growth.csv"
    for config in bench.plan(list(SIZES[:4]), [1]):
        row = bench.point(config, answer(config, n_events=0), 0.25, 0.5)
        bench.append(out, row._replace(n_core=round(noisy(row.n_pool, 1))))
    said = bench.report(analysis.growth_table(out))
    assert "| – | – |" in said and "nan" not in said
    assert "1.23%, and training images from 6,000 to 6,000." in said


def test_a_run_in_parts_from_two_machines_gets_no_row():
    """Its seconds are no time of either."""
    config, found = bench.config_of(1000, 1), answer(None)
    found.found["result"]["segments"] = [{"machine": "a laptop"}, {"machine": "a server"}]
    with pytest.raises(bench.BenchError, match=f"run {config.digest} was made in parts"):
        bench.point(config, found, 0.25, 0.5)


def test_a_folder_that_cannot_be_used_is_named_before_anything_is_measured(
        tmp_path, monkeypatch, capsys):
    """A matrix product and a start of TensorFlow would be in vain."""
    monkeypatch.setattr(bench, "measure", lambda *words: pytest.fail("measured"))
    (tmp_path / "file").touch()
    assert bench.main([str(tmp_path / "file"), "--out", str(tmp_path / "growth.csv")]) == 1
    assert "cannot create a run in" in capsys.readouterr().err


def test_a_full_disk_leaves_the_rows_as_they_were(tmp_path, monkeypatch):
    """Half a row would be the beginning of the next one."""
    out, config = tmp_path / "growth.csv", bench.config_of(1000, 1)
    row = bench.point(config, answer(config), 0.25, 0.5)
    bench.append(out, row)
    before = out.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 30, limits[1]))
    try:
        with pytest.raises(OSError):
            bench.append(out, row)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert out.read_bytes() == before


def test_an_id_of_digits_alone_is_known_again(tmp_path):
    """As a number it would lose its zero, and its run would get a second row."""
    (tmp_path / "growth.csv").write_text("n_pool,run_id\n1000,0123456789012345\n")
    assert bench.recorded(tmp_path / "growth.csv") == {"0123456789012345"}


def test_the_recorded_table_is_of_the_plan_and_of_this_algorithm():
    """Every row is a run that the plan asks for, once."""
    table = pd.read_csv(bench.STORED)
    plan = {config.digest: config for config in bench.plan(list(bench.SIZES), [1, 2, 3])}
    assert set(table["algorithm"]) == {ALGORITHM}
    assert table["run_id"].is_unique
    assert set(table["run_id"]) <= set(plan)


def test_the_results_have_the_report_of_the_recorded_table():
    """As the command prints it."""
    table = analysis.growth_table(bench.STORED)
    minutes = table["select_s"].iloc[-1] / 60
    text = (bench.ROOT / "docs" / "results.md").read_text("utf-8")
    assert bench.report(table) in text and f"million pairs took {minutes:.0f} minutes" in text


# -- the page ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n_sizes", [3, 4])
def test_the_threshold_page_shows_the_law_from_four_sizes_on(tmp_path, monkeypatch, n_sizes):
    """With fewer it says nothing about growth."""
    paging.quiet_store(tmp_path, monkeypatch)
    monkeypatch.setattr(frame, "RECORDED", tmp_path / "recorded")
    for config in bench.plan(list(SIZES[:n_sizes]), [1, 2]):
        row = bench.point(config, answer(config), 0.25, 0.5)
        bench.append(tmp_path / "recorded" / "growth.csv", row._replace(
            n_core=round(noisy(row.n_pool, row.seed))))
    said = paging.words(paging.open_page("pages/5_Threshold.py"))
    for words in ("The core set grows as", "1,000 (2 runs)", "a laptop"):
        assert (words in said) == (n_sizes == 4)
