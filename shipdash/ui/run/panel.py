"""The live panel of a run, and its buttons. It reads what the worker wrote and keeps no state."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

from shipdash import analysis, figures
from shipdash.analysis.set_aside import set_aside_words
from shipdash.config import PlantedConfig
from shipdash.counted import counted
from shipdash.did_not_learn import is_judged, symptom
from shipdash.records import UNDER_WAY, RunState, StopReason
from shipdash.runs import RunNotFound, StoreError, kept_worker, queue
from shipdash.ui import chart, forms, frame, starting
from shipdash.ui.run import delete, last_pick, numbers, present, probe_strip, replay, start
from shipdash.ui.words import plain

EVERY = "2s"
"""Fast enough to watch pairs join, slow enough that a slider still answers at once."""

ANSWER_S = 0.5
"""How long a click waits for the worker, at most."""

WORDS = {
    RunState.QUEUED: ":material/schedule: Queued.",
    RunState.RUNNING: ":material/play_arrow: Running.",
    RunState.PAUSED: ":material/pause: Paused. Resume continues exactly where the run stopped; "
                     "Step continues to the next pair that fails.",
    RunState.COMPLETED: ":material/check: Completed.",
    RunState.FAILED: ":material/error: Failed. Resume tries again from the last checkpoint.",
    RunState.CANCELLED: ":material/cancel: Cancelled. The results so far are kept; Resume "
                        "continues from there.",
    RunState.LOST: ":material/help: Lost: its worker stopped unexpectedly. Resume continues from "
                   "the checkpoint.",
}

KEPT = (f" The network stays in memory (about 1 GB) for {kept_worker.STAY_S / 60:.0f} minutes, or "
        "until another run needs the memory, so that Resume and Step begin at once.")

ASKED = {"pause": "Pausing", "step": "Stepping", "cancel": "Cancelling"}
"""A request that the worker has not carried out yet."""

ENDS = {
    StopReason.EXHAUSTED: "every pair was tested.",
    StopReason.CLEAN: "a whole pass added nothing.",
    StopReason.STALLED: "training did not reach the precision within the step limit. Lower the "
                        "precision or raise the limit.",
}


def compact() -> None:
    """Reduce the margins, so that the curve and the newest pick are seen without scrolling."""
    st.html(Path(__file__).parent / "page.css")


def buttons(run: frame.Run) -> None:
    """What can be done with the run in its state; outside the timed fragment: clicks are kept."""
    going = run.state in UNDER_WAY
    if run.state == RunState.COMPLETED:
        _finished(run)
        return
    asks = (
        ("Pause", queue.pause, ":material/pause:", run.state == RunState.RUNNING),
        ("Step to next pick", queue.step, ":material/skip_next:",
         run.state in (RunState.RUNNING, RunState.PAUSED)),
        ("Resume", queue.resume, ":material/play_arrow:", not going),
        ("Cancel", queue.cancel, ":material/close:", going or run.state == RunState.PAUSED),
    )
    with st.container(horizontal=True):
        for label, ask, icon, possible in asks:
            # Of this run: a click that another one overtakes does nothing.
            key = f"button_{label.split()[0].lower()}_{run.run_id}"
            if starting.button(label, key=key, icon=icon, disabled=not possible):
                forms.attempt(ask, frame.store_of(run), run.run_id)
                _wait_for_answer(run)
                st.rerun()
        present.button()
        if not going and run.state != RunState.PAUSED:
            delete.offer(run)
    starting.tell()


def _wait_for_answer(run: frame.Run) -> None:
    """A worker that is scanning heeds a request at once: sooner than the page's next tick."""
    until = time.monotonic() + ANSWER_S
    while time.monotonic() < until and state_of(run)[0] == run.state:
        time.sleep(0.02)


