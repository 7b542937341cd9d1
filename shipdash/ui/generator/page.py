"""The generator's preview: settings on the left, ten pairs on the right, at once."""

from __future__ import annotations

import numpy as np
import streamlit as st

from shipdash import figures
from shipdash.analysis.corners import corners_finding, corners_table
from shipdash.config import RunConfig, setting
from shipdash.data import open_source
from shipdash.runs.folder import npz
from shipdash.ui import address, chart, download, evidence, forms, gallery
from shipdash.ui.settings_in_address import names_of

N_SHOWN = 10


@st.fragment
def page() -> None:
    """A fragment: moving a slider redraws this part only. The address carries every setting."""
    address.overtaken()
    asked = forms.scene_asked()
    left, right = st.columns([1, 2], gap="large")
    with left:
        for part in forms.SCENE:
            forms.fields(names_of(part), asked, columns=1, slider=True)
        forms.field("seeds.pool", asked)
    with right:
        if asked.config is None:
            label = setting(asked.error.field).metadata["label"]
            st.info(f"Pairs are drawn as soon as *{label}* is corrected on the left.")
            return
        _run(asked.config)
        _preview(asked.config)
    _expect()


def _run(config: RunConfig) -> None:
    """On to the Run page, where exactly this scene stands in the form."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = forms.choose_preset("Preset of the run", key="generator.preset", default="quick")
        if st.button("Run this scene", type="primary", key="generator.run",
                     icon=":material/arrow_forward:"):
            st.session_state["new_run_unfolded"] = True
            asked = {"preset": name} | forms.scene_link(config)
            st.switch_page("pages/2_Run.py", query_params=address.guessed() | asked)


def _expect() -> None:
    """Before a run is started: what such scenes have led to."""
    recorded = evidence.table("corners.csv")
    if recorded is None:
        return
    with st.expander("What to expect here", icon=":material/explore:"):
        table = corners_table(recorded)
        st.markdown(f"#### {corners_finding(table)}")
        st.caption("Quick preset (64 × 64 pixels, semi-axes 8 to 16) with the changes named, pools "
                   "of 60 pairs, three model seeds each; median and range. Mean IoU and "
                   "failure rate are from 200 fresh pairs; seconds are for one core. Runs were "
                   "stopped at 8,000 training images, more than twice the usual number. Below a "
                   "mean IoU of 0.5, nothing was learnt. The method is in docs/recipe.md.")
        st.dataframe(table, hide_index=True, placeholder="–", key="corners",
                     alt=corners_finding(table))


def _preview(config: RunConfig) -> None:
    pool, seed = open_source(config), config.seeds.pool
    images, masks = pool.draw(range(N_SHOWN))
    found = [pool.factors(i) for i in range(N_SHOWN)]
    captions = [f"pair {i} · {'high' if f.high_sea else 'low'} sea" for i, f in enumerate(found)]
    gallery.show_sheet(images, masks, captions, key="generator_pairs",
                       alt=f"Ten pairs of seed {seed}: image and mask of the target ellipse.")
    sea, target = _levels(images, masks, found)
    chart.show(figures.pixel_levels(sea, target), key="levels",
               note="All channels of the ten pairs; brightness is inverted for dark shapes, so "
                    "that the target is always brighter. The distractor counts as sea.")
    download.button("Download ten pairs (NPZ)",
                    lambda: npz({"images": images, "masks": masks}, compressed=True),
                    "pairs.npz", key="generator.download")


def _levels(images, masks, found) -> tuple[np.ndarray, np.ndarray]:
    is_dark = np.array([f.high_sea for f in found])[:, None, None, None]
    bright = np.where(is_dark, 1 - images, images)
    return bright[~masks].ravel(), bright[masks].ravel()
