"""Whether stored records repeat: on runs of the learner that knows by heart, without TensorFlow."""

import json

import pytest
import rote_runs

from benchmarks import record, repeat_record
from shipdash.runs import Store


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """The folder with one recorded run, and the run's id."""
    monkeypatch.setenv("SHIPDASH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(record, "RECORDED", tmp_path / "recorded")
    run_id = rote_runs.finished(Store())
    record.main(run_id)
    return tmp_path / "recorded", run_id


def test_a_record_that_repeats_says_so(recorded, capsys):
    """With the machine and the versions of then and now."""
    folder, run_id = recorded
    capsys.readouterr()
    assert repeat_record.check(folder, seed=1)
    words = capsys.readouterr().out
    assert f"Run {run_id} repeats: same core set, same numbers. Stored: " in words
    assert words.count("version") == 2


def test_another_core_set_and_other_scores_are_named(recorded, capsys):
    """A record that was changed after it was written does not repeat."""
    folder, run_id = recorded
    path = folder / run_id / "result.json"
    plain = json.loads(path.read_text())
    plain["core"] = plain["core"][::-1]
    plain["held_out"]["mean_iou"] += 1e-9
    path.write_text(json.dumps(plain))
    assert not repeat_record.check(folder, seed=1)
    assert "does not repeat: other core set, other held-out scores" in capsys.readouterr().out


def test_an_empty_folder_repeats_nothing(tmp_path):
    """There must be something to compare before anybody says that it repeats."""
    assert not repeat_record.check(tmp_path, seed=1)


@pytest.mark.parametrize(("n", "expected"), [(0, 0), (1, 1), (10, 1), (11, 2), (90, 9)])
def test_a_tenth_is_at_least_one(n, expected):
    """Each at most once, the same ones for the same seed."""
    chosen = repeat_record.tenth(range(n), seed=3)
    assert len(set(chosen)) == expected
    assert chosen == repeat_record.tenth(range(n), seed=3)


def test_every_point_of_the_shipped_sweep_has_its_settings():
    """The command stored beside the sweep gives the settings of all its runs."""
    found = repeat_record._sweep(record.RECORDED)
    assert len(found) == 90
    assert all(point.config.digest == point.run_id for point in found)
    assert all(point.expected["core set"] for point in found)
