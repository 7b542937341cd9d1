"""Marks of images: none is lost, none overwrites another, undo is an entry, files and back."""

import json
import signal
import subprocess
import sys
import zipfile

import own_pictures as own
import pytest

from shipdash.config import ConfigError
from shipdash.data import files
from shipdash.data.files import DataError
from shipdash.data.pair_list import PairRow, read_pairs, write_pairs
from shipdash.importing import ImportRequest, import_pairs
from shipdash.labelling import Marks, exports
from shipdash.runs import locks

N = 6


@pytest.fixture
def marks(tmp_path, monkeypatch):
    """The marks of a data set of six images without masks; none yet."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    return imported(tmp_path, "new", "new")


def imported(tmp_path, name, folder):
    """Marks of six images of one folder, none of them set."""
    own.write(tmp_path, {f"{folder}/{k}.png": own.encoded(own.image(k)) for k in range(N)})
    import_pairs(ImportRequest(name=name, kind="none", held_out=0, rows=32, cols=32,
                               images=f"{tmp_path}/{folder}"))
    return Marks(name)


def said(marks):
    """The marks that stand, by number."""
    return {number: line.mark for number, line in marks.standing().items()}


# -- the log


def test_the_later_mark_counts_and_both_stay(marks):
    """Who and when are kept of each."""
    marks.add(2, "right", "ann")
    marks.add(2, "wrong", "bob")
    assert said(marks) == {2: "wrong"}
    assert [(line.who, line.mark) for line in marks.log()] == [("ann", "right"), ("bob", "wrong")]
    assert marks.log()[0].when < marks.log()[1].when


def test_undo_is_an_entry_that_brings_back_what_was_said_before(marks):
    """Only one's own newest mark; step by step; nothing is left to take back at the end."""
    for number, mark, who in ((1, "right", "ann"), (1, "wrong", "ann"), (3, "skip", "bob")):
        marks.add(number, mark, who)
    assert marks.undo("ann").mark == "wrong" and said(marks) == {1: "right", 3: "skip"}
    assert marks.undo("ann").mark == "right" and said(marks) == {3: "skip"}
    assert marks.undo("ann") is None and len(marks.log()) == 5


def test_a_clock_set_back_does_not_bring_an_older_mark_back(marks):
    """The later line counts, whatever the clock of the machine says."""
    first = marks.add(1, "right", "ann")
    far = first._replace(id="f" * 16, when="2999-01-01T00:00:00.000000+00:00")
    marks.merge([far])
    marks.add(1, "wrong", "ann")
    assert said(marks) == {1: "wrong"}


@pytest.mark.parametrize(("number", "mark", "who"), [
    (N, "right", "ann"), (-1, "right", "ann"), (True, "right", "ann"), (0, "good", "ann"),
    (0, "undo", "ann"), (0, "right", "=1+1"), (0, "right", "@ann"), (0, "right", " "),
    (0, "right", "a\nb"), (0, "right", "a" * 65)])
def test_what_is_no_mark_is_refused_and_writes_nothing(marks, number, mark, who):
    """A number, a word or a name that cannot be."""
    with pytest.raises(ConfigError):
        marks.add(number, mark, who)
    assert not marks.path.exists()


