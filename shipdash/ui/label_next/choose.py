"""Which images the page is about, and which finished run ranks them. The address carries both."""

from __future__ import annotations

from typing import Any

import streamlit as st

from shipdash.config.settings import PlantedConfig
from shipdash.counted import counted
from shipdash.data import files
from shipdash.labelling import Rankings
from shipdash.labelling.ranking_request import has_network
from shipdash.records import RunState
from shipdash.runs import StoreError
from shipdash.ui import address, frame

COMMAND = "python -m shipdash data add NAME --images FOLDER --no-masks --size 128x128"


def data_set() -> dict[str, Any] | None:
    """The manifest of the images in view; None, and words, where none are stored."""
    found = {m["name"]: m for m in files.stored() if not m.get(files.LABELLED, True)}
    asked = st.query_params.get("data", "")
    if not found:
        frame.empty("No images without masks are stored here.", "Import them on *Your data* with "
                    "*no masks yet* as their labels, at the size of your labelled pairs. The "
                    "command line takes any number of them:")
        st.code(COMMAND, language="bash", wrap_lines=True)
        frame.link("pages/7_Your_data.py", "Import images on Your data")
        return None
    if asked and asked not in found:
        st.warning(_why_not(asked))
    words = {name: f"{name} · {counted(m['n'], 'image')} of {m['rows']} × {m['cols']} pixels"
             for name, m in found.items()}
    picked = frame.box("Images without masks", "data", words, forgets=["at"])
    if picked != asked:
        st.query_params["data"] = picked
        if asked:  # an image of another data set
            st.query_params.pop("at", None)
    return found[picked]


def run(manifest: dict[str, Any]) -> frame.Run | None:
    """The finished run whose network ranks the images; None, and words, where there is none."""
    usable = _by_use(manifest, [run for run in frame.runs() if can_rank(run, manifest)])
    if st.query_params.get("run") not in [run.run_id for run in usable]:
        address.drop("run")  # of another page, or not one that can rank these
    if not usable:
        frame.empty("No finished run can rank these images.", "Ranking needs a selection from "
                    f"labelled pairs of {manifest['rows']} × {manifest['cols']} pixels that has "
                    "finished on this machine. Start one on *Your data*.")
        frame.link("pages/7_Your_data.py", "Select from labelled pairs")
        return None
    return frame.choose(usable, label="Run whose network ranks them")


def can_rank(run: frame.Run, manifest: dict[str, Any]) -> bool:
    """Whether a run is a finished selection from a data set of that size, with its network, and
    without masks made wrong or pairs repeated on purpose."""
    if run.recorded or run.config is None or run.state is not RunState.COMPLETED:
        return False
    shape = (manifest["rows"], manifest["cols"])
    try:
        return (run.config.source.kind == "files" and run.config.shape == shape
                and run.config.planted == PlantedConfig()
                and has_network(frame.own_store(), run.run_id))
    except (StoreError, OSError):
        return False


def _by_use(manifest: dict[str, Any], runs: list[frame.Run]) -> list[frame.Run]:
    """Those that have ranked these images first: the page opens with what is there."""
    rankings = Rankings(manifest["name"])
    used = {rankings.request(ranking).run_id for ranking in rankings.list()}
    return sorted(runs, key=lambda run: run.run_id not in used)


def _why_not(asked: str) -> str:
    if asked in [manifest["name"] for manifest in files.stored()]:
        return ("The data set in the link has masks, so there is nothing to label in it. Choose "
                "images without masks.")
    return "The link names a data set that is not stored on this machine."
