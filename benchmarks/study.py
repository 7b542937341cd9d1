"""The full-size study: order fan, arms, budgets, random-k curve, folds, passes, known answers.

    python benchmarks/study.py --budget 240
    python benchmarks/study.py --keep --only controls    # and goes on in another session
    python benchmarks/study.py --tables

Not an analysis: what it adds up to is computed by the functions that the Evaluation page uses.
Every task is a cached run worked on by a fresh process, the most important first, so the study can
be stopped at any moment and goes on where it stood; `--tables` writes what is complete by then.
With `--keep` every finished run is also stored under `benchmarks/results/study`, in a folder for
machines like this one, and what is stored there is not computed again.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script beside the package, not in it

from benchmarks import kept_runs
from shipdash import config as configs
from shipdash.config import ConfigError, RunConfig
from shipdash.config.settings import SCORED
from shipdash.records import RunState
from shipdash.results import Result
from shipdash.runs import Store, StoreError
from shipdash.studies import arms, collect, replicas
from shipdash.studies.ensure import ensure, workers
from shipdash.studies.folder import MISSING, Studies, state_of
from shipdash.studies.study import Later, Study, asked
from shipdash.studies.turns import Arrived

REPLICATES = (1, 2, 3)  # of every arm, each with a model seed and a draw of its own
CURVE = (25, 50, 100, 200, 400, 1000, 3000)  # pairs of the random-k curve, even on a log axis
N_ORDERS, N_FOLDS = 5, 3
DISTINCT = (50, 100)  # known answers: so many different pairs in a pool of full size

RECORDED = kept_runs.RECORDED / "study"
KEPT = Path(__file__).parent / "results" / "study"

FIRST_ARMS = ("core", "random", "full", "first", "stratified", "rejected")
NAME = "recorded study"


class Task(NamedTuple):
    """One run of the study, and what it is for."""

    group: str
    name: str
    run: RunConfig | Later


def tasks(base: RunConfig) -> list[Task]:
    """Everything the study asks, the most important first."""
    orders, chain = replicas.fan(base, N_ORDERS), replicas.folds(base, N_FOLDS)
    noisy = replicas.noisy(base)
    others = [c for c in orders if c != base]
    return [
        _selection("orders", "the selection", base),
        *arm_tasks("controls", base, FIRST_ARMS, "steps"),
        *one_shot_tasks("one-shot", base),
        *arm_tasks("budget", base, arms.BUDGET, "steps"),
        *[_selection("orders", f"order seed {c.seeds.order}", c) for c in others],
        *curve_tasks(base, [k for k in CURVE if k < base.selection.n_pool]),
        *arm_tasks("ceiling", base, ("full-cost",), "steps"),
        *arm_tasks("score", base, FIRST_ARMS, "score"),
        _selection("passes", "passes until clean", replicas.until_clean(base)),
        *[_selection("folds", f"fold {n}", c) for n, c in enumerate(chain[1:], start=2)],
        *[_selection("known", f"{d} distinct pairs", replicas.distinct(base, d)) for d in DISTINCT],
        *[_later("folds", f"core of fold {n}, replicate {r}", c, r, names=["core"], stops=["steps"])
          for n, c in enumerate(chain[1:], start=2) for r in REPLICATES],
        *arm_tasks("ceiling", base, ("full-converged",), "steps"),
        *arm_tasks("network", base, ("other", "other-random"), "steps"),
        *[arm for c in others for arm in arm_tasks("other orders", c, ("core", "random"), "steps")],
        _selection("known", f"{noisy.planted.label_noise:.0%} wrong masks", noisy),
    ]


def _selection(group: str, name: str, config: RunConfig) -> Task:
    return Task(group, name, config)


def _later(group: str, name: str, source: RunConfig, replicate: int, **words) -> Task:
    """An arm, whose settings rest on the result of its selection."""
    return Task(group, name, Later(name, lambda store: _arm(store, source, replicate, **words)))


def arm_tasks(group: str, source: RunConfig, names: Sequence[str], stop: str) -> list[Task]:
    """Every arm once per replicate; replicates outermost, so that each has its first early."""
    return [_later(group, f"{name}, {stop}, replicate {r}, order {source.seeds.order}", source, r,
                   names=[name], stops=[stop])
            for r in REPLICATES for name in names]


def one_shot_tasks(group: str, source: RunConfig) -> list[Task]:
    """Arms that choose by factors or by a network's scores, and first the runs that score."""
    scores = [_later(group, f"scores for {kind}, replicate {r}", source, r, names=[kind],
                     stops=["steps"], which=0)
              for r in REPLICATES for kind in ("el2n", "forgetting")]  # the others take el2n's
    return [*scores, *arm_tasks(group, source, ("matched", *SCORED), "steps")]


def curve_tasks(source: RunConfig, sizes: Sequence[int]) -> list[Task]:
    """The curve of so many random pairs, once per replicate."""
    return [_later("curve", f"{k} random pairs, replicate {r}", source, r, names=[], curve=[k])
            for r in REPLICATES for k in sizes]


