"""What can be asked: every limit of every field, and one run id for one question."""

import dataclasses
import json
import math

import pytest

from shipdash import config as configs
from shipdash.config import (
    PRESETS,
    SECTIONS,
    ArmConfig,
    ConfigError,
    PlantedConfig,
    RunConfig,
    SceneConfig,
    SelectionConfig,
    SourceConfig,
    default_name,
    parse_setting,
    preset,
    preset_of,
    setting,
)
from shipdash.config.settings import SCORED

FIELDS = {
    f"{section}.{spec.name}": spec
    for section, kind in SECTIONS.items() for spec in dataclasses.fields(kind)
}
KINDS = {dotted: type(spec.default) for dotted, spec in FIELDS.items()}
NUMBERS = [dotted for dotted, kind in KINDS.items() if kind in (int, float)]
WORDS = [dotted for dotted, kind in KINDS.items()
         if kind is str and FIELDS[dotted].metadata["choices"]]
RUN_A, RUN_B = "0123456789abcdef", "f" * 16
AN_ARM = {"kind": "random", "source": RUN_A, "n_steps": 7}
"""What a control arm needs at least: its fields ask for each other, so one alone is refused."""
A_DATA_SET = {"kind": "files", "name": "nuclei", "fingerprint": RUN_A, "rows": 64, "cols": 96}
"""What a data set needs at least."""


def build(dotted, value):
    """The section with one field set, all others at their defaults; of an arm, as it needs them."""
    section, name = dotted.split(".")
    others = AN_ARM if section == "arm" and value != "selection" else {}
    others = others | {"scores": RUN_B} if value in SCORED else others
    others = A_DATA_SET if section == "source" and value != "scene" else others
    return SECTIONS[section](**{**others, name: value})


def refused(dotted, value):
    """The error that a value of a field raises, after a look at its words."""
    with pytest.raises(ConfigError) as caught:
        build(dotted, value)
    error, text = caught.value, str(caught.value)
    assert error.field == dotted and dotted in text
    assert error.rule in text and error.rule.startswith(("must", "plus"))
    shown = repr(value)
    assert (shown if len(shown) <= 80 else shown[:77] + "...") in text
    return error


def another(dotted):
    """A valid value of a field that is not its default."""
    spec = FIELDS[dotted]
    if KINDS[dotted] is bool:
        return not spec.default
    if KINDS[dotted] is tuple:
        return (RUN_A,)
    if dotted in ("arm.source", "arm.scores", "selection.parent", "source.fingerprint"):
        return RUN_B
    if dotted == "source.name":
        return "ships"
    if dotted in ("source.rows", "source.cols"):
        return 128
    if KINDS[dotted] is str:
        return next(c for c in spec.metadata["choices"] if c != spec.default)
    step = spec.metadata["step"]
    for value in (spec.default + step, spec.default - step):
        try:
            build(dotted, value)
        except ConfigError:
            continue
        return value
    raise AssertionError(f"{dotted} has no valid neighbour")


# -- one field at a time -----------------------------------------------------------------------


@pytest.mark.parametrize("dotted", NUMBERS)
def test_a_number_outside_its_range_is_refused(dotted):
    """Just below and just above the limits, and far beyond them, the rule names both limits."""
    low, high = (FIELDS[dotted].metadata[k] for k in ("low", "high"))
    if KINDS[dotted] is int:
        wrong = [low - 1, high + 1, -(10**30), 10**400]
    else:
        wrong = [math.nextafter(low, -math.inf), math.nextafter(high, math.inf), 1e300, 10**400]
    for value in wrong:
        rule = refused(dotted, value).rule
        as_shown = ",g" if KINDS[dotted] is float else ","
        assert f"from {low:{as_shown}} to {high:{as_shown}}" in rule


@pytest.mark.parametrize("dotted", NUMBERS)
def test_what_is_not_finite_is_refused(dotted):
    """NaN passes no comparison and no check either."""
    for value in (math.nan, math.inf, -math.inf):
        refused(dotted, value)


@pytest.mark.parametrize("dotted", FIELDS)
def test_a_wrong_type_is_refused(dotted):
    """Nothing is guessed from a text, a list, nothing or an object."""
    wrong = [None, {}, object(), "Ä", 1j, b"x", [1], [[]]]
    if "" not in (FIELDS[dotted].metadata["choices"] or [""]) or KINDS[dotted] is not str:
        wrong.append("")
    if KINDS[dotted] is not bool and KINDS[dotted] is not tuple:
        wrong += [[], ()]
    for value in wrong:
        refused(dotted, value)


