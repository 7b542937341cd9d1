"""Whole runs, each in a fresh process: where the time of one goes, memory, growth with images."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.child import Answer, measure
from benchmarks.machine import PRODUCT_GFLOP
from benchmarks.parts import scene_of
from benchmarks.report import Asked, Row, median
from shipdash import config as configs
from shipdash.config import RunConfig

SIDES = (64, 128, 256)
SEEDS = 5
SMALL = {"scene.size": 32, "scene.radius_min": 4.0, "scene.radius_max": 8.0}
EASY = SMALL | {"scene.noise": 0.4, "scene.contrast": 0.6, "evaluation.n_held_out": 50}


def full(asked: Asked) -> list[Row]:
    """The compact preset from a fresh process to its stored result, and what it is made of."""
    config = configs.compact()
    if asked.quick:
        config = config.replace(**EASY, **{"selection.n_pool": 200})
    runs = [_run(config) for _ in range(asked.repeats)]
    found = [parts(run) | _work(run, asked.product_s) for run in runs]
    rows = [median(name, [each[name, unit] for each in found], unit) for name, unit in found[0]]
    cores = {tuple(run.found["result"]["core"]) for run in runs}
    return [*rows, Row("different core sets among the repeats", len(cores), "", len(runs),
                       note="the same settings every time: must be 1")]


def seeds(asked: Asked) -> list[Row]:
    """The recipe over seeds: from the click to the finished selection, and how good it is.

    As the button starts a run, with the network standing by and without; the picks are the same.
    """
    n = 2 if asked.quick else SEEDS
    runs = {how: [_clicked(asked, seed, how) for seed in range(1, n + 1)]
            for how in ("ready", "cold")}
    cores = {how: [each["result"]["core"] for each in found] for how, found in runs.items()}
    results = [each["result"] for each in runs["ready"]]
    held_out = [result["held_out"] for result in results]
    return [
        *(row for how, words in (("ready", "network ready"), ("cold", "fresh worker"))
          for row in _waits(words, runs[how])),
        median("made ready beforehand", [result["prepared_s"] for result in results], "s"),
        median("core set", [result["n_core"] for result in results], "pairs"),
        median("held-out: mean IoU", [scores["mean_iou"] for scores in held_out], ""),
        median("held-out: share failing", [100 * scores["share_failing"] for scores in held_out],
               "%"),
        Row("same picks, ready or not", float(cores["ready"] == cores["cold"]), "", n,
            note="1: for every seed, pair by pair"),
    ]


def _waits(words: str, found: list[dict]) -> Iterator[Row]:
    yield median(f"from the click to the finished selection, {words}",
                 [each["selected_s"] for each in found], "s")
    for seed, each in enumerate(found, start=1):
        result, scores = each["result"], each["result"]["held_out"]
        yield Row(f"order and model seed {seed}, {words}", each["selected_s"], "s",
                  note=f"{result['n_core']:,} pairs kept, mean IoU {scores['mean_iou']:.4f}, "
                       f"{scores['share_failing']:.2%} failing, {result['n_backward']:,} training "
                       "images")


def _clicked(asked: Asked, seed: int, how: str) -> dict:
    config = configs.compact().replace(**{
        "seeds.order": seed, "seeds.model": seed, "evaluation.reaudit": False})
    if asked.quick:
        config = config.replace(**EASY, **{"selection.n_pool": 100})
    with tempfile.TemporaryDirectory() as runs:
        return measure("clicked_run", runs, json.dumps(config.to_dict()), how,
                       SHIPDASH_STANDBY="1").found


def memory(asked: Asked) -> list[Row]:
    """The most memory a run holds, by the length of its stream.

    The learner knows twelve pairs by heart and the pool repeats them, so nearly all is scanned
    and thrown away; 32 x 32 pixels, so that a million pairs take minutes. What could grow with
    the stream (order, log, marks) does not depend on the network or the image size.
    """
    found = []
    for n in (2_000, 20_000) if asked.quick else (10_000, 1_000_000):
        config = configs.compact().replace(**SMALL, **{
            "network.kind": "rote", "planted.distinct": 12, "selection.first": 4,
            "selection.n_pool": n, "evaluation.n_held_out": 0, "evaluation.reaudit": False})
        found.append((n, _run(config)))
    peaks = [run.found["peak_rss_mb"] for _, run in found]
    rows = [Row(f"peak memory, scan of {n:,} pairs", peak, "MB",
                note=f"{run.found['result']['n_tested']:,} tested, {run.wall_s:,.0f} s, "
                     f"{run.found['n_events']:,} events")
            for (n, run), peak in zip(found, peaks, strict=True)]
    return [*rows, Row("difference", peaks[1] - peaks[0], "MB", note="must stay below 100")]


def scale(asked: Asked) -> list[Row]:
    """Time to the finished selection and core size against image size; seeds differ.

    Against the size of the pool: `benchmarks.growth`.
    """
    base = {"evaluation.reaudit": False, "evaluation.n_held_out": 50 if asked.quick else 2_000,
            "selection.n_pool": 100 if asked.quick else 3_000}
    rows = []
    for side in (32,) if asked.quick else SIDES:
        config = configs.compact().replace(**_scene(side), **base)
        points = [_point(config, seed) for seed in range(1, asked.repeats + 1)]
        rows += _rows_of(f"{side} x {side}, pool of {config.selection.n_pool:,}", points)
    return rows


class _Point(NamedTuple):
    seconds: float
    n_core: int
    share_failing: float


def _point(config: RunConfig, seed: int) -> _Point:
    run = _run(config.replace(**{"seeds.order": seed, "seeds.model": seed}))
    result = run.found["result"]
    return _Point(run.found["selected_at"] - run.began, result["n_core"],
                  100 * result["held_out"]["share_failing"])


def _rows_of(name: str, points: list[_Point]) -> list[Row]:
    seconds, n_core, failing = zip(*points, strict=True)
    return [median(f"{name}: to the finished selection", seconds, "s"),
            median(f"{name}: core set", n_core, "pairs"),
            median(f"{name}: held-out pairs failing", failing, "%")]


def _scene(side: int) -> dict:
    scene = scene_of(side)
    return {"scene.size": side, "scene.radius_min": scene.radius_min,
            "scene.radius_max": scene.radius_max}


def _run(config: RunConfig) -> Answer:
    with tempfile.TemporaryDirectory() as runs:  # empty, lest an answer be a stored one
        return measure("timed_run", runs, json.dumps(config.to_dict()))


def parts(run: Answer) -> dict[tuple[str, str], float]:
    """Wall time and what it is made of; the parts add up to the whole."""
    phases, heard = run.found["result"]["phases"], run.found["listened_s"]
    ours, beside = run.found["in_the_way_s"], run.found["beside_s"]
    to_selection = run.found["selected_at"] - run.began
    drawing, writing = ours.get("select/generate", 0.0), ours.get("select/write", 0.0)
    rest = phases["select"] - sum(heard.values()) - writing
    return {(name, "s"): value for name, value in {
        "from the start to the finished selection": to_selection,
        "whole run, evaluation included": run.wall_s,
        "start-up: Python, TensorFlow, building the network":
            to_selection - phases["compile"] - phases["select"],
        "compilation": phases["compile"],
        "warm-up": heard["warmup"],
        "training": heard["train"],
        "scanning, without drawing": heard["scan"] - drawing,
        "drawing pairs, while nothing else happens": drawing,
        "drawing pairs, beside the network": beside.get("select/generate", 0.0),
        "writing": writing,
        "the rest of the loop": rest,
        "evaluation": run.wall_s - to_selection,
    }.items()}


def _work(run: Answer, product_s: float) -> dict[tuple[str, str], float]:
    """What was done, how much of it in vain, and how near it came to the matrix product."""
    result, heard = run.found["result"], run.found["listened_s"]
    forward, training = run.found["forward_flop"] / 1e9, run.found["training_flop"] / 1e9
    peak = PRODUCT_GFLOP / product_s
    trained = training * result["n_backward"] / (heard["warmup"] + heard["train"])
    scanned = forward * result["n_forward"] / heard["scan"]
    return {
        ("core set", "pairs"): result["n_core"],
        ("held-out: mean IoU", ""): result["held_out"]["mean_iou"],
        ("held-out: share failing", "%"): 100 * result["held_out"]["share_failing"],
        ("training images", ""): result["n_backward"],
        ("predictions", ""): result["n_forward"],
        ("predictions per pool pair", ""): result["n_forward"] / result["n_pool"],
        ("predictions thrown away", "%"): 100 * result["n_wasted"] / result["n_forward"],
        ("peak memory", "MB"): run.found["peak_rss_mb"],
        ("one forward pass", "MFLOP"): 1000 * forward,
        ("attained in training", "GFLOP/s"): trained,
        ("attained in scanning, drawing included", "GFLOP/s"): scanned,
        ("training, share of the matrix product's speed", "%"): 100 * trained / peak,
        ("scanning, share of the matrix product's speed", "%"): 100 * scanned / peak,
    }
