"""The Evaluation page with arms, without arms, and with a recorded study."""

import dataclasses
import functools
import os
import shutil

import pytest
from evidence_runs import N_CORE, arm, config, everything, selection
from paging import open_page, quiet_store, words
from stored_results import a_verification
from streamlit.testing.v1 import AppTest

from shipdash import analysis
from shipdash.records import RunState
from shipdash.results import Result
from shipdash.runs import Store
from shipdash.studies import collect, replicas, stored_ious
from shipdash.studies.folder import MISSING, Studies
from shipdash.ui import frame
from shipdash.ui.evaluation import page as evaluation

_open = functools.partial(open_page, "pages/4_Evaluation.py")
VIEWS = list(evaluation.VIEWS)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A runs folder with everything, made once; tests work on copies."""
    folder = tmp_path_factory.mktemp("built")
    return folder, everything(Store(folder))


@pytest.fixture
def store(tmp_path, monkeypatch):
    """An empty runs folder, no recorded run, and no worker that is ever started."""
    return quiet_store(tmp_path, monkeypatch)


@pytest.fixture
def full(store, built):
    """A copy of the folder with everything; gives the selection's id."""
    shutil.copytree(built[0], store.root)
    return built[1]


@pytest.fixture(scope="module")
def written(built, tmp_path_factory):
    """The tables of that folder, and where they are written, once."""
    found, folder = collect.gather(Store(built[0]), built[1]), tmp_path_factory.mktemp("written")
    collect.write(found, folder, command="python benchmarks/study.py",
                   n_runs=50, n_planned=92, written="2026-01-02T00:00:00+00:00")
    return found, folder


@pytest.fixture
def study(store, written):
    """A recorded study in the package's folder, of another runs folder."""
    shutil.copytree(written[1], frame.RECORDED / "study")
    return written[0]


def _table(at: AppTest, *columns: str):
    """The first table on the page with these columns."""
    return next(d.value for d in at.dataframe if set(columns) <= set(d.value.columns))


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_a_run_with_everything(full, view):
    """No exception and no error; all but the certificate show a table, a picture or a number."""
    at = _open(run=full, view=view)
    assert not at.error
    assert at.dataframe or at.metric or at.get("image") or view == "Certificate"


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_a_run_alone(store, view):
    """Without arms, replicas or a recorded study each says what is missing."""
    at = _open(run=selection(store, config()), view=view)
    assert not at.error


def test_controls_state_the_finding_first(full):
    """The planted difference, its numbers, and the arms in a table."""
    at = _open(run=full, view="Controls")
    said = words(at)
    assert f"### {N_CORE} selected pairs do better than {N_CORE} random ones" in said
    assert "For this generator, network and threshold, at equal updates" in said
    assert "In 5 of 5 orders" in said
    arms = _table(at, "arm", "mean IoU minus random")
    assert arms["arm"].tolist()[:3] == ["Streaming learner", "Core set", "Random"]
    assert "Recorded study" not in said


def test_a_run_in_a_table_is_a_link_and_takes_the_guess_along(full):
    """Its id is no column."""
    table = _table(_open(run=full, view="Order", guess="300"), "order_seed", "n_core")
    assert all(link.startswith("Run?run=") and "guess=300" in link for link in table["open"])
    assert "run_id" not in table


@pytest.mark.parametrize(("variant", "words"), [
    ("until the score passes", ", until the score passes"), ("other network", " filters)")])
def test_variants_have_tables_of_their_own(full, variant, words):
    """Chosen in the link: core set and random pairs of that variant and no others."""
    at = _open(run=full, view="Controls", arms=variant)
    arms = _table(at, "arm", "mean IoU minus random")["arm"].tolist()
    assert [arm.split(",")[0].split(" (")[0] for arm in arms] == ["Core set", "Random"]
    assert all(arm.endswith(words) for arm in arms)


def test_nothing_is_claimed_before_controls_were_run(store):
    """The empty view says so, and offers to queue them."""
    said = words(_open(run=selection(store, config()), view="Controls"))
    assert "No controls have been computed for this run" in said
    assert "do better" not in said


