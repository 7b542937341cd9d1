"""A run that goes on from another: it starts with the old core and its stream is the new pairs."""

import json

import numpy as np
import own_pictures as own
import pytest

from shipdash.config import ConfigError, RunConfig, default_name
from shipdash.data import files, open_source
from shipdash.data.files import FileSource
from shipdash.data.own_preset import own_config
from shipdash.data.pair_list import read_pairs
from shipdash.data.source import stream_order
from shipdash.data.stored_split import store_split
from shipdash.importing import import_pairs
from shipdash.labelling import going_on
from shipdash.labelling.going_on import free_name, go_on, stored_name
from shipdash.records import Picked
from shipdash.runs import Store, StoreError, prerequisites, warm_worker, worker


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    return Store(tmp_path / "runs")


@pytest.fixture
def parent(store, tmp_path):
    """A finished run on twelve of fifteen pairs; the data set *more* has five new pairs."""
    own.write(tmp_path, own.pairs(15, (32, 32)))
    import_pairs(own.request(tmp_path, name="old"))
    own.write(tmp_path / "more", {
        name.replace("/", "/n"): content for k in range(20, 25) for name, content in (
            (f"images/{k}.png", own.encoded(own.image(k, (32, 32)))),
            (f"masks/{k}.png", own.mask_png(own.mask(k, (32, 32)))))})
    import_pairs(own.request(tmp_path / "more", name="more", held_out=0))
    run_id, _ = store.create(own_config("old").replace(
        **{"network.kind": "rote", "selection.first": 3}))
    worker.work(store, run_id)
    return run_id


def test_the_old_core_comes_first_and_the_rest_is_shuffled():
    """By hand on six numbers; without a core ahead nothing changes."""
    assert stream_order(6, 1, ahead=3)[:3].tolist() == [0, 1, 2]
    assert sorted(stream_order(6, 1, ahead=3)) == [0, 1, 2, 3, 4, 5]
    plain = stream_order(50, 1)
    assert stream_order(50, 1, ahead=10)[10:].tolist() == plain[plain >= 10].tolist()


def test_a_run_without_a_parent_keeps_its_id():
    """The setting came later: at its default it is in no text that an id stands for."""
    assert "parent" not in RunConfig().canonical_json()
    assert "parent" in RunConfig().replace(**{"selection.parent": "0" * 16}).canonical_json()


def test_the_next_run_starts_with_the_old_core(store, parent):
    """The same pixels in the same order, untested; the stream is the new pairs and nothing else."""
    old, old_core = store.config(parent), store.result(parent).core
    config = go_on(store, parent, "more")
    assert config.selection.parent == parent and config.digest != parent
    pool = open_source(config)
    for new, before in zip(pool.draw(range(len(old_core))), open_source(old).draw(old_core),
                           strict=True):
        assert np.array_equal(new, before)
    run_id, _ = store.create(config)
    result = worker.work(store, run_id)
    picks = [event for event in store.events(run_id)[0] if isinstance(event, Picked)]
    carried = [event.index for event in picks if event.iou is None]
    assert carried == list(range(len(old_core)))
    assert sorted(event.index for event in picks[len(old_core):]) == list(
        range(len(old_core), len(old_core) + 5))
    assert result.n_pool == len(old_core) + 5


