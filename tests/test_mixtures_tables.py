"""The table of mixtures from its rows, and what docs/results.md says of the stored one."""

from pathlib import Path

import pandas as pd
import pytest
from recorded_run import SCENE

from benchmarks import mixtures_tables as tables
from benchmarks.mixtures import CANDIDATES, N_VALIDATION, STORED, VALIDATION_SEEDS
from shipdash.config import quick

DOC = (Path(__file__).parents[1] / "docs" / "results.md").read_text("utf-8")
SELECTIONS = (6001, 6002)
PART = " ".join(DOC[DOC.index("\n# Mixtures"):DOC.index("\n# Nuclei")].split())


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
    """Until every candidate of a size is in, none of that size and model seed counts."""
    one = rows()
    more = one.assign(model_seed=3002, **{tables.TAIL: 0.5})
    larger = more["candidate"].map(lambda name: CANDIDATES[name].size > 1)
    both = pd.concat([one, more[more["candidate"] != "core"]])
    assert tables.complete(both).equals(pd.concat([one, more[larger]]))


# -- what the page says of the stored table


@pytest.fixture(scope="module")
def stored():
    """The rows that the page speaks of."""
    return tables.complete(tables.read())


@pytest.fixture(scope="module")
def found(stored):
    """One row a selection and candidate."""
    return tables.by_selection(stored)


def test_the_table_is_the_stored_one(stored):
    """Cell by cell."""
    assert tables.markdown(stored) in DOC


def test_the_selections_are_those_named(stored):
    """Their settings follow from the words on the page; a run id stands for its settings."""
    changes = {"evaluation.n_held_out": 0, "evaluation.reaudit": False}
    named = [quick().replace(**{f"seeds.{kind}": seed for kind in ("pool", "order", "model")},
                             **changes).digest for seed in SELECTIONS]
    assert list(stored["run_id"].unique()) == named
    assert f"order and model seed {' and '.join(map(str, SELECTIONS))})" in PART
    assert (stored.groupby(["run_id", "candidate"]).size() == len(VALIDATION_SEEDS)).all()
    assert set(stored["validation_seed"]) == set(VALIDATION_SEEDS)
    assert set(stored["n_validation"]) == {N_VALIDATION}


def test_what_is_missing_is_named():
    """Of the second selection; the one of its kind that is there is not kept back."""
    rows = tables.read()
    second = rows[rows["run_id"] == rows["run_id"].unique()[1]]
    assert {*CANDIDATES} - {*second["candidate"]} == {
        "core, a quarter of each batch random", "core, half of each batch random",
        "twice as many random"}
    one = second[second["candidate"] == "core and as many random"].mean(numeric_only=True)
    assert (f"fails there on {100 * one[tables.TAIL]:.2f} % with a median of "
            f"{one[tables.TYPICAL]:.4f}; without") in PART


def test_the_answer_is_what_the_table_says(found):
    """No candidate wins in both; all but the lowest rate win in the tail."""
    lowest = "core, a quarter of the rate"
    won = tables.winners(found)
    assert won["both"] == won["typical"] == []
    assert set(won["tail"]) == {*tables.against_random(found).index.levels[1]} - {lowest}


def test_the_numbers_around_the_table_are_its(found):
    """The nearest to winning, and two candidates that differ by chance."""
    half, same = "core, half of each batch random", "core and as many random"
    means = found.groupby(level="candidate").mean()
    differences = tables.against_random(found).groupby(level=1).mean()
    assert differences[tables.TYPICAL].idxmax() == "half core, half random"
    nearest = differences.loc["half core, half random"]
    assert (f"{-100 * nearest[tables.TAIL]:.2f} points fewer failing at a cost of "
            f"{-nearest[tables.TYPICAL]:.4f} in the median") in PART
    apart = abs(means[tables.TYPICAL][half] - means[tables.TYPICAL][same])
    assert (f"differ by {apart:.4f} in the median, which is more than the best candidate "
            "loses") in PART
    assert apart > -nearest[tables.TYPICAL]


def test_the_order_of_the_candidates_is_what_the_page_says(found):
    """In each selection: half and half lies between, lower rates lose; rising wins in one."""
    rises, rising = "core of a rising acceptance", []
    for run_id in found.index.unique("run_id"):
        tail, typical = (found.loc[run_id][m] for m in (tables.TAIL, tables.TYPICAL))
        for slow in ("core, half the rate", "core, a quarter of the rate"):
            assert tail[slow] > tail["core"] and typical[slow] < typical["core"]
        assert tail["core"] < tail["half core, half random"] < tail["random"]
        assert typical["core"] < typical["half core, half random"] < typical["random"]
        rising.append((bool(tail[rises] < tail["core"]), bool(typical[rises] > typical["core"])))
    assert rising == [(False, False), (True, True)]


def test_the_rising_acceptance_kept_what_the_page_says(found):
    """Pairs by the IoU that they failed at; the first ones, untested, count with the first."""
    picked = pd.read_csv(STORED.with_stem("mixtures-rising"))
    counts = picked.groupby(["run_id", "acceptance_iou"])["index"].count().unstack()
    kept = [f"{', '.join(map(str, each[:-1]))} and {each[-1]}"
            for each in counts.loc[found.index.unique("run_id")].to_numpy()]
    assert (f"kept {kept[0]} pairs, on the second pool {kept[1]}, below IoU 0.80, 0.85, 0.90 and "
            "0.95") in PART


def test_what_is_said_of_the_compact_preset_is_what_its_table_says():
    """The recorded selection alone, and three networks of each candidate."""
    compact = tables.read(STORED.with_stem("mixtures-compact"))
    assert tables.complete(compact).equals(compact)
    assert list(compact["run_id"].unique()) == [SCENE.run_id]
    assert list(compact["model_seed"].unique()) == [3001, 3002, 3003]
    assert set(compact["candidate"]) == set(CANDIDATES)
    found = tables.by_selection(compact)
    assert tables.markdown(compact) in DOC
    won, lost = tables.winners(found), tables.against_random(found)[tables.TYPICAL].droplevel(0)
    assert won["typical"] == [] and set(won["tail"]) == set(lost.index)
    assert lost.idxmax() == "half core, half random"
    assert f"random pairs' median again, {-lost.max():.4f} below it" in PART
    for _, one in compact.groupby("model_seed"):  # each network alone
        assert (tables.against_random(tables.by_selection(one))[tables.TYPICAL] < 0).all()
    random = compact[compact["candidate"] == "random"].groupby("model_seed")[tables.TAIL].mean()
    first, second, third = (f"{100 * share:.2f}" for share in random)
    assert f"networks on as many random pairs fail on {first}, {second} and {third} %" in PART
