"""The part of the Threshold page that asks for points: which, how long they take, and their sweeps.

What a plan means is decided by `sweep`; nothing is computed in the server.
"""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from shipdash import analysis
from shipdash.config import ConfigError, RunConfig, setting
from shipdash.records import RunState
from shipdash.runs import StoreError
from shipdash.studies import sweep
from shipdash.ui import forms, frame
from shipdash.ui.points import Family

MORE = ("selection.n_pool", "scene.contrast", "scene.radius_min", "scene.radius_max",
        "planted.label_noise")
"""Further axes a plan may have; each value is a family of its own."""

MOST_SWEEPS = 4


class Plan(NamedTuple):
    """What the form asks for; `config` is None where it cannot be asked, and words say why."""

    config: sweep.SweepConfig | None
    missing: int

    @property
    def points(self) -> tuple[RunConfig, ...]:
        """Every point asked for."""
        return self.config.points if self.config else ()


def form(family: Family, runs: list[frame.Run], *, unfolded: bool) -> Plan:
    """Precisions, seeds, rules and more; one button for what is missing."""
    with st.expander("Compute points on this machine", expanded=unfolded, icon=":material/add:"):
        axes = _axes()
        try:
            if axes is None:
                return Plan(None, 0)
            asked = sweep.plan(family.base, axes, confirmed=True)
        except ConfigError as error:
            st.error(str(error))
            return Plan(None, 0)
        missing = [run for run in asked.points if not _is_done(run)]
        _say(asked, missing, runs)
        sure = len(asked.points) <= sweep.MOST_POINTS or st.checkbox(
            f"Yes, {len(asked.points):,} points are meant", key="sweep_confirmed",
            help=f"More than {sweep.MOST_POINTS} points at once are rarely meant.")
        words = f"Compute {len(missing):,} missing points" if missing else "Nothing is missing"
        if st.button(words, type="primary", key="sweep_start", disabled=not (missing and sure),
                     icon=":material/play_arrow:"):
            if forms.attempt(sweep.start, frame.own_store(), asked):
                st.query_params["sweep"] = sweep.family(asked.points[0])
                st.rerun()
    return Plan(asked, len(missing))


def _axes() -> dict[str, list] | None:
    """The axes as typed, or None and what is wrong with them."""
    cells = st.columns(4, gap="medium")
    ranges = "start:stop:step with both ends in, or values with commas between"
    precision = cells[0].text_input("Precisions", "0.55:0.95:0.05", key="precisions",
                                    bind="query-params", help=ranges)
    orders = cells[1].text_input("Order seeds", "3", key="orders", bind="query-params",
                                 help="So many seeds from 1 on, or a list of them.")
    models = cells[2].text_input("Model seeds", "1", key="models", bind="query-params",
                                 help="So many seeds from 1 on, or a list of them.")
    rules = cells[3].text_input("Acceptance rules", "article", key="rules", bind="query-params",
                                help="article, iou, or both with a comma between.")
    typed = {"selection.precision": precision, "seeds.order": orders, "seeds.model": models,
             "selection.acceptance": rules}
    if st.toggle("More axes", key="more_axes",
                 help="Pool size, contrast, radii, label noise: several values each."):
        more = st.columns(len(MORE), gap="small")
        for cell, dotted in zip(more, MORE, strict=True):
            typed[dotted] = cell.text_input(_label(dotted), "", key=f"more_{dotted}",
                                            placeholder="as it is", help=ranges)
    try:
        return {dotted: _values(dotted, text) for dotted, text in typed.items()
                if text.strip() or dotted not in MORE}
    except ConfigError as error:
        st.error(str(error))
        return None


def _values(dotted: str, text: str) -> list:
    if dotted.startswith("seeds."):
        return sweep.parse_seeds(dotted, text, name=_label(dotted))
    return sweep.parse_values(dotted, text, name=_label(dotted))


def _label(dotted: str) -> str:
    return setting(dotted).metadata["label"]


def _is_done(run: RunConfig) -> bool:
    return sweep.state_of(frame.own_store(), run.digest) == RunState.COMPLETED


