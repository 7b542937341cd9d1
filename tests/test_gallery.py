"""Galleries without a browser: what is shown first, sorted, filtered, opened, and said."""

import json

import numpy as np
import paging
import pandas as pd
import pytest
import rote_runs
from paging import open_page, words
from stored_results import a_run

from benchmarks import record
from shipdash import analysis, figures
from shipdash.analysis.arranging import THIRDS, Order, arranged, third
from shipdash.analysis.nearest_core_pair import nearest_by_brightness, nearest_by_factors
from shipdash.analysis.scores import factor_groups
from shipdash.cli.commands import parser
from shipdash.config import SceneConfig
from shipdash.data import files
from shipdash.data.own_preset import own_config
from shipdash.data.scene import SceneSource
from shipdash.ui import arrange, factors, frame, gallery, one_pair, tiles
from shipdash.ui.samples import page as samples

SAMPLES, EVALUATION, COMPARE = "pages/3_Samples.py", "pages/4_Evaluation.py", "pages/6_Compare.py"


@pytest.fixture
def store(tmp_path, monkeypatch):
    return paging.quiet_store(tmp_path, monkeypatch)


def sheets(at):
    """What the galleries of a page were sent, by name."""
    sent = [json.loads(element.proto.json) for element in at.get("bidi_component")]
    return {data["name"]: data for data in sent if "tiles" in data}


def numbers(sheet):
    return [int(tile["name"]) for tile in sheet["tiles"]]


def facts(n=30):
    source = SceneSource(SceneConfig(), seed=1, n=n)
    return pd.DataFrame([{"index": i, **source.factors(i)._asdict()} for i in range(n)])


def test_samples_opens_at_the_first_pair_that_failed(store):
    """The three that joined untested are folded: their pictures are not even sent."""
    at = open_page(SAMPLES, run=rote_runs.finished(store))
    (sheet,) = sheets(at).values()
    assert sheet["clicks"] and sheet["tiles"][0]["caption"].startswith("#4 · pair ")
    assert "20 pairs kept, 17 of them because they failed" in words(at)
    assert [fold.label for fold in at.expander] == ["The first 3 pairs joined untested"]


def test_pairs_that_joined_untested_are_not_said_to_have_failed(store):
    """Image and truth alone, and a caption that promises no prediction."""
    at = open_page(SAMPLES, run=rote_runs.finished(store))
    at.session_state["untested"] = True
    at.run()
    parts = sheets(at)["untested_pairs"]["tiles"][0]["parts"]
    assert [part["name"] for part in parts] == ["image", "truth"]
    assert "No network had seen these pairs when they joined" in words(at)


@pytest.mark.parametrize(("asked", "choice", "said"), [
    ({"evaluation.reaudit": False}, "worst at the end", "were not tested again"),
    ({"selection.first": 60}, "worst at the end", "No pair was discarded"),
    ({"selection.first": 60}, "near misses", "No pair was discarded")])
def test_of_a_run_that_has_ended_nothing_is_promised(store, asked, choice, said):
    """*Nothing to show yet. Discarded pairs are tested again when a run has ended.*"""
    run_id = rote_runs.finished(store, **asked)
    told = words(open_page(SAMPLES, run=run_id, view="Discarded", discarded=choice))
    assert said in told and "yet" not in told


def test_an_untested_pair_is_told_without_a_test(store):
    """It joined first; nothing is said of pairs that had been tested by then."""
    run_id = rote_runs.finished(store)
    first = store.result(run_id).core[0]
    at = open_page(SAMPLES, run=run_id, pair=str(first))
    assert "It joined the core set untested, as number 1." in words(at)
    assert "had been tested" not in words(at)


