"""Labels that are pictures: a folder of masks, matched to the images by path without extension."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from shipdash.data.file_names import spelled
from shipdash.importing.file_reading import Place, joined, pictures_in
from shipdash.importing.listing import Candidate, Mask, Unfit, group_of, stem
from shipdash.importing.mask_values import read_mask
from shipdash.importing.report import LeftOut
from shipdash.importing.request import ImportRequest


class MaskFolder:
    """See `listing.Labels`."""

    def __init__(self, place: Place, request: ImportRequest) -> None:
        self._place, self._request = place, request
        suffix = spelled(request.mask_suffix)
        images, self.left_out = self._stems("images", "")
        masks, others = self._stems("labels", suffix)
        self.left_out += others
        self.candidates = []
        for name in sorted(images.keys() | masks.keys()):
            if name in images and name in masks:
                self.candidates.append(Candidate(
                    images[name], group_of(images[name], request.group),
                    joined(request.labels, masks[name])))
            elif name in images:
                self.left_out.append(LeftOut(joined(request.images, images[name]),
                                             f"has no mask named {name}{suffix}"))
            else:
                self.left_out.append(LeftOut(joined(request.labels, masks[name]),
                                             f"has no image named {name}"))

    def mask(self, candidate: Candidate, shape: tuple[int, int]) -> Mask:
        """See `listing.Labels.mask`."""
        mask = read_mask(self._place.read(candidate.label_file), self._request)
        rows, cols = mask.pixels.shape
        if (rows, cols) != shape:
            raise Unfit(f"has {rows} x {cols} pixels, and its image {shape[0]} x {shape[1]}")
        return mask

    def _stems(self, field: str, suffix: str) -> tuple[dict[str, str], list[LeftOut]]:
        """The pictures of a folder by the name that image and mask share, and those left out."""
        folder = getattr(self._request, field)
        names, left_out = pictures_in(self._place, folder, field)
        if self._request.in_one_folder:  # what ends as a mask is one, the others are images
            end = spelled(self._request.mask_suffix)
            names = [name for name in names if bool(suffix) == spelled(stem(name)).endswith(end)]
            left_out = [] if suffix else left_out
        by_stem: dict[str, list[str]] = defaultdict(list)
        for name in names:
            called = spelled(stem(name))
            if called.endswith(suffix):
                by_stem[called.removesuffix(suffix)].append(name)
            else:
                left_out.append(LeftOut(joined(folder, name),
                                        f"has a name that does not end in {suffix}"))
        for several in by_stem.values():
            left_out += _twins(folder, several)
        return {name: files[0] for name, files in by_stem.items() if len(files) == 1}, left_out


def _twins(folder: str, files: list[str]) -> Iterable[LeftOut]:
    """Files that differ only in their extension, so that it is unclear which of them is meant."""
    if len(files) > 1:
        for file in files:
            others = ", ".join(other for other in files if other != file)
            yield LeftOut(joined(folder, file),
                          f"has the same name as {others} apart from the extension")
