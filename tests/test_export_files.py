"""Export by original files: lists, COCO subsets, links and copies; against pycocotools."""

import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import own_pictures as own
import pytest
from pycocotools.coco import COCO

from shipdash import config as configs
from shipdash.config import ConfigError
from shipdash.data import export_files, files
from shipdash.data.export_files import coco_of_masks, coco_subset, pair_table, place_files
from shipdash.data.pair_list import PairRow, write_pairs
from shipdash.importing import import_pairs
from shipdash.runs import Store, worker
from shipdash.runs.original_files import original_files
from shipdash.ui.your_data import exports as page


def row(number, file, mask_file="", group=""):
    return PairRow(number, file, mask_file, "", group, 1, 1)


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def pictures(tmp_path):
    """Two pictures of one name in two folders, with masks."""
    for folder in ("a", "b", "a_masks", "b_masks"):
        (tmp_path / "in" / folder).mkdir(parents=True)
        (tmp_path / "in" / folder / "x.png").write_text(folder)
    return [row(3, "a/x.png", "a_masks/x.png"), row(5, "b/x.png", "b_masks/x.png")]


def test_names_survive_commas_quotes_and_line_breaks():
    """Whatever a file is called, a CSV reader gives it back."""
    names = ['a,b.png', 'say "hi".png', "line\nbreak.png", "Übung.png"]
    found = read(pair_table([row(k, name) for k, name in enumerate(names)], rank=[4, 3, 2, 1]))
    assert [one["file"] for one in found] == names
    assert [one["rank"] for one in found] == list("4321")


def test_a_name_that_begins_like_a_formula_is_none_in_a_table():
    """A spreadsheet would carry it out; the path stays the same, and so does any other name."""
    found = read(pair_table([row(0, "=1+1.png", "@masks/-1.png", "+sea"), row(1, "a/=1.png")]))
    assert [found[0][name] for name in ("file", "mask_file", "group")] == [
        "./=1+1.png", "./@masks/-1.png", "./+sea"]
    assert (found[1]["file"], found[1]["mask_file"], found[1]["group"]) == ("a/=1.png", "", "")


def test_a_list_of_nothing_has_its_header():
    """An empty core set is a table without rows."""
    assert pair_table([], rank=[]) == "rank,number,file,mask_file,tile,group\n"


def test_the_split_is_listed_in_words():
    """One row per pair, in their order."""
    text = export_files.split_table([row(k, f"{k}.png") for k in range(3)], np.array([1, 0, 2]))
    assert [one["split"] for one in read(text)] == ["held_out", "pool", "probe"]


def test_a_coco_subset_keeps_images_with_their_annotations():
    """Everything else of the file stays as it was; a name need not have the folder."""
    content = {"info": {"year": 2018}, "categories": [{"id": 7, "name": "ship"}],
               "images": [{"id": k, "file_name": name} for k, name in
                          enumerate(["a.png", "sub/b.png", "b.png"])],
               "annotations": [{"id": 10 + k, "image_id": i} for k, i in enumerate([0, 1, 1, 2])]}
    found = coco_subset(content, ["/data/images/sub/b.png", "gone.png"])
    assert [image["id"] for image in found["images"]] == [1]
    assert [one["id"] for one in found["annotations"]] == [11, 12]
    assert [image["id"] for image in coco_subset(content, ["images/b.png"])["images"]] == [2]
    assert len(content["images"]) == 3 and found["info"] == {"year": 2018}


# pycocotools 2.0 hands NumPy 2 an array object without `copy`
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_coco_subset_finds_what_an_import_found():
    """A name without extension; entries that an import leaves out are no error."""
    content = {"images": [{"id": 1, "file_name": "a"}, {"id": 2}, {"id": [3], "file_name": 7},
                          {"file_name": "c.png"}],
               "annotations": [{"image_id": 1}, {"image_id": [3]}, {}]}
    assert export_files.coco_subset(content, ["set/a.png"]) == {
        "images": [{"id": 1, "file_name": "a"}], "annotations": [{"image_id": 1}]}
    assert export_files.coco_subset(content, ["c.png", "d.png"])["annotations"] == []
    elsewhere = {"images": [{"id": 1, "file_name": "set\\zu\u0308rich.png"}]}
    assert coco_subset(elsewhere, ["x/set/z\u00fcrich.png"])["images"] == elsewhere["images"]


