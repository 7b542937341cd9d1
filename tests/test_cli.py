"""Every command as a user types it; most in this process, so that they take milliseconds."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
from skimage.io import imread

from shipdash import config as configs
from shipdash.cli import commands as cli
from shipdash.data import files, open_source
from shipdash.records import RunState
from shipdash.runs import Store, StoreError, worker

SMALL = ["--set", "network.kind=rote", "--set", "scene.size=32", "--set", "scene.radius_min=3",
         "--set", "scene.radius_max=6", "--set", "planted.distinct=12",
         "--set", "selection.first=3",
         "--pool", "30", "--held-out", "7"]
KEYS = {"run_id", "state", "spec", "n_pool", "n_tested", "n_core", "core", "n_forward",
        "n_backward", "seconds", "device", "held_out"}
HELD_OUT = {"n", "mean_iou", "share_failing", "article_score", "article_score_soft"}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


@pytest.fixture
def done(call):
    """A completed run's id."""
    code, out, _ = call("run", *SMALL, "--json")
    assert code == 0
    return json.loads(out)["run_id"]


def last(out):
    return json.loads(out.strip().splitlines()[-1])


def test_run_ends_with_everything_the_issue_names(call):
    """One JSON object; the core set is a list of pool numbers in order of selection."""
    code, out, err = call("run", *SMALL, "--json")
    found = last(out)
    assert (code, err) == (0, "")
    assert set(found) >= KEYS
    assert set(found["held_out"]) >= HELD_OUT
    assert found["state"] == "completed"
    assert found["n_pool"] == found["n_tested"] == 30
    assert found["held_out"]["n"] == 7
    assert found["n_core"] == len(set(found["core"])) == len(found["core"])
    assert configs.RunConfig.from_dict(found["spec"]).digest == found["run_id"]


def test_the_same_command_shows_the_stored_answer(call, done):
    """Same question, same run: not computed twice."""
    code, out, _ = call("run", *SMALL, "--json")
    again = last(call("run", *SMALL, "--json")[1])
    assert code == 0
    assert last(out) == again
    assert again["run_id"] == done


def test_show_and_resume_of_a_completed_run_say_the_same(call, done):
    """Resuming what is complete is no error and changes nothing."""
    code, shown, _ = call("show", done, "--json")
    code_resumed, resumed, _ = call("resume", done, "--json")
    assert (code, code_resumed) == (0, 0)
    assert last(shown) == last(resumed)


@pytest.mark.parametrize("state", [s for s in RunState if s is not RunState.COMPLETED])
def test_show_has_the_same_keys_in_every_state(call, store, state):
    """As far as the run has come."""
    run_id = store.create(configs.quick())[0]
    store.set_status(run_id, state, "why")
    code, out, _ = call("show", run_id, "--json")
    assert code == 0
    assert set(last(out)) >= KEYS
    assert last(out)["state"] == ("lost" if state is RunState.RUNNING else state)


def test_every_command_speaks_json(call, store, done, tmp_path, monkeypatch):
    """One JSON value on the last line of each."""
    monkeypatch.setattr(cli, "probe_device", lambda: {"device": "CPU", "threads": 2})
    assert [row["run_id"] for row in last(call("list", "--json")[1])] == [done]
    assert last(call("list", "--json")[1])[0]["n_core"] >= 12
    assert last(call("export", done, "--out", tmp_path / "out", "--json")[1])["run_id"] == done
    assert set(last(call("work", done, "--json")[1])) >= KEYS
    assert last(call("work", "--queue", "--json")[1]) == {"queued": []}
    code, out, _ = call("probe", "--json", "--out", tmp_path / "device.json")
    assert code == 0
    assert last(out) == json.loads((tmp_path / "device.json").read_text())
    assert last(out)["device"] == "CPU"


def test_every_command_speaks_to_people(call, store, done, tmp_path):
    """The same without --json: words, no error."""
    for words in (["list"], ["show", done], ["resume", done], ["run", *SMALL],
                  ["export", done, "--out", tmp_path / "out"], ["work", "--queue"]):
        code, _, err = call(*words)
        assert (code, err) == (0, "")
    assert done in call("list")[1]
    assert "No runs yet" in call("list", "--runs", tmp_path / "empty")[1]


def test_shorthands_and_set_reach_the_settings(call):
    """The last line of each pair of words is what the spec says."""
    out = last(call("run", *SMALL, "--json", "--precision", "0.7", "--seed", "5", "--order-seed",
                    "6", "--set", "selection.passes=2", "--set", "evaluation.reaudit=false")[1])
    spec = out["spec"]
    assert spec["seeds"] == {"pool": 5, "order": 6, "model": 5}
    assert spec["selection"]["precision"] == 0.7
    assert spec["selection"]["passes"] == 2
    assert out["reaudit"] is None


def test_another_seed_is_another_run(call, done):
    """Seeds are part of the question."""
    for option in ("--seed", "--pool-seed", "--order-seed", "--model-seed"):
        assert last(call("run", *SMALL, option, "9", "--json")[1])["run_id"] != done


