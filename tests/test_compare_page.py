"""The Compare page without browser and TensorFlow: which runs, and what is said of them."""

import functools
from types import SimpleNamespace

import numpy as np
import paging
import pytest
from paging import words
from stored_results import HELD_OUT, a_result

from shipdash import config as configs
from shipdash.analysis.overlap import same_pool
from shipdash.data import files
from shipdash.data.own_preset import own_config
from shipdash.records import Picked, RunState, Scanned, Stopped, StopReason
from shipdash.runs import Store, queue
from shipdash.ui import frame
from shipdash.ui.compare import page as compare

PAGE = "pages/6_Compare.py"


@pytest.fixture
def store(tmp_path, monkeypatch):
    """An empty runs folder and no recorded run; no process is ever started."""
    monkeypatch.setenv("SHIPDASH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(frame, "RECORDED", tmp_path / "none")
    monkeypatch.setattr(queue, "ensure_drainer", lambda store: None)
    return Store()


def config(**changes):
    return configs.quick().replace(**({
        "network.kind": "rote", "selection.n_pool": 100, "selection.first": 1,
        "evaluation.n_held_out": 0} | changes))


def run(store, core, state=RunState.COMPLETED, held_out=None, **changes):
    """A run that picked these pairs one after another, and passed the rest of the pool."""
    asked = config(**changes)
    run_id, _ = store.create(asked)
    store.set_status(run_id, RunState.RUNNING)
    with store.writer(run_id) as writer:
        for n, index in enumerate(core, start=1):
            writer.append(Picked(1, index, n - 1, n, n, None if n == 1 else 0.3,
                                 None if n == 1 else 0.0))
        rest = tuple(i for i in range(100) if i not in core)
        writer.append(Scanned(1, 100, 100, rest, (0.95,) * len(rest), len(rest), 0, 0.5))
        writer.append(Stopped(StopReason.EXHAUSTED, len(core), 100, 1))
        writer.flush()
    if state is RunState.COMPLETED:
        store.write_result(run_id, a_result(run_id, n_pool=100, n_tested=100, core=list(core),
                                            n_forward=100, n_backward=900, held_out=held_out))
    store.set_status(run_id, state)
    return run_id


open_page = functools.partial(paging.open_page, PAGE)


def test_no_run_says_what_to_do(store):
    """An empty folder is a beginning."""
    at = open_page()
    assert "No run to compare yet." in words(at)
    assert not at.warning and not at.error


def test_the_table_shows_state_size_and_the_settings_that_differ(store):
    """One column a differing setting, none for what all runs share."""
    run(store, [1, 2, 3], **{"seeds.order": 1})
    run(store, [3, 4], **{"seeds.order": 2, "selection.precision": 0.9})
    run(store, [5], state=RunState.CANCELLED, **{"seeds.order": 3})
    table = open_page().dataframe[0].value
    assert {"state", "selected", "precision", "order seed"} <= set(table.columns)
    assert "held-out below IoU 0.90" in table.columns
    assert not {"model seed", "pool", "margin"} & set(table.columns)
    assert sorted(table["state"]) == ["cancelled", "completed", "completed"]
    assert sorted(table["selected"].dropna()) == [2, 3]


def test_a_data_set_has_a_shape_and_no_scene(store):
    """Its image size is that of its pictures, and no setting of the generator tells it apart."""
    run(store, [1, 2])
    run(store, [3, 4], **{"source.kind": "files", "source.name": "ships",
                          "source.fingerprint": "a" * 16, "source.rows": 32, "source.cols": 48})
    table = open_page().dataframe[0].value.set_index("data set")
    assert table.loc["ships", "image size"] == "32 × 48"
    assert not {"contrast", "rows"} & set(table.columns)


def test_finished_runs_are_in_view_before_anybody_chose(store):
    """Something real at once, and an address that nobody has changed is left as it is."""
    for n in (1, 2):
        run(store, [1, 2], **{"seeds.order": n})
    run(store, [1], state=RunState.CANCELLED, **{"seeds.order": 3})
    at = open_page()
    assert "runs" not in at.query_params
    assert "Pairs selected: 2 (2 runs)" in words(at)


def test_the_link_opens_exactly_its_runs(store):
    """In a browser that has never been here."""
    runs = [run(store, range(n), **{"seeds.order": n}) for n in (2, 4, 6)]
    said = words(open_page(runs=f"{runs[0]},{runs[2]}"))
    assert "Pairs selected: 4 (2 to 6, 2 runs)" in said
    assert runs[1] not in said


def test_a_link_of_nothing_known_shows_the_finished_runs(store):
    """It says so, and does not promise others."""
    run(store, [1, 2, 3])
    at = open_page(runs="nonsense,0123456789abcdef")
    assert "The newest finished runs are shown instead" in words(at)
    assert "The others are shown" not in words(at)
    assert "Pairs selected: 3" in words(at)


def test_failing_means_the_same_iou_for_every_run(store):
    """The same scores read the same, whatever precision a run was asked for: 3 of 10 below 0.90."""
    iou = np.array([0.5, 0.7, 0.89, *[0.95] * 7], np.float32)
    for precision in (0.6, 0.95):
        run_id = run(store, [1, 2, 3], held_out=HELD_OUT | {"share_failing": precision},
                     **{"selection.precision": precision})
        store.save_scores(run_id, "held_out", index=np.arange(10), iou=iou, score=iou, soft=iou)
    at = open_page()
    assert at.dataframe[0].value["held-out below IoU 0.90"].tolist() == [30, 30]
    assert "were below IoU 0.90" in words(at)


@pytest.mark.parametrize("bad, said", [
    ("nonsense", "1 run whose id does not have"),
    ("../../etc/passwd", "1 run whose id does not have"),
    ("0123456789abcdef", "Cannot be compared")])
def test_bad_ids_in_the_link_are_a_sentence_and_the_others_show(store, bad, said):
    """Nothing of a link is used as a path or believed."""
    good = run(store, [1, 2, 3])
    at = open_page(runs=f"{bad},{good}")
    assert [said in w.value for w in at.warning] == [True]
    assert "Pairs selected: 3" in words(at)


def test_a_link_of_more_runs_than_are_shown_says_so(store, monkeypatch):
    """The rest was left out without a word."""
    ids = [run(store, [1, 2], **{"seeds.order": n}) for n in range(1, 5)]
    monkeypatch.setattr(compare, "MOST", 3)
    at = open_page(runs=",".join(ids))
    assert [warning.value for warning in at.warning] == [
        "The first 3 of the 4 runs of the link are shown."]
    assert "3 runs" in words(at) and not open_page(runs=",".join(ids[:3])).warning


def test_replicas_are_grouped_unless_one_looks_at_each(store):
    """Grouped by all but the seeds, or every run by itself; the link says which."""
    for n in (1, 2):
        run(store, range(2 * n), **{"seeds.order": n})
        run(store, range(10 * n), **{"seeds.order": n, "selection.precision": 0.95})
    assert ("precision 0.85: 3 (2 to 4, 2 runs)" in words(open_page())
            and "precision 0.95: 15 (10 to 20, 2 runs)" in words(open_page()))
    assert "4 runs select 2 to 20 pairs" in words(open_page(group="false"))


def test_overlap_is_measured_within_a_pool_only(store):
    """Two of three pairs in common; a run on another pool is not compared."""
    run(store, [1, 2], **{"seeds.order": 1})
    run(store, [1, 2, 3], **{"seeds.order": 2})
    run(store, [1, 2], **{"seeds.pool": 2})
    said = words(open_page())
    assert "Core sets overlap by 0.667 (Jaccard)" in said


def test_a_data_set_is_one_pool_whatever_the_pool_seed(store):
    """Nothing is drawn of it: Compare said that two such pools had other pairs."""
    own = {"source.kind": "files", "source.name": "ships", "source.fingerprint": "a" * 16,
           "source.rows": 32, "source.cols": 48}
    one, other = config(**own), config(**own, **{"seeds.pool": 2})
    assert same_pool(one, other)
    planted = [c.replace(**{"planted.label_noise": 0.1}) for c in (one, other)]
    assert not same_pool(*planted) and not same_pool(config(), config(**{"seeds.pool": 2}))


def test_one_finished_run_has_no_overlap(store):
    """Said, not drawn."""
    run(store, [1, 2])
    assert "needs two finished runs" in words(open_page())


def test_running_runs_can_be_looked_at(store):
    """As far as they have come."""
    one = run(store, [1, 2, 3], state=RunState.PAUSED)
    at = open_page(runs=one)
    assert "No run here has both learnt and come to its end" in words(at)
    assert len(at.dataframe[0].value) == 1


def test_the_rates_are_those_of_every_run(store):
    """Once only the run that had come farthest counted, over 500 pairs that it had not tested."""
    run(store, [1, 2, 3], **{"selection.n_pool": 1000})
    late, _ = store.create(config(**{"selection.n_pool": 1000, "seeds.order": 2}))
    store.set_status(late, RunState.RUNNING)
    with store.writer(late) as writer:
        writer.append(Picked(1, 0, 0, 1, 1, None, None))
        writer.append(Picked(1, 1, 1, 2, 2, 0.3, 0.0))
        writer.flush()
    store.set_status(late, RunState.PAUSED)
    said = words(open_page(runs=",".join(found.run_id for found in store.list())))
    assert "2.0% to 100.0% of the last tested pairs (at most 500) were below IoU 0.90" in said


def test_a_stalled_run_is_not_said_to_be_at_work(store):
    """The table above calls it completed."""
    stalled = run(store, [1, 2, 3])
    store.write_result(stalled, a_result(stalled, n_pool=100, n_tested=3, core=[1, 2, 3],
                                         reason="stalled"))
    at = open_page(runs=stalled)
    assert at.dataframe[0].value["state"].tolist() == ["completed"]
    assert "finished yet" not in words(at)


def test_control_arms_are_left_out(store):
    """They select nothing."""
    source = run(store, [1, 2])
    run(store, [1, 2], **{"arm.kind": "core", "arm.source": source, "arm.n_steps": 5})
    assert len(open_page().dataframe[0].value) == 1


def test_runs_of_a_data_set_are_called_by_it(store, tmp_path, monkeypatch):
    """Beside a run on drawn pairs, and as repeats of each other; pools of two sizes are named."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    images = np.zeros((100, 64, 64, 3), np.uint8)
    files.write("ships", images, images[..., 0] > 0, np.zeros(100, np.uint8))
    own = own_config("ships").to_dict()
    asked = {f"{part}.{name}": value for part, values in own.items()
             for name, value in values.items()}
    for order in (1, 2):
        run(store, range(4), **asked | {"seeds.order": order})
    assert "Pairs selected: 4 (2 runs)" in words(open_page())
    run(store, [1, 2], **{"selection.n_pool": 120})
    said = words(open_page())
    assert "data set ships, own: 4 of 100 (2 runs)" in said
    assert "2 of 120" in said and "fingerprint" not in said.replace("source.fingerprint", "")


def test_the_ticks_are_found_as_they_were_left(store):
    """By a link that says nothing of them."""
    ids = [run(store, [1, 2, n], **{"seeds.order": n}) for n in (3, 4, 5)]
    at = open_page(runs=f"{ids[1]},{ids[0]}")
    at.switch_page("pages/3_Samples.py").run()
    at.switch_page(PAGE)
    at.query_params.clear()
    at.run()
    left = f"{ids[1]},{ids[0]}"
    assert not at.exception and at.query_params["runs"] in (left, [left])


def test_without_a_tick_the_page_says_what_to_do(store, monkeypatch):
    """Not an empty page."""
    run(store, [1, 2, 3])
    nothing = SimpleNamespace(selection=SimpleNamespace(rows=[]))
    monkeypatch.setattr("streamlit.dataframe", lambda *_, **__: nothing)
    assert "Tick at least one run." in words(open_page())
