"""The panel of studies: start missing runs, watch them, cancel and resume, and see what failed.

Nothing is computed in the server: every study runs in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from shipdash import analysis, view_only
from shipdash.config import RunConfig
from shipdash.records import RunState
from shipdash.runs import StoreError
from shipdash.studies.ensure import cancel, start, workers
from shipdash.studies.folder import Standing, Studies, state_of
from shipdash.studies.study import Study
from shipdash.ui import forms, frame, starting
from shipdash.ui.words import plain

EVERY = "3s"
"""Runs of a study take half a minute each; a page drawn more often would only cost."""

MOST = 4  # studies in one panel
MOST_FAILED = 3  # runs of a study whose reasons are told

N_RUNS = 3
"""Runs of each arm: the fewest of which a spread is drawn (`analysis.FEWEST_RUNS`)."""

Shown = list[tuple[Study, Standing]]


def start_box(run: frame.Run, key: str, label: str,
              questions: Callable[[], Sequence[RunConfig]]) -> None:
    """A button that starts what is missing of some runs beside the one in view, and their panel."""
    st.divider()
    if why := why_not(run):
        frame.empty(*why)
        return
    study = Study(name=f"{key} of {run.run_id}", runs=tuple(forms.attempt(questions) or ()))
    start_button(study, f"queue_{key}", label, icon=":material/playlist_add:",
                 help="All other settings are those of the selected run; stored results are kept.")
    panel(lambda found: found.name == study.name)


def why_not(run: frame.Run) -> tuple[str, str] | None:
    """Why nothing can be computed beside a run, and what to do; None where it can be."""
    if why := view_only.why_no_start():
        return "Nothing can be added here.", why
    if run.recorded or not run.is_current:
        kind = "a recorded run" if run.recorded else "a run of another version"
        return (f"Nothing can be computed for {kind}.",
                "Start a run with the same settings on the Run page, then open that run here.")
    return None


def why_no_controls(run: frame.Run) -> tuple[str, str] | None:
    """As `why_not`, and where the run itself is one that no network can be compared with."""
    none = "No controls can be trained for this run."
    if why := why_not(run):
        return why
    if run.result.stalled:
        return none, "It did not test the whole pool."
    if run.result.held_out is None:
        return none, "No pair was held out, so networks could not be compared."
    return None


def rule_of(error: Exception) -> str:
    """Why something cannot be planned, without the names that settings have in the code."""
    return plain(str(getattr(error, "rule", error)))


def start_button(study: Study, key: str, label: str, *, disabled: bool = False, **more) -> bool:
    """The button that starts a study; shut where nothing is missing of it or it is at work."""
    pressed = starting.button(label, key=key, disabled=disabled or not is_open(study), **more)
    starting.tell()
    if not pressed:
        return False
    if forms.attempt(start, frame.own_store(), study) is not None:
        st.rerun()
    return True


def is_open(study: Study) -> bool:
    """Whether something is missing of a study that nobody is at work on."""
    studies = Studies(frame.own_store())
    at_work = study.digest in studies and studies.is_alive(study.digest)
    return not at_work and bool(missing(study))


def time_for(run: frame.Run, arms: Sequence[RunConfig]) -> str:
    """How long these arms of a run take, for the end of a label; empty where nobody knows."""
    seconds = analysis.arms_estimate(run, arms) if arms else None
    return f", about {frame.duration(seconds / workers().n)}" if seconds else ""


def missing(study: Study) -> list[RunConfig]:
    """Runs of a study that have no result on this machine yet."""
    store = frame.own_store()
    return [config for config in study.settings(store)
            if state_of(store, config.digest) != RunState.COMPLETED]


def panel(wanted: Callable[[Study], bool]) -> Shown:
    """The studies that are at work or not complete; the page is drawn again as they come on."""
    shown = _in_view(wanted)
    _buttons(shown)  # outside the timed fragment: clicks are kept
    at_work = any(standing.alive for _, standing in shown)
    st.fragment(_progress, run_every=EVERY if at_work else None)(wanted, _states(shown))
    return shown


def _progress(wanted: Callable[[Study], bool], drawn: tuple) -> None:
    """One bar per study with its runs by state, what is being computed and what failed."""
    shown = _in_view(wanted)
    if _states(shown) != drawn:
        st.rerun()  # figures, buttons and timer follow
    for name, (study, standing) in zip(_called(shown), shown, strict=True):
        counts = analysis.ordered_counts(standing.counts)
        words = ", ".join(f"{count} {state}" for state, count in counts.items())
        n = len(standing.states)
        st.progress(standing.n_done / n, f"{name}: {_stands(standing)} "
                                         f"{standing.n_done} of {n} runs · {words}")
        _details(study, standing)


def _details(study: Study, standing: Standing) -> None:
    failed = [i for i, state in standing.states.items() if state == RunState.FAILED]
    for run_id in failed[:MOST_FAILED]:
        run = forms.attempt(lambda run_id=run_id: frame.own_store().info(run_id))
        if run is not None:
            st.caption(f":material/error: {plain(run.name)} failed. {plain(run.reason or '')}")
    for config in study.settings(frame.own_store()):
        running = standing.states.get(config.digest) == RunState.RUNNING
        if running and config.arm.kind == "selection":
            name = plain(frame.own_store().info(config.digest).name)
            frame.link("pages/2_Run.py", f"Watch {name}", icon=None, run=config.digest)


def _buttons(shown: Shown) -> None:
    """Cancel what is at work, resume what is not."""
    store = frame.own_store()
    with st.container(horizontal=True):
        for name, (study, standing) in zip(_called(shown), shown, strict=True):
            if standing.alive and standing.stopping:
                continue
            what, do, icon = (("Cancel", cancel, ":material/close:") if standing.alive else
                              ("Resume", start, ":material/play_arrow:"))
            if starting.button(f"{what} the {name.lower()} study", icon=icon,
                               key=f"study_{what.lower()}_{study.digest}"):
                forms.attempt(do, store, study)
                st.rerun()


def _in_view(wanted: Callable[[Study], bool]) -> Shown:
    """Studies that are at work or not complete, newest first; at most a few."""
    studies, found = Studies(frame.own_store()), []
    try:
        for study_id in studies.list()[:20 * MOST]:
            study = studies.study(study_id)
            if wanted(study) and len(found) < MOST:
                standing = studies.standing_of(study)
                found += [(study, standing)] if standing.alive or not standing.complete else []
    except StoreError as error:
        st.warning(f"The studies of this machine cannot be read: {error}")
    return found


def _states(shown: Shown) -> tuple:
    return tuple((study.digest, standing.alive, standing.stopping,
                  tuple(standing.states.values())) for study, standing in shown)


def _called(shown: Shown) -> list[str]:
    """What the studies of a panel are called; those of one name are numbered."""
    names = [study.name.partition(" of ")[0].capitalize() for study, _ in shown]
    return [f"{name} {names[:k].count(name) + 1}" if names.count(name) > 1 else name
            for k, name in enumerate(names)]


def _stands(standing: Standing) -> str:
    if standing.alive:
        return "stopping." if standing.stopping else "running."
    if standing.counts[RunState.FAILED]:
        return "ended, but some runs failed; Resume tries them again."
    return "stopped; Resume continues it."
