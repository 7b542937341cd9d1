"""The measurement of a whole round of labelling, with the learner that knows by heart; and what
docs/label-next.md says of the stored one."""

from pathlib import Path

import own_pictures as own
import pandas as pd
import pytest
from scipy import stats

from benchmarks import label_round as bench

ROOT = Path(__file__).parents[1]
STORED = ROOT / "benchmarks" / "results" / bench.NAME


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The table of one seed of 24 small pairs."""
    monkeypatch.setenv("SHIPDASH_DATA", "")  # put back afterwards
    for kind in ("INTRAOP", "INTEROP"):
        monkeypatch.setenv(f"TF_NUM_{kind}_THREADS", "1")
    for name, value in {"RESULTS": tmp_path, "SEEDS": (1,), "SIZE": 32, "N_UNLABELLED": 12,
                        "N_LABELLED_NEXT": 4}.items():
        monkeypatch.setattr(bench, name, value)
    real = bench.own_config
    monkeypatch.setattr(bench, "own_config", lambda name: real(name).replace(
        **{"network.kind": "rote", "selection.first": 3}))
    own.write(tmp_path, own.pairs(24, (32, 32)))
    bench.main(tmp_path, tmp_path / "place")
    return tmp_path / bench.NAME


def test_every_way_of_choosing_has_a_row_and_none_is_measured_twice(written, tmp_path):
    """To a learner that predicts nothing it has not seen, every new image fails and is kept."""
    rows = pd.read_csv(written)
    assert rows.columns.tolist() == list(bench.COLUMNS)
    assert rows.labelled.tolist() == ["before", *bench.WAYS]
    assert rows.n_new.tolist() == rows.n_new_failing.tolist() == rows.n_new_kept.tolist() == [
        0, 4, 4]
    assert (rows.n_held_out == 6).all()
    before = written.read_bytes()
    bench.main(tmp_path, tmp_path / "place")
    assert written.read_bytes() == before


# -- what the page says of the stored table


@pytest.fixture(scope="module")
def stored():
    return pd.read_csv(STORED)


def difference(stored, measure, one, other, unit=1.0, digits=3):
    """Mean, 95 % interval and p of the paired t test: ``+0.012 (+0.001 to +0.023), p = 0.041``."""
    table = unit * stored.pivot(index="seed", columns="labelled", values=measure)
    test = stats.ttest_rel(table[one], table[other])
    low, high = test.confidence_interval(0.95)
    numbers = [f"{value:+.{digits}f}".replace("-", "−") for value in
               ((table[one] - table[other]).mean(), low, high)]
    p = "p < 0.001" if test.pvalue < 0.001 else f"p = {test.pvalue:.3f}"
    return f"{numbers[0]} ({numbers[1]} to {numbers[2]}), {p}"


def lines(stored):
    """The rows of both tables."""
    for labelled, words in (("before", "before"), ("ranked", "50 first by `flips`"),
                              ("random", "50 random")):
        rows = stored[stored.labelled == labelled]
        new = ("– | –" if labelled == "before" else
               f"{rows.n_new_failing.mean():.1f} | {rows.n_new_kept.mean():.1f}")
        yield (f"| {words} | {new} | {rows.n_core.mean():.1f} | "
               f"{rows.mean_iou.mean():.3f} | {100 * rows.share_failing.mean():.1f} % |")
    for one, other, words in (("ranked", "random", "ranked − random"),
                              ("ranked", "before", "ranked − before"),
                              ("random", "before", "random − before")):
        yield (f"| {words} | {difference(stored, 'mean_iou', one, other)} | "
               f"{difference(stored, 'share_failing', one, other, 100.0, 1)} |")


def test_the_docs_say_what_the_stored_table_says(stored):
    """Both tables line by line, and how it was measured."""
    text = " ".join((ROOT / "docs" / "label-next.md").read_text("utf-8").split())
    assert set(stored.seed) == set(bench.SEEDS) and len(stored) == 15
    assert set(stored.ranking.dropna()) == {"flips", "random"}
    (held_out,), (device,) = stored.n_held_out.unique(), stored.device.unique()
    said = [*lines(stored), f"{held_out} held-out pairs", device, stored.date.max()[:10]]
    assert [words for words in said if words not in text] == []
