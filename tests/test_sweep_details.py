"""What single runs of a sweep look like: read from a run, written to one file, read from it."""

import numpy as np
import pytest
from test_threshold_page import finish, grid

from shipdash.runs import Store
from shipdash.studies import sweep_details


@pytest.fixture
def stored(tmp_path):
    """Two finished runs of different core size and what they look like, by run id."""
    store = Store(tmp_path / "runs")
    ids = [finish(store, run, 4 + n) for n, run in enumerate(grid(orders=(1,)).runs)]
    return {run_id: sweep_details.of_run(store, run_id) for run_id in ids}


def test_a_run_is_read_as_curve_core_and_counts(stored):
    """Picks in order, NaN where a pair joined untested, and all held-out pairs in the bins."""
    detail = next(iter(stored.values()))
    assert detail.core.tolist() == [0, 1, 2, 3] and detail.tested.tolist() == [1, 11, 21, 31]
    assert np.isnan(detail.iou[0]) and detail.iou[1:].tolist() == [0.25] * 3
    assert detail.held_out.shape == (2, 50) and detail.held_out.sum() == 20
    assert detail.quantiles[1] == pytest.approx(0.75)
    assert detail.failed[1].all() and detail.failed[1].shape == (64, 64)


def test_what_is_written_is_read_back(stored, tmp_path):
    """Every number and every pixel of the failed predictions, which take one bit."""
    path = tmp_path / sweep_details.FILE
    sweep_details.write(path, stored)
    found = sweep_details.read(path)
    assert list(found) == list(stored)
    for run_id, detail in stored.items():
        for name in ("core", "tested", "iou", "held_out", "quantiles"):
            np.testing.assert_array_equal(getattr(found[run_id], name), getattr(detail, name))
        assert found[run_id].failed.keys() == detail.failed.keys()
        np.testing.assert_array_equal(found[run_id].failed[1], detail.failed[1])


def test_runs_without_stored_predictions_can_be_written(stored, tmp_path):
    """There is no mask to take a shape from."""
    path = tmp_path / sweep_details.FILE
    sweep_details.write(path, {k: d._replace(failed={}) for k, d in stored.items()})
    assert all(detail.failed == {} for detail in sweep_details.read(path).values())


def test_a_run_that_was_not_evaluated_has_nothing_to_show(tmp_path):
    """None, and the caller says so."""
    store, config = Store(tmp_path / "runs"), grid().runs[0]
    store.create(config)
    assert sweep_details.of_run(store, config.digest) is None


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 and no more"])
def test_a_missing_or_damaged_file_is_no_details(tmp_path, content):
    """The page goes on with the numbers of the table."""
    path = tmp_path / sweep_details.FILE
    if content is not None:
        path.write_bytes(content)
    assert sweep_details.read(path) == {}
