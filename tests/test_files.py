"""A second source of pairs, arrays on disk: run, evaluated and shown with no change elsewhere."""

import json
import os
import shutil

import numpy as np
import paging
import pytest
import streamlit as st

from shipdash import config as configs
from shipdash.config import ConfigError
from shipdash.data import files, open_source
from shipdash.data.errors import DataError
from shipdash.runs import worker
from shipdash.studies import collect
from shipdash.ui.evaluation import page as evaluation

PAGES = ["app.py", "pages/2_Run.py", "pages/3_Samples.py", "pages/4_Evaluation.py",
         "pages/5_Threshold.py", "pages/6_Compare.py"]
N, N_POOL, N_HELD_OUT = 60, 40, 15
VIEWS = {"pages/3_Samples.py": ["Core set", "Discarded", "One pair", "Export"],
         "pages/4_Evaluation.py": list(evaluation.VIEWS)}


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """A stored data set of 48 x 32 pixels, every pair three times, and a run on it."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    chance = np.random.default_rng(1)
    images = chance.integers(0, 256, (N // 3, 48, 32, 3), np.uint8)
    masks = chance.random((N // 3, 48, 32)) < 0.2
    split = np.repeat([0, 1, 2], [N_POOL, N_HELD_OUT, N - N_POOL - N_HELD_OUT]).astype(np.uint8)
    source = files.write("tiles", np.tile(images, (3, 1, 1, 1)), np.tile(masks, (3, 1, 1)), split,
                         origin="made up")
    return configs.RunConfig(source=source).replace(**{
        "network.kind": "rote", "selection.n_pool": N_POOL, "selection.first": 3,
        "evaluation.n_held_out": N_HELD_OUT, "network.predict_batch": 4})


@pytest.fixture
def store(tmp_path, monkeypatch):
    return paging.quiet_store(tmp_path, monkeypatch)


def test_pairs_come_back_as_they_were_stored(asked):
    """Pixels over 255, masks as they are, in the order of their split; nothing known beyond."""
    pool, fresh = open_source(asked), open_source(asked, "held_out")
    images, masks = pool.draw([39, 0, 39])
    assert (images.dtype, images.shape, masks.dtype) == (np.float32, (3, 48, 32, 3), bool)
    assert np.array_equal(images[0], images[2]) and 0 <= images.min() <= images.max() <= 1
    stored = np.load(files.root() / "tiles" / "masks.npy")
    assert np.array_equal(masks[1], stored[0])
    assert np.array_equal(fresh.draw([0])[1][0], stored[N_POOL])
    assert pool.shape == asked.shape == (48, 32)
    assert pool.factors(0) is None and pool.origin(7) == 7 and pool.label(7) == "true"
    assert not pool.independent


def test_the_content_is_part_of_the_run_id(asked, tmp_path, monkeypatch):
    """One other pixel is another data set, another run, and is refused under the old settings."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "other"))
    images = np.zeros((N, 48, 32, 3), np.uint8)
    other = files.write("tiles", images, np.zeros((N, 48, 32), bool), np.zeros(N, np.uint8))
    assert other.fingerprint != asked.source.fingerprint
    with pytest.raises(ConfigError, match=r"source\.fingerprint must be that of the data set"):
        open_source(asked)


@pytest.mark.parametrize(("change", "words"), [
    ({"source.name": "ships"}, r"source\.name must name a data set"),
    ({"selection.n_pool": N_POOL + 1}, rf"must be at most {N_POOL}, the pool pairs"),
    ({"source.rows": 64}, r"source\.rows and cols must be 48 and 32"),
])
def test_what_the_data_set_cannot_give_is_refused(asked, change, words):
    """The setting, its value and the rule."""
    with pytest.raises(ConfigError, match=words):
        open_source(asked.replace(**change))


def test_a_damaged_data_set_is_a_sentence(asked):
    """No traceback for half a manifest."""
    (files.root() / "tiles" / files.MANIFEST).write_text(json.dumps({"name": "tiles"}))
    with pytest.raises(ConfigError, match="must name a data set stored in"):
        open_source(asked)


@pytest.mark.parametrize("name", ["images", "masks", "split"])
def test_a_torn_array_is_a_sentence(asked, name):
    """A copy of the folder that broke off, for example; it once ended in NumPy's words alone."""
    path = files.folder_of("tiles") / f"{name}.npy"
    path.write_bytes(path.read_bytes()[:130])
    with pytest.raises(DataError, match=r"of the data set tiles cannot be read .* import it again"):
        open_source(asked)