def test_stored_masks_as_coco_are_what_pycocotools_reads(tmp_path):
    """Target and void come back to the pixel, with box and area."""
    masks = np.random.default_rng(1).integers(0, 3, (4, 6, 5)).astype(np.uint8)
    masks[1], masks[2], masks[3, 0, 0] = 0, 1, 1
    (tmp_path / "core.json").write_text(json.dumps(coco_of_masks(list("abcd"), masks)))
    read_back = COCO(str(tmp_path / "core.json"))
    for k, mask in enumerate(masks, start=1):
        drawn = np.zeros_like(mask)
        for one in read_back.loadAnns(read_back.getAnnIds(imgIds=k)):
            region = read_back.annToMask(one)
            rows, cols = np.nonzero(region)
            left, top, width, height = one["bbox"]
            assert (left, top) == (cols.min(), rows.min())
            assert (width, height) == (np.ptp(cols) + 1, np.ptp(rows) + 1)
            assert one["area"] == region.sum()
            drawn[region == 1] = one["category_id"]
            assert one["iscrowd"] == (one["category_id"] == 2)
        assert np.array_equal(drawn, mask)


def test_void_comes_back_through_an_import(tmp_path, monkeypatch):
    """It once came back as target: an import counts *crowd* as its category."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    masks = np.random.default_rng(1).integers(0, 3, (2, 32, 32)).astype(np.uint8)
    own.write(tmp_path, own.pairs(2, (32, 32)) | {
        "labels.json": json.dumps(coco_of_masks(["0.png", "1.png"], masks))})
    import_pairs(own.request(tmp_path, "coco", void="void"))
    assert np.array_equal(np.load(tmp_path / "data" / "own" / "masks.npy"), masks)
    assert len(coco_of_masks(["a"], masks[:1] == 1)["categories"]) == 1


@pytest.mark.parametrize("copies", [False, True])
def test_two_files_of_one_name_do_not_meet(pictures, tmp_path, copies):
    """The number stands before the name; links lead to the originals."""
    placed = place_files(tmp_path / "out", pictures, {"given_in": str(tmp_path / "in")},
                         copies=copies)
    assert placed == (4, ())
    image = tmp_path / "out" / "images" / "0000005_x.png"
    assert image.read_text() == "b" and image.is_symlink() != copies
    assert (tmp_path / "out" / "masks" / "0000003_x.png").read_text() == "a_masks"


def test_the_longest_name_that_a_disk_takes_is_cut(tmp_path):
    """With the number before it, it would be too long for any --out."""
    name = "ü" * 125 + ".png"
    (tmp_path / name).write_text("x")
    placed = place_files(tmp_path / "out", [row(7, name)], {"given_in": str(tmp_path)})
    assert placed == (1, ())
    (link,) = (tmp_path / "out" / "images").iterdir()
    assert link.name.startswith("0000007_ü") and link.name.endswith("ü.png")


def test_exporting_again_is_no_error(pictures, tmp_path):
    """Links are made anew."""
    for _ in range(2):
        placed = place_files(tmp_path / "out", pictures, {"given_in": str(tmp_path / "in")})
    assert placed.n == 4


def test_copies_after_links_leave_the_originals_alone(pictures, tmp_path):
    """A copy once was written through the link, into the original that it was read from."""
    about = {"given_in": str(tmp_path / "in")}
    place_files(tmp_path / "out", pictures, about)
    assert place_files(tmp_path / "out", pictures, about, copies=True) == (4, ())
    original, copy = tmp_path / "in" / "a" / "x.png", tmp_path / "out" / "images" / "0000003_x.png"
    assert original.read_text() == copy.read_text() == "a"
    assert not copy.is_symlink()


def test_tiles_of_one_picture_are_one_file(pictures, tmp_path):
    """Named by the first of them; no mask file where masks came from a list."""
    tiles = [row(1, "a/x.png"), row(2, "a/x.png")]
    placed = place_files(tmp_path / "out", tiles, {"given_in": str(tmp_path / "in")})
    assert placed.n == 1
    assert [path.name for path in (tmp_path / "out").rglob("*.png")] == ["0000001_x.png"]


def test_files_that_have_gone_are_listed(pictures, tmp_path):
    """The others are placed."""
    (tmp_path / "in" / "a" / "x.png").unlink()
    placed = place_files(tmp_path / "out", pictures, {"given_in": str(tmp_path / "in")})
    assert placed == (3, ("a/x.png",))


def test_pictures_in_an_archive_are_copied_out(tmp_path):
    """By name into the folder, wherever their path leads; links to them cannot be."""
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("../x.png", "x")
    about = {"given_in": str(tmp_path), "archive": "in.zip"}
    rows = [row(0, "../x.png"), row(1, "y.png")]
    placed = place_files(tmp_path / "out", rows, about, copies=True)
    assert placed == (1, ("y.png",))
    assert (tmp_path / "out" / "images" / "0000000_x.png").read_text() == "x"
    with pytest.raises(ConfigError, match=r"must be copies: the images are in in\.zip"):
        place_files(tmp_path / "out", rows, about)


def test_a_picture_damaged_inside_its_archive_is_listed_and_not_left_half(tmp_path):
    """As one that has gone; the others are placed."""
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("x.png", "an image")
        archive.writestr("y.png", "another")
    packed = (tmp_path / "in.zip").read_bytes()
    (tmp_path / "in.zip").write_bytes(packed.replace(b"an image", b"xn image"))
    about = {"given_in": str(tmp_path), "archive": "in.zip"}
    rows = [row(0, "x.png"), row(1, "y.png")]
    assert place_files(tmp_path / "out", rows, about, copies=True) == (1, ("x.png",))
    assert [path.name for path in (tmp_path / "out" / "images").iterdir()] == ["0000001_y.png"]


def test_pictures_are_found_below_the_folder_around_an_archive(tmp_path):
    """An import leaves that folder out of their names."""
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("nuclei/images/x.png", "x")
    about = {"given_in": str(tmp_path), "archive": "in.zip"}
    placed = place_files(tmp_path / "out", [row(0, "images/x.png")], about, copies=True)
    assert placed == (1, ())
    assert (tmp_path / "out" / "images" / "0000000_x.png").read_text() == "x"


def test_an_archive_is_opened_once_however_many_files_are_taken(tmp_path, monkeypatch):
    """Its directory has up to 20,000 entries, which were once read anew for every file."""
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for k in range(3):
            archive.writestr(f"{k}.png", "x" * k)
    opened, kind = [], zipfile.ZipFile
    monkeypatch.setattr(zipfile, "ZipFile", lambda *args: opened.append(args) or kind(*args))
    rows = [row(k, f"{k}.png") for k in range(4)]
    about = {"given_in": str(tmp_path), "archive": "in.zip"}
    assert place_files(tmp_path / "out", rows, about, copies=True) == (3, ("3.png",))
    assert len(opened) == 1
    assert export_files.n_bytes(rows, about) == 3


@pytest.fixture
def run_id(tmp_path, monkeypatch, call):
    """A run that keeps two of six pairs: of the group `port` none."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    images = np.zeros((8, 16, 16, 3), np.uint8)
    images[[0, 1, 2, 3, 4, 5], ..., 0] = np.array([9, 9, 9, 99, 99, 99])[:, None, None]
    masks = images[..., 0] > 50
    split = np.repeat([0, 1], [6, 2]).astype(np.uint8)
    source = files.write("set", images, masks, split, given_in=str(tmp_path))
    write_pairs(files.root() / "set", [row(k, f"{k}.png", group=group) for k, group in
                                       enumerate(["sea"] * 6 + ["port"] * 2)])
    asked = configs.RunConfig(source=source).replace(**{
        "network.kind": "rote", "selection.n_pool": 6, "selection.first": 1,
        "evaluation.n_held_out": 2, "network.predict_batch": 2})
    store = Store(tmp_path / "runs")
    return worker.work(store, store.create(asked)[0]).run_id


