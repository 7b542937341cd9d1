"""The form of a run without a browser: in the link, kept, prefilled by the generator, corrected."""

from types import SimpleNamespace

import pytest
from paging import open_page, words
from test_home_page import finish, store  # noqa: F401  (a fixture)

from shipdash.analysis import Estimate
from shipdash.config import ConfigError, RunConfig, quick
from shipdash.records import RunState
from shipdash.runs import StoreError
from shipdash.ui import address, forms
from shipdash.ui.words import plain, refusal

RUN = "pages/2_Run.py"
GENERATOR = "pages/1_Generator.py"


@pytest.fixture(autouse=True)
def nothing_runs(store):  # noqa: F811
    """Every test of this file has an empty runs folder."""
    return store


def test_what_is_changed_stands_in_the_link(store):  # noqa: F811
    """A number, a word and a switch; and a second browser shows the same form."""
    at = open_page(RUN)
    at.segmented_control(key="preset").set_value("quick").run()
    at.number_input(key="run.quick.scene.contrast").set_value(0.1).run()
    at.selectbox(key="run.quick.scene.polarity").set_value("low_sea").run()
    at.toggle(key="run.quick.network.augment").set_value(False).run()
    found = at.query_params
    assert found == found | {"preset": "quick", "scene.contrast": "0.1",
                             "scene.polarity": "low_sea", "network.augment": "false"}
    other = open_page(RUN, **found)
    assert other.number_input(key="run.quick.scene.contrast").value == 0.1
    assert other.selectbox(key="run.quick.scene.polarity").value == "low_sea"
    assert other.toggle(key="run.quick.network.augment").value is False


def test_a_default_leaves_the_link(store):  # noqa: F811
    """A link holds what was changed and nothing else."""
    at = open_page(RUN, preset="quick", **{"scene.contrast": "0.1"})
    at.number_input(key="run.quick.scene.contrast").set_value(0.25).run()
    assert "scene.contrast" not in at.query_params


def test_what_starts_is_what_the_form_shows(store):  # noqa: F811
    """Settings of the link are the settings of the run."""
    at = open_page(RUN, preset="quick", **{"scene.contrast": "0.1", "seeds.order": "7"})
    at.button(key="start").click().run()
    asked = quick().replace(**{"scene.contrast": 0.1, "seeds.order": 7})
    assert [run.config for run in store.list()] == [asked]


def test_a_start_right_out_of_a_box_takes_what_was_typed(store):  # noqa: F811
    """The click that leaves the box is sent with the address of before the box was left."""
    at = open_page(RUN, preset="quick")
    at.number_input(key="run.quick.seeds.order").set_value(7).run()
    del at.query_params["seeds.order"]
    at.button(key="start").click().run()
    assert [run.config for run in store.list()] == [quick().replace(**{"seeds.order": 7})]


@pytest.mark.parametrize(("page", "prefix", "form"), [
    (RUN, "run.quick.", "form_of_Run"), (GENERATOR, "", "form_of_Generator")])
def test_two_settings_right_after_each_other_are_both_kept(page, prefix, form):
    """The second is sent with the address of before the first."""
    at = open_page(page, preset="quick")
    boxes = [*at.number_input, *at.slider]
    next(box for box in boxes if box.key == f"{prefix}scene.contrast").set_value(0.1).run()
    del at.query_params["scene.contrast"]
    at.number_input(key=f"{prefix}seeds.pool").set_value(5).run()
    assert {"scene.contrast", "seeds.pool"} <= {*at.query_params}
    assert {"scene.contrast", "seeds.pool"} <= at.session_state[form].keys()


def test_back_right_after_a_change_undoes_it(store, monkeypatch):  # noqa: F811
    """What the browser's history brings is no address that a click came with."""
    at = open_page(RUN, preset="quick")
    at.number_input(key="run.quick.seeds.order").set_value(7).run()
    del at.query_params["seeds.order"]
    monkeypatch.setattr(address, "get_script_run_ctx",
                        lambda: SimpleNamespace(is_history_navigation=True))
    at.run()
    assert at.number_input(key="run.quick.seeds.order").value == quick().seeds.order


def test_a_run_chosen_right_before_a_click_stays_in_view(store):  # noqa: F811
    """The click comes with the address of the other run, and may not act on it."""
    one, two = (store.create(quick().replace(**{"seeds.order": n}))[0] for n in (8, 9))
    for run_id in (one, two):
        store.set_status(run_id, RunState.CANCELLED)
    at = open_page(RUN, run=one)
    assert at.button(key=f"button_resume_{one}")
    at.selectbox(key="box_run").set_value(two).run()
    at.query_params["run"] = one
    at.run()
    assert at.query_params["run"] in (two, [two])
    assert [b.key for b in at.button if b.key and b.key.startswith("button_resume")] == [
        f"button_resume_{two}"]