@pytest.mark.parametrize("dotted", NUMBERS)
def test_a_bool_is_no_number(dotted):
    """True is not 1, although Python says so."""
    refused(dotted, True)
    refused(dotted, False)


@pytest.mark.parametrize("dotted", [d for d, kind in KINDS.items() if kind is bool])
def test_a_number_is_no_bool(dotted):
    """1 is not true, although Python says so."""
    refused(dotted, 1)
    refused(dotted, 0)


@pytest.mark.parametrize("dotted", [d for d, kind in KINDS.items() if kind is int])
def test_a_whole_float_is_no_whole_number(dotted):
    """A count of 16.0 is refused, so that one question has one text."""
    refused(dotted, float(FIELDS[dotted].default))


@pytest.mark.parametrize("dotted", WORDS)
def test_only_the_choices_can_be_chosen(dotted):
    """Every choice is accepted, every other word refused with the list of choices."""
    for choice in FIELDS[dotted].metadata["choices"]:
        assert getattr(build(dotted, choice), dotted.split(".")[1]) == choice
        assert choice in refused(dotted, f"{choice}X").rule


def test_the_limits_themselves_are_accepted():
    """Both ends of a range belong to it, as far as other fields leave room."""
    n_accepted = 0
    for dotted in NUMBERS:
        for end in ("low", "high"):
            value = FIELDS[dotted].metadata[end]
            try:
                assert getattr(build(dotted, value), dotted.split(".")[1]) == value
                n_accepted += 1
            except ConfigError as error:  # a rule between fields, never the range
                assert not error.rule.startswith(("must be a number", "must be a whole"))
    assert n_accepted > len(NUMBERS)


def test_a_whole_number_becomes_a_float():
    """An int in a float field is stored as the float that it means."""
    assert type(SceneConfig(radius_max=20).radius_max) is float


def test_a_long_value_is_cut_in_the_error():
    """A pasted novel does not fill the page."""
    assert len(str(refused("scene.polarity", "x" * 5000))) < 250


@pytest.mark.parametrize(
    "value",
    [[RUN_A, RUN_A], ["short"], [RUN_A.upper()], [RUN_A + "\n"], "abc", RUN_A, {RUN_A: 1}, [1]],
)
def test_excluded_runs_must_be_distinct_run_ids(value):
    """Sixteen hexadecimal digits each, none twice."""
    refused("selection.exclude", value)


@pytest.mark.parametrize(
    "value", ["short", RUN_A.upper(), RUN_A + "\n", f" {RUN_A}", f"../{RUN_A}"])
def test_a_source_must_be_a_run_id(value):
    """It names a folder: sixteen hexadecimal digits and nothing else."""
    assert "run id" in refused("arm.source", value).rule


def test_excluded_runs_have_no_order():
    """The same runs in another order are the same question."""
    assert SelectionConfig(exclude=[RUN_B, RUN_A]) == SelectionConfig(exclude=(RUN_A, RUN_B))


# -- fields against each other -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scene.size": 40}, "scene.size"),
        ({"scene.radius_max": 64.0}, "scene.radius_max"),
        ({"scene.size": 32}, "scene.radius_max"),
        ({"scene.radius_min": 20.5}, "scene.radius_min"),
        ({"scene.contrast": 0.26}, "scene.contrast"),
        ({"scene.noise": 0.76}, "scene.contrast"),
        ({"planted.distinct": 5, "planted.duplicates": 0.1}, "planted.duplicates"),
        ({"selection.n_pool": 10}, "selection.first"),
        ({"arm.kind": "core", "arm.n_steps": 5}, "arm.source"),
        ({"arm.source": RUN_A}, "arm.source"),
        ({"arm.kind": "core", "arm.source": RUN_A}, "arm.n_steps"),
        ({"arm.n_steps": 5}, "arm.n_steps"),
        ({"arm.n_pairs": 5}, "arm.n_pairs"),
        ({"arm.kind": "full", "arm.source": RUN_A, "arm.n_steps": 5, "arm.n_pairs": 5},
         "arm.n_pairs"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes, field):
    """The error names the field to change and the value it has."""
    with pytest.raises(ConfigError, match="Received:") as caught:
        RunConfig().replace(**changes)
    assert caught.value.field == field and str(caught.value).startswith(field)


