"""Own pictures made into a stored data set: what is taken, how it is stored, what is said."""

import csv
import errno
import io
import json
import signal
import unicodedata
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import own_pictures as own
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from shipdash import config as configs
from shipdash.config import ConfigError
from shipdash.data import files, open_source
from shipdash.data.export_files import place_files
from shipdash.data.files import DataError
from shipdash.data.held_out import split_by
from shipdash.data.pair_list import read_pairs
from shipdash.importing import (
    ImportRequest,
    Stopped,
    coco,
    contents,
    import_pairs,
    importer,
    read_report,
)
from shipdash.importing.draft import Draft, lock_of, unfinished
from shipdash.importing.fit import letterboxed, resized
from shipdash.importing.importer import NothingTaken
from shipdash.importing.listing import ByName, Unfit
from shipdash.importing.mask_values import read_mask
from shipdash.importing.pictures import read_image
from shipdash.importing.report import Report
from shipdash.runs import locks

NUCLEI = Path(__file__).parents[2] / "shared" / "data" / "nuclei"  # beside a checkout, if at all


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """The folder of data sets; no other test's."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def stored(name="own"):
    """Images, masks, split and the rows of pairs.csv."""
    folder = files.root() / name
    arrays = [np.load(folder / f"{key}.npy", allow_pickle=False) for key in files.ARRAYS]
    with (folder / files.PAIRS).open(newline="") as text:
        return *arrays, list(csv.DictReader(text))


# -- what is stored


def test_pairs_of_the_stored_size_are_stored_as_they_are(tmp_path):
    """To the pixel, by name, and readable as a source."""
    own.write(tmp_path, own.pairs(3, (32, 48)))
    report = import_pairs(own.request(tmp_path, cols=48, held_out=0))
    images, masks, split, rows = stored()
    assert [np.array_equal(images[k], own.image(k, (32, 48))) for k in range(3)] == [True] * 3
    assert [np.array_equal(masks[k], own.mask(k, (32, 48))) for k in range(3)] == [True] * 3
    assert masks.dtype == np.uint8 and not split.any()
    assert [row["file"] for row in rows] == [f"{tmp_path}/images/{k}.png" for k in range(3)]
    assert [int(row["area_before"]) for row in rows] == masks.sum((1, 2)).tolist()
    asked = configs.SourceConfig(kind="files", name="own", fingerprint=report.fingerprint[:16],
                                 rows=32, cols=48)
    pool = open_source(configs.RunConfig(source=asked), n=3)
    assert pool.draw([1])[1].dtype == bool


def test_an_import_and_a_data_set_in_memory_of_one_content_have_one_fingerprint(tmp_path):
    """How pixels came is no part of what a run id stands for."""
    own.write(tmp_path, own.pairs())
    report = import_pairs(own.request(tmp_path))
    images, masks, split, _ = stored()
    assert files.write("again", images, masks, split).fingerprint == report.fingerprint[:16]


def test_the_report_is_kept_and_names_every_file(tmp_path):
    """Taken ones with their number of pairs, the others with a sentence."""
    own.write(tmp_path, own.pairs() | {
        "images/alone.png": own.encoded(own.image()), "masks/lost.png": own.mask_png(own.mask()),
        "images/notes.txt": "x", "images/0.jpg": own.encoded(own.image(), "JPEG"),
        "masks/2.png": own.mask_png(own.mask(shape=(5, 5))), "images/1.png": b"nothing"})
    own.write(tmp_path, {"images/3.png": own.encoded(own.image()),
                         "masks/3.png": own.mask_png(own.mask())})
    report = import_pairs(own.request(tmp_path))
    said = {Path(row.file).relative_to(tmp_path).as_posix(): row.reason for row in report.left_out}
    assert [Path(row.file).name for row in report.taken] == ["3.png"]
    assert said.keys() == {"images/alone.png", "masks/lost.png", "images/notes.txt",
                           "images/0.jpg", "images/0.png", "masks/0.png", "masks/2.png",
                           "images/1.png"}
    assert "5 x 5 pixels, and its image 40 x 24" in said["masks/2.png"]
    assert "same name as 0.png" in said["images/0.jpg"]
    assert read_report(files.root() / "own") == report


def test_the_three_kinds_of_labels_give_the_same_masks(tmp_path):
    """Rectangles as pictures, as run lengths and as COCO's compressed run lengths."""
    found = [own.mask(k) for k in range(3)]
    rles = [coco_mask.encode(np.asfortranarray(mask.astype(np.uint8))) for mask in found]
    annotations = [{"image_id": k, "category_id": 1, "segmentation":
                    {"size": list(own.SHAPE), "counts": rle["counts"].decode()}}
                   for k, rle in enumerate(rles)]
    own.write(tmp_path, own.pairs() | {
        "labels.csv": "".join(f"{k}.png,{own.run_lengths(mask)}\n" for k, mask in enumerate(found)),
        "labels.json": own.coco(annotations=annotations)})
    prints = {import_pairs(own.request(tmp_path, kind, name=kind)).fingerprint
              for kind in ("folders", "run_lengths", "coco")}
    assert len(prints) == 1


