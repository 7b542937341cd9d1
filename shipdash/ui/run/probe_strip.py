"""What the network sees of eight fixed pairs, as a strip that sharpens while the run learns."""

from __future__ import annotations

import numpy as np
import streamlit as st
from PIL import Image

from shipdash.counted import counted
from shipdash.runs.probe_frames import ProbeFrame
from shipdash.ui import frame, gallery
from shipdash.ui.overlay import data_url, legend, overlay

SIDE, GAP = 192, 8  # pixels of a tile: sharp on a projector, where it is shown at 160


def show(run: frame.Run) -> None:
    """The newest stored look at the probe pairs; a sentence where there is none, and nothing for a
    data set without such pairs."""
    try:
        frames = frame.store_of(run).probe_frames(run.run_id)
    except (frame.StoreError, OSError) as error:
        st.warning(f"What the network sees cannot be shown: {error}")
        return
    if not frames and run.config.source.kind == "files":
        return
    st.markdown("#### What the network sees")
    if not frames:
        st.caption("No predictions for fixed pairs are stored with this run.")
        return
    now = frames[-1]
    images, masks = gallery.of_run(run, range(len(now.masks)), "probe")
    words = said(now)
    st.image(data_url(strip(images, masks, now.masks)), width="stretch", caption=words,
             alt=f"{len(images)} images, and below each what the network predicts. {words}")
    legend()


def said(now: ProbeFrame) -> str:
    """Where in the run a frame was taken, in a sentence."""
    return (f"{len(now.masks)} fixed pairs that are never used for training or any decision, after "
            f"{counted(now.n_steps, 'training step')}: {counted(now.n_core, 'pair')} selected, "
            f"{now.n_tested:,} tested.")


def strip(images: np.ndarray, masks: np.ndarray, predicted: np.ndarray) -> Image.Image:
    """Images in a row, and under each its prediction against the truth.

    Parameters
    ----------
    images : float32 array, shape (n, rows, cols, 3), range [0, 1]
    masks : bool or uint8 array, shape (n, rows, cols)
        Void pixels count nowhere.
    predicted : bool array, shape (n, rows, cols)
    """
    truth, seen = masks == gallery.TARGET, predicted & (masks != gallery.VOID)
    scale = max(SIDE // truth.shape[2], 1)
    rows, cols = (scale * length for length in truth.shape[1:])
    out = Image.new("RGB", (len(images) * (cols + GAP) - GAP, 2 * rows + GAP), (128, 134, 142))
    for k, image in enumerate(images):
        pixels = gallery.picture(image).resize((cols, rows), Image.Resampling.NEAREST)
        out.paste(pixels, (k * (cols + GAP), 0))
        out.paste(overlay(truth[k], seen[k], scale=scale), (k * (cols + GAP), rows + GAP))
    return out
