"""``shipdash label``: rank images without masks, judge the ranking, mark what is right and wrong.

The commands about marks are in `marking`, that about suspicious labels is in `suspects`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from typing import Any

from shipdash.analysis.ranking import FIRST, PREFERRED, RANKINGS, Trust, finding, trust, usual
from shipdash.cli import marking, one_run, progress_bars, suspects
from shipdash.cli.options import add_command
from shipdash.config import ConfigError
from shipdash.counted import counted
from shipdash.data import files
from shipdash.labelling import Ranking, Rankings, going_on, rank_request, ranking_job
from shipdash.labelling.listing import ranked
from shipdash.runs import Store, StoreError, queue


def rank(args: argparse.Namespace) -> int:
    """Rank the images of a data set by what a finished run's network doubts most.

    The same question is answered from what is stored.
    """
    suspects.require_top(args.top)
    store = Store(args.runs)
    request = rank_request(store, args.name, args.run)
    if args.cancel:
        ranking = Rankings(args.name).at_work(request.run_id) or request.digest
        Rankings(args.name).ask_cancel(ranking)
        print(json.dumps({"cancelled": ranking}) if args.json else
              f"The ranking {ranking} is stopping.")
        return 0
    suspects.make_room(store, Rankings(args.name), request.digest)
    with progress_bars.of_units("images") as on_progress:
        found = ranking_job.compute(store, request, on_progress)
    by = args.by or usual(found.images)
    rows = ranked(found, by)
    if args.json:
        print(json.dumps({
            "ranking": request.digest, "run_id": request.run_id, "others": request.others,
            "by": by, "trust": [_plain(row) for row in _rows(store, found)],
            "images": [row._asdict() for row in rows]}))
        return 0
    print(f"The first of {len(rows):,} images by {RANKINGS[by]}:")
    for row in rows[:args.top]:
        print(f"{row.rank:>5}  {row.scores[by]:.4f}  {row.file} {row.tile}".rstrip())
    print(finding(_rows(store, found)))
    return 0


def show_trust(args: argparse.Namespace) -> int:
    """Show what each ranking finds among the run's held-out pairs, beside a random order."""
    if args.first is not None and args.first < 1:
        raise ConfigError("--first", args.first, "must be 1 or above")
    store = Store(args.runs)
    found = Rankings(args.name).load(rank_request(store, args.name, args.run).digest)
    rows = _rows(store, found, args.first)
    if args.json:
        print(json.dumps({"trust": [_plain(row) for row in rows], "finding": finding(rows)}))
        return 0
    for row in rows:
        print(f"{row.ranking:<9} {row.n_found:>4} of {row.n_failing:,} failing in the first "
              f"{row.k:,} (random {row.expected:.1f}, {row.low} to {row.high})  "
              f"AUC {_number(row.auc)}  Spearman {_number(row.rho, '+')}")
    print(finding(rows))
    return 0


def go_on(args: argparse.Namespace) -> int:
    """Select from newly labelled images, starting with the core set of a finished run."""
    store = Store(args.runs)
    parent = store.result(args.run)
    name = args.new or (parent and going_on.stored_name(args.run, parent.n_core, args.name))
    if not name or not files.place_of(name).exists():
        queue.refuse_to_start()  # before the data set is written
    config = going_on.go_on(store, args.run, args.name, args.new)
    one_run.refuse_what_is_not_answered(store, config.digest)
    run_id, _ = store.create(config)
    result = one_run.see_through(store, run_id)
    if result is None:
        raise StoreError(f"run {run_id} was stopped: `resume {run_id}` continues it")
    before, n_carried = parent.held_out, config.selection.first
    said = {"run_id": run_id, "parent": args.run, "data": config.source.name,
            "n_carried": n_carried, "n_new": config.selection.n_pool - n_carried,
            "n_copies": going_on.n_copies(config.source.name),
            "n_core": result.n_core, "before": before and dataclasses.asdict(before),
            "after": result.held_out and dataclasses.asdict(result.held_out)}
    if args.json:
        print(json.dumps(said))
        return 0
    print(f"Run {run_id} kept {result.n_core - n_carried:,} of {said['n_new']:,} new pairs beside "
          f"the {n_carried:,} of run {args.run}.")
    if said["n_copies"]:
        print(f"Left out: {counted(said['n_copies'], 'pair')} whose image is one that run "
              f"{args.run} kept or holds out.")
    if before and result.held_out:
        print(f"Held-out mean IoU {before.mean_iou:.3f} before, {result.held_out.mean_iou:.3f} "
              f"after; failing {before.share_failing:.1%} before, "
              f"{result.held_out.share_failing:.1%} after.")
    return 0


def add_commands(commands: Any) -> None:
    """``label`` and the commands below it."""
    label = commands.add_parser("label", help="what to label next", description=(
        "What to label next: images without masks ranked by a run's network, marks, and a run "
        "that continues with the newly labelled pairs; also which kept masks are suspicious."))
    below = label.add_subparsers(required=True, metavar="COMMAND")
    sub = _command(below, "rank", rank)
    sub.add_argument("--by", choices=RANKINGS, help="the ranking (default: "
                     f"{PREFERRED[0]} if there are runs of other seeds, else {PREFERRED[1]})")
    sub.add_argument("--top", type=int, default=20, metavar="N",
                     help="images shown without --json (default: 20)")
    sub.add_argument("--cancel", action="store_true", help="stop the job that is at work on it")
    marking.add_commands(below)
    suspects.add_commands(below)
    sub = _command(below, "trust", show_trust)
    _command(below, "go-on", go_on).add_argument(
        "--new", default="", metavar="NAME", help="name of the data set that holds the old core "
        "and the new pairs (default: the run's data set and the number of the round, such as "
        "nuclei-2)")
    sub.add_argument("--first", type=int, metavar="K",
                     help=f"images looked at (default: {FIRST}, or a quarter of the held-out pairs "
                     "where that is fewer)")


def _command(below: Any, name: str, function: Callable) -> argparse.ArgumentParser:
    sub = add_command(below, name, function)
    sub.add_argument("name", metavar="NAME", help="data set of images")
    sub.add_argument("--run", required=True, metavar="ID", help="a finished run")
    return sub


def _rows(store: Store, found: Ranking, k: int | None = None) -> list[Trust]:
    if found.held_out is None:
        return []
    limit = store.config(found.request.run_id).selection.acceptance_iou
    return trust(found.held_out, limit, k)


def _number(value: float, sign: str = "") -> str:
    """With three digits; a dash for NaN."""
    return f"{value:{sign}.3f}" if value == value else "–"


def _plain(row: Trust) -> dict:
    """Ready for JSON, which knows no NaN."""
    return {name: None if value != value else value for name, value in row._asdict().items()} | {
        "beats_chance": row.beats_chance}
