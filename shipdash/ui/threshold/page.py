"""The Threshold page: which sweep and measures, and what is around the explorer."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import streamlit as st

from shipdash import analysis, figures
from shipdash.counted import counted
from shipdash.studies.folder import Studies
from shipdash.studies.study import Study
from shipdash.ui import address, frame, tables
from shipdash.ui.threshold import explorer, explorer_requests, overviews, payload, plan, points
from shipdash.ui.words import plain


class View(NamedTuple):
    """What the page shows, all of it in the link."""

    family: points.Family
    failing: str
    beside: str


REMEMBERED = ("sweep", "precisions", "orders", "models", "rules", "failing", "beside",
              "more_axes", *(f"more_{name}" for name in plan.MORE), *explorer.LINK)
"""What the address of the page carries; it is kept for a return without these parameters."""


def remember() -> None:
    """Restore the page as it was left, for whoever comes from another one, whose links name no
    sweep; on the page itself Back goes to what the address says."""
    left = st.session_state.get("threshold_left", {})
    if address.has_come() and "sweep" not in st.query_params:
        for name in set(left) - set(st.query_params):
            if name not in st.session_state:  # else its box is on the page, and has it
                st.query_params[name] = left[name]
    st.session_state["threshold_left"] = {
        name: st.query_params[name] for name in REMEMBERED if name in st.query_params}


def choose(runs: list[frame.Run]) -> View:
    """The sweep, and what is shown of it beside the size of the core set."""
    found = points.families(runs, Studies(frame.own_store()))
    with st.container(key="threshold_view"):
        family_cell, beside_cell, failing_cell = st.columns([4.9, 4.3, 1.5], gap="medium")
    with family_cell:
        family = _choose_family(found)
    with beside_cell:
        beside = frame.switch("Second figure", overviews.BESIDE, key="beside")
    failing = failing_cell.selectbox(
        "Pairs fail below", analysis.FAILING, format_func=analysis.FAILING.get, key="failing",
        bind="query-params", help="A fixed IoU is the same for all precisions; a point's own "
                                  "acceptance IoU depends on its precision.")
    return View(family, failing, beside)


def _choose_family(found: dict[str, points.Family]) -> points.Family:
    wanted = st.query_params.get("sweep", "")
    if wanted == points.RECORDED:  # however it is called in this version
        wanted = next((n for n in found if found[n].recorded), wanted)
    if wanted and wanted not in found:
        st.warning(f"There is no sweep {plain(wanted[:16])} on this machine. Choose another, or "
                   "compute its points.")
        del st.query_params["sweep"]
    # The recorded one is first; it needs no name: a visit alone changes no address.
    words = {name: family.label for name, family in found.items()}
    return found[frame.box("Sweep", "sweep", words, asked=wanted)]


def panel(view: View, asked: Study | None, runs: list[frame.Run]) -> None:
    """The explorer of a family, and where its numbers come from."""
    store = frame.own_store()
    table = view.family.points(store, asked.runs if asked else ())
    everything = explorer.sent(
        payload.of_family(view.family, table, store, view.failing),
        overviews.both_rules(view.family.base, table, view.failing, view.beside, frame.guess()),
        origin(view.family, table), explorer_requests.cost(view.family, runs))
    st.fragment(_explorer)(view.family, table, everything)
    if said := overviews.slopes(table):
        st.markdown(said)
    st.caption(overviews.notes(view.family.base, table, view.beside))
    st.caption(origin(view.family, table))
    _as_table(table)


def _explorer(family: points.Family, table: pd.DataFrame, everything: dict) -> None:
    """Drawn again alone when the viewer lets go: the rest of the page does not depend on it."""
    place = explorer.place_of_link(family, table)
    explorer_requests.heed(explorer.show(everything, place), family, table)


def origin(family: points.Family, table: pd.DataFrame) -> str:
    """Recorded and this machine's, each with seeds, machine, threads, date, version, command."""
    done = table[table["date"].astype(str) != ""].dropna(subset=["n_core"])
    if done.empty:
        return "No run of this sweep has been computed yet."
    said = []
    for recorded, part in done.groupby("recorded", sort=False):
        command = f" · `{family.recorded.facts['command']}`" if recorded else ""
        said.append(("Recorded" if recorded else "This machine") + f" · {_facts(part)}{command}")
    return "  \n".join(said)


def _facts(done: pd.DataFrame) -> str:
    facts = [", ".join(sorted(set(map(str, done[name])))) for name in ("device", "machine")]
    first, last = done["date"].min()[:10], done["date"].max()[:10]
    when = first if first == last else f"{first} to {last}"
    seeds = (f"order seeds: {done['order_seed'].nunique()}, model seeds: "
             f"{done['model_seed'].nunique()}, pool seed "
             f"{', '.join(sorted({str(s) for s in done['pool_seed']}))}")
    version = ", ".join(sorted(set(map(str, done["version"]))))
    return " · ".join([counted(len(done), "run"), seeds, *facts, when, f"shipdash {version}"])


def _as_table(table: pd.DataFrame) -> None:
    with st.expander("All runs as a table", key="table", on_change="rerun",
                     bind="query-params") as fold:
        if not fold.open:
            return
        shown = table.drop(columns=["device", "machine", "version"])
        shown["acceptance"] = shown["acceptance"].map(figures.RULES)
        tables.show(shown, key="points_table", alt="Every point of the sweep.")
