"""The Compare page's parts: the table to choose from, curves laid over each other, overlap."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from shipdash import analysis, figures
from shipdash.acceptance import fails
from shipdash.config import RUN_ID, RunConfig, default_name, setting
from shipdash.counted import counted
from shipdash.records import RunState
from shipdash.ui import address, chart, frame
from shipdash.ui.compare import pairs
from shipdash.ui.words import plain

MOST = 40
"""Runs in one view: more curves cannot be told apart, and each is read from disk."""

FAILING_IOU = 0.9
"""Below it a pair counts as failing here, in every run alike: each run's own acceptance IoU moves
with its precision, and a lower precision would look better."""

BELOW = f"held-out below IoU {FAILING_IOU:.2f}"

IN_NAME = ("source.fingerprint", "source.rows", "source.cols", "selection.parent")
"""Settings that the name of a run or of its data set stands for; a scene has none of them."""

N_FIRST = 5
"""Finished runs that are in view before anybody has chosen."""


def choose(runs: list[frame.Run]) -> list[frame.Run]:
    """Runs ticked in the table; the link carries their ids."""
    usable = {r.run_id: r for r in reversed(runs)  # another version's runs are not comparable
              if r.config and r.config.digest == r.run_id and r.state != RunState.QUEUED}
    usable = dict(reversed(usable.items()))
    if not usable:
        frame.empty("No run to compare yet.", "Start some on the Run page, or a sweep on "
                    "Threshold.")
        return []
    ids = list(usable)
    asked = _asked(usable)
    table = _table(usable)
    st.markdown(f"Tick the runs to compare, at most {MOST}. The link in the address bar keeps "
                "your choice.")
    event = st.dataframe(
        table, hide_index=True, placeholder="–", key=_key(ids), on_select="rerun",
        height=min(260, 36 * (len(ids) + 1)),
        selection_mode="multi-row", alt="Runs to compare, newest first.",
        column_config={BELOW: st.column_config.NumberColumn(format="%.2f%%"),
                       "mean IoU": st.column_config.NumberColumn(format="%.4f")},
        selection_default={"selection": {"rows": [ids.index(i) for i in asked]}})
    picked = [ids[row] for row in event.selection.rows][:MOST]
    if len(event.selection.rows) > MOST:
        st.warning(f"The first {MOST} of the {len(event.selection.rows)} ticked runs are shown.")
    if set(picked) != set(asked):  # an address that nobody has changed is no step for Back
        st.session_state["compare_address"] = ",".join(picked)
        address.put("runs", ",".join(picked))
    if not picked:
        st.info("Tick at least one run.")
    return [usable[run_id] for run_id in picked]


def _key(ids: list[str]) -> str:
    """A table of its own for these rows, known by their place, and for every address that did not
    come from a tick here: after a link or the browser's Back the ticks are those of the address."""
    state = st.session_state
    if state.get("compare_address") != (asked := st.query_params.get("runs", "")):
        state["compare_address"], state["compare_came"] = asked, state.get("compare_came", 0) + 1
    rows = hashlib.sha256(",".join(ids).encode()).hexdigest()[:8]
    return f"compare_{rows}_{state.get('compare_came', 0)}"


def _asked(usable: dict[str, frame.Run]) -> list[str]:
    """Ids of the link that are runs here, and a sentence for those that are not."""
    text = st.query_params.get("runs", "")
    done = _first(usable)
    if not text:
        return done
    wanted = list(dict.fromkeys(text.split(",")))
    bad = [word for word in wanted if not RUN_ID.fullmatch(word)]
    lost = [word for word in wanted if RUN_ID.fullmatch(word) and word not in usable]
    if bad:
        st.warning(f"Left out of the link: {counted(len(bad), 'run')} whose id does not have 16 "
                   "hexadecimal digits.")
    if lost:
        st.warning("Cannot be compared (not on this machine, not started, damaged, a control arm, "
                   f"or made with another version): {', '.join(lost[:5])}"
                   f"{' and more' if len(lost) > 5 else ''}.")
    known = [word for word in wanted if word in usable]
    if len(known) > MOST:
        st.warning(f"The first {MOST} of the {len(known)} runs of the link are shown.")
        known = known[:MOST]
    if not known:
        st.info("No run in the link can be shown. "
                + ("The newest finished runs are shown instead." if done else
                   "No other run has finished."))
    return known or done


