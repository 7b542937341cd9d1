"""The stage on a page: one run at one moment, drawn by the browser from one payload.

It moves nothing itself: a replay's clock runs in the browser (`stage_clock.js`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from shipdash import analysis, figures
from shipdash.ui import frame, overlay
from shipdash.ui.component import component
from shipdash.ui.run.film import Film
from shipdash.ui.server import plotly_url

NO_PROBE = ("No predictions for the fixed probe pairs are stored with this run, as in all versions "
            "before 0.3.0.")
NO_PROBE_YET = "The probe pairs have not been predicted yet."

PALETTE = {"ground": overlay.GROUND, "agreed": overlay.AGREED, "missed": overlay.MISSED,
           "invented": overlay.INVENTED}
"""Colours of the gallery's overlay, which the browser paints here (`overlay.js`)."""

_mount = component(
    "stage", "elements.js", "plotly.js", "run/overlay.js", "run/stage_curve.js",
    "run/stage_clock.js", "run/stage.js", css="run/stage.css")


@dataclass(frozen=True, kw_only=True)
class View:
    """How the stage is looked at.

    `live` shows the newest moment and has no clock; `page_keys` listens to the keyboard wherever
    the focus is, not only within the stage; `present` fills the window.
    """

    log: bool = False
    autoplay: bool = False
    live: bool = False
    page_keys: bool = False
    present: bool = False


def draw(run: frame.Run, film: Film, view: View, *, key: str, words: str = "",
         ending: str = "", on_left=lambda: None) -> None:
    """The stage of a run; `words` stand before what came out so far, `ending` in its place, and
    `on_left` is called when Esc is pressed on a projector."""
    events, rules = frame.events(run), run.config.selection
    curve, now = analysis.selection_curve(events), analysis.progress(events, rules.n_pool)
    reason = run.result and run.result.reason
    title = analysis.finding(now.n_core, now.n_seen, rules.n_pool, reason)
    drawn = {name: figures.selection(curve, rules.n_pool, title, guess=frame.guess(), log=log)
             for name, log in (("linear", False), ("log", True))}
    _mount(key=key, on_left_change=on_left, data={
        "name": key, "film": json.dumps(film), "plotly": plotly_url(),
        "figures": {name: json.loads(one.figure.to_json(remove_uids=False))
                    for name, one in drawn.items()},
        "title": words + (ending or title), "alt": drawn["linear"].alt,
        "heading": f"Replay: {run.name}",  # what is played, without how it ends
        "provenance": f"{frame.name_of(run)} · {frame.provenance(run)}", "palette": PALETTE,
        "strokes": overlay.STROKES, "no_probe": _no_probe(run, view),
        **asdict(view),
    })


def _no_probe(run: frame.Run, view: View) -> str:
    """What stands in the place of predictions for fixed pairs; a data set has no such pairs."""
    if run.config.source.kind == "files":
        return ""
    return NO_PROBE_YET if view.live else NO_PROBE
