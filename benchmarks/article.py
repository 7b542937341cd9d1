"""The article's program, rebuilt, against our loop: the same picks, time and forward passes.

Two measurements. On a small pool both run to the end with the same network and rules. At full size
the program would take a day on a laptop, so what it does is counted from the article's published
numbers and multiplied by the speed of its calls, measured here.
"""

from __future__ import annotations

import json

from benchmarks.child import measure
from benchmarks.report import Asked, Row, median
from shipdash import config as configs
from shipdash.config import RunConfig

EPOCHS, WARMUP_EPOCHS, PICKS, FIRST, POOL, BLOCK = 1_563, 47, 271, 11, 10_000, 1_024
"""The article's first run: epochs in all and of the warm-up, core set, first pairs, pool, block."""


def rows(asked: Asked) -> list[Row]:
    """Both programs on a small pool, then the article's extrapolated to its own counts."""
    config = comparison(asked.quick)
    answers = [measure("article_race", json.dumps(config.to_dict())).found
               for _ in range(1 if asked.quick else asked.repeats)]
    speeds = measure("article_speed", json.dumps(
        {"size": 32 if asked.quick else 128, "filters": 4 if asked.quick else 16})).found
    return [*_race(answers, config), *_extrapolated(speeds)]


def comparison(quick: bool) -> RunConfig:
    """Settings under which both programs draw the same batches.

    Warm-up and later batches are of one size, filled from the beginning, so that Keras compiles
    the step that our learner compiles, to the last bit. The scene is one that so narrow a network
    learns in seconds, or nothing would be discarded; no mean of up to 100 scores lies exactly on
    the precision.
    """
    return configs.article().replace(**{
        "scene.size": 32, "scene.radius_min": 4.0, "scene.radius_max": 8.0, "scene.noise": 0.2,
        "scene.contrast": 0.8, "network.filters": 4, "network.learning_rate": 0.003,
        "network.batch": 10, "network.warmup_batch": 10, "selection.precision": 0.701,
        "selection.n_pool": 60 if quick else 600, "evaluation.n_held_out": 0,
        "evaluation.reaudit": False,
    })


def _race(answers: list[dict], config: RunConfig) -> list[Row]:
    n, first = config.selection.n_pool, answers[0]
    where = f"{n:,} pairs of 32 x 32, the article's network at 4 filters"
    found = [Row("same picks", min(a["same_picks"] for a in answers), "", len(answers),
                 note=f"1: in all repeats, pair by pair; {where}")]
    for who, words in (("program", "the article's program"), ("ours", "our loop")):
        each = first[who]
        found += [
            median(f"{words}: wall time", [a[who]["wall_s"] for a in answers], "s",
                   "compilation not counted"),
            Row(f"{words}: core set", each["n_core"], "pairs"),
            Row(f"{words}: predictions", each["n_forward"], ""),
            Row(f"{words}: training images", each["n_backward"], ""),
        ]
    return [
        *found,
        median("ratio of wall times", [a["program"]["wall_s"] / a["ours"]["wall_s"]
                                       for a in answers], "times"),
        Row("ratio of predictions", first["program"]["n_forward"] / first["ours"]["n_forward"],
            "times"),
    ]


def published_counts() -> tuple[int, int]:
    """Training images and predictions of the article's first run.

    The article gives epochs and picks, not when they fell. Taken here: the epochs after the
    warm-up spread evenly over the picks, so that the core set has 12, 13, ... 271 pairs for equally
    many epochs; and a whole block predicted for every pick, plus those that found nothing.
    """
    later = PICKS - FIRST
    mean_core = (FIRST + 1 + PICKS) / 2
    trained = WARMUP_EPOCHS * FIRST + (EPOCHS - WARMUP_EPOCHS) * mean_core
    return round(trained), later * BLOCK + POOL


def _extrapolated(speeds: dict) -> list[Row]:
    trained, predicted = published_counts()
    what = f"{speeds['size']} x {speeds['size']}, {speeds['filters']} filters"
    found = [median(f"{words}, {what}", speeds[key], "images/s") for words, key in (
        ("Keras fit", "fit"), ("Keras predict", "predict"),
        ("our training step", "our_train"), ("our prediction", "our_predict"))]
    fit, predict = found[0].value, found[1].value
    our_train, our_predict = found[2].value, found[3].value
    program_s = trained / fit + predicted / predict
    batch = configs.article().network.predict_batch
    ours_s = trained / our_train + (POOL + (PICKS - FIRST) * batch) / our_predict
    return [
        *found,
        Row("the article's program at its published counts", program_s, "s",
            note=f"extrapolated: {trained:,} training images, {predicted:,} predictions"),
        Row("our loop with its network, as many epochs", ours_s, "s",
            note=f"extrapolated: every pair once, and for each pick a batch of {batch} in vain"),
        Row("ratio of the two", program_s / ours_s, "times"),
    ]
