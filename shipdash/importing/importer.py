"""The import itself: every image in turn, taken or left out with the reason, then all published.

It decodes, fits and stores nothing itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Callable

from shipdash.config import ConfigError
from shipdash.data import files
from shipdash.data.errors import DataError, Stopped, explained
from shipdash.data.seeded_random import EMPTY_TILES, generator
from shipdash.importing.archive import Archive
from shipdash.importing.coco import Coco
from shipdash.importing.draft import Draft, locked
from shipdash.importing.file_reading import Disk, Place, joined
from shipdash.importing.fit import fitted
from shipdash.importing.listing import Labels, Unfit
from shipdash.importing.mask_folder import MaskFolder
from shipdash.importing.pictures import read_image
from shipdash.importing.report import LeftOut, Report
from shipdash.importing.request import UNLABELLED, ImportRequest
from shipdash.importing.run_lengths import RunLengths
from shipdash.importing.unlabelled import Unlabelled

_LABELS: dict[str, type[Labels]] = {"folders": MaskFolder, "run_lengths": RunLengths,
                                    "coco": Coco, UNLABELLED: Unlabelled}


class NothingTaken(DataError):
    """Not one pair could be made; `left_out` says of each file why, `why` of those left in."""

    def __init__(self, name: str, left_out: list[LeftOut], why: str = "") -> None:
        self.left_out = left_out
        why = f" {why}" if why else (f" The first of {len(left_out):,} reasons: {left_out[0]}"
                                     if left_out else "")
        super().__init__(f"no pair could be made for the data set {name}, so nothing is stored."
                         f"{why}")


def import_pairs(request: ImportRequest, *,
                 on_progress: Callable[[int, int], None] = lambda n_done, n: None,
                 is_cancelled: Callable[[], bool] = lambda: False) -> Report:
    """Make a stored data set of pictures and masks, or go on with a stopped import of them.

    Parameters
    ----------
    request : ImportRequest
    on_progress : callable
        Called with the number of images dealt with and of all, before each image and at the end.
    is_cancelled : callable
        Asked before each image.

    Raises
    ------
    ConfigError
        The request cannot be fulfilled: the name is taken, or a folder or file is not there or
        is not what it should be.
    Stopped
        `is_cancelled` said so. The draft stays, and the same request continues it.
    DataError
        The disk is full or may not be written to, another import of that name is at work, or no
        pair could be made. Nothing is left behind.
    """
    if (files.root() / request.name).exists():
        raise ConfigError("import.name", request.name, f"must be new: {files.root()} has a data "
                          "set of that name. Remove it first or choose another name")
    with (explained(f"cannot write to {files.root()}",
                    "free some space or choose a writable folder with SHIPDASH_DATA"),
          contextlib.closing(Archive(request.archive)) if request.archive
          else contextlib.nullcontext(Disk()) as place,
          locked(request.name, "wait for it or stop it")):
        labels = _LABELS[request.kind](place, request)
        if not labels.candidates:
            raise NothingTaken(request.name, labels.left_out)
        draft = Draft(request, _digest(request, place, labels), len(labels.candidates))
        try:
            return _see_through(request, place, labels, draft, on_progress, is_cancelled)
        except (Stopped, KeyboardInterrupt):
            draft.close()
            raise
        except BaseException:
            with contextlib.suppress(OSError):  # a full disk refuses what was not written yet
                draft.close()
            shutil.rmtree(draft.folder, ignore_errors=True)
            raise


def _see_through(request: ImportRequest, place: Place, labels: Labels, draft: Draft,
                 on_progress: Callable[[int, int], None],
                 is_cancelled: Callable[[], bool]) -> Report:
    n = len(labels.candidates)
    _check_room(request, n - draft.n_done)
    while draft.n_done < n:
        on_progress(draft.n_done, n)
        if is_cancelled():
            draft.save()
            raise Stopped(f"the import of {request.name} was stopped after {draft.n_done:,} "
                          f"of {n:,} images; the same command continues it")
        _take_or_leave(request, place, labels, draft)
    on_progress(n, n)
    draft.close()
    if not draft.n_pairs:
        # Only tiles without target can be dropped of an image that is not left out.
        empty = len(draft.left_out(())) < n
        raise NothingTaken(
            request.name, draft.left_out(labels.left_out),
            f"No mask has any target and keep_empty is {request.keep_empty:g}: check how the "
            "masks are to be read, or keep some empty tiles." if empty else "")
    return draft.publish(labels.left_out)


def _take_or_leave(request: ImportRequest, place: Place, labels: Labels, draft: Draft) -> None:
    """The next image: its pairs are appended to the draft, or the reason why there are none."""
    candidate = labels.candidates[draft.n_done]
    image_file = file = joined(request.images, candidate.image)
    try:
        image = read_image(place.read(image_file), turns=request.kind != "run_lengths")
        file = candidate.label_file or image_file
        mask = labels.mask(candidate, image.pixels.shape[:2])
        file = image_file
        pairs = fitted(image.pixels, mask.pixels, request,
                       generator(request.seed, EMPTY_TILES, draft.n_done))
    except Unfit as error:
        draft.leave_out(file, str(error))
        return
    draft.take(image_file, candidate.label_file, candidate.group, pairs,
               mask.value, image.turned)


def _digest(request: ImportRequest, place: Place, labels: Labels) -> str:
    """Stands for the files of an import as they are now, so that none is mixed with older ones."""
    digest = hashlib.sha256(place.stamp(request.labels).encode())
    for candidate in labels.candidates:
        stamps = (place.stamp(joined(request.images, candidate.image)),
                  place.stamp(candidate.label_file))
        digest.update(repr((candidate, stamps)).encode())
    return digest.hexdigest()


def _check_room(request: ImportRequest, n_images: int) -> None:
    """`DataError` where the disk has less room than one pair an image takes."""
    needed = n_images * request.rows * request.cols * 4  # three bytes a pixel, one of the mask
    free = shutil.disk_usage(files.root()).free
    if needed > free:
        raise DataError(f"the data set {request.name} needs {needed / 2**20:,.0f} MB and the disk "
                        f"of {files.root()} has {free / 2**20:,.0f} MB free; free some space or "
                        "choose another folder with SHIPDASH_DATA")
