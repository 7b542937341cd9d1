"""The run that goes on: the old core set first, then the pairs that have been labelled since."""

from __future__ import annotations

from typing import Any

import streamlit as st

from shipdash.config import RunConfig
from shipdash.counted import counted
from shipdash.data import files
from shipdash.labelling import Ranking, going_on
from shipdash.runs import queue
from shipdash.ui import forms, frame, starting

COMMAND = ("python -m shipdash data add labelled --images to-label/images --coco corrected.json "
           "--held-out 0 --size {rows}x{cols}")


def view(run: frame.Run, found: Ranking) -> None:
    """Which labelled pairs to go on with, what the new run will be, and the button."""
    usable = _labelled(run)
    st.markdown("#### Once the images are labelled")
    if not usable:
        rows, cols = run.config.shape
        frame.empty("No newly labelled pairs of this size are stored here.", "Label the exported "
                    "images with a tool of your choice and import them with their masks on *Your "
                    "data*, with a held-out share of 0, or on the command line:")
        st.code(COMMAND.format(rows=rows, cols=cols), language="bash", wrap_lines=True)
        frame.link("pages/7_Your_data.py", "Import images and masks on Your data")
        return
    data = _choice(usable)
    config = _stored(run, data)
    known = config and frame.find(config.digest, frame.runs())
    if known:
        if n_copies := going_on.n_copies(known.config.source.name):
            st.markdown(f"Left out: {counted(n_copies, 'new pair')} whose image is one that this "
                        "run kept or holds out.")
        frame.link("pages/2_Run.py", icon=":material/open_in_new:", run=known.run_id,
                   label=f"Open the run that continues with these pairs ({known.state})")
        return
    n_new, n_held_out = files.n_stored(data, "pool"), run.config.evaluation.n_held_out
    compared = (f" Both runs are scored on the same {n_held_out:,} held-out pairs, so their scores "
                "can be compared." if n_held_out else "")
    kept = counted(run.result.n_core, "pair")
    st.markdown(f"The new run starts with the {kept} that this run kept, without testing them "
                f"again, and then tests the {counted(n_new, 'new pair')}"
                f"{_not_used(data)}. Images that this run kept or holds out are "
                f"left out. Its network is trained from scratch.{compared}")
    if starting.button("Start the run", type="primary", key=f"go_on_{run.run_id}_{data}",
                       icon=":material/play_arrow:"):
        starting.open_run(forms.attempt(_start, run, data))
    starting.tell()


def _labelled(run: frame.Run) -> dict[str, dict[str, Any]]:
    """Data sets with masks, of the run's size, that are not its own and not made by going on."""
    return {m["name"]: m for m in files.stored()
            if m.get(files.LABELLED, True) and (m["rows"], m["cols"]) == run.config.shape
            and m["name"] != run.config.source.name and files.PARENT not in m
            and files.n_stored(m["name"], "pool")}


def _not_used(data: str) -> str:
    n = files.n_stored(data, "held_out")
    return f" ({n:,} held out in that data set {'is' if n == 1 else 'are'} not used)" if n else ""


def _choice(usable: dict[str, dict[str, Any]]) -> str:
    words = {name: f"{name} · {counted(m['n'], 'pair')}" for name, m in usable.items()}
    picked = frame.box("Newly labelled pairs", "with", words, width=480)
    st.query_params["with"] = picked
    return picked


def _stored(run: frame.Run, data: str) -> RunConfig | None:
    """The settings of the run that goes on, where its pairs have been stored already."""
    if not going_on.stored_name(run.run_id, run.result.n_core, data):
        return None
    return forms.attempt(going_on.go_on, frame.own_store(), run.run_id, data)


def _start(run: frame.Run, data: str) -> str:
    """Store the pairs and queue the run, in this order: nothing is stored where nothing can run."""
    queue.refuse_to_start()
    with st.spinner("Storing the old core set with the new pairs ..."):
        config = going_on.go_on(frame.own_store(), run.run_id, data)
    return queue.submit(frame.own_store(), config)
