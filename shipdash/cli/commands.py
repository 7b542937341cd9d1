"""Command line: start, show and export runs; the parser of all commands.

Settings are validated in `config`, and nothing here knows Streamlit. The commands for several runs
(sweep, evaluate, fan, folds) are in `studies`.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from shipdash import config as configs
from shipdash.analysis.speedup import speedup_table
from shipdash.app_folder import app_folder
from shipdash.cli import data_sets, label, one_run, studies, worker_process
from shipdash.cli.options import add_command, carried_out, number, print_outcome, writing_to
from shipdash.config import RunConfig
from shipdash.data import export_core_set as exports
from shipdash.data import open_source
from shipdash.data.errors import explained
from shipdash.data.own_preset import own_config
from shipdash.learning.learner import probe_device
from shipdash.records import RunState
from shipdash.results import StoredRun
from shipdash.runs import Store, StoreError, cluster_scan, queue
from shipdash.runs.cluster_scan import OpenScanner
from shipdash.runs.folder import npz
from shipdash.runs.machine import machine
from shipdash.runs.verify import verify as train_again


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 for success, 1 for a failure, 2 for invalid settings or options."""
    return carried_out(parser(), argv)


def run(args: argparse.Namespace) -> int:
    """Run a selection in this process; a stored result is shown at once."""
    store, config = Store(args.runs), config_of(args)
    one_run.refuse_what_is_not_answered(store, config.digest)
    if not one_run.is_answered(store, config.digest):
        open_source(config)  # `ConfigError` where there are fewer pairs than are asked for
        if config.evaluation.n_held_out:
            open_source(config, "held_out")
    with _cluster_of(args) as scan:  # before anything is stored
        run_id, _ = store.create(config)
        return _see_through(store, run_id, args, scan)


def resume(args: argparse.Namespace) -> int:
    """Continue a run that was cancelled, paused, lost or failed."""
    store = Store(args.runs)
    one_run.refuse_what_is_not_answered(store, args.id)
    with _cluster_of(args) as scan:
        return _see_through(store, args.id, args, scan)


def list_runs(args: argparse.Namespace) -> int:
    """List the selections in the folder, newest first; with --arms also their control arms."""
    infos = Store(args.runs).list()
    rows = [_row(info) for info in infos]
    n_arms = sum(bool(row["source"]) for row in rows)
    if not args.arms:
        rows = [row for row in rows if not row["source"]]
    if args.json:
        print(json.dumps(rows))
        return 0
    for row in rows:
        kept = f"{row.get('n_core') or 0:,} of {row.get('n_tested') or 0:,} tested"
        if row["source"]:
            n_pairs = f", {row['n_core']:,} pairs" if row.get("n_core") else ""
            kept = f"{row['arm']} of {row['source']}{n_pairs}"
        print(f"{row['run_id']}  {row['state']:<10} {row['created']}  {kept}  "
              f"{row['name']}")
    if n_arms and not args.arms:
        print(f"and {n_arms:,} control arms: python -m shipdash list --arms")
    if not infos:
        print("No runs yet. Start one: python -m shipdash run --preset quick")
    return 0


def _row(info: StoredRun) -> dict:
    arm = info.config.arm if info.config else configs.ArmConfig()
    return {"run_id": info.run_id, "name": info.name, "state": str(info.state),
            "created": info.created, "reason": info.reason, "arm": arm.kind,
            "source": arm.source, "n_core": info.n_core, "n_tested": info.n_tested,
            "n_pool": info.config.selection.n_pool if info.config else None}


def show(args: argparse.Namespace) -> int:
    """Show one run: its settings, state and result."""
    store = Store(args.runs)
    print_outcome(one_run.outcome(store, args.id), args.json)
    return 0


def export(args: argparse.Namespace) -> int:
    """Write the core set: core.csv with index and true factors, images and masks."""
    store = Store(args.runs)
    outcome, config = one_run.outcome(store, args.id), store.config(args.id)
    if not outcome["core"]:
        raise StoreError(f"run {args.id} has no core pairs yet: wait for it or resume it")
    pool = open_source(config, algorithm=outcome.get("algorithm", configs.ALGORITHM))
    out = Path(args.out)
    with writing_to(out):
        (out / "core.csv").write_text(exports.manifest(pool, outcome["core"]), newline="")
        if args.format == "npz":
            arrays = exports.arrays(pool, outcome["core"])
            (out / "core.npz").write_bytes(npz(arrays, compressed=True))
        else:
            exports.write_pictures(out, pool, outcome["core"])
    print_outcome({"run_id": args.id, "n_core": outcome["n_core"], "out": str(out)}, args.json)
    return 0


def verify(args: argparse.Namespace) -> int:
    """Train on a run's core pairs alone, without scanning, and compare the weights."""
    queue.refuse_to_start()
    found = train_again(Store(args.runs), args.id)
    print_outcome({"run_id": args.id} | dataclasses.asdict(found), args.json)
    return 0 if found.same else 1


