"""Parts of the first page: what to open, which run is shown, what runs there are."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from shipdash import analysis, figures
from shipdash.records import RunState
from shipdash.runs import queue
from shipdash.ui import chart, evidence, forms, frame, gallery

MOST_SHOWN = 112
"""Core pairs on Home: eight rows, a quarter of a second."""


def body() -> None:
    """Everything below the idea."""
    everything = frame.runs(arms=True)
    runs = [r for r in everything if not r.is_arm]
    run = shown(runs)
    left, right = st.columns([5, 2], gap="large", vertical_alignment="bottom")
    with left:
        actions(run)
    with right:
        guess = frame.guess_box()
    if run is None:
        frame.empty("No finished run yet.", "Start the experiment: it takes minutes on two cores.")
    else:
        _curve(run, guess)
        result(run)
        core(run)
        repeat(run)
    machine(runs, [r for r in everything if r.is_arm])


def _curve(run: frame.Run, guess: int | None) -> None:
    events, rules = frame.events(run), run.config.selection
    now = analysis.progress(events, rules.n_pool, rules.passes)
    reason = run.result and run.result.reason
    title = analysis.finding(now.n_core, now.n_tested, rules.n_pool, reason)
    curve = analysis.selection_curve(events)
    chart.show(figures.selection(curve, rules.n_pool, title, guess=guess), key="home_selection",
               note=origin(run))


def shown(runs: list[frame.Run]) -> frame.Run | None:
    """The run of the link, else the recorded one, else the newest that finished."""
    usable = [r for r in runs if r.config]
    asked = frame.find(st.query_params.get("run", ""), usable)
    finished = [r for r in usable if r.state == RunState.COMPLETED]
    recorded = [r for r in finished if r.recorded]
    return asked or next(iter(recorded + finished), None)


def actions(run: frame.Run | None) -> None:
    """Start, or look closer."""
    with st.container(horizontal=True):
        if st.button("Start the experiment", type="primary", key="home_start",
                     icon=":material/play_arrow:"):
            st.switch_page("pages/2_Run.py", query_params=_keep())
        if run is not None and st.button("Browse the pairs it kept", key="home_samples"):
            st.switch_page("pages/3_Samples.py", query_params=_keep(run))
        if run is not None and st.button("How good is it?", key="home_evaluation"):
            st.switch_page("pages/4_Evaluation.py", query_params=_keep(run))


def _keep(run: frame.Run | None = None) -> dict[str, str]:
    guess = frame.guess()
    found = {"run": run.run_id} if run else {}
    return found | ({"guess": str(guess)} if guess else {})


def origin(run: frame.Run) -> str:
    """Recorded or this machine's, with date, device, version and seeds."""
    kind = "Recorded run" if run.recorded else "Run of this machine"
    return f"{kind} · {frame.provenance(run)}"


def result(run: frame.Run) -> None:
    """The held-out result in numbers."""
    held = run.result and run.result.held_out
    if held:
        cells = st.columns(4)
        cells[0].metric("Selected", f"{run.result.n_core:,} of {run.result.n_pool:,}")
        cells[1].metric("Held-out mean IoU", f"{held.mean_iou:.3f}",
                        help=f"{held.n:,} fresh pairs, used for no choice.")
        cells[2].metric(f"Below IoU {held.acceptance_iou:.2f}", f"{held.share_failing:.2%}",
                        help=f"Share of {held.n:,} fresh pairs.")
        cells[3].metric("Whole run", frame.duration(run.result.seconds))
        beside(run)


def beside(run: frame.Run) -> None:
    """What as many random pairs do, where the recorded study says; else that nobody knows."""
    study = next((e for e in evidence.recorded() if evidence.is_about(run, e)), None)
    said = analysis.arms_finding(study.arms) if study is not None else None
    if said is None:
        st.caption("One run: these numbers have no spread yet, and do not show that *these* pairs "
                   "matter. As many random pairs may do as well.")
        return
    st.markdown(f"#### {said.title}")
    st.caption(f"{said.detail} Recorded study, {str(study.about.get('written'))[:10]}.")
    st.page_link("pages/4_Evaluation.py", label="All controls", icon=":material/arrow_forward:",
                 query_params={"run": run.run_id, "view": "Controls"})


def core(run: frame.Run) -> None:
    """All that the network trained on, at a glance."""
    chosen = run.result.core if run.result else ()
    if not chosen:
        return
    first = f", the first {MOST_SHOWN} here" if len(chosen) > MOST_SHOWN else ""
    st.markdown(f"#### All it trained on: {len(chosen):,} pairs{first}")
    images, _ = gallery.of_run(run, chosen[:MOST_SHOWN])
    with st.container(key="sheet_home"):
        st.image(gallery.mosaic(images), width="stretch",
                 alt=f"The images of {len(images)} core pairs in order of selection: noise with "
                     "two faint shapes each.")
    st.caption("In order of selection, at half size. Truth and predictions: see Samples.")


def repeat(run: frame.Run) -> None:
    """The command that gives the same run from a terminal, to the last pair."""
    # Another number of threads rounds differently.
    on_one = run.result is not None and run.result.threads == 1
    st.markdown(f"The same run from a terminal{', on one thread as it was' * on_one}:")
    st.code("taskset -c 0 " * on_one + frame.command(run.config), language="bash", wrap_lines=True)
    st.caption("To the last pair on the same processor. Another may round differently, and near "
               "the threshold another pair is kept.")


def machine(runs: list[frame.Run], arms: list[frame.Run]) -> None:
    """Runs, queue and device of this machine."""
    st.markdown("### On this machine")
    known = frame.device() is not None
    st.fragment(_device, run_every=None if known else "3s")(known)
    own = [r for r in runs if not r.recorded]
    if any(r.state == RunState.QUEUED for r in own):
        forms.attempt(queue.ensure_drainer, frame.own_store())
    if not own:
        frame.empty("No runs yet.", "The first one you start appears here.")
        return
    rows = [_row(r) for r in own[:50]]
    links = st.column_config.LinkColumn("open", display_text="open", width="small")
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="runs", column_config={"open": links},
                 alt="Runs of this machine, newest first.")
    if arms:
        waiting = sum(r.state in (RunState.QUEUED, RunState.RUNNING) for r in arms)
        at_work = f", {waiting:,} of them queued or running" if waiting else ""
        st.caption(f"Beside them {len(arms):,} control arms{at_work}: see the Evaluation page of "
                   "their run.")


def _device(known: bool) -> None:
    """The device's line; looked at again until the probe has answered, which ends the timer."""
    st.caption(frame.device_line())
    if not known and frame.device():
        st.rerun()


def _row(run: frame.Run) -> dict:
    c = run.config
    if c is None:
        return {"state": "unreadable", "settings": run.reason, "run": run.run_id}
    held = run.result and run.result.held_out
    return {
        "open": f"/Run?run={run.run_id}", "state": str(run.state),
        "settings": frame.preset_of(c),
        "pool": f"{c.selection.n_pool:,}",
        "precision": c.selection.precision,
        "seeds": f"{c.seeds.pool}/{c.seeds.order}/{c.seeds.model}",
        "selected": f"{run.result.n_core:,}" if run.result else "–",
        "held-out IoU": f"{held.mean_iou:.3f}" if held else "–",
        "started": run.created[:16].replace("T", " "), "run": run.run_id,
    }