@pytest.mark.skipif(not NUCLEI.is_dir(), reason="the 664 nuclei are not on this machine")
def test_real_pictures_give_identical_masks_from_every_kind_of_label(tmp_path):
    """64 of the nuclei in nine sizes, from links to the shared folder: PNG, CSV, all of COCO."""
    chosen = sorted(path.name for path in (NUCLEI / "images").iterdir())[::11]
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
        for name in chosen:
            (tmp_path / kind / name).symlink_to(NUCLEI / kind / name)
    masks = {name: np.asarray(Image.open(NUCLEI / "masks" / name)) > 0 for name in chosen}
    stems = tuple(Path(name).stem for name in chosen)
    lines = (NUCLEI / "labels_rle.csv").read_text().splitlines()
    own.write(tmp_path, {"labels.csv": "\n".join(
        [lines[0], *(line for line in lines if line.startswith(stems))])} | {
        f"{form.__name__}.json": own.coco_of(masks, form)
        for form in (own.polygons, own.uncompressed, own.compressed)})
    requests = [own.request(tmp_path, kind, name=kind, rows=128, cols=128)
                for kind in ("folders", "run_lengths")]
    requests += [own.request(tmp_path, "coco", name=form, rows=128, cols=128,
                             labels=f"{tmp_path}/{form}.json")
                 for form in ("polygons", "uncompressed", "compressed")]
    reports = [import_pairs(request) for request in requests]
    assert len({report.fingerprint for report in reports}) == 1
    assert [len(report.taken) for report in reports] == [len(chosen)] * 5


# -- masks


@pytest.mark.parametrize(("values", "changes", "expected"), [
    ([0, 1], {}, [0, 1]), ([0, 255], {}, [0, 1]), ([0, 255], {"inverted": True}, [1, 0]),
    ([7, 7], {}, [1, 1]), ([0, 0], {}, [0, 0]),
    ([100, 101], {"mask_kind": "grey", "threshold": 101}, [0, 1]),
    ([1, 3, 255], {"mask_kind": "classes", "target": "3,4", "void": "255"}, [0, 1, 2]),
    ([1, 3, 255], {"mask_kind": "classes", "target": "3", "void": "255", "inverted": True},
     [1, 0, 2]),
])
def test_mask_values_mean_what_was_said(values, changes, expected):
    """By hand, one pixel each."""
    content = own.encoded(np.array([values], np.uint8))
    assert read_mask(content, own.request("x", **changes)).pixels.tolist() == [expected]


@pytest.mark.parametrize(("changes", "expected"), [
    ({"mask_kind": "classes", "target": "1", "void": "2"}, [0, 1, 2]),
    ({"mask_kind": "colours", "target": "#ff0000", "void": "#00ff00"}, [0, 1, 2]),
])
def test_a_palette_is_read_by_index_or_by_colour(changes, expected):
    """The same file either way."""
    content = own.palette([0, 1, 2], [0, 0, 0, 255, 0, 0, 0, 255, 0])
    assert read_mask(content, own.request("x", **changes)).pixels.tolist() == [expected]


@pytest.mark.parametrize("changes", [{"mask_kind": "classes", "target": "3"},
                                     {"mask_kind": "colours", "target": "#030303"}])
def test_classes_and_colours_are_not_read_from_a_jpeg(changes):
    """Values beside 3 would be no target without a word; greys with a threshold bear it."""
    content = own.encoded(np.full((8, 8), 200, np.uint8), "JPEG")
    with pytest.raises(Unfit, match="is a JPEG, whose values are not exact: save it as PNG"):
        read_mask(content, own.request("x", **changes))
    assert read_mask(content, own.request("x", mask_kind="grey")).pixels.all()


def test_classes_are_not_read_from_greys_that_are_spread():
    """Pillow makes 85 of the class 1 of two bits; as binary it is target all the same."""
    content = own.grey_of_two_bits([0, 1])
    with pytest.raises(Unfit, match="grey values of 2 or 4 bits"):
        read_mask(content, own.request("x", mask_kind="classes", target="1"))
    assert read_mask(content, own.request("x")).pixels.tolist() == [[0, 1]]


@pytest.mark.parametrize(("values", "shown"), [([-5, 0], None), ([0, 2**31 - 1], None),
                                               ([-5, 7], "-5, 7"), ([0, 1, 2**30], "0, 1, 10737")])
def test_masks_of_32_bits_may_have_any_values(values, shown):
    """Counting the values up to the largest one would take gigabytes, and negative ones fail."""
    content = own.encoded(np.array([values], np.int32), "TIFF")
    if shown is None:
        assert read_mask(content, own.request("x")).pixels.sum() == 1
    else:
        with pytest.raises(Unfit, match=f"has the values {shown}"):
            read_mask(content, own.request("x"))