def speedup(args: argparse.Namespace) -> int:
    """Tell from a run's log how much faster several workers could have scanned its stream."""
    table = speedup_table(Store(args.runs).each_event(args.id))
    if args.json:
        print(table.to_json(orient="records"))
    elif table.empty:
        print("nothing has been scanned yet")
    else:
        shown = {"pairs": "{:,}", "failing_rate": "{:.2%}", "scan_share": "{:.0%}"}
        print(table.to_string(index=False, float_format="{:.2f}".format, formatters={
            name: form.format for name, form in shown.items()}))
    return 0


def dashboard(args: argparse.Namespace) -> int:
    """Start the dashboard; options after `--` are passed to Streamlit."""
    words = [sys.executable, "-m", "streamlit", "run", str(app_folder() / "app.py")]
    runs = {"SHIPDASH_RUNS": args.runs} if args.runs else {}
    server = subprocess.Popen([*words, *args.options], env={**os.environ, **runs})
    try:
        return server.wait()
    except KeyboardInterrupt:  # which the server has heard too: it ends by itself
        return server.wait()


def probe(args: argparse.Namespace) -> int:
    """Print the device that a worker would use, which takes a start of TensorFlow."""
    facts = probe_device() | {"machine": machine()}
    if args.out:
        with explained(f"cannot write {args.out}", "choose another --out"):
            Path(args.out).write_text(json.dumps(facts))
    print_outcome(facts, args.json)
    return 0


def _cluster_of(args: argparse.Namespace) -> AbstractContextManager[OpenScanner | None]:
    """What `--dask` asks to scan with."""
    return cluster_scan.on_cluster(args.dask) if args.dask else contextlib.nullcontext()


def _see_through(store: Store, run_id: str, args: argparse.Namespace,
                 scan: OpenScanner | None) -> int:
    one_run.see_through(store, run_id, scan)
    outcome = one_run.outcome(store, run_id)
    print_outcome(outcome, args.json)
    return 0 if outcome["state"] == RunState.COMPLETED else 1


def config_of(args: argparse.Namespace) -> RunConfig:
    """The settings that the options of `run` ask for."""
    changes = dict(configs.parse_setting(text) for text in args.set)
    shorthands = {
        "selection.n_pool": args.pool, "evaluation.n_held_out": args.held_out,
        "selection.precision": args.precision, "seeds.pool": args.pool_seed,
        "seeds.order": args.order_seed, "seeds.model": args.model_seed,
    }
    if args.seed is not None:
        changes |= {"seeds.pool": args.seed, "seeds.order": args.seed, "seeds.model": args.seed}
    changes |= {name: value for name, value in shorthands.items() if value is not None}
    base = own_config(args.data) if args.data else configs.preset(args.preset or "compact")
    return base.replace(**changes)


def parser() -> argparse.ArgumentParser:
    """What reads the words of every command."""
    whole = argparse.ArgumentParser(
        prog="python -m shipdash", description="How many training pairs are enough? Start, show, "
        "compare and export selections, and import images of your own.")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function, *, needs_id: bool = False) -> argparse.ArgumentParser:
        sub = add_command(commands, name, function)
        if needs_id:
            sub.add_argument("id", metavar="ID", help="run id: 16 hexadecimal digits")
        return sub

    asked = command("run", run)
    start = asked.add_mutually_exclusive_group()
    start.add_argument("--preset", help=", ".join(configs.PRESETS) + " (default: compact)")
    start.add_argument("--data", metavar="NAME", help="a stored data set, with all of its pairs")
    asked.add_argument("--set", action="append", default=[], metavar="SECTION.FIELD=VALUE")
    for option in ("--pool", "--held-out", "--precision", "--seed", "--pool-seed", "--order-seed",
                   "--model-seed"):
        asked.add_argument(option, type=number, metavar="N")
    for scanning in (asked, command("resume", resume, needs_id=True)):
        scanning.add_argument("--dask", default="", metavar="ADDRESS",
                              help="scan with the workers of this Dask scheduler too, e.g. "
                                   "tcp://127.0.0.1:8786; the pairs kept are the same")
    command("list", list_runs).add_argument("--arms", action="store_true",
                                            help="also list control arms")
    studies.add_evaluate_options(command("evaluate", studies.evaluate, needs_id=True))
    command("fan", studies.fan, needs_id=True).add_argument(
        "--orders", type=number, default=5, metavar="N",
        help="number of orders, including the run's own")
    command("folds", studies.folds, needs_id=True).add_argument(
        "--k", type=number, default=3, metavar="N",
        help="number of folds, including the run itself")
    command("show", show, needs_id=True)
    command("verify", verify, needs_id=True)
    command("speedup", speedup, needs_id=True)
    exported = command("export", export, needs_id=True)
    exported.add_argument("--out", required=True, metavar="DIR")
    exported.add_argument("--format", choices=("png", "npz"), default="png")
    worker_process.add_commands(commands)
    studies.add_sweep_options(command("sweep", studies.sweep))
    data_sets.add_commands(commands)
    label.add_commands(commands)
    command("dashboard", dashboard).add_argument("options", nargs="*", metavar="OPTION")
    command("probe", probe).add_argument("--out", metavar="FILE",
                                         help="also write the answer to this file")
    return whole
