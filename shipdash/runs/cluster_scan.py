"""Scanning the stream of a run with the workers of a Dask cluster, while its network is unchanged.

Not a setting of the run: workers predict the same batches that one machine would predict, and which
pair fails first is decided in stream order by the loop, so the core set is the same pair by pair.
Training stays on one machine.
"""

from __future__ import annotations

import contextlib
import functools
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from shipdash.acceptance import fails
from shipdash.config import ALGORITHM, ConfigError, RunConfig
from shipdash.data import open_source
from shipdash.data.source import Source
from shipdash.learning import metrics
from shipdash.learning.learner import Learner, open_learner
from shipdash.learning.scanner import LocalScanner, Predicted, Shown
from shipdash.results import Environment
from shipdash.runs.dask_client import connected, lost
from shipdash.runs.machine import environment

TIMEOUT_S = 10  # to bring the weights to every worker; the article's state is 60 MB
FAILURES = 2  # in a row, and the cluster is lost; one is also a worker that dies while it is asked
N_AHEAD = 4  # batches asked for beforehand, for each worker: one at work and some on their way

OpenScanner = Callable[[RunConfig, Source, Learner], "ClusterScanner"]


@contextlib.contextmanager
def on_cluster(address: str) -> Iterator[OpenScanner]:
    """What makes the scanner of a run whose stream is predicted by the workers at an address.

    Raises
    ------
    ConfigError
        Dask is not installed, nobody answers there, the scheduler has no worker, or a worker has
        no shipdash, another processor, other versions or another number of threads than this
        process.
    """
    with connected(address) as client:
        here = environment()
        try:
            found = client.run(_facts)
        except Exception as error:  # whatever a worker says that cannot import this module
            raise ConfigError("--dask", address, "must have workers with this shipdash "
                              f"({type(error).__name__}: {error}); nothing was started") from None
        for there in found.values():
            if there != (here, ALGORITHM):
                raise ConfigError("--dask", address, "must have workers that round as this process "
                                  f"does, which is {here}; one of them is {there[0]}")
        yield functools.partial(ClusterScanner, client)


class ClusterScanner:
    """A `Scanner` that predicts the coming batches elsewhere, and never waits for anybody.

    The first batch after a training step is predicted here: as long as pairs fail often, nothing
    further is needed. From then on the batches to come are asked for beforehand, and a batch that
    has not been answered when its turn comes is predicted here. So workers that die, or the loss of
    the whole cluster, cost time and nothing else.

    Attributes
    ----------
    n_answered : int
        Batches that workers have predicted for the run.
    warming : list of Future
        One a worker: it is done when that worker has compiled the network.
    """

    def __init__(self, client, config: RunConfig, source: Source, learner: Learner) -> None:
        self.client, self.config, self.source, self.learner = client, config, source, learner
        self.here = LocalScanner(source, learner)
        self.name, self.n_steps, self.n_answered = uuid.uuid4().hex, -1, 0
        self.asked: dict[tuple[int, ...], Any] = {}
        self.weights: Any = None
        self.n_workers, self.n_failures = 0, 0
        self.work = (json.dumps(config.to_dict()), environment(), learner.device)
        self.warming = []
        try:
            self.warming += [client.submit(_warm, *self.work, workers=[worker], pure=False)
                             for worker in client.nthreads()]
        except (*lost(), OSError):
            self.n_failures = FAILURES

    @property
    def is_lost(self) -> bool:
        """Whether the cluster has failed; the rest is then predicted here."""
        return self.n_failures >= FAILURES

    def predict(self, batch: list[int], then: Iterator[list[int]], n_steps: int) -> Predicted:
        """See `Scanner.predict`."""
        if n_steps != self.n_steps:
            self.n_steps, self.asked, self.weights = n_steps, {}, None  # futures let go are dropped
            return self.here.predict(batch, then, n_steps)
        answer = self._answer(self.asked.pop(tuple(batch), None))
        if not self.is_lost:
            try:
                self._ask(then)
                self.n_failures = 0
            except (*lost(), OSError):
                self.n_failures += 1
                self.weights, self.asked = None, {}
        if answer is None:
            return self.here.predict(batch, iter(()), n_steps)
        self.n_answered += 1
        return Predicted(answer.counts, functools.partial(self._shown, batch, answer))

    def _ask(self, then: Iterator[list[int]]) -> None:
        """Have the batches to come predicted, as far ahead as there are workers."""
        if self.weights is None:
            self.n_workers = len(self.client.nthreads())
            if not self.n_workers:
                return
            self.weights = self.client.scatter([self.learner.get_state()], broadcast=True,
                                               hash=False, timeout=TIMEOUT_S)[0]
        for batch in islice(then, N_AHEAD * self.n_workers):
            if batch and tuple(batch) not in self.asked:
                self.asked[tuple(batch)] = self.client.submit(
                    _predict, *self.work, f"{self.name}/{self.n_steps}", self.weights, batch,
                    pure=False)

    def _answer(self, future) -> _Answer | None:
        """What a worker has predicted; None where it has not, or its cluster has failed."""
        import distributed

        if future is None or not future.done():
            return None
        try:
            return future.result()
        except (*lost(), distributed.scheduler.KilledWorker):  # the cluster's, not the work's
            self.weights, self.asked = None, {}  # the weights may be gone with their workers
            return None

    def _shown(self, batch: list[int], answer: _Answer, k: int) -> Shown:
        (image,), (mask,) = self.source.draw([batch[k]])
        return Shown(image, mask, answer.prediction)


