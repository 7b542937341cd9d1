"""The page Label next without a browser: what it says in each state, and what answers become."""

import io
import json
import zipfile

import numpy as np
import own_pictures as own
import pytest
import ranked_images
from paging import open_page, quiet_store, words

from shipdash import view_only
from shipdash.analysis.ranking import found_table, headline, trust
from shipdash.config import ConfigError
from shipdash.data import files
from shipdash.data.files import DataError
from shipdash.data.own_preset import own_config
from shipdash.importing import ImportRequest, import_pairs
from shipdash.labelling import (
    Marks,
    Rankings,
    Standing,
    exports,
    going_on,
    rank_request,
    ranking_job,
)
from shipdash.records import RunState
from shipdash.runs import worker
from shipdash.ui.label_next import exports as downloads
from shipdash.ui.label_next import marker, marking
from shipdash.ui.label_next.marking import Said

PAGE = "pages/8_Label_next.py"
TRUST, EXPORT, GO_ON = "Can it be trusted?", "Export and import", "Continue"


@pytest.fixture
def store(tmp_path, monkeypatch):
    """No run and no data set; no process is ever started, though TensorFlow seems to be there."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(view_only, "find_spec", lambda name: object())
    return quiet_store(tmp_path, monkeypatch)


@pytest.fixture
def unranked(store, tmp_path):
    """Images and a finished run; its id."""
    return ranked_images.stored(tmp_path, store)


@pytest.fixture
def run_id(store, tmp_path):
    """The same with the ranking; the run's id."""
    return ranked_images.ranked(tmp_path, store)


def standing(store, run_id, state, reason="", n_done=0, n=0):
    """A ranking whose job says so."""
    rankings, asked = Rankings("new"), rank_request(store, "new", run_id)
    rankings.set_standing(rankings.create(asked), Standing(state, reason, n_done, n))
    return rankings, asked.digest


def sent(at):
    """What the marker in the browser was sent."""
    found = [json.loads(one.proto.json) for one in at.get("bidi_component")
             if "images" in one.proto.json]
    return found[0] if found else None


# -- what is chosen


def test_without_images_it_says_how_to_bring_them(store):
    """With the command, and nothing is stored by a look."""
    at = open_page(PAGE)
    assert "No images without masks are stored here" in words(at)
    assert "--no-masks" in at.code[0].value and not files.root().exists()


def test_without_a_run_it_says_which_is_needed(store, tmp_path):
    """A run of another size does not do, and a link to one is not followed."""
    run_id = ranked_images.stored(tmp_path, store)
    files.remove("new")
    import_pairs(ImportRequest(name="new", kind="none", held_out=0, rows=48, cols=32,
                               images=f"{tmp_path}/new"))
    at = open_page(PAGE, run=run_id)
    assert "No finished run can rank these images" in words(at) and "48 × 32" in words(at)


@pytest.mark.parametrize(("name", "says"), [("../runs", "not stored on this machine"),
                                            ("old", "has masks")])
def test_a_link_to_other_data_is_a_sentence(unranked, name, says):
    """And the images that there are come into view."""
    at = open_page(PAGE, data=name)
    assert says in at.warning[0].value
    assert at.query_params["data"] in ("new", ["new"])


# -- the job


def test_rank_starts_the_job(unranked, monkeypatch):
    """One click; the same question as the command line's."""
    asked = []
    monkeypatch.setattr(ranking_job, "start", lambda store, request: asked.append(request) or "x")
    at = open_page(PAGE)
    assert at.button(key="rank").label == "Rank 20 images"
    at.button(key="rank").click().run()
    assert [request.run_id for request in asked] == [unranked]


@pytest.mark.parametrize(("state", "says"), [
    (RunState.CANCELLED, "was cancelled"), (RunState.LOST, "stopped unexpectedly"),
    (RunState.FAILED, "The ranking failed. no memory")])
def test_a_job_that_ended_can_be_started_again(store, unranked, state, says):
    """With its reason; nothing goes on by itself."""
    standing(store, unranked, state, "no memory" if state is RunState.FAILED else "")
    at = open_page(PAGE)
    assert says in at.warning[0].value
    assert at.button(key="rank").label == "Rank them again"


def test_a_job_at_work_shows_its_progress_and_can_be_cancelled(store, unranked):
    """Cancel is a request that the job finds."""
    rankings, ranking = standing(store, unranked, RunState.RUNNING, "predicting", 7, 23)
    with rankings.lock(ranking):
        at = open_page(PAGE)
        assert "7 of 23 images" in str(at.get("progress")[0].proto)
        at.button(key="rank_cancel").click().run()
        assert rankings.cancelled(ranking)


