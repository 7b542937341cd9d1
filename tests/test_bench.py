"""The benchmark: its figures add up, its results are kept, its programs do what they say."""

import json
import random
import threading
import time

import numpy as np
import pytest
from compiled import open_learner

from benchmarks import __main__ as command
from benchmarks import article, child, report, runs, sections, server, speed, stored
from benchmarks.browser import grouped
from benchmarks.report import Asked, Report, Row
from benchmarks.stopwatch import Stopwatch
from shipdash import config as configs
from shipdash.learning import metrics
from shipdash.records import Scanned
from tests.test_speed_ratios import Nearest, selected

ROTE = configs.compact().replace(**runs.SMALL, **{
    "network.kind": "rote", "planted.distinct": 12, "selection.first": 4, "selection.n_pool": 60,
    "evaluation.n_held_out": 30, "evaluation.reaudit": True})

RACED = article.comparison(quick=True).replace(**{
    "network.learning_rate": 0.01, "selection.n_pool": 15, "selection.precision": 0.251})
"""Both programs on a few pairs, with the network that test_worker.py compiles, too."""


def found(**changes) -> Report:
    rows = (report.median("wall", [4.0, 2.0, 3.0], "s", "by hand"), Row("core set", 152, "pairs"),
            Row("different core sets", 1, "", 3))  # of several repeats, and without a range
    return Report(**{
        "section": "full", "date": "2026-11-24T10:00:00+00:00", "machine": "a laptop, 2 cores",
        "device": "CPU (2 threads)", "version": "0.2.0", "tensorflow": "2.21.0", "quick": False,
        "seconds": 9.0, "product_s": (0.25, 0.35), "rows": rows, **changes})


@pytest.fixture
def products(monkeypatch):
    """Matrix products that take 0.3 s and no TensorFlow; all other programs are the real ones."""
    answer = child.Answer({"seconds": [0.3], "device": "CPU", "tensorflow": "2.21"}, 1.0, 0.0)
    monkeypatch.setattr(sections, "measure", lambda program: answer)


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty folder of results in place of the repository's."""
    monkeypatch.setattr(stored, "RESULTS", tmp_path)
    return tmp_path


# -- reports -----------------------------------------------------------------------------------


def test_a_time_is_also_given_in_matrix_products():
    """Three seconds where a product takes 0.3 s: ten products; a count has none."""
    wall, core, _ = found().to_dict()["rows"]
    assert wall["value"] == 3.0
    assert (wall["low"], wall["high"], wall["n"]) == (2.0, 4.0, 3)
    assert wall["products"] == 10.0
    assert "products" not in core


def test_the_table_shows_every_row_with_its_range_and_where_it_was_measured():
    """One line a row; the machine, the date and the unit stand above."""
    text = report.table(found())
    assert "| wall | 3 s | 10.0 | 2 to 4 | 3 | by hand |" in text
    assert "| core set | 152 pairs |  |  | 1 |  |" in text
    assert "2026-11-24, a laptop, 2 cores" in text
    assert "0.250 s before, 0.350 s after" in text


def test_small_sizes_say_that_they_are_no_result():
    """A quick figure must not be quoted."""
    assert "not how fast" in report.table(found(quick=True))
    assert "not how fast" not in report.table(found())


def test_a_report_comes_back_from_json_as_it_was():
    """Rows, range and unit included."""
    assert Report.from_dict(json.loads(json.dumps(found().to_dict()))) == found()


@pytest.mark.parametrize("damage", [
    {"rows": 3}, {"rows": [{"name": "wall"}]}, {"product_s": 0.3}, {"colour": "red"},
])
def test_a_damaged_report_is_refused(damage):
    """Another program's JSON is not taken for a benchmark."""
    with pytest.raises(ValueError, match="not a benchmark report"):
        Report.from_dict(found().to_dict() | damage)


# -- results that are kept ---------------------------------------------------------------------