def test_two_processes_at_once_lose_nothing(marks):
    """Fifty marks of each of two writers, started together: a hundred whole lines."""
    words = ("import sys; from shipdash.labelling import Marks; marks = Marks('new')\n"
             "for k in range(50): marks.add(k % 6, 'wrong', sys.argv[1])")
    writers = [subprocess.Popen([sys.executable, "-c", words, who]) for who in ("ann", "bob")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    log = marks.log()
    assert [sum(line.who == who for line in log) for who in ("ann", "bob")] == [50, 50]
    assert len({line.id for line in log}) == 100
    assert len(marks.path.read_bytes().splitlines()) == 100


def test_a_killed_writer_loses_no_confirmed_mark(marks):
    """SIGKILL in the middle of marking: all that it had said to be stored is there, whole."""
    words = ("from shipdash.labelling import Marks; marks = Marks('new')\n"
             "while True: print(marks.add(1, 'wrong', 'ann').id, flush=True)")
    with subprocess.Popen([sys.executable, "-c", words], stdout=subprocess.PIPE,
                          text=True) as writer:
        confirmed = [writer.stdout.readline().strip() for _ in range(20)]
        writer.send_signal(signal.SIGKILL)
        confirmed += [line.strip() for line in writer.stdout if line.endswith("\n")]
    marks.add(2, "right", "bob")  # and nobody is kept from going on
    assert set(confirmed) <= {line.id for line in marks.log()}
    assert said(marks)[2] == "right"


def test_a_torn_last_line_is_dropped_by_the_next_mark(marks):
    """It was never confirmed; what follows begins on a line of its own."""
    marks.add(1, "right", "ann")
    with marks.path.open("ab") as log:
        log.write(b'{"id": "0123", "wh')
    assert said(marks) == {1: "right"}
    marks.add(2, "wrong", "ann")
    assert said(marks) == {1: "right", 2: "wrong"}
    assert [json.loads(line)["number"] for line in marks.path.read_bytes().splitlines()] == [1, 2]


def test_a_damaged_line_and_a_held_lock_are_sentences(marks, monkeypatch):
    """No mark is guessed, and no lock is waited for without end."""
    marks.add(1, "right", "ann")
    monkeypatch.setattr("shipdash.labelling.marks.WAIT_S", 0.1)
    with locks.held(marks.path.with_suffix(".lock")), pytest.raises(DataError, match="end it"):
        marks.add(2, "right", "ann")
    marks.path.write_bytes(b"no json\n" + marks.path.read_bytes())
    with pytest.raises(DataError, match="is damaged"):
        marks.log()


# -- files and back


def test_an_accent_is_the_same_however_a_system_spells_it():
    """A picture imported on a Mac is found by a list from elsewhere."""
    numbers = exports._Numbers([PairRow(3, "new/zu\u0308rich.png", "", "", "", 0, 0)])
    assert numbers("new/z\u00fcrich.png") == numbers("old/z\u00fcrich.png") == 3


def test_a_log_goes_to_another_machine_and_back_without_loss(marks, tmp_path):
    """Undone marks too, images known by their names in another folder; a second time is none."""
    marks.add(4, "wrong", "ann", "0123456789abcdef")
    marks.add(5, "skip", "ann")
    marks.undo("ann")
    text = exports.log_csv("new")
    there = imported(tmp_path, "there", "elsewhere/pictures")
    there.add(0, "right", "bob")
    assert exports.merge_csv("there", text) == 3
    assert said(there) == {0: "right", 4: "wrong"}
    assert there.standing()[4] == marks.standing()[4]
    assert exports.merge_csv("there", text) == 0
    assert exports.merge_csv("new", exports.log_csv("there")) == 1 and said(marks) == said(there)


def test_marks_find_their_images_among_equal_names(marks, tmp_path):
    """Two folders have a 0.png each; the longest end of a path that one image has decides."""
    for place in ("here", "elsewhere"):
        own.write(tmp_path / place, {f"{city}/0.png": own.encoded(own.image(k))
                                     for k, city in enumerate(("bonn", "ulm"))})
        import_pairs(ImportRequest(name=place, kind="none", held_out=0, rows=32, cols=32,
                                   images=f"{tmp_path}/{place}"))
    Marks("here").add(1, "wrong", "ann")
    assert exports.merge_csv("elsewhere", exports.log_csv("here")) == 1
    assert said(Marks("elsewhere")) == {1: "wrong"}
    assert exports.numbers_of("here", ["bonn/0.png"]) == [0]
    with pytest.raises(ConfigError, match="each identified unambiguously"):
        exports.numbers_of("here", ["0.png"])


def test_marks_of_files_named_like_formulas_find_them_again(marks, tmp_path):
    """Among equal names, too; in the exported log no cell begins like a formula."""
    own.write(tmp_path / "odd", {f"{name}.png": own.encoded(own.image(k))
                                 for k, name in enumerate(("=0", "a/=0"))})
    import_pairs(ImportRequest(name="odd", kind="none", held_out=0, rows=32, cols=32,
                               images=f"{tmp_path}/odd"))
    folder = files.folder_of("odd")
    write_pairs(folder, [row._replace(file=row.file.partition("odd/")[2])
                         for row in read_pairs(folder)])
    odd = Marks("odd")
    odd.add(0, "wrong", "ann")
    odd.add(1, "right", "ann")
    text, standing = exports.log_csv("odd"), said(odd)
    assert ",./=0.png," in text and ",a/=0.png," in text and ",=" not in text
    odd.path.unlink()
    assert exports.merge_csv("odd", text) == 2 and said(odd) == standing


@pytest.mark.parametrize(("old", "new", "why"), [
    ("4.png", "9.png", "of the lines name none"), ("who", "whom", "must have the columns"),
    ("wrong", "good", "must be one of"), ("+00:00", "", "a time as it was exported"),
    ("+00:00,ann", '+00:00,"ann"x\ry', "id of 16"),
    ("4.png", "4.png" + "x" * 140_000, "CSV table")])
def test_a_log_that_does_not_fit_is_refused_whole(marks, old, new, why):
    """Another data set's images, another table, another word, no time: nothing is taken in."""
    marks.add(3, "right", "ann")
    marks.add(4, "wrong", "ann")
    text = exports.log_csv("new").replace(old, new)
    marks.path.unlink()
    with pytest.raises(ConfigError, match=why):
        exports.merge_csv("new", text)
    assert not marks.log()


@pytest.mark.parametrize("column", ["undoes", "ranking"])
def test_a_formula_in_an_imported_log_is_refused(marks, column):
    """Else the next export would hand it to a spreadsheet."""
    marks.add(3, "right", "ann", "0123456789abcdef")
    marks.undo("ann")
    text = exports.log_csv("new")
    ids = {"undoes": marks.log()[0].id, "ranking": "0123456789abcdef"}
    text = text.replace(f",{ids[column]},", ",=1+1,")
    marks.path.unlink()
    with pytest.raises(ConfigError, match=f"must have in the column {column} nothing or an id"):
        exports.merge_csv("new", text)
    assert not marks.log()


def test_a_word_of_many_digits_is_no_number(marks, call):
    """It ended in a traceback about the conversion of numbers."""
    code, _, err = call("label", "mark", "new", "wrong", "9" * 5000)
    assert code == 2 and "images must be images of the data set new" in err and not marks.log()


def test_images_to_label_are_listed_and_copied(marks, tmp_path):
    """Only those that stand as *wrong*, with who said so; the pictures as they were imported."""
    for number, mark in ((3, "wrong"), (1, "wrong"), (2, "right"), (1, "skip")):
        marks.add(number, mark, "ann")
    lines = exports.images_csv("new").splitlines()
    assert lines[0].startswith("mark,who,when,number,file") and len(lines) == 2
    assert lines[1].startswith("wrong,ann,") and "/new/3.png," in lines[1]
    placed = exports.write_folder(tmp_path / "out", "new")
    assert placed.n == 1 and not placed.missing
    assert [path.read_bytes() for path in (tmp_path / "out" / "images").iterdir()] == [
        own.encoded(own.image(3))]


def test_an_archive_gives_its_pictures_too(marks, tmp_path):
    """Pictures that were imported from a ZIP archive are copied out of it."""
    archive = tmp_path / "new.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("a/0.png", own.encoded(own.image(0)))
    import_pairs(ImportRequest(name="zipped", kind="none", held_out=0, rows=32, cols=32,
                               images="a", archive=str(archive)))
    Marks("zipped").add(0, "wrong", "ann")
    assert exports.write_folder(tmp_path / "out", "zipped").n == 1


def test_marks_go_with_their_data_set_and_with_nothing_else(marks):
    """They are in its folder: nothing that is imported later is touched by them."""
    marks.add(0, "wrong", "ann")
    before = files.read_manifest(files.folder_of("new"))["fingerprint"]
    assert files.fingerprint(files.folder_of("new")) == before
    files.remove("new")
    assert not marks.path.exists()


def test_every_command_about_marks_speaks_json_and_words(marks, tmp_path, call):
    """Mark by number and by name, undo, list, export, import."""
    code, out, _ = call("label", "mark", "new", "wrong", "2", "4.png", "--who", "ann", "--json")
    assert code == 0 and [row["number"] for row in json.loads(out)["marked"]] == [2, 4]
    code, out, _ = call("label", "undo", "new", "--who", "ann", "--json")
    assert code == 0 and json.loads(out)["undone"]["number"] == 4
    code, out, _ = call("label", "marks", "new", "--json")
    assert json.loads(out)["counts"] == {"right": 0, "wrong": 1, "skip": 0}
    code, out, _ = call("label", "export", "new", "--out", tmp_path / "out", "--format", "folder",
                        "--json")
    assert code == 0 and json.loads(out)["n_to_label"] == 1
    assert len(list((tmp_path / "out" / "images").iterdir())) == 1
    log = tmp_path / "out" / "marks.csv"
    log.write_text(log.read_text(), "utf-8-sig")  # as a spreadsheet stores it
    code, out, _ = call("label", "import", "new", log, "--json")
    assert code == 0 and json.loads(out) == {"n_new": 0}
    for words, said in ((("marks", "new"), "0 right, 1 wrong, 0 skip, of 6 images"),
                        (("undo", "new", "--who", "bob"), "bob has no mark to take back"),
                        (("mark", "new", "right", "0", "--who", "ann"), "1 image is marked")):
        code, out, _ = call("label", *words)
        assert code == 0 and said in out


@pytest.mark.parametrize(("words", "named"), [
    (("mark", "new", "wrong", "9.png"), "images"), (("mark", "new", "wrong", "6"), "number"),
    (("mark", "new", "wrong", "2", "6"), "number"), (("marks", "none"), "source.name"),
    (("import", "new", "nowhere.csv"), "file"),
    (("export", "new", "--out", "out", "--format", "coco"), "--run")])
def test_a_wrong_question_about_marks_is_code_2(marks, call, words, named):
    """It names what was wrong, and nothing is marked."""
    code, _, err = call("label", *words)
    assert code == 2 and named in err and not marks.log()


def test_a_sample_is_marked_once_it_is_stored(tmp_path, monkeypatch, call):
    """Marks of one that is not went to a temporary folder, and were gone when the process ended."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    words = ("label", "mark", "nuclei", "wrong", "2", "--who", "ann")
    code, _, err = call(*words)
    assert code == 2 and "must name a data set stored in" in err
    assert call("data", "sample", "nuclei")[0] == 0 and call(*words)[0] == 0
    assert json.loads(call("label", "marks", "nuclei", "--json")[1])["counts"]["wrong"] == 1
