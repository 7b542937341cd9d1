"""What can be asked of an import: every choice with its rule. It opens no file."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from shipdash.config.base import A_DATA_NAME, Question, Section, setting_field

BY_FOLDER = "folder"
UNLABELLED = "none"
_TEXT = (r"[^\x00]{1,4096}", "a text of at most 4,096 characters")


@dataclass(frozen=True, kw_only=True)
class ImportRequest(Section, Question, name="import"):
    """Which files, how their masks are to be read, and what size they are to have."""

    name: str = setting_field(
        "", "Name", "What the data set is called; its folder among the stored ones.",
        pattern=A_DATA_NAME,
    )
    kind: str = setting_field(
        "folders", "Labels", "folders: a folder of masks; run_lengths: a CSV as in the Airbus "
        "contest; coco: a COCO JSON; none: images that nobody has labelled yet.",
        choices=("folders", "run_lengths", "coco", UNLABELLED),
    )
    archive: str = setting_field(
        "", "ZIP file", "Everything below is inside this archive; without it, on the disk.",
        pattern=_TEXT,
    )
    images: str = setting_field("", "Images", "The folder of images.", pattern=_TEXT)
    labels: str = setting_field(
        "", "Masks", "The folder of masks, the CSV or the COCO JSON.", pattern=_TEXT,
    )
    mask_suffix: str = setting_field(
        "", "Mask suffix", "What a mask's name has after its image's name: _mask for a_mask.png.",
        pattern=_TEXT,
    )
    mask_kind: str = setting_field(
        "binary", "Mask values", "binary: two values, one of them 0; grey: target from the "
        "threshold up; classes: class numbers, or palette indices; colours: colours.",
        choices=("binary", "grey", "classes", "colours"),
    )
    threshold: int = setting_field(
        128, "Threshold", "The lowest grey value that is target, for masks of grey values.",
        low=1, high=65_535,
    )
    target: str = setting_field(
        "", "Target", "The class numbers, #rrggbb colours or COCO categories that are target, "
        "with commas.", pattern=_TEXT,
    )
    void: str = setting_field(
        "", "Void", "The classes, colours or categories that count neither as target nor as "
        "background.",
        pattern=_TEXT,
    )
    inverted: bool = setting_field(
        False, "Inverted", "The target is what the masks show as background.",
    )
    fit: str = setting_field(
        "resize", "Fit", "resize: to rows x columns; letterbox: the same with bars, so that "
        "nothing is distorted; tiles: cut into rows x columns at full resolution.",
        choices=("resize", "letterbox", "tiles"),
    )
    rows: int = setting_field(
        128, "Rows", "Height of the stored pairs; the networks halve it four times.",
        low=16, high=1024, step=16, unit="px",
    )
    cols: int = setting_field(
        128, "Columns", "Width of the stored pairs.", low=16, high=1024, step=16, unit="px",
    )
    overlap: int = setting_field(
        0, "Overlap", "How far neighbouring tiles overlap.", low=0, high=512, unit="px",
    )
    keep_empty: float = setting_field(
        1.0, "Empty tiles", "The share of tiles without target that is kept, drawn with the seed.",
        low=0.0, high=1.0,
    )
    group: str = setting_field(
        "", "Group", "folder: the folder that an image lies in; or a regular expression whose "
        "parentheses find the group in the file name.", pattern=_TEXT,
    )
    held_out: float = setting_field(
        0.2, "Held-out share", "Pairs that no selection sees; groups and the tiles of one image "
        "stay together.", low=0.0, high=0.9,
    )
    seed: int = setting_field(
        1, "Seed", "Draws the held-out pairs and the empty tiles that are kept.",
        low=0, high=2**31 - 1,
    )

    def _check(self) -> None:
        for name in ("name", "images"):
            self._require(bool(getattr(self, name)), name, "must be given")
        for name in ("images", "labels", "archive", "mask_suffix"):
            given = getattr(self, name)  # a name on the disk may be any bytes, a text may not
            self._require(given.encode("utf-8", "replace").decode() == given, name,
                          "must be a name in UTF-8: rename it")
        self._require(bool(self.labels) == self.labelled, "labels",
                      "must be given, unless the images have no labels", "kind")
        self._require(self.labelled or (not self.held_out and self.keep_empty == 1), "held_out",
                      "must be 0, and keep_empty 1, where images have no labels", "keep_empty")
        for name in ("rows", "cols"):
            self._require(getattr(self, name) % 16 == 0, name, "must be a multiple of 16")
        self._check_values()
        self._require(self.overlap == 0 or self.fit == "tiles", "overlap",
                      "must be 0 unless images are cut into tiles", "fit")
        self._require(self.overlap <= min(self.rows, self.cols) // 2, "overlap",
                      "must be at most half a tile", "rows", "cols")
        self._require(self.keep_empty == 1 or self.fit == "tiles", "keep_empty",
                      "must be 1 unless images are cut into tiles", "fit")
        self._require(self.group in ("", BY_FOLDER) or _has_one_group(self.group), "group",
                      "must be 'folder' or a regular expression with one pair of parentheses")

    def _check_values(self) -> None:
        """Which words `target` and `void` may hold depends on what the masks are made of."""
        kind = self.mask_kind if self.kind == "folders" else "categories"
        words = (*self.targets, *self.voids)
        named = kind in ("classes", "colours")
        self._require(kind == "categories" or bool(self.targets) == named, "target",
                      "must be given for masks of classes or colours, and only for them",
                      "mask_kind")
        self._require(self.kind not in ("run_lengths", UNLABELLED) or not words, "target",
                      "and void must be empty for run lengths, which know one class, and where "
                      "there are no labels", "void")
        self._require(not self.voids or kind in ("classes", "colours", "categories"), "void",
                      "must be empty unless masks hold classes, colours or COCO categories")
        self._require(not set(self.targets) & set(self.voids), "void",
                      "must name nothing that is target", "target")
        rule = {"classes": (r"\d{1,5}", "class numbers from 0 to 65535"),
                "colours": (r"#[0-9a-fA-F]{6}", "colours such as #ff0000")}.get(kind)
        for name, given in (("target", self.targets), ("void", self.voids)):
            self._require(rule is None or all(re.fullmatch(rule[0], word, re.ASCII)
                                              for word in given),
                          name, f"must be {rule and rule[1]}, with commas")
        self._require(self.kind == "folders" or not (self.mask_suffix or self.inverted
                                                     or self.mask_kind != "binary"),
                      "mask_kind", "must be binary, without suffix or inversion, unless masks are "
                      "pictures", "mask_suffix", "inverted")
        self._require(self.kind != "folders" or not self.in_one_folder or bool(self.mask_suffix),
                      "mask_suffix",
                      "must tell masks from images where both are in one folder", "labels")

    @property
    def labelled(self) -> bool:
        """Whether the images have masks of any kind."""
        return self.kind != UNLABELLED

    @property
    def in_one_folder(self) -> bool:
        """Whether masks that are pictures lie beside their images, however both are written."""
        return posixpath.normpath(self.images) == posixpath.normpath(self.labels)

    @property
    def targets(self) -> tuple[str, ...]:
        """What is target, word by word."""
        return _words(self.target)

    @property
    def voids(self) -> tuple[str, ...]:
        """What counts nowhere, word by word."""
        return _words(self.void)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _has_one_group(pattern: str) -> bool:
    try:
        return re.compile(pattern).groups == 1
    except (re.error, RecursionError, OverflowError):
        return False
