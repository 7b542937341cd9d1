"""The part of the Threshold page that asks for points: which, and how long they take.

What a plan means is decided by `grid`; nothing is computed in the server.
"""

from __future__ import annotations

import functools

import streamlit as st

from shipdash.config import ConfigError, RunConfig, setting
from shipdash.counted import counted
from shipdash.studies import grid
from shipdash.studies.ensure import workers
from shipdash.studies.study import Study
from shipdash.ui import forms, frame, studies
from shipdash.ui.threshold.points import Family

MORE = ("selection.n_pool", "scene.contrast", "scene.radius_min", "scene.radius_max",
        "planted.label_noise")
"""Further axes a plan may have; each value is a family of its own."""

def form(family: Family, runs: list[frame.Run], *, unfolded: bool) -> Study | None:
    """Precisions, seeds, rules and more; one button for what is missing. None, and words, where
    it cannot be asked."""
    with st.expander("Compute points on this machine", expanded=unfolded, icon=":material/add:"):
        axes = _axes()
        try:
            asked = axes and _planned(family.base, tuple(
                (name, tuple(values)) for name, values in axes.items()))
        except ConfigError as error:
            st.error(str(error))
            return None
        if not asked:
            return None
        missing = studies.missing(asked)
        _say(asked, missing, runs)
        sure = len(asked.runs) <= grid.MOST_POINTS or st.checkbox(
            f"Yes, compute {len(asked.runs):,} points", key=f"sweep_confirmed_{len(asked.runs)}",
            help=f"A sweep of more than {grid.MOST_POINTS} points has to be confirmed.")
        words = (f"Compute {counted(len(missing), 'missing point')}" if missing
                 else "Nothing is missing")
        st.session_state["sweep_asked"] = grid.family(asked.runs[0])
        studies.start_button(asked, "sweep_start", words, type="primary", disabled=not sure,
                             icon=":material/play_arrow:", on_click=_show_own)
    return asked


@functools.lru_cache(maxsize=32)  # a thousand runs take a second, and a visit asks for the same
def _planned(base: RunConfig, axes: tuple[tuple[str, tuple], ...]) -> Study:
    return grid.plan(base, dict(axes), confirmed=True)


def _show_own() -> None:
    """The family of what is being computed comes into view."""
    st.query_params["sweep"] = st.session_state["sweep_asked"]


def _axes() -> dict[str, list] | None:
    """The axes as typed, or None and what is wrong with them."""
    cells = st.columns(4, gap="medium")
    ranges = "start:stop:step including both ends, or values separated by commas"
    precision = cells[0].text_input("Precisions", "0.55:0.95:0.05", key="precisions",
                                    bind="query-params", help=ranges)
    orders = cells[1].text_input("Order seeds", "1", key="orders", bind="query-params",
                                 help="How many seeds, starting at 1, or a list of seeds.")
    models = cells[2].text_input("Model seeds", "1", key="models", bind="query-params",
                                 help="How many seeds, starting at 1, or a list of seeds.")
    rules = cells[3].text_input("Acceptance rules", "article", key="rules", bind="query-params",
                                help="article, iou, or both separated by a comma.")
    typed = {"selection.precision": precision, "seeds.order": orders, "seeds.model": models,
             "selection.acceptance": rules}
    if st.toggle("More axes", key="more_axes", bind="query-params",
                 help="Several values of pool size, contrast, semi-axes or label noise."):
        more = st.columns(len(MORE), gap="small")
        for cell, dotted in zip(more, MORE, strict=True):
            typed[dotted] = cell.text_input(_label(dotted), "", key=f"more_{dotted}",
                                            bind="query-params", placeholder="unchanged",
                                            help=ranges)
    try:
        return {dotted: _values(dotted, text) for dotted, text in typed.items()
                if text.strip() or dotted not in MORE}
    except ConfigError as error:
        st.error(str(error))
        return None


def _values(dotted: str, text: str) -> list:
    if dotted.startswith("seeds."):
        return grid.parse_seeds(dotted, text, name=_label(dotted))
    return grid.parse_values(dotted, text, name=_label(dotted))


def _label(dotted: str) -> str:
    return setting(dotted).metadata["label"]


def _say(asked: Study, missing: list[RunConfig], runs: list[frame.Run]) -> None:
    """How many points, how long, and the same from a terminal."""
    n, crew = len(asked.runs), workers()
    words = f"{counted(n, 'point')}, {n - len(missing):,} of them computed already and reused. "
    if missing:
        one = forms.estimate(missing[0], runs)
        if one.seconds is None:
            words += "Time: not yet measured on this machine. "
        else:
            total = one.seconds * len(missing) / crew.n
            words += f"About {frame.duration(total)} for the rest ({one.source}). "
    at_once = f"{crew.n} points at a time" if crew.n > 1 else "One point at a time"
    st.caption(f"{words}{at_once}; runs queued on the Run page go first.")
    with st.popover("From a terminal", icon=":material/terminal:", type="tertiary"):
        if asked.runs[0].source.kind == "files":
            st.markdown("A sweep of a data set can only be started from this page.")
        else:
            st.code(command(asked), language="bash", wrap_lines=True)


def command(asked: Study) -> str:
    """The command line that asks for the same sweep; there is none for a data set."""
    base = asked.runs[0].replace(**{name: setting(name).default for name, _ in asked.axes
                                    if name in grid.AXES})
    varied = [name for name, _ in asked.axes]  # said once, with all of their values
    start = frame.command(base, leave_out=varied).replace("shipdash run", "shipdash sweep", 1)
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
    many = " --yes" if len(asked.runs) > grid.MOST_POINTS else ""
    return " ".join([start, *parts]) + many


def _seeds(values: tuple[int, ...]) -> str:
    """``5`` for the seeds 1 to 5; else a list, with a comma even where it holds one."""
    if list(values) == list(range(1, len(values) + 1)):
        return str(len(values))
    return ",".join(map(str, values)) if len(values) > 1 else f"{values[0]}:{values[0]}:1"
