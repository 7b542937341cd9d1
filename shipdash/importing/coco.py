"""Labels as COCO JSON: polygons and both forms of run lengths, drawn by pycocotools.

What would harm pycocotools, which is C and trusts its input, is refused before it is called.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from shipdash.config import ConfigError
from shipdash.data.source import TARGET, VOID
from shipdash.importing.file_reading import Place, joined, pictures_in
from shipdash.importing.listing import ByName, Candidate, Mask, Unfit, group_of, refused
from shipdash.importing.mask_values import marked
from shipdash.importing.report import LeftOut
from shipdash.importing.request import ImportRequest

MOST_OUTLINE_PX = 1_000_000
"""Length of one polygon's outline: pycocotools takes some 50 bytes a pixel of it (measured)."""

_COMPRESSED = re.compile(r"(?:[P-o]{0,5}[0-O])+")
"""Numbers of up to six characters, each ended by one below P. Without that end, pycocotools reads
on behind the text."""


class Coco:
    """See `listing.Labels`. Images without annotations have nothing; *crowd* regions count as
    their category."""

    def __init__(self, place: Place, request: ImportRequest) -> None:
        raw = _document(place, request.labels)
        self._roles = _roles(raw["categories"], request)
        self._annotations: dict[Any, list[dict]] = defaultdict(list)
        self.candidates = []
        self._entries: dict[str, dict] = {}
        self._match(raw["images"], place, request)
        known = {_key(entry.get("id")) for entry in raw["images"]}
        for place_in_list, annotation in enumerate(raw["annotations"], start=1):
            if _key(annotation.get("image_id")) in known:
                self._annotations[_key(annotation["image_id"])].append(annotation)
            else:
                self.left_out.append(LeftOut(
                    f"annotation {place_in_list:,} in {request.labels}",
                    f"belongs to the image {annotation.get('image_id')!r:.40}, which is not "
                    "listed", is_file=False))

    def mask(self, candidate: Candidate, shape: tuple[int, int]) -> Mask:
        """See `listing.Labels.mask`."""
        entry = self._entries[candidate.image]
        said = entry.get("height"), entry.get("width")
        if said != (None, None) and said != shape:
            raise Unfit(f"has {shape[0]} x {shape[1]} pixels, and its labels are for "
                        f"{said[0]!r:.20} x {said[1]!r:.20}")
        planes = {TARGET: np.zeros(shape, bool), VOID: np.zeros(shape, bool)}
        for annotation in self._annotations[_key(entry["id"])]:
            category = annotation.get("category_id")
            if _key(category) not in self._roles:
                raise Unfit(f"has an annotation of the category {category!r:.40}, which is not "
                            "listed")
            role = self._roles[_key(category)]
            if role:
                planes[role] |= region(annotation.get("segmentation"), shape)
        return Mask(marked(shape, planes[TARGET], planes[VOID]))

    def _match(self, entries: list[dict], place: Place, request: ImportRequest) -> None:
        """Candidates from the listed images; those that cannot be told apart are left out."""
        images, self.left_out = pictures_in(place, request.images, "images")
        find = ByName(images, request.images)
        ids = Counter(_key(entry.get("id")) for entry in entries)
        found: dict[str, list[dict]] = defaultdict(list)
        for number, entry in enumerate(entries, start=1):
            called = entry.get("file_name")
            try:
                if not isinstance(called, str):
                    raise Unfit("has no file name")
                if entry.get("id") is None or ids[_key(entry["id"])] > 1:
                    raise Unfit(f"has the id {entry.get('id')!r:.40}, but every image needs a "
                                "unique id")
                found[find(called)].append(entry)
            except Unfit as error:
                self.left_out.append(LeftOut(f"image {number:,} in {request.labels}", str(error),
                                             is_file=False))
        for image in images:
            if len(found[image]) == 1:
                self._entries[image] = found[image][0]
                self.candidates.append(Candidate(image, group_of(image, request.group)))
            else:
                n = len(found[image])
                self.left_out.append(LeftOut(joined(request.images, image),
                                             f"is listed {n} times" if n else
                                             f"is not listed in {request.labels}"))


