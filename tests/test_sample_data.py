"""The sample in the package: stored on first use, spread over its kinds, learnable, attributed."""

import zipfile

import numpy as np
import pytest
from skimage.measure import label

from shipdash import config as configs
from shipdash.config import ConfigError
from shipdash.data import files, open_source, sample_data
from shipdash.data.near_duplicates import Pictures, nearest
from shipdash.data.pair_list import places, read_pairs, read_split
from shipdash.data.perceptual_hash import hashes


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    sample_data.sample("nuclei")
    return files.root() / "nuclei"


def test_nuclei_are_stored_once_and_asked_for_like_any_data_set(folder):
    """The second call finds what the first one stored."""
    before = (folder / files.MANIFEST).stat().st_mtime_ns
    asked = sample_data.sample("nuclei")
    assert (folder / files.MANIFEST).stat().st_mtime_ns == before
    assert (asked.rows, asked.cols) == (128, 128)
    split = read_split(folder)
    for name, key in (("pool", "selection.n_pool"), ("held_out", "evaluation.n_held_out")):
        n = len(places(split, name))
        assert n >= 60
        source = open_source(configs.RunConfig(source=asked).replace(**{key: n}), name)
        images, masks = source.draw(range(n))
        assert images.shape == (n, 128, 128, 3) and masks.dtype == bool
        assert masks.any(axis=(1, 2)).mean() > 0.95


def test_nuclei_are_200_pairs_or_more_of_five_kinds(folder):
    """Each kind is in the pool and held out."""
    rows, split = read_pairs(folder), read_split(folder)
    assert len(rows) == len(split) >= 200
    groups = np.array([row.group for row in rows])
    for name in ("pool", "held_out"):
        assert len(set(groups[places(split, name)])) == 5


def test_masks_lie_on_the_nuclei(folder):
    """Target and background differ in brightness in nearly every picture, and are in many parts."""
    images, masks = (np.load(folder / f"{name}.npy") for name in ("images", "masks"))
    grey = images.mean(axis=3)
    apart = [abs(picture[mask == 1].mean() - picture[mask == 0].mean())
             for picture, mask in zip(grey, masks, strict=True) if mask.any()]
    assert np.mean(np.array(apart) > 5) > 0.9
    assert np.median([label(mask).max() for mask in masks]) > 5


def test_no_held_out_nuclei_have_a_near_twin_in_the_pool(folder):
    """Near duplicates were kept on one side when the sample was made."""
    value, split = hashes(np.load(folder / "images.npy")), read_split(folder)
    found = nearest(Pictures(value[places(split, "held_out")]),
                    Pictures(value[places(split, "pool")]))
    assert (found.number == -1).all()


def test_the_attribution_is_with_the_pictures(folder):
    """In the archive and in the manifest of what is stored."""
    with zipfile.ZipFile(sample_data.SAMPLES / "nuclei.zip") as archive:
        assert archive.read("ATTRIBUTION.txt").decode() == sample_data.ATTRIBUTION["nuclei"]
    assert "CC0" in files.read_manifest(folder)["attribution"]


def test_another_data_set_of_that_name_is_not_taken_for_the_sample(tmp_path, monkeypatch):
    """A person's own nuclei stay what they are."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path))
    files.write("nuclei", np.zeros((2, 16, 16, 3), np.uint8), np.zeros((2, 16, 16), bool),
                np.zeros(2, np.uint8))
    with pytest.raises(files.DataError, match="has another data set that is called nuclei"):
        sample_data.sample("nuclei")


def test_an_unknown_sample_is_refused():
    """The names that there are."""
    with pytest.raises(ConfigError, match="sample must be one of nuclei"):
        sample_data.sample("cells")


@pytest.mark.parametrize("words", [("sample", "nuclei"), ("split", "nuclei", "other")])
def test_a_folder_that_cannot_be_written_is_a_sentence(call, tmp_path, monkeypatch, words):
    """It ended in a traceback; the sentence says what to do."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "file" / "data"))
    code, _, err = call("data", *words)
    assert (code, err.count("\n")) == (1, 1)
    assert "cannot write to" in err and "SHIPDASH_DATA" in err
