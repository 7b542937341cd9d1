"""The commands that only programs give: be the worker of a run or of the queue, and stand by.

`__main__` reads them with this module alone: what the other commands import takes longer than the
start of a worker without it, and a sweep starts a worker a point.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
from typing import Any

from shipdash.cli.options import RESUME, add_command, carried_out, print_outcome
from shipdash.config import ConfigError
from shipdash.runs import Store, kept_worker, queue, warm_worker, worker


def main(argv: list[str] | None = None) -> int:
    """One of these two commands; its exit code."""
    whole = argparse.ArgumentParser(prog="python -m shipdash")
    add_commands(whole.add_subparsers(required=True, metavar="COMMAND"))
    return carried_out(whole, argv)


def work(args: argparse.Namespace) -> int:
    """Be the worker process for one run, or for every queued run."""
    store = Store(args.runs)
    if args.queue:
        if args.id is not None:
            raise ConfigError("id", args.id, "must not be given with --queue")
        queue.drain(store, hand_over=True, server=args.server)
        if args.json:
            print(json.dumps({"queued": queue.waiting(store)}))
        return 0
    if args.id is None:
        raise ConfigError("id", None, "must be a run id, unless --queue is given")
    wait = None if args.server is None else functools.partial(kept_worker.wait, store, args.id,
                                                              args.server)
    try:
        worker.work(store, args.id, wait=wait)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(RESUME) from None
    if args.json:
        from shipdash.cli import one_run  # draws bars, which a worker has no use for

        print_outcome(one_run.outcome(store, args.id), args.json)
    return 0


def stand_by(args: argparse.Namespace) -> int:
    """Prepare the network that a page is likely to need, and work on the run that it starts."""
    warm_worker.serve(Store(args.runs), args.server)
    if args.json:
        print("{}")
    return 0


def add_commands(commands: Any) -> None:
    """`work` and `standby`."""
    working = add_command(commands, "work", work)
    working.add_argument("id", nargs="?", metavar="ID")
    working.add_argument("--queue", action="store_true", help="work on every queued run, in order")
    working.add_argument("--server", type=int, metavar="PID",
                         help="keep waiting with a paused run while this process is alive")
    add_command(commands, "standby", stand_by).add_argument(
        "--server", type=int, default=os.getppid(), metavar="PID",
        help="exit when this process has exited")
