"""Leaks and splits: what belongs together stays on one side, what leaks is counted and named."""

import json
import os

import numpy as np
import pytest
from PIL import Image
from test_near_duplicates import blobs

from shipdash.analysis.leaks import (
    groups_on_both_sides,
    groups_to_drop,
    kept_by_group,
    leaks,
    leaks_finding,
)
from shipdash.config import ConfigError
from shipdash.data import files, held_out, stored_duplicates
from shipdash.data.file_names import in_cell
from shipdash.data.near_duplicates import clusters
from shipdash.data.pair_list import PairRow, places, read_split, write_pairs
from shipdash.data.stored_split import store_split


def rows(names, groups=None):
    return [PairRow(k, name, "", "", groups[k] if groups else "", 1, 1)
            for k, name in enumerate(names)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Twelve pictures and each again as a JPEG; four of the first are held out."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    images = blobs(12, 64, 64)
    again = []
    for image in images:
        Image.fromarray(image).save(tmp_path / "again.jpg", quality=70)
        again.append(np.asarray(Image.open(tmp_path / "again.jpg")))
    split = np.array([1] * 4 + [0] * 20, np.uint8)
    files.write("twice", np.concatenate([images, again]), np.zeros((24, 64, 64), bool), split)
    found = files.root() / "twice"
    write_pairs(found, rows([f"{half}/{k:02d}.png" for half in "ab" for k in range(12)]))
    return found


def test_a_name_out_of_an_exported_table_is_found():
    """There it begins with ./ where it would be a formula."""
    split = held_out.named(rows(["=1.png", "a/1.png", "-2/y.png"]), [in_cell("=1.png"), "./-2"])
    assert split.tolist() == [1, 0, 1]


def test_every_leak_is_found_with_the_picture_that_it_repeats(folder):
    """Numbers are those of the pool: its first eight pairs are pictures 4 to 11."""
    near = stored_duplicates.near_duplicates(folder).in_pool
    assert near.number.tolist() == [8, 9, 10, 11] and near.distance.max() <= 8
    assert leaks(near.distance, 8).share == 1.0


def test_near_duplicates_are_found_once(folder, monkeypatch):
    """Then they are read, unless the file is of another content or damaged."""
    first = stored_duplicates.near_duplicates(folder)
    told = []
    again = stored_duplicates.near_duplicates(folder, lambda *step: told.append(step))
    assert not told
    assert np.array_equal(first.by_picture, again.by_picture)
    for damage in (b"", (folder / stored_duplicates.FILE).read_bytes()[:500]):
        (folder / stored_duplicates.FILE).write_bytes(damage)
        stored_duplicates.near_duplicates(folder, lambda *step: told.append(step))
    assert told == [(24, 24)] * 2


def test_a_file_without_the_nearest_pairs_is_made_again(folder):
    """As an earlier version stored it."""
    first, kept = stored_duplicates.near_duplicates(folder), folder / stored_duplicates.FILE
    with np.load(kept) as found:
        older = {name: found[name] for name in found.files if not name.startswith("in_pool")}
    np.savez(kept, **older)
    again = stored_duplicates.near_duplicates(folder)
    assert np.array_equal(first.in_pool, again.in_pool)
    assert np.array_equal(first.in_pool_by_cell, again.in_pool_by_cell)


def test_blocks_change_nothing(folder, monkeypatch):
    """One picture at a time gives the same hashes."""
    first = stored_duplicates.near_duplicates(folder)
    (folder / stored_duplicates.FILE).unlink()
    monkeypatch.setattr(stored_duplicates, "BLOCK_PICTURES", 1)
    again = stored_duplicates.near_duplicates(folder)
    assert np.array_equal(first.pictures.hashes, again.pictures.hashes)
    assert np.array_equal(first.tiles.hashes, again.tiles.hashes)


def test_a_cancelled_search_stores_nothing(folder):
    """What the progress callback raises comes out."""
    def cancel(done, n):
        raise KeyboardInterrupt

    before = sorted(folder.iterdir())
    with pytest.raises(KeyboardInterrupt):
        stored_duplicates.near_duplicates(folder, cancel)
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("seed", range(30))
def test_what_belongs_together_is_never_on_both_sides(seed):
    """Neither a group, nor the tiles of a picture, nor near duplicates, nor a chain of these."""
    chance = np.random.default_rng(seed)
    n = int(chance.integers(2, 80))
    listed = rows([f"{k}.png" for k in chance.integers(0, n, n)],
                  [str(g) if g else "" for g in chance.integers(0, n, n)])
    cluster = np.sort(chance.integers(0, n, n))
    cluster = np.searchsorted(cluster, cluster)  # the first of each run of equal numbers
    units = held_out.together(listed, cluster)
    split = held_out.split_by([f"{unit:05d}" for unit in units], 0.3, seed)
    assert not groups_on_both_sides([row.group for row in listed], split)
    assert not groups_on_both_sides([row.file for row in listed], split)
    assert not groups_on_both_sides(cluster.astype(str), split)
    assert (split == 0).any()


def test_pairs_with_nothing_in_common_are_units_of_their_own():
    """An empty group is no group."""
    assert held_out.together(rows("abc"), np.arange(3)).tolist() == [0, 1, 2]


@pytest.mark.parametrize("names, chosen", [
    (["a/x.png"], [0]), (["x.png"], [0]), (["x"], [0]), (["b"], [2, 3]), (["b/"], [2, 3]),
    (["a/y.png", " b/z.jpg "], [1, 3]),
])
def test_held_out_pictures_are_named_by_path_name_stem_or_folder(names, chosen):
    """As a person would write them."""
    split = held_out.named(rows(["a/x.png", "a/y.png", "b/y.png", "b/z.jpg"]), names)
    assert np.flatnonzero(split).tolist() == chosen


@pytest.mark.parametrize("name", ["z\u00fcrich", "z\u00fcrich/y.png", "zu\u0308rich/"])
def test_an_accent_is_the_same_however_a_system_spells_it(name):
    """Pictures imported on a Mac are named by a list from elsewhere, as a folder too."""
    split = held_out.named(rows(["a/x.png", "zu\u0308rich/y.png", "zu\u0308rich/z.png"]), [name])
    assert np.flatnonzero(split).tolist() == ([1] if name.endswith("png") else [1, 2])


@pytest.mark.parametrize("names, words", [
    (["c"], "nothing is found for 1 of the names"), (["y"], "several images have this name"),
    (["a", "b"], "leave some in the pool"), ([], "must name some of the 4 pairs"),
])
def test_a_name_is_never_guessed(names, words):
    """Refused with the name and the rule."""
    with pytest.raises(ConfigError, match=words):
        held_out.named(rows(["a/x.png", "a/y.png", "b/y.png", "b/z.jpg"]), names)


def test_another_split_is_another_data_set_with_the_same_pictures(folder):
    """Pictures are kept once on disk, the fingerprint is another, the old data set is as it was."""
    before = files.read_manifest(folder)
    split = np.arange(24, dtype=np.uint8) % 2
    asked = store_split("twice", "other", split, split_by="hand")
    new = files.root() / "other"
    assert np.array_equal(read_split(new), split)
    assert os.path.samefile(folder / "images.npy", new / "images.npy")
    assert not before["fingerprint"].startswith(asked.fingerprint)
    assert files.read_manifest(new)["split_of"] == "twice"
    assert files.read_manifest(folder) == before
    with pytest.raises(files.DataError, match="has a data set other already"):
        store_split("twice", "other", split)
    assert sorted(path.name for path in files.root().iterdir()) == ["other", "twice"]


def test_the_finding_says_what_a_leak_means():
    """In words, whatever the number."""
    assert "None of the 3 held-out images" in leaks_finding(leaks(np.array([-1, -1, 9]), 8))
    assert leaks_finding(leaks(np.array([0, -1]), 8)).startswith(
        "Leak: 1 of the 2 held-out images (50.0%) has a near duplicate in the pool")
    assert "nothing is measured" in leaks_finding(leaks(np.array([], int), 8))


def test_groups_of_which_nothing_was_kept():
    """Pairs without a group count in none."""
    table = kept_by_group(["sea", "port", "sea", "", "port", "coast"], [1, 3])
    assert table["group"].tolist() == ["sea", "coast", "port"]
    assert table["share"].tolist() == [0, 0, 0.5]
    assert groups_to_drop(table) == ["sea", "coast"]


def test_the_commands_find_the_leak_and_mend_it(folder, call):
    """`data leaks` names both pictures; after `data split` none is left."""
    code, out, err = call("data", "leaks", "twice", "--json")
    said = json.loads(out)
    assert (code, err) == (0, "")
    assert (said["n_leaking"], said["n_held_out"], said["n_clusters"]) == (4, 4, 12)
    assert said["leaking"][0]["held_out"] == "a/00.png" and said["leaking"][0]["pool"] == "b/00.png"
    assert "Leak: 4 of the 4 held-out images" in call("data", "leaks", "twice")[1]
    assert call("data", "split", "twice", "mended", "--share", "0.3")[0] == 0
    assert json.loads(call("data", "leaks", "mended", "--json")[1])["n_leaking"] == 0
    split = read_split(files.root() / "mended")
    assert len(places(split, "held_out")) == 8
    assert "run --data again" in call("data", "split", "twice", "again")[1]  # by the preset for it
    found = stored_duplicates.near_duplicates(folder)
    both = groups_on_both_sides(clusters(found.by_picture, 24).astype(str), split)
    assert not both


def test_a_named_split_is_taken_as_it_is(folder, call, tmp_path):
    """A list that leaks is stored and then counted: measuring it is what it was named for."""
    (tmp_path / "list.txt").write_text("a/03.png\n\nb/07\n", "utf-8-sig")
    assert call("data", "split", "twice", "named", "--held-out-list", tmp_path / "list.txt")[0] == 0
    assert np.flatnonzero(read_split(files.root() / "named")).tolist() == [3, 19]
    assert json.loads(call("data", "leaks", "named", "--json")[1])["n_leaking"] == 2


@pytest.mark.parametrize("words, message", [
    (["leaks", "twice", "--distance", "13"], "--distance must be a whole number from 0 to 12"),
    (["leaks", "twice", "--cells", "--distance", "9"], "from 0 to 8"),
    (["leaks", "none"], "must name a data set"),
    (["split", "twice", "new", "--share", "1"], "--share must be above 0 and below 1"),
    (["split", "twice", "new", "--seed", "-1"], "--seed must be 0 or above"),
    (["split", "twice", "new", "--held-out-list", "nowhere"], "must be a text file"),
    (["split", "twice", "../new"], "source.name must be"),
    (["sample", "cells"], "must be one of nuclei"),
])
def test_a_wrong_question_is_a_sentence(folder, call, words, message):
    """One line, code 2, nothing stored."""
    code, _, err = call("data", *words)
    assert (code, err.count("\n")) == (2, 1) and message in err
    assert [path.name for path in files.root().iterdir()] == ["twice"]


def test_the_sample_is_stored_by_command(call, tmp_path, monkeypatch):
    """With the settings of a run on it."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    code, out, _ = call("data", "sample", "nuclei", "--json")
    said = json.loads(out)
    assert code == 0 and (said["n_pool"], said["n_held_out"]) == (140, 60)
    assert f"source.fingerprint={said['fingerprint']}" in said["settings"]
