"""A run of full size with pictures, made from the recorded one: what a browser has to bear."""

import base64
import json
import shutil
import zlib
from pathlib import Path

import numpy as np

from shipdash.data import open_source
from shipdash.records import Picked
from shipdash.runs import Store
from shipdash.ui.frame import RECORDED

N_FRAMES = 60


def fill(root: Path) -> str:
    """10,000 pairs and 105 picks, each with a prediction, and 60 probe frames; its run id."""
    (recorded,) = (run for run in Store(RECORDED, recorded=True).list() if run.config.knows_factors)
    root.mkdir(parents=True, exist_ok=True)
    shutil.copytree(RECORDED / recorded.run_id, root / recorded.run_id)
    store, config = Store(root), recorded.config
    events, _ = store.events(recorded.run_id)
    picks = [event.index for event in events if isinstance(event, Picked) and event.iou is not None]
    _, masks = open_source(config, algorithm=recorded.result.algorithm).draw(picks)
    moved = np.roll(masks, 5, axis=2).astype(np.uint8) * 255
    store.save_scores(recorded.run_id, "picked", index=np.array(picks), probability=moved)
    seconds = sum(getattr(event, "seconds", 0.0) for event in events)
    (root / recorded.run_id / "probe.jsonl").write_text(_frames(config, seconds))
    return recorded.run_id


def _frames(config, seconds: float) -> str:
    """Masks that sharpen from noise, in the stored form."""
    _, masks = open_source(config, "probe", 8).draw(range(8))
    chance, lines = np.random.default_rng(0), []
    for k in range(N_FRAMES):
        seen = masks ^ (chance.random(masks.shape) < 0.4 * (1 - k / (N_FRAMES - 1)) ** 3)
        packed = base64.b64encode(zlib.compress(np.packbits(seen).tobytes())).decode()
        lines.append({"n_steps": 10 * k, "n_tested": 1 + 160 * k, "n_core": 1 + k,
                      "elapsed_s": seconds * k / N_FRAMES, "masks": packed})
    return "".join(json.dumps(line) + "\n" for line in lines)
