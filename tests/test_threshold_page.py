"""The Threshold page without browser and TensorFlow: recorded, own, missing and broken points."""

import functools
import json
import os
import types

import numpy as np
import paging
import pytest
from stored_results import HELD_OUT, a_result, a_run

from benchmarks import record_sweep
from shipdash import analysis
from shipdash import config as configs
from shipdash.acceptance import fails
from shipdash.cli.commands import parser
from shipdash.cli.studies import grid_of
from shipdash.config.settings import SEED_MAX
from shipdash.data import files
from shipdash.data.own_preset import own_config
from shipdash.records import Picked, RunState
from shipdash.runs import Store, device_probe, queue
from shipdash.studies import grid as grids
from shipdash.studies import sweep_details
from shipdash.studies.folder import Studies
from shipdash.ui import frame
from shipdash.ui.threshold import explorer, explorer_requests, payload, plan, points

PAGE = "pages/5_Threshold.py"


@pytest.fixture
def started(monkeypatch):
    """Arguments of every process that a page would have started."""
    calls = []
    monkeypatch.setattr(queue, "start_process", lambda store, words, *_: calls.append(words))
    return calls


@pytest.fixture
def store(tmp_path, monkeypatch, started):
    """An empty runs folder and no recorded sweep; no worker is ever started."""
    monkeypatch.setenv("SHIPDASH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(frame, "RECORDED", tmp_path / "recorded")
    monkeypatch.setattr(device_probe, "device_facts",
                        lambda store: {"device": "CPU", "machine": "a test"})
    return Store()


def finish(store, config, n_core, reason="exhausted"):
    """A run with a result, as its worker would have left it."""
    run_id, _ = store.create(config)
    iou = np.linspace(0.5, 1.0, 20).astype(np.float32)
    with store.writer(run_id) as writer:
        for n in range(n_core):
            writer.append(Picked(1, n, 10 * n, n + 1, 10 * n + 1, 0.25 if n else None, 0.0))
        writer.flush()
    store.save_scores(run_id, "picked", index=np.array([1]),
                      probability=np.full((1, 64, 64), 200, np.uint8))
    store.save_scores(run_id, "held_out", index=np.arange(20), iou=iou, score=iou, soft=iou)
    store.write_result(run_id, a_result(
        run_id, reason=reason, n_pool=2000, n_tested=2000, core=list(range(n_core)),
        n_forward=2000, n_wasted=1, n_backward=100 * n_core, seconds=30.0,
        phases={"train": 20.0, "scan": 5.0}, device="CPU (1 thread)",
        held_out=HELD_OUT | {"acceptance_iou": config.selection.acceptance_iou}))
    store.set_status(run_id, RunState.COMPLETED)
    return run_id


def grid(precisions=(0.8, 0.9), orders=(1, 2), rules=("article",), base=None):
    return grids.plan(base or configs.quick(), {
        "selection.precision": precisions, "seeds.order": orders, "selection.acceptance": rules})


def fill(store, asked):
    for run in asked.runs:
        finish(store, run, round(100 * run.selection.precision) + run.seeds.order)


def record(asked, **facts):
    """The tables that `benchmarks/record_sweep.py` writes, from made-up results."""
    folder = frame.RECORDED / "sweep"
    folder.mkdir(parents=True)
    rows = []
    for run in asked.runs:
        n = round(100 * run.selection.precision) + run.seeds.order
        held = HELD_OUT | {"share_failing": 0.1, "acceptance_iou": run.selection.acceptance_iou}
        rows.append((a_run(run, core=list(range(n)), n_tested=2000, seconds=3.0,
                           device="CPU (1 thread)", machine="far away", version="9.9",
                           date="2026-02-03T04:05:06+00:00", held_out=held),
                     np.linspace(0.5, 1, 20)))
    analysis.sweep_points(rows).to_csv(folder / "points.csv", index=False)
    facts = {"command": "python -m shipdash sweep --preset quick",
             "base": grids.plain(asked.runs[0]).to_dict()} | facts
    (folder / "sweep.json").write_text(json.dumps(facts))


open_page = functools.partial(paging.open_page, PAGE)


def sent(at):
    """What the explorer's browser half was sent."""
    (told,) = [told for told in (json.loads(one.proto.json) for one in at.get("bidi_component"))
               if "overviews" in told]
    return told


def words(at):
    """All that the page says, the titles of the explorer's figures under the article's rule too."""
    titles = [figure["title"] for figure in sent(at)["overviews"]["article"]]
    return " ".join([paging.words(at), *titles])


def in_view(at):
    """The point at the place where the explorer begins."""
    everything = sent(at)
    place = everything["place"]
    return next(point for point in everything["points"]
                if all(point[name] == value for name, value in place.items()))


def test_the_recorded_sweep_is_there_at_once(store):
    """Nothing computed here: labelled recorded, with machine, date, version and command."""
    record(grid(rules=("article", "iou")))
    said = words(open_page())
    assert "Recorded · 8 runs" in said
    for part in ("far away", "2026-02-03", "shipdash 9.9", "python -m shipdash sweep --preset"):
        assert part in said
    assert ("The core set: 82 (81 to 82) at precision 0.80, "
            "92 (91 to 92) at 0.90" in said)


def test_without_any_point_the_page_says_what_to_do(store):
    """An empty folder is a beginning, not an error."""
    at = open_page()
    said = words(at)
    assert "no point computed yet" in said and "No run of this sweep has been computed yet" in said
    assert not at.error and not at.warning
    assert "Compute 9 missing points" in [b.label for b in at.button]


def test_own_points_make_the_curve(store):
    """Runs that exist are points, however they were started; the link names the family."""
    fill(store, grid())
    name = grids.family(configs.quick())
    at = open_page(sweep=name, precisions="0.8,0.9", orders="2")
    said = words(at)
    assert ("The core set: 82 (81 to 82) at precision 0.80, "
            "92 (91 to 92) at 0.90" in said)
    assert "This machine · 4 runs" in said
    assert "4 points, 4 of them computed already and reused" in said
    assert at.button(key="sweep_start").disabled


def test_a_sweep_of_a_data_set_opens_at_its_run(store, tmp_path, monkeypatch):
    """Under plain IoU, the rule of its preset, without words on the scene's held-out pairs and
    without a command, since the command line has no sweep of a data set."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    images = np.random.default_rng(1).integers(0, 256, (40, 64, 64, 3), np.uint8)
    files.write("made", images, images[..., 0] > 127, (np.arange(40) >= 20).astype(np.uint8))
    config = own_config("made")
    finish(store, config, 3)
    at = open_page(sweep=grids.family(config))
    assert in_view(at)["rule"] == "iou"
    (label,) = [label for label in at.selectbox[0].options if "made" in label]
    assert "precision" not in label and "acceptance" not in label
    assert "Variants" not in words(at)
    assert "can only be started from this page" in words(at)
    assert not [code for code in at.code if "shipdash sweep" in code.value]


def test_the_staircase_is_said(store):
    """Stretches that share one rule, drawn under the article's rule and not under plain IoU."""
    fill(store, grid(rules=("article", "iou")))
    at = open_page(sweep=grids.family(configs.quick()))
    assert "from 0.842 to 0.947, a pair needs IoU 0.90" in words(at)
    shapes = {rule: pair[0]["figure"]["layout"].get("shapes", [])
              for rule, pair in sent(at)["overviews"].items()}
    assert shapes["article"] and not shapes["iou"]


@pytest.mark.parametrize("failing", list(analysis.FAILING.values()))
@pytest.mark.parametrize("beside", ["failing", "size against failing"])
def test_every_measure_of_failing_draws(store, failing, beside):
    """Each is named on the axis of the second figure, and the link carries the choice."""
    record(grid())
    second = sent(open_page(failing=failing, beside=beside))["overviews"]["article"][1]
    short = "its acceptance IoU" if "own" in failing else failing
    assert second["figure"]["layout"]["yaxis"]["title"]["text"] == f"share below {short}"


def test_a_run_whose_held_out_scores_are_missing_is_still_a_point(store):
    """Its result says how many pairs there were, but which of them fail cannot be counted."""
    fill(store, grid())
    lost = grid().runs[0].digest
    for file in store.root.glob(f"{lost}/evaluation/held_out*"):
        file.unlink()
    point = next(p for p in sent(open_page(sweep=grids.family(configs.quick())))["points"]
                 if p["id"] == lost)
    assert point["kept"] and "scores of its held-out pairs are missing" in point["failing"]


@pytest.mark.parametrize(("column", "iou"), [
    ("below_90", 0.9), ("below_70", 0.7), ("below_50", 0.5), ("below_own", None)])
def test_pairs_of_one_run_fail_by_the_measure_beside_them(store, column, iou):
    """Title, colours and line of its histogram; else a higher precision looks as if it failed more
    because its own acceptance IoU is higher."""
    fill(store, grid(orders=(1,)))
    at = open_page(sweep=grids.family(configs.quick()), failing=analysis.FAILING[column])
    drawn = [point for point in sent(at)["points"] if "fail" in point]
    assert len(drawn) == 2
    for point in drawn:
        scores = store.load_scores(point["id"], "held_out")["iou"]
        asked = iou or store.config(point["id"]).selection.acceptance_iou
        n_below = int(fails(scores, asked).sum())
        assert point["limit"] == pytest.approx(asked)
        assert sum(point["fail"]) == n_below
        assert sum(point["pass"]) == len(scores) - n_below
        if iou:
            assert point["failing"].startswith(f"{n_below} of {len(scores)}")
            assert point["failing"].endswith(f"are below IoU {iou:.2f}")


@pytest.mark.parametrize("beside, said", [
    ("training images", "The training of a run"), ("seconds", "The time of a run")])
def test_every_cost_draws(store, beside, said):
    """In the second figure, with a sentence of its own."""
    record(grid())
    assert said in words(open_page(beside=beside))


def test_missing_points_are_started_as_one_sweep(store, started):
    """One press: one process that works the stored sweep off."""
    fill(store, grid())
    at = open_page(sweep=grids.family(configs.quick()), precisions="0.7:0.9:0.1", orders="2")
    assert at.button(key="sweep_start").label == "Compute 2 missing points"
    at.button(key="sweep_start").click().run()
    assert not at.exception
    sweep_id = grid(precisions=(0.7, 0.8, 0.9)).digest
    assert started == [["sweep", "--id", sweep_id]]
    assert Studies(store).list() == [sweep_id]
    assert len(store.list()) == 4  # waiting points are no queued runs


@pytest.mark.parametrize("typed, said", [
    ({"precisions": "0.5:0.9"}, "Precision must read start:stop:step"),
    ({"precisions": ""}, "Precision must read start:stop:step"),
    ({"precisions": "2"}, "selection.precision must be a number from 0.05 to 1"),
    ({"orders": "none"}, "Order seed must read start:stop:step or values with commas between, "
                         "e.g. 1:5:1"),
    ({"rules": "mean"}, "selection.acceptance must be one of article, iou"),
])
def test_a_wrong_plan_is_one_sentence_and_the_figures_stay(store, typed, said):
    """Nothing can be started, nothing that was computed is lost from view."""
    fill(store, grid())
    at = open_page(sweep=grids.family(configs.quick()), **typed)
    assert [said in e.value for e in at.error] == [True]
    assert "sweep_start" not in [b.key for b in at.button]
    assert "; too few runs for a verdict" in words(at)


def test_many_points_need_a_tick(store, started):
    """Above the limit the button is shut until the box says that they are meant."""
    at = open_page(precisions="0.5:0.9:0.01", orders="10")
    assert at.button(key="sweep_start").disabled
    at.checkbox(key="sweep_confirmed_410").check().run()
    assert not at.button(key="sweep_start").disabled
    at.text_input(key="orders").set_value("20").run()
    assert at.button(key="sweep_start").disabled, "the tick was for 410 points"


def test_an_unknown_sweep_in_the_link_is_a_sentence(store):
    """And the page goes on with another."""
    record(grid())
    for bad in ("../../etc", "0123456789abcdef"):
        at = open_page(sweep=bad)
        assert len(at.warning) == 1
        assert "; too few runs for a verdict" in words(at)


def test_a_halted_sweep_can_be_resumed_and_one_at_work_cancelled(store, started):
    """The buttons follow the lock, not a file that somebody forgot to remove."""
    sweeps = Studies(store)
    sweep_id = sweeps.create(grid())
    fill(store, grid(orders=(1,)))
    at = open_page()
    assert "stopped; Resume continues it. 2 of 4 runs · 2 completed, 2 missing" in bars(at)
    at.button(key=f"study_resume_{sweep_id}").click().run()
    assert started == [["sweep", "--id", sweep_id]]
    with sweeps.lock(sweep_id):
        at = open_page()
        assert "running. 2 of 4 runs" in bars(at)
        at.button(key=f"study_cancel_{sweep_id}").click().run()
        assert not at.exception
        assert sweeps.cancelled(sweep_id)


def bars(at):
    return " ".join(bar.proto.text for bar in at.get("progress"))


def test_a_stalled_or_running_point_is_not_in_the_median(store):
    """Said by its state in the table, and left out of the sentence."""
    asked = grid(orders=(1, 2, 3))
    for run in asked.runs[:5]:
        stalled = run.selection.precision == 0.9 and run.seeds.order == 2
        finish(store, run, 500 if stalled else 50, "stalled" if stalled else "exhausted")
    last, _ = store.create(asked.runs[5])
    with store.lock(last):
        store.set_status(last, RunState.RUNNING)
        at = open_page(sweep=grids.family(configs.quick()), precisions="0.8,0.9",
                       orders="3", table="true")
    table = at.dataframe[0].value
    assert sorted(table["state"]) == ["completed"] * 4 + ["running", "stalled"]
    assert "50 (50 to 50) at precision 0.80, 50 at 0.90" in words(at)


def test_control_arms_are_no_points(store):
    """An arm has the family's settings but is no selection."""
    fill(store, grid(orders=(1,)))
    source = grid(orders=(1,)).runs[0]
    finish(store, source.replace(**{"arm.kind": "core", "arm.source": source.digest,
                                    "arm.n_steps": 10}), 80)
    at = open_page(sweep=grids.family(configs.quick()), precisions="0.8,0.9", orders="1",
                   table="true")
    assert len(at.dataframe[0].value) == 2


def test_a_damaged_recorded_sweep_leaves_the_page_usable(store):
    """As if none had come with the package."""
    folder = frame.RECORDED / "sweep"
    folder.mkdir(parents=True)
    (folder / "sweep.json").write_text("{")
    assert "No run of this sweep has been computed yet" in words(open_page())


def test_a_recorded_point_with_numbers_only_says_so(store):
    """Its core size is known, its curve is not: the browser is sent no curve for it."""
    record(grid())
    point = in_view(open_page(precision="0.8", order="1"))
    assert point["kept"].startswith("81 of 2,000 pairs kept") and point["recorded"]
    assert "tested" not in point


def test_a_recorded_point_with_details_is_drawn_whole(store):
    """Curve, core set, pictures and histogram come from the recorded file."""
    asked = grid()
    record(asked)
    held = np.zeros((2, 50), np.int32)
    held[0, 44], held[1, 45] = 3, 17
    details = {run.digest: sweep_details.Detail(
        np.arange(3, dtype=np.int32), np.array([1, 2, 9], np.int32),
        np.array([np.nan, np.nan, 0.5], np.float32), held, np.ones(3, np.float32), {})
        for run in asked.runs}
    sweep_details.write(frame.RECORDED / "sweep" / sweep_details.FILE, details)
    at = open_page(precision="0.9", order="2")
    point = in_view(at)
    assert (point["tested"], point["core"], point["pictures"]) == ([1, 2, 9], [0, 1, 2], [0, 1, 2])
    assert (point["fail"][44], point["pass"][45]) == (3, 17)
    assert sent(at)["atlas"]["url"].startswith("data:image/jpeg;base64,")


def test_an_order_of_the_link_is_shown_with_the_model_it_was_run_with(store):
    """A recorded order has initial weights of its own; the link need not say which."""
    runs = [run.replace(**{"seeds.model": n}) for n in (1, 2) for run in grid(orders=(n,)).runs]
    record(types.SimpleNamespace(runs=runs))
    point = in_view(open_page(order="2"))
    assert (point["order"], point["model"], point["recorded"]) == (2, 2, True)


def test_an_own_point_is_drawn_from_its_run(store):
    """Its picks are the curve, its scores the histogram, split at its own acceptance IoU
    where that is asked for."""
    fill(store, grid())
    point = in_view(open_page(sweep=grids.family(configs.quick()), precision="0.8", order="2",
                              failing=analysis.FAILING["below_own"]))
    assert point["core"] == list(range(82)) and point["tested"][:3] == [1, 11, 21]
    assert sum(point["fail"]) + sum(point["pass"]) == 20
    assert point["limit"] == pytest.approx(0.85) and "this machine" in point["origin"]


def test_recorded_and_own_points_of_a_family_are_shown_together(store):
    """Told apart by mark and legend; what was computed here stands for the recorded answer."""
    record(grid())
    fill(store, grid(precisions=(0.7, 0.8), orders=(1,)))
    at = open_page()
    figure = sent(at)["overviews"]["article"][0]["figure"]
    marks = {trace.get("name"): trace["marker"]["symbol"] for trace in figure["data"]
             if trace.get("customdata")}
    assert marks["recorded run"] == "square"
    assert marks["run of this machine"] == "circle"
    ids = [point["id"] for point in sent(at)["points"] if point["kept"]]
    assert len(ids) == len(set(ids)) == 5
    assert "Recorded · 3 runs" in words(at) and "This machine · 2 runs" in words(at)


def test_a_sweep_of_another_version_is_a_family_of_its_own(store):
    """Its runs answer other questions, however alike the settings read."""
    record(grid(), algorithm=configs.ALGORITHM - 1, version=["0.2.0"])
    fill(store, grid(orders=(1,)))
    at = open_page()
    assert at.selectbox[0].options[0].startswith("Recorded with version 0.2.0: quick")
    assert all(point["recorded"] for point in sent(at)["points"])


def test_old_links_to_the_recorded_sweep_lead_to_it(store):
    """They call it recorded, whatever its family is called today."""
    record(grid())
    fill(store, grid(base=configs.compact()))
    at = open_page(sweep="recorded")
    assert not at.warning and "Recorded · 4 runs" in words(at)


@pytest.mark.parametrize("bad", ["nan", "-1", "2", "high", ""])
def test_a_wrong_place_in_the_link_begins_at_a_finished_run(store, bad):
    """The nearest to the precision of the settings, with the lowest seeds."""
    record(grid())
    assert in_view(open_page(precision=bad, order="x"))["kept"].startswith("81 of")


def test_the_link_is_told_where_the_viewer_let_go():
    """What the browser says is a place only where every part of it is one."""
    said = {"precision": 0.8, "order": 3, "model": 1, "rule": "iou"}
    assert explorer.read_place(said) == explorer.Place(0.8, 3, 1, "iou")
    for wrong in (None, {}, said | {"rule": "mean"}, said | {"precision": 7}, "0.8"):
        assert explorer.read_place(wrong) is None


def test_what_the_browser_is_sent_is_made_once_and_anew_after_a_change(store, monkeypatch):
    """Whoever comes next gets the same; a run that was written again is read again."""
    fill(store, grid(orders=(1,)))
    made, curve = [], payload._curve
    monkeypatch.setattr(payload, "_curve", lambda *of: made.append(of) or curve(*of))
    look = functools.partial(open_page, sweep=grids.family(configs.quick()))
    first, second = sent(look()), sent(look())
    assert first == second and len(made) == 1
    os.utime(next(store.root.glob("*/result.json")), ns=(1, 1))
    assert sent(look()) == first and len(made) == 2
    fill(store, grid(precisions=(0.7,), orders=(1,)))
    assert sent(look())["version"] != first["version"] and len(made) == 3


def test_the_guess_is_a_line_across_the_core_sizes(store):
    """In the figure of the family and in the curve of the run, not across the failures."""
    record(grid())
    everything = sent(open_page(guess="70"))
    first, second = everything["overviews"]["article"]
    for figure, has in ((first["figure"], True), (second["figure"], False),
                        (everything["curve"], True)):
        assert any(t.get("name") == "your guess: 70" for t in figure["data"]) == has


def test_a_missing_point_is_computed_as_a_sweep_of_one(store, started, monkeypatch):
    """The settings of the place, in their family, which comes into view."""
    monkeypatch.setattr(explorer_requests.st, "rerun", lambda: None)
    family = points.Family("x", "", grids.plain(configs.quick()), {}, None)
    explorer_requests.compute(family, explorer.Place(0.83, 2, 1, "iou"))
    asked = Studies(store).study(Studies(store).list()[0]).runs
    assert [(c.selection.precision, c.selection.acceptance, c.seeds.order) for c in asked] == [
        (0.83, "iou", 2)]
    assert started == [["sweep", "--id", Studies(store).list()[0]]]


def test_the_command_under_the_plan_asks_for_the_same_sweep():
    """Parsed by the command line itself."""
    base = configs.compact().replace(**{"scene.contrast": 0.2, "network.augment": False})
    asked = grids.plan(base, {
        "selection.precision": [0.8, 0.95], "seeds.order": [1, 2, 3], "seeds.model": [7],
        "selection.acceptance": ["article", "iou"], "planted.label_noise": [0.0, 0.1],
        "selection.n_pool": [500, 1000]})
    line = plan.command(asked)
    assert line.startswith("python -m shipdash sweep --preset compact ")
    assert grid_of(parser().parse_args(line.split()[3:])).digest == asked.digest


def test_whoever_comes_back_finds_the_page_as_it_was_left(store):
    """By a link without a sweep or by Back: the same sweep, precisions and orders."""
    record(grid())
    fill(store, grid())
    name = grids.family(configs.quick())
    at = open_page(sweep=name, precisions="0.7:0.9:0.1", orders="2", more_axes="true",
                   **{"more_scene.contrast": "0.2,0.4"})
    at.switch_page("pages/3_Samples.py").run()
    at.switch_page(PAGE)
    at.query_params.clear()
    at.run()
    assert not at.exception
    assert "".join(at.query_params["sweep"]) == name
    assert at.text_input(key="precisions").value == "0.7:0.9:0.1"
    assert at.text_input(key="orders").value == "2"
    assert at.toggle(key="more_axes").value
    assert at.text_input(key="more_scene.contrast").value == "0.2,0.4"
    assert "This machine · 4 runs" in words(at)


def test_the_box_of_sweeps_counts_what_has_come_since(store):
    """The browser is told the choice again in its new words, or would go on showing the old ones.
    """
    fill(store, grid(orders=(1,)))
    name = grids.family(configs.quick())
    at = open_page(sweep=name)
    before = at.selectbox[0]
    fill(store, grid(orders=(2, 3)))
    at.run()
    after = at.selectbox[0]
    assert "2 computed" in before.options[0] and "6 computed" in after.options[0]
    assert (after.proto.set_value, after.proto.raw_value) == (True, after.options[0])


def test_the_sweep_that_ships_is_what_its_command_asks_for():
    """Eight precisions and five orders at least, both rules; every point can be repeated."""
    found = points.recorded()
    table, line = found.points, found.facts["command"]
    assert table["precision"].nunique() >= 8 and table["order_seed"].nunique() >= 5
    assert set(table["acceptance"]) == {"article", "iou"}
    assert set(table["state"]) <= {"completed", "stalled"}
    assert line == "python -m benchmarks.record_sweep RUNS_FOLDER"
    assert [run.digest for run in record_sweep.plan()] == table["run_id"].tolist()


@pytest.mark.parametrize(("name", "text", "can_be"), [
    ("order", "0", True), ("order", str(SEED_MAX), True), ("order", str(SEED_MAX + 1), False),
    ("model", "-1", False), ("model", "9" * 400, False), ("precision", "0", False),
    ("precision", "1", True), ("precision", "1e309", False)])
def test_a_link_may_name_every_seed_there_is(name, text, can_be):
    """And no precision that there is not."""
    said = {"precision": "0.8", "order": "3", "model": "1", "rule": "iou"} | {name: text}
    assert (explorer.read_place(said) is not None) is can_be