def _first(usable: dict[str, frame.Run]) -> list[str]:
    """Ids of the newest finished runs; a recorded one only beside runs from the same pairs."""
    done = [run for run in usable.values() if run.state == RunState.COMPLETED]
    return [run.run_id for run in done if not run.recorded
            or run.config.source.name == done[0].config.source.name][:N_FIRST]


def _table(usable: dict[str, frame.Run]) -> pd.DataFrame:
    """State, size and result, then every setting that differs between the runs."""
    content = _contents(list(usable.values()))
    differing = analysis.differing({i: _said(r.config) for i, r in usable.items()}).T
    differing = differing.drop(columns=list(IN_NAME), errors="ignore")
    if any(content.values()):
        differing["source.content"] = [content[i] or "–" for i in usable]
    differing.columns = [_label(dotted) for dotted in differing.columns]
    results = [r.result for r in usable.values()]
    held = [result and result.held_out for result in results]
    below = [_share_below(run) for run in usable.values()]
    facts = pd.DataFrame({
        "run": [("recorded · " if r.recorded else "") + r.name for r in usable.values()],
        "state": [str(r.state) for r in usable.values()],
        "selected": [result and result.n_core for result in results],
        BELOW: np.array([np.nan if share is None else 100 * share for share in below]),
        "mean IoU": np.array([h.mean_iou if h else np.nan for h in held]),
    }, index=list(usable))
    facts["selected"] = facts["selected"].astype("Int64")
    started = [r.created[:16].replace("T", " ") for r in usable.values()]
    return facts.join(differing).assign(started=started)


def _said(config: RunConfig) -> dict:
    """The settings that hold for a run: a data set has a shape of its own and no scene."""
    if config.source.kind != "files":
        return config.flat()
    rest = {name: value for name, value in config.flat().items() if not name.startswith("scene.")}
    return rest | {"scene.size": "{} × {}".format(*config.shape)}


@st.cache_data(max_entries=512, show_spinner=False, hash_funcs={
    frame.Run: lambda run: (run.root, run.run_id, run.result and run.result.date)})
def _share_below(run: frame.Run) -> float | None:
    """Share of a finished run's held-out pairs below `FAILING_IOU`, from their stored scores."""
    if run.result is None or run.result.held_out is None:
        return None
    try:
        scores = frame.store_of(run).load_scores(run.run_id, "held_out")
    except (frame.StoreError, OSError):
        return None
    return float(fails(scores["iou"], FAILING_IOU).mean()) if scores else None


def _label(dotted: str) -> str:
    section, _, name = dotted.partition(".")
    if dotted == "source.content":
        return "content of the data set"
    return f"{name} seed" if section == "seeds" else setting(dotted).metadata["label"].lower()


def curves(runs: list[frame.Run]) -> None:
    """Selected against tested and the failure rate, run by run or with replicas together."""
    together = st.toggle("Group runs that differ only in their seeds", True, key="group",
                         bind="query-params")
    groups = _groups(runs, together)
    events = {r.run_id: frame.events(r) for r in runs}
    n_pool = max(r.config.selection.n_pool for r in runs)
    origin = f"runs {', '.join(events)}"
    sizes = {label: [r.result.n_core for r in part if r.selected]
             for label, part in groups.items()}

    def selected(run: frame.Run) -> tuple[np.ndarray, np.ndarray]:
        return analysis.selection_curve(events[run.run_id])

    def rejected(run: frame.Run) -> tuple[np.ndarray, np.ndarray]:
        rate = analysis.rejection_rate(events[run.run_id], below=FAILING_IOU)
        return rate["tested"].to_numpy(), rate["rate"].to_numpy()

    note = ("Thin lines: individual runs. Thick line: median. Band: lowest to highest."
            if together else
            "One line per run.")
    pools = {label: part[0].config.selection.n_pool for label, part in groups.items()}
    title = analysis.sizes_finding(sizes, pools)
    chart.show(figures.overlay(_lines(groups, selected), title, n_pool),
               key="compare_selected", origin=origin, note=f"Counts, not smoothed. {note}")
    rates = _lines(groups, rejected)
    title = _rates_finding(rates)
    chart.show(figures.overlay(rates, title, n_pool, rate=True),
               key="compare_rates", origin=origin,
               note=f"Pairs below IoU {FAILING_IOU:.2f} when tested, whatever acceptance IoU "
                    f"a run itself used. {note}")


