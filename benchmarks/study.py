"""The full-size study: order fan, control arms, random-k curve, folds, passes and known answers.

    python benchmarks/study.py --budget 240
    python benchmarks/study.py --tables

Not an analysis: what it adds up to is computed by the functions that the Evaluation page uses.
Every task is a cached run worked on by a fresh process, the most important first, so the study can
be stopped at any moment and goes on where it stood; `--tables` writes what is complete by then.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script beside the package, not in it

from shipdash import config as configs
from shipdash.config import ConfigError, RunConfig
from shipdash.records import RunState
from shipdash.runs import Store, StoreError
from shipdash.studies import arms, collect, replicas

REPLICATES = (1, 2, 3)  # of every arm, each with a model seed and a draw of its own
CURVE = (25, 50, 100, 200, 400, 1000, 3000)  # pairs of the random-k curve, even on a log axis
N_ORDERS, N_FOLDS = 5, 3
DISTINCT = (50, 100)  # known answers: so many different pairs in a pool of full size

RECORDED = Path(__file__).parents[1] / "shipdash" / "recorded" / "study"

FIRST_ARMS = ("core", "random", "full", "first", "stratified", "rejected")


class Task(NamedTuple):
    """One run of the study; `config` gives None until the runs it rests on are complete."""

    group: str
    name: str
    config: Callable[[Store], RunConfig | None]


def tasks(base: RunConfig) -> list[Task]:
    """Everything the study asks, the most important first."""
    orders, chain = replicas.fan(base, N_ORDERS), replicas.folds(base, N_FOLDS)
    noisy = replicas.noisy(base)
    others = [c for c in orders if c != base]
    return [
        _selection("orders", "the selection", base),
        *_arms("controls", base, FIRST_ARMS, "steps"),
        *[_selection("orders", f"order seed {c.seeds.order}", c) for c in others],
        *_curve(base),
        *_arms("ceiling", base, ("full-cost",), "steps"),
        *_arms("score", base, FIRST_ARMS, "score"),
        _selection("passes", "passes until clean", replicas.until_clean(base)),
        *[Task("folds", f"fold {n}", lambda store, c=c: _after(store, c))
          for n, c in enumerate(chain[1:], start=2)],
        *[_selection("known", f"{d} distinct pairs", replicas.distinct(base, d)) for d in DISTINCT],
        *[Task("folds", f"core of fold {n}, replicate {r}", lambda store, c=c, r=r: _arm(
            store, c, r, names=["core"], stops=["steps"]))
          for n, c in enumerate(chain[1:], start=2) for r in REPLICATES],
        *_arms("ceiling", base, ("full-converged",), "steps"),
        *_arms("network", base, ("other", "other-random"), "steps"),
        *[arm for c in others for arm in _arms("other orders", c, ("core", "random"), "steps")],
        _selection("known", f"{noisy.planted.label_noise:.0%} wrong masks", noisy),
    ]


def _selection(group: str, name: str, config: RunConfig) -> Task:
    return Task(group, name, lambda store: config)


def _arms(group: str, source: RunConfig, names: tuple[str, ...], stop: str) -> list[Task]:
    """Every arm once per replicate; replicates outermost, so that each has its first early."""
    return [Task(group, f"{name}, {stop}, replicate {r}, order {source.seeds.order}",
                 lambda store, name=name, r=r: _arm(store, source, r, names=[name], stops=[stop]))
            for r in REPLICATES for name in names]


def _curve(source: RunConfig) -> list[Task]:
    return [Task("curve", f"{k} random pairs, replicate {r}",
                 lambda store, k=k, r=r: _arm(store, source, r, names=[], curve=[k]))
            for r in REPLICATES for k in CURVE if k < source.selection.n_pool]


def _arm(store: Store, source: RunConfig, replicate: int, **asked) -> RunConfig | None:
    """One arm of a selection, or None while that is not finished."""
    result = _result(store, source)
    if result is None:
        return None
    seed = arms.model_seeds(source, replicate)[-1]
    return arms.plan(source.digest, source, result, model_seeds=[seed], draws=[replicate],
                     **asked)[0]


def _after(store: Store, config: RunConfig) -> RunConfig | None:
    """A fold, once the folds before it are complete."""
    with contextlib.suppress(ConfigError):
        store.left_out(config)
        return config
    return None


def _result(store: Store, config: RunConfig) -> dict | None:
    with contextlib.suppress(StoreError):
        return store.result(config.digest)
    return None


class Study:
    """The tasks, and who works on which; several threads take from it, each waits on a process."""

    def __init__(self, store: Store, todo: list[Task], until: float) -> None:
        self.store, self.until = store, until
        self.todo, self.changed, self.n_busy = list(todo), threading.Condition(), 0
        self.taken: set[str] = set()  # two tasks may be one run: a curve point of the core's size

    def work(self, cpus: list[int] | None) -> None:
        """Take tasks until none can be had or the time is over; `cpus` are this thread's own."""
        if cpus:
            os.sched_setaffinity(0, cpus)  # the thread's, and so its worker processes'
        while taken := self._take():
            task, run_id = taken
            began = time.monotonic()
            try:
                code, said = _process(self.store, run_id, len(cpus) if cpus else None)
                state = self.store.status(run_id).state
                words = "" if state == RunState.COMPLETED else f" code {code}: {said}"
            except (OSError, StoreError) as error:  # the other worker must not wait for ever
                state, words = "broken", f" {error}"
            print(f"{time.strftime('%H:%M:%S')}  {run_id}  {time.monotonic() - began:6.0f} s  "
                  f"{state}  {task.group}: {task.name}{words}", flush=True)
            with self.changed:
                self.n_busy -= 1
                self.changed.notify_all()

    def _take(self) -> tuple[Task, str] | None:
        with self.changed:
            while time.monotonic() < self.until:
                ready = self._first_ready()
                if ready is not None:
                    self.n_busy += 1
                    return ready
                if not self.n_busy:
                    return None  # what is left rests on runs that failed
                self.changed.wait()
            return None

    def _first_ready(self) -> tuple[Task, str] | None:
        for task in list(self.todo):
            config = task.config(self.store)
            if config is None:
                continue
            self.todo.remove(task)
            if config.digest in self.taken or _result(self.store, config) is not None:
                continue
            self.taken.add(config.digest)
            try:
                return task, self.store.create(config)[0]
            except (ConfigError, StoreError) as error:
                print(f"left out: {task.group}: {task.name}: {error}", flush=True)
        return None


