"""A run as a browser can play it: its clock, its picks as pictures, its probe frames.

Numbers and pictures only. How they look is decided in the browser (`stage`).
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from shipdash.analysis.timeline import Timeline, timeline
from shipdash.records import Event, Picked
from shipdash.runs.packed_masks import MASK
from shipdash.runs.probe_frames import ProbeFrame
from shipdash.ui import frame, gallery

MOST_PICTURES = 200
"""Picks with pictures in one film, of 128 x 128 pixels: 2.5 MB. Larger pairs get fewer of them."""

MOST_PIXELS = MOST_PICTURES * 128 * 128
FEWEST_PICTURES = 20


Film = dict[str, Any]
"""What the browser is sent of a run."""


def whole(run: frame.Run) -> Film:
    """The whole run, made once for all viewers of this server."""
    n_bytes = frame.store_of(run).n_bytes(run.run_id)  # not in `hash_funcs`: the run may be gone
    return _whole((run.root, run.run_id, run.created, n_bytes, run.state), run)


@st.cache_data(max_entries=8, show_spinner=False)  # half a second
def _whole(version: tuple, _run: frame.Run) -> Film:
    events = frame.events(_run)
    picks = [event for event in events if isinstance(event, Picked)]
    stored = gallery.predictions(_run, "picked")
    return _film(_run, events, _spread(picks, _run.config.shape), stored, _frames(_run))


def newest(run: frame.Run, events: Sequence[Event]) -> Film:
    """The curve so far, the newest pick with a stored prediction and the newest probe frame."""
    picks = [event for event in events if isinstance(event, Picked)]
    stored = gallery.predictions(run, "picked")
    known = [pick for pick in picks if pick.index in stored] or picks
    return _film(run, events, known[-1:], stored, _frames(run)[-1:])


def _spread(picks: list[Picked], shape: tuple[int, int]) -> list[Picked]:
    """All of them, or evenly as many as fit, the first and the last among them."""
    most = int(np.clip(MOST_PIXELS // (shape[0] * shape[1]), FEWEST_PICTURES, MOST_PICTURES))
    at = np.linspace(0, len(picks) - 1, min(most, len(picks))).round().astype(int)
    return [picks[k] for k in np.unique(at)]


def _film(run: frame.Run, events: Sequence[Event], picks: list[Picked],
          stored: dict[int, np.ndarray], frames: list[ProbeFrame]) -> Film:
    line = timeline(events)
    return {
        "seconds": line.seconds.round(3).tolist(), "tested": line.tested.tolist(),
        "selected": line.selected.tolist(), "shape": list(run.config.shape),
        "picks": _picks(run, picks, stored, line), "probe": _probe(run, frames),
    }


def _picks(run: frame.Run, picks: list[Picked], stored: dict[int, np.ndarray],
           line: Timeline) -> dict[str, Any]:
    """Every pick's time, number and score; images as WebP, masks as packed bits."""
    images, masks = gallery.of_run(run, [pick.index for pick in picks])
    blank = np.zeros(run.config.shape, np.uint8)
    wrong = np.array([stored.get(pick.index, blank) for pick in picks]).reshape(masks.shape)
    joined = np.searchsorted(line.selected, [pick.n_core for pick in picks])
    return {
        "seconds": line.seconds[joined].round(3).tolist(),
        "order": [pick.n_core for pick in picks], "index": [pick.index for pick in picks],
        "iou": [None if pick.iou is None else frame.iou(pick.iou) for pick in picks],
        "known": [pick.index in stored for pick in picks],
        "images": [gallery.webp(image) for image in images],
        **_against(masks, wrong >= MASK),
    }


def _frames(run: frame.Run) -> list[ProbeFrame]:
    """The run's probe frames; none where their file is damaged or missing."""
    try:
        return frame.store_of(run).probe_frames(run.run_id)
    except (frame.StoreError, OSError):
        return []


def _probe(run: frame.Run, frames: list[ProbeFrame]) -> dict[str, Any] | None:
    """The fixed pairs and what the network made of them at each moment."""
    if not frames:
        return None
    n = len(frames[0].masks)
    _, masks = gallery.of_run(run, range(n), "probe")
    return {
        "seconds": [round(seen.elapsed_s, 3) for seen in frames],
        "truth": _packed(masks == gallery.TARGET),
        "frames": [_against(masks, seen.masks)["predicted"] for seen in frames],
    }


def _against(masks: np.ndarray, predicted: np.ndarray) -> dict[str, str]:
    """Truth and prediction, void pixels left out of both: they count nowhere."""
    return {"truth": _packed(masks == gallery.TARGET),
            "predicted": _packed(predicted & (masks != gallery.VOID))}


def _packed(masks: np.ndarray) -> str:
    """Masks bool (n, rows, cols) as text: one bit a pixel, compressed."""
    return base64.b64encode(zlib.compress(np.packbits(masks).tobytes(), 9)).decode()