def test_images_that_the_run_has_already_are_no_new_pairs(store, parent, tmp_path):
    """One of its core and two of its held-out images, under other names, beside one new image."""
    old, core = store.config(parent), store.result(parent).core
    (kept,), _ = open_source(old).draw([core[0]])
    held_out, _ = open_source(old, "held_out").draw([0, 1])
    copies = np.rint(np.stack([kept, *held_out]) * 255).astype(np.uint8)
    own.write(tmp_path / "again", {
        f"{kind}s/{k}.png": content for k in range(4) for kind, content in (
            ("image", own.encoded(copies[k] if k < 3 else own.image(77, (32, 32)))),
            ("mask", own.mask_png(own.mask(k, (32, 32)))))})
    import_pairs(own.request(tmp_path / "again", name="again", held_out=0))
    config = go_on(store, parent, "again")
    assert config.selection.n_pool == len(core) + 1
    assert going_on.n_copies(config.source.name) == 3
    new, _ = open_source(config).draw([len(core)])
    assert np.array_equal(np.rint(new[0] * 255), own.image(77, (32, 32)))
    fresh, _ = open_source(config, "held_out").draw([0, 1])
    assert np.array_equal(fresh, held_out)
    rows = read_pairs(files.folder_of(config.source.name))
    assert [row.number for row in rows] == list(range(len(rows)))
    assert rows[len(core)].file.endswith("3.png")
    assert go_on(store, parent, "again") == config  # from what is stored
    (tmp_path / "again" / "images" / "3.png").unlink()
    (tmp_path / "again" / "masks" / "3.png").unlink()
    import_pairs(own.request(tmp_path / "again", name="nothing-new", held_out=0))
    with pytest.raises(ConfigError, match="neither a kept nor a held-out one"):
        go_on(store, parent, "nothing-new")


def test_before_and_after_are_scored_on_the_same_held_out_pairs(store, parent):
    """To the pixel, so that the two scores can be compared; the files are listed."""
    config = go_on(store, parent, "more")
    before, after = (open_source(c, "held_out") for c in (store.config(parent), config))
    assert before.n == after.n
    for a, b in zip(before.draw(range(before.n)), after.draw(range(after.n)), strict=True):
        assert np.array_equal(a, b)
    rows = read_pairs(files.folder_of(config.source.name))
    assert [row.number for row in rows] == list(range(len(rows)))
    assert sum("/more/" in row.file for row in rows) == 5


def test_pairs_are_drawn_in_blocks(store, parent, monkeypatch):
    """A whole pool drawn at once takes twelve times its stored size, inside the server."""
    asked, draw = [], FileSource.draw
    monkeypatch.setattr(FileSource, "draw", lambda self, indices: asked.append(len(indices))
                        or draw(self, indices))
    monkeypatch.setattr(going_on, "BLOCK", 2)
    config = go_on(store, parent, "more")
    assert max(asked) == 2 and sum(asked) == (
        config.selection.n_pool + config.evaluation.n_held_out)


def test_the_files_of_planted_repeats_are_those_that_they_repeat(store, parent):
    """Their pixels are, so a list that names others would lead to the wrong picture."""
    run_id, _ = store.create(store.config(parent).replace(**{"planted.distinct": 2}))
    worker.work(store, run_id)
    core, source = store.result(run_id).core, open_source(store.config(run_id))
    assert max(core) > 1
    config = go_on(store, run_id, "more")
    listed, old = (read_pairs(files.folder_of(name)) for name in (config.source.name, "old"))
    pool = np.flatnonzero(np.load(files.folder_of("old") / "split.npy") == 0)
    assert [row.file for row in listed[:len(core)]] == [
        old[pool[source.origin(i)]].file for i in core]


def test_the_name_of_the_next_run_says_where_it_comes_from(store, parent):
    """Wherever runs are listed; the carried pairs are not told as a changed setting besides."""
    name, n = default_name(go_on(store, parent, "more")), store.result(parent).n_core
    assert f"continues from {n} pairs of an earlier run, own" in name
    assert "first pairs" not in name


def test_the_next_rounds_are_numbered(store, parent):
    """No digest in a name that people read: old, old-2 and, where that is taken, old-3."""
    config = go_on(store, parent, "more")
    assert config.source.name == "old-2"
    assert go_on(store, parent, "more").source.name == "old-2"
    assert free_name("old") == free_name("old-2") == "old-3"
    assert free_name("x" * 64) == "x" * 56 + "-2"


def test_asked_twice_it_is_the_same_run(store, parent):
    """The data set is kept; another one of that name is never taken for it."""
    assert go_on(store, parent, "more").digest == go_on(store, parent, "more").digest
    with pytest.raises(ConfigError, match="must be new"):
        go_on(store, parent, "more", "old")


