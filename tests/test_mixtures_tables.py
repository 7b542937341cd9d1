"""The table of mixtures from its rows, and what docs/evidence.md says of the stored one."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks import mixtures_tables as tables
from benchmarks.mixtures import CANDIDATES

DOC = (Path(__file__).parents[1] / "docs" / "evidence.md").read_text("utf-8")


def rows(**changed):
    """Two selections, one model seed, two validation pools; all alike but what is named.

    `changed` maps a candidate's place to (share failing, median IoU) in the first and the second
    selection.
    """
    names = list(CANDIDATES)
    found = []
    for s, run in enumerate("ab"):
        for place, name in enumerate(names):
            failing, median = changed.get(f"c{place}", [(0.04, 0.96)] * 2)[s]
            found += [{"run_id": run, "candidate": name, "model_seed": 3001, "n_core": 10,
                       "n_random": 0, tables.TAIL: failing + d, tables.FAR: 0.01,
                       tables.TYPICAL: median} for d in (-0.01, 0.01)]
    return pd.DataFrame(found)


def test_pools_are_averaged_and_the_reference_is_subtracted():
    """Candidate 2 is held against candidate 1, random pairs of the core set's size."""
    found = tables.by_selection(rows(c1=[(0.05, 0.97), (0.05, 0.97)]))
    name = list(CANDIDATES)[2]
    assert found.loc[("a", name), tables.TAIL] == pytest.approx(0.04)
    difference = tables.against_random(found).loc[("a", name)]
    assert difference[tables.TAIL] == pytest.approx(-0.01)
    assert difference[tables.TYPICAL] == pytest.approx(-0.01)
    assert "random" not in tables.against_random(found).index.get_level_values(1)


def test_a_winner_wins_in_every_selection():
    """Candidate 0 wins in both measures, 2 in the tail, 3 in one selection, the others nowhere."""
    found = tables.winners(tables.by_selection(rows(
        c0=[(0.03, 0.97), (0.02, 0.98)], c2=[(0.03, 0.95), (0.02, 0.97)],
        c3=[(0.03, 0.97), (0.04, 0.96)])))
    first, _, third, *_ = CANDIDATES
    assert found == {"tail": [first, third], "typical": [first], "both": [first]}


def test_half_of_a_seed_is_left_out():
    """Until every candidate of a model seed is in, none of them counts."""
    one = rows()
    more = one.assign(model_seed=3002, **{tables.TAIL: 0.5})
    both = pd.concat([one, more[more["candidate"] != "core"]])
    assert tables.complete(both).equals(one)