def _process(store: Store, run_id: str, n_threads: int | None) -> tuple[int, str]:
    """One worker process from start to end: its exit code and its last words."""
    here = str(Path(__file__).parents[1])
    environment = {**os.environ, "SHIPDASH_RUNS": str(store.root), "KERAS_BACKEND": "tensorflow",
                   "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONPATH": here}
    if n_threads:
        environment |= {"TF_NUM_INTRAOP_THREADS": str(n_threads),
                        "TF_NUM_INTEROP_THREADS": str(n_threads), "OMP_NUM_THREADS": str(n_threads)}
    store.clear_request(run_id)
    with store.log_path(run_id).open("ab") as log:
        code = subprocess.call([sys.executable, "-m", "shipdash", "work", run_id], env=environment,
                               stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    return code, " ".join(store.log_path(run_id).read_text(errors="replace").splitlines()[-1:])


def shares(n_workers: int) -> list[list[int] | None]:
    """Processors of each worker: all of them for one, equal disjoint parts for several."""
    cpus = sorted(os.sched_getaffinity(0))
    if n_workers == 1:
        return [None]
    if n_workers > len(cpus):
        raise ConfigError("--workers", n_workers, f"must be at most {len(cpus)}, one a processor")
    return [cpus[i::n_workers] for i in range(n_workers)]


def run(store: Store, todo: list[Task], *, budget_min: float, n_workers: int) -> None:
    """Work the tasks off; returns when none is left or the budget is spent."""
    study = Study(store, todo, time.monotonic() + 60 * budget_min)
    threads = [threading.Thread(target=study.work, args=(cpus,)) for cpus in shares(n_workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def standing(store: Store, todo: list[Task]) -> list[dict]:
    """One row a task: group, name, run id and state, None while it cannot be asked yet."""
    rows = []
    for task in todo:
        config = task.config(store)
        run_id = config.digest if config else None
        state = None
        if config is not None:
            with contextlib.suppress(StoreError):
                state = str(store.status(run_id).state)
        rows.append({"group": task.group, "name": task.name, "run_id": run_id, "state": state})
    return rows


def tables(store: Store, base: RunConfig, todo: list[Task], out: Path, command: str) -> None:
    """Write what is complete as small tables, computed as the Evaluation page computes them."""
    done = sum(row["state"] == RunState.COMPLETED for row in standing(store, todo))
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
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), metavar="N",
                        help="worker processes at a time, each with its share of the processors; "
                             "by default one of one thread each, as the recorded study was made")
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
        if args.list:
            print(json.dumps(standing(store, todo)))
        elif args.tables:
            words = ["python benchmarks/study.py", *(["--preset", args.preset]
                     if args.preset != "compact" else []), *(f"--set {c}" for c in args.set)]
            tables(store, base, todo, args.out, " ".join(words))
        else:
            run(store, todo, budget_min=args.budget, n_workers=args.workers)
    except (ConfigError, StoreError) as error:
        print(f"study: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