@pytest.mark.parametrize("words, named", [
    (["--preset", "huge"], "preset"), (["--pool", "0"], "n_pool"), (["--pool", "x"], "n_pool"),
    (["--pool", "1.5"], "n_pool"), (["--pool", "1e30"], "n_pool"), (["--pool", ""], "n_pool"),
    (["--pool", "true"], "n_pool"), (["--pool", "[1]"], "n_pool"), (["--pool", "NaN"], "n_pool"),
    (["--pool", "1" + "0" * 400], "n_pool"), (["--pool", "9" * 5000], "n_pool"),
    (["--held-out", "-1"], "n_held_out"), (["--held-out", "null"], "n_held_out"),
    (["--precision", "NaN"], "precision"), (["--precision", "2"], "precision"),
    (["--precision", "Infinity"], "precision"), (["--precision", "[[[["], "precision"),
    (["--seed", "-1"], "seeds.pool"), (["--seed", "4294967296"], "seeds.pool"),
    (["--pool-seed", "a"], "seeds.pool"), (["--order-seed", "0.5"], "seeds.order"),
    (["--model-seed", "{}"], "seeds.model"), (["--set", "scene.size=33"], "scene.size"),
    (["--set", "scene.size"], "section.field=value"), (["--set", ""], "section.field=value"),
    (["--set", "nope.size=3"], "section.field"), (["--set", "scene.nope=3"], "section.field"),
    (["--set", "scene=3"], "section.field"), (["--set", "scene.radius_max=80"], "radius_max"),
    (["--set", "scene.noise=0.9", "--set", "scene.contrast=0.9"], "scene.contrast"),
    (["--set", "network.augment=1"], "network.augment"),
    (["--set", "network.kind=resnet"], "network.kind"),
    (["--set", "selection.exclude=../x"], "selection.exclude"),
    (["--set", f"selection.exclude={'0' * 16}"], "selection.exclude"),
])
def test_a_wrong_question_is_code_2_names_the_field_and_writes_nothing(call, store, words, named):
    """One line on standard error, no traceback, no run folder."""
    code, out, err = call("run", *SMALL, *words)
    assert code == 2
    assert out == ""
    assert named in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1
    assert not store.root.exists()


@pytest.mark.parametrize("words", [
    [], ["nope"], ["run", "--nope"], ["show"], ["resume"], ["export", "0" * 16], ["run", "--pool"],
    ["export", "0" * 16, "--out", "x", "--format", "gif"], ["work"], ["show", "a", "b"],
    ["work", "--queue", "0" * 16],
])
def test_wrong_usage_is_code_2(call, words):
    """Said by argparse or by us, without a traceback."""
    code, _, err = call(*words)
    assert code == 2
    assert err
    assert "Traceback" not in err


@pytest.mark.parametrize("words", [
    ["show"], ["resume"], ["work"], ["export", "--out", "out"],
])
@pytest.mark.parametrize("bad", ["../x", "ABC", "0" * 16, "0" * 17, "", "é"])
def test_a_bad_run_id_is_code_1_and_one_sentence(call, store, words, bad, tmp_path, monkeypatch):
    """Every command that takes an id."""
    monkeypatch.chdir(tmp_path)
    code, out, err = call(words[0], bad, *words[1:])
    assert (code, out) == (1, "")
    assert err.startswith("shipdash: ")
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_an_unwritable_runs_folder_is_code_1(call, tmp_path):
    """A file where the folder should be, for every command."""
    (tmp_path / "file").write_text("")
    for words in (["run", *SMALL], ["list"], ["show", "0" * 16], ["work", "--queue"]):
        code, out, err = call(*words, "--runs", tmp_path / "file")
        assert (code, out) == (1, "")
        assert len(err.splitlines()) == 1


def test_a_full_disk_is_code_1(call, monkeypatch):
    """One sentence that says what to do."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    code, out, err = call("run", *SMALL)
    assert (code, out) == (1, "")
    assert "free some space" in err


def test_a_damaged_run_is_code_1_and_the_list_goes_on(call, store, done):
    """Named in the list, a sentence in show."""
    (store.root / done / "result.json").write_text("{")
    code, out, err = call("show", done)
    assert (code, out) == (1, "")
    assert "result.json" in err
    code, out, _ = call("list", "--json")
    assert code == 0
    assert "result.json" in last(out)[0]["reason"]


def test_a_run_that_is_halted_ends_with_code_1_and_resumes(call, store):
    """What was asked was not done; `resume` does it, whatever request was left lying."""
    config = configs.quick().replace(**dict(configs.parse_setting(s) for s in (
        "network.kind=rote", "scene.size=32", "scene.radius_min=3", "scene.radius_max=6",
        "selection.n_pool=30", "evaluation.n_held_out=5")))
    run_id = store.create(config)[0]
    store.request(run_id, "step")
    code, _, _ = call("work", run_id)
    assert code == 0
    assert last(call("show", run_id, "--json")[1])["n_core"] == 11
    store.request(run_id, "cancel")
    code, out, _ = call("resume", run_id, "--json")
    assert code == 0
    assert last(out)["state"] == "completed"


def test_a_run_at_work_elsewhere_is_code_1(call, store, done):
    """Busy is said, not waited for."""
    other = store.create(configs.quick())[0]
    with store.lock(other):
        code, _, err = call("resume", other)
    assert code == 1
    assert "another process" in err


def test_an_interrupt_is_a_sentence(call, monkeypatch):
    """Ctrl-C says how to go on."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(worker, "work", interrupted)
    code, _, err = call("run", *SMALL)
    assert code == 130
    assert "resume" in err
    monkeypatch.setattr(files, "folder_of", interrupted)
    assert call("data", "split", "old", "new") == (130, "", "shipdash: stopped\n")


