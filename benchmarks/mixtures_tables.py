"""What benchmarks/results/mixtures.csv says, as Markdown: every candidate beside random pairs.

    python -m benchmarks.mixtures_tables
    python -m benchmarks.mixtures_tables benchmarks/results/mixtures-compact.csv

It trains nothing. The unit is the selection: networks of one core set and both validation pools are
averaged first.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from benchmarks.mixtures import CANDIDATES, STORED
from benchmarks.pools import below

TAIL, FAR, TYPICAL = below(0.9), below(0.8), "median_iou"
MEASURES = (TAIL, FAR, TYPICAL)


def reference(candidate: str) -> str:
    """The random pairs that a candidate is held against: as many, at the same learning rate.

    >>> reference("core, half of each batch random")
    'twice as many random'
    """
    size = CANDIDATES[candidate].size
    return next(name for name, c in CANDIDATES.items()
                if not c.n_core and c.size == size and c.rate == 1)


def complete(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the selections and model seeds of which every candidate of that size is in.

    So all that is compared is averaged over the same seeds while a command is under way.
    """
    size = rows["candidate"].map(lambda name: CANDIDATES[name].size)
    n_asked = pd.Series([candidate.size for candidate in CANDIDATES.values()]).value_counts()
    found = rows.groupby(["run_id", "model_seed", size.rename("size")])["candidate"]
    return rows[found.transform("nunique") == size.map(n_asked)]


def by_selection(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean of each of `MEASURES`, one row a selection and candidate (the index)."""
    return complete(rows).groupby(["run_id", "candidate"], sort=False)[list(MEASURES)].mean()


def against_random(found: pd.DataFrame) -> pd.DataFrame:
    """`found` of `by_selection` less the random pairs of the same size; references left out."""
    own = {key: row for key, row in found.iterrows() if reference(key[1]) != key[1]}
    other = {key: found.loc[(key[0], reference(key[1]))] for key in own}
    return pd.DataFrame({key: row - other[key] for key, row in own.items()}).T


def winners(found: pd.DataFrame) -> dict[str, list[str]]:
    """Candidates that beat random pairs in every selection: fewer fail, higher median, both."""
    differences = against_random(found)
    tail = (differences[TAIL] < 0).groupby(level=1, sort=False).all()
    typical = (differences[TYPICAL] > 0).groupby(level=1, sort=False).all()
    return {"tail": [*tail.index[tail]], "typical": [*typical.index[typical]],
            "both": [*tail.index[tail & typical]]}


def markdown(rows: pd.DataFrame) -> str:
    """One line a candidate: the mean over selections, and where they are several each of them."""
    found, sizes = by_selection(rows), complete(rows).groupby(["run_id", "candidate"]).first()
    lines = ["| trained on | pairs | failing, % | below 0.80, % | median IoU |",
             "|---|---:|---:|---:|---:|"]
    for name in (name for name in CANDIDATES if name in found.index.unique("candidate")):
        here = found.xs(name, level="candidate")
        n = sizes.xs(name, level="candidate").loc[here.index]
        pairs = " and ".join(str(v) for v in n["n_core"] + n["n_random"])
        cells = [_cell(100 * here[TAIL], 2), _cell(100 * here[FAR], 2), _cell(here[TYPICAL], 4)]
        lines.append(f"| {name} | {pairs} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: pd.Series, digits: int) -> str:
    mean = f"{values.mean():.{digits}f}"
    each = ", ".join(f"{value:.{digits}f}" for value in values)
    return f"{mean} ({each})" if len(values) > 1 else mean


def read(path: Path = STORED) -> pd.DataFrame:
    """The stored rows, one a network and validation pool."""
    return pd.read_csv(path)


if __name__ == "__main__":
    stored = read(*map(Path, sys.argv[1:]))
    print(markdown(stored))
    print(winners(by_selection(stored)))