def test_a_tile_has_image_truth_and_the_prediction_it_failed_with(store):
    """Its caption is text, with an IoU."""
    at = open_page(SAMPLES, run=rote_runs.finished(store))
    tile = sheets(at)["core"]["tiles"][0]
    names = [part["name"] for part in tile["parts"]]
    assert names == ["image", "truth", "prediction against truth"]
    assert all(part["url"].startswith("data:image/") for part in tile["parts"])
    assert "IoU 0." in tile["caption"]


def test_the_command_for_many_pictures_is_one_that_is_taken(store, monkeypatch):
    """A folder to write to was missing from it."""
    monkeypatch.setattr(samples, "MOST_PICTURES", 19)
    run_id = rote_runs.finished(store)
    at = open_page(SAMPLES, run=run_id, view="Export")
    (shown,) = at.code
    asked = parser().parse_args(shown.value.split()[3:])
    assert (asked.id, asked.format) == (run_id, "npz")


def test_a_run_that_ships_no_predictions_says_so(store, tmp_path, monkeypatch):
    """Two pictures a tile, and a sentence with the version that shipped none."""
    run_id = rote_runs.finished(store)
    monkeypatch.setattr(record, "RECORDED", tmp_path / "recorded")
    record.main(run_id)
    for name in record.PREDICTIONS:
        (tmp_path / "recorded" / run_id / "evaluation" / f"{name}.npz").unlink()
    monkeypatch.setenv("SHIPDASH_RUNS", str(tmp_path / "empty"))
    monkeypatch.setattr(frame, "RECORDED", tmp_path / "recorded")
    at = open_page(SAMPLES, run=run_id)
    assert "No predictions are stored with this recorded run" in words(at)
    assert len(sheets(at)["core"]["tiles"][0]["parts"]) == 2


def test_a_recorded_run_shows_the_predictions_it_ships(store, tmp_path, monkeypatch):
    """Core set, worst held-out pairs and the re-audit, from masks of one bit a pixel."""
    run_id = rote_runs.finished(store)
    monkeypatch.setattr(record, "RECORDED", tmp_path / "recorded")
    record.main(run_id)
    monkeypatch.setenv("SHIPDASH_RUNS", str(tmp_path / "empty"))
    monkeypatch.setattr(frame, "RECORDED", tmp_path / "recorded")
    core = sheets(open_page(SAMPLES, run=run_id))["core"]
    worst = sheets(open_page(EVALUATION, run=run_id))["worst"]
    assert all(tile["parts"][2]["url"] for tile in core["tiles"] + worst["tiles"])


def test_the_address_sorts_and_filters(store):
    """High sea only, the largest target first."""
    run_id = rote_runs.finished(store)
    at = open_page(SAMPLES, run=run_id, sort="largest target first", polarity="high sea")
    config = store.config(run_id)
    known = gallery.factors(next(r for r in store.list()), numbers(sheets(at)["core"]))
    assert config.knows_factors and known["high_sea"].all()
    assert known["target_area_px"].is_monotonic_decreasing
    assert at.selectbox(key="box_sort").value == "largest target first"


def test_what_is_chosen_in_a_box_is_in_the_address(store):
    """So that a link shows the same pairs; the default leaves it again."""
    at = open_page(SAMPLES, run=rote_runs.finished(store))
    at.selectbox(key="box_size").set_value("lowest third").run()
    assert "lowest third" in "".join(at.query_params["size"])
    assert "Target area " in words(at) and " px" in words(at)
    at.selectbox(key="box_size").set_value("any").run()
    assert "size" not in at.query_params


def test_a_link_opens_a_pair(store):
    """What became of it, its factors with units, its IoU over the run, the nearest core pair."""
    run_id = rote_runs.finished(store)
    index = store.result(run_id).core[5]
    at = open_page(SAMPLES, run=run_id, pair=str(index))
    assert "joined the core set as number 6" in words(at)
    shown = sheets(at)
    parts = [part["name"] for part in shown["one_pair"]["tiles"][0]["parts"]]
    assert parts == ["image", "truth", "prediction", "prediction against truth"]
    assert numbers(shown["nearest"]) != [index]
    table = next(d.value for d in at.dataframe if "factor" in d.value)
    assert table.set_index("factor").loc["Target area", "value"].endswith(" px")


