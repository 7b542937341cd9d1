"""The Threshold page: which sweep, which rule and measures, the figures, a clicked point."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import streamlit as st

from shipdash import analysis, figures
from shipdash.config import SelectionConfig
from shipdash.runs import queue
from shipdash.studies.folder import MISSING, Studies, state_of
from shipdash.studies.study import Study
from shipdash.ui import chart, forms, frame, studies
from shipdash.ui.threshold import points

COSTS = {
    "training images": figures.Measure("n_backward", "training images", "~s", ","),
    "seconds": figures.Measure("seconds", "seconds of one run", ",", ",.0f"),
}


class View(NamedTuple):
    """What the page shows, all of it in the link."""

    family: points.Family
    acceptance: str
    failing: str
    cost: str


REMEMBERED = ("sweep", "precisions", "orders", "models", "rules", "acceptance", "failing", "cost")
"""What the address of the page carries, kept for whoever comes back with none of it."""


def remember() -> None:
    """Take up the page as it was left: Back, and the links of other pages, name no sweep."""
    left = st.session_state.get("threshold_left", {})
    if "sweep" not in st.query_params:
        for name in set(left) - set(st.query_params):
            if name not in st.session_state:  # else its box is on the page, and has it
                st.query_params[name] = left[name]
    st.session_state["threshold_left"] = {
        name: st.query_params[name] for name in REMEMBERED if name in st.query_params}


def choose(runs: list[frame.Run]) -> View:
    """The sweep, the acceptance rule and the measures."""
    found = points.families(runs, Studies(frame.own_store()))
    family = _choose_family(found)
    with st.container(horizontal=True, gap="large"):
        rule = frame.switch(
            "Acceptance rule", figures.RULES.values(), default=figures.RULES["article"],
            key="acceptance",
            help="How a pair is judged: by the article's staircase of tenths, or by its IoU "
                 "itself. The other rule's median is drawn beside.")
        words = st.selectbox(
            "Failing is below", list(analysis.FAILING.values()), key="failing", width=300,
            bind="query-params", help="A fixed IoU judges all precisions alike; its own acceptance "
                                      "IoU moves with the precision.")
        cost = frame.switch("Cost", COSTS, default="training images", key="cost")
    return View(family, _key(figures.RULES, rule), _key(analysis.FAILING, words), cost)


def _choose_family(found: dict[str, points.Family]) -> points.Family:
    wanted = st.query_params.get("sweep", "")
    if wanted and wanted not in found:
        st.warning(f"There is no sweep {wanted[:16]!r} on this machine. Choose another, or compute "
                   "its points.")
    names = list(found)
    first = next((n for n in names if n == points.RECORDED), names[0])
    at = names.index(wanted if wanted in found else first)
    # The label too: Streamlit keeps showing the name that an option had when it was chosen.
    picked = st.selectbox("Sweep", names, index=at, format_func=lambda n: found[n].label,
                          key=f"choose_sweep_{at}_{len(names)}_{found[names[at]].label}")
    if picked != wanted:
        st.query_params["sweep"] = picked
    return found[picked]


def _key(words: dict[str, str], value: str) -> str:
    return next(key for key, word in words.items() if word == value)


def panel(view: View, asked: Study | None) -> None:
    """Progress and figures, drawn again while a sweep is at work."""
    studies.panel(studies.is_grid)
    table = view.family.points(frame.own_store(), asked.runs if asked else ())
    _draw(view, table)
    _as_table(table)


def _draw(view: View, table: pd.DataFrame) -> None:
    st.caption(origin(view.family, table))
    bands, clicked = _bands(view, table), None
    for measure, note in (
        (_core(view, table), _note(view, bands)),
        (_failing(view, table), "Fresh pairs of another split, used for no choice."),
        (_cost(view, table), _cost_note(view, table)),
    ):
        clicked = _threshold(view, table, measure, bands, note) or clicked
    runs = analysis.trade_off(table, view.failing, view.acceptance)
    picture = figures.trade_off(runs, view.failing, _short(view.failing),
                                analysis.trade_off_finding(runs, view.failing))
    clicked = chart.show(picture, key="trade_off", clicks=True, note="One mark a run; numbers at "
                         "the diamonds are precisions.").clicked or clicked
    if clicked:
        _open(clicked)
    _point(view, table)


def _core(view: View, table: pd.DataFrame) -> figures.Measure:
    measure = figures.Measure("n_core", "pairs selected", ",", ",")
    return _stated(view, table, measure, "The core set", "{:,.0f}")


def _failing(view: View, table: pd.DataFrame) -> figures.Measure:
    top = table[view.failing].max()
    ticks = ".0%" if top > 0.05 else ".1%" if top > 0.005 else ".2%"
    measure = figures.Measure(view.failing, f"share below {_short(view.failing)}", ticks, ".2%")
    words = f"The share of held-out pairs below {analysis.FAILING[view.failing]}"
    return _stated(view, table, measure, words, "{:.2%}")


def _cost(view: View, table: pd.DataFrame) -> figures.Measure:
    if view.cost == "seconds":
        return _stated(view, table, COSTS["seconds"], "The time of a run", "{:,.0f}", " s")
    return _stated(view, table, COSTS[view.cost], "The training of a run", "{:,.0f}", " images")


def _stated(view: View, table: pd.DataFrame, measure: figures.Measure, what: str, form: str,
            unit: str = "") -> figures.Measure:
    curve = analysis.sweep_curve(table, measure.column, view.acceptance)
    return measure._replace(title=analysis.sweep_finding(curve, what, form, unit))


def _threshold(view: View, table: pd.DataFrame, measure: figures.Measure, bands, note: str):
    curves = {rule: analysis.sweep_curve(table, measure.column, rule) for rule in figures.RULES}
    other = next(curve for rule, curve in curves.items() if rule != view.acceptance)
    picture = figures.threshold(table, curves[view.acceptance], view.acceptance, measure,
                                other=other, bands=bands)
    return chart.show(picture, key=f"threshold_{measure.column}", clicks=True, note=note).clicked


def _bands(view: View, table: pd.DataFrame) -> pd.DataFrame | None:
    if view.acceptance != "article" or table.empty:
        return None
    margin = view.family.base.selection.margin
    return analysis.acceptance_bands(table["precision"].min(), table["precision"].max(), margin)


def _note(view: View, bands: pd.DataFrame | None) -> str:
    """The staircase in words, or that there is none."""
    if bands is None:
        return ("Plain IoU: the acceptance rule moves with every step of the precision, at "
                f"{view.family.base.selection.margin:g} times it. Click a point to open its run.")
    at = bands[bands["low"] < SelectionConfig().precision].iloc[-1:]
    said = "".join(f" (all from {b.low:.3f} to {b.high:.3f} ask for IoU {b.iou:.2f})"
                   for b in at.itertuples())
    return (f"Stripes: the article score comes in tenths, so precisions within a stripe share one "
            f"acceptance rule{said}; there only the end of training moves. Click a point to open "
            "its run.")


def _cost_note(view: View, table: pd.DataFrame) -> str:
    if view.cost != "seconds":
        return "Images trained on, each repeat counted."
    done = analysis.completed(table)
    threads = ", ".join(sorted({f"{n:.0f}" for n in done["threads"].dropna()}))
    return f"Wall time with {threads or '?'} thread(s) a run; runs side by side slow each other."


def _short(failing: str) -> str:
    return "its acceptance IoU" if failing == "below_own" else analysis.FAILING[failing]


def origin(family: points.Family, table: pd.DataFrame) -> str:
    """Recorded or this machine's, with seeds, machine, threads, date, version and command."""
    done = table[table["date"].astype(str) != ""].dropna(subset=["n_core"])
    if done.empty:
        return "Nothing computed yet in this family of runs."
    facts = [", ".join(sorted(set(map(str, done[name])))) for name in ("device", "machine")]
    first, last = done["date"].min()[:10], done["date"].max()[:10]
    when = first if first == last else f"{first} to {last}"
    seeds = (f"{done['order_seed'].nunique()} order and {done['model_seed'].nunique()} model "
             f"seeds, pool seed {', '.join(sorted({str(s) for s in done['pool_seed']}))}")
    parts = [f"{len(done)} runs", seeds, *facts, when,
             f"shipdash {', '.join(sorted(set(map(str, done['version']))))}"]
    if family.recorded is None:
        return "This machine · " + " · ".join(parts)
    return f"Recorded · {' · '.join(parts)} · `{family.recorded.facts['command']}`"