def test_the_command_writes_core_and_split_by_original_names(run_id, call, tmp_path):
    """In order of selection, with the numbers of the data set."""
    core = json.loads(call("show", run_id, "--json")[1])["core"]
    (tmp_path / "coco.json").write_text(json.dumps({
        "images": [{"id": k, "file_name": f"{k}.png"} for k in range(6)], "annotations": []}))
    code, out, err = call("data", "export", run_id, "--out", tmp_path / "out", "--files", "links",
                          "--coco", tmp_path / "coco.json", "--json")
    said = json.loads(out.splitlines()[-1])
    assert (code, err) == (0, "")
    assert said["written"] == ["core.csv", "core.json", "groups_to_drop.csv", "split.csv"]
    listed = read((tmp_path / "out" / "core.csv").read_text())
    assert [int(one["number"]) for one in listed] == core
    assert [one["file"] for one in listed] == [f"{k}.png" for k in core]
    assert len(read((tmp_path / "out" / "split.csv").read_text())) == 8
    subset = json.loads((tmp_path / "out" / "core.json").read_text())
    assert sorted(image["id"] for image in subset["images"]) == sorted(core)
    assert len(said["missing"]) == len(core)


def test_the_page_names_masks_as_the_command_names_their_pictures(run_id, call, tmp_path):
    """The original files have another size, and tiles of one file would be named alike."""
    store = Store(tmp_path / "runs")
    kept = json.loads(page._coco(original_files(store, run_id), "set"))
    assert call("export", run_id, "--out", tmp_path / "out")[0] == 0
    assert {image["file_name"] for image in kept["images"]} == {
        path.name for path in (tmp_path / "out").rglob("*_image.png")}