def test_a_link_opens_a_held_out_pair(store):
    """It has no place in the stream, so only the final network's IoU is told."""
    run_id = rote_runs.finished(store)
    at = open_page(EVALUATION, run=run_id, pair="held_out.3")
    assert "It is held out and never trained on." in words(at)
    assert sheets(at)["nearest"]["tiles"]


@pytest.mark.parametrize("pair", ["60", "held_out.30", "probe.1", "-1", "x"])
def test_a_pair_that_there_is_not_opens_nothing(store, pair):
    """The page is as it is without it."""
    at = open_page(SAMPLES, run=rote_runs.finished(store), pair=pair)
    assert "one_pair" not in sheets(at) and not at.error


def test_a_bar_opens_its_core_pairs(store):
    """As many tiles as the figure counts."""
    run_id = rote_runs.finished(store)
    at = open_page(SAMPLES, run=run_id, view="Why these?", bar="high_sea.1")
    n_high = gallery.factors(store.list()[0], store.result(run_id).core)["high_sea"].sum()
    assert len(sheets(at)["behind_bar"]["tiles"]) == min(n_high, 12)
    assert f"High sea: yes ({n_high} selected)" in at.selectbox(key="box_bar").options


def test_filters_that_leave_no_pair_behind_a_bar_are_named(store):
    """The place of the pairs stood empty."""
    at = open_page(SAMPLES, run=rote_runs.finished(store), view="Why these?", bar="high_sea.1",
                   polarity=next(name for name, high in arrange.POLARITY.items() if not high))
    assert "No pair matches the filters." in words(at) and "behind_bar" not in sheets(at)


def test_compare_splits_the_core_sets(store):
    """Only in A, only in B and in both are disjoint and together the two core sets."""
    ids = [rote_runs.finished(store, **{"seeds.order": order}) for order in (1, 2)]
    found = {}
    for part in ("only in A", "only in B", "in both"):
        at = open_page(COMPARE, runs=",".join(ids), a=ids[0], b=ids[1], part=part)
        found[part] = set(numbers(sheets(at).get("compare_pairs", {"tiles": []})))
    one, two = (set(store.result(run_id).core) for run_id in ids)
    assert f"{len(one - two)} only in A, {len(two - one)} only in B, {len(one & two)} in both" \
        in words(at)
    assert found["only in A"] <= one - two and found["only in B"] <= two - one
    assert found["in both"] <= one & two and found["only in A"]


def test_rows_without_a_value_come_last_either_way():
    """Equal ones by number."""
    table = pd.DataFrame({"index": [3, 1, 2, 0], "iou": [0.5, np.nan, 0.5, 0.9]})
    assert arranged(table, Order("iou"))["index"].tolist() == [2, 3, 0, 1]
    assert arranged(table, Order("iou", is_descending=True))["index"].tolist() == [0, 2, 3, 1]


def test_thirds_cover_all_that_is_known():
    """Each value in one, a missing one in none; a column of equal values is a lowest third."""
    values = pd.Series([*range(9), np.nan])
    counts = np.sum([third(values, which) for which in THIRDS], axis=0)
    assert counts.tolist() == [1] * 9 + [0]
    assert third(values, "middle third").nonzero()[0].tolist() == [3, 4, 5]
    assert third(pd.Series([2.0, 2.0]), "lowest third").all()
    assert not third(pd.Series([np.nan]), "lowest third").any()
    with pytest.raises(ValueError, match="which must be one of"):
        third(values, "best third")


