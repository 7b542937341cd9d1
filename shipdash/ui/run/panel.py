"""The live panel of a run, and its buttons. It reads what the worker wrote and keeps no state."""

from __future__ import annotations

import streamlit as st

from shipdash import analysis, figures
from shipdash.analysis.did_not_learn import is_judged, symptom
from shipdash.records import Picked, RunState, StopReason
from shipdash.runs import StoreError, queue
from shipdash.ui import chart, forms, frame, gallery

MOVING = (RunState.QUEUED, RunState.RUNNING)
EVERY = "2s"
"""Fast enough to watch pairs join, slow enough that a slider still answers at once."""

WORDS = {
    RunState.QUEUED: "Queued.",
    RunState.RUNNING: "Running.",
    RunState.PAUSED: "Paused. Resume goes on exactly where it stopped; a step goes on to the next "
                     "pair that fails.",
    RunState.COMPLETED: "Completed.",
    RunState.FAILED: "Failed. Resume tries again from the last checkpoint.",
    RunState.CANCELLED: "Cancelled. What was found is kept; Resume goes on from there.",
    RunState.LOST: "Lost: its worker stopped unexpectedly. Resume goes on from its checkpoint.",
}


ENDS = {
    StopReason.EXHAUSTED: "every pair was tested.",
    StopReason.CLEAN: "a whole pass added nothing.",
    StopReason.STALLED: "training could not reach the precision within its step limit. Lower the "
                        "precision or raise the limit.",
}


def buttons(run: frame.Run) -> None:
    """What can be done with the run in its state; outside the timed fragment: clicks are kept."""
    going = run.state in MOVING
    if run.state == RunState.COMPLETED:
        _look_closer(run)
        return
    asks = (
        ("Pause", queue.pause, ":material/pause:", run.state == RunState.RUNNING),
        ("Step one pick", queue.step, ":material/skip_next:",
         run.state in (RunState.RUNNING, RunState.PAUSED)),
        ("Resume", queue.resume, ":material/play_arrow:", not going),
        ("Cancel", queue.cancel, ":material/close:", going or run.state == RunState.PAUSED),
    )
    with st.container(horizontal=True):
        for label, ask, icon, possible in asks:
            key = f"button_{label.split()[0].lower()}"
            if st.button(label, key=key, icon=icon, disabled=not possible):
                forms.attempt(ask, frame.store_of(run), run.run_id)
                st.rerun()


def _look_closer(run: frame.Run) -> None:
    """Where a finished run goes on: its pairs and its scores."""
    with st.container(horizontal=True, gap="medium"):
        for page, label, view in (
                ("pages/3_Samples.py", "Browse the pairs it kept", {}),
                ("pages/4_Evaluation.py", "How good is it?", {}),
                ("pages/4_Evaluation.py", "Is it better than random?", {"view": "Controls"})):
            st.page_link(page, label=label, icon=":material/arrow_forward:",
                         query_params={"run": run.run_id} | view)


def controls(runs: list[frame.Run]) -> tuple[frame.Run | None, bool]:
    """The run in view, beside it the viewer's axes and guess; and whether axes are logarithmic."""
    left, middle, right = st.columns([4.2, 1.4, 1.7], gap="medium", vertical_alignment="bottom")
    with left:
        run = frame.choose(runs)
    if run is None:
        return None, False
    with middle:
        axes = frame.switch("Axes", ["linear", "log"], key="axes")
    with right:
        frame.guess_box("Your guess (pairs)")
    return run, axes == "log"


def panel(run: frame.Run, log: bool) -> None:
    """State, numbers and curves; ticks until the run is completed: another viewer may resume it."""
    every = None if run.recorded or run.state == RunState.COMPLETED else EVERY
    st.fragment(_panel, run_every=every)(run, log)


def _panel(run: frame.Run, log: bool) -> None:
    state, reason = _state(run)
    if state != run.state:
        st.rerun()  # buttons and timer follow the state
    events = frame.events(run, state)
    rules = run.config.selection
    now = analysis.progress(events, rules.n_pool, rules.passes)
    _say(run, state, reason, now)
    _warn(run, state, events)
    _numbers(now)
    stop = run.result and run.result.reason
    title = analysis.finding(now.n_core, now.n_tested, rules.n_pool, stop)
    curve = analysis.selection_curve(events)
    left, right = st.columns([5, 1], gap="medium")
    with left:
        chart.show(figures.selection(curve, rules.n_pool, title, guess=frame.guess(), log=log),
                   key="selection", note=f"Counts, not smoothed. {frame.provenance(run)}")
    with right:
        last_pick(run, events)
    rates(events, run)


def _state(run: frame.Run) -> tuple[RunState, str]:
    if run.recorded:
        return run.state, run.reason
    try:
        status = frame.store_of(run).status(run.run_id)
        lost = status.state == RunState.RUNNING and not frame.store_of(run).is_alive(run.run_id)
        return (RunState.LOST if lost else status.state), status.reason
    except (StoreError, OSError) as error:
        return RunState.FAILED, str(error)


