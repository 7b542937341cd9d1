"""The study of docs/preregistration.md: ten pools, one run of every arm on each.

    python -m benchmarks.preregistered --pools 2        # the next two pools that are missing
    python -m benchmarks.preregistered --report         # tables and sentences of what is stored
    python -m benchmarks.preregistered --report --write # and into docs/results.md and README
    python -m benchmarks.preregistered --power          # what ten pools can find

A pool is complete or it is not stored: all of its runs come from one machine, and what they found
is two small files, so that a later session on another machine goes on with the next pool. On one
machine a stopped pool goes on where it stood, since its runs are in the runs folder. It computes no
statistics (`pools`) and words no finding (`preregistered_report`).
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from benchmarks import preregistered_power, preregistered_report
from benchmarks.child import ROOT
from benchmarks.pools import measures
from benchmarks.registration import ARM_SEED, ARMS, SEEDS, Plan, plan, selection
from shipdash.analysis import PairIous, arm_run, pair_ious, registered
from shipdash.analysis.by_factor import GAP
from shipdash.analysis.certificate import certificate_of
from shipdash.config import ConfigError, RunConfig
from shipdash.records import RunState
from shipdash.results import Environment
from shipdash.runs import Store, StoreError, prerequisites
from shipdash.runs.folder import replace
from shipdash.studies import arms, replicas, stored_ious
from shipdash.studies.ensure import Workers, ensure, workers
from shipdash.studies.folder import Studies, state_of
from shipdash.studies.study import Later, Study
from shipdash.studies.turns import Arrived

RESULTS = ROOT / "benchmarks" / "results" / "preregistered"

PLAN, LANDING = ROOT / "docs" / "preregistration.md", ROOT / "docs" / "results.md"
"""The registration, and the document with a section that is the report."""

README = ROOT / "README.md"
"""It has a section too: all verdicts in one table."""

PAGE = ROOT / "shipdash" / "recorded" / registered.FILE
"""What the Evaluation page shows of it, and the headline certificate beside it."""

CERTIFICATE, PAGE_CERTIFICATE = "certificate.csv", PAGE.with_name(registered.CERTIFICATE_FILE)

FACTS = ("pool", "arm", "run_id", "n_pairs", "n_forward", "n_backward", "seconds", "threads",
         "device", "machine", "version", "tensorflow", "date")


def planned(store: Store, chosen: RunConfig) -> list[RunConfig]:
    """The arms of a finished selection and the run that scores its pool, in the order of a study.

    All arms of a pool start from the same weights, other than those of the selection.
    """
    seed = chosen.seeds.pool
    _, result = prerequisites.selected(store, chosen.digest)
    return arms.plan(chosen.digest, chosen, result, names=ARMS,
                     stops=("steps",), model_seeds=(ARM_SEED + seed,), draws=(seed,))


def pool_study(base: RunConfig, seed: int, *, certified: bool) -> Study:
    """Every run of a pool; the arms can be asked once the selection has ended."""
    chosen = selection(base, seed)

    def ask(place: int):
        def of(store: Store) -> RunConfig | None:
            if state_of(store, chosen.digest) != RunState.COMPLETED:
                return None
            if store.result(chosen.digest).stalled:
                raise StoreError(f"the selection of pool {seed} stalled, which ends this pool: "
                                 f"name it under *Changes* and go on with --leave-out {seed}")
            return planned(store, chosen)[place]

        return of

    n_runs = len(ARMS) + 1  # one run scores the pool for two of them
    later = [Later(f"arm {place} of pool {seed}", ask(place)) for place in range(n_runs)]
    until_clean = [replicas.until_clean(chosen)] if certified else []
    return Study(name=f"preregistered, pool {seed}", runs=(chosen, *later, *until_clean))


def compute(store: Store, asked: Plan, seed: int, folder: Path, *, crew: Workers | None = None,
            until: float = float("inf")) -> bool:
    """Run what is missing of a pool and store it; False where it is not complete by then.

    Raises
    ------
    StoreError
        A run failed, or the runs of the pool come from more than one machine.
    """
    study, reasons = pool_study(asked.base, seed, certified=seed == asked.certified), []

    def tell(arrived: Arrived) -> None:
        print(f"{time.strftime('%H:%M:%S')}  pool {seed}  {arrived.run_id}  {arrived.state}  "
              f"{arrived.reason}".rstrip(), flush=True)
        reasons.extend([arrived.reason] if arrived.state == "failed" else [])

    studies = Studies(store)
    studies.forget_cancel(studies.create(study))
    standing = ensure(store, study, crew=crew or workers(), on_run=tell, until=until)
    if reasons:
        raise StoreError(f"a run of pool {seed} failed: {reasons[0]}")
    if not standing.complete:
        return False
    keep(store, asked, seed, folder)
    return True


def keep(store: Store, asked: Plan, seed: int, folder: Path) -> None:
    """Store a complete pool: measures and facts as CSV, the IoU of every pair as float16."""
    chosen = selection(asked.base, seed)
    named = {arms.name_of(arm, chosen): arm for arm in planned(store, chosen)}
    runs = {name: ({"selection": chosen} | named)[name] for name in ("selection", *ARMS, "scout")}
    ious = {name: store.load_scores(run.digest, "held_out")["iou"] for name, run in runs.items()}
    certified = [replicas.until_clean(chosen)] if seed == asked.certified else []
    where = _environment(store, seed, [*runs.values(), *certified])
    rows = [_row(store, seed, name, run, where) | measures(ious[name])
            for name, run in runs.items()]
    folder.mkdir(parents=True, exist_ok=True)
    stored_ious.write(_pair_ious(store, chosen, runs.values(), ious.values()),
                      folder / f"pool-{seed}.npz")
    for run in certified:
        _verify(store, run.digest)
        replace(folder / CERTIFICATE, _table(_certificate(store, chosen)))
    replace(folder / f"pool-{seed}.csv", _table(rows))  # last: it says that the pool is complete


def _pair_ious(store: Store, chosen: RunConfig, runs: Iterable[RunConfig],
               ious: Iterable[np.ndarray]) -> PairIous:
    """The runs of a pool in the form of any study, with the gap between the shapes of each pair."""
    own = store.info(chosen.digest)
    found = pair_ious([arm_run(store.info(run.digest), own, iou)
                       for run, iou in zip(runs, ious, strict=True)])
    factors = stored_ious.held_out_factors(chosen, own.result.algorithm)
    return found._replace(iou=found.iou.astype(np.float16), factors=factors[[GAP]])


def missing(folder: Path, seeds: Sequence[int]) -> list[int]:
    """Pools that are not stored, in the order of the plan."""
    return [seed for seed in seeds if not (folder / f"pool-{seed}.csv").exists()]


def without(asked: Plan, seeds: Sequence[int], folder: Path, registration: str = "") -> Plan:
    """The plan without pools that could not be computed.

    `registration` is the text whose *Changes* must name them; empty where none need.

    Raises
    ------
    ConfigError
        A pool is not one of the study, is stored, or is not named under *Changes*.
    """
    changes = registration.partition("\n## Changes\n")[2]
    for seed in seeds:
        for holds, rule in (
            (seed in asked.seeds, "must be a pool of the study"),
            (not (folder / f"pool-{seed}.csv").exists(), "must not be stored: no pool is left out "
             "by what it shows"),
            (not registration or str(seed) in changes, "must be named under *Changes* in the "
             "registration"),
        ):
            if not holds:
                raise ConfigError("--leave-out", seed, rule)
    return asked._replace(seeds=tuple(s for s in asked.seeds if s not in seeds))


def _environment(store: Store, seed: int, runs: Sequence[RunConfig]) -> Environment:
    """Where all of a pool was computed, parts of a run that was stopped and resumed included.

    Raises
    ------
    StoreError
        Runs, or parts of one, come from several machines, threads or versions.
    """
    found = {part for run in runs for part in store.result(run.digest).segments or (None,)}
    if len(found) == 1 and None not in found:
        return found.pop()
    facts = [field.name for field in fields(Environment)
             if len({getattr(part, field.name, None) for part in found}) > 1]
    raise StoreError(f"the runs of pool {seed} differ in {', '.join(facts) or 'what is known'}: "
                     "remove them and compute the pool on one machine")


def _row(store: Store, seed: int, name: str, run: RunConfig, where: Environment) -> dict:
    result = store.result(run.digest)
    facts = {"pool": seed, "arm": name, "run_id": run.digest, "n_pairs": result.n_core,
             "machine": where.machine, "threads": where.threads, "version": where.shipdash,
             "tensorflow": where.tensorflow}
    return {fact: facts[fact] if fact in facts else getattr(result, fact) for fact in FACTS}


def _verify(store: Store, run_id: str) -> None:
    """Train on the picks alone, in a process of its own; what differs costs the run its bound."""
    subprocess.run([sys.executable, "-m", "shipdash", "verify", run_id, "--runs", str(store.root)],
                   cwd=ROOT, check=False, stdout=subprocess.DEVNULL)


def _certificate(store: Store, chosen: RunConfig) -> list[dict]:
    """One row a condition of the certificate; the bound stands in each."""
    run = store.info(replicas.until_clean(chosen).digest)
    found = certificate_of(run)
    facts = {"pool": chosen.seeds.pool, "run_id": run.run_id, "n_kept": found.n_kept,
             "n_pool": found.n_pool, "delta": found.delta, "bound": found.bound,
             "two_sided": found.two_sided, "rounds": run.result.rounds,
             "share_failing": run.result.held_out.share_failing,
             "machine": run.result.machine, "date": run.result.date}
    return [facts | {"condition": c.name, "holds": c.holds, "reason": c.reason}
            for c in found.conditions]


def _table(rows: list[dict]) -> bytes:
    """CSV of rows with the same keys; seven digits are more than a share of 10,000 pairs has."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.7g}" if isinstance(v, float) else v for k, v in row.items()}
                     for row in rows)
    return text.getvalue().encode()