def _as_table(table: pd.DataFrame) -> None:
    with st.expander("The points as a table, each with its run"):
        own = frame.own_store()
        stored = [state_of(own, run_id) != MISSING for run_id in table["run_id"]]
        links = [f"/Run?run={run_id}" if is_here else None
                 for run_id, is_here in zip(table["run_id"], stored, strict=True)]
        shown = table.drop(columns=["device", "machine", "version"])
        shown.insert(0, "open", links)
        st.dataframe(shown, hide_index=True, key="points_table", alt="Every point of the sweep.",
                     column_config={"open": st.column_config.LinkColumn(
                         "open", display_text="open", width="small")})


def _open(run_id: str) -> None:
    """A clicked point opens its run; one that has no run here is shown below the figures."""
    if state_of(frame.own_store(), run_id) != MISSING:
        st.switch_page("pages/2_Run.py", query_params={"run": run_id})
    st.session_state["clicked_point"] = run_id


def _point(view: View, table: pd.DataFrame) -> None:
    """The clicked point that has no run on this machine, and a button to compute it."""
    rows = table[table["run_id"] == st.session_state.get("clicked_point")]
    if rows.empty:
        return
    row = rows.iloc[0]
    config = points.config_of(view.family, row)
    kept = f"{row['n_core']:,.0f} selected. " if pd.notna(row["n_core"]) else ""
    st.info(f"Precision {row['precision']:g}, {figures.RULES[row['acceptance']]}, order seed "
            f"{row['order_seed']}, model seed {row['model_seed']}: {kept}This run is not stored "
            "on this machine; its pairs can be seen once it has been computed here.")
    if st.button("Compute this point here", key="point_start", icon=":material/play_arrow:"):
        run_id = forms.attempt(queue.submit, frame.own_store(), config)
        if run_id:
            st.switch_page("pages/2_Run.py", query_params={"run": run_id})