def test_the_command_refuses_what_has_no_original_files(call, run_id, tmp_path):
    """A scene's run is exported elsewhere; a wrong COCO file is named."""
    scene = json.loads(call("run", "--pool", "5", "--held-out", "2", "--set", "network.kind=rote",
                            "--set", "scene.size=32", "--set", "scene.radius_min=3", "--set",
                            "scene.radius_max=6", "--set", "selection.first=2",
                            "--json")[1])["run_id"]
    code, _, err = call("data", "export", scene, "--out", tmp_path / "out")
    assert code == 2 and "must be of a run on a data set" in err
    Path(tmp_path / "bad.json").write_text("[]")
    code, _, err = call("data", "export", run_id, "--out", tmp_path / "out", "--coco",
                        tmp_path / "bad.json")
    assert code == 2 and "must be a COCO file with images" in err
    Path(tmp_path / "other.json").write_text('{"images": [{"id": 1, "file_name": "x.png"}]}')
    code, _, err = call("data", "export", run_id, "--out", tmp_path / "out", "--coco",
                        tmp_path / "other.json")
    assert code == 2 and "it lists 0 of the " in err
    assert not (tmp_path / "out").exists()


def test_a_control_arm_has_no_core_set_to_export(run_id, call, tmp_path):
    """It was said to have no core pairs yet, and that it should be waited for."""
    store = Store(tmp_path / "runs")
    arm = store.create(store.config(run_id).replace(**{
        "arm.kind": "random", "arm.source": run_id, "arm.n_steps": 2, "seeds.model": 1001,
        "evaluation.reaudit": False}))[0]
    worker.work(store, arm)
    code, _, err = call("data", "export", arm, "--out", tmp_path / "out")
    assert code == 1 and "is a control arm" in err and run_id in err
