"""The goals for the compact run: what is asked and how it is judged; no network."""

import resource

import pandas as pd
import pytest
import rote_runs

from benchmarks import goals
from shipdash.config import ALGORITHM
from shipdash.runs import Store


def answers(monkeypatch, result, ran=None):
    """Every run ends with this result, or without one."""
    ran = [] if ran is None else ran
    monkeypatch.setattr(goals.queue, "work_one", lambda store, run_id: ran.append(run_id))
    monkeypatch.setattr(Store, "result", lambda store, run_id: result)


def test_ten_runs_are_asked_that_differ_in_their_seeds_only():
    """Seeds 11 to 20, one for pool, order and model."""
    asked = goals.asked()
    assert [(c.seeds.pool, c.seeds.order, c.seeds.model) for c in asked] == [
        (s, s, s) for s in range(11, 21)]
    assert len({c.digest for c in asked}) == 10
    assert len({c.replace(**{f"seeds.{n}": 1 for n in ("pool", "order", "model")}).digest
                for c in asked}) == 1


def test_a_median_on_the_goal_meets_it():
    """And one beyond it does not, on its own side."""
    table = pd.DataFrame({"n_core": [100, 120, 500], "mean_iou": [0.9, 0.9659, 0.99],
                          "failing_share": [0, 0.004, 1], "passes_a_pair": [1, 1.11, 2]})
    assert goals.against_goals(table)["met"].tolist() == [True, False, True, False]


def test_a_row_says_what_was_measured_and_where(tmp_path):
    """Predictions a pair are counted over the pool."""
    store = Store(tmp_path)
    result = store.result(rote_runs.finished(store))
    found = goals.row(11, result)
    assert found["passes_a_pair"] == round(result.n_forward / 60, 4)
    assert found["n_core"] == len(result.core)
    assert all(found[name] for name in ("device", "machine", "version", "date"))


def test_a_stored_seed_is_not_run_again(tmp_path, monkeypatch, capsys):
    """A row is kept as soon as its run has ended; medians are of all rows."""
    ran = []
    done = Store(tmp_path)
    result = done.result(rote_runs.finished(done))
    monkeypatch.setattr(goals, "STORED", tmp_path / "goals.csv")
    answers(monkeypatch, result, ran)
    pd.DataFrame([goals.row(seed, result) for seed in range(11, 19)]).to_csv(
        goals.STORED, index=False)
    goals.main([str(tmp_path / "runs"), "--keep"])
    assert len(ran) == 2 and goals.stored()["seed"].tolist() == list(goals.SEEDS)
    assert "n_core" in capsys.readouterr().out
    goals.main([str(tmp_path / "runs"), "--keep"])
    assert len(ran) == 2


def test_rows_of_another_algorithm_are_none(tmp_path, monkeypatch):
    """Their seeds are run again."""
    monkeypatch.setattr(goals, "STORED", tmp_path / "goals.csv")
    done = Store(tmp_path)
    now = goals.row(11, done.result(rote_runs.finished(done)))
    pd.DataFrame([now, now | {"seed": 12, "algorithm": ALGORITHM - 1}]).to_csv(
        goals.STORED, index=False)
    assert goals.stored()["seed"].tolist() == [11]


def test_a_run_that_was_stopped_is_named(tmp_path, monkeypatch):
    """It has no result that could be a row."""
    monkeypatch.setattr(goals, "STORED", tmp_path / "goals.csv")
    answers(monkeypatch, None)
    with pytest.raises(SystemExit, match=f"Run {goals.asked()[0].digest} was stopped"):
        goals.main([str(tmp_path / "runs"), "--keep"])


def test_a_full_disk_leaves_the_rows_that_are_kept(tmp_path, monkeypatch):
    """Each of them took a minute or more; only the newest is missing."""
    store = Store(tmp_path)
    result = store.result(rote_runs.finished(store))
    monkeypatch.setattr(goals, "STORED", tmp_path / "goals.csv")
    answers(monkeypatch, result)
    pd.DataFrame([goals.row(seed, result) for seed in range(11, 20)]).to_csv(
        goals.STORED, index=False)
    before = goals.STORED.read_bytes()
    Store(tmp_path / "runs").create(goals.asked()[-1])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, limits[1]))
    try:
        with pytest.raises(OSError):
            goals.main([str(tmp_path / "runs"), "--keep"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert goals.STORED.read_bytes() == before


def test_the_stored_runs_are_those_that_were_asked_and_the_results_say_them():
    """Ten seeds of this algorithm; the table as the command prints it."""
    table = goals.stored()
    assert table["seed"].tolist() == list(goals.SEEDS) and set(table["algorithm"]) == {ALGORITHM}
    text = (goals.ROOT / "docs" / "results.md").read_text("utf-8")
    found = goals.against_goals(table).set_index("measure")
    short = 0.966 - found.loc["mean_iou", "median"]
    assert found["met"].sum() == 3 and not found.loc["mean_iou", "met"]
    assert goals.report(table) in text and f"goal by {short:.4f}." in " ".join(text.split())