def _groups(runs: list[frame.Run], together: bool) -> dict[str, list[frame.Run]]:
    by_id, settings = {r.run_id: r for r in runs}, _settings(runs)
    if together:
        groups = analysis.replicas(settings)
        return {label: [by_id[i] for i in ids] for label, ids in groups.items()}
    return {label: [by_id[i]] for i, label in analysis.labels(settings).items()}


def _settings(runs: list[frame.Run]) -> dict[str, dict]:
    """What may tell the runs apart: their presets' names where those say it all, else settings.

    Of pairs from different places nearly every setting differs, so those runs are called by their
    names.
    """
    presets = {r.run_id: frame.preset_of(r.config) for r in runs}
    if len({r.config.source for r in runs}) > 1:
        return {r.run_id: _named(r, runs) | _seeds(r) for r in runs}
    if "custom" in presets.values():
        return {r.run_id: r.config.flat() for r in runs}
    own = "own" in presets.values()  # whose pool may be a part of the data set
    return {r.run_id: {"network.preset": presets[r.run_id]} | _seeds(r) | (
        {"selection.n_pool": r.config.selection.n_pool} if own else {}) for r in runs}


def _named(run: frame.Run, runs: list[frame.Run]) -> dict:
    """The default name without its seeds, and the content where a data set has several."""
    name, content = run.config.replace(**dict.fromkeys(_seeds(run), 1)), _contents(runs)[run.run_id]
    return {"name": default_name(name)} | ({"source.content": content} if content else {})


def _contents(runs: list[frame.Run]) -> dict[str, str]:
    """The content of each run's data set: empty where the name says it all, else a number, the
    oldest first."""
    found: dict[str, list[str]] = {}
    for source in (r.config.source for r in sorted(runs, key=lambda r: r.created)):
        known = found.setdefault(source.name, [])
        if source.fingerprint not in known:
            known.append(source.fingerprint)
    return {r.run_id: str(known.index(r.config.source.fingerprint) + 1)
            if len(known := found[r.config.source.name]) > 1 else "" for r in runs}


def _seeds(run: frame.Run) -> dict[str, int]:
    return {f"seeds.{name}": getattr(run.config.seeds, name) for name in ("pool", "order", "model")}


def _lines(groups: dict[str, list[frame.Run]], curve: Callable) -> dict[str, figures.Lines]:
    found = {}
    for label, runs in groups.items():
        each = {run.run_id: curve(run) for run in runs}
        found[label] = figures.Lines(each, analysis.common_curve(list(each.values())))
    return found


def _rates_finding(lines: dict[str, figures.Lines]) -> str:
    last = [rate[-1] for line in lines.values() for _, rate in line.runs.values() if len(rate)]
    if not last:
        return "No pair tested yet"
    low, high = f"{min(last):.1%}", f"{max(last):.1%}"
    words = low if low == high else f"{low} to {high}"
    return (f"{words} of the last tested pairs (at most {analysis.RATE_WINDOW}) were below IoU "
            f"{FAILING_IOU:.2f}")


def overlap(runs: list[frame.Run]) -> None:
    """How many pairs the core sets have in common; only runs on the same pool are compared."""
    done = [r for r in runs if r.result]
    if len(done) < 2:
        st.caption("The overlap of core sets needs two finished runs.")
        return
    names = analysis.labels(_settings(done))
    table = analysis.overlap_table({names[r.run_id]: r for r in done})
    matrix = analysis.overlap_matrix(table, list(names.values()))
    chart.show(figures.overlap(matrix, analysis.overlap_finding(table)), key="compare_overlap",
               note="Jaccard index: pairs in both core sets as a share of pairs in either. Blank: "
                    "the two pools contain different pairs, because the data set, scene, pool seed "
                    "or planted pairs differ.")
    pairs.show(done, names)


def origin(runs: list[frame.Run]) -> None:
    """Where each run's numbers come from."""
    with st.expander("Where these numbers come from"):
        for run in runs:
            st.caption(f"**{plain(run.name)}** · {frame.provenance(run)}")