def test_a_run_of_another_seed_is_offered_and_does_not_hide_the_ranking(store, run_id):
    """The stored one is shown until it is asked for anew."""
    other, _ = store.create(own_config("old").replace(
        **{"network.kind": "rote", "selection.first": 3, "seeds.model": 2}))
    worker.work(store, other)
    at = open_page(PAGE, run=run_id)
    assert "used 0 runs with other seeds; 1 is available now" in words(at)
    assert sent(at)["n"] == ranked_images.N


# -- going through them


def test_images_come_least_certain_first_with_their_predictions(store, run_id):
    """The first of the ranking is in view; the browser is sent a part of them."""
    found = Rankings("new").load(rank_request(store, "new", run_id).digest)
    data = sent(open_page(PAGE))
    order = [row.number for row in marking.order(found, "flips")]
    assert [image["number"] for image in data["images"]] == order[:marking.SENT]
    assert data["place"]["number"] == order[0] and data["n"] == len(order)
    assert not data["images"][0]["empty"]  # the network knows this picture
    assert data["images"][-1]["empty"]


def test_the_name_is_asked_once(run_id):
    """Without it nothing can be marked; then it is shown in the box's place."""
    at = open_page(PAGE)
    assert "Enter your name above" in sent(at)["why"]
    at.text_input(key="marks_as_asked").set_value(" ann ").run()
    assert "You are marking as **ann**" in words(at) and sent(at)["why"] == ""
    assert "marks_as_asked" not in [box.key for box in at.text_input]
    at.button(key="somebody_else").click().run()
    assert at.text_input(key="marks_as_asked")


def test_a_look_begins_where_nobody_has_marked_or_where_the_link_says(store, run_id):
    """The order of the link is kept too."""
    found = Rankings("new").load(rank_request(store, "new", run_id).digest)
    order = [row.number for row in marking.order(found, "distance")]
    Marks("new").add(order[0], "right", "ann")
    data = sent(open_page(PAGE, by="distance to the core"))
    assert data["place"]["number"] == order[1]
    assert data["marks"][str(order[0])] == {"mark": "right", "who": "ann"}
    data = sent(open_page(PAGE, by="distance to the core", at=str(order[18])))
    assert data["place"]["number"] == order[18]
    assert order[18] in [image["number"] for image in data["images"]]
    assert sent(open_page(PAGE, at="999"))["place"]["number"] is not None


def test_a_marker_that_is_drawn_anew_goes_on_where_the_browser_was(store, run_id, monkeypatch):
    """It once went back to where the visit began, whose pictures the browser no longer had."""
    found = Rankings("new").load(rank_request(store, "new", run_id).digest)
    order = [row.number for row in marking.order(found, "flips")]
    monkeypatch.setattr(marking, "_sent_by", lambda key: {"at": order[9], "turn": 1})
    data = sent(open_page(PAGE))
    assert data["place"] == {"number": order[9], "turn": 1}
    assert order[9] in [image["number"] for image in data["images"]]
    monkeypatch.setattr(marking, "_sent_by", lambda key: {"at": order[9], "turn": 0})  # on its way
    assert sent(open_page(PAGE))["place"]["number"] == order[0]


def test_when_all_are_marked_there_is_no_image_in_view(run_id):
    """The counts say what they were marked as."""
    for number in range(ranked_images.N):
        Marks("new").add(number, "skip", "ann")
    data = sent(open_page(PAGE))
    assert data["place"]["number"] is None and data["counts"] == {"skip": ranked_images.N}


def test_answers_are_stored_in_the_order_of_the_keys_and_once():
    """What was heard before, and what is no answer, is left out."""
    answer = [{"seq": 3, "what": "skip", "number": 5}, {"seq": 2, "what": "right", "number": 4},
              {"seq": 1, "what": "wrong", "number": 3}, {"seq": 4, "what": "undo"},
              {"seq": 5, "what": "good", "number": 1}, {"what": "right"}, None, "x"]
    assert marking.read(answer, 1) == [Said(2, "right", 4), Said(3, "skip", 5),
                                       Said(4, "undo", -1)]
    assert marking.read({"seq": 1}, 0) == []


