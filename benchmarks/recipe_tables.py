"""What the recipe's CSV tables say, as Markdown: before and after, corners, alarms. Trains nothing.

    python -m benchmarks.recipe_tables compare judge-quick --after leaky
    python -m benchmarks.recipe_tables corners
    python -m benchmarks.recipe_tables alarms --write
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from benchmarks.recipe import RECORDED, RESULTS, append, rows_of
from shipdash.did_not_learn import symptom
from shipdash.records import Picked, Scanned, Stopped, Trained

BEFORE = "algorithm 2"
MEASURES = {"n_core": 1, "n_images": 1, "n_forward": 1, "mean_iou": -1, "share_failing": 1,
            "cpu_s": 1, "seconds": 1}  # 1: more is worse


def compare(args: argparse.Namespace) -> None:
    """Median, worst decile and range of either stem, on the seeds that both have."""
    by_stem = {stem: {int(r["model"]): r for r in rows_of(RESULTS / f"{args.table}.csv")
                      if r["stem"] == stem and not r["changes"]} for stem in (BEFORE, args.after)}
    both = sorted(set.intersection(*(set(rows) for rows in by_stem.values())))
    print(f"{args.table}: {len(both)} seeds with both; collapsed:",
          {s: f"{sum(r['collapsed'] == 'True' for r in rows.values())} of {len(rows)}"
           for s, rows in by_stem.items()})
    print("\n| measure | stem | median | worst decile | worst | best |")
    print("|---|---|---:|---:|---:|---:|")
    for measure, sign in MEASURES.items():
        for stem, rows in by_stem.items():
            values = np.sort([sign * float(rows[m][measure]) for m in both]) * sign
            cells = (np.median(values), values[int(np.ceil(0.9 * len(values))) - 1],
                     values[-1], values[0])
            print(f"| {measure} | {stem} |", " | ".join(f"{v:.6g}" for v in cells), "|")


def corners(args: argparse.Namespace) -> None:
    """One line per corner: median and range of its seeds."""
    rows = rows_of(RECORDED / "corners.csv")
    print("| settings | kept | tested | mean IoU | failing | images | seconds | collapsed |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for changes in dict.fromkeys(r["changes"] for r in rows):
        here = [r for r in rows if r["changes"] == changes]
        cells = [_spread([float(r[name]) for r in here]) for name in (
            "n_core", "n_tested", "mean_iou", "share_failing", "n_images", "seconds")]
        n_bad = sum(r["collapsed"] == "True" for r in here)
        print(f"| {changes or 'quick preset'} |", " | ".join(cells), f"| {n_bad} of {len(here)} |")


def _spread(values: list[float]) -> str:
    low, middle, high = min(values), float(np.median(values)), max(values)
    return f"{middle:.4g} ({low:.4g} to {high:.4g})"


class Alarm(NamedTuple):
    """When the rule of `did_not_learn` fires in one run, and how it fared otherwise."""

    table: str
    stem: str
    changes: str
    model: int
    collapsed: bool
    symptom: str  # empty where the rule never fires
    at_tested: int
    at_core: int
    at_images: int
    at_s: float  # seconds of training and scanning until then


def alarms(args: argparse.Namespace) -> None:
    """Fires on which collapsed runs, how soon; and false alarms."""
    found = list(_alarms())
    if args.write:
        (RESULTS / "alarms.csv").unlink(missing_ok=True)
        for alarm in found:
            append(RESULTS / "alarms.csv", alarm)
    for collapsed in (True, False):
        here = [a for a in found if a.collapsed == collapsed]
        fired = [a for a in here if a.symptom]
        print(f"collapsed={collapsed}: {len(here)} runs, the rule fires in {len(fired)}")
        for name in dict.fromkeys(a.symptom for a in fired):
            times = [a.at_s for a in fired if a.symptom == name]
            images = [a.at_images for a in fired if a.symptom == name]
            print(f"  {name}: {len(times)}, after {_spread(times)} s, {_spread(images)} images")


def _alarms() -> Iterator[Alarm]:
    for path in sorted(RESULTS.glob("traces/*.jsonl.gz")):
        table = path.name.removesuffix(".jsonl.gz")
        bad = {(r["stem"], r["changes"], r["model"]): r["collapsed"] == "True"
               for r in rows_of(RESULTS / f"{table}.csv")}
        for line in gzip.open(path, "rt"):
            run = json.loads(line)
            key = run["stem"], run["changes"], str(run["model"])
            yield _alarm(table, run, bad[key])


def _alarm(table: str, run: dict, collapsed: bool) -> Alarm:
    events = [_event(e) for e in run["events"]]
    seen, n_images, seconds, core, tested = [], 0, 0.0, 0, 0
    for event in events:
        seen.append(event)
        n_images += event.n_images if isinstance(event, Trained) else 0
        seconds += getattr(event, "seconds", 0.0)
        core = getattr(event, "n_core", core)
        tested = getattr(event, "n_tested", tested)
        what = symptom(seen)
        if what:
            return Alarm(table, run["stem"], run["changes"], run["model"], collapsed,
                         what.name.lower(), tested, core, n_images, round(seconds, 2))
    return Alarm(table, run["stem"], run["changes"], run["model"], collapsed, "", tested, core,
                 n_images, round(seconds, 2))


def _event(short: list):
    """What `recipe.short` left of an event; pair numbers are gone."""
    kind, *rest = short
    if kind == "t":
        n_core, n_images, score, loss, seconds = rest
        return Trained(n_core, n_images // 16, n_images, score, loss, seconds)
    if kind == "s":
        n_tested, n_passed, n_forward, seconds = rest
        return Scanned(1, 0, n_tested, (0,) * n_passed, (1.0,) * n_passed, n_forward, 0, seconds)
    if kind == "p":
        n_core, n_tested, iou = rest
        return Picked(1, 0, 0, n_core, n_tested, iou, iou)
    return Stopped(rest[0], 0, 0, 1)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    for do in (compare, corners, alarms):
        command = commands.add_parser(do.__name__, help=do.__doc__)
        command.set_defaults(do=do)
        if do is compare:
            command.add_argument("table")
            command.add_argument("--after", required=True)
        if do is alarms:
            command.add_argument("--write", action="store_true", help="also write alarms.csv")
    args = parser.parse_args()
    args.do(args)


if __name__ == "__main__":
    main()