def region(segmentation: Any, shape: tuple[int, int]) -> np.ndarray:
    """One segmentation drawn: bool (rows, cols).

    Parameters
    ----------
    segmentation
        A list of polygons [x1, y1, x2, y2, ...], or a dictionary of ``size`` and ``counts``, the
        counts being a list of numbers or COCO's compressed text.
    shape : tuple of int
        Rows and columns.

    Raises
    ------
    Unfit
        It is none of these, or does not fit the shape.
    """
    rows, cols = shape
    if isinstance(segmentation, list) and segmentation:
        for polygon in segmentation:
            _check_polygon(polygon, shape)
        parts = [np.array(polygon, float).tolist() for polygon in segmentation]
        return coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(parts, rows, cols))
                                ).astype(bool)
    if not isinstance(segmentation, dict):
        raise Unfit("has an annotation without polygons or run lengths")
    if segmentation.get("size") != [rows, cols]:
        raise Unfit(f"has run lengths for the size {segmentation.get('size')!r:.40}; the image "
                    f"has {rows} x {cols}")
    return _decoded(segmentation.get("counts"), shape)


def _decoded(counts: Any, shape: tuple[int, int]) -> np.ndarray:
    """Run lengths as bool (rows, cols)."""
    n_pixels = shape[0] * shape[1]
    if isinstance(counts, list):
        if not all(type(n) is int and 0 <= n <= n_pixels for n in counts):
            raise Unfit("has run lengths that are not whole numbers within its image")
        encoded = coco_mask.frPyObjects({"size": list(shape), "counts": counts}, *shape)["counts"]
    elif isinstance(counts, str) and _COMPRESSED.fullmatch(counts):
        encoded = counts.encode()
    else:
        raise Unfit("has run lengths that are neither numbers nor COCO's compressed text")
    if not _fits(encoded, n_pixels) or (n_pixels > 1 and _fits(encoded, n_pixels - 1)):
        raise Unfit(f"has run lengths that do not add up to its {n_pixels:,} pixels")
    return coco_mask.decode({"size": list(shape), "counts": encoded}).astype(bool)


def _fits(encoded: bytes, n_pixels: int) -> bool:
    """Whether the runs end within so many pixels: pycocotools minds too many, but not too few."""
    try:
        coco_mask.decode({"size": [n_pixels, 1], "counts": encoded})
        return True
    except ValueError:
        return False


def _check_polygon(polygon: Any, shape: tuple[int, int]) -> None:
    if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2:
        raise Unfit("has a polygon that is not a list of at least three points x, y")
    if not all(type(v) in (int, float) and abs(v) < 1e9 for v in polygon):
        raise Unfit("has a polygon with something other than plain numbers")
    points = np.array(polygon, float).reshape(-1, 2)
    outside = max(shape)
    if (points < -outside).any() or (points > 2 * outside).any():
        raise Unfit("has a polygon that lies far outside of its image")
    if np.abs(np.diff(points, axis=0)).max(axis=1).sum() > MOST_OUTLINE_PX:
        raise Unfit(f"has a polygon whose outline is longer than {MOST_OUTLINE_PX:,} pixels")


def _document(place: Place, name: str) -> dict[str, list[dict]]:
    """Images, annotations and categories; `ConfigError` where the file is no COCO JSON."""
    try:
        raw = json.loads(place.read(name))
    except (Unfit, ValueError, RecursionError) as error:
        raise refused(name, f"must be a JSON file ({error})") from None
    for key in ("images", "annotations", "categories"):
        values = raw.get(key) if isinstance(raw, dict) else None
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise refused(name, f"must be COCO JSON with a list of {key}")
    return {key: raw[key] for key in ("images", "annotations", "categories")}


def _roles(categories: list[dict], request: ImportRequest) -> dict[Any, int]:
    """By category id: 0 outside, `TARGET` or `VOID`. All are target where none is named."""
    names = [category.get("name") for category in categories]
    for word in (*request.targets, *request.voids):
        if word not in names:
            shown = ", ".join(str(name) for name in names[:10])
            raise ConfigError("import.target", word, "and void must name categories of "
                              f"{request.labels}: {shown}")
    ids = Counter(_key(category.get("id")) for category in categories)
    twice = [key for key, n in ids.items() if n > 1]
    if twice:
        raise refused(request.labels, f"must give every category an id of its own; {twice[0]!r} "
                       "is there twice")
    targets = request.targets or tuple(name for name in names if name not in request.voids)
    return {_key(category.get("id")): TARGET if category.get("name") in targets
            else VOID if category.get("name") in request.voids else 0 for category in categories}


def _key(given: Any) -> Any:
    """An id as a key of a dictionary: whatever stands in the file, 1 and "1" being two ids."""
    return given if isinstance(given, (int, str)) else repr(given)