def test_queueing_controls_creates_their_runs_once(store):
    """Three arms with three runs each; asked for again there is nothing missing."""
    run_id = selection(store, config())
    at = _open(run=run_id, view="Controls")
    at.button(key="queue_arms").click().run()
    assert not at.exception
    study_id, = Studies(store).list()
    asked = Studies(store).study(study_id).runs
    assert {c.arm.kind for c in asked} == {"core", "random", "full"}
    assert len(asked) == 9
    assert len(_table(at, "draw", "state")) == 9
    with Studies(store).lock(study_id):
        assert at.run().button(key="queue_arms").disabled
    at.run().button(key="queue_arms").click().run()
    assert Studies(store).list() == [study_id]


def test_arms_at_work_can_be_cancelled_and_halted_ones_resumed(store):
    """And what failed is told with its reason."""
    run_id = selection(store, config())
    at = _open(run=run_id, view="Controls")
    at.button(key="queue_arms").click().run()
    study_id, = Studies(store).list()
    bad = Studies(store).study(study_id).runs[0]
    store.create(bad)
    store.set_status(bad.digest, RunState.FAILED, "out of memory")
    at.run()
    assert f"{store.info(bad.digest).name} failed. out of memory" in words(at)
    assert store.info(bad.digest).name.startswith("arm ")
    with Studies(store).lock(study_id):
        at.run()
        cancel = at.button(key=f"study_cancel_{study_id}")
        assert cancel.label == "Cancel the controls study"  # no digest: the page is about one run
        cancel.click().run()
        assert not at.exception
        assert Studies(store).cancelled(study_id)
    at.run()
    at.button(key=f"study_resume_{study_id}").click().run()
    assert not Studies(store).cancelled(study_id)


def test_an_arm_that_needs_more_pairs_than_there_are_is_left_out(store):
    """A core set of more than half the pool leaves too few rejected: named; the others are asked.
    """
    run_id = selection(store, config(), core=list(range(150)))
    at = _open(run=run_id, view="Controls")
    at.button_group(key="bundles").set_value(["First, stratified, rejected"]).run()
    assert not at.exception and not at.error
    assert "Left out, because this run has no pairs for them: rejected." in [
        c.value for c in at.caption]
    assert at.button(key="queue_arms").label.startswith("Start 6 missing runs")


def test_a_stalled_selection_has_no_controls(store):
    """Said in words, on a page that still shows what there is."""
    at = _open(run=selection(store, config(), reason="stalled"), view="Controls")
    assert not at.exception and not at.error
    assert "No controls can be trained for this run." in words(at)
    assert "queue_arms" not in [b.key for b in at.button]


@pytest.mark.parametrize(("view", "key"), [("Re-audit", "queue_passes"), ("Folds", "queue_folds")])
def test_nothing_is_started_from_the_core_set_of_a_stalled_run(store, view, key):
    """The same run with more passes would stall again, and a fold would leave out half a core."""
    at = _open(run=selection(store, config(), reason="stalled"), view=view)
    assert not at.exception and not at.error
    assert "Training stalled in this run, so nothing can be computed" in words(at)
    assert key not in [b.key for b in at.button]


def test_the_random_curve_fits_any_pool(store):
    """Sizes beyond the pool are left out: 25, 50 and 100 of 200, three runs each."""
    at = _open(run=selection(store, config()), view="Controls")
    at.button_group(key="bundles").set_value(["Random-k curve"]).run()
    assert not at.exception
    assert not at.error
    assert at.button(key="queue_arms").label.startswith("Start 9 missing runs")


def test_a_run_of_another_version_is_a_sentence(store):
    """Its controls would not be comparable."""
    run_id = selection(store, config())
    store.write_result(run_id, dataclasses.replace(store.result(run_id), algorithm=0))
    at = _open(run=run_id, view="Controls")
    assert "must come from this version of the algorithm" in at.error[0].value


@pytest.mark.parametrize("view", ["Controls", "Re-audit", "Order", "Known answer"])
def test_a_run_with_the_settings_of_another_version_is_a_sentence(store, view):
    """No button that would be refused, and no name of code."""
    run_id = selection(store, config())
    (store.root / run_id / "spec.json").write_text(
        config(**{"seeds.order": 5}).canonical_json())
    at = _open(run=run_id, view=view)
    said = words(at)
    assert "Nothing can be computed for a run of another version." in said
    assert "arm.source" not in said and not at.error
    assert not [b for b in at.button if str(b.key).startswith(("queue", "start"))]


def test_reaudit_shows_failing_pairs_and_the_pass_that_is_clean(full):
    """Pictures worst first, extra pairs and cost beside."""
    at = _open(run=full, view="Re-audit")
    said = words(at)
    assert "### 3 of 188 discarded pairs now fail" in said
    assert "adds 2 pairs to 12" in said
    assert ["tiles" in part.proto.json for part in at.get("bidi_component")].count(True) == 1


