"""The measurement of suspicious labels, with the learner that knows by heart; and what
docs/label-next.md says of the stored one."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks import suspects as bench
from shipdash.labelling.suspects import BY

ROOT = Path(__file__).parents[1]
STORED = ROOT / "benchmarks" / "results" / bench.NAME
RANKINGS = [*BY, "cleanlab softmin", "cleanlab num_pixel_issues"]


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
    assert rows[rows.kind == "dropped"].set_index("ranking").n_found[list(BY)].tolist() == [0, 0]


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
