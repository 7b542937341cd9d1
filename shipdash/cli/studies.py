"""The commands that compute several runs: sweep, evaluate, fan, folds.

They run nothing and compare nothing themselves: the plans in `studies` give the options their
meaning, `ensure` computes the missing runs, and the results are read from the store.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Callable

from shipdash import config as configs
from shipdash.cli import one_run, progress_bars
from shipdash.cli.interrupts import gently_stopped
from shipdash.cli.options import number
from shipdash.config import ConfigError, RunConfig
from shipdash.counted import counted
from shipdash.records import RunState
from shipdash.runs import Store, StoreError, prerequisites, queue
from shipdash.studies import arms, grid, replicas
from shipdash.studies.ensure import Workers, cancel, ensure, workers
from shipdash.studies.folder import MISSING, Standing, Studies, state_of
from shipdash.studies.study import Study
from shipdash.studies.turns import Arrived

_AXES = {"precision": "selection.precision", "pool": "selection.n_pool",
         "acceptance": "selection.acceptance"}


def sweep(args: argparse.Namespace) -> int:
    """Run a grid of precisions, seeds and other settings; stored results are reused."""
    store, began = Store(args.runs), time.monotonic()
    if args.cancel:
        if args.id is None:
            raise ConfigError("--id", args.id, "must name the sweep to cancel")
        cancel(store, args.id)
        print(f"sweep {args.id} is stopping; the results so far are kept", file=sys.stderr)
        if args.json:
            print(json.dumps({"sweep": args.id, "cancelled": True}))
        return 0
    given = [f"--{name.replace('_', '-')}" for name in (*_AXES, "order_seeds", "model_seeds", "set")
             if getattr(args, name)]
    if args.id and given:
        raise ConfigError("--id", args.id, f"must be given without {', '.join(given)}: a stored "
                          "sweep has its settings")
    crew = workers(args.workers)
    study = Studies(store).study(args.id) if args.id else grid_of(args)
    standing, stopped = see_through(store, study, crew=crew, dask=args.dask or "",
                                    on_run=_PointLines(store, study))
    _tell_points(store, study, standing, round(time.monotonic() - began, 1), args.json)
    return 130 if stopped else 0 if standing.complete else 1


def evaluate(args: argparse.Namespace) -> int:
    """Train the control arms of a finished run from scratch; stored results are reused."""
    store = Store(args.runs)
    names = arms.available(store, args.id) if args.arms == "all" else _words(args.arms)
    curve = _sizes(args.curve)
    if not names and not curve:
        raise ConfigError("arms", args.arms, "must name at least one arm, or give --curve sizes")
    planned = arms.plan_arms(
        store, args.id, names, stops=_words(args.stops), curve=curve, network=args.network,
        n_model_seeds=args.model_seeds, n_draws=args.draws)
    stopped, reasons = False, {}
    if args.queue:
        for config in planned:
            queue.enqueue(store, config)
        queue.ensure_drainer(store)
    else:
        study = Study(name=f"controls of {args.id}", runs=tuple(planned))
        _, stopped = see_through(store, study, on_run=lambda arrived: reasons.update(
            {arrived.run_id: arrived.reason}))
    rows = [_arm_row(store, config, reasons.get(config.digest, "")) for config in planned]
    if args.json:
        print(json.dumps(rows))
    else:
        print(*map(_arm_line, rows), sep="\n")
    complete = all(row["state"] == RunState.COMPLETED for row in rows)
    return 130 if stopped else 0 if args.queue or complete else 1


def fan(args: argparse.Namespace) -> int:
    """Run the same settings in several stream orders; compare size and overlap of the core sets."""
    return _see_replicas(args, "orders", replicas.fan_of, args.orders, replicas.fan_summary)


def folds(args: argparse.Namespace) -> int:
    """Select k - 1 more times from the pairs that remain, which gives disjoint core sets."""
    return _see_replicas(args, "folds", replicas.folds_of, args.k, replicas.folds_summary)


def see_through(store: Store, study: Study, *, crew: Workers | None = None, dask: str = "",
                on_run: Callable[[Arrived], None] = lambda arrived: None
                ) -> tuple[Standing, bool]:
    """`ensure` with a progress bar; Ctrl-C stops it in good order. Also whether it was stopped."""
    states = [state_of(store, config.digest) for config in study.settings(store)]
    if len(states) < len(study.runs) or any(state != RunState.COMPLETED for state in states):
        queue.refuse_to_start()  # before anything is written
    studies = Studies(store)
    study_id = studies.create(study)
    if not studies.is_alive(study_id):  # otherwise the request is for the process that runs it
        studies.forget_cancel(study_id)
    with (gently_stopped(lambda: cancel(store, study),
                         "stopping; the running work is being stored") as stopped,
          progress_bars.of_study(store, study)):
        standing = ensure(store, study, crew=crew, dask=dask, on_run=on_run)
    return standing, bool(stopped)


def add_sweep_options(parser: argparse.ArgumentParser) -> None:
    """The options of `sweep`."""
    parser.add_argument("--preset", default="quick", help=", ".join(configs.PRESETS))
    many = {"metavar": "VALUES",
            "help": "start:stop:step including both ends, or values separated by commas"}
    for option in ("--precision", "--pool", "--acceptance"):
        parser.add_argument(option, **many)
    for option in ("--order-seeds", "--model-seeds"):
        parser.add_argument(option, metavar="N", help="how many seeds, starting at 1, or a list")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.FIELD=VALUES",
                        help="any other setting; with several values it is an axis of the grid")
    parser.add_argument("--workers", type=int, metavar="N",
                        help="points at a time on this machine (default: one per core)")
    parser.add_argument("--dask", metavar="ADDRESS", help="a Dask scheduler, tcp://host:port, "
                        "whose workers share the runs folder; needs dask[distributed]")
    parser.add_argument("--yes", action="store_true",
                        help=f"confirm a sweep of more than {grid.MOST_POINTS} points")
    parser.add_argument("--id", metavar="ID", help="continue a stored sweep instead")
    parser.add_argument("--cancel", action="store_true", help="stop the sweep of --id")


def add_evaluate_options(parser: argparse.ArgumentParser) -> None:
    """The options of `evaluate`."""
    parser.add_argument("--arms", default="all", metavar="NAMES",
                        help=f"all: {','.join(arms.NAMES)}, except those that the run has no "
                             f"pairs or groups for; or any of these and of "
                             f"{','.join(arms.MORE)},curve")
    parser.add_argument("--stops", default=",".join(arms.STOPS), metavar="RULES",
                        help="steps: equal updates; score: until the arm's own score passes")
    parser.add_argument("--model-seeds", type=number, default=3, metavar="N",
                        help="number of replicates, each with its own initial weights")
    parser.add_argument("--draws", type=number, default=3, metavar="N",
                        help="number of random draws; replicate r uses draw r and model seed r")
    parser.add_argument("--curve", default="", metavar="SIZES",
                        help="sizes of the learning curve of random pairs, e.g. 25,50,100")
    parser.add_argument("--network", default="", metavar="NAME",
                        help=f"network of the other-network arms: {', '.join(arms.NETWORKS)}")
    parser.add_argument("--queue", action="store_true",
                        help="add them to the queue and return")


def grid_of(args: argparse.Namespace) -> Study:
    """The grid that the options ask for; `ConfigError` names the option that is wrong."""
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
        if dotted in (axes | changes):
            raise ConfigError(dotted, value, "must be given once")
        if isinstance(configs.setting(dotted).default, tuple):
            changes[dotted] = value  # a list of runs is one value
            continue
        values = grid.parse_values(dotted, text.partition("=")[2])
        if len(values) == 1:
            changes[dotted] = values[0]
        else:
            axes[dotted] = values
    # With a value of each axis: what is set may be allowed at every point and not beside a default.
    first = {dotted: values[0] for dotted, values in axes.items() if values}
    base = configs.preset(args.preset).replace(**changes | first)
    return grid.plan(base, axes, confirmed=args.yes)


class _PointLines:
    """One line per point on the terminal's error stream, so that --json stays one value."""

    def __init__(self, store: Store, study: Study) -> None:
        self.store, self.study, self.n_done = store, study, 0
        self.settings = {run.digest: run for run in study.runs}

    def __call__(self, arrived: Arrived) -> None:
        self.n_done += 1
        varied = "  ".join(f"{name.partition('.')[2]} {value}" for name, value in
                           _varied(self.study, self.settings[arrived.run_id]).items())
        n_core = _point_row(self.store, arrived.run_id)["n_core"]
        kept = "" if n_core is None else f"{n_core:,} kept"
        words = (f"{self.n_done:>4}/{len(self.settings)}  {arrived.run_id}  {varied}  "
                 f"{arrived.state}  {kept}")
        print(f"{words}  {arrived.reason}".rstrip(), file=sys.stderr, flush=True)


