"""The measurement of the rankings, seen through with the learner that knows by heart."""

import csv
import json

import own_pictures as own
import pytest

from benchmarks import label_next
from shipdash.config import quick


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
