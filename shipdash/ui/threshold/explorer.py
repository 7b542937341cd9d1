"""The explorer: drag the precision, and the run that is there is drawn at once, in the browser.

Every run of the family is sent once; the server hears where the viewer let go, so that the link
says it, and what is to be computed or opened. Figures come from `figures`, runs from `payload`.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from shipdash import analysis, figures, view_only
from shipdash.config.settings import SEED_MAX
from shipdash.figures import Chart
from shipdash.ui import chart
from shipdash.ui.component import DRAWING, component
from shipdash.ui.threshold import points

_mount = component("explorer", *DRAWING, "threshold/explorer_run.js", "threshold/explorer.js",
                   css="threshold/explorer.css")


class Place(NamedTuple):
    """A run of a family, whether it has been computed or not."""

    precision: float
    order: int
    model: int
    rule: str


LINK = ("precision", "order", "model", "acceptance")
"""How the address of the page names the parts of a place."""


def place_of_link(family: points.Family, table: pd.DataFrame) -> Place:
    """The place that the address names; what it leaves out is chosen here: of the rules the first
    under which a run has completed. One that cannot be is chosen here as a whole."""
    asked = st.query_params
    completed = set(analysis.completed(table)["acceptance"])
    default = next((key for key in figures.RULES if key in completed), "article")
    rule = next((key for key, words in figures.RULES.items() if words == asked.get("acceptance")),
                default)
    start = _start(family, table[table["acceptance"] == rule], rule)
    said = {name: asked.get(name, value) for name, value in start._asdict().items()}
    return read_place(said | {"rule": rule}) or start


def _start(family: points.Family, mine: pd.DataFrame, rule: str) -> Place:
    """The finished run nearest to the family's own precision, of the lowest seeds."""
    base = family.base
    done = mine.dropna(subset=["n_core"])
    if done.empty:
        return Place(base.selection.precision, base.seeds.order, base.seeds.model, rule)
    far = (done["precision"] - base.selection.precision).abs().round(6)
    row = done.assign(far=far).sort_values(["far", "order_seed", "model_seed"]).iloc[0]
    return Place(float(row["precision"]), int(row["order_seed"]), int(row["model_seed"]), rule)


def sent(data: dict[str, Any], overviews: dict[str, tuple[Chart, Chart]], told: str,
         cost: str) -> dict[str, Any]:
    """All that the browser is sent, with a version by which it knows the same again.

    Parameters
    ----------
    data : dict
        From `payload.of_family`.
    overviews : dict
        The two figures of the family under each acceptance rule.
    told : str
        Where the numbers come from, for a downloaded picture.
    cost : str
        How long a missing point takes, in words.

    Where no run can be started (`view_only`), the browser is told why and offers none.
    """
    drawn = {rule: [chart.payload(picture, key=f"threshold_{side}", told=told, clicks=True)
                    for side, picture in zip(("core", "second"), pair, strict=True)]
             for rule, pair in overviews.items()}
    around = {"overviews": drawn, "told": told, "cost": cost,
              "whyNot": view_only.why_no_start().replace("`", "")}
    both = data["version"] + json.dumps(around, sort_keys=True)
    return data | around | {"version": hashlib.sha256(both.encode()).hexdigest()[:16]}


def show(everything: dict[str, Any], place: Place) -> Any:
    """Draw what `sent` gave, and put into the link where the viewer has let go.

    Returns
    -------
    object
        Its `compute` is the place of a point to compute, `open` the id of a run to open, `pair`
        the run and the pool number of a pair to look at; None where nobody asked.
    """
    return _mount(data=everything | {"place": place._asdict()}, key="explorer",
                  on_place_change=_to_link, on_compute_change=lambda: None,
                  on_open_change=lambda: None, on_pair_change=lambda: None)


def _to_link() -> None:
    """The link says where the viewer is; called when the browser says that they have let go."""
    place = read_place(st.session_state["explorer"].get("place"))
    if place is not None:
        words = (f"{place.precision:g}", str(place.order), str(place.model),
                 figures.RULES[place.rule])
        st.query_params.update(dict(zip(LINK, words, strict=True)))


def read_place(said: Any) -> Place | None:
    """A place as browser and address say it; None for anything else."""
    try:
        place = Place(float(said["precision"]), int(said["order"]), int(said["model"]),
                      str(said["rule"]))
    except (KeyError, TypeError, ValueError):
        return None
    fits = 0 < place.precision <= 1 and 0 <= min(place[1:3]) <= max(place[1:3]) <= SEED_MAX
    return place if fits and place.rule in figures.RULES else None
