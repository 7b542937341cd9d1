"""Is it better than random? One click trains on the core set and on as many random pairs.

Every run is a dot. The other controls are started and shown by `controls`.
"""

from __future__ import annotations

import streamlit as st

from shipdash import analysis, figures
from shipdash.config import ConfigError
from shipdash.counted import counted
from shipdash.records import RunState
from shipdash.runs import StoreError
from shipdash.studies import arms
from shipdash.studies.folder import MISSING, state_of
from shipdash.studies.study import Study
from shipdash.ui import chart, evidence, frame, studies
from shipdash.ui.studies import N_RUNS


def panel(run: frame.Run) -> None:
    """The button with its time; from the first press on the dots as they come."""
    if not _is_answerable(run):
        return
    try:
        study = _study(run)
    except (ConfigError, StoreError) as error:
        st.caption("Core set and random pairs cannot be trained for this run: "
                   f"{studies.rule_of(error)}.")
        return
    store = frame.own_store()
    begun = [store.info(config.digest) for config in study.runs
             if state_of(store, config.digest) != MISSING]
    table = analysis.arms_so_far(begun)
    found = evidence.gathered(run) if len(table) == len(study.runs) else None
    said = analysis.so_far_finding(table, N_RUNS, found and found.arms)
    st.markdown(f"### {said.title}")
    st.markdown(said.detail if begun else
                "The fair baseline is the same number of random pairs with the same number of "
                f"updates. {N_RUNS} networks are trained on the {run.result.n_core:,} selected "
                f"pairs and {N_RUNS} on random ones, each from scratch with its own model seed.")
    if studies.is_open(study):
        missing = studies.missing(study)
        studies.start_button(
            study, "start_better",
            f"Train {counted(len(missing), 'network')}{studies.time_for(run, missing)}",
            type="primary", icon=":material/play_arrow:")
    studies.panel(lambda found: found.name == study.name)
    if begun:
        chart.show(figures.arms_so_far(table, run.result.held_out.share_failing,
                                       "Each dot is one run"),
                   key="better_than_random", origin=frame.provenance(run), note=_note(run))
    st.divider()


def is_under_way(run: frame.Run) -> bool:
    """Whether some of its networks, but not all, have been trained."""
    if not _is_answerable(run):
        return False
    try:
        states = {state_of(frame.own_store(), config.digest) for config in _study(run).runs}
    except (ConfigError, StoreError):
        return False  # `panel` says why
    return states not in ({MISSING}, {RunState.COMPLETED})


def _is_answerable(run: frame.Run) -> bool:
    """Whether its pairs were all tested, here and by this version, and some were held out."""
    return (not run.recorded and run.is_current and run.result is not None
            and not run.result.stalled and run.result.held_out is not None)


def _study(run: frame.Run) -> Study:
    """The arms of this run; an error where it can have none."""
    planned = arms.plan_arms(frame.store_of(run), run.run_id, ("core", "random"),
                             stops=("steps",), n_model_seeds=N_RUNS, n_draws=N_RUNS)
    return Study(name=f"better than random of {run.run_id}", runs=tuple(planned))


def _note(run: frame.Run) -> str:
    held = run.result.held_out
    return (f"{held.n:,} held-out pairs; a pair fails below IoU {held.acceptance_iou:.2f}. Dashed: "
            "the network as selection left it. Each dot is a network trained from "
            "scratch.")
