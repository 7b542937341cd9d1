"""The page Your data without a browser: a data set is chosen, brought, looked at and started."""

import dataclasses
import errno
import io
import zipfile

import numpy as np
import own_pictures
import pytest
from paging import open_page, quiet_store, words
from PIL import Image, ImageFilter
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException, StopException

from shipdash.analysis.target_areas import areas_warning, areas_words, target_areas
from shipdash.config import ConfigError
from shipdash.data import files, sample_data
from shipdash.data.own_preset import own_config
from shipdash.importing import ImportRequest, contents, import_pairs, importer
from shipdash.importing.pictures import read_image
from shipdash.ui.your_data import outlines, read_once
from shipdash.ui.your_data import upload as upload_part

PAGE = "pages/7_Your_data.py"


@pytest.fixture
def store(tmp_path, monkeypatch):
    """No run and no data set; no process is ever started."""
    monkeypatch.setenv("SHIPDASH_DATA", str(tmp_path / "data"))
    return quiet_store(tmp_path, monkeypatch)


def archive(files_inside) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for name, text in files_inside.items():
            opened.writestr(name, text)
    return content.getvalue()


def upload(at, content: bytes, name="My Ships.zip"):
    """The page after an archive was given to it."""
    at.file_uploader[0].set_value((name, content, "application/zip")).run()
    assert not at.exception, [e.value for e in at.exception]
    return at


def test_another_archive_begins_with_its_own_name_and_labels(store):
    """What was typed for the one before is not offered again; the size is."""
    at = upload(open_page(PAGE), archive(own_pictures.pairs(3)), "old.zip")
    at.text_input(key="import.name").set_value("typed").run()
    at.number_input(key="import.rows").set_value(64).run()
    assert at.text_input(key="import.name").value == "typed"
    images = {name: data for name, data in own_pictures.pairs(3).items() if "images" in name}
    for name, inside, kind in (("new", images, "none"), ("more", own_pictures.pairs(3), "folders")):
        at = upload(at, archive(inside), f"{name}.zip")
        assert at.text_input(key="import.name").value == name
        assert at.selectbox(key="import.kind").value == kind
        assert at.number_input(key="import.rows").value == 64


def test_nothing_is_stored_by_a_look(store):
    """The page says what can be done, with the limits and the command for larger sets."""
    at = open_page(PAGE)
    assert "20,000 files" in words(at) and "data add" in at.code[0].value
    assert not files.root().exists()


@pytest.mark.parametrize("read_only", ["", "1"])
def test_the_sample_is_there_at_once(store, monkeypatch, read_only):
    """With its pairs, and nothing is stored for it."""
    monkeypatch.setenv("SHIPDASH_READONLY", read_only)
    at = open_page(PAGE)
    assert not at.exception and not at.error
    assert not files.root().exists()
    assert "200 pairs of 128 × 128 pixels, 60 of them held out" in words(at)
    assert "pairs of nuclei" in str(at.get("bidi_component")[0].proto)


def test_an_archive_becomes_a_data_set_with_its_report(store):
    """Name and folders are guessed from the archive; files left out are listed."""
    at = upload(open_page(PAGE), archive(own_pictures.pairs(6) | {"images/x.png": b"no picture"}))
    assert at.text_input(key="import.name").value == "my-ships"
    assert at.selectbox(key="import.masks").value == "masks"
    at.number_input(key="import.rows").set_value(32)
    at.number_input(key="import.cols").set_value(32)
    at.button(key="import_start").click().run()
    assert not at.exception and not at.error, [e.value for e in at.error]
    assert at.query_params["data"] == "my-ships"
    assert "6 of 7 files gave 6 pairs of 32 x 32 pixels" in words(at)
    assert "images/x.png" in at.dataframe[0].value["file or entry"].tolist()


def test_an_archive_is_done_with_after_its_import(store, monkeypatch):
    """Every later click wrote it to disk and read it again."""
    read = []
    monkeypatch.setattr(upload_part, "contents", lambda path: read.append(path) or contents(path))
    at = upload(open_page(PAGE), archive(own_pictures.pairs(3)))
    at.button(key="import_start").click().run()
    assert not at.error and "3 of 3 files gave 3 pairs" in words(at)
    n_read = len(read)
    at.run()
    assert len(read) == n_read and "data add" in at.code[0].value


def test_a_folder_of_folders_is_offered_as_a_whole(store):
    """So that a group can be the folder of an image; only single folders were offered once."""
    found = {name.replace("/", f"/s{name[-5]}/"): data
             for name, data in own_pictures.pairs(3).items()}
    at = upload(open_page(PAGE), archive(found))
    assert at.selectbox(key="import.images").value == "images"
    assert at.selectbox(key="import.masks").value == "masks"
    at.text_input(key="import.group").set_value("folder")
    at.button(key="import_start").click().run()
    assert not at.error and "3 of 3 files gave 3 pairs" in words(at)
    assert [row.group for row in read_once.pairs_of("my-ships")] == ["s0", "s1", "s2"]


