"""Near duplicates and leaks of a data set: the number first, then the pictures it rests on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from shipdash import view_only
from shipdash.analysis.leaks import groups_on_both_sides, leaks_finding
from shipdash.analysis.leaks import leaks as count_leaks
from shipdash.counted import counted
from shipdash.data import files
from shipdash.data.near_duplicates import DISTANCE, FARTHEST
from shipdash.data.pair_list import PairRow, places, read_split
from shipdash.data.stored_duplicates import FILE, near_duplicates
from shipdash.ui import address, download, frame, gallery, tiles
from shipdash.ui.words import plain
from shipdash.ui.your_data import outlines, read_once
from shipdash.ui.your_data.imported import called

HOW = {"whole pictures": False, "parts (overlapping tiles)": True}


class Alike(NamedTuple):
    """Two pairs of a data set by number, their distance, and what it means for the split."""

    distance: int
    first: int
    second: int


def view(name: str) -> None:
    """The slider, the finding, the leaks as pictures, then all other near duplicates."""
    folder = files.folder_of(name)
    if view_only.is_read_only() and not (folder / FILE).exists():
        frame.empty("Near duplicates have not been looked for.",
                    "This dashboard is read-only and stores nothing. Run `shipdash data leaks "
                    f"{name}` in a terminal to look for them.")
        return
    rows, split = read_once.pairs_of(name), read_split(folder)
    left, right = st.columns([2, 1], gap="large", vertical_alignment="bottom")
    with right:
        by_cell = HOW[frame.switch("Compare", HOW, key="compare")]
    bits = "bits_of_parts" if by_cell else "bits"
    with left:
        distance = st.slider(
            "Two images are near duplicates if they differ in at most this many of 64 bits",
            0, DISTANCE if by_cell else FARTHEST, DISTANCE, key=bits, bind=address.link(bits),
            help="A perceptual hash says how light and dark are spread over a picture; JPEG, "
                 "resizing and small shifts change a few bits of it.")
    near, linked, n_clusters = _found(name, by_cell, distance)
    _finding(near, rows, split, distance)
    _pictures(name, rows, "leaks", [pair for pair in near if pair.distance >= 0
                                    and pair.distance <= distance])
    st.markdown(f"#### {_clusters(n_clusters)} among {counted(len(rows), 'image')}")
    _pictures(name, rows, "twins", linked)
    _other_split(name)


def _found(name: str, by_cell: bool, distance: int) -> tuple[list[Alike], list[Alike], int]:
    """For each held-out pair the nearest of the pool, all links, and the number of clusters."""
    fingerprint = files.read_manifest(files.folder_of(name))["fingerprint"]
    near, links = _hashed(name, fingerprint, by_cell)
    linked = [Alike(apart, i, j) for i, j, apart in links.within(distance)]
    return near, linked, links.n_clusters(distance)


@st.cache_data(max_entries=8, show_spinner=False)
def _hashed(name: str, fingerprint: str, by_cell: bool):
    folder = files.folder_of(name)
    with st.spinner("Looking for near duplicates; this is done once for a data set ..."):
        found, split = near_duplicates(folder), read_split(folder)
    near = found.in_pool_by_cell if by_cell else found.in_pool
    pool, fresh = places(split, "pool"), places(split, "held_out")
    pairs = [Alike(int(apart), int(fresh[k]), int(pool[number]) if number >= 0 else -1)
             for k, (number, apart) in enumerate(zip(near.number, near.distance, strict=True))]
    return pairs, found.by_cell if by_cell else found.by_picture


def _finding(near: list[Alike], rows: list[PairRow], split, distance: int) -> None:
    said = count_leaks(np.array([pair.distance for pair in near], int), distance)
    words = plain(leaks_finding(said).rstrip("."))
    st.markdown(f"### :red[:material/warning: {words}]" if said.n_leaking else f"### {words}")
    both = groups_on_both_sides([row.group for row in rows], split)
    if both:
        st.caption(f"{len(both):,} groups have pairs in the pool and held out, for example "
                   f"{plain(both[0])}." if len(both) > 1 else
                   f"The group {plain(both[0])} has pairs in the pool and held out.")


def _pictures(name: str, rows: list[PairRow], key: str, pairs: list[Alike]) -> None:
    """Two pictures each with the distance, nearest first."""
    if not pairs:
        return
    table = pd.DataFrame(sorted(pairs), columns=Alike._fields)
    page = gallery.page_of(table, key=f"{key}_page")
    numbers = [*page["first"], *page["second"]]
    drawn = dict(zip(numbers, outlines.pictures(name, numbers), strict=True))
    sides = ("held out", "pool") if key == "leaks" else ("first", "second")
    captions = [f"{counted(row.distance, 'bit')}: {called(rows[row.first])}, "
                f"{called(rows[row.second])}" for row in page.itertuples()]
    found = [tiles.Tile(f"{row.first}-{row.second}", caption, tuple(
        outlines.part(drawn[number], side)
        for number, side in zip((row.first, row.second), sides, strict=True)))
        for row, caption in zip(page.itertuples(), captions, strict=True)]
    tiles.draw(found, key=key, named=True, widths_px=outlines.WIDTHS_PX,
               alt=f"Pictures that look alike, two by two: {captions[0]}.")
    download.button("List (CSV)", lambda: _table(table, rows).to_csv(index=False),
                    f"{name}-{key}.csv", key=f"{key}_csv", type="tertiary")


def _table(pairs: pd.DataFrame, rows: list[PairRow]) -> pd.DataFrame:
    return pd.DataFrame({"distance": pairs["distance"],
                         "first": [rows[i].file for i in pairs["first"]],
                         "second": [rows[i].file for i in pairs["second"]]})


def _clusters(n: int) -> str:
    return {0: "No near duplicates", 1: "One cluster of near duplicates"}.get(
        n, f"{n:,} clusters of near duplicates")


def _other_split(name: str) -> None:
    with st.expander("Draw the held-out pairs again", key="other_split"):
        st.markdown("These commands store the data set again under another name. Near duplicates, "
                    "the tiles of an image and pairs of one group then stay on one side, or your "
                    "own list of held-out images or folders is taken.")
        st.code(f"python -m shipdash data split {name} {name}-split --share 0.2\n"
                f"python -m shipdash data split {name} {name}-split --held-out-list FILE",
                language="bash")