def test_the_nearest_by_factors_is_a_copy():
    """Distance zero beats everything; the pair itself does not count, and alone there is none."""
    table = facts()
    copied = pd.concat([table, table.iloc[[7]].assign(index=99)], ignore_index=True)
    assert nearest_by_factors(copied, 99) == 7
    assert nearest_by_factors(copied, 7) == 99
    assert nearest_by_factors(table.iloc[[7]], 7) is None


def test_half_a_turn_changes_no_ellipse():
    """A pair turned by 180 degrees is nearer than one turned by 10."""
    one = facts(1)
    table = pd.concat([one, one.assign(index=1, angle_deg=one["angle_deg"] + 10),
                       one.assign(index=2, angle_deg=one["angle_deg"] + 180)], ignore_index=True)
    assert nearest_by_factors(table, 0) == 2


def test_the_nearest_by_brightness_sees_through_noise():
    """The same scene with other noise is nearer than another scene."""
    chance = np.random.default_rng(0)
    left, right = np.zeros((2, 64, 64, 3))
    left[:, :32], right[:, 32:] = 0.5, 0.5
    noisy = [scene + 0.3 * chance.random((64, 64, 3)) for scene in (right, left)]
    assert nearest_by_brightness(left + 0.3 * chance.random((64, 64, 3)), np.array(noisy)) == 1


def test_the_core_set_is_drawn_once_for_all_of_its_pairs(store, tmp_path, monkeypatch):
    """Every core pair that was opened kept the pixels of all others in the server's memory."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    pictures = np.random.default_rng(0).integers(0, 255, (40, 32, 32, 3), dtype=np.uint8)
    files.write("ships", pictures, pictures[..., 0] > 99, np.zeros(40, np.uint8))
    run, core = a_run(own_config("ships"), core=[*range(30)]), [*range(30)]
    drawn, draw = [], files.FileSource.draw
    monkeypatch.setattr(files.FileSource, "draw", lambda source, indices: (
        drawn.append(len(indices)) or draw(source, indices)))
    for index in (3, 4):
        by, found = one_pair._search(run, core, [i for i in core if i != index],
                                     one_pair.Asked("pool", index))
        assert by == "brightness" and found in core and found != index
    assert sorted(drawn) == [1, 1, 30]


def test_the_groups_of_pairs_are_those_of_the_rates():
    """Same names, same counts."""
    table = facts(200)
    rates = analysis.factor_rates(table, range(50), "target_area_px", n_pool=200)
    groups = factor_groups(table, "target_area_px")
    assert groups.value_counts().to_dict() == dict(zip(rates["group"], rates["n_pool"],
                                                       strict=True))
    chart = figures.factor_rates(rates, "Target area (px)")
    assert list(chart.figure.data[0].customdata) == rates["group"].tolist()


def test_factors_have_units_and_no_names_of_the_code():
    """Pixels, degrees, yes or no; a missing distractor has no distance."""
    row = facts(1).iloc[0].copy()
    row["distance_px"], row["angle_deg"] = float("nan"), 45.0
    table = factors.in_words(row.astype(object)).set_index("factor")["value"]
    assert table["Rotation"] == "45°" and table["Distance to the distractor"] == "none"
    assert table["High sea"] in ("yes", "no")
    assert not any("_" in text for text in [*table.index, *table])


def test_void_pixels_are_neither_missed_nor_invented():
    """They count nowhere; in the truth they are grey."""
    mask = np.zeros((16, 16), np.uint8)
    mask[:, 8:] = gallery.VOID
    seen = np.full((16, 16), 255, np.uint8)
    seen[:, :8] = 0
    nothing = gallery.against(np.zeros((16, 16), bool), np.zeros((16, 16), bool))
    assert gallery.against(mask, seen) == nothing
    assert gallery.truth(mask) != gallery.truth(mask == gallery.TARGET)


def test_a_word_stands_where_there_is_no_prediction():
    """It is a part like a picture."""
    part = gallery.against(np.zeros((16, 16), bool), "untested")
    assert part == tiles.Part("prediction against truth", word="untested")
