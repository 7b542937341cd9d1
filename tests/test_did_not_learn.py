"""The rule that tells a run that does not learn, on event streams made by hand."""

import json

import numpy as np
import paging
import pytest

from shipdash import config as configs
from shipdash.cli import progress_bars
from shipdash.config.settings import SEED_MAX
from shipdash.did_not_learn import (
    BY_HEART_PICKS,
    PHASE_STEPS,
    ROW_AFTER,
    ROW_PICKS,
    WARMUP_STEPS,
    Symptom,
    is_judged,
    symptom,
)
from shipdash.learning.learner import RoteLearner, Step
from shipdash.learning.metrics import counts
from shipdash.records import Picked, RunState, Scanned, Trained
from shipdash.runs import worker
from shipdash.ui.run.start import next_seed


def trained(n_steps, score=0.9):
    return Trained(11, n_steps, 16 * n_steps, score, 0.2, 1.0)


def passed(n=1):
    return Scanned(1, 20, 20, (5,) * n, (0.95,) * n, 16, 0, 0.1)


def picked(n_core, iou=0.8):
    return Picked(1, n_core, n_core, n_core, n_core, iou, iou)


def first_pairs():
    return [Picked(1, n, n, n, n, None, None) for n in range(1, 12)]


def test_a_run_without_events_or_with_first_pairs_only_shows_no_symptom():
    """There is nothing to judge yet."""
    assert symptom([]) is None
    assert symptom(first_pairs()) is None


def test_a_healthy_run_shows_no_symptom():
    """Usual warm-up, picks that nearly passed, pairs that pass in between."""
    events = [*first_pairs(), trained(65)]
    for n_core in range(12, 80):
        events += [passed(0), picked(n_core, 0.85), trained(10), passed()]
    assert symptom(events) is None


def test_a_warm_up_beyond_its_limit_is_a_symptom_and_one_at_it_is_none():
    """Pieces of a long warm-up add up."""
    assert symptom([trained(WARMUP_STEPS - 16), trained(16)]) is None
    assert symptom([trained(WARMUP_STEPS), trained(1)]) is Symptom.WARMUP


def test_a_low_score_is_seen_long_before_the_warm_up_is_over_its_limit():
    """As with a contrast of 0.02, where every pair has to be learnt by heart."""
    pieces = [trained(16, 0.4)] * 5
    assert symptom(pieces) is Symptom.SLOW
    assert symptom(pieces[:4]) is None
    assert symptom([*pieces[:4], trained(16, 0.75)]) is None


def test_a_later_phase_has_a_limit_of_its_own():
    """The count begins anew with every test."""
    events = [trained(100), passed(0), picked(12)]
    assert symptom([*events, trained(PHASE_STEPS)]) is None
    assert symptom([*events, trained(PHASE_STEPS), trained(1)]) is Symptom.PHASE
    assert symptom([*events, trained(60), passed(), trained(60)]) is None


def test_picks_in_a_row_that_are_hardly_recognized_are_learnt_by_heart():
    """A pair that passes in between, or one that nearly passes itself, breaks the row."""
    poor = [e for n in range(BY_HEART_PICKS) for e in (passed(0), picked(12 + n, 0.3), trained(9))]
    assert symptom(poor) is Symptom.BY_HEART
    assert symptom(poor[3:]) is None
    assert symptom([*poor[3:], passed(), *poor[:3]]) is None
    assert symptom([*poor[3:], passed(0), picked(20, 0.85)]) is None


def test_forty_picks_in_a_row_after_the_first_fifty_are_a_symptom():
    """Each of them may nearly pass; early in a run such a row is usual for some networks."""
    def row(first, n):
        return [e for k in range(first, first + n) for e in (passed(0), picked(k), trained(9))]

    early = ROW_AFTER - ROW_PICKS  # its fortieth pick is the last before the fiftieth pair
    assert symptom(row(early, ROW_PICKS)) is None
    assert symptom(row(early, ROW_PICKS + 1)) is Symptom.ROW
    assert symptom(row(100, ROW_PICKS - 1)) is None
    assert symptom(row(100, ROW_PICKS)) is Symptom.ROW