def test_a_box_left_long_ago_follows_the_address(store, monkeypatch):  # noqa: F811
    """Back to an address of before undoes what was typed."""
    monkeypatch.setattr(address, "OVERTAKEN_S", 0.0)
    at = open_page(RUN, preset="quick")
    at.number_input(key="run.quick.seeds.order").set_value(7).run()
    del at.query_params["seeds.order"]
    at.run()
    assert at.number_input(key="run.quick.seeds.order").value == quick().seeds.order


@pytest.mark.parametrize("page", ["app.py", GENERATOR, "pages/3_Samples.py"])
def test_the_form_is_found_as_it_was_left(store, monkeypatch, page):  # noqa: F811
    """Preset, scene and seeds, also by a link that says nothing of them."""
    at = open_page(RUN)
    at.segmented_control(key="preset").set_value("quick").run()
    monkeypatch.setattr(address, "OVERTAKEN_S", address.OVERTAKEN_S + 60)
    written = at.session_state["address_written"]
    written["preset"] = written["preset"]._replace(at=-1e9)  # long before the seed
    at.number_input(key="run.quick.seeds.order").set_value(7).run()
    at.switch_page(page).run()
    for name in ("preset", "seeds.order"):
        at.query_params.pop(name, None)
    at.switch_page(RUN).run()
    assert not at.exception
    assert at.number_input(key="run.quick.seeds.order").value == 7
    assert (at.query_params["preset"], at.query_params["seeds.order"]) == ("quick", "7")


def test_a_link_to_the_form_finds_it_unfolded(store):  # noqa: F811
    """Also where it was folded after an earlier look."""
    at = open_page(RUN)
    at.session_state["new_run_unfolded"] = False
    at.switch_page("app.py").run()
    at.switch_page(RUN)
    at.query_params.clear()
    at.query_params["preset"] = "quick"
    at.run()
    assert not at.exception
    assert next(fold for fold in at.expander if fold.label == "New run").proto.expanded


def test_a_reset_gives_the_preset_back(store):  # noqa: F811
    """All changes at once; the preset stays."""
    at = open_page(RUN, preset="quick", **{"scene.contrast": "0.1", "seeds.order": "7"})
    assert "quick, contrast 0.10, seeds 1/7/1" in words(at)
    at.button(key="reset_form").click().run()
    assert at.number_input(key="run.quick.scene.contrast").value == 0.25
    assert at.query_params["preset"] == "quick" and "seeds.order" not in at.query_params


def test_run_this_scene_carries_every_range_and_seed(store):  # noqa: F811
    """The form of the chosen preset holds the scene, also where the preset has another."""
    at = open_page(GENERATOR, guess="300")
    at.slider(key="scene.contrast").set_value(0.1).run()
    at.number_input(key="seeds.pool").set_value(7).run()
    at.slider(key="planted.label_noise").set_value(0.05).run()
    at.button(key="generator.run").click().run()
    assert not at.exception
    assert at.title[0].value == "Run" and at.query_params["guess"] == "300"
    assert at.segmented_control(key="preset").value == "quick"
    at.switch_page(RUN).run()  # AppTest stays where the script began
    at.button(key="start").click().run()
    wanted = RunConfig().replace(**{"scene.contrast": 0.1, "seeds.pool": 7,
                                    "planted.label_noise": 0.05})
    (run,) = store.list()
    assert (run.config.scene, run.config.planted) == (wanted.scene, wanted.planted)
    assert run.config.seeds.pool == 7
    assert run.config.selection == quick().selection


def test_a_scene_stays_when_the_preset_is_chosen_in_the_form(store):  # noqa: F811
    """Network, pool and evaluation follow the preset; the scene is the one that was asked for."""
    at = open_page(GENERATOR)
    at.slider(key="scene.noise").set_value(0.5).run()
    at.button(key="generator.run").click().run()
    at.switch_page(RUN).run()  # AppTest stays where the script began
    at.segmented_control(key="preset").set_value("article").run()
    assert at.number_input(key="run.article.scene.noise").value == 0.5
    assert at.number_input(key="run.article.scene.size").value == 128
    assert at.number_input(key="run.article.selection.n_pool").value == 10_000


def test_see_this_scene_leads_back(store):  # noqa: F811
    """The link of the form opens the generator with exactly its scene."""
    at = open_page(RUN, preset="quick", **{"scene.contrast": "0.1", "seeds.pool": "7"})
    link = next(link for link in at.get("page_link") if link.proto.label == "See this scene")
    query = dict(part.split("=") for part in link.proto.query_string.split("&"))
    there = open_page(GENERATOR, **query)
    assert there.slider(key="scene.size").value == 64
    assert there.slider(key="scene.contrast").value == 0.1
    assert there.number_input(key="seeds.pool").value == 7


def test_the_generator_is_found_as_it_was_left(store):  # noqa: F811
    """A change is made in a fragment, which runs without its page, and is kept all the same."""
    at = open_page(GENERATOR)
    at.slider(key="scene.contrast").set_value(0.1).run()
    at.switch_page("app.py").run()
    at.query_params.pop("scene.contrast", None)
    at.switch_page(GENERATOR).run()
    assert at.slider(key="scene.contrast").value == 0.1