def test_an_undo_that_cannot_be_stored_stays_where_it_was(store, run_id, monkeypatch):
    """It names no image: there is none of number -1 to go back to."""
    def fails(*args):
        raise DataError("no room")

    went, found = [], Rankings("new").load(rank_request(store, "new", run_id).digest)
    monkeypatch.setattr(marking, "take", fails)
    monkeypatch.setattr(marking, "_go", lambda key, number: went.append(number))
    marking._store("key", found, [Said(1, "undo", -1), Said(2, "right", 4)], "ann", 3)
    marking._store("key", found, [Said(3, "right", 4)], "ann", 5)
    assert went == [3, 4]


def test_an_undo_takes_back_ones_own_mark_only(run_id):
    """Whatever somebody else has marked in between."""
    marks = Marks("new")
    marking.take(marks, [Said(1, "right", 4)], "ann", "")
    marking.take(marks, [Said(1, "wrong", 5)], "bob", "")
    assert marking.take(marks, [Said(2, "undo", -1)], "ann", "").number == 4
    assert {n: line.mark for n, line in marks.standing().items()} == {5: "wrong"}


def test_the_picture_has_the_border_of_the_prediction_alone(store, run_id):
    """To be laid over the image; nothing of an empty one."""
    found = Rankings("new").load(rank_request(store, "new", run_id).digest)
    first, *_, last = [marker.picture(found, row, "flips") for row in marking.order(found, "flips")]
    assert not first.empty and last.empty
    assert first.image.startswith("data:image/webp") and first.border != last.border


# -- trust


def test_trust_shows_curves_beside_chance_and_says_what_they_are(run_id):
    """Three held-out pairs, all failing, can show nothing, and the page says so."""
    at = open_page(PAGE, label_view=TRUST)
    assert "Every held-out pair fails" in words(at) and "All of 3 held-out pairs fail" in words(at)
    table = at.dataframe[0].value
    assert set(table["beats chance"]) == {"no", ""}
    assert "random order" in table["ranking"].tolist()


def test_a_run_without_held_out_pairs_checks_nothing(store, tmp_path):
    """The page says what to rank with instead."""
    own.write(tmp_path, own.pairs(15, (32, 32)))
    ranked_images.stored(tmp_path, store)
    run_id, _ = store.create(own_config("old").replace(
        **{"network.kind": "rote", "selection.first": 3, "evaluation.n_held_out": 0}))
    worker.work(store, run_id)
    ranking_job.compute(store, rank_request(store, "new", run_id))
    at = open_page(PAGE, run=run_id, label_view=TRUST)
    assert "No ranking has been checked" in words(at)
    assert sent(open_page(PAGE, run=run_id))["n"] == ranked_images.N


def test_the_table_of_the_curve_ends_with_all_that_fails():
    """Each ranking's column, beside the band; the title names what beats chance."""
    iou = np.array([0.1] * 5 + [0.95] * 95)
    scores = {"iou": iou, "flips": 1 - iou, "random": np.zeros(100)}
    table = found_table(scores, 0.9)
    assert table["flips"].tolist()[:7] == [0, 1, 2, 3, 4, 5, 5]
    assert (table.iloc[-1][["flips", "random", "low", "high", "expected"]] == 5).all()
    assert headline(trust(scores, 0.9)) == ("The first 25 by disagreement between flips "
                                            "include 5 of 5 failing pairs")


# -- exports and marks of others


def test_only_wrong_ones_are_to_be_labelled(run_id):
    """Until there are some, the view says how to get them; the log can be had at once."""
    at = open_page(PAGE, label_view=EXPORT)
    assert "Nothing to label yet" in words(at)
    Marks("new").add(3, "wrong", "ann")
    Marks("new").add(4, "right", "ann")
    at = open_page(PAGE, label_view=EXPORT)
    assert "1 image marked wrong" in words(at)
    assert {button.proto.label for button in at.get("download_button")} == {
        "List (CSV)", "Predicted masks to correct (COCO, ZIP)", "Original images (ZIP)",
        "All marks (CSV)"}


def test_archives_hold_what_the_command_line_writes(store, run_id):
    """Predicted masks with their pictures; the pictures as they were imported, with their list."""
    Marks("new").add(0, "wrong", "ann")
    found = Rankings("new").load(rank_request(store, "new", run_id).digest)

    def of(content):
        opened = zipfile.ZipFile(io.BytesIO(content))
        return {file.filename: opened.read(file) for file in opened.infolist() if not file.is_dir()}

    corrected = of(downloads.archive(
        lambda out: exports.write_coco(out, exports.coco(found, [0]))))
    assert set(corrected) == {"to_label.json", "images/0000000.png"}
    pictures = of(downloads.archive(lambda out: downloads.originals(out, "new")))
    assert set(pictures) == {"to_label.csv", "images/0000000_00.png"}
    assert pictures["images/0000000_00.png"] == own.encoded(own.image(0, (32, 32)))