@pytest.mark.parametrize("stop", [None, 1])
def test_binary_masks_of_different_values_are_told(tmp_path, stop):
    """Each file passes as 0 and one other; together they may be classes. An import that was
    stopped in between says the same."""
    own.write(tmp_path, own.pairs(2) | {"masks/1.png": own.encoded(own.mask(1).astype(np.uint8))})
    calls = iter(range(9))
    if stop is not None:
        with pytest.raises(Stopped):
            import_pairs(own.request(tmp_path), is_cancelled=lambda: next(calls) == stop)
    report = import_pairs(own.request(tmp_path))
    assert ("The masks have different values besides 0 (1, 255): if these are classes, read them "
            "with --mask-kind classes.") in report.sentences
    assert read_report(files.root() / "own") == report


def test_void_is_stored_and_passed_on(tmp_path):
    """A data set with void draws masks as numbers."""
    mask = own.mask().astype(np.uint8)
    mask[:3] = 9
    own.write(tmp_path, own.pairs() | {"masks/0.png": own.encoded(mask)})
    report = import_pairs(own.request(tmp_path, mask_kind="classes", target="1,255", void="9",
                                      held_out=0))
    asked = configs.SourceConfig(kind="files", name="own", fingerprint=report.fingerprint[:16],
                                 rows=32, cols=32)
    drawn = open_source(configs.RunConfig(source=asked), n=3).draw([0, 1])[1]
    assert drawn.dtype == np.uint8 and set(np.unique(drawn[0])) == {0, 1, 2}
    assert report.n_void == (drawn == 2).sum() > 0


# -- images


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP", "BMP"])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_formats_and_modes_are_read_without_loss(form, mode):
    """Grey three times, colours without their transparency."""
    options = {"lossless": True, "exact": True} if form == "WEBP" else {}
    given = Image.fromarray(own.image()).convert(mode)
    expected = np.asarray(given.convert("RGB"))
    found = read_image(own.encoded(np.asarray(given), form, **options)).pixels
    assert found.dtype == np.uint8 and np.array_equal(found, expected)


