"""Your data, what came out: leaks, the finding, figures by group, controls, labels to look at."""

import json

import evidence_runs
import numpy as np
import pandas as pd
import pytest
from paging import open_page, quiet_store, words

from shipdash import figures
from shipdash.analysis.arms import ARMS, EQUAL_COST, EQUAL_UPDATES, SAME
from shipdash.analysis.groups import kept_finding
from shipdash.analysis.leaks import kept_by_group
from shipdash.analysis.pairs_needed import labels_finding, needed_finding
from shipdash.config import ConfigError
from shipdash.data import files, open_source
from shipdash.data.near_duplicates import DISTANCE
from shipdash.data.own_preset import own_config
from shipdash.data.pair_list import PairRow, write_pairs
from shipdash.data.subsets import stratified_by_group
from shipdash.records import AsideReason, SetAside
from shipdash.runs.original_files import original_files
from shipdash.studies.folder import Studies
from shipdash.ui import frame
from shipdash.ui.label_next import choose

PAGE = "pages/7_Your_data.py"
N = evidence_runs.N_POOL + evidence_runs.N_HELD_OUT


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A data set of two groups, every third picture of which repeats, and no run."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    chance = np.random.default_rng(1)
    images = chance.integers(0, 256, (N, 32, 32, 3), np.uint8)
    masks = np.zeros((N, 32, 32), bool)
    masks[:, 8:20, 8:20] = True
    split = (np.arange(N) >= evidence_runs.N_POOL).astype(np.uint8)
    files.write("made", images, masks, split)
    write_pairs(files.root() / "made", (
        PairRow(k, f"{'sea' if k % 4 else 'land'}/{k}.png", "", "", "sea" if k % 4 else "land",
                144, 144) for k in range(N)))
    return quiet_store(tmp_path, monkeypatch)


def asked():
    return own_config("made").replace(**{"network.kind": "rote", "selection.first": 2})


def row(kind, mean, *, n=50, stop=EQUAL_UPDATES, n_runs=3, spread=0.002):
    """A row of the table of arms."""
    return {"arm": ARMS[kind], "stop": stop, "network": SAME, "n_pairs": n, "n_runs": n_runs,
            "mean_iou": mean, "mean_iou_low": mean - spread, "mean_iou_high": mean + spread}


@pytest.mark.parametrize(("rows", "n_core", "title"), [
    ([], 96, "Keep them all: selection kept 96 of 100 pairs (96%)"),
    ([], 50, "Selection kept 50 of 100 pairs (50%)"),
    ([row("core", 0.9), row("random", 0.9)], 50, "Selection kept 50 of 100 pairs (50%)"),
    ([row("core", 0.911), row("random", 0.903, spread=0.001), row("full", 0.933, n=100)], 50,
     "Keep them all: training on all 100 pairs is better than on the 50 selected, by 0.022 mean "
     "IoU. The selected pairs do better than as many random ones, by 0.008 mean IoU"),
    ([row("core", 0.911, spread=0.001), row("random", 0.925, spread=0.006),
      row("full", 0.933, n=100)], 50,
     "Do not select: all 100 pairs do better than the 50 selected, by 0.022 mean IoU, and neither "
     "is separated from as many random ones"),
    ([row("core", 0.911, spread=0.001), row("random", 0.932), row("full", 0.933, n=100)], 50,
     "Do not select: all 100 pairs do better than the 50 selected, by 0.022 mean IoU, and are not "
     "separated from as many random ones. The selected pairs do worse than as many random ones, by "
     "0.021 mean IoU"),
    ([row("core", 0.801), row("random", 0.901), row("full", 0.851, n=100)], 50,
     "Do not select: random pairs do better than all 100 pairs, and all 100 do better than the 50 "
     "selected. The selected pairs do worse than as many random ones, by 0.100 mean IoU"),
    ([row("core", 0.911), row("random", 0.910), row("full", 0.912, n=100)], 50,
     "No gain over as many random pairs was found. The 50 selected are not separated from all 100"),
    ([row("core", 0.90), row("random", 0.91, spread=0.001), row("full", 0.90, n=100)], 50,
     "The selected pairs do worse than as many random ones, by 0.010 mean IoU. The 50 selected "
     "are not separated from all 100"),
    ([row("core", float("nan")), row("random", 0.91), row("full", 0.9, n=100)], 50,
     "Selection kept 50 of 100 pairs (50%); there is no verdict, since numbers are missing or do "
     "not vary"),
    ([row("core", 0.9, n_runs=1), row("random", 0.8), row("full", 0.9)], 50,
     "Selection kept 50 of 100 pairs (50%)"),
])
def test_the_finding_says_first_that_selection_was_not_needed(rows, n_core, title):
    """Keep them all, then random ones not separated, then that the core is better or
    worse; nothing is claimed of too few runs."""
    table = pd.DataFrame(rows, columns=list(row("core", 0)))
    assert needed_finding(table, n_core, 100).title == title


