"""Mixtures of core set and random pairs: their pairs, their batches, and a stopped command."""

import csv

import numpy as np
import pytest
from evidence_runs import N_CORE, N_POOL, config, selection

from benchmarks import mixtures
from benchmarks.mixtures import CANDIDATES, VALIDATION_SEEDS
from benchmarks.registration import SEEDS
from shipdash.runs import Store

CORE = list(range(0, 40, 4))


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_candidate_has_as_many_pairs_as_its_reference(name):
    """Once or twice the core set, each pair once; no random pair is a core pair."""
    core, random = mixtures.pairs_of(CANDIDATES[name], CORE, 100, 3)
    assert len(core) + len(random) in (len(CORE), 2 * len(CORE))
    assert len({*core, *random}) == len(core) + len(random)
    assert set(core) <= set(CORE) and not set(random) & set(CORE)


def test_every_size_has_its_reference():
    """Random pairs alone, at the selection's learning rate."""
    references = {c.size for c in CANDIDATES.values() if not c.n_core and c.rate == 1}
    assert {c.size for c in CANDIDATES.values()} == references


def test_candidates_of_a_seed_share_their_random_pairs():
    """The smaller set is a part of the larger; another seed draws others."""
    one = mixtures.pairs_of(CANDIDATES["half core, half random"], CORE, 100, 3)[1]
    two = mixtures.pairs_of(CANDIDATES["twice as many random"], CORE, 100, 3)[1]
    assert two[:len(one)] == one
    assert mixtures.pairs_of(CANDIDATES["twice as many random"], CORE, 100, 4)[1] != two


@pytest.mark.parametrize(("share", "n_random"), [(None, None), (0.25, 4), (0.5, 8)])
def test_batches_are_epochs_of_either_kind(share, n_random):
    """A given part of each batch is random, and every pair comes before any comes again."""
    found = list(mixtures.batches(10, 10, share, 16, 5, 1))
    assert [len(which) for which in found] == [16] * 5
    if n_random is None:
        assert sorted(np.concatenate(found)[:20]) == list(range(20))
    else:
        assert {int((which >= 10).sum()) for which in found} == {n_random}
        of_core = np.concatenate([which[which < 10] for which in found])
        assert sorted(of_core[:10]) == list(range(10))


def test_validation_pools_are_nobodys():
    """Neither the registered study's nor the recorded run's."""
    assert not set(VALIDATION_SEEDS) & {*SEEDS, 1, 1000, 2000}


def test_a_stopped_command_goes_on_where_it_was(tmp_path, capsys):
    """A learner without a network: every candidate once, on both pools, with equal updates."""
    store, out = Store(tmp_path / "runs"), tmp_path / "mixtures.csv"
    run_id = selection(store, config())
    words = [run_id, "--runs", str(store.root), "--out", str(out), "--pairs", "20"]
    assert mixtures.main([*words, "--models", "3001", "--candidates", "core", "random"]) == 0
    assert mixtures.main([*words, "--models", "3001"]) == 0
    assert mixtures.main([*words, "--models", "3001-3002", "--candidates", "core"]) == 0
    assert capsys.readouterr().out.count("done") == len(CANDIDATES) + 1
    rows = list(csv.DictReader(out.read_text().splitlines()))
    picked = list(csv.DictReader((tmp_path / "mixtures-rising.csv").read_text().splitlines()))
    assert [row["run_id"] for row in picked] == [run_id] * N_CORE
    assert len(rows) == (len(CANDIDATES) + 1) * len(VALIDATION_SEEDS)
    assert {row["n_steps"] for row in rows} == {"60"}
    assert {int(row["n_core"]) + int(row["n_random"]) for row in rows} == {N_CORE, 2 * N_CORE}
    assert mixtures.main([*words, "--models", "3001"]) == 0
    assert "done" not in capsys.readouterr().out


def test_a_run_that_cannot_be_mixed_is_a_sentence(tmp_path, capsys):
    """A pool that a network would be judged on, or too few other pairs."""
    store = Store(tmp_path / "runs")
    judged = selection(store, config(**{"seeds.pool": VALIDATION_SEEDS[0]}))
    crowded = selection(store, config(), core=list(range(N_POOL - 10)))
    for run_id in (judged, crowded, "0" * 16):
        words = [run_id, "--runs", str(store.root), "--out", str(tmp_path / "x.csv")]
        assert mixtures.main([*words, "--candidates", "random"]) == 1
        assert capsys.readouterr().err.startswith("mixtures: ")
    assert not (tmp_path / "x.csv").exists()