@pytest.mark.parametrize(("view", "key", "n"), [
    ("Re-audit", "queue_passes", 1), ("Order", "queue_orders", 4), ("Folds", "queue_folds", 1),
    ("Known answer", "queue_known", 2)])
def test_replicas_are_queued_at_a_press(store, view, key, n):
    """Only what is missing."""
    run_id = selection(store, config())
    at = _open(run=run_id, view=view)
    at.button(key=key).click().run()
    assert not at.exception
    study_id, = Studies(store).list()
    assert Studies(store).standing(study_id).counts[MISSING] == n
    with Studies(store).lock(study_id):
        assert at.run().button(key=key).disabled


@pytest.mark.parametrize("view", ["Controls", "Cost"])
def test_no_controls_are_promised_that_cannot_be_trained(store, view):
    """*Start the controls below* stood above a sentence that none can be trained."""
    at = _open(run=selection(store, config(), reason="stalled"), view=view)
    assert "Start the controls" not in words(at)
    assert view == "Cost" or "It did not test the whole pool." in words(at)
    at = _open(run=selection(store, config(**{"seeds.model": 2})), view=view)
    assert "Start the controls" in words(at)


@pytest.mark.parametrize(("page", "query"), [
    ("app.py", {"reveal": "1"}), ("pages/4_Evaluation.py", {"view": "Held-out"})])
def test_a_run_without_a_core_set_to_speak_of_is_called_so(store, page, query):
    """Only its Run page said that it had not learnt; elsewhere its numbers looked like any."""
    run_id = selection(store, config())
    assert not open_page(page, run=run_id, **query).warning
    found = store.result(run_id)
    for changes, said in (({"symptom": "It is far slower."}, "did not learn"),
                          ({"reason": "stalled"}, "Training stalled in this run")):
        store.write_result(run_id, Result.from_json(found.to_json() | changes))
        at = open_page(page, run=run_id, **query)
        assert [said in warning.value for warning in at.warning] == [True]


def test_the_phases_of_a_run_add_up(store):
    """*Select* is the sum of four others, and was listed beside them under its name in the code."""
    run_id = selection(store, config())
    found = store.result(run_id)
    store.write_result(run_id, dataclasses.replace(
        found, phases={**found.phases, "select": 14.0, "probe": 0.0}))
    phases, = [c.value for c in _open(run=run_id, view="Cost").caption if "start-up" in c.value]
    assert phases == ("start-up 1 s · compilation 2 s · warm-up 1 s · training 10 s · scanning 3 s "
                      "· evaluation 4 s")


def test_the_other_orders_are_not_called_by_seeds_that_they_do_not_have(store):
    """Five orders, one of which is 7, are not *orders 1 to 5*."""
    at = _open(run=selection(store, config(**{"seeds.order": 7})), view="Order")
    assert at.button(key="queue_orders").label == "Start the 4 other orders"


def test_a_page_of_controls_computes_each_table_once(full, monkeypatch):
    """Shares were computed twice and medians three times, each from every pair of every run."""
    asked = []
    for name in ("share_below_table", "medians_table"):
        table = getattr(analysis, name)
        monkeypatch.setattr(analysis, name, lambda *of, name=name, table=table: (
            asked.append(name) or table(*of)))
    said = words(_open(run=full, view="Controls"))
    assert "The median IoU is" in said and "Tail: " in said
    assert sorted(asked) == ["medians_table", "share_below_table"]


def test_no_fold_is_offered_where_no_pair_is_left(store):
    """It would be refused again at every resume."""
    asked = config()
    at = _open(run=selection(store, asked, core=list(range(asked.selection.n_pool)),
                         failing=0), view="Folds")
    assert "queue_folds" not in [b.key for b in at.button]
    assert "there is no pair left to select from" in words(at)


def test_queued_until_clean_is_the_same_question(store):
    """All settings but the passes."""
    run_id = selection(store, config())
    at = _open(run=run_id, view="Re-audit")
    at.button(key="queue_passes").click().run()
    study_id, = Studies(store).list()
    assert Studies(store).study(study_id).runs == (replicas.until_clean(config()),)