def _say(asked: sweep.SweepConfig, missing: list[RunConfig], runs: list[frame.Run]) -> None:
    """How many points, how long, and the same from a terminal."""
    n, crew = len(asked.points), sweep.workers()
    words = f"{n:,} points, {n - len(missing):,} computed already and reused. "
    if missing:
        one = forms.estimate(missing[0], runs)
        if one.seconds is None:
            words += "Time: not yet measured on this machine. "
        else:
            total = one.seconds * len(missing) / crew.n
            words += f"About {frame.duration(total)} for the rest ({one.source}). "
    at_once = f"{crew.n} points at a time" if crew.n > 1 else "One point at a time"
    st.caption(f"{words}{at_once}; runs that somebody queues on the Run page go first.")
    st.code(command(asked), language="bash", wrap_lines=True)


def command(asked: sweep.SweepConfig) -> str:
    """The command line that asks for the same sweep."""
    start = frame.command(asked.base).replace("shipdash run", "shipdash sweep", 1)
    options = {"selection.precision": "--precision", "selection.acceptance": "--acceptance"}
    parts = []
    for dotted, values in asked.axes:
        text = ",".join(map(str, values))
        if dotted.startswith("seeds."):
            parts.append(f"--{dotted.removeprefix('seeds.')}-seeds {_seeds(values)}")
        elif dotted in options:
            parts.append(f"{options[dotted]} {text}")
        else:
            parts.append(f"--set {dotted}={text}")
    many = " --yes" if len(asked.points) > sweep.MOST_POINTS else ""
    return " ".join([start, *parts]) + many


def _seeds(values: tuple[int, ...]) -> str:
    """``5`` for the seeds 1 to 5; else a list, with a comma even where it holds one."""
    if list(values) == list(range(1, len(values) + 1)):
        return str(len(values))
    return ",".join(map(str, values)) if len(values) > 1 else f"{values[0]}:{values[0]}:1"


def sweeps_in_view() -> list[tuple[str, sweep.Standing]]:
    """Sweeps that are at work or not complete, newest first; at most a few."""
    sweeps, found = sweep.Sweeps(frame.own_store()), []
    try:
        for sweep_id in sweeps.list()[:20]:
            standing = sweeps.standing(sweep_id)
            if standing.alive or not standing.complete:
                found.append((sweep_id, standing))
    except StoreError as error:
        st.warning(f"The sweeps of this machine cannot be read: {error}")
    return found[:MOST_SWEEPS]


def progress(shown: list[tuple[str, sweep.Standing]]) -> None:
    """One bar a sweep with its points by state; ticks with the figures."""
    for sweep_id, standing in shown:
        n, counts = len(standing.states), standing.counts
        words = ", ".join(f"{count} {state}" for state, count in
                          analysis.ordered_counts(counts).items())
        st.progress(standing.n_done / n, f"Sweep {sweep_id[:6]}: {_stands(standing)} "
                                         f"{standing.n_done} of {n} points · {words}")


def buttons(shown: list[tuple[str, sweep.Standing]]) -> None:
    """Cancel what is at work, resume what is not; outside the timed fragment: clicks are kept."""
    store = frame.own_store()
    with st.container(horizontal=True):
        for sweep_id, standing in shown:
            name = sweep_id[:6]
            if standing.alive and not standing.stopping:
                if st.button(f"Cancel sweep {name}", key=f"sweep_cancel_{sweep_id}",
                             icon=":material/close:"):
                    forms.attempt(sweep.cancel, store, sweep_id)
                    st.rerun()
            elif not standing.alive and st.button(
                    f"Resume sweep {name}", key=f"sweep_resume_{sweep_id}",
                    icon=":material/play_arrow:"):
                config = forms.attempt(sweep.Sweeps(store).config, sweep_id)
                if config is not None:
                    forms.attempt(sweep.start, store, config)
                    st.rerun()


def _stands(standing: sweep.Standing) -> str:
    if standing.alive:
        return "stopping." if standing.stopping else "at work."
    if standing.counts[RunState.FAILED]:
        return "ended, some points failed; Resume tries them again."
    return "halted; Resume goes on with it."
