"""``shipdash data sample|leaks|split``: the sample in the package, near duplicates, held-out pairs.

How pictures are brought in is in `data_sets`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

from shipdash.analysis.leaks import groups_on_both_sides, leaks_finding
from shipdash.analysis.leaks import leaks as count_leaks
from shipdash.cli.options import add_command, read_text
from shipdash.config import ConfigError, SourceConfig
from shipdash.data import files, held_out, sample_data
from shipdash.data.near_duplicates import DISTANCE, FARTHEST, Nearest, clusters
from shipdash.data.pair_list import PairRow, places, read_pairs, read_split
from shipdash.data.stored_duplicates import near_duplicates
from shipdash.data.stored_split import store_split

MOST_SHOWN = 20  # pairs of near duplicates, without --json


def sample(args: argparse.Namespace) -> int:
    """Store the sample that comes with the package as a data set."""
    _tell_stored(sample_data.sample(args.name), args.json)
    return 0


def leaks(args: argparse.Namespace) -> int:
    """Find near duplicates in a data set and count held-out pictures that have one in the pool."""
    folder = files.folder_of(args.name)
    distance = _distance(args)
    found, of_split, rows = near_duplicates(folder), read_split(folder), read_pairs(folder)
    linked = found.by_cell if args.cells else found.by_picture
    near = found.in_pool_by_cell if args.cells else found.in_pool
    said = count_leaks(near.distance, distance)
    pairs = [{"distance": apart, "first": rows[i].file, "second": rows[j].file}
             for i, j, apart in linked.within(distance)]
    both = groups_on_both_sides([row.group for row in rows], of_split)
    if args.json:
        print(json.dumps({
            "n_held_out": said.n_held_out, "n_leaking": said.n_leaking, "distance": distance,
            "cells": args.cells, "pairs": pairs, "n_clusters": linked.n_clusters(distance),
            "leaking": _leaking(near, rows, of_split, distance), "groups_on_both_sides": both}))
        return 0
    for pair in pairs[:MOST_SHOWN]:
        print(f"{pair['distance']:>3} of 64 bits  {pair['first']}  {pair['second']}")
    if len(pairs) > MOST_SHOWN:
        print(f"and {len(pairs) - MOST_SHOWN:,} more: --json lists all")
    print(f"Clusters of near duplicates among {len(rows):,} images: "
          f"{linked.n_clusters(distance):,}.")
    print(leaks_finding(said))
    if both:
        print(f"Groups in the pool and held out: {len(both):,}, for example {both[0]}.")
    return 0


def split(args: argparse.Namespace) -> int:
    """Store a copy of a data set with other held-out pairs, drawn by groups or listed in a file."""
    folder = files.folder_of(args.name)
    rows = read_pairs(folder)
    if args.held_out_list:
        lines = read_text("--held-out-list", args.held_out_list).splitlines()
        chosen = held_out.named(rows, [line for line in lines if line.strip()])
        how = "named by a person"
    else:
        if not 0 < args.share < 1:
            raise ConfigError("--share", args.share, "must be above 0 and below 1")
        if args.seed < 0:
            raise ConfigError("--seed", args.seed, "must be 0 or above")
        distance = _distance(args)
        cluster = clusters(near_duplicates(folder).by_picture, len(rows), distance)
        units = held_out.together(rows, cluster)
        chosen = held_out.split_by([f"{unit:09d}" for unit in units], args.share, args.seed)
        how = f"drawn by groups and near duplicates (distance {distance}), seed {args.seed}"
    asked = store_split(args.name, args.new, chosen, split_by=how)
    _tell_stored(asked, args.json)
    return 0


def add_commands(below: Any) -> None:
    """The commands below ``data``."""
    for function in (sample, leaks, split):
        sub = add_command(below, function.__name__, function, runs=False)
        sub.add_argument("name", metavar="NAME")
        if function is not sample:
            sub.add_argument("--distance", type=int, default=DISTANCE, metavar="BITS",
                             help="near duplicates differ in at most N bits (default: 8 of 64)")
        if function is leaks:
            sub.add_argument("--cells", action="store_true",
                             help="compare cells of 3 x 3, for tiles that overlap by a third")
        if function is split:
            sub.set_defaults(cells=False)
            sub.add_argument("new", metavar="NEW", help="name of the data set with the new split")
            sub.add_argument("--share", type=float, default=0.2, metavar="SHARE",
                             help="held-out share (default: 0.2)")
            sub.add_argument("--seed", type=int, default=1, metavar="N")
            sub.add_argument("--held-out-list", metavar="FILE",
                             help="file with the held-out images or folders, one name per line")


def _distance(args: argparse.Namespace) -> int:
    most = DISTANCE if args.cells else FARTHEST
    if not 0 <= args.distance <= most:
        raise ConfigError("--distance", args.distance, f"must be a whole number from 0 to {most}")
    return args.distance


def _leaking(near: Nearest, rows: list[PairRow], of_split, distance: int) -> list[dict]:
    """Each held-out picture with a near duplicate in the pool, and that one."""
    pool, fresh = places(of_split, "pool"), places(of_split, "held_out")
    return [{"held_out": rows[fresh[k]].file, "pool": rows[pool[number]].file, "distance": apart}
            for k, number, apart in near.within(distance)]


def _tell_stored(asked: SourceConfig, as_json: bool) -> None:
    of_split = read_split(files.folder_of(asked.name))
    n_pool, n_held_out = (len(places(of_split, name)) for name in ("pool", "held_out"))
    settings = " ".join(f"--set source.{key}={value}"
                        for key, value in dataclasses.asdict(asked).items())
    if as_json:
        print(json.dumps({"name": asked.name, "fingerprint": asked.fingerprint, "n_pool": n_pool,
                          "n_held_out": n_held_out, "settings": settings}))
        return
    print(f"{asked.name}: {n_pool:,} pairs in the pool, {n_held_out:,} held out.")
    print(f"Select from it: python -m shipdash run --data {asked.name}")
