"""A finished run played again in the browser. One call draws it, on any page."""

from __future__ import annotations

import contextlib
import threading

import streamlit as st

from shipdash.config import ConfigError
from shipdash.data.files import DataError
from shipdash.records import RunState
from shipdash.runs import StoreError
from shipdash.ui import address, chart, frame
from shipdash.ui.run import film, stage

FIRST_PAGE_S = 1.0
"""For the page itself; then half a second of processor time is not missed."""


def show(run: frame.Run, *, log: bool = False, page_keys: bool = False, ending: str = "",
         key: str = "replay") -> None:
    """Curve, counters, picks and probe pairs of a finished run, with a bar to play and to seek.

    It begins at once, but not where the viewer's system asks for less motion.

    Parameters
    ----------
    run : Run
        Completed, with events; the recorded run is one.
    log : bool
        Whether it begins with logarithmic axes; key ``l`` changes them.
    page_keys : bool
        Whether the keys (space, arrows, ``l``) work wherever the focus is, not only in the replay.
    ending : str
        The title when the replay has come to its end; else what came out. Until then the title
        says what is played, without how it ends.
    key : str
        Of the component; also its ``data-testid``.
    """
    view = stage.View(autoplay=True, log=log, page_keys=page_keys)
    with frame.in_words():
        stage.draw(run, film.whole(run), view, key=key, ending=ending)


def get_ready(run: frame.Run) -> None:
    """While the viewer reads: the browser loads the charts, and this server makes the film."""
    chart.preload(later=True)
    making = threading.Timer(FIRST_PAGE_S, _make, [run])
    making.daemon = True
    making.start()


def _make(run: frame.Run) -> None:
    """The film, for the cache; whoever asks for it is told what is wrong with the run."""
    with contextlib.suppress(StoreError, ConfigError, DataError, OSError):
        film.whole(run)


def is_asked(run: frame.Run) -> bool:
    """Whether the link asks for a replay (``replay=1``) and the run can be replayed."""
    return run.state == RunState.COMPLETED and st.query_params.get("replay") == "1"


def button(run: frame.Run) -> None:
    """Into the replay of a finished run, or out of it."""
    if is_asked(run):
        st.button("End the replay", key="replay_end", icon=":material/stop:",
                  on_click=address.drop, args=("replay",))
    else:
        st.button("Replay it", key="replay_it", icon=":material/replay:",
                  on_click=st.query_params.update, args=({"replay": "1"},),
                  help="Space plays and pauses, the arrow keys move, L switches to logarithmic "
                       "axes.")