def test_the_finding_names_every_control_with_its_range():
    """Stratified by group and equal cost too."""
    table = pd.DataFrame([row("core", 0.911), row("random", 0.903), row("stratified", 0.905),
                          row("full", 0.933, n=100), row("full", 0.94, n=100, stop=EQUAL_COST)])
    said = needed_finding(table, 50, 100).detail
    assert "0.911 (0.909 to 0.913) after the 50 selected pairs" in said
    assert "0.905 (0.903 to 0.907) after as many random ones drawn by group" in said
    assert "all 100 give 0.940 (0.938 to 0.942)" in said


@pytest.mark.parametrize(("before", "says"), [
    (0.90, "More labels would probably help: the last step still gained 0.020"),
    (0.92, "Whether more labels like these would help is not known"),
])
def test_the_curve_says_whether_more_labels_would_help(before, says):
    """The last step of the curve, by a test of means."""
    table = pd.DataFrame([row("random", before), row("random", 0.92, n=100)])
    assert labels_finding(table).title.startswith(says)
    assert labels_finding(table.head(1)) is None


def test_pairs_are_drawn_by_group_in_proportion():
    """100 of one group and 40 of another give 5 and 2 of seven; all pairs where all are asked."""
    candidates = np.random.default_rng(1).permutation(140)
    groups = ["sea" if i < 100 else "land" for i in candidates]
    chosen = stratified_by_group(candidates, 7, groups)
    assert sum(i < 100 for i in chosen) == 5 and len(set(chosen)) == 7
    assert sorted(stratified_by_group(candidates, 140, groups)) == list(range(140))
    with pytest.raises(ConfigError, match="this data set has none"):
        stratified_by_group(candidates, 7, [""] * 140)


def test_a_source_knows_the_groups_of_its_pairs(store):
    """Numbers are those of the split, also through planted repeats."""
    config = asked().replace(**{"planted.distinct": 5})
    assert [open_source(config).group(i) for i in (0, 1, 5)] == ["land", "sea", "land"]
    held_out = open_source(config, "held_out")
    assert [held_out.group(i) for i in (0, 1)] == ["land", "sea"]


def test_the_kept_share_of_groups_is_a_sentence():
    """The group of which least was kept, and that of which most was."""
    table = kept_by_group(["video", "video", "still", "still"], [0, 2, 3])
    assert kept_finding(table) == "Kept from video: 50% (1 of 2); from still: 100% (2 of 2)"
    assert kept_finding(table.head(1)) == ""


def test_a_leak_is_a_number_in_red_words(store):
    """Two held-out pictures repeat two of the pool: said in red, and shown."""
    blobs = np.kron(np.random.default_rng(2).integers(0, 256, (4, 4, 4, 1), np.uint8),
                    np.ones((1, 8, 8, 3), np.uint8))
    split = np.array([0, 0, 1, 1, 1], np.uint8)
    made = np.concatenate([blobs[:2], blobs[:2], blobs[2:3]])
    files.write("leaky", made, np.ones(made.shape[:3], bool), split)
    write_pairs(files.root() / "leaky", (PairRow(k, f"{k}.png", "", "", "", 9, 9)
                                         for k in range(5)))
    at = open_page(PAGE, data="leaky", data_view="Near duplicates")
    assert not at.error
    title = next(m.value for m in at.markdown if "Leak" in m.value)
    assert title.startswith("### :red[") and "2 of the 3 held-out" in title
    assert "2 clusters of near duplicates" in words(at)


