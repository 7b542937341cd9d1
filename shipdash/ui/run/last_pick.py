"""The newest pick of a run as pictures: image, truth, the prediction it failed with."""

from __future__ import annotations

import streamlit as st

from shipdash.counted import counted
from shipdash.records import Picked
from shipdash.ui import frame, gallery

WIDTH_PX = 112
"""Three of them below each other are seen at 1440 x 900 while a run is at work."""


def show(run: frame.Run, events) -> None:
    """The newest pair whose prediction is stored: image, truth, that prediction, its IoU.

    Predictions are stored with each checkpoint, so a run at work may be some picks ahead.
    """
    picks = [e for e in events if isinstance(e, Picked)]
    if not picks:
        return
    stored = gallery.predictions(run, "picked")
    pick = ([p for p in picks if p.index in stored] or picks)[-1]
    (image,), (mask,) = gallery.of_run(run, [pick.index])
    iou = "joined untested" if pick.iou is None else f"prediction, IoU {frame.iou(pick.iou)}"
    missing = "" if pick.iou is None or pick.index in stored else " (not recorded)"
    seen = gallery.against(mask, stored.get(pick.index, ""))
    parts = ((gallery.inline(image), f"pair {pick.index:,}"), (gallery.truth(mask).url, "truth"),
             (seen.url, f"{iou}{missing}"))
    st.markdown(f"#### Pick {pick.n_core:,}")
    with st.container(key="last_pick", gap="small"):
        for part, words in parts:
            if not part:
                st.caption(words[0].upper() + words[1:])
            else:
                st.image(part, caption=words, width=WIDTH_PX,
                         alt=f"Pick {pick.n_core:,} of the core set: {words}.")
    if n_since := picks[-1].n_core - pick.n_core:
        st.caption("The newest pair with a stored prediction; "
                   f"{counted(n_since, 'more has', 'more have')} joined since.")