class _Answer(NamedTuple):
    """Counts of a batch, and the prediction of its first failing pair, if there is one."""

    counts: metrics.Counts
    prediction: np.ndarray | None  # uint8, (rows, cols)


def _facts() -> tuple[Environment, int]:
    return environment(), ALGORITHM


_AT_WORK = threading.Lock()  # a worker may have several threads, and has one learner


class _Opened:
    """Source and learner of a run in a worker process, and whose weights the learner has."""

    def __init__(self, spec: str) -> None:
        self.config = RunConfig.from_dict(json.loads(spec))
        self.source = open_source(self.config)
        self.learner = open_learner(self.config.network, shape=self.config.shape,
                                    seed=self.config.seeds.model)
        self.weights = ""


@functools.lru_cache(maxsize=1)
def _opened(spec: str, run: Environment, device: str) -> _Opened:
    """In a worker: what it needs for a run, which is refused if it would round differently."""
    opened = _Opened(spec) if environment() == run else None
    here, there = (environment(), run) if opened is None else (opened.learner.device, device)
    if here != there:
        raise RuntimeError(f"a worker of the cluster is {here}; the run is made with {there}: "
                           "stop that worker and resume the run")
    return opened


def _warm(spec: str, run: Environment, device: str) -> None:
    """In a worker: start TensorFlow and compile the prediction."""
    with _AT_WORK:
        opened = _opened(spec, run, device)
        opened.learner.predict(opened.source.draw([0])[0])


def _predict(spec: str, run: Environment, device: str, name: str,
             weights: dict[str, np.ndarray], batch: list[int]) -> _Answer:
    """In a worker: predict one batch with the weights of that name."""
    with _AT_WORK:
        opened = _opened(spec, run, device)
        if opened.weights != name:
            opened.learner.set_state(weights)
            opened.weights = name
        images, masks = opened.source.draw(batch)
        probability = opened.learner.predict(images)
    counts = metrics.counts(masks, probability)
    limit = opened.config.selection.acceptance_iou
    failing = np.flatnonzero(fails(metrics.iou(counts), limit))
    return _Answer(counts, np.rint(probability[failing[0]] * 255).astype(np.uint8)
                   if len(failing) else None)
