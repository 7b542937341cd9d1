"""``shipdash data export``: what a run kept of a data set, by the original files.

No picture is decoded here.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from shipdash.analysis.leaks import groups_to_drop, kept_by_group
from shipdash.config import ConfigError, RunConfig
from shipdash.data import export_files, files, open_source
from shipdash.data.files import DataError
from shipdash.data.pair_list import places, read_pairs, read_split
from shipdash.records import Picked, RunState
from shipdash.runs import Store, StoreError


def export(args: argparse.Namespace) -> int:
    """Write core.csv, groups_to_drop.csv and split.csv of a run, with the names of original files.

    With --coco the part of a COCO file, with --files links to or copies of the pictures.
    """
    store = Store(args.runs)
    config = store.config(args.id)
    if config.source.kind != "files":
        raise ConfigError("id", args.id, "must be of a run on a data set; a scene's core set is "
                          "exported by `shipdash export`")
    folder = files.folder_of(config.source.name)
    rows, split = read_pairs(folder), read_split(folder)
    pool = [rows[place] for place in places(split, "pool")[:config.selection.n_pool]]
    core = _core(store, args.id, config)
    texts = {"core.csv": export_files.pair_table([pool[i] for i in core],
                                                 rank=range(1, len(core) + 1)),
             "split.csv": export_files.split_table(rows, split)}
    drop = None
    if store.status(args.id).state == RunState.COMPLETED and not config.selection.exclude:
        drop = groups_to_drop(kept_by_group([row.group for row in pool], core))
        names = set(drop)
        texts["groups_to_drop.csv"] = export_files.pair_table(
            [row for row in pool if row.group in names])
    kept = [pool[i] for i in core]
    if args.coco:
        texts["core.json"] = json.dumps(export_files.coco_subset(
            _coco(args.coco), [row.file for row in kept]))
    out = Path(args.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (out / name).write_text(text, "utf-8", newline="")
        placed = None if args.files is None else export_files.place_files(
            out, kept, files.read_manifest(folder), copies=args.files == "copies")
    except OSError as error:
        raise DataError(f"cannot write to {out}: {error.strerror}; choose another --out") from None
    _tell(args, len(core), drop, sorted(texts), placed)
    return 0


def add_commands(below: Any) -> None:
    """The command below ``data``."""
    sub = below.add_parser("export", help=export.__doc__.split("\n")[0],
                           description=export.__doc__)
    sub.add_argument("id", metavar="ID", help="run id: 16 hexadecimal digits")
    sub.add_argument("--out", required=True, metavar="DIR")
    sub.add_argument("--coco", metavar="FILE", help="the COCO file that the pairs came from")
    sub.add_argument("--files", choices=("links", "copies"),
                     help="also copy the original pictures and masks of the core set there")
    sub.add_argument("--runs", default=os.environ.get("SHIPDASH_RUNS"), metavar="DIR",
                     help="runs folder (default: $SHIPDASH_RUNS, else ./runs)")
    sub.add_argument("--json", action="store_true", help="print one JSON value at the end")
    sub.set_defaults(command=export)


def _core(store: Store, run_id: str, config: RunConfig) -> list[int]:
    """Pool numbers that a run kept, each once; of a planted repeat, the pair that it repeats."""
    picked = [event.index for event in store.events(run_id)[0] if isinstance(event, Picked)]
    if not picked:
        raise StoreError(f"run {run_id} has no core pairs yet: wait for it or resume it")
    source = open_source(config)
    return list(dict.fromkeys(source.origin(i) for i in picked))


def _coco(file: str) -> dict:
    try:
        content = json.loads(Path(file).read_bytes())
        content["images"][0]["file_name"], content["images"][0]["id"]
        return content
    except (OSError, ValueError, LookupError, TypeError):
        raise ConfigError("--coco", file, "must be a COCO file with images") from None


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