def test_an_interrupted_dashboard_ends_by_itself(call, monkeypatch):
    """Its server hears Ctrl-C too, and was killed while it was ending."""

    class Server:
        waits = iter([KeyboardInterrupt, 0])

        def __init__(self, *_, **__):
            pass

        def wait(self):
            said = next(self.waits)
            if said is KeyboardInterrupt:
                raise said
            return said

    monkeypatch.setattr(cli.subprocess, "Popen", Server)
    assert call("dashboard") == (0, "", "")


@pytest.mark.parametrize("kind", ["png", "npz"])
def test_an_export_is_the_core_set_with_its_true_factors(call, store, done, tmp_path, kind):
    """core.csv: index and factors in order of selection; pixels as the pool draws them."""
    out = tmp_path / "deep" / "out"
    code, _, _ = call("export", done, "--out", out, "--format", kind)
    config, core = store.config(done), list(store.result(done).core)
    pool = open_source(config)
    with (out / "core.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert code == 0
    assert [int(row["index"]) for row in rows] == core
    for row in rows:
        factors = pool.factors(int(row["index"]))._asdict() | {"label": "true"}
        assert set(row) == {"rank", "index", *factors}
        assert {k: row[k] for k in factors} == {
            k: "" if v is None else str(v) for k, v in factors.items()}
    images, masks = pool.draw(core)
    if kind == "npz":
        with np.load(out / "core.npz", allow_pickle=False) as stored:
            assert stored["index"].tolist() == core
            assert np.array_equal(stored["images"], images)
            assert np.array_equal(stored["masks"], masks)
        return
    assert len(list(out.glob("*.png"))) == 2 * len(core)
    for i, image, mask in zip(core, images, masks, strict=True):
        assert np.abs(imread(out / f"{i:07d}_image.png") / 255 - image).max() <= 0.5 / 255 + 1e-6
        assert np.array_equal(imread(out / f"{i:07d}_mask.png") > 0, mask)


def test_nothing_to_export_and_nowhere_to_are_code_1(call, store, done, tmp_path):
    """A run without a pick, and a file where the folder should be."""
    (tmp_path / "file").write_text("")
    queued = store.create(configs.quick())[0]
    for words, said in (([queued, "--out", tmp_path / "out"], "no core pairs yet"),
                        ([done, "--out", tmp_path / "file"], "choose another --out")):
        code, out, err = call("export", *words)
        assert (code, out) == (1, "")
        assert said in err
    assert not (tmp_path / "out").exists()


def test_probe_that_cannot_write_is_code_1(call, tmp_path, monkeypatch):
    """A folder that is not there."""
    monkeypatch.setattr(cli, "probe_device", dict)
    code, out, err = call("probe", "--out", tmp_path / "no" / "device.json")
    assert (code, out) == (1, "")
    assert "choose another --out" in err


def test_the_bar_tells_tested_and_kept(call, monkeypatch):
    """On a terminal, until the whole pool is tested."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    code, out, err = call("run", *SMALL, "--json")
    assert code == 0
    assert " 30 tested" in err
    assert last(out)["state"] == "completed"


def test_the_real_command_starts_and_needs_no_tensorflow_for_rote(tmp_path):
    """A process of its own, as typed, from another folder than ours."""
    words = ("import sys, shipdash.__main__ as cli; code = cli.main(sys.argv[1:]); "
             "assert not {'tensorflow', 'keras', 'streamlit'} & set(sys.modules); sys.exit(code)")
    done = subprocess.run(
        [sys.executable, "-c", words, "run", *SMALL, "--json", "--runs", tmp_path / "runs"],
        capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(last(done.stdout)) >= KEYS
    wrong = subprocess.run([sys.executable, "-m", "shipdash", "show", "../x"],
                           capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert "Traceback" not in wrong.stderr


def test_whoever_reads_may_stop_reading(tmp_path):
    """As `| head` does: no traceback."""
    with subprocess.Popen([sys.executable, "-m", "shipdash", "list", "--runs", tmp_path],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        command.stdout.close()
        assert (command.stderr.read(), command.wait()) == (b"", 1)


def test_a_store_error_is_code_1_and_a_config_error_code_2(call, monkeypatch):
    """The two kinds of no."""
    for error, code in ((StoreError("no"), 1), (configs.ConfigError("a.b", 1, "no"), 2)):
        def fail(*_, error=error, **__):
            raise error

        monkeypatch.setattr(worker, "work", fail)
        assert call("run", *SMALL)[0] == code
