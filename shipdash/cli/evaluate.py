"""``python -m shipdash evaluate``: its options, its progress on the terminal, its outcome.

It trains nothing and compares nothing: `arm_jobs` runs the arms, the Evaluation page sets them
side by side.
"""

from __future__ import annotations

import argparse
import json

from shipdash.cli import progress
from shipdash.config import ConfigError
from shipdash.records import RunState, Trained
from shipdash.runs import Store
from shipdash.studies import arm_jobs, arms


def evaluate(args: argparse.Namespace) -> int:
    """Train the control arms of a finished run from scratch; stored ones are kept."""
    store = Store(args.runs)
    asked = {
        "names": arms.NAMES if args.arms == "all" else _words(args.arms),
        "stops": _words(args.stops), "curve": _sizes(args.curve), "network": args.network,
        "n_model_seeds": _count("model_seeds", args.model_seeds),
        "n_draws": _count("draws", args.draws),
    }
    if not asked["names"] and not asked["curve"]:
        raise ConfigError("arms", args.arms, "must name at least one arm, or give --curve sizes")
    if args.queue:
        ids = arm_jobs.submit_arms(store, args.id, **asked)
    else:
        planned = arm_jobs.plan_arms(store, args.id, **asked)
        with progress.ArmsBar(store, planned):
            ids = arm_jobs.work_off(store, planned)
    rows = [arm_row(store, run_id) for run_id in ids]
    if args.json:
        print(json.dumps(rows))
    else:
        print(*map(_line, rows), sep="\n")
    return 0 if args.queue or all(row["state"] == RunState.COMPLETED for row in rows) else 1


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--arms", default="all", metavar="NAMES",
                        help=f"some of {','.join(arms.NAMES)},curve; all: all but the curve")
    parser.add_argument("--stops", default=",".join(arms.STOPS), metavar="RULES",
                        help="steps: equal updates; score: until the arm's own score passes")
    parser.add_argument("--model-seeds", default="3", metavar="N",
                        help="replicates, each with fresh weights")
    parser.add_argument("--draws", default="3", metavar="N",
                        help="random draws: replicate r has the r-th draw and the r-th weights")
    parser.add_argument("--curve", default="", metavar="SIZES",
                        help="sizes of the random-k curve, e.g. 25,50,100")
    parser.add_argument("--network", default="", metavar="NAME",
                        help=f"what the other arms learn with: {', '.join(arms.NETWORKS)}")
    parser.add_argument("--queue", action="store_true",
                        help="submit them and return; the queue works them off")


def arm_row(store: Store, run_id: str) -> dict:
    """One arm as a row of plain values; `held_out` is None until it has completed."""
    arm, status, result = store.config(run_id), store.status(run_id), store.result(run_id)
    source, selected = store.selected(arm.arm.source)
    row = {"name": arms.name_of(arm, source, selected), "run_id": run_id,
           "state": str(status.state), "reason": status.reason, "stop": arm.arm.stop,
           "model_seed": arm.seeds.model, "draw": arm.arm.draw}
    if result is not None:
        return row | {"n_pairs": result["n_core"]} | {
            key: result[key] for key in ("held_out", "n_backward", "seconds")}
    bouts = [e for e in store.events(run_id)[0] if isinstance(e, Trained)]
    return row | {"n_pairs": bouts[-1].n_core if bouts else None, "held_out": None,
                  "n_backward": sum(e.n_images for e in bouts),
                  "seconds": round(sum(e.seconds for e in bouts), 2)}


def _line(row: dict) -> str:
    found = row["held_out"]
    said = row["reason"] if found is None else (
        f"mean IoU {found['mean_iou']:.4f}, {found['share_failing']:.2%} failing"
        + ", stalled" * (row["reason"] == "stalled"))
    return (f"{row['run_id']}  {row['state']:<10} {row['name']:<14} {row['stop']:<8} "
            f"{row['n_pairs'] or '?':>6} pairs  model seed {row['model_seed']}, draw "
            f"{row['draw']}  {said}")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _count(field: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise ConfigError(field, text, "must be a whole number from 1 to 100")
    return int(text)


def _sizes(text: str) -> list[int]:
    try:
        return [int(word) for word in _words(text)]
    except ValueError:
        raise ConfigError("curve", text, "must be whole numbers, e.g. 25,50,100") from None