def test_an_archive_without_masks_becomes_images_to_rank(store):
    """All in the pool, and a link to the page that ranks them."""
    found = {f"a/{k}.png": own_pictures.encoded(own_pictures.image(k)) for k in range(3)}
    at = upload(open_page(PAGE), archive(found))
    assert at.selectbox(key="import.kind").value == "none"
    at.number_input(key="import.rows").set_value(32)
    at.number_input(key="import.cols").set_value(32)
    at.button(key="import_start").click().run()
    assert not at.exception and not at.error, [e.value for e in at.error]
    assert files.n_stored("my-ships", "pool") == 3
    assert "Which of them should be labelled next?" in [link.proto.label
                                                        for link in at.get("page_link")]


def test_masks_beside_their_images_can_be_imported(store):
    """Not what such an archive is taken for at first, but one choice away."""
    found = {f"a/{name[-5]}{'_mask' * name.startswith('masks')}.png": data
             for name, data in own_pictures.pairs(3).items()}
    at = upload(open_page(PAGE), archive(found))
    at.selectbox(key="import.kind").set_value("folders").run()
    at.number_input(key="import.rows").set_value(32)
    at.number_input(key="import.cols").set_value(32)
    at.button(key="import_start").click().run()
    assert "must tell masks from images" in at.error[0].value
    at.text_input(key="import.mask_suffix").set_value("_mask").run()
    at.button(key="import_start").click().run()
    assert not at.error and "3 of 3 files gave 3 pairs" in words(at)


@pytest.mark.parametrize(("content", "says"), [
    (b"no archive", "must be a ZIP archive that can be read"),
    (archive({"../evil.png": b"x"}), "could leave the archive"),
    (archive({"words.txt": b"x"}), "must hold images"),
])
def test_a_bad_archive_is_refused_in_a_sentence(store, content, says):
    """With the name it has for the person; nothing is stored."""
    at = upload(open_page(PAGE), content)
    assert says in at.error[0].value.replace("\\", "")
    assert "/tmp" not in at.error[0].value and files.stored() == []


@pytest.mark.parametrize("leaves", [StopException, lambda: RerunException(None)])
def test_a_page_that_is_left_in_mid_import_goes_on_later(store, tmp_path, monkeypatch, leaves):
    """Closed or clicked at after two of five images: they are kept, and the page says so."""
    content = archive(own_pictures.pairs(5))
    asked = own_pictures.request("", name="my-ships", images="images", labels="masks", rows=128,
                                 cols=128)
    seen = []

    def show(share, words):
        seen.append(words)
        if words.startswith("2 of 5"):
            raise leaves()

    first = tmp_path / "first" / "upload.zip"
    first.parent.mkdir()
    first.write_bytes(content)
    with pytest.raises((StopException, RerunException)):
        upload_part._imported(dataclasses.replace(asked, archive=str(first)), show)
    assert seen[-1] == "2 of 5 images" and files.stored() == []
    at = upload(open_page(PAGE), content)
    assert "was stopped after 2 of 5 images" in words(at)
    read = []
    monkeypatch.setattr(importer, "read_image", lambda of, **more: read.append(of)
                        or read_image(of, **more))
    at.button(key="import_start").click().run()
    assert "5 of 5 files gave 5 pairs" in words(at) and len(read) == 3


def test_a_sample_that_cannot_be_unpacked_is_a_sentence(store, monkeypatch):
    """The same folder is full before anything was given."""
    def full(known):
        raise ConfigError("source.name", "nuclei", "is a sample, which could not be unpacked")

    monkeypatch.setattr(sample_data, "manifests", full)
    at = open_page(PAGE)
    assert "could not be unpacked" in at.error[0].value


def test_an_archive_that_cannot_be_stored_is_a_sentence(store, monkeypatch):
    """A full folder of temporary files; the data sets that are there stay in view."""
    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    at = open_page(PAGE)
    monkeypatch.setattr(upload_part.Path, "write_bytes", full)
    at = upload(at, archive(own_pictures.pairs(3)))
    assert "cannot be stored for reading (No space left on device): free" in at.error[0].value
    assert at.selectbox


def test_a_name_that_is_taken_is_refused(store):
    """What is stored under it stays."""
    sample_data.sample("nuclei")
    at = upload(open_page(PAGE, data="nuclei"), archive(own_pictures.pairs(3)), "nuclei.zip")
    at.button(key="import_start").click().run()
    assert "has a data set of that name" in at.error[0].value.replace("\\", "")
    assert files.stored()[0]["n"] == 200


@pytest.mark.parametrize("name", ["../runs", "/etc", "no-such-set"])
def test_a_link_names_stored_data_sets_only(store, name):
    """Anything else is a sentence, and never a path."""
    sample_data.sample("nuclei")
    at = open_page(PAGE, data=name)
    assert "not stored on this machine" in at.warning[0].value
    at = open_page("pages/2_Run.py", data=name)
    assert at.segmented_control(key="preset").value == "compact"