@pytest.mark.parametrize(("page", "changes", "label"), [
    (RUN, {"preset": "quick", "scene.radius_max": "80"}, "Largest semi-axis"),
    (RUN, {"selection.acceptance": "iou", "selection.precision": "1"}, "Precision"),
    (RUN, {"selection.exclude": "me"}, "Excluded cores"),
    (GENERATOR, {"scene.contrast": "0.9"}, "Contrast"),
])
def test_an_error_stands_right_below_its_setting(store, page, changes, label):  # noqa: F811
    """Once, and in the words of the labels."""
    at = open_page(page, **changes)
    (error,) = at.error
    assert error.value.startswith(f"**{label}** ")
    assert "_" not in error.value and "scene." not in error.value
    elements = list(at)
    above = elements[elements.index(error) - 1]
    assert above.label.startswith(label)


def test_what_was_typed_and_is_no_list_of_runs_stays_to_be_corrected(store):  # noqa: F811
    """Start is shut until it is."""
    at = open_page(RUN, **{"selection.exclude": "me"})
    assert at.text_input(key="run.compact.selection.exclude").value == "me"
    assert at.button(key="start").disabled


def test_what_no_box_can_hold_is_named_where_it_stands(store):  # noqa: F811
    """The rest of the link counts."""
    at = open_page(RUN, preset="quick", **{"scene.contrast": "7", "seeds.order": "7"})
    assert "Contrast** must be a number from 0 to 1" in at.warning[0].value
    assert at.number_input(key="run.quick.scene.contrast").value == 0.25
    assert at.number_input(key="run.quick.seeds.order").value == 7


@pytest.mark.parametrize("changes", [
    {"scene.radius_min": 30.0}, {"scene.contrast": 0.9}, {"planted.distinct": 5,
                                                          "planted.duplicates": 0.5},
    {"selection.first": 20, "selection.n_pool": 10},
])
def test_a_refusal_names_settings_as_the_form_does(changes):
    """No name of the configuration is left in it."""
    with pytest.raises(ConfigError) as refused:
        RunConfig().replace(**changes)
    assert "_" not in refusal(refused.value)
    assert refused.value.also


def test_a_name_is_shown_as_it_was_typed():
    """Markdown in it is text."""
    assert plain("a *b* :red[c] $d$ <e>") == r"a \*b\* \:red\[c\] \$d\$ \<e\>"


def test_a_run_is_named_on_its_page(store):  # noqa: F811
    """In the list of runs at once, and kept beside the run."""
    run_id = finish(store)
    at = open_page(RUN, run=run_id)
    at.text_input(key=f"name_{run_id}").set_value("After lunch").run()
    assert not at.exception
    assert store.info(run_id).given_name == "After lunch"
    assert any("After lunch" in option for box in at.selectbox for option in box.options)


def test_a_name_that_cannot_be_stored_is_a_sentence(store, monkeypatch):  # noqa: F811
    """And the run keeps the name that it had."""
    run_id = finish(store)
    at = open_page(RUN, run=run_id)
    monkeypatch.setattr(type(store), "set_name", _refuse)
    at.text_input(key=f"name_{run_id}").set_value("After lunch").run()
    assert not at.exception
    assert "free some space" in " ".join(error.value for error in at.error)


def _refuse(*_):
    raise StoreError("cannot write name.txt: free some space")


@pytest.mark.parametrize("facts, is_warned", [
    ({"device": "NVIDIA A100-SXM4-40GB", "n_gpus": 1}, False),
    ({"device": "CPU (2 threads)", "n_gpus": 0}, True), (None, True)])
def test_only_whoever_has_no_gpu_is_warned_of_hours(monkeypatch, facts, is_warned):
    """Few devices have *GPU* in their name."""
    hours, said = Estimate(5 * 3600, "from a run here"), []
    monkeypatch.setattr(forms, "estimate", lambda *_: hours)
    monkeypatch.setattr(forms.frame, "device", lambda: facts)
    monkeypatch.setattr(forms.st, "warning", said.append)
    monkeypatch.setattr(forms.st, "caption", lambda text: None)
    forms.tell_estimate(quick(), [])
    assert bool(said) == is_warned


def test_a_data_set_of_the_link_that_is_not_here_is_named(store):  # noqa: F811
    """Instead of a form of the generator that looks like what the link asked for."""
    at = open_page(RUN, data="cells", **{"selection.precision": "0.8"})
    assert "the data set cells, which is not on this machine" in at.warning[0].value
    assert not open_page(RUN).warning


def test_a_damaged_run_of_these_settings_does_not_take_the_page_down(store):  # noqa: F811
    """It is named; other settings can be started."""
    run_id, _ = store.create(quick())
    (store.root / run_id / "status.json").write_text("{")
    at = open_page(RUN, preset="quick")
    assert "The run of these settings cannot be read: status.json" in at.error[0].value
    at.number_input(key="run.quick.seeds.order").set_value(7).run()
    assert not at.exception and at.button(key="start")