def test_a_contradiction_names_both_values():
    """Whoever reads the error sees both sides of it."""
    with pytest.raises(ConfigError, match="must be less than half of size") as caught:
        SceneConfig(radius_max=80)
    assert "radius_max=80.0, size=128" in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"scene.radius_max": 63.5}, {"scene.radius_min": 20.0},
        {"scene.noise": 0.9, "scene.contrast": 0.1}, {"scene.noise": 0.7, "scene.contrast": 0.3},
        {"selection.n_pool": 11}, {"planted.distinct": 5}, {"planted.duplicates": 0.5},
    ],
)
def test_settings_on_the_edge_are_accepted(changes):
    """Equality is allowed where the rule says so, whatever floats make of sums."""
    RunConfig().replace(**changes)


@pytest.mark.parametrize(
    ("arm", "n_core", "n_stream", "wanted"),
    [
        ({"kind": "core"}, 9, 100, 9), ({"kind": "random"}, 9, 100, 9),
        ({"kind": "first", "n_pairs": 100}, 9, 100, 100), ({"kind": "full"}, 9, 100, 100),
        ({"kind": "core", "n_pairs": 4}, 9, 100, 4), ({"kind": "rejected"}, 50, 100, 50),
        ({"kind": "stratified", "n_pairs": 1}, 9, 100, 1),
    ],
)  # fmt: skip
def test_an_arm_knows_how_many_pairs_it_wants(arm, n_core, n_stream, wanted):
    """As many as the core set unless it says so, all of the pool for the full pool."""
    assert ArmConfig(**{**AN_ARM, **arm}).n_wanted(n_core, n_stream) == wanted


@pytest.mark.parametrize(
    ("arm", "n_core", "n_stream", "there"),
    [
        ({"kind": "core", "n_pairs": 10}, 9, 100, "9, the core pairs"),
        ({"kind": "rejected"}, 51, 100, "49, the pairs that the source discarded"),
        ({"kind": "random", "n_pairs": 101}, 9, 100, "100, the pairs of the source's pool"),
        ({"kind": "rejected"}, 100, 100, "0, the pairs that the source discarded"),
        ({"kind": "core"}, 0, 0, "0, the core pairs"),
    ],
)
def test_an_arm_that_wants_more_pairs_than_there_are_is_refused(arm, n_core, n_stream, there):
    """The error names the field, what it comes to, and how many there are."""
    with pytest.raises(ConfigError, match=f"from 1 to {there}") as caught:
        ArmConfig(**{**AN_ARM, **arm}).n_wanted(n_core, n_stream)
    assert caught.value.field == "arm.n_pairs"
    assert caught.value.value == arm.get("n_pairs", n_core)


# -- the whole run -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_json(name):
    """Through its canonical text and back, a run is equal and has the same id."""
    run = preset(name).replace(**{"selection.exclude": [RUN_B, RUN_A]})
    back = RunConfig.from_dict(json.loads(run.canonical_json()))
    assert (back, back.digest) == (run, run.digest)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_knows_its_name(name):
    """Seeds do not make another preset of it, any other setting does."""
    run = preset(name)
    assert preset_of(run.replace(**{"seeds.pool": 9, "seeds.model": 8})) == name
    assert preset_of(run.replace(**{"selection.precision": 0.5})) == "custom"


def test_an_unknown_preset_is_refused():
    """The error lists the presets."""
    with pytest.raises(ConfigError, match="must be one of quick, compact, article"):
        preset("slow")


def test_the_article_preset_is_the_articles_experiment():
    """The numbers of the article's listing, by hand."""
    run = configs.article()
    s, n, loop = run.scene, run.network, run.selection
    assert (s.size, s.radius_min, s.radius_max, s.noise, s.contrast) == (128, 10, 20, 0.75, 0.25)
    assert (s.polarity, s.distractor, run.planted) == ("both", "rectangle", PlantedConfig())
    assert (n.kind, n.filters, n.learning_rate) == ("article", 16, 0.001)
    assert (n.batch, n.warmup_batch) == (50, 10)
    assert (loop.n_pool, loop.first, loop.block, loop.precision) == (10_000, 11, 1024, 0.85)
    assert (loop.train_until, loop.acceptance, loop.margin) == ("epoch", "article", 0.95)


@pytest.mark.parametrize("dotted", FIELDS)
def test_every_field_is_part_of_the_run_id(dotted):
    """A run that differs in any one setting has an id of its own."""
    section = dotted.partition(".")[0]
    needed = {"arm": AN_ARM, "source": A_DATA_SET}.get(section, {})
    if dotted == "arm.scores":  # only some kinds of arm have any
        needed = AN_ARM | {"kind": "el2n", "scores": RUN_A}
    if dotted == "source.kind":  # a scene has none of what a data set needs
        needed = {}
        assert RunConfig(source=SourceConfig(**A_DATA_SET)).digest != RunConfig().digest
        return
    run = RunConfig().replace(**{f"{section}.{k}": v for k, v in needed.items()})
    changed = run.replace(**{dotted: another(dotted)})
    assert changed != run and changed.digest != run.digest


