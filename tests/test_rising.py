"""The selection whose acceptance IoU rises: its limits, its size, and what is stored of it."""

import pytest
from evidence_runs import config

from benchmarks import rising
from benchmarks.rising import STRETCHES
from shipdash.data import open_source
from shipdash.data.source import stream_order
from shipdash.learning.learner import RoteLearner
from shipdash.loop import select
from shipdash.records import LoopState, Picked

CONFIG = config(**{"planted.distinct": 30})  # a stream in which most pairs pass


def test_the_limits_rise_to_above_that_of_the_presets():
    """By the steps of the article's score, whatever the run asks for; the last ends the stream."""
    asked = config(**{"selection.acceptance": "iou", "selection.passes": 3})
    limits = [stretch.of(asked).selection.acceptance_iou for stretch in STRETCHES]
    assert limits == [0.80, 0.85, 0.90, 0.95]
    assert limits[2] == config().selection.acceptance_iou
    assert STRETCHES[-1].until == 1 and list(STRETCHES) == sorted(STRETCHES)


def test_the_stretches_are_one_pass():
    """A learner whose answers are right or empty fails the same pairs at any limit."""
    source, order = open_source(CONFIG), stream_order(CONFIG.selection.n_pool, CONFIG.seeds.order)
    whole = [event for event in select(source, RoteLearner(), CONFIG, order, LoopState())
             if isinstance(event, Picked)]
    found = list(rising.picks(source, RoteLearner(), CONFIG, 1000))
    assert [pick for pick, _ in found] == whole
    ends = [round(stretch.until * len(order)) for stretch in STRETCHES]
    for pick, limit in found:
        stretch = next(s for s, end in zip(STRETCHES, ends, strict=True) if pick.position < end)
        assert limit == stretch.of(CONFIG).selection.acceptance_iou


@pytest.mark.parametrize("n_core", [1, 2, 12])
def test_it_ends_at_the_size_asked_for(n_core):
    """The first pairs count too."""
    assert len(list(rising.picks(open_source(CONFIG), RoteLearner(), CONFIG, n_core))) == n_core


def test_what_was_selected_is_not_selected_again(tmp_path, monkeypatch):
    """A run's picks are read from the table; another run's are added to it."""
    path = tmp_path / "picks.csv"
    first = rising.core(path, "a" * 16, CONFIG, RoteLearner(), 12)
    second = rising.core(path, "b" * 16, CONFIG.replace(**{"seeds.order": 5}), RoteLearner(), 10)
    assert first != second and len(path.read_text().splitlines()) == 1 + 22
    monkeypatch.setattr(rising, "picks", None)
    assert rising.core(path, "a" * 16, CONFIG, RoteLearner(), 12) == first
    assert rising.core(path, "b" * 16, CONFIG, RoteLearner(), 10) == second
