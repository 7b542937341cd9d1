"""``shipdash label suspects``: the kept pairs of a run whose masks should be checked first."""

from __future__ import annotations

import argparse
import json
from typing import Any

from shipdash.cli import progress_bars
from shipdash.cli.options import add_command
from shipdash.config import ConfigError
from shipdash.labelling import suspects_job
from shipdash.labelling.job_folders import JobFolders
from shipdash.labelling.suspects import (
    BY,
    MEASURES,
    N_FOLDS,
    N_STEPS,
    Suspicions,
    suspect_request,
    suspects,
)
from shipdash.records import RunState
from shipdash.runs import Store, queue, warm_worker


def show_suspects(args: argparse.Namespace) -> int:
    """Rank the kept pairs of a run by how much networks trained without them contradict their
    masks.

    Those that the run set aside are among them. The same question is answered from what is stored.
    """
    require_top(args.top)
    store = Store(args.runs)
    request = suspect_request(store, args.id, args.folds, args.steps)
    if args.cancel:
        Suspicions(store, args.id).ask_cancel(request.digest)
        print(json.dumps({"cancelled": request.digest}) if args.json else
              f"The search for suspects {request.digest} is stopping.")
        return 0
    make_room(store, Suspicions(store, args.id), request.digest)
    with progress_bars.of_units("steps") as on_progress:
        job = suspects_job.compute(store, request, on_progress)
    rows = suspects(store, job, args.id, args.by)
    if args.json:
        print(json.dumps({"job": job, "run_id": args.id, "n_folds": request.n_folds,
                          "n_steps": request.n_steps, "by": args.by,
                          "suspects": [row._asdict() for row in rows]}))
        return 0
    print(f"The first of {len(rows):,} kept pairs by {MEASURES[args.by]}:")
    for row in rows[:args.top]:
        aside = "  set aside" if row.set_aside else ""
        print(f"{row.rank:>5}  IoU {row.iou:.3f}  soft minimum {row.softmin:.3f}  "
              f"{row.file or row.number} {row.tile}".rstrip() + aside)
    return 0


def require_top(n: int) -> None:
    """`ConfigError` for a number of rows that nobody can be shown: -1 would be all but the last."""
    if n < 0:
        raise ConfigError("--top", n, "must be 0 or above")


def make_room(store: Store, jobs: JobFolders, job: str) -> None:
    """Before a job is stored that is not finished: refuse where nothing can be computed, and let
    the workers go that wait for runs."""
    if job not in jobs.list() or jobs.standing(job).state is not RunState.COMPLETED:
        queue.refuse_to_start()
        warm_worker.dismiss(store)


def add_commands(below: Any) -> None:
    """The command below ``label``."""
    sub = add_command(below, "suspects", show_suspects)
    sub.add_argument("id", metavar="RUN", help="a finished run")
    sub.add_argument("--by", choices=MEASURES, default=BY,
                     help=f"the measure (default: {BY})")
    sub.add_argument("--folds", type=int, metavar="K",
                     help="folds, each predicted by a network trained without it "
                          f"(default: {N_FOLDS}, or one for each image where fewer were kept)")
    sub.add_argument("--steps", type=int, default=N_STEPS, metavar="N",
                     help=f"training steps of each network (default: {N_STEPS})")
    sub.add_argument("--top", type=int, default=20, metavar="N",
                     help="pairs shown without --json (default: 20)")
    sub.add_argument("--cancel", action="store_true", help="stop the job that is computing it")