def test_an_image_is_turned_as_its_camera_says():
    """EXIF orientation 6: a quarter turn clockwise brings it upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    given = own.image()
    found = read_image(own.encoded(given, "PNG", exif=exif)).pixels
    assert np.array_equal(found, np.rot90(given, -1))


def test_turned_images_are_counted(tmp_path):
    """Whoever drew the masks may have seen the image as it lies in the file."""
    exif = Image.Exif()
    exif[0x0112] = 3
    own.write(tmp_path, own.pairs(2) | {"images/1.png": own.encoded(own.image(1), exif=exif)})
    report = import_pairs(own.request(tmp_path))
    assert ("1 image was turned as EXIF data say: check that the masks lie on the targets."
            in report.sentences)


def test_an_image_that_its_camera_turns_has_no_run_lengths(tmp_path):
    """They count down the columns of one of two images, and nobody says of which; turned ones
    would be sheared without a word."""
    exif = Image.Exif()
    exif[0x0112] = 6
    own.write(tmp_path, own.pairs(2, (32, 32)) | {
        "images/1.png": own.encoded(own.image(1, (32, 32)), exif=exif),
        "labels.csv": "0,1 3\n1,1 3"})
    report = import_pairs(own.request(tmp_path, "run_lengths"))
    assert len(report.taken) == 1
    assert "is turned by its EXIF data, and run lengths do not say" in report.left_out[0].reason


def test_a_camera_s_jpeg_with_a_preview_is_its_first_frame():
    """Phones store a second, smaller picture behind the one that is seen."""
    content = own.encoded(own.image(), "MPO", save_all=True,
                          append_images=[Image.fromarray(own.image(1))])
    assert Image.open(io.BytesIO(content)).n_frames == 2
    alone = own.encoded(own.image(), "JPEG")
    assert np.array_equal(read_image(content).pixels, read_image(alone).pixels)


# -- size


def test_resizing_averages_and_a_mask_pixel_needs_half():
    """A 2:1 shrink of large blocks keeps them; a single pixel of target vanishes."""
    mask = np.kron(np.eye(4, dtype=np.uint8), np.ones((8, 8), np.uint8))
    _, small = resized(np.zeros((32, 32, 3), np.uint8), mask, (16, 16))
    assert abs(int(small.sum()) - int(mask.sum()) // 4) <= 8
    dot = np.zeros((32, 32), np.uint8)
    dot[9, 9] = 1
    assert not resized(np.zeros((32, 32, 3), np.uint8), dot, (16, 16))[1].any()


def test_a_letterbox_distorts_nothing():
    """A wide image lies in the middle between black bars that are outside."""
    image, mask = letterboxed(np.full((16, 32, 3), 9, np.uint8), np.ones((16, 32), np.uint8),
                              (32, 32))
    assert image[8:24].min() == 9 and not image[:8].any() and not image[24:].any()
    assert mask[8:24].all() and not mask[:8].any() and not mask[24:].any()


def test_tiles_cover_an_image_at_full_resolution(tmp_path):
    """Each tile is a window of the original; the last ones are moved back to the border."""
    own.write(tmp_path, own.pairs(1, (40, 64)))
    import_pairs(own.request(tmp_path, fit="tiles", held_out=0))
    images, masks, _, rows = stored()
    assert [row["tile"] for row in rows] == ["0 0", "0 32", "8 0", "8 32"]
    assert np.array_equal(images[3], own.image(0, (40, 64))[8:, 32:])
    assert np.array_equal(masks[3], own.mask(0, (40, 64))[8:, 32:])


def test_empty_tiles_are_kept_by_their_share(tmp_path):
    """None, or about half of them; tiles with target always."""
    blank = np.zeros((320, 320), bool)
    blank[:8, :8] = True
    own.write(tmp_path, {"images/a.png": own.encoded(own.image(0, (320, 320))),
                         "masks/a.png": own.mask_png(blank)})
    sizes = [import_pairs(own.request(tmp_path, name=f"n{k}", fit="tiles",
                                      keep_empty=share)).n_pairs
             for k, share in enumerate((0.0, 0.5, 1.0))]
    assert sizes[0] == 1 and sizes[2] == 100 and 30 < sizes[1] < 70


def test_the_report_says_where_resizing_destroys_a_target(tmp_path):
    """Areas before and after, and a sentence that names tiles."""
    dot = np.zeros((320, 320), bool)
    dot[5, 5] = True
    own.write(tmp_path, own.pairs(2) | {"images/ship.png": own.encoded(own.image(0, (320, 320))),
                                        "masks/ship.png": own.mask_png(dot)})
    report = import_pairs(own.request(tmp_path))
    row = stored()[3][2]
    assert (row["area_before"], row["area_after"]) == ("1", "0")
    assert (report.n_with_target, report.n_vanished) == (3, 1)
    assert "In 1 of 3 images with a target" in " ".join(report.sentences)


# -- groups and held-out pairs


def test_groups_come_from_folders_or_names_and_stay_together(tmp_path):
    """No group is in two splits."""
    flat = own.pairs(12)
    own.write(tmp_path, {name.replace("/", f"/s{int(Path(name).stem) % 4}/"): content
                         for name, content in flat.items()})
    import_pairs(own.request(tmp_path, name="folder", group="folder", held_out=0.3))
    import_pairs(own.request(tmp_path, name="names", group=r"(\d)\.png"))
    _, _, split, rows = stored("folder")
    by_group = {(row["group"], int(part)) for row, part in zip(rows, split, strict=True)}
    assert len(by_group) == 4 and split.sum() == 6
    assert stored("names")[3][0]["group"] == "0"


def test_one_unit_is_never_held_out():
    """A pool is needed always; and no share means no held-out pairs."""
    assert not split_by(["a"] * 5, 0.5, 1).any()
    assert not split_by(list("abc"), 0.0, 1).any()


# -- CSV and COCO in their variants


@pytest.mark.parametrize("text", [
    "ImageId,EncodedPixels\n0.png,1 3\n0.png,10 2\n1.png,\n", "0,1 3\n0,10 2\n1,\n",
    '\ufeffImageId,EncodedPixels\r\n0,"1 3 10 2"\r\n1,""\r\n',
])
def test_run_lengths_in_the_forms_of_the_contest(tmp_path, text):
    """Several rows an image, nothing there, with and without header and extension."""
    own.write(tmp_path, own.pairs(2, (32, 32)) | {"labels.csv": text})
    report = import_pairs(own.request(tmp_path, "run_lengths"))
    masks = stored()[1]
    assert np.flatnonzero(masks[0].ravel(order="F")).tolist() == [0, 1, 2, 9, 10]
    assert not masks[1].any() and not report.left_out


def test_coco_draws_parts_and_both_forms_of_run_lengths():
    """Two polygons, numbers, and compressed text of the same region."""
    square = [[1, 1, 5, 1, 5, 5, 1, 5]]
    both = coco.region([*square, [6, 6, 8, 6, 8, 8, 6, 8]], (10, 10))
    counts = np.diff(np.flatnonzero(np.diff(np.r_[2, both.ravel(order="F"), 2]))).tolist()
    assert coco.region({"size": [10, 10], "counts": counts}, (10, 10)).tolist() == both.tolist()
    rle = coco_mask.encode(np.asfortranarray(both.astype(np.uint8)))["counts"].decode()
    assert coco.region({"size": [10, 10], "counts": rle}, (10, 10)).tolist() == both.tolist()
    assert both.sum() == coco.region(square, (10, 10)).sum() + 4


def test_coco_categories_are_target_or_void(tmp_path):
    """Named ones; all are target where none is named."""
    low, high = [0, 0, 8, 0, 8, 8, 0, 8], [12, 12, 20, 12, 20, 20, 12, 20]
    own.write(tmp_path, own.pairs(1, (32, 32)) | {"labels.json": own.coco(1, annotations=[
        {"image_id": 0, "category_id": 1, "segmentation": [low]},
        {"image_id": 0, "category_id": 2, "segmentation": [high]}],
        images=[{"id": 0, "file_name": "0"}])})
    import_pairs(own.request(tmp_path, "coco", name="all"))
    import_pairs(own.request(tmp_path, "coco", name="named", target="ship", void="cloud"))
    assert stored("all")[1][0, [4, 15], [4, 15]].tolist() == [1, 1]
    assert stored("named")[1][0, [4, 15], [4, 15]].tolist() == [1, 2]


@pytest.mark.parametrize("called", ["images/0.png", "images/0", r"images\0.png",
                                    "{}/images/0.png"])
@pytest.mark.parametrize("kind", ["coco", "run_lengths"])
def test_names_may_begin_above_the_folder_of_images(tmp_path, called, kind):
    """Tools write paths as they were on their machine, the folder that is given among them."""
    called = called.format(tmp_path)
    own.write(tmp_path, own.pairs(1, (32, 32)) | {
        "labels.csv": f"{called},1 3\n../0.png,\n", "labels.json": own.coco(1, images=[
            {"id": 0, "file_name": called}, {"id": 1, "file_name": "../0.png"}])})
    report = import_pairs(own.request(tmp_path, kind))
    assert len(report.taken) == 1
    assert "has no image of the name '../0.png'" in str(report.left_out[0])


@pytest.mark.parametrize("kind", ["coco", "run_lengths"])
def test_entries_of_the_labels_are_not_counted_as_files(tmp_path, kind):
    """498 annotations of images that are not there are no files; earlier reports do not say."""
    images = [{"id": 0, "file_name": "0.png"}, {"id": 1, "file_name": "gone.png"}]
    own.write(tmp_path, own.pairs(1) | {"labels.csv": "0.png,1 3\ngone.png,1 3\nlost.png,1 3\n",
                                        "labels.json": own.coco(3, images=images)})
    report = import_pairs(own.request(tmp_path, kind, held_out=0.0))
    assert report.sentences[:2] == [
        "1 of 1 file gave 1 pair of 32 x 32 pixels, 0 of them held out.",
        "2 entries of the labels belong to no image that was taken."]
    earlier = report.to_dict()
    for row in earlier["left_out"]:
        del row["is_file"]
    assert Report.from_dict(earlier).sentences[1] == "2 files were left out."


@pytest.mark.parametrize("kind", ["folders", "coco", "run_lengths"])
def test_a_name_is_one_however_its_accents_are_written(tmp_path, kind):
    """macOS takes ü apart into u and two dots; whoever made the labels may not have."""
    apart, whole = (unicodedata.normalize(form, "zürich") for form in ("NFD", "NFC"))
    own.write(tmp_path, {
        f"images/{apart}.png": own.encoded(own.image()), "labels.csv": f"{whole}.png,1 3\n",
        f"masks/{whole}.png": own.mask_png(own.mask()), "labels.json": own.coco(1, images=[
            {"id": 0, "file_name": f"{whole}.png"}])})
    report = import_pairs(own.request(tmp_path, kind))
    assert len(report.taken) == 1 and not report.left_out


def test_a_link_that_leads_to_no_file_is_named(tmp_path):
    """Whoever gathers a data set from links should hear of those that are missing."""
    own.write(tmp_path, own.pairs(1) | {"more/x.png": "x"})
    (tmp_path / "images" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "images" / "more").symlink_to(tmp_path / "more")
    report = import_pairs(own.request(tmp_path, "none", labels="", held_out=0))
    assert len(report.taken) == 1
    assert [Path(row.file).name for row in report.left_out] == ["gone.png", "more"]
    assert "is not a file" in report.left_out[0].reason


def test_a_line_break_in_a_name_leaves_a_file_out(tmp_path):
    """The lists of files that are written later could not be read again."""
    own.write(tmp_path, own.pairs(1) | {"images/a\rb.png": own.encoded(own.image())})
    report = import_pairs(own.request(tmp_path, "none", labels="", held_out=0))
    assert len(report.taken) == 1 and "has a line break in its name" in str(report.left_out[0])


@pytest.mark.parametrize(("images", "labels"), [("p", "p/"), ("./p", "p"), ("p/../p", "p")])
def test_one_folder_is_one_however_it_is_written(images, labels):
    """Else every picture would be its own mask."""
    with pytest.raises(ConfigError, match="must tell masks from images"):
        ImportRequest(name="own", images=images, labels=labels)


@pytest.mark.parametrize("field", ["images", "labels", "archive", "mask_suffix"])
def test_a_name_that_is_no_text_is_refused(field):
    """Bytes that are not UTF-8 cannot be written into a list of files."""
    with pytest.raises(ConfigError, match=f"import.{field} must be a name in UTF-8"):
        ImportRequest(**{"name": "own", "images": "i", "labels": "m", field: "\udce4"})


def test_two_tables_at_once_keep_the_limit_of_the_csv_module(tmp_path):
    """It is one for the whole process: the first to end would lower it for the other."""
    before = csv.field_size_limit()
    own.write(tmp_path, own.pairs(1) | {"labels.csv": "0.png," + "1 1 " + " " * 200_000})

    def read(k):
        return import_pairs(own.request(tmp_path, "run_lengths", name=f"n{k}")).n_pairs

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, range(4))) == [1] * 4
    assert csv.field_size_limit() == before


def test_masks_may_lie_beside_their_images(tmp_path):
    """Told apart by what their names end in; a mask without an image, and the other way, is named.
    """
    files_of = {name.replace("images/", "all/") if name.startswith("images/") else
                name.replace("masks/", "all/").replace(".png", "_mask.png"): content
                for name, content in own.pairs(4).items()}
    del files_of["all/2_mask.png"], files_of["all/3.png"]
    own.write(tmp_path, files_of | {"all/notes.txt": "x"})
    report = import_pairs(own.request(tmp_path, images=str(tmp_path / "all"),
                                      labels=str(tmp_path / "all"), mask_suffix="_mask"))
    assert [row.file.rpartition("/")[2] for row in report.taken] == ["0.png", "1.png"]
    said = " ".join(map(str, report.left_out))
    assert len(report.left_out) == 3 and "has no mask named 2_mask" in said
    assert "has no image named 3" in said and "notes.txt" in said


# -- archives


@pytest.mark.parametrize("around", ["", "nuclei/"])
def test_an_archive_is_read_without_being_unpacked(tmp_path, around):
    """The same content as from the folder, with or without a folder around it."""
    own.write(tmp_path, own.pairs())
    expected = import_pairs(own.request(tmp_path, name="disk")).fingerprint
    members = {around + name: content for name, content in own.pairs().items()}
    path = own.zipped(tmp_path / "own.zip", members | {"__MACOSX/._0.png": "x", ".DS_Store": "x"})
    assert contents(str(path)).folders == {"images": 3, "masks": 3, ".": 6}
    report = import_pairs(ImportRequest(name="zip", archive=str(path), images="images",
                                        labels="masks", rows=32, cols=32))
    assert report.fingerprint == expected
    assert sorted(path.name for path in files.root().iterdir()) == ["disk", "zip"]


def test_names_in_an_archive_are_utf_8_without_the_flag_too(tmp_path):
    """macOS packs so; the names that zipfile makes of it are nobody's."""
    path = tmp_path / "own.zip"
    with zipfile.ZipFile(path, "w") as made:
        for kind, content in (("images", own.encoded(own.image())),
                              ("masks", own.mask_png(own.mask()))):
            made.writestr(f"{kind}/z#rich.png", content)
    path.write_bytes(path.read_bytes().replace(b"z#rich", "zü".encode() + b"ich"))
    assert contents(str(path)).folders == {"images": 1, "masks": 1, ".": 2}
    report = import_pairs(ImportRequest(name="own", archive=str(path), images="images",
                                        labels="masks", rows=32, cols=32))
    assert [row.file for row in report.taken] == ["images/züich.png"]
    placed = place_files(tmp_path / "out", read_pairs(files.root() / "own"),
                         files.read_manifest(files.root() / "own"), copies=True)
    assert placed == (2, ())
    assert (tmp_path / "out/images/0000000_züich.png").read_bytes() == own.encoded(own.image())