def test_kept_reports_are_listed_by_section_newest_first_and_shown_on_one_page(tmp_path):
    """One file per minute and section; the page is written anew each time."""
    old, new = found(), found(date="2026-12-01T08:00:00+00:00")
    other = found(section="machine")
    for each in (old, other, new):
        path = stored.keep(each, tmp_path)
    assert path.name == "2026-12-01T0800-full.json"
    assert stored.reports(tmp_path) == [other, new, old]
    page = (tmp_path / "README.md").read_text()
    assert page.count("\n## full\n") == 2
    assert page.index("2026-12-01") < page.rindex("2026-11-24")


def test_small_sizes_are_not_kept(tmp_path):
    """Neither by the function nor by the command."""
    with pytest.raises(ValueError, match="full size"):
        stored.keep(found(quick=True), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_files_of_others_are_left_alone_and_damaged_ones_are_named(tmp_path):
    """A study's results may lie in the same folder."""
    (tmp_path / "2026-11-24T1200-study.json").write_text("[]")
    assert stored.reports(tmp_path) == []
    (tmp_path / "2026-11-24T1200-full.json").write_text("{")
    with pytest.raises(child.BenchError, match=r"2026-11-24T1200-full\.json cannot be read"):
        stored.reports(tmp_path)


# -- the command -------------------------------------------------------------------------------


@pytest.mark.parametrize("words, said", [
    (["--only", "lunch"], "only must be some of machine, generator"),
    (["--repeats", "0"], "repeats must be a whole number from 1 to 100. Received: repeats=0"),
    (["--quick", "--keep"], "keep must not stand with --quick"),
])
def test_a_wrong_option_is_one_sentence(words, said, capsys):
    """Exit code 2, and nothing is measured."""
    assert command.main([*words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


def test_the_command_prints_a_table_or_json_and_writes_what_it_found(
        products, results, tmp_path, capsys):
    """Two sections, in the order asked for."""
    words = ["--quick", "--repeats", "1", "--only", "metrics,generator"]
    assert command.main([*words, "--json", "--out", str(tmp_path / "found.json")]) == 0
    both = json.loads(capsys.readouterr().out)
    assert [each["section"] for each in both] == ["metrics", "generator"]
    assert all(row["value"] > 0 for each in both for row in each["rows"])
    assert json.loads((tmp_path / "found.json").read_text()) == both
    assert command.main(words) == 0
    assert capsys.readouterr().out.count("| pairs drawn, ") == 3


def test_kept_sections_are_shown_again_without_measuring(products, results, capsys):
    """`--keep`, then `--table`; its page is the folder's README."""
    assert command.main(["--table"]) == 0
    assert "## " not in capsys.readouterr().out
    assert command.main(["--only", "metrics", "--repeats", "1", "--keep"]) == 0
    table = capsys.readouterr().out
    assert command.main(["--table"]) == 0
    page = capsys.readouterr().out
    assert table.strip() in page
    assert page.strip() == (results / "README.md").read_text().strip()


def test_a_place_that_cannot_be_written_is_named(products, tmp_path, capsys):
    """After the table: what was measured is not lost."""
    words = ["--quick", "--only", "metrics", "--out", str(tmp_path / "no" / "where")]
    assert command.main(words) == 1
    out, err = capsys.readouterr()
    assert "pairs scored" in out
    assert "choose another --out" in err


def test_a_program_that_fails_is_one_sentence(tmp_path):
    """Its last words; none that is not there is started."""
    with pytest.raises(child.BenchError, match=r"timed_run\.py ended with code 1: .*Error"):
        child.measure("timed_run", str(tmp_path), "no settings")
    with pytest.raises(child.BenchError, match=r"lunch"):
        child.measure("lunch")


# -- the clock ---------------------------------------------------------------------------------


class Kitchen:
    """Something that takes time."""

    def cook(self):
        time.sleep(0.02)
        self.taste()

    def taste(self):
        time.sleep(0.01)


def test_a_stopwatch_tells_phases_and_threads_apart_and_counts_nothing_twice():
    """A timed call inside a timed call belongs to the outer one."""

    class Own(Kitchen):
        """Fresh methods to put the watch around."""

        cook, taste = Kitchen.cook, Kitchen.taste

    watch = Stopwatch("lunch")
    watch.around(Own, "cook", "cook")
    watch.around(Own, "taste", "taste")
    Own().cook()
    other = threading.Thread(target=Own().taste)
    other.start()
    other.join()
    watch.phase = "dinner"
    Own().taste()
    assert set(watch.seconds) == {("lunch", "cook"), ("dinner", "taste")}
    assert set(watch.beside) == {("lunch", "taste")}
    assert watch.seconds["lunch", "cook"] >= 0.03
    assert watch.seconds["dinner", "taste"] >= 0.01


def test_the_parts_of_a_run_add_up_to_its_wall_time(tmp_path):
    """A real run in its own process, by rote; its events and its core are the command's."""
    run = child.measure("timed_run", str(tmp_path), json.dumps(ROTE.to_dict()))
    result = run.found["result"]
    assert {i % 12 for i in result["core"]} == set(range(12))
    log = (tmp_path / result["run_id"] / "events.jsonl").read_text()
    assert run.found["n_events"] == log.count("\n")
    parts = {name: value for (name, _), value in runs.parts(run).items()}
    to_selection = parts.pop("from the start to the finished selection")
    whole = parts.pop("whole run, evaluation included")
    beside = parts.pop("drawing pairs, beside the network")
    assert sum(parts.values()) == pytest.approx(whole, abs=0.05)  # phases come rounded to 0.01 s
    assert sum(parts.values()) - parts["evaluation"] == pytest.approx(to_selection, abs=0.05)
    assert min(parts.values()) > -0.05
    assert parts["writing"] > 0
    assert parts["drawing pairs, while nothing else happens"] + beside > 0
    assert 20 < run.found["peak_rss_mb"] < 2_000
    assert run.found["forward_flop"] == 0


def test_memory_is_measured_on_a_short_and_a_long_stream(monkeypatch):
    """Two processes, and their difference."""
    asked = []

    def measure(program, folder, spec):
        n = configs.RunConfig.from_dict(json.loads(spec)).selection.n_pool
        asked.append(n)
        return child.Answer({"peak_rss_mb": 100 + n / 1e5, "n_events": 7,
                             "result": {"n_tested": n}}, 1.0, 0.0)

    monkeypatch.setattr(runs, "measure", measure)
    rows = runs.memory(Asked(quick=False, repeats=1, product_s=0.3))
    assert asked == [10_000, 1_000_000]
    assert rows[-1].name == "difference"
    assert rows[-1].value == pytest.approx(9.9)


# -- the article's program ---------------------------------------------------------------------


def test_the_published_counts_by_hand():
    """47 epochs of 11 pairs, 1,516 of 141.5 on average; 260 picks and ten idle blocks of 1,024."""
    trained, predicted = article.published_counts()
    assert trained == round(47 * 11 + 1_516 * 141.5) == 215_031
    assert predicted == 260 * 1_024 + 10_000 == 276_240


@pytest.mark.tensorflow
@pytest.mark.parametrize("batches", ["ours", "keras"])
def test_the_rebuilt_program_follows_the_rules_of_our_loop(batches):
    """The same learner, which needs no TensorFlow, in both: the same picks and more predictions."""
    from benchmarks.article_program import ArticleProgram  # imports TensorFlow

    class Program(ArticleProgram):
        """With a learner that generalizes in place of Keras."""

        learner = Nearest()

        def fit(self, images, masks, batch):
            self.learner.train(images, masks > 0)
            return 11.0

        def predict(self, ahead):
            self.n_predicted += len(self.images[ahead])
            probability = self.learner.predict(self.images[ahead])
            return metrics.article_tenths(metrics.counts(self.masks[ahead], probability))

    config = article.comparison(quick=False).replace(**{
        "selection.n_pool": 300, "selection.precision": 0.2, "planted.distinct": 60})
    program = Program(config, batches=batches)
    program.draw_pool()
    events, core = selected(config, Nearest())
    assert program.run() == core
    assert 20 < len(core) < 100
    n_forward = sum(e.n_forward for e in events if isinstance(e, Scanned))
    assert program.n_predicted > 2 * n_forward


@pytest.mark.tensorflow
def test_keras_trains_to_the_last_bit_as_our_learner_does(monkeypatch, capsys):
    """The real `fit` and `predict` against our compiled steps: why the benchmark may compare."""
    from benchmarks import article_race  # imports TensorFlow

    monkeypatch.setattr(article_race, "open_learner", open_learner)
    article_race.main(json.dumps(RACED.to_dict()))
    race = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert race["same_picks"], f"the picks differ from number {race['first_difference']} on"
    assert race["ours"]["n_core"] > 11
    assert race["ours"]["n_backward"] == race["program"]["n_backward"] > 150


@pytest.mark.tensorflow
def test_the_program_that_measures_the_articles_speeds_runs(monkeypatch, capsys):
    """In this process, at the batches of the race; no figure is judged: what it prints is there,
    and positive."""
    from benchmarks import article_program, article_speed  # import TensorFlow

    monkeypatch.setattr(article_speed, "open_learner", open_learner)
    monkeypatch.setattr(article_program.keras.utils, "set_random_seed", random.seed)
    monkeypatch.setattr(configs, "article", lambda: RACED)
    article_speed.main('{"size": 32, "filters": 4}')
    speeds = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (speeds["size"], speeds["filters"]) == (32, 4)
    assert all(speed > 0 for name in ("fit", "predict", "our_train", "our_predict")
               for speed in speeds[name])


@pytest.mark.tensorflow
def test_the_speeds_of_a_preset_are_printed(monkeypatch, capsys):
    """In this process, with a network that other tests have compiled; no figure is judged."""
    small = configs.quick().replace(**{
        "scene.size": 32, "scene.radius_min": 4.0, "scene.radius_max": 8.0})
    monkeypatch.setattr(speed, "open_learner", open_learner)
    monkeypatch.setattr(configs, "preset", {"quick": small}.__getitem__)
    speed.main(["quick"])
    trained, predicted = json.loads(capsys.readouterr().out.splitlines()[-1])[
        "images_per_s"]["quick"]
    assert trained > 0 and predicted > 0


@pytest.mark.tensorflow
def test_operations_are_those_of_the_convolutions():
    """TensorFlow's profiler against 2 k k c_in c_out for every place, added up layer by layer."""
    from keras import layers

    from benchmarks import flops
    from shipdash.learning.networks import NETWORKS

    network, by_hand = NETWORKS["article"]((32, 32), 4), 0
    for layer in network.layers:
        if isinstance(layer, layers.Conv2D | layers.Conv2DTranspose):
            each_way = layer.input if isinstance(layer, layers.Conv2DTranspose) else layer.output
            by_hand += 2 * int(np.prod(layer.kernel.shape) * np.prod(each_way.shape[1:3]))
    counted = flops.of_forward_pass(network, 32)
    assert by_hand < counted < 1.05 * by_hand  # the rest: additions, ReLU, normalization


# -- the server --------------------------------------------------------------------------------


def test_frames_that_come_together_are_one_update():
    """Two bursts two seconds apart, by hand; none gives none."""
    assert grouped([(0.0, 100), (0.1, 20), (2.0, 5), (2.3, 6)]) == [120, 11]
    assert grouped([]) == []


def test_every_page_is_visited_under_its_own_address():
    """As Streamlit derives it from the file's name."""
    pages = server.pages()
    assert pages["Home"] == ""
    assert pages["Run"] == "Run"
    assert len(pages) == 1 + len(list((child.ROOT / "pages").glob("*.py")))


@pytest.mark.browser
def test_a_page_is_painted_before_it_is_complete(tmp_path):
    """The app, started as the benchmark starts it, in a real Chromium."""
    with server.serving(str(tmp_path)) as url:
        seen = child.measure("browser", "paint", f"{url}/Generator", "1").found
    assert 0 < seen["paint_s"][0] <= seen["settled_s"][0]
    assert 0 < seen["heading_s"][0] <= seen["settled_s"][0]