def _arm(store: Store, source: RunConfig, replicate: int, which: int = -1,
         **words) -> RunConfig | None:
    """One arm of a selection, None while that is not finished; `which` 0: what scores for it."""
    result = _result(store, source)
    if result is None:
        return None
    seed = arms.model_seeds(source, replicate)[-1]
    return arms.plan(source.digest, source, result, model_seeds=[seed], draws=[replicate],
                     **words)[which]


def _result(store: Store, config: RunConfig) -> Result | None:
    with contextlib.suppress(StoreError):
        return store.result(config.digest)
    return None


def run(store: Store, todo: list[Task], *, budget_min: float, n_workers: int | None,
        name: str = NAME, n_threads: int | None = None, kept: Path | None = None,
        afterwards: Callable[[], None] = lambda: None) -> None:
    """Work the tasks off; returns when none is left or the budget is spent.

    Parameters
    ----------
    n_threads : int, optional
        Threads of a worker; by default its share of the cores.
    kept : Path, optional
        Where finished runs are stored at once, and taken from instead of being computed again.
    afterwards : callable
        Called when the turn of a run is over.
    """
    study = _study(todo, name)
    crew = workers(n_workers)
    studies, names = Studies(store), {}

    def tell(arrived: Arrived) -> None:
        for task in todo:  # what rests on others is known by its run id only now
            config = asked(store, task.run)
            if config is not None:
                names.setdefault(config.digest, f"{task.group}: {task.name}")
        print(f"{time.strftime('%H:%M:%S')}  {arrived.run_id}  {arrived.state}  "
              f"{names.get(arrived.run_id, '')}  {arrived.reason}".rstrip(), flush=True)
        if kept is not None:
            kept_runs.keep(store, arrived.run_id, kept)
        afterwards()

    if kept is not None:
        kept_runs.put_back(store, kept, study)

    studies.forget_cancel(studies.create(study))
    ensure(store, study, crew=crew._replace(n_threads=n_threads or crew.n_threads), on_run=tell,
           until=time.monotonic() + 60 * budget_min)


def _study(todo: list[Task], name: str = NAME) -> Study:
    return Study(name=name, runs=tuple(task.run for task in todo))


def standing(store: Store, todo: list[Task]) -> list[dict]:
    """One row a task: group, name, run id and state, None while it cannot be asked yet."""
    rows = []
    for task in todo:
        config = asked(store, task.run)
        run_id = config.digest if config else None
        state = state_of(store, run_id) if run_id else MISSING
        rows.append({"group": task.group, "name": task.name, "run_id": run_id,
                     "state": None if state == MISSING else str(state)})
    return rows


def tables(store: Store, base: RunConfig, todo: list[Task], out: Path, command: str) -> None:
    """Write what is complete as small tables, computed as the Evaluation page computes them."""
    done = Counter(row["state"] for row in standing(store, todo))[RunState.COMPLETED]
    found = collect.gather(store, base.digest)
    paths = collect.write(
        found, out, command=command, n_runs=done, n_planned=len(todo),
        written=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"))
    print(f"{done} of {len(todo)} runs: {len(paths)} files in {out}")


def main(argv: list[str] | None = None) -> int:
    """Run the study, write its tables, or list where it stands."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", default=os.environ.get("SHIPDASH_RUNS"), metavar="DIR")
    parser.add_argument("--preset", default="compact", help=", ".join(configs.PRESETS))
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.FIELD=VALUE")
    parser.add_argument("--budget", type=float, default=600.0, metavar="MINUTES",
                        help="start no task after so many minutes")
    parser.add_argument("--workers", type=int, metavar="N",
                        help="worker processes at a time, each with its share of the threads; by "
                             "default one per core, of one thread, as the recorded study was made")
    parser.add_argument("--keep", nargs="?", const=kept_runs.folder_name(), metavar="FOLDER",
                        help=f"store each finished run under {KEPT.relative_to(KEPT.parents[2])}, "
                             "in the folder of this kind of machine (%(const)s) or another, and "
                             "compute none again that is stored there")
    parser.add_argument("--only", action="append", default=[], metavar="GROUP")
    parser.add_argument("--tables", action="store_true",
                        help="write the tables of what is complete, run nothing")
    parser.add_argument("--out", type=Path, default=RECORDED, metavar="DIR")
    parser.add_argument("--list", action="store_true", help="where each task stands, as JSON")
    args = parser.parse_args(argv)
    store = Store(args.runs)
    try:
        base = configs.preset(args.preset).replace(**dict(map(configs.parse_setting, args.set)))
        todo = [t for t in tasks(base) if not args.only or t.group in args.only]
        kept = KEPT / args.keep if args.keep else None
        if kept is not None:  # with the selection, which every arm rests on
            kept_runs.put_back(store, kept, _study([_selection("orders", "", base), *todo]))
        if args.list:
            print(json.dumps(standing(store, todo)))
        elif args.tables:
            words = ["python benchmarks/study.py", *(["--preset", args.preset]
                     if args.preset != "compact" else []), *(f"--set {c}" for c in args.set),
                     *([f"--keep {args.keep}"] if args.keep else []),
                     *(f"--only {group}" for group in args.only)]
            tables(store, base, todo, args.out, " ".join(words))
        else:
            run(store, todo, budget_min=args.budget, n_workers=args.workers,
                kept=kept)
    except (ConfigError, StoreError) as error:
        print(f"study: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
