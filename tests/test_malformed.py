"""Inputs that are wrong in some 400 ways: each ends in a sentence, and nothing half-made is stored.

Two good pairs lie beside each wrong one. Either the import refuses all of it, and the folder of
data sets is as empty as before, or it takes the good pairs and says of the wrong one why not.
"""

import copy
import functools
import json
import re
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import own_pictures as own
import pytest
from PIL import Image

from shipdash.config import ConfigError
from shipdash.data import files
from shipdash.data.files import DataError
from shipdash.importing import ImportRequest, archive, import_pairs

SHAPE = own.SHAPE
N_PIXELS = SHAPE[0] * SHAPE[1]


@functools.cache
def good():
    """Two pairs that are always right, and images for whatever is tried."""
    return own.pairs(3)


def broken_files():
    """No pictures, or none that can be taken: by name, with the extension it is to have."""
    whole = {"png": own.encoded(own.image(2)), "jpg": own.encoded(own.image(2), "JPEG"),
             "tif": own.encoded(own.image(2), "TIFF"), "webp": own.encoded(own.image(2), "WEBP"),
             "bmp": own.encoded(own.image(2), "BMP")}
    for extension, content in whole.items():
        for share in range(10):  # cut off: at the start, in the header, in the pixels
            yield f"cut at {share}0 % .{extension}", content[:len(content) * share // 10]
        for cut in (1, 4, 8, 12, 16, 20, 26):
            yield f"first {cut} bytes .{extension}", content[:cut]
    for extension in whole:
        yield f"text .{extension}", b"not a picture"
        yield f"zeros .{extension}", bytes(500)
        yield f"noise .{extension}", np.random.default_rng(1).bytes(500)
    yield "GIF by content .png", own.encoded(own.image(2), "GIF")
    yield "vast .png", _png_of_size(100_000, 100_000)
    yield "above the limit .png", _png_of_size(10_000, 6_000)
    yield "no rows .png", _png_of_size(0, 10)
    yield "two frames .tif", _frames("TIFF")
    yield "two frames .webp", _frames("WEBP")
    yield "CMYK .jpg", own.encoded(own.image(2), "JPEG", "CMYK")
    yield "16 bits .png", own.encoded(np.full(SHAPE, 40_000, np.uint16))
    yield "16 bits of colour .png", _png_of_16_bits(2, 3)
    yield "16 bits of grey and alpha .png", _png_of_16_bits(4, 2)
    yield "floats .tif", own.encoded(np.zeros(SHAPE, np.float32), "TIFF")


def _png_of_size(width, height):
    """A PNG whose header claims a size; its checksum is right, its pixels are missing."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = own.encoded(own.image(2))
    return (content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:])


def _png_of_16_bits(colour_type, n_channels):
    """Values of 2,000 in every channel; Pillow reads such files and cannot write them."""
    rows, cols = SHAPE
    header = struct.pack(">IIBBBBB", cols, rows, 16, colour_type, 0, 0, 0)
    pixels = zlib.compress((b"\0" + struct.pack(">H", 2000) * cols * n_channels) * rows)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")))


def _frames(form):
    file = own.io.BytesIO()
    Image.fromarray(own.image(0)).save(file, form, save_all=True,
                                       append_images=[Image.fromarray(own.image(1))])
    return file.getvalue()


BROKEN_FILES = dict(broken_files())

WRONG_MASKS = {
    **{f"{rows} x {cols}": own.mask_png(np.ones((rows, cols), bool))
       for rows, cols in [(1, 1), (24, 40), (40, 23), (40, 25), (39, 24), (41, 24), (80, 48),
                          (20, 12), (1, 960), (960, 1)]},
    "three values": own.encoded(np.resize(np.array([0, 1, 2], np.uint8), SHAPE)),
    "greys": own.encoded(own.image()[..., 0]),
    "two values, none 0": own.encoded(np.resize(np.array([1, 2], np.uint8), SHAPE)),
    "colours": own.encoded(own.image()),
    "transparent": own.encoded(np.zeros((*SHAPE, 4), np.uint8)),
    "transparent grey": own.encoded(np.zeros((*SHAPE, 2), np.uint8)),
    "floats": own.encoded(np.zeros(SHAPE, np.float32), "TIFF"),
    "JPEG noise": own.encoded(own.mask(2).astype(np.uint8) * 255, "JPEG", quality=30),
}

BAD_CELLS = [
    "1", "1 2 3", "0 5", "5 0", "-1 3", "1 -3", "1.5 2", "1 2.0", "a b", "1 b", "1,2", "1e1 3",
    "0x1 2", "nan", "NaN NaN", "1 2 2 2", "10 5 1 2", "1 5 3 5", "1 5 1 5", f"{N_PIXELS + 1} 1",
    f"{N_PIXELS} 2", f"1 {N_PIXELS + 1}", "1 99999999999999999999", "99999999999999999999 1",
    "9223372036854775807 9223372036854775807", "1 1 \u0664 2", "1 ²", "[1, 2]", "1;2", "1:2",
    "1 2 -", "0 0", "\u2212 1", "inf 1", "1 inf", "True 1", "1 2 4 0", "None", "- -", "{}",
]

BAD_TABLES = {
    "empty": "", "header only": "ImageId,EncodedPixels\n", "one column": "0.png\n1.png\n",
    "three columns": "0.png,1 2,x\n", "semicolons": "0.png;1 2\n", "tabs": "0.png\t1 2\n",
    "no name": ",1 2\n", "blank name": "  ,1 2\n", "UTF-16": "0.png,1 2\n".encode("utf-16"),
    "Latin-1": "ö.png,1 2\n".encode("latin-1"), "bytes": bytes(range(256)), "NUL": b"\0" * 64,
    "open quote": '0.png,"1 2\n1.png,1 2\n' * 3, "HTML": "<html><body>404</body></html>",
    "JSON": '{"images": []}', "unknown images": "x.png,1 2\ny.png,\n", "a picture": own.encoded(
        own.image()), "huge cell": "0.png," + "1" * (2**24 + 1),
}

BAD_REGIONS = [
    None, 7, "text", [], {}, [[]], [[1]], [[1, 2]], [[1, 2, 3, 4]], [[1, 2, 3, 4, 5]],
    [[1, 2, 3, 4, 5, 6, 7]], [["a", 1, 2, 3, 4, 5]], [[None] * 6], [[1, 2, 3, 4, 5, True]],
    [[1, 2, 3, 4, 5, float("nan")]], [[1, 2, 3, 4, 5, float("inf")]], [[1, 2, 3, 4, 5, 1e300]],
    [[1, 2, 3, 4, 5, 10**400]], [[1, 2, 3, 4, 5, -1e9]], [[1, 2, 3, 4, 5, 10**6]],
    [[-41, 2, 3, 4, 5, 6]], [[81, 2, 3, 4, 5, 6]], [[[1, 2], [3, 4], [5, 6]]], [{"x": 1}], [7],
    [[0, 0, 20, 30] * 20_000], [[1, 1, 5, 1, 5, 5], "x"], [[1, 1, 5, 1, 5, 5], []],
    {"size": list(SHAPE)}, {"counts": [N_PIXELS]}, {"size": list(SHAPE), "counts": []},
    {"size": list(SHAPE), "counts": [N_PIXELS - 1]}, {"size": list(SHAPE), "counts": [N_PIXELS, 1]},
    {"size": list(SHAPE), "counts": [-1, N_PIXELS + 1]}, {"size": list(SHAPE), "counts": [1.5]},
    {"size": list(SHAPE), "counts": ["a"]}, {"size": list(SHAPE), "counts": [2**40]},
    {"size": list(SHAPE), "counts": [True, N_PIXELS - 1]}, {"size": list(SHAPE), "counts": None},
    {"size": list(SHAPE), "counts": 5}, {"size": list(SHAPE), "counts": {}},
    {"size": list(SHAPE), "counts": ""}, {"size": list(SHAPE), "counts": "o"},
    {"size": list(SHAPE), "counts": "0o"}, {"size": list(SHAPE), "counts": "oooooooooooooO"},
    {"size": list(SHAPE), "counts": "\x00"}, {"size": list(SHAPE), "counts": "ö"},
    {"size": list(SHAPE), "counts": "1 2 3"}, {"size": list(SHAPE), "counts": "04"},
    {"size": list(SHAPE[::-1]), "counts": [N_PIXELS]}, {"size": [1, 1], "counts": [1]},
    {"size": [10**9, 10**9], "counts": [1]}, {"size": "40x24", "counts": [1]},
    {"size": [-40, -24], "counts": [N_PIXELS]}, {"size": None, "counts": [1]},
    {"size": [40.5, 24], "counts": [1]}, {"size": [40], "counts": [1]},
]


def _changed(path, value):
    """A COCO document with one thing put in another's place; a path of keys."""
    document = copy.deepcopy(json.loads(own.coco(3)))
    at = document
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return json.dumps(document)


BAD_ENTRIES = {  # of image 2, or of its annotation: the other two are taken
    f"{'/'.join(map(str, path))} = {value!r:.20}": _changed(path, value)
    for path, value in [
        *(((("images", 2, "file_name")), v) for v in (None, 7, [], "", "x.png", "../0.png",
                                                       "/etc/passwd", "2.png\0", "0.png/")),
        *((("images", 2, "id"), v) for v in (None, "2", [2], 7, {}, 2.5)),
        *((("images", 2, "height"), v) for v in (24, 0, -40, "40", None, 1e9, [40])),
        *((("images", 2, "width"), v) for v in (40, 0, "24", None)),
        *((("annotations", 2, "image_id"), v) for v in (7, None, "2", [2], {})),
        *((("annotations", 2, "category_id"), v) for v in (7, None, "1", [1], {})),
    ]}

BAD_DOCUMENTS = {
    "empty": "", "text": "COCO", "cut": own.coco()[:100], "number": "7", "list": "[]",
    "null": "null", "deep": "[" * 100_000,
    "bytes": bytes(range(128, 256)), "many digits": "1" * 5000, "a picture": own.encoded(
        own.image()),
    **{f"{key} = {value!r}": own.coco(**{key: value})
       for key in ("images", "annotations", "categories")
       for value in (None, 7, "text", {}, [7], [None], [[]])},
    "no images": own.coco(images=[]), "two categories of one id": own.coco(
        categories=[{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]),
}


def _zip_of(change):
    """The good pairs, and one member more that `change` has made hostile."""
    def write(path):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for name, content in good().items():
                made.writestr(name, content)
            change(made)
    return write


def _member(name, content=b"x", mode=0o100644, method=zipfile.ZIP_DEFLATED):
    member = zipfile.ZipInfo(name)
    member.external_attr, member.compress_type = mode << 16, method
    return lambda made: made.writestr(member, content)


def _patched(pattern, replacement):
    """Bytes of a good archive replaced, every time they occur."""
    def write(path):
        own.zipped(path, good())
        path.write_bytes(re.sub(re.escape(pattern), replacement, path.read_bytes()))
    return write


def _cut(share):
    def write(path):
        own.zipped(path, good())
        path.write_bytes(path.read_bytes()[:int(path.stat().st_size * share)])
    return write


def _content(content):
    return lambda path: path.write_bytes(content)


BAD_ARCHIVES = {
    **{f"member {name!r}": _zip_of(_member(name)) for name in (
        "/etc/passwd", "../evil.png", "images/../../evil.png", "C:/evil.png", "C:evil.png",
        "..", "a/..", "images/../evil.png", "//server/share.png")},
    "backslash": _patched(b"images/0", rb"images\\0"),
    "backslash up": _patched(b"images/0", rb"..\\\\\\\\ges0"[:8]),
    "link": _zip_of(_member("images/9.png", b"/etc/passwd", 0o120777)),
    "link upwards": _zip_of(_member("masks/9.png", b"../../secret", 0o120777)),
    "device": _zip_of(_member("images/9.png", b"", 0o060644)),
    "pipe": _zip_of(_member("images/9.png", b"", 0o010644)),
    "socket": _zip_of(_member("images/9.png", b"", 0o140644)),
    "bzip2": _zip_of(_member("images/9.png", method=zipfile.ZIP_BZIP2)),
    "lzma": _zip_of(_member("images/9.png", method=zipfile.ZIP_LZMA)),
    "bomb": _zip_of(_member("images/9.png", bytes(101 * 2**20))),
    "empty": _content(b""), "text": _content(b"no archive"), "gzip": _content(b"\x1f\x8b" * 50),
    "tar": _content(b"images/0.png" + bytes(1012)), "RAR": _content(b"Rar!\x1a\x07\x00" * 9),
    "only the end": _content(b"PK\5\6" + bytes(18)), "noise": _content(
        np.random.default_rng(2).bytes(2000)),
    **{f"cut at {share:.0%}": _cut(share) for share in (0.1, 0.3, 0.5, 0.7, 0.9, 0.99)},
}


IMPOSSIBLE_REQUESTS = [
    {"name": "../x"}, {"name": ""}, {"name": "A"}, {"name": "a/b"}, {"name": "."}, {"name": "a b"},
    {"kind": "voc"}, {"fit": "crop"}, {"rows": 0}, {"rows": 100}, {"rows": 2048}, {"cols": 17},
    {"rows": 32.5}, {"threshold": 0}, {"mask_kind": "classes"}, {"target": "1"}, {"void": "1"},
    {"mask_kind": "classes", "target": "x"}, {"mask_kind": "classes", "target": "-1"},
    {"mask_kind": "colours", "target": "red"}, {"mask_kind": "colours", "target": "#ff00"},
    {"mask_kind": "classes", "target": "1", "void": "1"}, {"overlap": 8}, {"keep_empty": 0.5},
    {"fit": "tiles", "overlap": 17}, {"fit": "tiles", "keep_empty": 2.0}, {"group": "(a)(b)"},
    {"group": "("}, {"group": "a"}, {"held_out": 1.0}, {"held_out": float("nan")}, {"seed": -1},
    {"images": ""}, {"labels": ""}, {"images": "a\0b"}, {"kind": "run_lengths", "target": "1"},
    {"kind": "coco", "inverted": True}, {"kind": "coco", "mask_suffix": "_m"},
    {"images": ".", "labels": "."},
]

MISSING_FILES = [
    {"images": "/nowhere"}, {"labels": "/nowhere"}, {"images": "/dev/null"},
    {"kind": "run_lengths", "labels": "/nowhere.csv"},
    {"kind": "run_lengths", "labels": "/dev/zero"}, {"kind": "coco", "labels": "/nowhere.json"},
    {"kind": "coco", "labels": "/"},
    {"archive": "/nowhere.zip"}, {"archive": "/"}, {"fit": "tiles", "rows": 48},
    {"kind": "coco", "target": "boat"}, {"mask_suffix": "_mask"},
]

KINDS = {
    "image files": BROKEN_FILES, "masks": WRONG_MASKS, "cells of run lengths": BAD_CELLS,
    "CSV files": BAD_TABLES, "COCO regions": BAD_REGIONS,
    "COCO images and annotations": BAD_ENTRIES, "COCO files": BAD_DOCUMENTS,
    "ZIP archives": [*BAD_ARCHIVES, "many files", "too large", "damaged member", "encrypted",
                     "false size"],
    "requests": IMPOSSIBLE_REQUESTS, "paths": MISSING_FILES,
}
"""All that is tried, by its name in docs/your-data.md; the last five archives have tests of their
own."""


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def is_a_sentence(text):
    """Something that a person can read: no traceback, no bare exception, not endless."""
    return len(text.split()) >= 3 and len(text) < 700 and "Traceback" not in text


def taken(request):
    """The files taken, and the sentences; all the promises that hold for any input are checked."""
    try:
        report = import_pairs(request)
    except (ConfigError, DataError) as error:
        assert is_a_sentence(str(error)), str(error)
        assert not files.root().exists() or not any(files.root().iterdir())
        return [], [str(error)]
    assert all(is_a_sentence(str(row)) for row in report.left_out), report.left_out
    assert [path.name for path in files.root().iterdir()] == [request.name]
    assert len(report.taken) == len(np.load(files.root() / "own" / "images.npy"))
    return [row.file.rpartition("/")[2] for row in report.taken], [
        str(row) for row in report.left_out]


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_broken_image_is_left_out(tmp_path, name):
    """The good pairs beside it are taken."""
    own.write(tmp_path, {k: v for k, v in good().items() if k != "images/2.png"})
    own.write(tmp_path, {f"images/2.{name.rpartition('.')[2]}": BROKEN_FILES[name]})
    found, said = taken(own.request(tmp_path))
    assert found == ["0.png", "1.png"] and len(said) == 1
    assert ("save it with 8 bits" in said[0]) == name.startswith(("16 bits", "floats"))


@pytest.mark.parametrize("kind", WRONG_MASKS)
def test_a_mask_that_does_not_fit_is_left_out(tmp_path, kind):
    """By its own name."""
    own.write(tmp_path, good() | {"masks/2.png": WRONG_MASKS[kind]})
    found, said = taken(own.request(tmp_path))
    assert found == ["0.png", "1.png"] and "masks/2.png" in said[0]


@pytest.mark.parametrize("cell", BAD_CELLS)
def test_bad_run_lengths_leave_their_image_out(tmp_path, cell):
    """Even where another row of that image is right: half a mask is wrong."""
    own.write(tmp_path, good() | {"labels.csv": f'0,1 3\n1,\n2,50 3\n2,"{cell}"\n'})
    found, said = taken(own.request(tmp_path, "run_lengths"))
    assert found == ["0.png", "1.png"] and "/2.png has" in said[0]


@pytest.mark.parametrize("kind", BAD_TABLES)
def test_a_table_that_is_none_is_refused(tmp_path, kind):
    """Nothing is stored."""
    own.write(tmp_path, good() | {"labels.csv": BAD_TABLES[kind]})
    assert taken(own.request(tmp_path, "run_lengths"))[0] == []


@pytest.mark.parametrize("row, why", [("0.png", "row 2 has 1"), ("0.png,1 2,x", "row 2 has 3"),
                                      (",1 2", "row 2 names none")])
def test_a_table_is_refused_with_its_row(tmp_path, row, why):
    """*Must have two columns; row 2 has 2* was once said of a row without a name."""
    own.write(tmp_path, good() | {"labels.csv": f"1,\n{row}\n"})
    assert why in taken(own.request(tmp_path, "run_lengths"))[1][0]


@pytest.mark.parametrize("region", BAD_REGIONS, ids=lambda v: f"{v!r:.30}")
def test_a_bad_coco_region_leaves_its_image_out(tmp_path, region):
    """Nothing of it reaches pycocotools that could end the process."""
    own.write(tmp_path, good() | {"labels.json": _changed(("annotations", 2, "segmentation"),
                                                          region)})
    found, said = taken(own.request(tmp_path, "coco"))
    assert found == ["0.png", "1.png"] and "/2.png has" in said[0]


@pytest.mark.parametrize("change", BAD_ENTRIES)
def test_a_bad_coco_entry_is_named(tmp_path, change):
    """The other two images are taken; an annotation without an image is named by its number."""
    own.write(tmp_path, good() | {"labels.json": BAD_ENTRIES[change]})
    found, said = taken(own.request(tmp_path, "coco"))
    assert found[:2] == ["0.png", "1.png"] and said


@pytest.mark.parametrize("kind", BAD_DOCUMENTS)
def test_a_document_that_is_no_coco_is_refused(tmp_path, kind):
    """Nothing is stored."""
    own.write(tmp_path, good() | {"labels.json": BAD_DOCUMENTS[kind]})
    assert taken(own.request(tmp_path, "coco"))[0] == []


def from_archive(path):
    return ImportRequest(name="own", archive=str(path), images="images", labels="masks", rows=32,
                         cols=32)


@pytest.mark.parametrize("kind", BAD_ARCHIVES)
def test_a_hostile_archive_is_refused(tmp_path, kind):
    """As a whole, before a file of it is read."""
    BAD_ARCHIVES[kind](tmp_path / "own.zip")
    assert taken(from_archive(tmp_path / "own.zip"))[0] == []


def test_an_archive_of_too_many_files_is_refused(tmp_path):
    """100,000 files belong into a folder."""
    with zipfile.ZipFile(tmp_path / "own.zip", "w") as made:
        for k in range(archive.MOST_FILES + 1):
            made.writestr(f"images/{k}", b"")
    assert "at most 20,000 files" in taken(from_archive(tmp_path / "own.zip"))[1][0]


def test_an_archive_says_no_more_than_it_may_unpack(tmp_path, monkeypatch):
    """The sum of what the directory says."""
    monkeypatch.setattr(archive, "MOST_BYTES", 1000)
    own.zipped(tmp_path / "own.zip", good())
    assert "must unpack to at most" in taken(from_archive(tmp_path / "own.zip"))[1][0]


def test_a_member_that_is_damaged_is_left_out(tmp_path):
    """Its checksum does not fit; the others are taken."""
    path = own.zipped(tmp_path / "own.zip", good(), zipfile.ZIP_STORED)
    content = path.read_bytes()
    at = content.index(good()["images/2.png"]) + 500
    path.write_bytes(content[:at] + b"damaged" + content[at + 7:])
    found, said = taken(from_archive(path))
    assert found == ["0.png", "1.png"] and "is damaged inside the archive" in said[0]


def test_a_member_that_holds_more_than_it_says_is_not_unpacked(tmp_path):
    """50 MB of zeros, 100 bytes by both headers: left out, and never whole in memory."""
    path = tmp_path / "own.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in good().items():
            made.writestr(name, content if name != "images/2.png" else bytes(50 * 2**20))
    true, false = struct.pack("<I", 50 * 2**20), struct.pack("<I", 100)
    assert path.read_bytes().count(true) == 2
    path.write_bytes(path.read_bytes().replace(true, false))
    tracemalloc.start()
    found, said = taken(from_archive(path))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == ["0.png", "1.png"] and "images/2.png" in said[0]
    assert most < 10 * 2**20


def test_a_time_in_a_name_is_no_drive(tmp_path):
    """Nothing is unpacked, so a colon does no harm."""
    names = {f"2026-11-26T12:{k}0:00{end}.png": good()[f"{kind}/{k}.png"]
             for k in range(2) for kind, end in (("images", ""), ("masks", "_mask"))}
    path = own.zipped(tmp_path / "own.zip", names)
    found, said = taken(ImportRequest(name="own", archive=str(path), images=".", labels=".",
                                      mask_suffix="_mask", rows=32, cols=32))
    assert found == [name for name in names if "_mask" not in name] and not said


def test_an_encrypted_archive_is_refused(tmp_path):
    """The flag stands in both headers of a member."""
    path = own.zipped(tmp_path / "own.zip", good(), zipfile.ZIP_STORED)
    content = path.read_bytes().replace(b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0")
    path.write_bytes(content)
    assert "is encrypted" in taken(from_archive(path))[1][0]


@pytest.mark.parametrize("changes", IMPOSSIBLE_REQUESTS, ids=str)
def test_a_request_that_cannot_be_meant_is_refused(tmp_path, changes):
    """Field, value and rule."""
    with pytest.raises(ConfigError, match=r"^import\.\w+ .*Received: "):
        own.request(tmp_path, **changes)


@pytest.mark.parametrize("changes", MISSING_FILES, ids=str)
def test_files_that_are_not_there_are_a_sentence(tmp_path, changes):
    """Nothing is stored."""
    own.write(tmp_path, good() | {"labels.json": own.coco()})
    assert taken(own.request(tmp_path, **changes))[0] == []


def test_the_note_has_the_counts():
    """One row a kind, and their sum."""
    note = (Path(__file__).parents[1] / "docs" / "your-data.md").read_text()
    found = dict(re.findall(r"^\| ([A-Za-z ]+) \| (\d+) \|", note, re.M))
    assert {kind: int(found[kind]) for kind in KINDS} == {
        kind: len(tried) for kind, tried in KINDS.items()}
    assert f"{sum(map(len, KINDS.values()))} malformed inputs" in note
