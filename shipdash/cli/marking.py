"""``shipdash label mark|undo|marks|export|import``: what people say of images."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from shipdash.cli.options import add_command, read_text, writing_to
from shipdash.config import ConfigError
from shipdash.counted import counted
from shipdash.data import files
from shipdash.data.pair_list import read_pairs
from shipdash.labelling import MARKS, Marks, Rankings, exports, rank_request
from shipdash.labelling.marks import default_who
from shipdash.runs import Store

FORMATS = ("csv", "coco", "folder")


def mark(args: argparse.Namespace) -> int:
    """Say of images whether their prediction is right or wrong; wrong ones are to be labelled."""
    marks, numbers = Marks(args.name), _numbers(args.name, args.images)
    for number in numbers:  # all or none
        marks.check(number, args.mark, args.who)
    lines = [marks.add(number, args.mark, args.who) for number in numbers]
    _tell(args, {"marked": [line._asdict() for line in lines]},
          f"{counted(len(lines), 'image is', 'images are')} marked {args.mark}.")
    return 0


def undo(args: argparse.Namespace) -> int:
    """Take back the newest mark of a person."""
    taken = Marks(args.name).undo(args.who)
    _tell(args, {"undone": taken and taken._asdict()}, f"{args.who} has no mark to take back."
          if taken is None else f"Image {taken.number} is no longer marked {taken.mark}.")
    return 0


def show_marks(args: argparse.Namespace) -> int:
    """Show the marks that stand, by image, and how many there are of each kind."""
    marks = Marks(args.name)
    standing = sorted(marks.standing().values(), key=lambda line: line.number)
    counts = Counter(line.mark for line in standing)
    if args.json:
        print(json.dumps({"n_images": marks.n, "counts": {name: counts[name] for name in MARKS},
                          "marks": [line._asdict() for line in standing]}))
        return 0
    rows = read_pairs(files.folder_of(args.name))
    for line in standing:
        print(f"{line.mark:<5}  {line.when[:19]}  {line.who:<12}  {rows[line.number].file}")
    print(", ".join(f"{counts[name]:,} {name}" for name in MARKS) + f", of {marks.n:,} images")
    return 0


def export(args: argparse.Namespace) -> int:
    """Write marks.csv (the whole log) and to_label.csv (the images that stand as wrong).

    With --format coco also the predicted masks to correct, with --format folder the pictures.
    """
    out, placed = Path(args.out), None
    if args.format == "coco":
        if args.run is None:
            raise ConfigError("--run", None, "must name the run whose predictions are to be "
                              "corrected")
        ranking = Rankings(args.name).load(
            rank_request(Store(args.runs), args.name, args.run).digest)
    with writing_to(out):
        (out / "marks.csv").write_text(exports.log_csv(args.name), "utf-8", newline="")
        (out / "to_label.csv").write_text(exports.images_csv(args.name), "utf-8", newline="")
        if args.format == "coco":
            exports.write_coco(out, exports.coco(ranking, [
                row.number for _, row in exports.marked(args.name)]))
        elif args.format == "folder":
            placed = exports.write_folder(out, args.name)
    n, missing = len(exports.marked(args.name)), list(placed.missing) if placed else []
    _tell(args, {"n_to_label": n, "out": str(out), "missing": missing},
          f"{counted(n, 'image')} to label: {out / 'to_label.csv'}."
          + (f" {counted(len(missing), 'image is', 'images are')} no longer where they were."
             if missing else ""))
    return 0


def take_in(args: argparse.Namespace) -> int:
    """Take in a marks.csv that was exported here or elsewhere; what is known stays once."""
    n = exports.merge_csv(args.name, read_text("file", args.file))
    _tell(args, {"n_new": n}, f"{counted(n, 'line was', 'lines were')} new.")
    return 0


def add_commands(below: Any) -> None:
    """The commands about marks below ``label``."""
    for name, function in (("mark", mark), ("undo", undo), ("marks", show_marks),
                           ("export", export), ("import", take_in)):
        sub = add_command(below, name, function, runs=name == "export")
        sub.add_argument("name", metavar="NAME", help="data set of images")
        if name == "mark":
            sub.add_argument("mark", choices=MARKS)
            sub.add_argument("images", nargs="+", metavar="IMAGE",
                             help="a number in the data set, or a file name")
        if name in ("mark", "undo"):
            sub.add_argument("--who", default=default_who(), metavar="NAME",
                             help="who says so (default: whoever is logged in)")
        if name == "export":
            sub.add_argument("--out", required=True, metavar="DIR")
            sub.add_argument("--format", choices=FORMATS, default="csv")
            sub.add_argument("--run", metavar="ID", help="the ranking's run, for --format coco")
        if name == "import":
            sub.add_argument("file", metavar="FILE", help="marks.csv of an export")


def _numbers(data: str, images: list[str]) -> list[int]:
    """Numbers as they are, and those of all pairs of the named files."""
    is_number = [image.isdecimal() and len(image) < 10 for image in images]  # longer is a name
    by_name = [image for image, so in zip(images, is_number, strict=True) if not so]
    numbers = [int(image) for image, so in zip(images, is_number, strict=True) if so]
    return numbers + (exports.numbers_of(data, by_name) if by_name else [])


def _tell(args: argparse.Namespace, said: dict, words: str) -> None:
    print(json.dumps(said) if args.json else words)
