"""Small generated images and masks on disk, and a request that imports them."""

import io
import json
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from shipdash.importing import ImportRequest

SHAPE = (40, 24)


def image(seed=0, shape=SHAPE):
    """A colour image of noise, uint8."""
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)


def mask(seed=0, shape=SHAPE):
    """A filled rectangle somewhere, bool."""
    row, col = np.random.default_rng([seed, 1]).integers(0, (shape[0] // 2, shape[1] // 2))
    found = np.zeros(shape, bool)
    found[row:row + shape[0] // 3, col:col + shape[1] // 3] = True
    return found


def encoded(array, form="PNG", mode=None, **options):
    """The bytes of a picture file."""
    picture = Image.fromarray(array)
    file = io.BytesIO()
    (picture.convert(mode) if mode else picture).save(file, form, **options)
    return file.getvalue()


def palette(indices, colours):
    """A palette PNG of one row."""
    picture = Image.new("P", (len(indices), 1))
    picture.putpalette(colours)
    for col, index in enumerate(indices):
        picture.putpixel((col, 0), index)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def grey_of_two_bits(values):
    """A grey PNG of one row, up to four pixels of two bits; Pillow reads such files only."""
    packed = sum(value << (6 - 2 * k) for k, value in enumerate(values))
    header = struct.pack(">IIBBBBB", len(values), 1, 2, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes([0, packed]))),
                              (b"IEND", b"")))


def mask_png(found):
    """A mask of 0 and 255."""
    return encoded(found.astype(np.uint8) * 255)


def run_lengths(found):
    """One cell of the Airbus contest's CSV, written independently of what reads it."""
    flat = np.concatenate([[0], found.ravel(order="F"), [0]])
    starts, ends = np.flatnonzero(np.diff(flat) == 1), np.flatnonzero(np.diff(flat) == -1)
    return " ".join(f"{start + 1} {end - start}" for start, end in zip(starts, ends, strict=True))


def write(folder, files):
    """Store bytes or text by relative name."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def pairs(n=3, shape=SHAPE):
    """Names and contents of `n` pairs: images/0.png, masks/0.png and so on."""
    return {f"images/{k}.png": encoded(image(k, shape)) for k in range(n)} | {
        f"masks/{k}.png": mask_png(mask(k, shape)) for k in range(n)}


def coco(n=3, **changes):
    """A COCO document of `n` images with one square each."""
    square = [2, 2, 10, 2, 10, 10, 2, 10]
    document = {
        "images": [{"id": k, "file_name": f"{k}.png", "height": SHAPE[0], "width": SHAPE[1]}
                   for k in range(n)],
        "annotations": [{"id": k, "image_id": k, "category_id": 1, "segmentation": [square]}
                        for k in range(n)],
        "categories": [{"id": 1, "name": "ship"}, {"id": 2, "name": "cloud"}]}
    return json.dumps(document | changes)


def coco_of(masks, form):
    """A COCO document of named masks; `form` makes the segmentation of one mask."""
    return json.dumps({
        "images": [{"id": name, "file_name": name, "height": len(mask), "width": mask.shape[1]}
                   for name, mask in masks.items()],
        "annotations": [{"image_id": name, "category_id": 1, "segmentation": form(mask)}
                        for name, mask in masks.items()],
        "categories": [{"id": 1, "name": "nucleus"}]})


def polygons(found):
    """A rectangle for each run of a row: the corners lie between pixels, so drawing is exact."""
    edges = np.diff(np.pad(found.astype(np.int8), ((0, 0), (1, 1))))
    rows, starts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    return [[left, row, right, row, right, row + 1, left, row + 1] for left, row, right
            in zip(starts.tolist(), rows.tolist(), ends.tolist(), strict=True)]


def uncompressed(found):
    """Lengths of outside and inside in turn, down the columns, written independently."""
    flat = found.ravel(order="F")
    edges = np.flatnonzero(np.diff(flat.astype(np.int8))) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    return {"size": list(found.shape), "counts": [0, *counts] if flat[0] else counts}


def compressed(found):
    """The same as pycocotools encodes it."""
    encoded_mask = coco_mask.encode(np.asfortranarray(found.astype(np.uint8)))
    return {"size": list(found.shape), "counts": encoded_mask["counts"].decode()}


def request(folder, kind="folders", **changes):
    """What imports `pairs` from a folder as they are laid out there."""
    labels = {"folders": "masks", "run_lengths": "labels.csv", "coco": "labels.json"}.get(kind)
    return ImportRequest(**{"name": "own", "kind": kind, "images": f"{folder}/images",
                            "labels": f"{folder}/{labels}", "rows": 32, "cols": 32, **changes})


def zipped(path, files, compression=zipfile.ZIP_DEFLATED):
    """A ZIP archive of these files."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path