def test_certificate_of_one_pass_shows_no_bound(store):
    """Crossed with its reason, beside the measured rate."""
    at = _open(run=selection(store, config()), view="Certificate")
    said = words(at)
    assert "No bound is shown: 2 of 6 conditions have not been shown to hold" in said
    assert "The last pass was clean** (not shown)" in said
    assert "The picks alone decide the network** (not shown)" in said
    assert "shipdash verify" in said


def test_certificate_of_a_clean_run_shows_its_bound(store):
    """Twelve of 200 kept."""
    from shipdash.analysis.certificate import risk_bound, two_sided_bounds

    asked = config(**{"selection.passes": 0})
    run_id = selection(store, asked, reason="clean", failing=0)
    store.write_verified(run_id, a_verification())
    at = _open(run=run_id, view="Certificate")
    assert (f"With probability 99%, at most {risk_bound(N_CORE, 200):.2%} of fresh pairs fail, if "
            "the last condition holds too" in words(at))
    assert any(f"{two_sided_bounds(N_CORE, 200)[1]:.2%}" in c.value for c in at.caption)
    assert "chosen without this pool** (not checked)" in words(at)


def test_certificate_tells_that_wrong_masks_are_another_kind_of_pair(store):
    """Held-out masks are right."""
    run_id = selection(store, config(**{"planted.label_noise": 0.1}))
    assert "wrong masks" in _open(run=run_id, view="Certificate").warning[0].value


@pytest.mark.parametrize("view", ["Controls", "Re-audit", "Order", "Folds", "Known answer", "Cost"])
def test_a_recorded_study_stands_in_and_says_so(store, study, view):
    """A run alone shows the recorded tables, with machine, date and command."""
    at = _open(run=selection(store, config(**{"seeds.pool": 7})), view=view)
    said = words(at)
    assert "**Recorded study**, not of the run chosen above" in said
    assert "a test" in said and "2026-01-02" in said
    assert "python benchmarks/study.py" in " ".join(c.value for c in at.code)


def test_a_recorded_study_names_another_machine_of_its_arms(store, study):
    """They are compared with each other; the pairs were selected elsewhere."""
    assert study.about["arm_machine"] == study.about["machine"]
    run_id = selection(store, config(**{"seeds.pool": 7}))
    assert "its arms on" not in words(_open(run=run_id, view="Controls"))
    collect.write(study, frame.RECORDED / "study", arm_machine="another one",
                   written="2026-01-02T00:00:00+00:00")
    assert "(its arms on another one)" in words(_open(run=run_id, view="Controls"))


def test_own_arms_come_before_a_recorded_study(full, study):
    """No recorded numbers where the run has its own."""
    assert "Recorded study" not in words(_open(run=full, view="Controls"))


def test_what_one_recorded_study_lacks_another_may_have(store, study):
    """The fullest comes first; each part says which study it shows."""
    folder = frame.RECORDED / "study-elsewhere"
    collect.write(study, folder, command="make elsewhere", written="2026-01-03T00:00:00+00:00")
    collect.write(study._replace(across=study.across[:1]), frame.RECORDED / "study",
                   command="make first", written="2026-01-02T00:00:00+00:00")
    at = _open(run=selection(store, config()), view="Controls")
    assert not at.exception
    assert [c.value for c in at.code][:2] == ["make first", "make elsewhere"]
    assert "orders fewer pairs fail after training on the core set" in words(at)


def test_a_damaged_study_is_as_good_as_none(store, study):
    """The view says that nothing was run, and works."""
    (frame.RECORDED / "study" / "arms.csv").unlink()
    said = words(_open(run=selection(store, config()), view="Controls"))
    assert "No controls have been computed" in said


def test_a_damaged_arm_is_a_sentence(store):
    """Torn scores of one arm: named, no traceback."""
    run_id = selection(store, config())
    bad = arm(store, run_id, "core", 1)
    (store.root / bad / "evaluation" / "held_out.npz").write_bytes(b"PK torn")
    at = _open(run=run_id, view="Controls")
    assert bad in at.error[0].value


def test_a_study_without_single_pairs_says_that_it_has_one_threshold(store, study):
    """With them the tail and the typical pair are spoken of separately."""
    run_id = selection(store, config())
    assert "Typical quality: the median IoU is" in words(_open(run=run_id, view="Controls"))
    (frame.RECORDED / "study" / stored_ious.NAME).unlink()
    about = frame.RECORDED / "study" / collect.ABOUT
    os.utime(about, (1, 1))  # another time: read again
    said = words(_open(run=run_id, view="Controls"))
    assert "so it has one threshold only" in said and "Typical quality" not in said