def test_a_folder_that_an_archive_has_not_is_answered_with_those_it_has(tmp_path):
    """A folder around everything is left out of the names, so the one asked for may be that."""
    path = own.zipped(tmp_path / "own.zip", {f"images/{kind}/0.png": own.encoded(own.image())
                                             for kind in ("bonn", "ulm")})
    with pytest.raises(ConfigError, match=r"the folders are: bonn, ulm, \."):
        import_pairs(ImportRequest(name="own", kind="none", held_out=0, archive=str(path),
                                   images="images"))


# -- stopping, going on, and what goes wrong on the way


@pytest.mark.parametrize("n_before", range(6))
def test_stopped_anywhere_and_gone_on_with_is_the_same_as_never_stopped(tmp_path, n_before):
    """The same arrays, table and report."""
    own.write(tmp_path, own.pairs(5, (40, 64)) | {"masks/2.png": "broken"})
    request = own.request(tmp_path, fit="tiles")
    whole = import_pairs(own.request(tmp_path, fit="tiles", name="whole"))
    asked = iter(range(6))
    try:
        import_pairs(request, is_cancelled=lambda: next(asked) == n_before)
    except Stopped as error:
        assert f"after {n_before} of 5 images" in str(error)
        assert unfinished() == [("own", n_before, 5, False)]
    report = read_report(files.root() / "own") if n_before > 4 else import_pairs(request)
    assert report._replace(name="whole") == whole
    assert stored()[3] == stored("whole")[3] and not unfinished()


