"""``python -m shipdash sweep``: its options, its progress on the terminal, its outcome.

It runs no point; what the options mean is said by `grid`, what is done with them by `work`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator

from shipdash import config as configs
from shipdash.config import ConfigError, RunConfig
from shipdash.runs import Store, StoreError
from shipdash.studies.sweep import grid
from shipdash.studies.sweep.folder import Standing, Sweeps
from shipdash.studies.sweep.work import Arrived, cancel, work, workers

_AXES = {"precision": "selection.precision", "pool": "selection.n_pool",
         "acceptance": "selection.acceptance"}


def sweep(args: argparse.Namespace) -> int:
    """Run a grid of precisions, seeds and more as cached runs; computed points are reused."""
    store, began = Store(args.runs), time.monotonic()
    sweeps = Sweeps(store)
    if args.cancel:
        cancel(store, _known(args.id))
        print(f"sweep {args.id} is asked to stop; what it found is kept", file=sys.stderr)
        if args.json:
            print(json.dumps({"sweep": args.id, "cancelled": True}))
        return 0
    crew = workers(args.workers)
    sweep_id = args.id or sweeps.create(plan_of(args))
    if not sweeps.is_alive(sweep_id):  # else the wish is meant for whoever is at work
        sweeps.forget_cancel(sweep_id)
    with _gently_stopped(lambda: cancel(store, sweep_id)) as stopped:
        standing = work(store, sweep_id, crew=crew, dask=args.dask or "",
                        on_point=_Progress(store, sweeps.config(sweep_id)))
    _tell(store, sweep_id, standing, round(time.monotonic() - began, 1), args.json)
    return 130 if stopped else 0 if standing.complete else 1


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--preset", default="quick", help=", ".join(configs.PRESETS))
    many = {"metavar": "VALUES", "help": "start:stop:step (both ends in), or values with commas"}
    for option in ("--precision", "--pool", "--acceptance"):
        parser.add_argument(option, **many)
    for option in ("--order-seeds", "--model-seeds"):
        parser.add_argument(option, metavar="N", help="so many seeds from 1 on, or a list")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.FIELD=VALUES",
                        help="any other setting; several values make it an axis of the grid")
    parser.add_argument("--workers", type=int, metavar="N",
                        help="points at a time on this machine (default: one a core)")
    parser.add_argument("--dask", metavar="ADDRESS", help="a Dask scheduler, tcp://host:port, "
                        "whose workers share the runs folder; needs dask[distributed]")
    parser.add_argument("--yes", action="store_true",
                        help=f"yes, more than {grid.MOST_POINTS} points are meant")
    parser.add_argument("--id", metavar="ID", help="go on with a stored sweep instead")
    parser.add_argument("--cancel", action="store_true", help="stop the sweep of --id")


def plan_of(args: argparse.Namespace) -> grid.SweepConfig:
    """The sweep that the options ask for; `ConfigError` names the option that is wrong."""
    axes = {dotted: grid.parse_values(dotted, getattr(args, option), name=f"--{option}")
            for option, dotted in _AXES.items() if getattr(args, option) is not None}
    for kind in ("order", "model"):
        text = getattr(args, f"{kind}_seeds")
        if text is not None:
            axes[f"seeds.{kind}"] = grid.parse_seeds(f"seeds.{kind}", text,
                                                     name=f"--{kind}-seeds")
    changes = {}
    for text in args.set:
        dotted, value = configs.parse_setting(text)
        if isinstance(configs.setting(dotted).default, tuple):
            changes[dotted] = value  # a list of runs is one value
            continue
        values = grid.parse_values(dotted, text.partition("=")[2])
        if len(values) == 1:
            changes[dotted] = values[0]
        else:
            axes[dotted] = values
    base = configs.preset(args.preset).replace(**changes)
    return grid.plan(base, axes, confirmed=args.yes)


def _known(sweep_id: str | None) -> str:
    if sweep_id is None:
        raise ConfigError("--id", sweep_id, "must name the sweep to cancel")
    return sweep_id


class _Progress:
    """One line a point on the terminal's error stream, so that --json stays one value."""

    def __init__(self, store: Store, asked: grid.SweepConfig) -> None:
        self.store, self.n, self.done = store, len(asked.points), 0
        self.words = {run.digest: _varied(asked, run) for run in asked.points}

    def __call__(self, arrived: Arrived) -> None:
        self.done += 1
        varied = "  ".join(f"{name.partition('.')[2]} {value}"
                           for name, value in self.words[arrived.run_id].items())
        row = _row(self.store, arrived.run_id)
        kept = f"{row['n_core']:,} kept" if row["n_core"] is not None else ""
        words = f"{self.done:>4}/{self.n}  {arrived.run_id}  {varied}  {arrived.state}  {kept}"
        print(f"{words}  {arrived.reason}".rstrip(), file=sys.stderr, flush=True)


def _tell(store: Store, sweep_id: str, standing: Standing, seconds: float, as_json: bool) -> None:
    asked = Sweeps(store).config(sweep_id)
    points = [{"run_id": run.digest, "state": str(standing.states[run.digest]),
               **_varied(asked, run), **_row(store, run.digest)} for run in asked.points]
    if as_json:
        print(json.dumps({"sweep": sweep_id, "n_points": len(points),
                          "n_completed": standing.n_done, "seconds": seconds, "points": points}))
        return
    counts = ", ".join(f"{n} {state}" for state, n in standing.counts.items())
    n = f"{len(points)} point" + ("s" if len(points) != 1 else "")
    print(f"sweep {sweep_id}: {n}, {counts}; {seconds:g} s")
    if not standing.complete:
        print(f"go on with: python -m shipdash sweep --id {sweep_id}")


def _varied(asked: grid.SweepConfig, run: RunConfig) -> dict:
    spec = run.to_dict()
    return {name: spec[name.partition(".")[0]][name.partition(".")[2]] for name, _ in asked.axes}


def _row(store: Store, run_id: str) -> dict:
    """What one point found; None where it has no result."""
    try:
        result = store.result(run_id) or {}
    except StoreError:
        result = {}
    held = result.get("held_out") or {}
    return {name: result.get(name) for name in ("n_core", "n_tested", "reason", "n_backward",
                                                "n_forward", "seconds", "threads")} | {
        name: held.get(name) for name in ("share_failing", "mean_iou")}


@contextlib.contextmanager
def _gently_stopped(stop: Callable[[], None]) -> Iterator[list]:
    """Let a first Ctrl-C or SIGTERM stop the sweep with its state stored; a second one ends it."""
    stopped: list[int] = []

    def on_signal(number: int, frame) -> None:
        if stopped:
            raise KeyboardInterrupt
        stopped.append(number)
        print("shipdash: stopping; running points are put away", file=sys.stderr, flush=True)
        stop()

    before = {number: signal.signal(number, on_signal)
              for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