def test_a_run_id_is_sixteen_hexadecimal_digits():
    """It names a folder and travels in addresses."""
    assert configs.RUN_ID.fullmatch(RunConfig().digest)


@pytest.mark.parametrize(("name", "run_id"), [
    ("quick", "6ae08ed75db39814"), ("compact", "66d3046a0d05e381"), ("article", "de4e1730b6483a84"),
])
def test_settings_that_were_added_change_no_run_id(name, run_id):
    """Ids of the presets as they were first given for algorithm 3; what is asked anew has its own.

    A change here makes every stored run another version's: raise `ALGORITHM` instead, where picks
    change, or mark a new setting as added.
    """
    run = preset(name)
    assert run.digest == run_id
    assert "brightness" not in run.canonical_json()
    brighter = run.replace(**{"network.brightness": 0.1})
    assert '"brightness":0.1' in brighter.canonical_json() and brighter.digest != run_id
    assert RunConfig.from_stored(json.loads(brighter.canonical_json())) == brighter


def test_the_algorithm_is_part_of_the_run_id(monkeypatch):
    """Another version of the loop never answers from an old run's folder."""
    before = RunConfig().digest
    monkeypatch.setattr("shipdash.config.run.ALGORITHM", configs.ALGORITHM + 1)
    assert RunConfig().digest != before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"scene.radius_max": 20}, {"scene.radius_max": 20.0}),
        ({"scene.noise": 0.0}, {"scene.noise": -0.0}),
        ({"scene.contrast": 0}, {"scene.contrast": 0.0}),
        ({}, {"scene.size": 128}),
    ],
)
def test_equal_settings_have_one_run_id(one, other):
    """However a value is spelt, the same question is the same run."""
    assert RunConfig().replace(**one).digest == RunConfig().replace(**other).digest


def test_missing_fields_take_their_defaults():
    """A spec of an older day, or an empty one, is a run."""
    assert RunConfig.from_dict({}) == RunConfig()
    assert RunConfig.from_dict({"scene": {"size": 64}}).scene == SceneConfig(size=64)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        (None, "run"), ([], "run"), ("scene", "run"), ({"sea": {}}, "sea"), ({3: {}}, "3"),
        ({"scene": None}, "scene"), ({"scene": []}, "scene"),
        ({"scene": {"colour": 1}}, "scene.colour"), ({"seeds": {"pool": "1"}}, "seeds.pool"),
    ],
)
def test_a_spec_of_another_shape_is_refused(spec, field):
    """Unknown sections and fields are named, not dropped."""
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_dict(spec)
    assert caught.value.field == field


def test_a_run_cannot_be_changed():
    """What was asked stays as it was asked."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunConfig().scene.size = 64


def test_to_dict_gives_a_copy():
    """Editing the dictionary leaves the run alone."""
    run = RunConfig()
    run.to_dict()["scene"]["size"] = 1
    assert run.scene.size == 128


# -- settings by name --------------------------------------------------------------------------


@pytest.mark.parametrize("dotted", FIELDS)
def test_a_default_survives_the_command_line(dotted):
    """Written as section.field=value and read again, a default is unchanged."""
    default = FIELDS[dotted].default
    text = {bool: str(default).lower(), tuple: ""}.get(KINDS[dotted], default)
    name, value = parse_setting(f"{dotted}={text}")
    assert name == dotted and RunConfig().replace(**{name: value}) == RunConfig()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("scene.polarity=low_sea", "low_sea"), ("network.augment=false", False),
        ("seeds.pool=7", 7), ("selection.passes=0", 0), ("scene.contrast=1e-1", 0.1),
        (f"selection.exclude={RUN_A},{RUN_B}", [RUN_A, RUN_B]), ("scene.polarity=a=b", "a=b"),
    ],
)
def test_a_setting_is_read_by_its_type(text, value):
    """Numbers, truth values, words and lists come out typed."""
    assert parse_setting(text) == (text.split("=")[0], value)


@pytest.mark.parametrize(
    "text", ["scene.contrast", "", "scene=1", "contrast=1", "scene.colour=1", "=1", "a.b.c=1"]
)
def test_an_unreadable_setting_is_refused(text):
    """What is no section.field=value says how it must read."""
    with pytest.raises(ConfigError, match=r"section\.field"):
        parse_setting(text)


@pytest.mark.parametrize(
    "text",
    ["scene.contrast=much", "scene.contrast=NaN", "seeds.pool=1.5", "network.augment=yes",
     "scene.size=", "seeds.pool=" + "9" * 400, "seeds.pool=" + "9" * 5000],
)
def test_a_bad_value_is_refused_by_its_rule(text):
    """The command line passes on what it cannot read, and the field's rule answers."""
    dotted, value = parse_setting(text)
    with pytest.raises(ConfigError, match=dotted):
        RunConfig().replace(**{dotted: value})


