"""The pairs that two runs kept: only the one, only the other, or both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pandas as pd
import streamlit as st

from shipdash import analysis
from shipdash.analysis.overlap import same_pool
from shipdash.ui import arrange, frame, gallery, one_pair


class Two(NamedTuple):
    """Two runs, the core table and the discarded table of each by its letter."""

    runs: dict[str, frame.Run]
    core: dict[str, pd.DataFrame]
    passed: dict[str, dict[int, float]]  # pair -> IoU that it was discarded with


def show(runs: list[frame.Run], names: Mapping[str, str]) -> None:
    """Choose two of the runs and a part of their core sets; `names` are those of the overlap."""
    two = _choose({run.run_id: run for run in runs if run.result}, names)
    if two is None:
        return
    parts = _parts(two)
    sizes = ", ".join(f"{len(table):,} {part}" for part, table in parts.items())
    st.caption(f"{sizes}. Click a pair to open it.")
    part = frame.switch("Pairs", parts, key="part", label_visibility="collapsed",
                        forgets=["pair"])
    table = parts[part]
    if table.empty:
        frame.empty(f"No pair is {part}.", "Choose another part, or other runs.")
        return
    first = two.runs["B" if part == "only in B" else "A"]
    rows = arrange.page(first, table, key="pairs_page")
    if not rows.empty:
        _sheet(two, part, rows)
        one_pair.opened(first)


def _choose(done: dict[str, frame.Run], names: Mapping[str, str]) -> Two | None:
    """The two runs of the address, else the first two whose pools hold the same pairs."""
    couples = [(a, b) for a in done for b in done
               if a != b and same_pool(done[a].config, done[b].config)]
    if not couples:
        return None
    st.markdown("#### Pairs of two runs")
    with st.container(horizontal=True):
        a = _box("A", "a", (a for a, _ in couples), names)
        b = _box("B", "b", (other for one, other in couples if one == a), names)
    runs = {"A": done[a], "B": done[b]}
    events = {letter: frame.events(run) for letter, run in runs.items()}
    core = {letter: analysis.core_table(found) for letter, found in events.items()}
    passed = {letter: _passed(found) for letter, found in events.items()}
    return Two(runs, core, passed)


def _box(label: str, name: str, among: Iterable[str], names: Mapping[str, str]) -> str:
    return frame.box(label, name, {run_id: names[run_id] for run_id in among}, forgets=["pair"],
                     width=420)


def _passed(events) -> dict[int, float]:
    table = analysis.discarded_table(events)
    return dict(zip(table["index"].astype(int), table["iou"], strict=True))


def _parts(two: Two) -> dict[str, pd.DataFrame]:
    """Core tables of the three parts; those of both runs have the order and IoU of A."""
    a, b = two.core["A"], two.core["B"]
    return {"only in A": a[~a["index"].isin(b["index"])],
            "only in B": b[~b["index"].isin(a["index"])],
            "in both": a[a["index"].isin(b["index"])]}


def _sheet(two: Two, part: str, rows: pd.DataFrame) -> None:
    """A page of the part: the prediction each pair failed with, in each run that kept it."""
    kept = {"only in A": "A", "only in B": "B", "in both": "AB"}[part]
    wrong = [gallery.failed_with(two.runs[letter], rows["index"], _ious(two, letter, rows))
             for letter in kept]
    captions = [_caption(two, int(i)) for i in rows["index"]]
    shown = " and ".join(letter for letter, found in zip(kept, wrong, strict=True) if found)
    st.caption(f"Image, truth, and the prediction that failed in {shown}, compared with the truth."
               if shown else f"Image, truth. {gallery.no_predictions(two.runs[kept[0]])}")
    one_pair.sheet(two.runs[kept[0]], rows["index"], captions, *wrong, key="compare_pairs",
                   alt=f"Pairs {part}, from {captions[0]} on.")


def _ious(two: Two, letter: str, rows: pd.DataFrame) -> list[float]:
    table = two.core[letter].drop_duplicates("index").set_index("index")["iou"]
    return table.reindex(rows["index"]).tolist()


def _caption(two: Two, index: int) -> str:
    """What became of a pair in either run."""
    return f"pair {index:,} · " + " · ".join(
        f"{letter} {_became(two, letter, index)}" for letter in two.runs)


def _became(two: Two, letter: str, index: int) -> str:
    found = two.core[letter].query("index == @index")
    if len(found):
        iou = found["iou"].iloc[0]
        return "kept untested" if pd.isna(iou) else f"failed at {frame.iou(iou)}"
    passed = two.passed[letter].get(index)
    return "did not test it" if passed is None else f"passed at {frame.iou(passed)}"