def _say(run: frame.Run, state: RunState, reason: str, now: analysis.Progress) -> None:
    words = f"{frame.STATES[state]} {WORDS[state]}"
    reason = ENDS.get(reason, reason)
    words += f" {reason[:1].upper()}{reason[1:]}" if reason and state != RunState.LOST else ""
    words += _pending(run, state)
    if state in (RunState.FAILED, RunState.LOST):
        st.warning(words)
    else:
        st.markdown(words)
    if state != RunState.COMPLETED:
        known = now.left_s and state in MOVING
        left = f", about {frame.duration(now.left_s)} left" if known else ""
        st.progress(now.share, f"pass {now.round}: {now.n_tested:,} tested of "
                               f"{now.n_pool:,}{left}")


def _warn(run: frame.Run, state: RunState, events) -> None:
    """Within seconds: that the network does not learn, and another model seed to try."""
    seen = symptom(events) if is_judged(run.config) else None
    if seen is None:
        return
    st.error(f"**This run does not learn.** {seen} Its numbers count in no median. Another model "
             "seed usually learns; if it does not either, the scene is too hard to see.")
    if run.recorded:
        return
    if st.button("Start again with the next model seed", key="next_seed",
                 icon=":material/restart_alt:"):
        if state in MOVING:
            forms.attempt(queue.cancel, frame.store_of(run), run.run_id)
        following = run.config.replace(**{"seeds.model": run.config.seeds.model + 1})
        run_id = forms.attempt(queue.submit, frame.own_store(), following)
        if run_id:
            st.query_params["run"] = run_id
            st.rerun()


def _pending(run: frame.Run, state: RunState) -> str:
    """A request the worker has not come to yet, or the place in the queue."""
    if run.recorded or state not in MOVING:
        return ""
    try:
        if state == RunState.QUEUED:
            queue.ensure_drainer(frame.store_of(run))
            waiting = queue.waiting(frame.store_of(run))
            ahead = waiting.index(run.run_id) if run.run_id in waiting else 0
            if ahead:
                return f" {ahead} before it."
            busy = any(r.state == RunState.RUNNING for r in frame.store_of(run).list())
            return " It is next." if busy else " Its worker is getting ready."
        asked = frame.store_of(run).requested(run.run_id)
        return f" Asked to {asked}; the worker gets to it in a moment." if asked else ""
    except (StoreError, OSError) as error:
        return f" {error}"


def _numbers(now: analysis.Progress) -> None:
    rate = "–" if now.rejection_rate is None else f"{now.rejection_rate:.1%}"
    cells = st.columns(6)
    cells[0].metric("Selected", f"{now.n_core:,}")
    cells[1].metric("Tested", f"{now.n_tested:,}")
    cells[2].metric(f"Failing, last {analysis.RATE_WINDOW}", rate)
    cells[3].metric("Training", _speed(now.train_speed),
                    help="Images per second, forward and backward.")
    cells[4].metric("Prediction", _speed(now.scan_speed), help="Images per second, forward.")
    cells[5].metric("Time spent", frame.duration(now.elapsed_s),
                    help="Training and scanning; without start-up, compilation and evaluation.")


def _speed(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}/s"


def rates(events, run: frame.Run) -> None:
    """Rejection rate, training score and loss: three small charts."""
    trace, rules = analysis.training_trace(events), run.config.selection
    origin = frame.provenance(run)
    left, middle, right = st.columns(3, gap="large")
    with left:
        chart.show(figures.rejection_rate(analysis.rejection_rate(events), rules.n_pool),
                   key="rejection", origin=origin)
    with middle:
        chart.show(figures.training(trace, "score", rules.precision), key="score",
                   origin=origin)
    with right:
        chart.show(figures.training(trace, "loss"), key="loss", origin=origin)


def last_pick(run: frame.Run, events) -> None:
    """The newest pair whose prediction is stored: image, truth, that prediction, its IoU.

    Predictions are stored with each checkpoint, so a run at work may be some picks ahead.
    """
    picks = [e for e in events if isinstance(e, Picked)]
    if not picks:
        return
    stored = gallery.predictions(run, "picked")
    known = [p for p in picks if p.index in stored]
    pick = known[-1] if known else picks[-1]
    (image,), (mask,) = gallery.of_run(run, [pick.index])
    iou = "joined untested" if pick.iou is None else f"prediction, IoU {frame.iou(pick.iou)}"
    missing = "" if pick.iou is None or pick.index in stored else " (not recorded)"
    parts = ((image, f"pair {pick.index:,}"), (mask, "truth"),
             (stored.get(pick.index), f"{iou}{missing}"))
    st.markdown(f"#### Pick {pick.n_core:,}")
    if n_since := picks[-1].n_core - pick.n_core:
        st.caption(f"The newest with a stored prediction; {n_since:,} more joined since.")
    with st.container(key="last_pick", gap="small"):
        for part, words in parts:
            if part is None:
                st.caption(words[0].upper() + words[1:])
            else:
                st.image(gallery.inline(part), caption=words, width=128,
                         alt=f"The pair that joined the core set last: {words}.")
