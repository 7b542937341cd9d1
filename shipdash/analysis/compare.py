"""Several runs compared: the settings that differ, groups of replicas, common curves.

One run is one replicate; runs that differ in their seeds only are replicas of one question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

MOST_PLACES = 400
"""Places at which common curves are taken: as many as a screen can show apart."""

Settings = Mapping[str, Any]
"""Settings of a run by dotted name, as `RunConfig.flat` gives them."""


def differing(runs: Mapping[str, Settings]) -> pd.DataFrame:
    """Settings in which runs differ, as written: one row per setting, one column per run; missing
    where a run has no such setting, which makes no difference."""
    table = pd.DataFrame({run: {name: _written(value) for name, value in settings.items()}
                          for run, settings in runs.items()})
    return table[table.nunique(axis=1) > 1]


def labels(runs: Mapping[str, Settings]) -> dict[str, str]:
    """What tells each run from the others, in words; numbered where nothing does.

    Examples
    --------
    >>> labels({"a": {"selection.precision": 0.8}, "b": {"selection.precision": 0.9}})
    {'a': 'precision 0.8', 'b': 'precision 0.9'}

    A setting without a section is a name already.

    >>> labels({"a": {"name": "compact"}, "b": {"name": "data set nuclei, own"}})
    {'a': 'compact', 'b': 'data set nuclei, own'}
    >>> labels({"a": {"name": "compact"}, "b": {"name": "compact"}})
    {'a': 'run 1', 'b': 'run 2'}
    """
    apart = differing(runs)
    found = {run: ", ".join(f"{_word(name)} {value}".strip()
                            for name, value in apart[run].dropna().items()) for run in runs}
    often, so_far = Counter(found.values()), Counter()
    for run, words in found.items():
        if not words or often[words] > 1:
            so_far[words] += 1
            found[run] = f"{words}, run {so_far[words]}".removeprefix(", ")
    return found


def replicas(runs: Mapping[str, Settings]) -> dict[str, list[str]]:
    """Runs grouped by all but their seeds: label of the group -> run ids, in the order given."""
    groups: dict[str, list[str]] = {}
    rest = {run: {name: value for name, value in settings.items()
                  if not name.startswith("seeds.")} for run, settings in runs.items()}
    for run, settings in rest.items():
        groups.setdefault(str(settings), []).append(run)
    if len(groups) == 1:
        return {"same settings": next(iter(groups.values()))}
    words = labels({ids[0]: rest[ids[0]] for ids in groups.values()})
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


def sizes_finding(groups: Mapping[str, Sequence[int]],
                  pools: Mapping[str, int] | None = None) -> str:
    """Core sizes of the groups in a sentence; with their range where a group has several runs.

    `pools` has the size of each group's pool, to be named where they differ.

    >>> sizes_finding({"nuclei": [53], "compact": [107]}, {"nuclei": 140, "compact": 10_000})
    'Pairs selected, nuclei: 53 of 140; compact: 107 of 10,000'
    """
    pools = pools if pools and len(set(pools.values())) > 1 else {}
    of = {label: f" of {n:,}" for label, n in pools.items()}
    said = [f"{label}: {_range(sizes, of.get(label, ''))}"
            for label, sizes in groups.items() if len(sizes)]
    if not said:  # one that stalled has ended as well
        return "No run here has both learnt and come to its end"
    if len(groups) == 1:
        return f"Pairs selected: {said[0].removeprefix(f'{next(iter(groups))}: ')}"
    if len(said) <= 3:
        return f"Pairs selected, {'; '.join(said)}"
    every = [n for sizes in groups.values() for n in sizes]
    return f"{len(every)} runs select {min(every):,} to {max(every):,} pairs"


def _level(x: np.ndarray, y: np.ndarray, places: np.ndarray) -> np.ndarray:
    at = np.searchsorted(x, places, side="right") - 1
    inside = (at >= 0) & (places <= x[-1])
    return np.where(inside, y[np.maximum(at, 0)], np.nan)


def _range(sizes: Sequence[int], of: str = "") -> str:
    if len(sizes) == 1:
        return f"{sizes[0]:,}{of}"
    low, high = min(sizes), max(sizes)
    spread = "" if low == high else f"{low:,} to {high:,}, "
    return f"{np.median(sizes):,.0f}{of} ({spread}{len(sizes)} runs)"


def _word(dotted: str) -> str:
    section, _, name = dotted.partition(".")
    return f"{name} seed" if section == "seeds" else name.removeprefix("n_").replace("_", " ")


def _written(value: Any) -> str:
    """A setting for a person; of several values, such as run ids, their number."""
    if isinstance(value, (list, tuple)):
        return f"{len(value):,}" if value else "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str):
        return value.replace("_", " ")
    return f"{value:,}".removesuffix(".0")