def test_what_a_page_does_not_pack_is_left_to_the_command_line(run_id, monkeypatch):
    """Large pictures fill the server's memory, however few they are."""
    Marks("new").add(0, "wrong", "ann")
    monkeypatch.setattr(downloads, "MOST_BYTES", 100)
    at = open_page(PAGE, label_view=EXPORT)
    (button,) = (b for b in at.get("download_button") if "Original" in b.proto.label)
    assert button.proto.disabled and "use the command line" in words(at)
    assert any("--format folder" in code.value for code in at.code)


@pytest.mark.parametrize(("content", "says"), [
    (b"a,b\n", "must have the columns"), (b"\xff\xfe\x00", "UTF-8")])
def test_a_file_that_is_no_log_is_refused_in_a_sentence(run_id, content, says):
    """Nothing is taken in."""
    at = open_page(PAGE, label_view=EXPORT)
    at.file_uploader(key="marks_file_new").set_value(("marks.csv", content, "text/csv")).run()
    assert says in at.error[0].value and not Marks("new").log()


def test_marks_of_another_machine_are_taken_in(run_id):
    """A second time nothing is new."""
    marks = Marks("new")
    marks.add(3, "wrong", "ann")
    text = exports.log_csv("new")
    marks.path.unlink()
    at = open_page(PAGE, label_view=EXPORT)
    at.file_uploader(key="marks_file_new").set_value(("marks.csv", text.encode(), "text/csv")).run()
    for _ in range(2):  # the uploader gives the file to every later script run as well
        assert "1 line was added" in at.success[0].value
        assert "1 image marked wrong" in words(at)
        at.run()
    assert marks.standing()[3].who == "ann"
    with pytest.raises(ConfigError, match="must have the columns"):
        exports.merge_csv("new", "a,b\n")


# -- going on


def test_without_labelled_pairs_it_says_how_to_bring_them(run_id):
    """In the size of the run; the run's own pairs are not offered."""
    at = open_page(PAGE, label_view=GO_ON)
    assert "No newly labelled pairs of this size" in words(at)
    assert "--size 32x32" in at.code[0].value


def test_go_on_queues_the_next_run_and_opens_it(store, run_id, tmp_path):
    """The run of the command line's go-on; afterwards the view links to it."""
    ranked_images.labelled(tmp_path)
    at = open_page(PAGE, label_view=GO_ON)
    assert "then tests the 5 new pairs" in words(at)
    at.button(key=f"go_on_{run_id}_more").click().run()
    assert not at.exception and not at.error
    config = going_on.go_on(store, run_id, "more")
    assert store.status(config.digest).state is RunState.QUEUED
    at = open_page(PAGE, label_view=GO_ON, run=run_id)
    links = [link.proto.label for link in at.get("page_link")]
    assert "Open the run that continues with these pairs (queued)" in links


# -- where nothing can be changed


def test_a_read_only_dashboard_shows_and_stores_nothing(run_id, tmp_path, monkeypatch):
    """Each view says in a sentence what cannot be done."""
    ranked_images.labelled(tmp_path)
    before = sorted(files.root().rglob("*"))
    monkeypatch.setenv("SHIPDASH_READONLY", "1")
    at = open_page(PAGE)
    assert "read-only" in sent(at)["why"] and not at.text_input
    at = open_page(PAGE, label_view=EXPORT)
    assert "Marks cannot be made or imported here" in words(at) and not at.file_uploader
    at = open_page(PAGE, label_view=GO_ON)
    assert at.button(key=f"go_on_{run_id}_more").disabled and "read-only" in words(at)
    assert sorted(files.root().rglob("*")) == before


def test_without_tensorflow_nothing_is_ranked_but_marks_are_made(run_id, monkeypatch):
    """Ranked images can be gone through; the button that ranks says what to install."""
    monkeypatch.setattr(view_only, "find_spec", lambda name: None)
    at = open_page(PAGE)
    at.text_input(key="marks_as_asked").set_value("ann").run()
    assert sent(at)["why"] == ""
    Rankings("new").remove(Rankings("new").list()[0])
    at = open_page(PAGE)
    assert at.button(key="rank").disabled and "TensorFlow is not installed" in words(at)
