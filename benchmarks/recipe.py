"""How often a recipe fails to learn: many model seeds on pools that no headline figure uses.

    python -m benchmarks.recipe seeds judge-quick --stem "algorithm 2" --models 101-130 --pool 2000
    python -m benchmarks.recipe corners --stem leaky

What the tables say is printed by `benchmarks.recipe_tables`. Rows are appended to
benchmarks/results/recipe/<table>.csv; those already there are skipped.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from benchmarks.recipe_corners import CORNERS
from benchmarks.recipe_stems import STEMS, network_with
from shipdash import config as configs
from shipdash.config import RunConfig
from shipdash.data.scene import SceneSource
from shipdash.data.source import stream_order
from shipdash.learning import metrics, tensorflow_learner
from shipdash.learning.learner import Learner, open_learner
from shipdash.loop import select
from shipdash.records import LoopState, Picked, Scanned, Stopped, Trained

RESULTS = Path(__file__).parent / "results" / "recipe"
RECORDED = Path(__file__).parents[1] / "shipdash" / "recorded"  # the corners: a page shows them
N_LOOKED_AT = 16  # images of the probe split whose pixels tell what the stem passes


class Row(NamedTuple):
    """One run. It has collapsed where it did not end within the cap, or where its mean IoU on
    fresh pairs is below `--collapsed-iou`: a rule fixed before the runs, with a healthy network
    at 0.9 after a pool of 60 pairs and a collapsed one near 0.2."""

    stem: str
    preset: str
    changes: str
    model: int
    pool: int
    n_pool: int
    reason: str  # "capped" where it was ended after `--cap` training images
    n_core: int
    n_tested: int
    n_images: int
    n_forward: int
    n_probe: int
    mean_iou: float
    share_failing: float
    collapsed: bool
    seconds: float  # wall time, on a machine that did other work at times
    cpu_s: float  # of this process: what the other work hardly changes
    dead_before: int  # stem features that pass none of the looked-at pixels
    dead_after: int
    largest_before: float  # the largest share of pixels that a stem feature passes
    largest_after: float
    passed_before: str
    passed_after: str
    longest_phase: int  # images of the longest training phase after the first pairs


class Bench:
    """One compiled learner and one probe for one config, reseeded for every run."""

    def __init__(self, config: RunConfig, stem: str, learner: Learner, n_probe: int, cap: int,
                 collapsed_iou: float, traces: Path | None) -> None:
        self.config, self.stem, self.cap, self.traces = config, stem, cap, traces
        self.collapsed_iou = collapsed_iou
        self.learner = learner
        probe = SceneSource(config.scene, seed=config.seeds.pool, n=n_probe, split="probe")
        self.images, self.masks = probe.draw(range(n_probe))
        network = self.learner.averaged
        self._look = keras.Model(network.input, network.get_layer("stem").output)

    def run(self, model: int, preset: str, changes: str) -> Row:
        """Select with this model seed, then look at what became of the network."""
        config = self.config.replace(**{"seeds.model": model})
        pool = SceneSource(config.scene, seed=config.seeds.pool, n=config.selection.n_pool)
        self.learner.reseed(model)
        before, state, events = self.passed(), LoopState(), []
        began, cpu_began, n_images = time.perf_counter(), time.process_time(), 0
        stream = stream_order(config.selection.n_pool, config.seeds.order)
        for event in select(pool, self.learner, config, stream, state):
            events.append(event)
            n_images += event.n_images if isinstance(event, Trained) else 0
            if n_images >= self.cap:
                break
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
        after = self.passed()
        ious = metrics.iou(metrics.counts(self.masks, self.learner.predict(self.images)))
        wanted = config.selection.acceptance_iou
        capped = not isinstance(events[-1], Stopped)
        self._keep(model, changes, events)
        return Row(
            self.stem, preset, changes, model, config.seeds.pool, config.selection.n_pool,
            "capped" if capped else str(events[-1].reason), len(state.core), state.n_tested,
            n_images, sum(e.n_forward for e in events if isinstance(e, Scanned)), len(ious),
            round(float(ious.mean()), 4), round(float(np.mean(ious < wanted - 1e-12)), 4),
            bool(capped or ious.mean() < self.collapsed_iou), round(seconds, 2), round(cpu_s, 2),
            int(np.sum(before == 0)), int(np.sum(after == 0)),
            round(float(before.max()), 3), round(float(after.max()), 3),
            " ".join(f"{share:.3f}" for share in before),
            " ".join(f"{share:.3f}" for share in after), longest_phase(events),
        )

    def passed(self) -> np.ndarray:
        """Per stem feature, the share of pixels on which it is positive: float64, (n,)."""
        return np.mean(self._look.predict_on_batch(self.images[:N_LOOKED_AT]) > 0, axis=(0, 1, 2))

    def _keep(self, model: int, changes: str, events: list) -> None:
        if self.traces is not None:
            with self.traces.open("a") as file:
                line = {"stem": self.stem, "model": model, "changes": changes}
                file.write(json.dumps(line | {"events": [short(e) for e in events]}) + "\n")


def short(event) -> list:
    """An event without the numbers of its pairs: what a rule that watches a run may look at."""
    if isinstance(event, Trained):
        return ["t", event.n_core, event.n_images, event.score, event.loss, event.seconds]
    if isinstance(event, Scanned):
        return ["s", event.n_tested, len(event.indices), event.n_forward, event.seconds]
    if isinstance(event, Picked):
        return ["p", event.n_core, event.n_tested, event.iou]
    return ["e", str(event.reason)]


def longest_phase(events: list) -> int:
    """Images of the longest training phase: all of them between two pairs that joined."""
    longest, phase, warm = 0, 0, False
    for event in events:
        if isinstance(event, Trained):
            phase += event.n_images
            longest = max(longest, phase if warm else 0)
        elif isinstance(event, Scanned | Picked):
            phase, warm = 0, warm or isinstance(event, Scanned)
    return longest


def numbers(text: str) -> list[int]:
    """``"1-3,121"`` as [1, 2, 3, 121]."""
    spans = [part.split("-") for part in text.split(",")]
    return [n for span in spans for n in range(int(span[0]), int(span[-1]) + 1)]


def run_seeds(args: argparse.Namespace) -> None:
    """One row per model seed, all with the same settings."""
    SUSPECTS[args.suspect]()
    run_rows(args, args.table, [" ".join([*args.set, *filter(None, [args.suspect])])])


def _one_shard() -> None:
    tensorflow_learner.SHARDS = 1


def _batch_statistics() -> None:
    def forward(learner, images):
        return learner.averaged(images, training=True)

    tensorflow_learner.TensorFlowLearner._shard_forward = forward


SUSPECTS: dict[str, Callable[[], None]] = {
    "": lambda: None,
    "shards=1": _one_shard,  # a batch of 16 in one piece, batch normalization over all of it
    "statistics=batch": _batch_statistics,  # predictions without moving statistics
}
"""What else might make a network fail to learn, and is no setting: taken out for one table."""


def run_corners(args: argparse.Namespace) -> None:
    """Three model seeds in every corner of the generator."""
    run_rows(args, "corners", CORNERS)


def run_rows(args: argparse.Namespace, name: str, settings: list[str]) -> None:
    """Append one row per settings and model seed, unless it is there."""
    table = (RECORDED if name == "corners" else RESULTS) / f"{name}.csv"
    traces = args.traces and Path(args.traces) / f"{name}.jsonl"
    there = {(r["stem"], r["changes"], int(r["model"]), int(r["pool"])) for r in rows_of(table)}
    learners = {}  # compiled for a network and an image size
    for changes in settings:
        usual = {"selection.n_pool": args.n_pool, "seeds.pool": args.pool, "seeds.order": args.pool}
        asked = dict(configs.parse_setting(text) for text in changes.split()
                     if text not in SUSPECTS)
        config = configs.preset(args.preset).replace(**usual | asked)
        todo = [m for m in numbers(args.models) if (args.stem, changes, m, args.pool) not in there]
        if not todo:
            continue
        key = config.network, config.shape
        learners[key] = learners.get(key) or compiled(config, args.stem)
        bench = Bench(config, args.stem, learners[key], args.n_probe, args.cap,
                      args.collapsed_iou, traces)
        for model in todo:
            row = bench.run(model, args.preset, changes)
            append(table, row)
            print(row.stem, changes, model, row.reason, row.n_core, row.n_tested, row.n_images,
                  row.mean_iou, row.share_failing, row.seconds, row.passed_after, flush=True)


def compiled(config: RunConfig, stem: str) -> Learner:
    """A learner with this stem that has compiled its step and its prediction."""
    tensorflow_learner.NETWORKS["compact"] = network_with(stem)
    learner = open_learner(config.network, shape=config.shape, seed=0)
    learner.prepare()
    return learner


def rows_of(table: Path) -> list[dict]:
    """What the table holds so far; nothing where there is none."""
    if not table.exists():
        return []
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def append(table: Path, row: NamedTuple) -> None:
    """One more row, with the names above the first."""
    new = not table.exists()
    with table.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(row._fields)
        writer.writerow(row)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, do in (("seeds", run_seeds), ("corners", run_corners)):
        command = commands.add_parser(name, help=do.__doc__)
        command.set_defaults(do=do)
        command.add_argument("--stem", choices=STEMS, required=True)
        command.add_argument("--preset", default="quick")
        command.add_argument("--pool", type=int, default=1000, help="pool and order seed")
        command.add_argument("--n-pool", type=int, default=60)
        command.add_argument("--n-probe", type=int, default=300)
        command.add_argument("--cap", type=int, default=14_000,
                             help="training images that end a run: five times what is usual")
        command.add_argument("--collapsed-iou", type=float, default=0.75)
        command.add_argument("--models", default="1-3", metavar="1-60,121")
        command.add_argument("--traces", help="folder for the event streams")
        if name == "seeds":
            command.add_argument("table")
            command.add_argument("--suspect", choices=SUSPECTS, default="",
                                 help="part of the recipe that is taken out")
            command.add_argument("--set", action="append", default=[],
                                 metavar="section.field=value")
    args = parser.parse_args()
    args.do(args)


if __name__ == "__main__":
    main()