@pytest.mark.parametrize("n_more", [0, 1, 50])
def test_a_symptom_once_seen_stays(n_more):
    """More events never take it back."""
    assert symptom([trained(WARMUP_STEPS + 1), *[passed()] * n_more]) is Symptom.WARMUP


# -- what a run, a page and the command line make of it ------------------------------------------


class Blind(RoteLearner):
    """Sees nothing: an empty mask for every pair, in training too."""

    def train(self, images, masks):
        return Step(counts(masks, np.zeros(masks.shape, np.float32)), 1.5)

    def predict(self, images):
        return np.zeros(images.shape[:3], np.float32)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "open_learner", lambda *args, **more: Blind())
    return paging.quiet_store(tmp_path, monkeypatch)


CONFIG = configs.quick().replace(**{
    "scene.size": 32, "scene.radius_min": 3.0, "scene.radius_max": 6.0, "selection.n_pool": 40,
    "selection.max_steps": 120, "evaluation.n_held_out": 5})


def test_a_run_that_does_not_learn_is_stored_as_one_and_counts_in_no_median(store):
    """The status says so while it runs, the result afterwards."""
    run_id, heard = store.create(CONFIG)[0], []
    result = worker.work(store, run_id, lambda event: heard.append(store.status(run_id).reason))
    assert result.symptom == Symptom.SLOW
    assert f"did not learn: {Symptom.SLOW}" in heard
    assert not store.info(run_id).selected


def test_a_killed_run_remembers_that_it_does_not_learn(store):
    """What was heard before the kill is heard again from the log."""
    run_id = store.create(CONFIG)[0]
    n_heard = []

    def pause(event):
        n_heard.append(event)
        if sum(isinstance(e, Trained) for e in n_heard) == 6:  # reports of 16 steps each: just seen
            store.request(run_id, "pause")

    assert worker.work(store, run_id, pause) is None
    assert worker.work(store, run_id).symptom == Symptom.SLOW


def test_neither_the_article_network_nor_wrong_masks_are_judged():
    """The limits were measured for neither."""
    assert is_judged(configs.quick()) and is_judged(configs.compact())
    assert not is_judged(configs.article())
    assert not is_judged(configs.quick().replace(**{"planted.label_noise": 0.05}))
    assert not is_judged(configs.quick().replace(**{"selection.precision": 0.9}))
    assert not is_judged(configs.quick().replace(**{"selection.precision": 0.6}))


def test_the_page_says_so_and_offers_the_next_seed(store):
    """One press away from a run that most likely learns."""
    run_id = store.create(CONFIG)[0]
    worker.work(store, run_id)
    at = paging.open_page("pages/2_Run.py", run=run_id)
    assert any("does not learn" in str(e.value) for e in at.error)
    at.button(key="next_seed").click().run()
    following = CONFIG.replace(**{"seeds.model": CONFIG.seeds.model + 1})
    assert store.status(following.digest).state is RunState.QUEUED


def test_the_command_line_says_so_once(store, call):
    """On standard error, so that --json stays one value."""
    settings = [f"--set=scene.{k}={v}" for k, v in (("size", 32), ("radius_min", 3),
                                                    ("radius_max", 6))]
    code, out, err = call("run", "--preset", "quick", "--pool", 40, "--held-out", 5, *settings,
                          "--set", "selection.max_steps=120", "--json")
    assert code == 0 and json.loads(out)["symptom"] == Symptom.SLOW
    assert err.count("does not learn") == 1 and "--model-seed 2" in err


def test_after_the_highest_model_seed_comes_the_lowest(monkeypatch, capsys):
    """One more was advised, which is refused."""

    class Symptomatic:
        symptom = ""

        def hear(self, event):
            return True

    highest = CONFIG.replace(**{"seeds.model": SEED_MAX})
    monkeypatch.setattr(progress_bars, "Watch", Symptomatic)
    progress_bars.warned(highest, lambda event: None)(None)
    assert "--model-seed 0" in capsys.readouterr().err
    assert next_seed(highest, []).seeds.model == 0
