"""The recorded runs of two networks side by side: the numbers, the words, and the two pages."""

import shutil

import pytest
import rote_runs
from paging import open_page, quiet_store, words
from recorded_run import RECORDED, SCENE
from stored_results import HELD_OUT, a_result, a_run

from benchmarks import two_networks
from benchmarks.child import ROOT
from shipdash.analysis import article_network as beside
from shipdash.analysis.time_estimate import ARTICLE_TRAINING_IMAGES
from shipdash.config import article, compact
from shipdash.records import Picked, RunState, Stopped, StopReason
from shipdash.runs import Store
from shipdash.ui import frame
from shipdash.ui.article_network import recorded

REAUDIT = {"n": 8_000, "n_failing": 12, "lowest_iou": 0.6231, "failing": list(range(12))}

COMPACT = a_result(core=list(range(100)), n_pool=10_000, n_parameters=1_000, n_backward=10_000)
ARTICLE = a_result(core=list(range(300)), n_pool=10_000, n_parameters=5_000, n_backward=250_000,
                   reaudit=REAUDIT)


def test_the_finding_names_both_core_sizes():
    """And of a run that stalled how far it came."""
    said = beside.networks_finding(COMPACT, ARTICLE)
    assert said == "The article's network keeps 300 of 10,000 pairs, the compact one 100"
    stalled = a_result(core=[1, 2], n_pool=10_000, n_tested=77, reason="stalled")
    assert "stalled at pair 77 of 10,000, with 2 kept" in beside.networks_finding(COMPACT, stalled)


@pytest.mark.parametrize(("again", "said"), [
    (REAUDIT, "a score of 0.8075, for which a pair needs an IoU of 0.90: of 8,000 discarded "
              "pairs, 12 (0.15%) do, as the trained network sees them; the lowest IoU is 0.62."),
    (REAUDIT | {"n_failing": 1}, "1 (0.01%) does,"),
    (REAUDIT | {"n_failing": 0}, "none does,")])
def test_the_lower_bound_is_checked_against_the_re_audit(again, said):
    """95 % of the precision 0.85, and the discarded pairs that score less."""
    assert said in beside.lower_bound_finding(article(), a_result(reaudit=again))


def test_without_a_re_audit_nothing_is_said_of_the_lower_bound():
    """It was not checked."""
    assert beside.lower_bound_finding(article(), a_result()) == ""


def test_the_words_compare_parameters_and_images():
    """Ratios of the two results, and what the article published beside them."""
    said = beside.networks_words(COMPACT, ARTICLE)
    assert "5 times the parameters and trained on 25.0 times the images" in said
    assert "two machines" not in said
    other = a_result(machine="another")
    assert "Their times are of two machines. The article" in beside.networks_words(COMPACT, other)
    assert "published 271 kept, a soft score of 0.9928 (of at most 1.1) and 14 min 16 s" in said


def test_the_table_has_what_each_run_found():
    """The columns of every table of runs; without an evaluation its cells are empty."""
    table = beside.networks_table({"compact": a_run(compact(), held_out=HELD_OUT),
                                   "article": a_run(article(), reaudit=REAUDIT)})
    assert table["network"].tolist() == ["compact network", "the article's network"]
    assert table["mean_iou"].iloc[0] == HELD_OUT["mean_iou"] and table["mean_iou"].isna().iloc[1]
    assert table["n_reaudit_failing"].iloc[1] == 12


def test_only_runs_of_one_experiment_are_laid_beside_each_other():
    """Another order, or another precision, is another experiment; another model seed is not."""
    one = compact()
    assert beside.same_experiment(one, article())
    assert beside.same_experiment(one, article().replace(**{"seeds.model": 7}))
    assert not beside.same_experiment(one, article().replace(**{"seeds.order": 2}))
    assert not beside.same_experiment(one, article().replace(**{"selection.precision": 0.9}))


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """The recorded compact run, and a made-up recorded run of the article's network."""
    quiet_store(tmp_path / "own", monkeypatch)
    folder = tmp_path / "recorded"
    store = Store(folder)
    run_id, _ = store.create(article())
    with store.writer(run_id) as writer:
        for event in (Picked(1, 7, 1, 1, 1, None, None), Picked(1, 9, 40, 2, 40, 0.4, 0.0),
                      Stopped(StopReason.EXHAUSTED, 2, 10_000, 1)):
            writer.append(event)
        writer.flush()
    store.write_result(run_id, a_result(run_id, n_pool=10_000, n_tested=10_000, core=[7, 9],
                                        n_parameters=5_123_089, held_out=HELD_OUT,
                                        reaudit=REAUDIT))
    store.set_status(run_id, RunState.COMPLETED)
    shutil.copytree(RECORDED / SCENE.run_id, folder / SCENE.run_id)
    monkeypatch.setattr(frame, "RECORDED", folder)
    return run_id


def test_home_shows_the_compact_run_and_the_article_beside_it(shipped):
    """After the guess, and nothing before it; the compact one stays what Home is about."""
    at = open_page("app.py")
    assert "article's network" not in words(at)
    at.button(key="home_show").click().run()
    assert not at.exception
    said = words(at)
    replay = str(at.get("bidi_component")[0].proto)
    assert f"It kept {SCENE.result.n_core} of 10,000 pairs." in replay
    assert "The article's network keeps 2 of 10,000 pairs" in said
    assert "of 8,000 discarded pairs, 12 (0.15%) do" in said


