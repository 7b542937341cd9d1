"""Scores of a learner on pairs: held-out, discarded, or any other, in blocks of bounded memory.

It chooses nothing and trains nothing; whatever is fitted to these scores is no longer held out.
While the network predicts a block, one thread draws the next block and another scores the one
before: each of the three does its blocks in order, so that the answers are those of doing them in
turn, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple

import numpy as np

from shipdash.acceptance import fails
from shipdash.data.source import TARGET, VOID, Source
from shipdash.learning import metrics
from shipdash.learning.learner import Learner
from shipdash.results import HeldOut, Reaudit

BLOCK = 256
"""Pairs of 128 x 128 in a block: 50 MB of images, of which up to three blocks are in memory."""

N_WORST = 24  # predictions kept to be looked at: one contact sheet


class Scores(NamedTuple):
    """One value per pair, in the order asked for; the worst predictions as uint8 0..255."""

    index: np.ndarray  # int64, (n,)
    iou: np.ndarray  # float64, (n,), 0..1
    dice: np.ndarray  # float64, (n,), 0..1
    article: np.ndarray  # float64, (n,), 0..1.1
    soft: np.ndarray  # float64, (n,), 0..1.1
    has_target: np.ndarray  # bool, (n,): whether the true mask has a target
    worst: np.ndarray  # int64, (k,), pair numbers, lowest IoU first
    worst_prediction: np.ndarray  # uint8, (k, rows, cols)


def blocks(indices: Sequence[int], shape: tuple[int, int]) -> list[Sequence[int]]:
    """Indices in parts of `BLOCK`, of larger pairs in fewer at a time: about as many pixels.

    >>> [len(blocks(range(256), shape)) for shape in ((64, 64), (128, 128), (1024, 1024))]
    [1, 1, 16]
    """
    fit = BLOCK * 128 * 128 // (shape[0] * shape[1])
    n = min(BLOCK, max(fit // 16, 1) * 16)  # batches of prediction are 16 by default
    return [indices[start:start + n] for start in range(0, len(indices), n)]


def score(source: Source, learner: Learner, indices: np.ndarray,
          on_block: Callable[[int], None] = lambda n_done: None) -> Scores:
    """Score the learner, in inference mode, on numbered pairs of a source.

    `on_block` hears in this thread how many pairs are done after each block and may raise to
    stop; the network has predicted a block more by then.
    """
    indices = np.asarray(indices, np.int64)
    parts, worst = [], []

    def measure(block: np.ndarray, masks: np.ndarray, probability: np.ndarray) -> int:
        c = metrics.counts(masks, probability)
        ious = metrics.iou(c)
        soft = metrics.article_score_soft(masks, probability)
        has_target = (masks == TARGET).any(axis=(1, 2))
        parts.append((ious, metrics.dice(c), metrics.article_score(c), soft, has_target))
        for j in np.argsort(ious, kind="stable")[:N_WORST]:
            # A picture of its own: a view would keep the whole block in memory.
            picture = np.rint(probability[j] * 255).astype(np.uint8)
            worst.append((ious[j], int(block[j]), picture))
        worst[:] = sorted(worst, key=lambda found: found[:2])[:N_WORST]
        return len(block)

    n_done = 0

    def hear(measured: Future) -> None:
        nonlocal n_done
        n_done += measured.result()
        on_block(n_done)

    with (ThreadPoolExecutor(1, "score") as scoring,
          closing(predicted(source, learner, indices)) as found):
        pending = None
        for block, _, masks, probability in found:
            if pending is not None:  # one block waits at most: memory does not grow with the pairs
                hear(pending)
            pending = scoring.submit(measure, block, masks, probability)
        if pending is not None:
            hear(pending)
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    columns = columns or [*[np.zeros(0)] * 4, np.zeros(0, bool)]
    pictures = np.array([found[2] for found in worst], np.uint8)
    return Scores(indices, *columns, np.array([found[1] for found in worst], np.int64),
                  pictures.reshape(len(worst), *source.shape))


def predicted(source: Source, learner: Learner, indices: np.ndarray
              ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Numbers, images, masks and probabilities of block after block; the next is being drawn."""
    parts = blocks(indices, source.shape)
    with ThreadPoolExecutor(1, "draw") as drawing:
        coming = drawing.submit(source.draw, parts[0].tolist()) if parts else None
        for k, block in enumerate(parts):
            images, masks = coming.result()
            coming = None  # it would keep this block in memory for another turn
            if k + 1 < len(parts):
                coming = drawing.submit(source.draw, parts[k + 1].tolist())
            yield block, images, masks, learner.predict(images)


class PoolScores(NamedTuple):
    """What other arms choose pairs by, one entry a pair, in the order asked for."""

    index: np.ndarray  # int64, (n,)
    iou: np.ndarray  # float32, (n,), 0..1
    el2n: np.ndarray  # float32, (n,), 0..1
    features: np.ndarray  # float32, (n, d)


def pool_scores(source: Source, learner: Learner, indices: np.ndarray,
                on_block: Callable[[int], None] = lambda n_done: None) -> PoolScores:
    """How hard each pair is for a learner, and where it lies among its features.

    EL2N is the length of the error vector ``p - y`` (Paul, Ganguli and Dziugaite, NeurIPS 2021),
    here over the pixels of a mask and divided by the root of their number; void pixels count as
    right. One network's error, not the mean of ten.
    """
    indices = np.asarray(indices, np.int64)
    parts, n_done = [], 0
    with closing(predicted(source, learner, indices)) as found:
        for block, images, masks, probability in found:
            error = np.where(masks == VOID, 0.0, probability - (masks == TARGET))
            parts.append((metrics.iou(metrics.counts(masks, probability)),
                          np.sqrt(np.square(error).mean(axis=(1, 2))), learner.features(images)))
            n_done += len(block)
            on_block(n_done)
    columns = [np.concatenate(column).astype(np.float32) for column in zip(*parts, strict=True)]
    return PoolScores(indices, *columns)


def held_out_summary(scores: Scores, acceptance_iou: float) -> HeldOut:
    """The measures that lead a page; `share_failing` is the share below the acceptance IoU."""
    foreground = scores.iou[scores.has_target]
    return HeldOut(
        n=len(scores.iou),
        mean_iou=float(scores.iou.mean()),
        share_failing=float(np.mean(fails(scores.iou, acceptance_iou))),
        mean_dice=float(scores.dice.mean()),
        article_score=float(scores.article.mean()),
        article_score_soft=float(scores.soft.mean()),
        acceptance_iou=acceptance_iou,
        n_foreground=len(foreground),
        foreground_iou=float(foreground.mean()) if len(foreground) else None,
    )


def reaudit_summary(scores: Scores, acceptance_iou: float) -> Reaudit:
    """How many discarded pairs the final network fails: the article's unchecked lower bound."""
    failing = fails(scores.iou, acceptance_iou)
    by_iou = np.argsort(scores.iou, kind="stable")
    return Reaudit(
        n=len(scores.iou),
        n_failing=int(failing.sum()),
        lowest_iou=float(scores.iou.min()) if len(scores.iou) else None,
        failing=tuple(int(scores.index[j]) for j in by_iou if failing[j]),
    )
