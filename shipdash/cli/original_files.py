"""``shipdash data export``: what a run kept of a data set, by the original files.

No picture is decoded here.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from shipdash.analysis.leaks import groups_to_drop, kept_by_group
from shipdash.cli.options import add_command, writing_to
from shipdash.config import ConfigError
from shipdash.data import export_files, files
from shipdash.runs import Store
from shipdash.runs.original_files import original_files


def export(args: argparse.Namespace) -> int:
    """Write core.csv, groups_to_drop.csv and split.csv of a run, with the names of original files.

    With --coco the part of a COCO file, with --files links to or copies of the pictures.
    """
    store = Store(args.runs)
    found = original_files(store, args.id)
    texts, drop = {"core.csv": found.core_csv(), "split.csv": found.split_csv()}, None
    if found.all_tested:
        drop = groups_to_drop(kept_by_group([row.group for row in found.pool], found.core))
        texts["groups_to_drop.csv"] = found.groups_csv(drop)
    kept = [found.pool[i] for i in found.core]
    manifest = files.read_manifest(files.folder_of(store.config(args.id).source.name))
    if args.coco:
        texts["core.json"] = json.dumps(_subset(args.coco, {row.file for row in kept}))
    out = Path(args.out)
    with writing_to(out):
        for name, text in texts.items():
            (out / name).write_text(text, "utf-8", newline="")
        placed = None if args.files is None else export_files.place_files(
            out, kept, manifest, copies=args.files == "copies")
    _tell(args, len(kept), drop, sorted(texts), placed)
    return 0


def add_commands(below: Any) -> None:
    """The command below ``data``."""
    sub = add_command(below, "export", export)
    sub.add_argument("id", metavar="ID", help="run id: 16 hexadecimal digits")
    sub.add_argument("--out", required=True, metavar="DIR")
    sub.add_argument("--coco", metavar="FILE", help="the COCO file that the pairs came from")
    sub.add_argument("--files", choices=("links", "copies"),
                     help="also put links to or copies of the core set's original files there")


def _coco(file: str) -> dict:
    try:
        content = json.loads(Path(file).read_bytes())
        lists = content["images"], content.get("annotations", [])
        if content["images"] and all(isinstance(one, dict) for many in lists for one in many):
            return content
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass
    raise ConfigError("--coco", file, "must be a COCO file with images")


def _subset(file: str, names: set[str]) -> dict:
    """The part of a COCO file; `ConfigError` where it lists not all of the kept pictures."""
    found = export_files.coco_subset(_coco(file), names)
    n = len(found["images"])
    if n < len(names):
        raise ConfigError("--coco", file, "must be the file that the data set was imported from; "
                          f"it lists {n:,} of the {len(names):,} kept images")
    return found


def _tell(args: argparse.Namespace, n_core: int, drop: list[str] | None, written: list[str],
          placed: export_files.Placed | None) -> None:
    if args.json:
        print(json.dumps({"run_id": args.id, "n_core": n_core, "groups_to_drop": drop,
                          "written": written, "out": args.out,
                          "n_files": placed and placed.n,
                          "missing": placed and list(placed.missing)}))
        return
    print(f"{', '.join(written)} in {args.out}: {n_core:,} core pairs.")
    if drop is None:
        print("The run has not tested the whole pool, so groups_to_drop.csv is not written.")
    elif drop:
        print(f"Groups of which nothing was kept: {len(drop):,}, for example {drop[0]}.")
    if placed:
        print(f"{placed.n:,} original files are there as {args.files}.")
        if placed.missing:
            print(f"{len(placed.missing):,} are no longer where they were imported from, for "
                  f"example {placed.missing[0]}.")
