"""The measurement of the rankings, seen through with the learner that knows by heart; and what
docs/label-next.md says of the stored one."""

import csv
import json
from pathlib import Path

import own_pictures as own
import pandas as pd
import pytest

from benchmarks import label_next
from shipdash.analysis.ranking import PREFERRED, RANKINGS
from shipdash.config import quick

ROOT = Path(__file__).parents[1]


def table(path):
    """The rows of a CSV, by column."""
    with path.open(newline="") as text:
        return list(csv.DictReader(text))


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The folder of both tables, of two seeds on 20 small pairs and on a small scene."""
    monkeypatch.setenv("SHIPDASH_DATA", "")  # put back afterwards
    monkeypatch.setattr(label_next, "RESULTS", tmp_path)
    monkeypatch.setattr(label_next, "SEEDS", (1, 2))
    monkeypatch.setattr(label_next, "SIZE", 32)
    monkeypatch.setattr(label_next, "HELD_OUT", 0.6)
    monkeypatch.setattr(label_next.configs, "quick", lambda: quick().replace(
        **{"selection.n_pool": 30, "evaluation.n_held_out": 20}))
    real = label_next.asked
    monkeypatch.setattr(label_next, "asked", lambda folder: {
        name: config.replace(**{"network.kind": "rote", "selection.first": 3})
        for name, config in real(folder).items()})
    own.write(tmp_path, own.pairs(20, (32, 32)))
    label_next.main(tmp_path)
    return tmp_path


def test_every_ranking_of_every_run_has_a_row_and_every_ranking_a_curve(written):
    """A learner that predicts nothing it has not seen fails every held-out pair: no ranking can
    be better than another, and the tables say so."""
    rows, curves = (table(written / name) for name in ("label_next.csv", "label_next_curves.csv"))
    runs = {(source, seed) for source in ("nuclei", "scene") for seed in "12"}
    assert {(row["source"], row["seed"]) for row in rows} == runs
    assert len(rows) == 4 * len(label_next.RANKINGS)
    assert all(row["n_found"] == row["k"] and row["n_failing"] == row["n"] for row in rows)
    assert {row["auc"] for row in rows} == {"nan"}
    assert {(row["source"], row["ranking"]) for row in curves} == {
        (source, name) for source in ("nuclei", "scene") for name in label_next.RANKINGS}
    for row in curves:
        n = 12 if row["source"] == "nuclei" else 20
        assert [json.loads(row[name]) for name in ("lowest", "median", "highest")] == [
            pytest.approx(int(row["looked_at"]) / n, abs=1e-4)] * 3


def test_the_docs_say_what_the_stored_table_says():
    """Each row of the table, and which rankings are followed unless another one is chosen."""
    stored = pd.read_csv(ROOT / "benchmarks" / "results" / "label_next.csv")
    said = (ROOT / "docs" / "label-next.md").read_text()
    n_tests = len(RANKINGS) - 1  # Bonferroni over those that are not random
    for (source, name), rows in stored.groupby(["source", "ranking"]):
        found, n_better = rows["n_found"], int((rows["p"] < 0.05 / n_tests).sum())
        assert (f"| {source} | `{name}` | {found.mean():.1f} ({found.min()} to {found.max()}) | "
                f"{rows['expected'].mean():.1f} | {rows['auc'].mean():.2f} | {n_better} of "
                f"{len(rows)} |") in said
    means = stored.groupby(["source", "ranking"])["n_found"].mean().unstack()
    for _, of_source in means.iterrows():
        assert set(of_source.nlargest(2).index) == set(PREFERRED)
        assert of_source[PREFERRED[0]] >= of_source[PREFERRED[1]]