def test_a_link_carries_the_distance_that_its_heading_rests_on(store):
    """A held-out picture differs a little from one of the pool: a leak from some distance on."""
    one = np.kron(np.random.default_rng(2).integers(0, 256, (4, 4, 1), np.uint8),
                  np.ones((8, 8, 3), np.uint8))
    changed = one.copy()
    changed[:2] = 0
    made = np.stack([one, changed])
    files.write("near", made, np.ones(made.shape[:3], bool), np.array([0, 1], np.uint8))
    write_pairs(files.root() / "near", (PairRow(k, f"{k}.png", "", "", "", 9, 9)
                                        for k in range(2)))
    for bits, leaks in (("12", True), ("0", False)):
        at = open_page(PAGE, data="near", data_view="Near duplicates", bits=bits)
        assert at.slider(key="bits").value == int(bits)
        assert ("### :red[" in words(at)) == leaks
    for garbage in ("zzz", "99", "1e309"):
        at = open_page(PAGE, data="near", data_view="Near duplicates", bits=garbage)
        assert at.slider(key="bits").value == DISTANCE


def test_without_a_run_the_view_says_what_to_do(store):
    """Also where the address names a run of other pairs."""
    other = evidence_runs.selection(store, evidence_runs.config())
    at = open_page(PAGE, data="made", data_view="What came out", run=other)
    assert "No selection from this data set has finished" in words(at)


def test_what_came_out_is_on_one_view(store):
    """Finding, figures by group, labels to look at, and the button for the controls."""
    run_id = evidence_runs.selection(store, asked())
    core = store.result(run_id).core
    with store.writer(run_id) as writer:
        writer.append(SetAside(core[3], 4, 5, 150, 0.31, 0.74, AsideReason.NOT_LEARNT))
        writer.flush()
    at = open_page(PAGE, data="made", data_view="What came out", run=run_id)
    assert not at.error, [e.value for e in at.error]
    said = words(at)
    assert "Selection kept 12 of 200 pairs (6%)" in said
    assert "As selection left it, the network has a held-out mean IoU of 0.9" in said
    assert "Look at these labels first" in said and "1 did not pass" in said
    assert "Lowest held-out mean IoU" in said and "Kept from " in said
    at.button(key="start_own_controls").click().run()
    known = Studies(store)
    study = known.study(known.list()[0])
    kinds = {(c.arm.kind, c.arm.protocol) for c in study.runs}
    assert ("stratified", "equal updates") in kinds and ("full", "equal cost") in kinds


@pytest.mark.parametrize(("facts", "command"), [
    ({"archive": "gone.zip"}, "export {} --out FOLDER"),
    ({}, "data export {} --out FOLDER --files copies")])
def test_the_command_of_the_export_can_work(store, tmp_path, facts, command):
    """Original pictures are promised only where they still are."""
    manifest = files.folder_of("made") / files.MANIFEST
    manifest.write_text(json.dumps(json.loads(manifest.read_text())
                                   | {"given_in": str(tmp_path)} | facts))
    run_id = evidence_runs.selection(store, asked())
    at = open_page(PAGE, data="made", data_view="What came out", run=run_id)
    assert at.code[-1].value == f"python -m shipdash {command.format(run_id)}"


def test_a_stalled_run_claims_nothing_of_the_pairs_it_has_not_tested(store):
    """Its own finding; no controls, no groups, and no list of groups to drop."""
    run_id = evidence_runs.selection(store, asked(), reason="stalled")
    at = open_page(PAGE, data="made", data_view="What came out", run=run_id)
    assert not at.error, [e.value for e in at.error]
    said = words(at)
    assert "### Training stalled: 12 pairs could not be learnt" in said
    assert "Selection kept" not in said and "Kept from " not in said
    assert not [b for b in at.button if b.key == "start_own_controls"]
    assert not original_files(store, run_id).all_tested