def _finished(run: frame.Run) -> None:
    """What a finished run offers: to be seen again, its pairs and scores, to be deleted; that of a
    data set also the page about it, which is silent about planted repeats and wrong masks."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        replay.button(run)
        present.button()
        frame.link("pages/3_Samples.py", "Browse the pairs it kept", run=run.run_id)
        frame.link("pages/4_Evaluation.py", "How good is it?", run=run.run_id)
        frame.link("pages/4_Evaluation.py", "Is it better than random?", run=run.run_id,
                   view="Controls")
        if run.config.source.kind == "files" and run.config.planted == PlantedConfig():
            frame.link("pages/7_Your_data.py", "What came out?", run=run.run_id,
                       data=run.config.source.name, data_view="What came out")
        delete.offer(run)


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
    if replay.is_asked(run):
        replay.show(run, log=log, page_keys=True)
        return
    every = None if run.recorded or run.state == RunState.COMPLETED else EVERY
    st.fragment(_panel, run_every=every)(run, log)


def _panel(run: frame.Run, log: bool) -> None:
    state, reason = state_of(run)
    if state != run.state:
        st.rerun()  # buttons and timer follow the state
    events = frame.events(run, state)
    rules = run.config.selection
    now = analysis.progress(events, rules.n_pool, rules.passes)
    _say(run, state, reason, now)
    _warn(run, state, events)
    if aside := set_aside_words(events, now.n_core, rules.precision):
        st.caption(plain(aside))
    stop = run.result and run.result.reason
    title = analysis.finding(now.n_core, now.n_seen, rules.n_pool, stop)
    curve = analysis.selection_curve(events)
    left, right = st.columns([5, 1], gap="medium")
    with left:
        chart.show(figures.selection(curve, rules.n_pool, title, guess=frame.guess(), log=log),
                   key="selection", note=f"Counts, not smoothed. {frame.provenance(run)}")
    with right:
        with frame.in_words():
            last_pick.show(run, events)
    numbers.counters(now)
    with frame.in_words():
        probe_strip.show(run)
    numbers.rates(events, run)


def state_of(run: frame.Run) -> tuple[RunState, str]:
    """Where the run stands at this moment, and why; of one that is gone, the page says so."""
    if run.recorded:
        return run.state, run.reason
    try:
        status = frame.store_of(run).status(run.run_id)
        return status.state, status.reason
    except RunNotFound:  # deleted meanwhile, in another tab or a terminal
        st.rerun()
    except (StoreError, OSError) as error:
        return RunState.FAILED, str(error)


def _say(run: frame.Run, state: RunState, reason: str, now: analysis.Progress) -> None:
    words, reason = WORDS[state], ENDS.get(reason, reason)
    said = plain(f"{reason[:1].upper()}{reason[1:]}")
    words += f" {said}" if reason and state != RunState.LOST else ""
    words += _pending(run, state)
    if state in (RunState.FAILED, RunState.LOST):
        st.warning(words)
    else:
        st.markdown(words)
    if state != RunState.COMPLETED:
        known = now.left_s and state in UNDER_WAY
        left = f", about {frame.duration(now.left_s)} left" if known else ""
        # Of this pass: what was tested in all exceeds the pool from the second pass on.
        st.progress(now.share, f"pass {now.round}: {round(now.share * now.n_pool):,} of "
                               f"{now.n_pool:,}{left}")


def _warn(run: frame.Run, state: RunState, events) -> None:
    """Within seconds: that the network does not learn, and another model seed to try."""
    seen = symptom(events) if is_judged(run.config) else None
    if seen is None:
        return
    st.error(f"**This run does not learn, or learns far more slowly than usual.** {seen} Its "
             "numbers are left out of all medians. Another model seed usually helps; if it does "
             "not, the scene is too hard.")
    if run.recorded:
        return
    if starting.button("Start again with the next model seed", key="next_seed",
                       icon=":material/restart_alt:"):
        if state in UNDER_WAY:
            forms.attempt(queue.cancel, frame.store_of(run), run.run_id)
        following = forms.attempt(start.next_seed, run.config, frame.runs())
        if following:
            starting.begin(following)


def _pending(run: frame.Run, state: RunState) -> str:
    """A request that is not carried out yet, the place in the queue, or a waiting worker."""
    if run.recorded or state not in (*UNDER_WAY, RunState.PAUSED):
        return ""
    try:
        if state == RunState.PAUSED:
            kept = kept_worker.waiting_run(frame.store_of(run)) == run.run_id
            return KEPT if kept else ""
        if state == RunState.QUEUED:
            queue.ensure_drainer(frame.store_of(run))
            waiting = queue.waiting(frame.store_of(run))
            ahead = waiting.index(run.run_id) if run.run_id in waiting else 0
            if ahead:
                return f" {counted(ahead, 'run is', 'runs are')} ahead of it."
            busy = any(r.state == RunState.RUNNING for r in frame.store_of(run).list())
            return " It is next." if busy else " Its worker is starting."
        asked = frame.store_of(run).requested(run.run_id)
        return f" {ASKED[asked]} ..." if asked in ASKED else ""
    except (StoreError, OSError) as error:
        return f" {error}"
