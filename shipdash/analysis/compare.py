"""Several runs held against each other: what tells them apart, groups of replicas, common curves.

One run is one replicate; runs that differ in their seeds only are replicas of one question.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

MOST_PLACES = 400
"""Places at which common curves are taken: as many as a screen can show apart."""

Spec = Mapping[str, Mapping[str, Any]]
"""Settings of a run as `RunConfig.to_dict` gives them."""


def labels(specs: Mapping[str, Spec], skip: Sequence[str] = ()) -> dict[str, str]:
    """What tells each run from the others, in words; the run id's first digits where nothing does.

    Parameters
    ----------
    specs : mapping of run id -> settings
        The runs in view.
    skip : sequence of str
        Sections that do not count, e.g. ``("seeds",)``.

    Examples
    --------
    >>> labels({"a": {"selection": {"precision": 0.8}}, "b": {"selection": {"precision": 0.9}}})
    {'a': 'precision 0.8', 'b': 'precision 0.9'}
    """
    flat = {run: {(s, k): v for s, section in spec.items() if s not in skip
                  for k, v in section.items()} for run, spec in specs.items()}
    names = list(next(iter(flat.values()), {}))
    apart = [n for n in names if len({str(one.get(n)) for one in flat.values()}) > 1]
    found = {run: ", ".join(_word(name, one.get(name)) for name in apart)
             for run, one in flat.items()}
    often = Counter(found.values())
    return {run: words if words and often[words] == 1 else f"{words} {run[:6]}".strip()
            for run, words in found.items()}


def replicas(specs: Mapping[str, Spec]) -> dict[str, list[str]]:
    """Runs grouped by all but their seeds: label of the group -> run ids, in the order given."""
    groups: dict[str, list[str]] = {}
    for run, spec in specs.items():
        rest = {section: values for section, values in spec.items() if section != "seeds"}
        groups.setdefault(json.dumps(rest, sort_keys=True, default=list), []).append(run)
    firsts = {ids[0]: specs[ids[0]] for ids in groups.values()}
    if len(firsts) == 1:
        return {"same settings": next(iter(groups.values()))}
    words = labels(firsts, skip=("seeds",))
    return {words[ids[0]]: ids for ids in groups.values()}


def common_curve(curves: Sequence[tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """Median and range of step curves: x, n, median, low, high.

    Parameters
    ----------
    curves : sequence of (x, y)
        Each rises in x and holds its y until the next x. Where a curve has not begun or has ended
        it does not count; `n` says how many do.
    """
    curves = [(np.asarray(x, float), np.asarray(y, float)) for x, y in curves if len(x)]
    if not curves:
        return pd.DataFrame({"x": [], "n": [], "median": [], "low": [], "high": []})
    places = np.unique(np.concatenate([x for x, _ in curves]))
    if len(places) > MOST_PLACES:
        kept = np.unique(np.linspace(0, len(places) - 1, MOST_PLACES).round().astype(int))
        places = places[kept]
    levels = np.array([_level(x, y, places) for x, y in curves])
    known = ~np.isnan(levels)
    places, levels = places[known.any(axis=0)], levels[:, known.any(axis=0)]
    return pd.DataFrame({
        "x": places, "n": (~np.isnan(levels)).sum(axis=0), "median": np.nanmedian(levels, axis=0),
        "low": np.nanmin(levels, axis=0), "high": np.nanmax(levels, axis=0)})


def sizes_finding(groups: Mapping[str, Sequence[int]]) -> str:
    """Core sizes of the groups in a sentence; with their range where a group has several runs."""
    said = [f"{label}: {_range(sizes)}" for label, sizes in groups.items() if len(sizes)]
    if not said:
        return "No run has finished yet"
    if len(said) == 1:
        return f"Pairs selected: {_range(next(s for s in groups.values() if len(s)))}"
    if len(said) <= 3:
        return f"Pairs selected, {'; '.join(said)}"
    every = [n for sizes in groups.values() for n in sizes]
    return f"{len(every)} runs select {min(every):,} to {max(every):,} pairs"


def _level(x: np.ndarray, y: np.ndarray, places: np.ndarray) -> np.ndarray:
    at = np.searchsorted(x, places, side="right") - 1
    inside = (at >= 0) & (places <= x[-1])
    return np.where(inside, y[np.maximum(at, 0)], np.nan)


def _range(sizes: Sequence[int]) -> str:
    if len(sizes) == 1:
        return f"{sizes[0]:,}"
    return f"{np.median(sizes):,.0f} ({min(sizes):,} to {max(sizes):,}, {len(sizes)} runs)"


def _word(name: tuple[str, str], value: Any) -> str:
    section, key = name
    words = f"{key} seed" if section == "seeds" else key.removeprefix("n_").replace("_", " ")
    return f"{words} {value}".removesuffix(".0")