def test_home_of_the_article_s_run_shows_that_run_alone(shipped):
    """Its own page is about it."""
    at = open_page("app.py", run=shipped, reveal="1")
    assert not at.exception
    assert "The article's network keeps" not in words(at)


def test_threshold_shows_both_below_the_explorer(shipped):
    """Same figure, same sentence."""
    at = open_page("pages/5_Threshold.py")
    assert not at.exception
    assert "The article's network keeps 2 of 10,000 pairs" in words(at)


def test_nothing_is_shown_as_long_as_the_article_s_run_is_not_recorded():
    """As a run of this machine it is on the other pages."""
    assert recorded([SCENE]) is None
    assert recorded([SCENE, a_run(article(), reaudit=REAUDIT)]) is None


def test_the_section_of_the_document_says_what_the_pages_say():
    """A row a measure from the two results, then the three sentences, then where it was made."""
    runs = {"compact": a_run(compact(), n_backward=10_000, held_out=HELD_OUT, n_parameters=1_000),
            "article": a_run(article(), n_backward=250_000, reaudit=REAUDIT, held_out=HELD_OUT,
                             n_parameters=5_000, n_pool=10_000)}
    lines = two_networks.report(runs).splitlines()
    assert lines[0] == "| | compact network | the article's network |"
    assert "| training images | 10,000 | 250,000 |" in lines
    assert "| held-out pairs failing | 80.00% | 80.00% |" in lines
    assert lines[-7] == "The article's network keeps 2 of 10,000 pairs, the compact one 2."
    assert lines[-5] == beside.lower_bound_finding(runs["article"].config, runs["article"].result)
    assert lines[-1].startswith("Compact network on 2026-01-01, a test, CPU; the article's")


def test_the_results_have_the_section_and_the_images_of_the_article_s_own_counts():
    """docs/results.md, held against the recorded runs; by that count of images time is estimated.

    The article names its epochs: 47 over the first 11 pairs, 1,516 over a core set growing to 271.
    """
    runs = two_networks.two(Store(RECORDED))
    text = (ROOT / "docs" / "results.md").read_text("utf-8")
    assert two_networks.report(runs) in text
    n_images = runs["article"].result.n_backward
    assert n_images == ARTICLE_TRAINING_IMAGES
    counted = 47 * 11 + (1_563 - 47) * (12 + 271) / 2
    assert (f"{n_images:,} images where the article's 1,563 epochs amount to some "
            f"{round(counted, -3):,.0f}") in " ".join(text.split())


def test_another_order_stands_beside_the_first(tmp_path):
    """A row a measure, and how many pairs both kept, counted here."""
    first = a_run(article(), core=list(range(300)), reaudit=REAUDIT, held_out=HELD_OUT,
                  n_pool=10_000)
    other = article().replace(**{"seeds.order": 2, "seeds.model": 2})
    second = a_run(other, core=list(range(290, 490)), reaudit=REAUDIT | {"n_failing": 1},
                   held_out=HELD_OUT, n_pool=10_000)
    lines = two_networks.orders_report(first, second).splitlines()
    assert lines[0] == "| | order 1 | order 2 |"
    assert "| pairs kept | 300 | 200 |" in lines
    said = " ".join(lines)
    assert f"10 pairs in common, a Jaccard index of {10 / 490:.3f};" in said
    assert "1 (0.01%) does" in said
    assert "Order 1 on 2026-01-01" in said


def test_a_run_of_another_order_is_kept_and_read_again(tmp_path, monkeypatch, capsys):
    """As its worker wrote it; the section has it from then on."""
    store = Store(tmp_path / "runs")
    monkeypatch.setenv("SHIPDASH_RUNS", str(store.root))
    monkeypatch.setattr(two_networks, "ORDERS", tmp_path / "orders")
    monkeypatch.setattr(two_networks, "two", lambda store: {"article": None})
    monkeypatch.setattr(two_networks, "report", lambda runs: "the section")
    monkeypatch.setattr(two_networks, "orders_report", lambda first, second: second.run_id)
    run_id = rote_runs.finished(store)
    begun, _ = store.create(store.config(run_id).replace(**{"seeds.order": 9}))
    with pytest.raises(ValueError, match=f"{begun} is not completed"):
        two_networks.main(["--keep", begun])
    two_networks.main(["--keep", run_id])
    kept, = two_networks.other_orders()
    assert kept.result == store.result(run_id)
    capsys.readouterr()
    two_networks.main([])
    assert capsys.readouterr().out == f"the section\n\n{run_id}\n"


def test_the_section_needs_both_runs_of_one_experiment(shipped):
    """Without one of them it says so."""
    both = two_networks.two(Store(frame.RECORDED))
    assert [run.run_id for run in both.values()] == [SCENE.run_id, shipped]
    shutil.rmtree(frame.RECORDED / SCENE.run_id)
    with pytest.raises(ValueError, match="no recorded runs of both networks"):
        two_networks.two(Store(frame.RECORDED))
