"""All controls of a selection from a data set with one button: would random pairs have done?"""

from __future__ import annotations

import streamlit as st

from shipdash.config import ConfigError
from shipdash.counted import counted
from shipdash.runs import StoreError
from shipdash.studies import arms
from shipdash.studies.study import Study
from shipdash.ui import frame, studies
from shipdash.ui.studies import N_RUNS

SHARES = (8, 4, 2)
"""The curve of random pairs has an eighth, a fourth and a half of the pool; all pairs end it."""


def box(run: frame.Run) -> None:
    """What is trained, the button with its time, and the progress; nothing once all are there."""
    if why := studies.why_no_controls(run):
        frame.empty(*why)
        return
    study = _study(run)
    if study is None:
        return
    if studies.is_open(study):
        missing = studies.missing(study)
        st.caption("Networks are trained from scratch with the same number of updates: on the kept "
                   "pairs, on the same number of random ones"
                   + (", on random ones drawn by group" if arms.has_strata(run.config) else "")
                   + ", on growing numbers of random ones, and on all pairs. One more control "
                   "trains on all pairs at the selection's own cost. "
                   f"{N_RUNS} runs of each.")
        studies.start_button(
            study, "start_own_controls",
            f"Train {counted(len(missing), 'control')}{studies.time_for(run, missing)}",
            type="primary", icon=":material/play_arrow:")
    studies.panel(lambda found: found.name == study.name)


def _study(run: frame.Run) -> Study | None:
    names = ["core", "random", *(["stratified"] if arms.has_strata(run.config) else []), "full",
             "full-cost"]
    sizes = sorted({run.result.n_pool // share for share in SHARES} - {0, run.result.n_pool})
    try:
        planned = arms.plan_arms(frame.store_of(run), run.run_id, [*names, "curve"],
                                 stops=("steps",), n_model_seeds=N_RUNS, n_draws=N_RUNS,
                                 curve=sizes)
    except (ConfigError, StoreError) as error:
        st.caption(f"Controls cannot be trained for this run: {studies.rule_of(error)}.")
        return None
    return Study(name=f"own controls of {run.run_id}", runs=tuple(planned))