def test_what_was_written_after_the_last_checkpoint_happens_again(tmp_path, monkeypatch):
    """A killed import leaves half a pair behind; it is cut off."""
    own.write(tmp_path, own.pairs())
    request, take = own.request(tmp_path), Draft.take

    def killed(draft, *args):
        take(draft, *args)
        draft._files["images.npy"].write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(Draft, "take", killed)
    with pytest.raises(KeyboardInterrupt):
        import_pairs(request)
    monkeypatch.setattr(Draft, "take", take)
    report = import_pairs(request)
    assert report.fingerprint == import_pairs(own.request(tmp_path, name="whole")).fingerprint


@pytest.mark.parametrize("n_before", [0, 1])
def test_killed_then_gone_on_with_then_stopped_is_the_same_as_never_stopped(tmp_path, monkeypatch,
                                                                            n_before):
    """A checkpoint after the cut counts from the new end; the old one was once counted, and the
    next start filled the gap with zeros."""
    own.write(tmp_path, own.pairs(4))
    request, take = own.request(tmp_path), Draft.take

    def killed(draft, *args):
        take(draft, *args)
        for file in draft._files.values():
            file.flush()
        raise KeyboardInterrupt

    monkeypatch.setattr(Draft, "take", killed)
    with pytest.raises(KeyboardInterrupt):
        import_pairs(request)
    monkeypatch.setattr(Draft, "take", take)
    asked = iter(range(4))
    with pytest.raises(Stopped):
        import_pairs(request, is_cancelled=lambda: next(asked) == n_before)
    report = import_pairs(request)
    whole = import_pairs(own.request(tmp_path, name="whole"))
    assert report._replace(name="whole") == whole
    assert all(np.array_equal(a, b) for a, b in zip(stored()[:3], stored("whole")[:3], strict=True))
    assert stored()[3] == stored("whole")[3]


