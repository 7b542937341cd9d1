"""The view in which a person goes through ranked images, and what becomes of each answer.

The browser shows and hears (`marker.py`); which image comes next and what is stored is said here.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import streamlit as st

from shipdash.analysis.ranking import RANKINGS, finding, trust, usual
from shipdash.config import ConfigError
from shipdash.data import files
from shipdash.data.files import DataError
from shipdash.labelling import MARKS, Mark, Marks, Ranking, listing
from shipdash.labelling.listing import Ranked
from shipdash.labelling.marks import UNDO
from shipdash.ui import forms, frame
from shipdash.ui.label_next import marker, who
from shipdash.ui.words import plain

SHORT = {"flips": "flips", "seeds": "other seeds", "entropy": "entropy",
         "distance": "distance to the core", "random": "random"}
"""The rankings as the switch and the link call them."""

EVERY = "3s"
"""How often what others marked meanwhile is looked for."""

BEFORE, SENT = 2, 18
"""Images before the one in view, and images in all, whose pictures the browser has: as many keys
as there are images ahead may outrun the server."""


class Place(NamedTuple):
    """Where the browser is to go; `turn` tells a new request from one that it has followed."""

    number: int | None  # of an image; None where all are marked
    turn: int


class Said(NamedTuple):
    """One answer of a person, numbered by the browser in the order of the keys."""

    seq: int
    what: str  # one of `MARKS`, or `UNDO`
    number: int  # of the image; an undo names none and has -1


def view(run: frame.Run, found: Ranking) -> None:
    """The order, what is known of it, who marks, and the images."""
    options = [name for name in RANKINGS if name in found.images]
    left, right = st.columns([3, 2], gap="large", vertical_alignment="bottom")
    with left:
        by = frame.switch("Rank by", options, key="by", default=usual(found.images),
                          format_func=SHORT.get)
    with right:
        name = who.ask()
    if found.held_out is not None:
        limit = run.config.selection.acceptance_iou
        st.caption(plain(finding(trust(found.held_out, limit), by)))
    st.fragment(_images, run_every=EVERY)(found, by, name)


def _images(found: Ranking, by: str, name: str) -> None:
    """The image in view with those around it; drawn again by every answer and by the clock."""
    data, key = found.request.data, f"marker_{found.request.digest}_{by}"
    ranked = order(found, by)
    standing = forms.attempt(lambda: Marks(data).standing())
    if standing is None:  # removed or damaged while the page is open
        return
    if problem := st.session_state.pop("mark_problem", ""):
        st.error(problem)
    place = st.session_state.get(f"{key}_place", Place(None, 0))
    if key not in st.session_state:  # the browser draws it for the first time, or anew
        place = st.session_state[f"{key}_place"] = Place(_arrive(ranked, standing), place.turn + 1)
    at = _browser_at(key, place)
    rows = around(ranked, at)
    marker.draw(key, {
        "who": name, "why": who.why_not(name),
        "heard": st.session_state.get(f"{key}_heard", 0),
        "place": {"number": at, "turn": place.turn},  # one that is drawn anew goes where it was
        "images": [marker.picture(found, row, by)._asdict() for row in rows],
        "marks": {str(row.number): {"mark": line.mark, "who": line.who} for row in rows
                  if (line := standing.get(row.number))},
        "n": len(ranked), "counts": Counter(line.mark for line in standing.values()),
    }, on_said=lambda: _heed(key, found, by, name))


def order(found: Ranking, by: str) -> list[Ranked]:
    """The images of a ranking, most doubt first; computed once for all viewers."""
    folder = str(files.folder_of(found.request.data))
    return _order(folder, found.request.digest, by, found)


@st.cache_resource(max_entries=16, show_spinner=False)
def _order(folder: str, digest: str, by: str, _found: Ranking) -> list[Ranked]:
    return listing.ranked(_found, by)


def next_open(numbers: Sequence[int], marked: set[int], after: int | None = None) -> int | None:
    """The next image in the order that nobody has marked, from the start again at the end.

    >>> next_open([7, 3, 5], {3}, after=7), next_open([7, 3, 5], {3}, after=5)
    (5, 7)
    >>> next_open([7, 3], {3, 7}) is None
    True
    """
    start = numbers.index(after) + 1 if after in numbers else 0
    return next((n for n in [*numbers[start:], *numbers[:start]] if n not in marked), None)


def around(ranked: list[Ranked], at: int | None) -> list[Ranked]:
    """The image in view and its neighbours, in the order of the ranking."""
    where = next((k for k, row in enumerate(ranked) if row.number == at), 0)
    start = max(min(where - BEFORE, len(ranked) - SENT), 0)
    return ranked[start:start + SENT]


def take(marks: Marks, said: Sequence[Said], name: str, ranking: str) -> Mark | None:
    """Store answers one after the other; the mark that the last of them took back, if it is an
    undo that found one."""
    undone = None
    for one in said:
        undone = marks.undo(name) if one.what == UNDO else None
        if one.what != UNDO:
            marks.add(one.number, one.what, name, ranking)
    return undone


def read(answer: Any, heard: int) -> list[Said]:
    """What the browser sent that has not been heard yet; what is no answer is left out."""
    found = []
    for entry in answer if isinstance(answer, list) else ():
        try:
            one = Said(int(entry["seq"]), str(entry["what"]), int(entry.get("number", -1)))
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
            continue
        if one.seq > heard and one.what in (*MARKS, UNDO):
            found.append(one)
    return sorted(found)


def _heed(key: str, found: Ranking, by: str, name: str) -> None:
    """Before the page is drawn again: store what was said, and say where to go where the browser
    cannot know it."""
    sent = _sent_by(key)
    said = read(sent.get("said"), st.session_state.get(f"{key}_heard", 0))
    numbers = [row.number for row in order(found, by)]
    at = sent.get("at") if sent.get("at") in numbers else None
    if said and not who.why_not(name):
        undone = _store(key, found, said, name, at)
        st.query_params.pop("at", None)  # the next look begins where nobody has marked
        if said[-1].what == UNDO:
            _go(key, at if undone is None else undone.number)
    if sent.get("next"):
        with contextlib.suppress(ConfigError, DataError):  # told where the images are drawn
            _go(key, next_open(numbers, set(Marks(found.request.data).standing()), at))
    elif not said and at is not None:
        st.query_params["at"] = str(at)


def _store(key: str, found: Ranking, said: list[Said], name: str, at: int | None) -> Mark | None:
    """See `take`; what cannot be stored is told on the page, where the first of it is shown, or
    for an undo the image in view `at`."""
    undone = None
    try:
        undone = take(Marks(found.request.data), said, name, found.request.digest)
    except (ConfigError, DataError) as error:
        st.session_state["mark_problem"] = f"The last answers were not stored. {plain(str(error))}"
        _go(key, at if said[0].what == UNDO else said[0].number)
    st.session_state[f"{key}_heard"] = said[-1].seq
    return undone


def _go(key: str, number: int | None) -> None:
    place = st.session_state.get(f"{key}_place", Place(None, 0))
    st.session_state[f"{key}_place"] = Place(number, place.turn + 1)


def _arrive(ranked: list[Ranked], standing: dict[int, Mark]) -> int | None:
    """The image of the link, else the first that nobody has marked."""
    numbers = [row.number for row in ranked]
    asked = st.query_params.get("at", "")
    named = next((number for number in numbers if str(number) == asked), None)
    return next_open(numbers, set(standing)) if named is None else named


def _sent_by(key: str) -> dict[str, Any]:
    """What the browser said last."""
    answer = (st.session_state.get(key) or {}).get("said")
    return answer if isinstance(answer, dict) else {}


def _browser_at(key: str, place: Place) -> int | None:
    """The image in view: where the browser is, unless it has yet to follow."""
    sent = _sent_by(key)
    return sent.get("at") if sent.get("turn") == place.turn else place.number