def test_start_queues_the_preset_for_own_data(store):
    """One click; the run is that of the command line's --data."""
    sample_data.sample("nuclei")
    at = open_page(PAGE, data="nuclei", data_view="Selection")
    at.button(key=f"data_start_{own_config('nuclei').digest}").click().run()
    assert [run.run_id for run in store.list()] == [own_config("nuclei").digest]


def test_the_run_form_takes_a_stored_data_set(store):
    """Its settings are the preset's for own data; the scene's are not offered."""
    sample_data.sample("nuclei")
    at = open_page("pages/2_Run.py", data="nuclei", **{"seeds.order": "3"})
    assert not at.error and at.selectbox(key="data").value == "nuclei"
    assert all(not box.key.startswith("run.nuclei.scene.") for box in at.number_input)
    at.button(key="start").click().run()
    asked = own_config("nuclei").replace(**{"seeds.order": 3})
    assert [run.run_id for run in store.list()] == [asked.digest]


def test_areas_count_what_resizing_destroys():
    """By hand: one target gone, one left with too few pixels, one that was small before."""
    found = target_areas([0, 400, 90, 30, 10], [0, 100, 9, 0, 10])
    assert (found.n_with_target, found.n_vanished, found.n_small) == (4, 1, 1)
    assert "1 of 4 pairs with a target has nothing of it left" in areas_warning(found)
    assert areas_warning(target_areas([50], [50])) == ""


def test_an_outline_is_a_line_inside_its_target():
    """Pixels inside the line and outside stay as they are."""
    mask = np.zeros((256, 256), np.uint8)
    mask[100:150, 80:180] = 1
    picture = np.asarray(outlines.outlined(np.full((256, 256, 3), 77, np.uint8), mask))
    assert (picture[100, 80:180] == outlines.LINE).all()
    assert (picture[125, 130] == 77).all() and (picture[50, 50] == 77).all()


def test_areas_that_resizing_left_as_they_were_are_said_once():
    """As those of the sample, of which only the stored ones are known."""
    assert areas_words(target_areas([40, 60], [40, 60])) == (
        "The target of a pair has 50 pixels (median).")
    assert "90 pixels before resizing and 10 after it" in areas_words(target_areas([90], [10]))


def test_the_lines_are_those_of_pillow():
    """Growing and shrinking by squares, also where a target touches the border."""
    def grown(mask, by):
        wide = Image.fromarray(mask.astype(np.uint8)).filter(ImageFilter.MaxFilter(2 * by + 1))
        return np.asarray(wide) > 0

    target = np.random.default_rng(1).random((20, 12)).repeat(8, 0).repeat(8, 1) < 0.6
    inside, deeper = (~grown(~target, by) for by in (2, 3))
    line, edge = outlines.rims(target)
    assert np.array_equal(line, target & ~inside)
    assert np.array_equal(edge, (grown(target, 1) & ~target) | (inside & ~deeper))


def test_names_are_read_again_where_a_data_set_was_replaced(store, tmp_path):
    """The same pictures under other names have the same content."""
    for name in ("first", "second"):
        picture = own_pictures.encoded(own_pictures.image(1, (32, 32)))
        mask = own_pictures.mask_png(own_pictures.mask(1, (32, 32)))
        own_pictures.write(tmp_path / name, {f"images/{name}.png": picture,
                                             f"masks/{name}.png": mask})
        import_pairs(own_pictures.request(tmp_path / name, held_out=0))
        assert read_once.pairs_of("own")[0].file.endswith(f"/{name}.png")
        files.remove("own")


def test_a_read_only_dashboard_takes_nothing(store, monkeypatch):
    """No upload, no sample, no search whose result would be stored, no start."""
    sample_data.sample("nuclei")
    monkeypatch.setenv("SHIPDASH_READONLY", "1")
    at = open_page(PAGE, data="nuclei", data_view="Near duplicates")
    assert not at.file_uploader and "have not been looked for" in words(at)
    at = open_page(PAGE, data="nuclei", data_view="Selection")
    assert at.button(key=f"data_start_{own_config('nuclei').digest}").disabled and not at.exception


@pytest.mark.parametrize("view", ["Images", "Near duplicates", "Selection", "What came out"])
def test_images_without_masks_are_shown_and_not_selected_from(store, tmp_path, view):
    """Every view opens; those about selections say what the data set lacks."""
    own_pictures.write(tmp_path, own_pictures.pairs(3, (32, 32)))
    import_pairs(ImportRequest(name="new", kind="none", held_out=0, rows=32, cols=32,
                               images=f"{tmp_path}/images"))
    at = open_page(PAGE, data="new", data_view=view)
    assert not at.exception
    if view in ("Selection", "What came out"):
        assert "must name a data set with masks" in at.error[0].value
    elif view == "Images":
        assert "3 images of 32 x 32 pixels without masks" in words(at).replace("×", "x")
        assert "No mask has any target" not in words(at)  # there are none to have one
