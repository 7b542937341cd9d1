"""Recording the sweep: what is asked, that a stopped recording goes on, what the package gets."""

import json

import pandas as pd
import pytest
import rote_runs
from scipy import stats

from benchmarks import record_sweep
from shipdash import analysis
from shipdash.analysis.difference import p_words
from shipdash.runs import Store, worker
from shipdash.studies import grid, sweep_details


def test_ninety_runs_are_asked_of_one_family_whole_orders_first():
    """Nine precisions, two rules, five orders, each with the model of its own number."""
    asked = record_sweep.plan()
    assert len({run.digest for run in asked}) == len(asked) == 90
    assert {(run.seeds.order, run.seeds.model) for run in asked} == {(n, n) for n in range(1, 6)}
    assert {run.seeds.order for run in asked[:18]} == {1}
    assert len({grid.family(run) for run in asked}) == 1
    assert asked[0].selection.n_pool == asked[0].evaluation.n_held_out == 10_000


def test_a_stopped_recording_goes_on_and_ships_the_whole(tmp_path, monkeypatch, capsys):
    """Three runs and a stop: a second machine computes the fourth only, then all are shipped."""
    first, again = Store(tmp_path / "first"), tmp_path / "again"
    config = first.config(rote_runs.finished(first))
    asked = [config.replace(**{"seeds.order": n, "seeds.model": n, "selection.precision": p})
             for n in (1, 2) for p in (0.7, 0.9)]
    monkeypatch.setattr(record_sweep, "RECORDED", tmp_path / "recorded")
    monkeypatch.setattr(record_sweep, "UNFINISHED", tmp_path / "unfinished")
    monkeypatch.setattr(record_sweep, "plan", lambda: asked)
    work, begun = worker.work, []

    def stopped_at_the_fourth(store, run_id):
        begun.append(run_id)
        return work(store, run_id) if len(begun) != 4 else None

    monkeypatch.setattr(record_sweep.queue, "work_one", stopped_at_the_fourth)
    with pytest.raises(SystemExit, match="the same command goes on"):
        record_sweep.main([str(first.root)])
    assert not (tmp_path / "recorded").exists()
    record_sweep.main([str(again)])
    assert begun == [*(run.digest for run in asked), asked[3].digest]

    points = pd.read_csv(tmp_path / "recorded" / "points.csv", dtype={"run_id": str})
    assert list(points["run_id"]) == [run.digest for run in asked]
    assert list(points.columns) == analysis.POINT_COLUMNS
    details = sweep_details.read(tmp_path / "recorded" / sweep_details.FILE)
    assert [len(details[run_id].core) for run_id in points["run_id"]] == list(points["n_core"])
    facts = json.loads((tmp_path / "recorded" / "sweep.json").read_text())
    assert facts["base"] == grid.plain(asked[0]).to_dict()
    assert facts["version"] == list(points["version"].unique())
    assert not (tmp_path / "unfinished").exists()
    assert "4 points" in capsys.readouterr().out


def test_a_row_without_details_is_made_again(tmp_path, monkeypatch):
    """Or the package would get a point without its curve and its core set."""
    store = Store(tmp_path / "runs")
    config = store.config(rote_runs.finished(store))
    monkeypatch.setattr(record_sweep, "RECORDED", tmp_path / "recorded")
    monkeypatch.setattr(record_sweep, "UNFINISHED", tmp_path / "unfinished")
    monkeypatch.setattr(record_sweep, "plan", lambda: [config])
    record_sweep._keep(store, config, *record_sweep.kept())
    (tmp_path / "unfinished" / sweep_details.FILE).write_bytes(b"torn")
    record_sweep.main([str(store.root)])
    details = sweep_details.read(tmp_path / "recorded" / sweep_details.FILE)
    assert list(details) == [config.digest]


def test_the_report_has_the_medians_of_the_shipped_table_and_its_slopes():
    """A row a precision and rule, each from five orders, computed here with pandas alone."""
    table = pd.read_csv(record_sweep.RECORDED / "points.csv")
    lines = record_sweep.report(table).splitlines()
    core = table.query("acceptance == 'iou' and precision == 0.55")["n_core"]
    (row,) = [line for line in lines if line.startswith("| plain IoU | 0.55 |")]
    assert f"| 0.5225 | {core.median():.0f} ({core.min()} to {core.max()}) |" in row
    assert len(lines) == 2 + 18 + 1 + 2
    assert "of 8 moves" in lines[-2] and lines[-1].startswith("Under plain IoU, 0.1 more")


def test_the_results_have_the_report_and_what_longer_training_buys():
    """docs/results.md, held against the table with SciPy's paired test."""
    table = pd.read_csv(record_sweep.RECORDED / "points.csv")
    text = (record_sweep.ROOT / "docs" / "results.md").read_text("utf-8")
    assert record_sweep.report(table) in text

    def of(rule, precision):
        asked = "acceptance == @rule and precision == @precision"
        return table.query(asked).set_index("order_seed")

    short, middle, long = of("article", 0.85), of("article", 0.9), of("iou", 0.95)
    found = stats.ttest_rel(short["n_core"], long["n_core"])
    low, high = found.confidence_interval(0.95)
    tail = stats.ttest_rel(short["below_90"], long["below_90"])
    names = ["n_core", "n_backward"]
    more = pd.DataFrame([(of("article", high)[names] - of("article", low)[names]).mean()
                         for low, high in ((0.55, 0.6), (0.65, 0.7), (0.75, 0.8))])
    text = " ".join(text.split())
    for words in (
            f"{len(table)} runs over 10,000 pairs",
            f"{table['date'].min()[:10]}, {table['seconds'].sum() / 3600:.1f} hours together",
            *(f"{runs['n_core'].median():.0f} pairs for {runs['n_backward'].median():,.0f} "
              "training images" for runs in (short,)),
            *(f"{runs['n_core'].median():.0f} for {runs['n_backward'].median():,.0f}"
              for runs in (middle, long)),
            f"shrinks by {(short['n_core'] - long['n_core']).mean():.0f} pairs (95 % interval "
            f"{low:.0f} to {high:.0f}, Student's paired test over the five orders, "
            f"{p_words(found.pvalue)})",
            f"{short['below_90'].median():.2%} and {long['below_90'].median():.2%} of held-out "
            f"pairs stay below IoU 0.90 ({p_words(tail.pvalue)})",
            f"trains on at most {more['n_backward'].max():.0f} images more and keeps at most one "
            "pair more"):
        assert words in text
    assert more["n_core"].abs().max() <= 1
