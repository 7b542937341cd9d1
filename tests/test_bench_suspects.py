"""The measurement of suspicious labels, with the learner that knows by heart; and what
docs/label-next.md says of the stored one."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks import suspects as bench
from shipdash.labelling.suspects import BY, MEASURES

ROOT = Path(__file__).parents[1]
STORED = ROOT / "benchmarks" / "results" / bench.NAME
RANKINGS = [*MEASURES, "cleanlab softmin", "cleanlab num_pixel_issues"]
NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The table of one seed of a small scene."""
    monkeypatch.setenv("SHIPDASH_DATA", "")  # put back afterwards
    for kind in ("INTRAOP", "INTEROP"):
        monkeypatch.setenv(f"TF_NUM_{kind}_THREADS", "1")
    for name, value in {"RESULTS": tmp_path, "SEEDS": (1,), "SOURCES": ("scene",), "N_SCENE": 40,
                        "N_STEPS": 1, "SHARE": 0.5, "LOOKED_AT": (5,),
                        "_import_nuclei": lambda place: None}.items():
        monkeypatch.setattr(bench, name, value)
    real = bench.asked
    monkeypatch.setattr(bench, "asked", lambda *which: real(*which).replace(
        **{"network.kind": "rote"}))
    bench.main()
    return tmp_path / bench.NAME


def test_every_ranking_of_every_pool_has_a_row(written):
    """To a learner that predicts empty masks, pairs whose mask was dropped are the least
    suspicious."""
    rows = pd.read_csv(written)
    assert rows.columns.tolist() == list(bench.COLUMNS)
    assert rows.groupby("kind").ranking.apply(list).map(sorted).tolist() == [sorted(RANKINGS)] * 3
    assert (rows.precision == rows.n_found / rows.k).all() and (rows.n_wrong > 10).all()
    dropped = rows[rows.kind == "dropped"].set_index("ranking")
    assert dropped.n_found[list(MEASURES)].tolist() == [0, 0]


def test_a_write_that_is_stopped_loses_no_row(tmp_path):
    """The table was emptied before the rows were there."""

    def rows():
        yield ["scene"]
        raise KeyboardInterrupt

    path = tmp_path / bench.NAME
    bench._write(path, [["nuclei"]])
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        bench._write(path, rows())
    assert path.read_bytes() == before and b"nuclei" in before


def test_a_stopped_measurement_goes_on(written, monkeypatch):
    """What is stored is not measured again."""
    lines = written.read_text().splitlines(keepends=True)
    written.write_text("".join(lines[:1 + 2 * len(RANKINGS)]))
    measured = []
    real = bench.measured
    monkeypatch.setattr(bench, "measured", lambda config, learner: measured.append(
        config.planted.label_noise_kind) or real(config, learner))
    bench.main()
    assert measured == ["borrowed"] and written.read_text().splitlines(keepends=True) == lines


# -- what the page says of the stored table


def cell(rows, ranking):
    """Precision at 20 and 50 over all seeds: ``1.00 / 0.87``."""
    found = rows[rows.ranking == ranking].groupby("k")[["n_found", "k"]].sum()
    return " / ".join(f"{share:.2f}" for share in found.n_found / found.k)


def table_lines(stored):
    """The rows of the table, one a source and kind."""
    for (source, kind), rows in stored.groupby(["source", "kind"], sort=False):
        pools = rows[(rows.ranking == RANKINGS[0]) & (rows.k == 20)]
        most = " / ".join(f"{pools.n_wrong.clip(upper=k).sum() / (k * len(pools)):.2f}"
                          for k in bench.LOOKED_AT)
        cells = [cell(rows, ranking) for ranking in RANKINGS if ranking != "cleanlab softmin"]
        yield (f"| {source}, {kind} | {pools.n_wrong.sum():,} of {pools.n.sum():,} | "
               f"{' | '.join(cells)} | {pools.n_wrong.sum() / pools.n.sum():.2f} | {most} |")


def finding(stored):
    """Which measure finds more, and where it is the other way round."""
    found = stored[stored.k == 20].groupby("ranking").n_found.sum()
    empty = stored[(stored.source == "nuclei") & (stored.kind == "dropped") & (stored.k == 20)]
    rows = empty.groupby("ranking")[["n_found", "n_wrong"]].sum()
    assert found.softmin > found.iou and rows.n_found.iou > rows.n_found.softmin
    pools = stored[(stored.k == 20) & (stored.ranking == "iou")].n_wrong
    return (f"The first 20 of each pool hold {found.softmin:,} wrong masks by the soft minimum and "
            f"{found.iou:,} by IoU, of {pools.clip(upper=20).sum():,} that they could hold. "
            f"Dropped masks of nuclei are the exception: {rows.n_found.iou:,} of "
            f"{rows.n_wrong.iou:,} by IoU and {rows.n_found.softmin:,} by the soft minimum.")


def method(stored):
    """How it was measured."""
    (folds,), (steps,), (device,) = (stored[name].unique()
                                     for name in ("n_folds", "n_steps", "device"))
    (seeds,) = stored.groupby(["source", "kind"]).seed.nunique().unique()
    return {"networks": f"{NUMBERS[folds]} networks of {steps} steps each",
            "seeds": f"with {NUMBERS[seeds]} seeds", "device": device, "date": stored.date.max()}


@pytest.fixture(scope="module")
def stored():
    return pd.read_csv(STORED)


def test_the_numbers_in_the_docs_follow_from_the_stored_table(stored):
    """The table line by line, the sentence below it, and how it was measured."""
    text = " ".join((ROOT / "docs" / "label-next.md").read_text("utf-8").split())
    said = [*table_lines(stored), finding(stored), *method(stored).values()]
    assert [words for words in said if words not in text] == []


def test_our_soft_minimum_ranks_as_cleanlabs_does(stored):
    """The same formula on the same predictions finds the same wrong masks."""
    ours, theirs = (stored[stored.ranking == name].n_found.tolist()
                    for name in ("softmin", "cleanlab softmin"))
    assert ours == theirs


def test_the_default_ranking_is_the_one_that_found_most(stored):
    """Over all pools."""
    found = stored[stored.ranking.isin(MEASURES)].groupby("ranking").n_found.sum()
    assert found.idxmax() == BY