def main(argv: list[str] | None = None) -> int:
    """Compute the pools that are missing, or report those that are stored."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", default=os.environ.get("SHIPDASH_RUNS"), metavar="DIR")
    parser.add_argument("--pools", type=int, default=len(SEEDS), metavar="N",
                        help="compute at most so many pools now")
    parser.add_argument("--budget", type=float, default=float("inf"), metavar="MINUTES",
                        help="begin no run after so many minutes")
    parser.add_argument("--workers", type=int, metavar="N",
                        help="worker processes at a time, one thread each; by default one per core")
    parser.add_argument("--leave-out", type=int, action="append", default=[], metavar="SEED",
                        help="a pool that cannot be computed, as named in the registration")
    parser.add_argument("--quick", action="store_true",
                        help="tiny pools, stored beside the runs: shows only that it works")
    parser.add_argument("--report", action="store_true", help="tables of what is stored")
    parser.add_argument("--write", action="store_true",
                        help=f"put the report into its section of docs/{LANDING.name}, and, "
                             "once all pools are in, its verdicts among the recorded runs")
    parser.add_argument("--power", action="store_true", help="what the planned pools can find")
    parser.add_argument("--out", type=Path, metavar="DIR")
    args = parser.parse_args(argv)
    if args.write and (args.quick or args.out):
        parser.error("--write is for the study itself, without --quick and --out")
    store, asked = Store(args.runs), plan(args.quick)
    folder = args.out or (store.root / "preregistered-quick" if args.quick else RESULTS)
    until = time.monotonic() + 60 * args.budget
    try:
        if args.power:
            print(preregistered_power.power(), preregistered_power.power([preregistered_power.NEW]),
                  sep="\n\n")
            return 0
        registration = "" if args.quick else PLAN.read_text("utf-8")
        asked = without(asked, args.leave_out, folder, registration)
        for seed in [] if args.report else missing(folder, asked.seeds)[:args.pools]:
            if not compute(store, asked, seed, folder, until=until,
                           crew=workers(args.workers)._replace(n_threads=1)):
                break
        said = preregistered_report.report(folder, asked, args.leave_out)
        print(said)
        if args.write:
            table = preregistered_report.stored(folder, asked.seeds)
            rows = preregistered_report.for_the_page(table, asked)
            for path, words in ((LANDING, said),
                                (README, preregistered_report.in_short(table, asked))):
                path.write_text(preregistered_report.with_section(path.read_text("utf-8"), words),
                                "utf-8")
            for path in (PAGE, PAGE_CERTIFICATE):
                path.unlink(missing_ok=True)
            if len(rows):
                rows.to_csv(PAGE, index=False, float_format="%.6g")
                if asked.certified in asked.seeds:
                    shutil.copyfile(folder / CERTIFICATE, PAGE_CERTIFICATE)
    except (ConfigError, StoreError, OSError) as error:
        print(f"preregistered: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