@pytest.mark.parametrize("lost", ["images.npy", "journal.jsonl"])
def test_a_checkpoint_that_counts_more_than_there_is_counts_nothing(tmp_path, lost):
    """A crash may take away what was written last; the import begins anew."""
    own.write(tmp_path, own.pairs())
    calls = iter(range(9))
    with pytest.raises(Stopped):
        import_pairs(own.request(tmp_path), is_cancelled=lambda: next(calls) == 2)
    (draft,) = (path for path in files.root().glob(".import-*") if path.is_dir())
    with (draft / lost).open("r+b") as file:
        file.truncate(100)
    report = import_pairs(own.request(tmp_path))
    assert report.fingerprint == import_pairs(own.request(tmp_path, name="whole")).fingerprint


def test_changed_files_are_read_anew(tmp_path):
    """What a stopped import stored of the old ones is dropped."""
    own.write(tmp_path, own.pairs())
    calls = iter(range(9))
    with pytest.raises(Stopped):
        import_pairs(own.request(tmp_path), is_cancelled=lambda: next(calls) == 2)
    own.write(tmp_path, {"masks/0.png": own.mask_png(np.ones(own.SHAPE, bool))})
    import_pairs(own.request(tmp_path))
    assert stored()[1][0].all()


def test_progress_counts_the_images(tmp_path):
    """Before each, and at the end."""
    own.write(tmp_path, own.pairs())
    seen = []
    import_pairs(own.request(tmp_path), on_progress=lambda *counts: seen.append(counts))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_full_disk_is_a_sentence_and_nothing_is_left(tmp_path, monkeypatch, data):
    """In the middle of the import."""
    own.write(tmp_path, own.pairs())

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Draft, "take", full)
    with pytest.raises(DataError, match="No space left on device; free some space"):
        import_pairs(own.request(tmp_path))
    assert list(data.iterdir()) == []


def test_too_little_room_is_said_before_the_first_image(tmp_path, monkeypatch, data):
    """With both numbers."""
    own.write(tmp_path, own.pairs())
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("", (), {"free": 2**10}))
    with pytest.raises(DataError, match="needs 0 MB and the disk of"):
        import_pairs(own.request(tmp_path))
    assert list(data.iterdir()) == []


def test_a_taken_name_is_refused(tmp_path):
    """The stored data set stays."""
    own.write(tmp_path, own.pairs())
    import_pairs(own.request(tmp_path))
    with pytest.raises(ConfigError, match=r"import\.name must be new"):
        import_pairs(own.request(tmp_path))


@pytest.mark.parametrize("changes", [{}, {"cols": 48}])
def test_two_at_once_under_one_name_are_refused(tmp_path, changes):
    """The second one is told before its first image, whatever its settings: at the end it would
    find the name taken and lose all that it has done."""
    own.write(tmp_path, own.pairs())

    def meanwhile(n_done, n):
        with pytest.raises(DataError, match="own is being imported just now: wait for it"):
            import_pairs(own.request(tmp_path, **changes))

    assert import_pairs(own.request(tmp_path), on_progress=meanwhile).n_pairs == 3


def test_what_is_being_imported_is_not_removed(tmp_path, call):
    """The draft would go while it is written to."""
    own.write(tmp_path, own.pairs())

    def meanwhile(n_done, n):
        code, _, err = call("data", "remove", "own")
        assert code and "own is being imported just now: stop that import first" in err

    assert import_pairs(own.request(tmp_path), on_progress=meanwhile).n_pairs == 3


def test_nothing_is_stored_where_no_pair_could_be_made(tmp_path, data):
    """The reasons come with the error."""
    own.write(tmp_path, {"images/a.png": "x", "masks/a.png": "x"})
    with pytest.raises(NothingTaken, match="nothing is stored") as caught:
        import_pairs(own.request(tmp_path))
    assert len(caught.value.left_out) == 1 and list(data.iterdir()) == []


def test_where_no_tile_is_kept_the_reason_is_said(tmp_path, data):
    """No file is left out then, and a message without a reason helps nobody."""
    own.write(tmp_path, own.pairs(1) | {"masks/0.png": own.mask_png(np.zeros(own.SHAPE, bool))})
    with pytest.raises(NothingTaken, match="No mask has any target and keep_empty is 0: check"):
        import_pairs(own.request(tmp_path, fit="tiles", rows=16, cols=16, keep_empty=0.0))
    assert list(data.iterdir()) == []


# -- the commands