def test_another_split_does_not_begin_with_the_core(store, parent):
    """A copy that came first by name was once taken for the data set of the next round."""
    config = go_on(store, parent, "more")
    split = np.load(files.folder_of(config.source.name) / "split.npy")[::-1]
    copy = store_split(config.source.name, "a-copy", split)
    assert stored_name(parent, store.result(parent).n_core, "more") == config.source.name
    with pytest.raises(ConfigError, match="must be the run whose core set"):
        prerequisites.goes_on(config.replace(**{
            "source.name": copy.name, "source.fingerprint": copy.fingerprint}))


@pytest.mark.parametrize("changes", [{"selection.first": 2}, {"selection.parent": "0" * 16}])
def test_a_run_does_not_name_a_parent_that_it_has_not(store, parent, changes):
    """Neither another run nor another number of carried pairs, whatever a link asks for."""
    config = go_on(store, parent, "more").replace(**changes)
    with pytest.raises(ConfigError, match="must be the run whose core set"):
        store.create(config)
    assert not (store.root / config.digest).exists()


def test_a_run_that_goes_on_leaves_nothing_out(store, parent):
    """Numbers of another pool would take pairs out of the old core, with which it starts."""
    config = go_on(store, parent, "more").replace(**{"selection.exclude": [parent]})
    with pytest.raises(ConfigError, match="must be empty where a run continues from another"):
        store.create(config)
    assert not (store.root / config.digest).exists()


def test_drawn_pairs_go_on_from_nothing(store):
    """A scene has no old core in front."""
    with pytest.raises(ConfigError, match="must be the run whose core set"):
        store.create(RunConfig().replace(**{"selection.parent": "0" * 16}))


def test_what_cannot_be_gone_on_from_is_refused(store, parent, tmp_path):
    """An unfinished run, pairs of another size, images without masks; nothing is stored."""
    there = sorted(path.name for path in files.root().iterdir())
    unfinished, _ = store.create(store.config(parent).replace(**{"seeds.model": 9}))
    with pytest.raises(StoreError, match="has not finished"):
        go_on(store, unfinished, "more")
    import_pairs(own.request(tmp_path / "more", name="wide", held_out=0, cols=48))
    with pytest.raises(ConfigError, match="must have pairs of 32 x 32"):
        go_on(store, parent, "wide")
    files.remove("wide")
    assert sorted(path.name for path in files.root().iterdir()) == there


def test_the_command_tells_before_and_after(store, parent, call):
    """JSON with both held-out scores; sentences the second time, from what is stored."""
    code, out, _ = call("label", "go-on", "more", "--run", parent, "--json")
    said = json.loads(out)
    assert code == 0 and said["n_new"] == 5 and said["parent"] == parent
    assert said["before"]["n"] == said["after"]["n"] == 3
    code, out, _ = call("label", "go-on", "more", "--run", parent)
    assert code == 0 and "of 5 new pairs" in out and "before" in out


def test_a_cancel_left_lying_does_not_stop_the_command(store, parent, call):
    """It was for a worker that is gone; and what waits for a page's run leaves."""
    run_id, _ = store.create(go_on(store, parent, "more"))
    store.request(run_id, "cancel")
    store.write_note(warm_worker.WANT, b"{}")
    code, _, err = call("label", "go-on", "more", "--run", parent)
    assert code == 0, err
    assert not store.read_note(warm_worker.WANT)[0]


def test_where_nothing_can_be_computed_nothing_is_written(store, parent, call, monkeypatch):
    """No data set, no queued run, no job; what is answered is shown all the same."""
    asked = [("label", "go-on", "more", "--run", parent), ("label", "suspects", parent),
             ("label", "rank", "more", "--run", parent)]
    with monkeypatch.context() as patch:
        patch.setenv("SHIPDASH_READONLY", "1")
        for words in asked:
            code, _, err = call(*words)
            assert code == 1 and "read-only" in err, words
    assert [run.run_id for run in store.list()] == [parent]
    assert {found["name"] for found in files.stored()} == {"old", "more"}
    assert not [*store.root.rglob("request.json"), *files.root().rglob("request.json")]
    assert call(*asked[0])[0] == 0
    monkeypatch.setenv("SHIPDASH_READONLY", "1")
    assert call(*asked[0])[0] == 0
