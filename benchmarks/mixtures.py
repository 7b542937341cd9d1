"""Mixtures of a stored core set with random pairs, trained from scratch: tail and typical quality.

    python -m benchmarks.mixtures RUN_ID --models 3001-3003

It starts no run of the store; one candidate needs a selection of its own (`rising`). Every
candidate of a size has as many pairs and updates as its reference of random pairs; all are judged
on validation pools that are neither the pool of the selection nor its held-out pairs. Rows are
appended to benchmarks/results/mixtures.csv; those already there are skipped, so a stopped command
goes on. `mixtures_tables` says what came out.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import rising
from benchmarks.child import ROOT
from benchmarks.pools import below, measures
from shipdash.config import ConfigError, RunConfig
from shipdash.data import open_source
from shipdash.data.seeded_random import generator
from shipdash.data.source import Source
from shipdash.learning.evaluation import score
from shipdash.learning.learner import Learner, open_learner
from shipdash.results import Result
from shipdash.runs import Store, StoreError, prerequisites
from shipdash.studies.arms import equal_updates

STORED = ROOT / "benchmarks" / "results" / "mixtures.csv"

VALIDATION_SEEDS = (7001, 7002)
"""Pool seeds of the validation pools: no run, study or registration uses them."""

N_VALIDATION = 2_000
"""Pairs of each; a failure rate of 1 % is then known to 0.2 points."""

MIXED, SHUFFLED = 200, 201
"""Keys of the random draws below, which no draw of the package has (`data.seeded_random`)."""


class Candidate(NamedTuple):
    """What a network is trained on, and how.

    Attributes
    ----------
    n_core, n_random : float
        Pairs of either kind, in sizes of the core set; fewer than all are drawn at random.
    share_random : float or None
        Part of every batch that random pairs fill; None mixes all pairs in whole epochs.
    rate : float
        Learning rate, in those of the selection.
    rises : bool
        Whether the core pairs are those of a selection whose acceptance IoU rises over the pass.
    """

    n_core: float
    n_random: float
    share_random: float | None = None
    rate: float = 1.0
    rises: bool = False

    @property
    def size(self) -> float:
        """All of its pairs, in sizes of the core set."""
        return self.n_core + self.n_random


CANDIDATES = {
    "core": Candidate(1, 0),
    "random": Candidate(0, 1),
    "half core, half random": Candidate(0.5, 0.5),
    "core, half the rate": Candidate(1, 0, rate=0.5),
    "core, a quarter of the rate": Candidate(1, 0, rate=0.25),
    "core of a rising acceptance": Candidate(1, 0, rises=True),
    "core and as many random": Candidate(1, 1),
    "core, a quarter of each batch random": Candidate(1, 1, share_random=0.25),
    "core, half of each batch random": Candidate(1, 1, share_random=0.5),
    "twice as many random": Candidate(0, 2),
}
"""By name; those of one size are compared with the random pairs of that size."""

COLUMNS = ("run_id", "candidate", "model_seed", "validation_seed", "n_validation", "n_core",
           "n_random", "n_steps", "learning_rate", "median_iou", "mean_iou", below(0.8),
           below(0.9), below(0.95), below(0.97))


def pairs_of(candidate: Candidate, core: Sequence[int], n_pool: int,
             seed: int) -> tuple[list[int], list[int]]:
    """Pool numbers of the core pairs and of the random pairs, which are no core pairs.

    All candidates of a seed draw from one order, so a larger one contains a smaller one's pairs.
    Half of an odd core set is rounded, of either kind alike.
    """
    chance = generator(seed, MIXED)
    of_core = chance.permutation(list(core))
    others = chance.permutation(np.setdiff1d(np.arange(n_pool), core))
    n_core, n_random = (round(n * len(core)) for n in (candidate.n_core, candidate.n_random))
    if n_random > len(others):
        raise ConfigError("mixture", n_random, f"must leave {len(others)} pairs of the pool or "
                          "fewer to be drawn")
    return of_core[:n_core].tolist(), others[:n_random].tolist()


def batches(n_core: int, n_random: int, share_random: float | None, batch: int, n_steps: int,
            seed: int) -> Iterator[np.ndarray]:
    """Places of each step's pairs, core pairs first: int64, shape (batch,).

    Either kind goes round in epochs of its own, in random order, where a share of the batch is
    its; else all pairs do together.
    """
    if share_random is None:
        yield from _rounds(np.arange(n_core + n_random), batch, n_steps, seed, 0)
        return
    part = round(share_random * batch)
    core = _rounds(np.arange(n_core), batch - part, n_steps, seed, 0)
    random = _rounds(n_core + np.arange(n_random), part, n_steps, seed, 1)
    for some, others in zip(core, random, strict=True):
        yield np.concatenate([some, others])


def _rounds(places: np.ndarray, n: int, n_steps: int, seed: int, kind: int) -> Iterator[np.ndarray]:
    left, epoch = places[:0], 0
    for _ in range(n_steps):
        while len(left) < n:
            left = np.append(left, generator(seed, SHUFFLED, kind, epoch).permutation(places))
            epoch += 1
        yield left[:n]
        left = left[n:]


def train(learner: Learner, source: Source, config: RunConfig, candidate: Candidate,
          pairs: tuple[list[int], list[int]], n_steps: int) -> None:
    """Train from where the learner stands, on all pairs in memory."""
    images, masks = source.draw([*pairs[0], *pairs[1]])
    for which in batches(len(pairs[0]), len(pairs[1]), candidate.share_random,
                         config.network.batch, n_steps, config.seeds.model):
        learner.train(images[which], masks[which])


def missing(path: Path, run_id: str, names: Sequence[str], models: Sequence[int],
            pools: Sequence[int], n_validation: int) -> list[tuple[str, int]]:
    """Candidate and model seed of each network that has not been judged on every pool."""
    done = set()
    if path.exists():
        with path.open(newline="") as file:
            done = {(row["run_id"], row["candidate"], int(row["model_seed"]),
                     int(row["validation_seed"]), int(row["n_validation"]))
                    for row in csv.DictReader(file)}
    return [(name, model) for model in models for name in names
            if any((run_id, name, model, pool, n_validation) not in done for pool in pools)]


def compute(config: RunConfig, result: Result, name: str, model: int, pools: Sequence[int],
            n_validation: int, learners: dict[float, Learner], picked: Path) -> list[dict]:
    """Train one network and judge it: a row a validation pool, all or none.

    `learners` keeps a compiled network for each learning rate, which gets fresh weights here;
    `picked` is the table of the core pairs of a rising acceptance.
    """
    candidate = CANDIDATES[name]
    rate = config.network.learning_rate * candidate.rate
    asked, config = config, config.replace(**{"seeds.model": model, "network.learning_rate": rate})
    if rate not in learners:
        learners[rate] = open_learner(config.network, shape=config.shape, seed=model)
        learners[rate].prepare()
    learner = learners[rate]
    core = result.core if not candidate.rises else rising.core(
        picked, result.run_id, asked, learner, result.n_core)
    pairs = pairs_of(candidate, core, result.n_pool, model)
    learner.reseed(model)
    n_steps = equal_updates(config, result)
    train(learner, open_source(config), config, candidate, pairs, n_steps)
    rows = []
    for pool in pools:
        fresh = open_source(config.replace(**{"seeds.pool": pool}), n=n_validation)
        found = measures(score(fresh, learner, np.arange(n_validation)).iou)
        rows.append({"run_id": result.run_id, "candidate": name, "model_seed": model,
                     "validation_seed": pool, "n_validation": n_validation,
                     "n_core": len(pairs[0]), "n_random": len(pairs[1]), "n_steps": n_steps,
                     "learning_rate": rate} | {m: f"{found[m]:.7g}" for m in COLUMNS[9:]})
    return rows


def main(argv: list[str] | None = None) -> int:
    """Compute the networks that are missing, the cheapest comparison first."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run_id", help="a finished selection of the runs folder")
    parser.add_argument("--runs", default=os.environ.get("SHIPDASH_RUNS"), metavar="DIR")
    parser.add_argument("--models", default="3001-3003", metavar="FIRST-LAST",
                        help="model seeds; each draws random pairs of its own")
    parser.add_argument("--candidates", nargs="+", choices=CANDIDATES, default=list(CANDIDATES),
                        metavar="NAME", help=f"some of: {'; '.join(CANDIDATES)}")
    parser.add_argument("--pairs", type=int, default=N_VALIDATION, metavar="N",
                        help="pairs of each validation pool")
    parser.add_argument("--out", type=Path, default=STORED, metavar="FILE")
    args = parser.parse_args(argv)
    try:
        first, _, last = args.models.partition("-")
        models = range(int(first), int(last or first) + 1)
        config, result = prerequisites.selected(Store(args.runs), args.run_id)
        if not config.knows_factors or config.seeds.pool in VALIDATION_SEEDS:
            raise ConfigError("run_id", args.run_id, "must be a run on generated pairs of another "
                              "pool than those of the validation")
        learners: dict[float, Learner] = {}
        for name, model in missing(args.out, args.run_id, args.candidates, models,
                                   VALIDATION_SEEDS, args.pairs):
            rows = compute(config, result, name, model, VALIDATION_SEEDS, args.pairs, learners,
                           args.out.with_stem(f"{args.out.stem}-rising"))
            rising.append(args.out, COLUMNS, rows)
            print(f"{name}, model seed {model}: done", flush=True)
    except (ConfigError, StoreError, OSError, ValueError) as error:
        print(f"mixtures: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