def test_a_data_set_from_the_command_line(call, tmp_path):
    """Added, listed, shown and removed."""
    own.write(tmp_path, own.pairs())
    code, out, _ = call("data", "add", "own", "--images", tmp_path / "images", "--masks",
                        tmp_path / "masks", "--size", "32x48", "--json")
    added = json.loads(out)
    assert (code, added["n_pairs"], added["rows"], added["cols"]) == (0, 3, 32, 48)
    assert json.loads(call("data", "list", "--json")[1])["stored"][0]["name"] == "own"
    assert json.loads(call("data", "show", "own", "--json")[1]) == added
    assert call("data", "remove", "own")[:2] == (0, "own is removed\n")
    assert call("data", "show", "own")[0] == 2


def test_an_interrupted_import_says_where_it_goes_on(call, tmp_path, monkeypatch):
    """Ctrl-C during the third image: that one is done, none is lost, the handler is put back."""
    own.write(tmp_path, own.pairs(5))
    taken, read = [], importer.read_image

    def interrupted(content, **more):
        taken.append(content)
        if len(taken) == 3:
            signal.raise_signal(signal.SIGINT)
        return read(content, **more)

    monkeypatch.setattr(importer, "read_image", interrupted)
    words = ["data", "add", "own", "--images", tmp_path / "images", "--masks", tmp_path / "masks",
             "--size", "32x32"]
    before = signal.getsignal(signal.SIGINT)
    code, out, err = call(*words)
    assert (code, out) == (130, "") and "was stopped after 3 of 5 images" in err
    assert unfinished() == [("own", 3, 5, False)] and signal.getsignal(signal.SIGINT) is before
    assert "own" in (listed := call("data", "list")[1]) and "stopped after 3 of 5 images" in listed
    with locks.held(lock_of("own")):
        assert "being imported, 3 of 5 images so far" in call("data", "list")[1]
    assert call(*words)[0] == 0 and len(taken) == 5


def test_a_run_on_an_import_is_one_command(call, tmp_path):
    """The one that `data add` ends with."""
    own.write(tmp_path, own.pairs(6))
    out = call("data", "add", "own", "--images", tmp_path / "images", "--masks",
               tmp_path / "masks", "--size", "32x32")[1]
    words = out.strip().splitlines()[-1].partition("shipdash ")[2].split()
    code, out, err = call(*words, "--set", "network.kind=rote", "--set", "selection.first=1",
                          "--json")
    assert code == 0, err
    assert json.loads(out.splitlines()[-1])["n_tested"] == 4


# -- images without masks


@pytest.mark.parametrize("place", ["disk", "archive"])
def test_images_without_masks_are_stored_with_void_ones(tmp_path, place):
    """Every pixel is void, none is held out, and the report speaks of images, not of pairs."""
    own.write(tmp_path, own.pairs(3, (32, 32)))
    where = {"images": f"{tmp_path}/images"}
    if place == "archive":
        where = {"images": "images", "archive": str(own.zipped(
            tmp_path / "new.zip", own.pairs(3, (32, 32))))}
    report = import_pairs(ImportRequest(name="new", kind="none", held_out=0, rows=32, cols=32,
                                        **where))
    images, masks, split, rows = stored("new")
    assert np.array_equal(images[1], own.image(1, (32, 32))) and (masks == 2).all()
    assert not split.any() and [row["mask_file"] for row in rows] == ["", "", ""]
    assert report.sentences == ["3 of 3 files gave 3 images of 32 x 32 pixels without masks."]
    assert read_report(files.root() / "new") == report


def test_nothing_is_learnt_from_images_without_masks(tmp_path, call):
    """A void mask is met by any prediction, so a run on one would keep nothing and say so proudly;
    it is refused in words, by the preset and by the settings alike."""
    own.write(tmp_path, own.pairs(3, (32, 32)))
    code, out, _ = call("data", "add", "new", "--images", tmp_path / "images", "--no-masks",
                        "--size", "32x32", "--json")
    said = json.loads(out)
    assert code == 0 and said["n_pairs"] == 3 and not said["labelled"]
    code, _, err = call("run", "--data", "new")
    assert code == 2 and "must name a data set with masks" in err
    asked = configs.SourceConfig(kind="files", name="new", rows=32, cols=32,
                                 fingerprint=said["fingerprint"][:16])
    with pytest.raises(ConfigError, match="must name a data set with masks"):
        open_source(configs.RunConfig(source=asked), n=3)


@pytest.mark.parametrize("more", [{"labels": "masks"}, {"held_out": 0.2}, {"target": "1"}])
def test_what_needs_masks_is_refused_without_them(more):
    """No folder of labels, no held-out share, no target class."""
    with pytest.raises(ConfigError):
        ImportRequest(**{"name": "new", "kind": "none", "images": "a", "held_out": 0, **more})


def test_the_whole_path_of_an_image_is_not_the_end_of_another():
    """With or without extension; a bare name of two images is of none."""
    find = ByName(["train/1.png", "val/train/1.png"])
    assert find("train/1") == find("train/1.png") == "train/1.png"
    with pytest.raises(Unfit, match="is the name of 2 images"):
        find("1")