@pytest.mark.parametrize("left", [None, b""])
def test_what_came_out_is_told_without_the_events(store, left):
    """From the result alone, where somebody removed them: no pairs in order, and no traceback."""
    run_id = evidence_runs.selection(store, asked())
    events = store.root / run_id / "events.jsonl"
    events.unlink() if left is None else events.write_bytes(left)
    at = open_page(PAGE, data="made", data_view="What came out", run=run_id)
    assert "Selection kept 12 of 200 pairs (6%)" in words(at)
    assert "#### Export" in words(at) and "The first " not in words(at)


def test_a_selection_of_another_version_has_no_controls(store):
    """Said in words; the runs of the data set are found by its name."""
    run_id = evidence_runs.selection(store, asked())
    (store.root / run_id / "spec.json").write_text(
        asked().replace(**{"seeds.order": 5}).canonical_json())
    at = open_page(PAGE, data="made", data_view="What came out", run=run_id)
    assert "Nothing can be computed for a run of another version." in words(at)
    assert not [b for b in at.button if b.key == "start_own_controls"]


def test_the_page_states_a_finished_study(store):
    """Keep them all is said first; the random-k curve is drawn."""
    run_id = evidence_runs.selection(store, asked())
    for r in (1, 2, 3):
        for name, share in (("core", 0.1), ("random", 0.3), ("stratified", 0.2), ("full", 0.01)):
            evidence_runs.arm(store, run_id, name, r, share=share)
        evidence_runs.arm(store, run_id, "random", r, curve=100, share=0.05)
    at = open_page(PAGE, data="made", data_view="What came out", run=run_id)
    titles = [m.value for m in at.markdown if m.value.startswith("#")]
    assert titles[0].startswith("### Keep them all: training on all 200 pairs is better")
    assert any("More labels would probably help" in title for title in titles)


def test_a_group_is_called_in_figures_as_it_is():
    """Plotly reads HTML, and a backslash is for markdown."""
    table = kept_by_group(["a_b", "a_b", "<b>&co", "<b>&co"], [0, 2, 3])
    drawn = figures.kept_by_group(table, "title").figure.data[0]
    assert drawn.y == ("a_b", "&lt;b&gt;&amp;co")


def test_more_groups_than_are_drawn_are_counted():
    """The title may name one that is in the CSV alone."""
    table = kept_by_group([f"group {k:02d}" for k in range(30)], [29])
    chart = figures.kept_by_group(table, "title")
    assert len(chart.figure.data[0].y) == len(chart.figure.data[0].text) == 24
    assert chart.figure.layout.xaxis.title.text == (
        "share kept (the first 24 of 30 groups; the CSV has all)")
    assert len(chart.table) == 30


def test_a_run_whose_answer_was_planted_is_not_what_came_out(store):
    """It has the same pairs and is newer; nor does it rank images."""
    own = evidence_runs.selection(store, asked())
    planted = evidence_runs.selection(store, asked().replace(**{"planted.distinct": 4}))
    at = open_page(PAGE, data="made", data_view="What came out")
    assert at.query_params.get("run", own) == own and "Selection kept 12 of 200" in words(at)
    run = next(run for run in frame.runs() if run.run_id == planted)
    manifest = files.read_manifest(files.root() / "made")
    assert not choose.can_rank(run, manifest)
    for run_id, n_links in ((own, 1), (planted, 0)):  # the way there from Run
        links = open_page("pages/2_Run.py", run=run_id).get("page_link")
        assert [link.proto.label for link in links].count("What came out?") == n_links


def test_without_held_out_pairs_no_controls_are_offered(store):
    """A sentence with a subject, here and on Evaluation."""
    run_id = evidence_runs.selection(store, asked())
    path = store.root / run_id / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"held_out": None}))
    for at in (open_page(PAGE, data="made", data_view="What came out", run=run_id),
               open_page("pages/4_Evaluation.py", run=run_id, view="Controls")):
        assert not at.exception and "n_held_out" not in words(at)
        assert "No controls can be trained for this run" in words(at)
        assert "No pair was held out, so networks could not be compared." in words(at)
