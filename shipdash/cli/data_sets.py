"""``shipdash data``: import, list, show and remove your own data sets."""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
from typing import Any

from shipdash.cli import leaks, original_files, progress_bars
from shipdash.cli.interrupts import gently_stopped
from shipdash.cli.options import add_command
from shipdash.config import ConfigError
from shipdash.data import files
from shipdash.data.files import DataError
from shipdash.importing import ImportRequest, Report, import_pairs, read_report
from shipdash.importing.draft import discard, unfinished
from shipdash.importing.importer import NothingTaken
from shipdash.importing.request import UNLABELLED

MOST_SHOWN = 20  # files left out, without --json

_SIZE = re.compile(r"(\d{1,4})x(\d{1,4})")
_LABELS = {"masks": "folders", "csv": "run_lengths", "coco": "coco", "no_masks": UNLABELLED}


def add(args: argparse.Namespace) -> int:
    """Import images and masks, or continue an import that was stopped."""
    request = _request(args)
    try:
        with (gently_stopped(lambda: None, "stopping after this image") as stopped,
              progress_bars.of_units("images") as on_progress):
            report = import_pairs(request, on_progress=on_progress,
                                  is_cancelled=lambda: bool(stopped))
    except NothingTaken as error:
        if args.json:
            print(json.dumps({"name": request.name, "n_pairs": 0, "left_out":
                              [row._asdict() for row in error.left_out]}))
        raise
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"the same command continues the import of {request.name}"
                                ) from None
    _tell(report, args.json)
    return 0


def list_sets(args: argparse.Namespace) -> int:
    """List the stored data sets and the imports that have not ended."""
    stored, drafts = files.stored(), unfinished()
    if args.json:
        print(json.dumps({"stored": stored, "unfinished": [row._asdict() for row in drafts]}))
        return 0
    for row in stored:
        print(f"{row['name']:<24} {row['n']:>8,} pairs of {row['rows']} x {row['cols']}  "
              f"{row['fingerprint'][:16]}")
    for row in drafts:
        how = ("being imported, {} images so far" if row.at_work else
               "stopped after {} images; the same `data add` continues it")
        print(f"{row.name:<24} {how.format(f'{row.n_done:,} of {row.n_files:,}')}")
    if not stored and not drafts:
        print(f"No data sets in {files.root()}. Import one: python -m shipdash data add --help")
    return 0


def show(args: argparse.Namespace) -> int:
    """Show a data set: its number of pairs, what was left out, and how to select from it."""
    folder = files.folder_of(args.name)
    manifest = files.read_manifest(folder)
    try:
        report = read_report(folder)
    except DataError:  # stored by `files.write`, without an import
        print(json.dumps(manifest) if args.json else
              f"{manifest['name']}: {manifest['n']:,} pairs of {manifest['rows']} x "
              f"{manifest['cols']} pixels, without a report of an import.")
        return 0
    _tell(report, args.json)
    return 0


def remove(args: argparse.Namespace) -> int:
    """Delete a data set and the rest of stopped imports of that name. Its runs are kept."""
    n_drafts = discard(args.name)
    try:
        files.remove(args.name)
    except ConfigError:
        if not n_drafts:
            raise
    print(json.dumps({"removed": args.name}) if args.json else f"{args.name} is removed")
    return 0


def add_commands(commands: Any) -> None:
    """``data`` and the commands below it."""
    data = commands.add_parser("data", help="data sets of your own", description=(
        "Data sets of your own: import images and masks, look for leaks, split anew, export."))
    below = data.add_subparsers(required=True, metavar="COMMAND")
    for name, function in (("add", add), ("list", list_sets), ("show", show), ("remove", remove)):
        sub = add_command(below, name, function, runs=False)
        if name != "list":
            sub.add_argument("name", metavar="NAME")
        if name == "add":
            _add_options(sub)
    leaks.add_commands(below)
    original_files.add_commands(below)


def _add_options(parser: argparse.ArgumentParser) -> None:
    """The fields of an `ImportRequest`, in the words of a command line."""
    parser.add_argument("--images", required=True, metavar="DIR", help="folder of images")
    labels = parser.add_mutually_exclusive_group(required=True)
    labels.add_argument("--masks", metavar="DIR", help="folder of mask pictures")
    labels.add_argument("--csv", metavar="FILE", help="run lengths, as in the Airbus contest")
    labels.add_argument("--coco", metavar="FILE", help="COCO JSON")
    labels.add_argument("--no-masks", action="store_const", const="",
                        help="images that nobody has labelled yet (docs/label-next.md)")
    parser.add_argument("--zip", dest="archive", default="", metavar="FILE",
                        help="read all of these inside a ZIP archive")
    parser.add_argument("--size", default="128x128", metavar="ROWSxCOLS",
                        help="size of the stored pairs, multiples of 16 (default: 128x128)")
    for field in dataclasses.fields(ImportRequest):
        if field.name in ("name", "kind", "archive", "images", "labels", "rows", "cols"):
            continue
        option = "--" + field.name.replace("_", "-")
        if isinstance(field.default, bool):
            parser.add_argument(option, action="store_true", help=field.metadata["help"])
            continue
        kind = type(field.default)
        parser.add_argument(option, default=field.default, type=kind,
                            choices=field.metadata["choices"], help=field.metadata["help"],
                            metavar=None if field.metadata["choices"] else kind.__name__.upper())


def _request(args: argparse.Namespace) -> ImportRequest:
    size = _SIZE.fullmatch(args.size)
    if not size:
        raise ConfigError("--size", args.size, "must be rows x columns, e.g. 128x128")
    option = next(option for option in _LABELS if getattr(args, option) is not None)
    given = {field.name: getattr(args, field.name) for field in dataclasses.fields(ImportRequest)
             if hasattr(args, field.name)}
    if option == "no_masks":
        given["held_out"] = 0.0  # nothing can be scored without masks
    return ImportRequest(**given, kind=_LABELS[option], labels=getattr(args, option),
                         rows=int(size[1]), cols=int(size[2]))


def _tell(report: Report, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report.to_dict()))
        return
    print(*report.sentences, *report.left_out[:MOST_SHOWN], sep="\n")
    if len(report.left_out) > MOST_SHOWN:
        print(f"and {len(report.left_out) - MOST_SHOWN:,} more: python -m shipdash data show "
              f"{report.name} --json")
    print(f"Select from it: python -m shipdash run --data {report.name}" if report.labelled else
          f"Rank them: python -m shipdash label rank {report.name} --run ID")