def _tell_points(store: Store, study: Study, standing: Standing, seconds: float,
                 as_json: bool) -> None:
    points = [{"run_id": run.digest, "state": str(standing.states[run.digest]),
               **_varied(study, run), **_point_row(store, run.digest)} for run in study.runs]
    if as_json:
        print(json.dumps({"sweep": study.digest, "n_points": len(points),
                          "n_completed": standing.n_done, "seconds": seconds, "points": points}))
        return
    counts = ", ".join(f"{n} {state}" for state, n in standing.counts.items())
    print(f"sweep {study.digest}: {counted(len(points), 'point')}, {counts}; {seconds:g} s")
    if not standing.complete:
        print(f"continue with: python -m shipdash sweep --id {study.digest}")


def _varied(study: Study, run: RunConfig) -> dict:
    settings = run.flat()
    return {name: settings[name] for name, _ in study.axes}


def _point_row(store: Store, run_id: str) -> dict:
    """What one point found; None where it has no result."""
    result = None
    with contextlib.suppress(StoreError):
        result = store.result(run_id)
    held_out = result and result.held_out
    return {name: result and getattr(result, name) for name in (
        "n_core", "n_tested", "reason", "n_backward", "n_forward", "seconds", "threads")} | {
        name: held_out and getattr(held_out, name) for name in ("share_failing", "mean_iou")}


