"""The figures of docs/recipe.md, counted again from the stored tables."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
TABLES, DOC = ROOT / "benchmarks" / "results" / "recipe", (ROOT / "docs" / "recipe.md").read_text()
BEFORE, AFTER = "algorithm 2", "orthogonal centred leaky"


def runs(table, stem):
    found = pd.read_csv(TABLES / f"{table}.csv")
    return found[(found["stem"] == stem) & found["changes"].isna()]


def in_products(found):
    """With processor seconds in matrix products of the same processor's core."""
    calls = json.loads((TABLES / "product.json").read_text())["seconds"]
    return found.assign(products=found["cpu_s"] / np.median(calls))


@pytest.mark.parametrize(("row", "table"), [
    ("quick, pool of 60 (`judge-quick`)", "judge-quick"),
    ("quick, first eleven pairs (`judge-start`)", "judge-start"),
    ("quick, pool of 60, other processor (`judge-quick-xeon`)", "judge-quick-xeon"),
    ("full size, pool of 24 (`judge-full`)", "judge-full"),
    ("full size, first eleven pairs (`judge-full-start`)", "judge-full-start"),
    ("full size, pool of 200, other processor (`judge-full-200`)", "judge-full-200"),
])
def test_the_collapses_are_those_of_the_table(row, table):
    """Each seed once, before and after."""
    counts = []
    for stem in (BEFORE, AFTER):
        found = runs(table, stem)
        assert found["model"].is_unique
        counts.append(f"{int(found['collapsed'].sum())} of {len(found)}")
    assert f"| {row} | {counts[0]} | {counts[1]} |" in DOC


@pytest.mark.parametrize(("measure", "column", "form"), [
    ("kept", "n_core", "{:,.0f}"), ("training images", "n_images", "{:,.0f}"),
    ("mean IoU", "mean_iou", "{:.3f}"), ("share failing", "share_failing", "{:.3f}"),
])
def test_the_medians_before_and_after_are_those_of_the_same_seeds(measure, column, form):
    """Quick preset: the sixty model seeds that have both."""
    before, after = (runs("judge-quick", stem).set_index("model") for stem in (BEFORE, AFTER))
    before = before.loc[after.index]
    assert len(after) == 60
    quick = DOC[DOC.index("Quick preset, pool of 60, the same"):DOC.index("Full size, pool of 24")]
    for label, found in ((f"| {measure} | before | ", before), ("| | after | ", after)):
        assert f"{label}{form.format(found[column].median())} |" in quick


@pytest.mark.parametrize(("measure", "column", "form"), [
    ("kept", "n_core", "{:,.0f}"), ("training images", "n_images", "{:,.0f}"),
    ("mean IoU", "mean_iou", "{:.3f}"), ("share failing", "share_failing", "{:.3f}"),
    ("processor seconds", "cpu_s", "{:.1f}"), ("matrix products", "products", "{:.0f}"),
])
def test_at_full_size_no_median_and_no_worst_seed_is_worse(measure, column, form):
    """Ten seeds on 200 pairs: the figures of the page, and that they are what it says."""
    before, after = (in_products(runs("judge-full-200", stem)).set_index("model")[column]
                     for stem in (BEFORE, AFTER))
    assert set(before.index) == set(after.index)
    sign = -1 if column == "mean_iou" else 1
    assert sign * after.median() < sign * before.median()
    assert (sign * after).max() < (sign * before).max()
    full = DOC[DOC.index("Full size, pool of 200"):]
    for label, found in ((f"| {measure} | before | ", before), ("| | after | ", after)):
        assert f"{label}{form.format(found.median())} |" in full


def test_five_hundred_seeds_start_without_a_collapse():
    """The first eleven pairs of the quick preset, on two processors; none is run twice."""
    found = pd.concat([runs("judge-start", AFTER), runs("judge-start-xeon", AFTER)])
    assert found["model"].is_unique
    assert (len(found), int(found["collapsed"].sum())) == (500, 0)
    assert "(`judge-start-xeon`) | not run | 0 of 351 |" in DOC


def test_the_lowest_signals_are_those_of_the_table():
    """Over 1,000 model seeds, before any training."""
    signal = pd.read_csv(TABLES / "signal.csv")
    lowest = signal.groupby("stem")["signal"].min()
    assert f"| ReLU, He's initialization (algorithm 2) | {lowest[BEFORE]:.2f} |" in DOC
    assert f"orthogonal kernel** | **{lowest[AFTER]:.2f}** |" in DOC


def test_the_full_runs_are_those_of_the_table():
    """Three seeds with each version, to the last digit shown."""
    found = pd.read_csv(TABLES / "full-runs.csv")
    assert len(found) == 6
    for r in found.itertuples():
        row = (r.model_seed, r.version, r.n_core, f"{r.n_images:,}", f"{r.mean_iou:.4f}",
               f"{r.share_failing:.2%}", f"{r.selected_s:.1f}")
        assert f"| {' | '.join(map(str, row))} |" in DOC


@pytest.mark.parametrize(("words", "changes"), [
    ("nothing", ""), ("learning rate 0.003 instead of 0.01", "network.learning_rate=0.003"),
    ("no average of the weights", "network.average=0"),
    ("predictions without moving statistics", "statistics=batch"),
    ("one shard of sixteen instead of two of eight", "shards=1"),
    ("another order, five and three of them", "seeds.order="),
])
def test_the_suspects_are_counted(words, changes):
    """Each taken out of the network of algorithm 2, for the four seeds that collapse with it."""
    cells = []
    for table in ("causes", "causes-60"):
        found = pd.read_csv(TABLES / f"{table}.csv", keep_default_na=False)
        found = found[found["changes"].str.startswith(changes) if changes
                      else found["changes"] == ""]
        assert set(found["model"]) <= {121, 126, 10009, 10050}
        cells.append(f"{found['collapsed'].sum()} of {len(found)}" if len(found) else "not run")
    assert f"| {words} | {cells[0]} | {cells[1]} |" in DOC