@pytest.mark.parametrize("dotted", FIELDS)
def test_every_setting_has_words_for_its_form(dotted):
    """A label and a sentence of help stand beside the rule."""
    words = setting(dotted).metadata
    assert words["label"] and words["help"].endswith(".")


# -- acceptance --------------------------------------------------------------------------------


@pytest.mark.parametrize("hundredths", range(85, 95))
def test_a_wide_range_of_precisions_accepts_alike(hundredths):
    """Every precision in (0.842, 0.947] passes a pair from IoU 0.90, as the article did."""
    loop = SelectionConfig(precision=hundredths / 100)
    assert (loop.acceptance_tenths, loop.threshold, loop.acceptance_iou) == (9, 0.9, 0.9)


@pytest.mark.parametrize(
    ("precision", "accepted"),
    [(0.842, 0.85), (0.8422, 0.90), (0.947, 0.90), (0.948, 0.95), (1.0, 0.95), (0.05, 0.5)],
)
def test_the_staircase_of_acceptance_has_its_steps(precision, accepted):
    """The IoU that passes moves in steps of 0.05 with the precision."""
    assert SelectionConfig(precision=precision).acceptance_iou == pytest.approx(accepted)


def test_a_threshold_on_a_step_is_that_step():
    """Floats do not lift a product that means a whole tenth to the next."""
    for margin in (0.35, 0.55, 0.65, 0.7, 0.85, 0.9, 0.95, 1.0):
        for tenths in range(1, int(10 * margin) + 1):
            loop = SelectionConfig(precision=tenths / 10 / margin, margin=margin)
            assert loop.acceptance_tenths == tenths


def test_plain_iou_accepts_continuously():
    """Under the other score the threshold is margin times precision."""
    loop = SelectionConfig(acceptance="iou", precision=0.8, margin=0.9)
    assert loop.threshold == loop.acceptance_iou == pytest.approx(0.72)


def test_settings_of_algorithm_2_are_read_in_todays_names():
    """What moved is found in its new place, what was dropped was off, and the run id is another."""
    old = RunConfig().to_dict()
    del old["planted"], old["source"], old["arm"]["protocol"]
    old["scene"] |= {"distinct": 50, "duplicates": 0.0, "label_noise": 0.0,
                     "label_noise_kind": "shifted"}
    old["selection"] |= {"confirm": False, "picks_per_scan": 1}
    assert RunConfig.from_stored(old) == RunConfig(planted=PlantedConfig(distinct=50))
    assert "distinct" in old["scene"]  # what was handed in is left alone
    with pytest.raises(ConfigError, match="must be 1: it was dropped in algorithm 3"):
        RunConfig.from_stored(old | {"selection": {"picks_per_scan": 4}})
    for nonsense in (None, [], {"scene": 3}, {"selection": []}):
        with pytest.raises(ConfigError):
            RunConfig.from_stored(nonsense)


@pytest.mark.parametrize(("changes", "name"), [
    ({}, "compact"),
    ({"seeds.pool": 3, "seeds.order": 3, "seeds.model": 3}, "compact, seeds 3/3/3"),
    ({"scene.contrast": 0.1}, "compact, contrast 0.10"),
    ({"scene.polarity": "low_sea", "network.augment": False},
     "compact, polarity low sea, flips and quarter turns off"),
    ({"selection.n_pool": 500, "scene.noise": 0.2, "scene.contrast": 0.1, "selection.block": 64,
      "selection.precision": 0.9},
     "compact, noise amplitude 0.20, contrast 0.10, pool 500 pairs, 2 more changes"),
])
def test_a_run_without_a_name_is_called_by_what_was_changed(changes, name):
    """The nearest preset, at most three changes in their labels' words, the seeds if not 1."""
    assert default_name(RunConfig().replace(**changes)) == name


def test_a_run_is_called_by_the_nearest_preset():
    """The one with the fewest other settings."""
    faint = configs.quick().replace(**{"scene.contrast": 0.15})
    assert default_name(faint) == "quick, contrast 0.15"
    assert default_name(configs.article()) == "article"
