"""What several workers could gain, from a log made by hand and from a recorded one."""

import json
from pathlib import Path

import pytest

from shipdash.analysis.speedup import speedup_table
from shipdash.records import Picked, Scanned, Stopped, StopReason, Trained, from_json

RECORDED = Path(__file__).parents[1] / "shipdash" / "recorded" / "66d3046a0d05e381"


def trained(seconds):
    return Trained(1, 1, 16, 0.9, 0.1, seconds)


def scanned(n_tested, seconds=1.0):
    """A batch of ten pairs, all of which passed."""
    return Scanned(1, n_tested, n_tested, tuple(range(10)), (1.0,) * 10, 10, 0, seconds)


def picked(n_tested):
    return Picked(1, 7, n_tested, 2, n_tested, 0.5, 0.5)


LOG = [Picked(1, 0, 0, 1, 1, None, None), trained(5.0),
       *(scanned(10 * k) for k in range(1, 6)), picked(50), trained(2.0),
       *(scanned(50 + 10 * k) for k in range(1, 9)), picked(130), trained(1.0), trained(2.0),
       Stopped(StopReason.EXHAUSTED, 3, 130, 1)]
"""Ten seconds of training, stretches of five and of eight batches of a second each."""


def row(table, part):
    (found,) = table[table["part"] == part].to_dict("records")
    return found


def test_a_log_made_by_hand_is_shared_out_in_whole_batches():
    """Two workers take 3 + 4 s instead of 5 + 8, four take 2 + 2, none less than the training."""
    found = row(speedup_table(LOG, (2, 4)), "whole run")
    assert (found["train_s"], found["scan_s"]) == (7.0, 13.0)
    assert found["x2"] == pytest.approx(20 / (7 + 3 + 4))
    assert found["x4"] == pytest.approx(20 / (7 + 2 + 2))
    assert found["limit"] == pytest.approx(20 / (7 + 1 + 1)) == pytest.approx(
        row(speedup_table(LOG, (1_000_000,)), "whole run")["x1000000"])


def test_one_worker_gains_nothing():
    """It is the machine of the log."""
    assert speedup_table(LOG, (1,))["x1"].tolist() == pytest.approx([1.0, 1.0, 1.0])


def test_the_failing_rate_of_each_part_is_picks_a_pair():
    """The first pairs are not scanned and count nowhere; a stretch belongs to where it ends."""
    table = speedup_table(LOG)
    assert table["part"].tolist() == ["up to 100 tested", "101 to 1,000 tested", "whole run"]
    assert table["failing_rate"].tolist() == pytest.approx([1 / 50, 1 / 80, 2 / 130])


def test_a_log_without_a_scan_has_no_rows():
    """A run that is still warming up."""
    assert speedup_table(LOG[:2]).empty


def test_the_recorded_run_gains_more_where_fewer_pairs_fail():
    """Its seconds are those of its events, and more workers never make it slower."""
    lines = (RECORDED / "events.jsonl").read_text().splitlines()
    events = [from_json(json.loads(line)) for line in lines]
    table = speedup_table(events)
    whole, parts = row(table, "whole run"), table.iloc[:-1]
    assert whole["train_s"] == pytest.approx(
        sum(e.seconds for e in events if isinstance(e, Trained)))
    assert whole["scan_s"] == pytest.approx(
        sum(e.seconds for e in events if isinstance(e, Scanned)))
    assert parts["failing_rate"].is_monotonic_decreasing
    assert parts["limit"].is_monotonic_increasing
    assert (table[["x2", "x4", "x16", "limit"]].diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    assert 1 < whole["x2"] < 2


def test_the_table_of_the_documents_is_that_of_the_recorded_run():
    """Row by row, as rounded there."""
    text = (Path(__file__).parents[1] / "docs" / "evidence.md").read_text("utf-8")
    lines = (RECORDED / "events.jsonl").read_text().splitlines()
    for r in speedup_table(from_json(json.loads(line)) for line in lines).to_dict("records"):
        gains = " | ".join(f"{r[name]:.2f}" for name in ("x2", "x4", "x16", "limit"))
        assert (f"| {r['part'].removesuffix(' tested')} | {r['failing_rate']:.2%} | "
                f"{r['scan_share']:.0%} | {gains} |") in text


def test_the_command_prints_the_table(call):
    """As text, and as JSON."""
    asked = ("speedup", RECORDED.name, "--runs", RECORDED.parent)
    code, out, _ = call(*asked)
    assert code == 0
    assert "whole run" in out
    code, out, _ = call(*asked, "--json")
    assert json.loads(out)[-1]["part"] == "whole run"
