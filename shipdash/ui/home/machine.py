"""The runs, the queue and the device of this machine, as the first page lists them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from shipdash import view_only
from shipdash.counted import counted
from shipdash.records import UNDER_WAY, RunState
from shipdash.runs import queue
from shipdash.ui import address, forms, frame, tables
from shipdash.ui.words import PRECISION

MOST_ROWS = 50


def show(runs: list[frame.Run], arms: list[frame.Run], is_open: bool) -> None:
    """Runs, queue and device; what a run kept only with `is_open`, for it gives the answer away."""
    st.markdown("### On this machine")
    known = frame.device() is not None or view_only.why_no_start() != ""
    st.fragment(_device, run_every=None if known else "3s")(known)
    own = [r for r in runs if not r.recorded]
    if any(r.state == RunState.QUEUED for r in own):
        forms.attempt(queue.ensure_drainer, frame.own_store())
    if not own:
        frame.empty("No runs yet.", "The first one you start appears here.")
        return
    rows = [_row(r, is_open) for r in own[:MOST_ROWS]]
    number = st.column_config.NumberColumn
    columns = {"open": tables.links(), "pool": number(format="localized"),
               "precision": number(format="%.2f", help=PRECISION),
               "selected": number(format="localized"), "held-out IoU": number(format="%.3f")}
    st.dataframe(pd.DataFrame(rows), hide_index=True, placeholder="–", key="runs",
                 column_config=columns, alt="Runs of this machine, newest first.")
    if len(own) > MOST_ROWS:
        st.caption(f"The newest {MOST_ROWS} of {len(own):,} runs; *Run* and *Compare* have all.")
    if arms:
        waiting = sum(r.state in UNDER_WAY for r in arms)
        at_work = f", {waiting:,} of them queued or running" if waiting else ""
        st.caption(f"Not listed: {counted(len(arms), 'control arm')}{at_work}. A control arm is a "
                   "network trained for comparison with a run; see that run's Evaluation page.")


def _device(known: bool) -> None:
    """The device's line; looked at again until the probe has answered, which ends the timer."""
    st.caption(frame.device_line())
    if not known and frame.device():
        st.rerun()


def _row(run: frame.Run, is_open: bool) -> dict:
    if run.config is None:
        return {"name": run.name, "state": "unreadable", "reason": run.reason}
    held, seeds = run.result and run.result.held_out, run.config.seeds
    found = {"selected": run.result.n_core if run.result else None,
             "held-out IoU": held.mean_iou if held else None}
    return {
        "open": address.of_run(run.run_id), "name": run.name,
        "state": str(run.state), "pool": run.config.selection.n_pool,
        "precision": run.config.selection.precision,
        "seeds": f"{seeds.pool}/{seeds.order}/{seeds.model}",
        **(found if is_open else {}), "started": run.created[:16].replace("T", " "),
    }