def test_what_a_killed_removal_left_goes_with_the_next_one(asked, monkeypatch):
    """Its name begins with a dot: nobody would find it."""
    shutil.copytree(files.folder_of("tiles"), files.root() / "more")
    with monkeypatch.context() as killed, pytest.raises(ZeroDivisionError):
        killed.setattr(files.shutil, "rmtree", lambda *words, **more: 1 / 0)
        files.remove("tiles")
    files.remove("more")
    assert not list(files.root().iterdir())


def test_a_draft_whose_making_was_killed_goes_with_a_removal(asked):
    """Not one that is written to: its folder is old then, and its newest file is not."""
    for name in ("young", "written", "old"):
        (files.root() / f".new-{name}").mkdir()
        (files.root() / f".new-{name}" / "images.npy").write_bytes(b"half")
    for path in (".new-written", ".new-old", ".new-old/images.npy"):
        os.utime(files.root() / path, (0, 0))
    files.remove("tiles")
    assert sorted(path.name for path in files.root().iterdir()) == [".new-written", ".new-young"]


def test_planted_repeats_and_wrong_masks_wrap_any_source(asked):
    """Nothing in the wrapper knows of scenes."""
    planted = open_source(asked.replace(**{"planted.distinct": 7, "planted.label_noise": 1.0,
                                           "planted.label_noise_kind": "dropped"}))
    assert [planted.origin(i) for i in (0, 8, 20)] == [0, 1, 6]
    assert not planted.draw(range(N_POOL))[1].any()


def test_it_is_selected_from_and_evaluated(asked, store):
    """The rote learner keeps one of each: the first of its three copies in the stream."""
    result = worker.work(store, store.create(asked)[0])
    assert result.n_core == N // 3
    assert result.held_out.n == N_HELD_OUT and result.held_out.mean_iou == 1.0
    assert result.reaudit.n_failing == 0


def test_strata_are_refused_where_nobody_knows_the_factors(asked, store):
    """They are made of what only a generator can tell, or of groups, which this data set lacks."""
    run_id = worker.work(store, store.create(asked)[0]).run_id
    arm = asked.replace(**{"arm.kind": "stratified", "arm.source": run_id, "arm.n_steps": 1,
                           "evaluation.reaudit": False})
    with pytest.raises(ConfigError, match="factors, which only the generator knows, or of groups"):
        worker.work(store, store.create(arm)[0])


@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_it(asked, store, page):
    """Each view of each page, without a traceback and without what only a scene has."""
    run_id = worker.work(store, store.create(asked)[0]).run_id
    for view in VIEWS.get(page, [""]):
        at = paging.open_page(page, run=run_id, **({"view": view} if view else {}))
        assert [e.value for e in at.error] == [], view
        if view:
            assert at.segmented_control(key="view").value == view
        if page == "pages/3_Samples.py":
            assert "Why these?" not in at.segmented_control(key="view").options


@pytest.mark.parametrize(("page", "query"), [
    ("app.py", {"reveal": "1"}), ("pages/2_Run.py", {}), ("pages/2_Run.py", {"replay": "1"}),
    ("pages/2_Run.py", {"present": "1"})])
def test_a_run_whose_data_set_is_gone_still_has_its_numbers(asked, store, page, query):
    """Without the pictures, and with a sentence that says what is missing."""
    run_id = worker.work(store, store.create(asked)[0]).run_id
    shutil.rmtree(files.root() / "tiles")
    st.cache_data.clear()
    at = paging.open_page(page, run=run_id, **query)
    assert at.error and all("must name a data set stored in" in e.value for e in at.error)
    if query == {}:
        assert "Selected" in [metric.label for metric in at.metric]


def test_planted_answers_of_another_data_set_are_not_taken_for_its_own(asked, store):
    """Nor do they stand in its way when that data set is gone."""
    planted = asked.replace(**{"planted.distinct": 7})
    worker.work(store, store.create(planted)[0])
    own = worker.work(store, store.create(asked)[0]).run_id
    assert len(collect.gather(store, own).distinct) == 1
    images = np.zeros((N, 48, 32, 3), np.uint8)
    images[:, 0, 0, 0] = np.arange(N)
    split = np.load(files.root() / "tiles" / "split.npy")
    other = files.write("other", images, images[..., 0] > 30, split)
    run_id = worker.work(store, store.create(configs.RunConfig(source=other).replace(
        **{name: value for name, value in asked.flat().items()
           if name.partition(".")[0] in ("network", "selection", "evaluation")}))[0]).run_id
    shutil.rmtree(files.root() / "tiles")
    assert collect.gather(store, run_id).distinct.empty