def _see_replicas(args: argparse.Namespace, rows: str, plan: Callable[[Store, str, int], Study],
                  n: int, summary: Callable[[Store, str, Study], dict]) -> int:
    """Run `n` repeats of a run and print each of its `rows` and the finding."""
    store = Store(args.runs)
    study, failures = plan(store, args.id, n), {}
    standing, stopped = see_through(store, study, on_run=lambda arrived: failures.update(
        {arrived.run_id: arrived.reason} if arrived.state == RunState.FAILED else {}))
    if not standing.complete:
        for run_id, reason in failures.items():
            print(f"shipdash: run {run_id} failed: {reason}", file=sys.stderr)
        print(f"shipdash: {standing.n_done} of {len(standing.states)} runs are complete; the same "
              "command goes on with the others", file=sys.stderr)
        return 130 if stopped else 1
    found = summary(store, args.id, study)
    if args.json:
        print(json.dumps(found))
        return 0
    for row in found[rows]:
        failing = row["share_failing"]
        score = "" if failing is None else f"{failing:.2%} of held-out pairs failing"
        print(f"{row['run_id']}  {rows[:-1]} {row.get('order_seed', row.get('fold')):>3}  "
              f"{row['n_core']:>6,} kept  {score}")
    print(found["finding"])
    return 0


def _arm_row(store: Store, arm: RunConfig, reason: str) -> dict:
    """One arm as a row of plain values; `held_out` is None until it has completed, and `reason`
    says why one that has not even begun did not."""
    run_id = arm.digest
    source, _ = prerequisites.selected(store, arm.arm.source)
    row = {"name": arms.name_of(arm, source), "run_id": run_id,
           "state": str(state_of(store, run_id)), "reason": reason, "stop": arm.arm.stop,
           "model_seed": arm.seeds.model, "draw": arm.arm.draw}
    if row["state"] == MISSING:
        return row | {"n_pairs": None, "n_backward": 0, "seconds": 0.0, "held_out": None}
    found = one_run.outcome(store, run_id, arm)
    return row | {"reason": store.status(run_id).reason, "n_pairs": found["n_core"] or None,
                  **{name: found[name] for name in ("n_backward", "seconds", "held_out")}}


def _arm_line(row: dict) -> str:
    found = row["held_out"]
    said = row["reason"] if found is None else (
        f"mean IoU {found['mean_iou']:.4f}, {found['share_failing']:.2%} failing"
        + ", stalled" * (row["reason"] == "stalled"))
    return (f"{row['run_id']}  {row['state']:<10} {row['name']:<14} {row['stop']:<8} "
            f"{row['n_pairs'] or '?':>6} pairs  model seed {row['model_seed']}, draw "
            f"{row['draw']}  {said}")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _sizes(text: str) -> list[int]:
    try:
        return [int(word) for word in _words(text)]
    except ValueError:
        raise ConfigError("curve", text, "must be whole numbers, e.g. 25,50,100") from None
