"""README and docs/results.md: every number follows from a stored table.

Each sentence with numbers is made again from the tables and must stand in the text; what is left of
the text may hold no number but those listed here.
"""

import functools
import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from recorded_run import SCENE

from benchmarks import kept_runs, preregistered, preregistered_report, registration, study
from benchmarks.pools import (
    Paired,
    below,
    failing_by_gap,
    hypothesis_table,
    paired,
    ratio,
)
from benchmarks.two_networks import two
from shipdash.analysis import ARMS, core_against_random, rival_tests, update_budget
from shipdash.analysis.arms import TIMES
from shipdash.analysis.by_factor import GAP, failing_by_factor, telling_group
from shipdash.analysis.certificate import risk_bound
from shipdash.analysis.core_against_random import arm_row
from shipdash.analysis.difference import arm_difference
from shipdash.analysis.planted import may_forget
from shipdash.analysis.share_below_iou import (
    crossing_words,
    crossings,
    medians_table,
    share_below_table,
)
from shipdash.config import compact
from shipdash.runs import Store
from shipdash.studies import collect, stored_ious

ROOT = Path(__file__).parents[1]
RECORDED = ROOT / "shipdash" / "recorded"
STUDIES = {"now": RECORDED / "study", "on a Xeon": RECORDED / "study-xeon",
           "on another EPYC": RECORDED / "study-epyc",
           "here": RECORDED / "study-0.2.0",
           "elsewhere": RECORDED / "study-0.2.0-elsewhere"}
IOUS = collect.read(STUDIES["now"]).ious
ABOUT = {name: json.loads((folder / "about.json").read_text()) for name, folder in STUDIES.items()}
SEEDS = "2026-11-26T1200-seeds.json"
CLICK = "from the click to the finished selection, network ready"
SPREAD = [("Core set", "equal updates"), ("Random", "equal updates"),
          ("Stratified random", "equal updates"), ("First of the stream", "equal updates"),
          ("Rejected", "equal updates"), ("Full pool", "equal updates"),
          ("Full pool", "equal cost"), ("Full pool", "to convergence")]
LABELS = {"Core set": "the selected pairs", "Random": "random pairs",
          "Stratified random": "random pairs, one from each of {} strata",
          "First of the stream": "the first pairs of the stream",
          "Rejected": "pairs that selection discarded", "Full pool": "all pairs",
          "Factor-matched random": "random pairs with the selected pairs' factors",
          "One-shot hardness (EL2N)": "pairs of the largest one-shot error (EL2N)",
          "Coverage-centric (CCS)": "coverage-centric selection (CCS)",
          "Most often forgotten": "the pairs most often forgotten",
          "k-centre greedy": "a cover of the network's features (k-centre)"}
STOPS = {"equal updates": "all pairs, as many training images",
         "equal cost": "all pairs, as much computing as the selection took",
         "to convergence": "all pairs, until the loss no longer falls"}
"""What an arm is called in the texts; the full pool of version 0.2.0 by when it stops."""


@functools.cache
def table(study: str, name: str) -> pd.DataFrame:
    """One stored table of a recorded study."""
    return pd.read_csv(STUDIES[study] / f"{name}.csv")


def arm(study: str, name: str, stop: str = "equal updates", network: str = "same") -> pd.Series:
    """One arm of a recorded study."""
    arms = table(study, "arms")
    (row,) = [row for _, row in arms.iterrows()
              if (row["arm"], row["stop"], row["network"]) == (name, stop, network)]
    return row


def benchmark(file: str) -> dict:
    """Rows of a kept benchmark report by name."""
    rows = json.loads((ROOT / "benchmarks" / "results" / file).read_text())["rows"]
    return {row["name"]: row for row in rows}


def text_of(file: str) -> str:
    """The text with single spaces, without code, links' addresses and numbers of a list.

    Without what other tests make again: the report of the registered study
    (test_preregistered.py), mixtures (test_mixtures_tables.py), nuclei (test_nuclei_study.py), the
    article's network (test_article_network.py), precision (test_record_sweep.py), growth
    (test_growth.py) and goals (test_goals.py).
    """
    text = (ROOT / file).read_text("utf-8")
    elsewhere = "Mixtures|Nuclei|The article's network|Precision|Growth|Goals"
    text = re.sub(rf"(?ms)^# ({elsewhere})$.*?(?=^# )", "", text)
    text = text.replace(preregistered_report.section(text) or "\0", "")
    text = re.sub(r"(?m)^    .*$|^\d\. ", "", text)
    text = re.sub(r"`[^`\n]*`|\]\([^)]*\)|<http[^>]*>", " ", text)
    return " ".join(text.replace("**", "").replace("\n- ", "\n").split())


def share(value: float, digits: int = 2) -> str:
    """A share in percent, without the sign: ``0.28``."""
    return f"{100 * value:.{digits}f}"


def label(row: pd.Series) -> str:
    """The first cell of an arm's row."""
    return LABELS[row["arm"]].format(row.n_pairs)


def spread(row: pd.Series) -> str:
    """``0.28 % (0.24 to 0.32)``."""
    low, high = share(row.share_failing_low), share(row.share_failing_high)
    return f"{share(row.share_failing)} % ({low} to {high})"


def controls() -> list[str]:
    """The rows of the long table, and what is said below it."""
    rows = [arm("here", *each) for each in SPREAD]
    core, random = rows[:2]
    stream = arm("here", "Streaming learner", "as selection left it")
    worth = table("here", "worth").set_index("measure").loc["mean_iou"]
    own, own_random = (arm("here", name, "until the score passes") for name in
                       ("Core set", "Random"))
    wide, wide_random = (arm("here", name, network="compact, 16 filters") for name in
                         ("Core set", "Random"))
    cost = table("here", "cost").query("network == 'same'").set_index(["arm", "stop"])["epochs"]
    epochs = cost["Streaming learner", "as selection left it"]
    scratch = cost["Core set", "equal updates"]
    curve = table("here", "curve")
    assert round(random.share_failing / core.share_failing) == 4
    assert core.mean_iou_high > random.mean_iou_low
    assert (curve["share_failing"] > core.share_failing).all() and (curve["n_runs"] == 3).all()
    assert round(rows[7].n_backward / 10_000) == 19
    return [
        "| trained on | pairs | training images | failing | mean IoU | runs |",
        *(f"| {STOPS[row.stop] if row['arm'] == 'Full pool' else label(row)} | {row.n_pairs:,} | "
          f"{row.n_backward:,.0f} | {spread(row)} | {row.mean_iou:.3f} | {row.n_runs} |"
          for row in rows),
        f"mean IoU is {round(random.mean_iou, 3) - round(core.mean_iou, 3):.3f} lower",
        f"{core.n_pairs} random pairs, {100 - 100 * random.share_failing:.1f} % of held-out pairs "
        "reach IoU 0.90, trained on as many images of all pairs "
        f"{100 - 100 * rows[5].share_failing:.1f} %",
        f"together cost {epochs + scratch:.2f} epochs over the pool",
        f"At equal cost ({epochs:.2f} epochs) the network as selection left it fails on "
        f"{share(stream.share_failing)} % with mean IoU {stream.mean_iou:.3f} (one run), all "
        f"pairs on {share(rows[6].share_failing)} % with {rows[6].mean_iou:.3f}",
        f"on all pairs, 19 epochs, fail on {share(rows[7].share_failing)} %",
        f"on {curve.n_pairs.min()} to {curve.n_pairs.max():,} random pairs",
        f"worth {worth.worth:.0f} random pairs (95 %: {worth.worth_low:.0f} to "
        f"{worth.worth_high:.0f})",
        f"{spread(wide)} fail after the core set and {spread(wide_random)} after random pairs",
        f"core networks fail on {share(own.share_failing, 1)} %, random ones on "
        f"{share(own_random.share_failing, 1)} %",
        f"took {own.n_backward / own_random.n_backward - 1:.0%} more".replace("%", " %"),
    ]


def other_selections() -> list[str]:
    """Orders, passes, folds and planted answers."""
    fan, overlap, passes = (table("here", name) for name in ("fan", "overlap", "passes"))
    clean, folds = passes[passes["reason"] == "clean"].iloc[0], table("here", "folds")
    few, many = table("here", "distinct").itertuples()
    noise = table("here", "noise").iloc[0]
    assert (few.n_distinct, many.n_distinct) == (50, 100)
    assert few.n_forgotten > may_forget(50) and many.n_forgotten > may_forget(100)

    assert noise.n_wrong == noise.n_pool_wrong
    return [
        f"{fan.n_core.min()} to {fan.n_core.max()} pairs, median {fan.n_core.median():.0f}; "
        f"failing {share(fan.share_failing.min())} to {share(fan.share_failing.max())} %, median "
        f"{share(fan.share_failing.median())} %; mean IoU {fan.mean_iou.min():.3f} to "
        f"{fan.mean_iou.max():.3f}",
        f"share {overlap.common.min()} to {overlap.common.max()} pairs",
        f"{clean.rounds} passes, {clean.n_core} pairs, {share(clean.share_failing)} % failing",
        f"gives {folds.n_core[1]} and {folds.n_core[2]} pairs",
        f"on {share(folds.share_failing_scratch[1])} and {share(folds.share_failing_scratch[2])} %",
        "pools of 50 and 100 distinct pairs, each repeated to 10,000, it keeps "
        f"{few.n_found} and {many.n_found} different ones, some of them several times "
        f"({few.n_core} and {many.n_core} in all). It failed {few.n_forgotten} and "
        f"{many.n_forgotten} repeats although it had kept a copy, where at most "
        f"{may_forget(50)} and {may_forget(100)} are allowed",
        f"where {noise.n_pool_wrong} of {noise.n_pool} masks are wrong, all {noise.n_wrong} are "
        f"kept, among {noise.n_core}",
    ]


def second_processor() -> list[str]:
    """What repeats there and what does not."""
    across, passes = table("elsewhere", "across"), table("elsewhere", "passes")
    clean, first = passes[passes["reason"] == "clean"].iloc[0], table("here", "passes").iloc[1]
    there = {name: arm("elsewhere", name) for name in
             ("Core set", "First of the stream", "Random", "Stratified random", "Rejected",
              "Full pool")}
    failing = {name: share(row.share_failing) for name, row in there.items()}
    own = [arm("elsewhere", name, "until the score passes").share_failing for name in
           ("Core set", "Random")]
    left, equal = (arm("elsewhere", *each).share_failing for each in
                   (("Streaming learner", "as selection left it"), ("Full pool", "equal cost")))
    worth = table("elsewhere", "worth").set_index("measure").loc["mean_iou"]
    here_first, here_random = arm("here", "First of the stream"), arm("here", "Random")
    assert (across["share_failing"] < across["share_failing_random"]).all() and len(across) == 5
    assert there["First of the stream"].share_failing_high > there["Random"].share_failing_low
    assert arm("here", "Rejected").share_failing_low < here_random.share_failing_high
    assert worth.worth_high == float("inf")
    core, core_random = across.share_failing, across.share_failing_random
    return [
        f"{ABOUT['here']['n_core']} pairs of order 1 on the first processor, "
        f"{ABOUT['elsewhere']['n_core']} on the second",
        f"({across.n_pairs.min()} to {across.n_pairs.max()} pairs kept)",
        f"on {share(core.min())} to {share(core.max())} % against {share(core_random.min())} to "
        f"{share(core_random.max())} %",
        f"differs by −{-across.mean_iou_diff.min():.3f} to +{across.mean_iou_diff.max():.3f}",
        f"At {there['Core set'].n_backward:,.0f} training images order 1 gives: failing "
        f"{failing['Core set']} % after the core set, {failing['First of the stream']} after the "
        f"first pairs, {failing['Random']} random, {failing['Stratified random']} stratified, "
        f"{failing['Rejected']} discarded, {failing['Full pool']} all pairs; each until its own "
        f"score passes, {share(own[0], 1)} against {share(own[1], 1)} %",
        f"left it fails on {share(left)} %, all pairs at as much computing on {share(equal)} %",
        f"worth {worth.worth:.0f} random pairs (95 %: {worth.worth_low:.0f} to no bound) instead "
        f"of {table('here', 'worth').set_index('measure').loc['mean_iou'].worth:.0f}",
        f"(at most {share(here_first.share_failing_high)} % against at least "
        f"{share(here_random.share_failing_low)} %)",
        f"(at least {share(there['Rejected'].share_failing_low)} % against at most "
        f"{share(there['Random'].share_failing_high)} %)",
        f"after {clean.rounds} passes with {clean.n_core} pairs and {share(clean.share_failing)} % "
        f"failing, instead of {first.rounds}, {first.n_core} and {share(first.share_failing)} %",
    ]


def times() -> list[str]:
    """What the kept benchmarks say."""
    seeds = benchmark(SEEDS)
    program = benchmark("2026-11-24T2233-article-program.json")
    click = seeds[CLICK]
    fresh = seeds["from the click to the finished selection, fresh worker"]
    core, failing = seeds["core set"], seeds["held-out: share failing"]
    speed = benchmark("2026-11-26T1146-machine.json")["speed of the product"]
    theirs = program["the article's program: predictions"]["value"]
    published = program["the article's program at its published counts"]["value"]
    fit = program["Keras fit, 128 x 128, 16 filters"]
    assert click["n"] == fresh["n"] == 5
    assert program["same picks"]["value"]
    return [
        f"{click['value']:.0f} s on two idle cores (median of five seeds, {click['low']:.0f} to "
        f"{click['high']:.0f} s)",
        f"({seeds['made ready beforehand']['value']:.0f} s)",
        f"keep {core['low']:.0f} to {core['high']:.0f} pairs, median {core['value']:.0f}, with a "
        f"mean IoU of {seeds['held-out: mean IoU']['value']:.4f} and {failing['value']:.2f} % "
        "failing",
        f"takes {fresh['value']:.0f} s ({fresh['low']:.0f} to {fresh['high']:.0f})",
        f"{speed['value']:.0f} GFLOP/s",
        f"the same {program['our loop: core set']['value']} of 600 small pairs",
        f"with {theirs:,} predictions instead of {program['our loop: predictions']['value']:,} and "
        f"in {program['ratio of wall times']['value']:.1f} times the time",
        f"would take {published / 3600:.1f} hours",
        f"the fastest of three repeats trained {fit['high'] / fit['low']:.1f} times as fast",
    ]


def certified() -> list[str]:
    """The bound of a run that kept so many of 10,000 pairs in a clean pass."""
    clean = table("here", "passes").iloc[1]
    return [f"by {share(risk_bound(int(clean.n_core), 10_000, 0.01))} %, with probability "
            "99 % over the pool"]


def measured() -> list[str]:
    """What the runs were, from the tables' own notes and the presets."""
    config, about = compact(), ABOUT["here"]
    assert (config.selection.n_pool, config.scene.size) == (10_000, 128)
    return [
        f"128 x 128, a pool of 10,000 pairs, precision {config.selection.precision:g}; pool and "
        f"order seed 1, model seeds of the arms from 1001 on",
        f"IoU below {about['acceptance_iou']:.2f} on {about['n_held_out']:,} held-out pairs",
        f"({about['n_runs']} of the plan's {about['n_planned']} runs)",
        f"({ABOUT['elsewhere']['n_runs']} of {ABOUT['elsewhere']['n_planned']})",
        f"of {SCENE.result.n_parameters:,} parameters",
    ]


NOW = ["Core set", "Random", "Stratified random", "First of the stream", "Rejected", "Full pool"]


@functools.cache
def median(name: str) -> pd.Series:
    """The median held-out IoU of an arm's runs in version 0.3.0: mean, lowest, highest."""
    found = medians_table(IOUS, SCENE.result.n_core).set_index(["arm", "stop"])
    return found.loc[(name, "equal updates")]


@functools.cache
def curves_below() -> pd.DataFrame:
    """Share below every IoU after the core set and after random pairs, one column each."""
    found = share_below_table(IOUS, SCENE.result.n_core)
    found = found[found["stop"] == "equal updates"]
    return found.pivot(index="threshold", columns="arm", values="share")[["Core set", "Random"]]


def crossing() -> tuple[float, float]:
    """The IoU between which the two curves cross once; the core set is ahead below them."""
    curves = curves_below()
    ((low, high),) = crossings(curves["Core set"].to_numpy(), curves["Random"].to_numpy())
    behind = curves["Core set"] - curves["Random"]
    assert (behind[:low] < 0).all() and (behind[high:] > 0).all()
    return low, high


def gaps() -> list[str]:
    """Failing by the gap between the shapes, and what touching pairs carry of the difference."""
    found = failing_by_factor(IOUS, GAP, SCENE.result.n_core, ABOUT["now"]["acceptance_iou"])
    shares = found[found["stop"] == "equal updates"].set_index(["group", "arm"])["share_failing"]
    touching = telling_group(found)
    rows = [f"| {row.group} | {row.n:,} | " + " | ".join(
        share(shares[row.group, name]) for name in ("Core set", "Random", "Full pool")) + " |"
        for row in found[["group", "n"]].drop_duplicates().itertuples()]
    assert touching.name == "0 to 1.5" and len(rows) == 6
    return ["| gap in pixels | held-out pairs | the selected pairs | random pairs | all pairs |",
            *rows, f"are {share(touching.share, 1)} % of the held-out pairs and carry "
            f"{share(touching.part, 0)} % of the difference",
            f"group the difference is not separated either (p = {touching.test.p:.2f})"]


def placebo() -> str:
    """The first pairs of the stream against random pairs, and the core set, by the same test."""
    arms = collect.read(STUDIES["now"]).arms
    random = arm_row(arms, "Random", "equal updates")
    first, core = (arm_difference(arm_row(arms, name, "equal updates"), random, "share_failing")
                   for name in ("First of the stream", "Core set"))
    return (f"{-100 * first.at:.2f} points fewer fail (p = {first.p:.2f}). After the selected "
            f"pairs it is {-100 * core.at:.2f} points fewer (p = {core.p:.2f}).")


def repeated() -> list[str]:
    """The controls of the same selection on two other processors."""
    said = []
    for name in ("on a Xeon", "on another EPYC"):
        core, random, everything = (arm(name, kind) for kind in NOW[:2] + NOW[-1:])
        found = collect.read(STUDIES[name])
        medians = medians_table(found.ious, SCENE.result.n_core)
        both = [arm_row(medians, kind, "equal updates") for kind in NOW[:2]]
        tests = (arm_difference(core, random, "share_failing"), arm_difference(*both, "median"))
        assert {core.n_runs, random.n_runs, everything.n_runs} == {3}
        assert found.about["run_id"] == ABOUT["now"]["run_id"] and found.about["n_runs"] == 18
        assert not any(test.separated for test in tests)
        machine = found.about.get("arm_machine") or found.about["machine"]
        family = re.search(r"family \d+, model \d+", machine).group()
        said += [f"| {'Xeon' if 'Xeon' in machine else 'AMD EPYC'}, {family} | {spread(core)} | "
                 f"{spread(random)} | {spread(everything)} | {both[0]['median']:.4f} | "
                 f"{both[1]['median']:.4f} | {tests[0].p:.2f} | {tests[1].p:.2f} |"]
    epyc, xeon = (arm_difference(arm(name, "Full pool"), arm(name, "Core set"), "share_failing",
                                 these_sets=True) for name in ("on another EPYC", "on a Xeon"))
    assert epyc.separated and not xeon.separated  # by a hair
    return [*said, "one thread (18 runs each)", f"all {n_again(found)} runs were trained again",
            f"on the EPYC of model 1 (p = {epyc.p:.3f}, on these two sets) and not on the Xeon "
            f"(p = {xeon.p:.3f})"]


def n_again(found: collect.Evidence) -> int:
    """Kept runs of another session that are arms of this study: each must give the same IoUs."""
    machine = found.about["arm_machine"]
    kept, n = study.KEPT / kept_runs.folder_name(machine), 0
    for run_id, stored in zip(found.ious.runs["run_id"], found.ious.iou, strict=True):
        if (kept / f"{run_id}.zip").exists():
            with zipfile.ZipFile(kept / f"{run_id}.zip") as archive:
                again = np.load(io.BytesIO(archive.read("evaluation/held_out.npz")))["iou"]
                result = json.loads(archive.read("result.json"))
            assert result["machine"] == machine and result["date"] > found.about["written"]
            assert np.array_equal(again.astype(np.float16), stored)
            n += 1
    return n


RIVALS = [ARMS[kind] for kind in core_against_random.RIVALS]


def as_rows(rows: pd.DataFrame) -> list[str]:
    """Rows of a table of tests, in the documents' way of writing percent and minus."""
    return [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows.itertuples(index=False)]


def budgets() -> list[str]:
    """The three arms over updates, their medians, and the tests between them."""
    arms, medians = collect.read(STUDIES["now"]).arms, medians_table(IOUS, SCENE.result.n_core)
    rows = []
    for stop, times in TIMES.items():
        found = [(arm_row(arms, name, stop), arm_row(medians, name, stop))
                 for name in update_budget.BUDGET_ARMS]
        (n_runs,) = {row.n_runs for row, _ in found if row is not None}
        cells = [share(row.share_failing) if row is not None else "–" for row, _ in found]
        cells += [f"{m['median']:.4f}" if m is not None else "–" for _, m in found]
        rows.append(f"| {times} | {found[0][0].n_backward:,.0f} | {n_runs} | "
                    + " | ".join(cells) + " |")
    tests = update_budget.budget_tests(arms)
    ps = re.findall(r"p = (0\.\d+)", " ".join(as_rows(tests)))
    assert len(ps) == 18 and len(ps) * min(map(float, ps)) > 0.05
    return [*rows, *as_rows(tests), *most_updates(arms, medians),
            "corrected for the eighteen of the second table (Holm), none would be below 0.05"]


def most_updates(arms: pd.DataFrame, medians: pd.DataFrame) -> list[str]:
    """Where all pairs win, and who still gains by going from 4 to 16 times the updates."""
    core, random, everything = (
        [arm_row(arms, name, f"{times} times the updates") for times in (4, 16)]
        for name in update_budget.BUDGET_ARMS)
    at_most = [rows[1] for rows in (core, random, everything)]
    assert min(at_most, key=lambda row: row.share_failing) is everything[1]
    assert max(at_most, key=lambda row: row.mean_iou) is everything[1]
    tail, typical = (arm_difference(everything[1], core[1], name, these_sets=True)
                     for name in ("share_failing", "mean_iou"))
    assert typical.separated and not tail.separated
    more = [arm_difference(rows[1], rows[0], "share_failing", these_sets=True)
            for rows in (core, random, everything)]
    assert not any(found.separated for found in more)
    assert more[0].at > 0 and more[1].at > 0 > more[2].at
    gain = arm_difference(*(arm_row(medians, update_budget.FULL, f"{times} times the updates")
                            for times in (16, 4)), "median", these_sets=True)
    assert gain.separated
    return [f"in mean IoU this is separated from the core set (p = {typical.p:.3f}), in failing "
            f"not (p = {tail.p:.2f})",
            f"median by {gain.at:.4f} (p = {gain.p:.3f}), in failing not separated "
            f"({100 * more[2].at:.2f} points, p = {more[2].p:.3f})".replace("-", "−"),
            f"more pairs fail than with four times, neither separated (p = {more[0].p:.2f} and "
            f"{more[1].p:.2f})"]


def version_3() -> list[str]:
    """The recorded run and its controls."""
    arms, audit = [*NOW, *RIVALS], SCENE.result.reaudit
    rows = [arm("now", name) for name in arms]
    medians = [median(name) for name in arms]
    curves = 100 * curves_below()
    higher = medians[1]["median"] - medians[0]["median"]
    assert {row.n_runs for row in rows} == {3}
    exact = [curves.loc[0.90, name] for name in curves]
    assert [f"{value:.2f}" for value in exact] == [share(row.share_failing) for row in rows[:2]]
    apart = rival_tests(collect.read(STUDIES["now"]).arms, "equal updates").set_index("compared")
    assert [name for name, said in apart["share_failing"].items() if "not sep" not in said] == [
        "Core set minus k-centre greedy"] and apart["mean_iou"].str.contains("not separated").all()
    about = ABOUT["now"]
    processor = re.search(r"family \d+, model \d+", about["arm_machine"]).group()
    return [
        "| trained on | pairs | failing | median IoU | mean IoU |",
        *(f"| {label(row)} | {row.n_pairs:,} | {spread(row)} | {m['median']:.4f} "
          f"({m['median_low']:.4f} to {m['median_high']:.4f}) | {row.mean_iou:.3f} |"
          for row, m in zip(rows, medians, strict=True)),
        *(f"| {LABELS[name]} | " + " | ".join(f"{curves.loc[t, name]:.{2 if t <= 0.9 else 1}f}"
                            for t in (0.80, 0.90, 0.95, 0.96, 0.97)) + " |" for name in curves),
        "| below IoU | 0.80 | 0.90 | 0.95 | 0.96 | 0.97 |",
        f"keeps {SCENE.result.n_core} pairs; {audit.n_failing} of the discarded {audit.n:,} fail "
        f"in the re-audit, with IoU {audit.lowest_iou:.2f} the lowest",
        f"{rows[0].n_backward:,.0f} training images each", f"AMD EPYC of {processor}",
        crossing_words([crossing()]), f"median is {higher:.4f} higher",
        f"{about['n_runs']} of the plan's {about['n_planned']} runs",
        *as_rows(rival_tests(collect.read(STUDIES["now"]).arms, "equal updates")), *budgets(),
    ]


def results() -> list[str]:
    """Everything that docs/results.md says in numbers."""
    return [*registered_results(), *version_3(), *repeated(), *gaps(), placebo(), *controls(),
            *other_selections(), *second_processor(), *times(), *certified(), *measured()]


RESULTS_REST = {  # names, versions and what is defined rather than measured
    "one version. Version 0.3.0 fills", "# Version 0.3.0 Compact", "# Version 0.2.0 ## What",
    "as version 0.2.0 drew them", "as version 0.2.0 drew it", "Version 0.3.0, from the click",
    "(version 0.2.0, two cores",
    "at IoU 0.90", "IoU 0.90", "below 0.90 on", "at 0.90 is", "family 26", "EPYC of model 1",
    "with 1, 4 and 16 times the updates", "With 16 times the updates all", "From 4 to 16 times",
    "Xeon of family 6, model 167", "Orders 1 to 5", "14 min 16 s", "5.1 million",
    "pool of 10,000 pairs, precision 0.85, all three seeds 1", "128 x 128",
    "10,000 held-out pairs",
}


@functools.cache
def ten_pools() -> dict[str, pd.Series]:
    """Means over the registered pools by arm, of what its sentences are about."""
    table = preregistered_report.stored(preregistered.RESULTS, registration.SEEDS)
    assert table["pool"].nunique() == len(registration.SEEDS)
    median = table.pivot(index="pool", columns="arm", values="median_iou")
    assert (median["full-true-cost"] > median["core"]).all()
    means = table.groupby("arm").mean(numeric_only=True)
    assert means.loc["ccs", registration.TAIL] > means.loc["random", registration.TAIL]
    verdicts = hypothesis_table(table, registration.HYPOTHESES).set_index("name")["verdict"]
    assert set(verdicts.drop(["H2", "H7"])) == {"supported"}
    assert set(verdicts[["H2", "H7"]]) == {"not separated"}
    return {name: row for name, row in means.assign(
        n_low=table.groupby("arm")["n_pairs"].min(),
        n_high=table.groupby("arm")["n_pairs"].max()).iterrows()}


def apart(measure: str, arm: str, against: str) -> Paired:
    """Two arms compared over the pools in a way that was not registered."""
    table = preregistered_report.stored(preregistered.RESULTS, registration.SEEDS)
    wide = table.pivot(index="pool", columns="arm", values=measure)
    return paired(wide[arm] - wide[against])


@functools.cache
def of_ten_pools(*names: str) -> list[str]:
    """Their shares failing as they are printed."""
    return [f"{100 * ten_pools()[name][registration.TAIL]:.2f}" for name in names]


def by_factors() -> str:
    """Part of the difference between core set and random pairs that matched random pairs make."""
    table = preregistered_report.stored(preregistered.RESULTS, registration.SEEDS)
    wide = table.pivot(index="pool", columns="arm", values=registration.TAIL)
    at, low, high = ratio(wide["matched"] - wide["random"], wide["core"] - wide["random"])
    ends = f"{share(low, 0)} to {share(high, 0)} %"
    return f"{share(at, 0)} % of the difference{{}} (95 % interval {ends}"


def by_factors_of_every_draw() -> str:
    """The same against each random draw, and the registered one with its interval."""
    tail = wide(registration.TAIL)
    parts = [ratio(tail["matched"] - tail[name], tail["core"] - tail[name]) for name in DRAWS]
    lowest, highest = (share(end(part[0] for part in parts), 0) for end in (min, max))
    at, low, high = (share(end, 0) for end in parts[0])
    return (f"bring {lowest} to {highest} % of the difference in failures, depending on the draw "
            f"({at} % with the registered one, 95 % interval {low} to {high} %)")


def all_pairs() -> list[str]:
    """All pairs at the whole cost beside the core set: cost, failing, median."""
    table = preregistered_report.stored(preregistered.RESULTS, registration.SEEDS)
    images = table.pivot(index="pool", columns="arm", values="n_backward").mean() / 10_000
    scans = table.groupby("arm")["n_forward"].mean()["selection"] / 10_000
    selecting = images["selection"] + scans / 3
    assert round(images["full-true-cost"], 1) == round(selecting + images["core"], 1)
    means = ten_pools()
    assert apart("median_iou", "full-true-cost", "core").n_higher == 10
    fine = apart(below(0.95), "full-true-cost", "core")
    assert fine.n_lower == 10 and fine.p_t < 0.001
    return [f"then training from scratch: {images['full-true-cost']:.1f} epochs",
            f"networks fail on {share(means['full-true-cost'][registration.TAIL])} %",
            "median IoU is {:.4f} instead of {:.4f}".format(
                *(means[name]["median_iou"] for name in ("full-true-cost", "core"))),
            f"after {selecting:.1f} epochs, fails on "
            f"{share(means['selection'][registration.TAIL])} %"]


def below_095() -> str:
    """Pairs below IoU 0.95 after training on all pairs, and on the core set."""
    return "{:.1f} instead of {:.1f} % are below IoU 0.95".format(
        *(100 * ten_pools()[name][below(0.95)] for name in ("full-true-cost", "core")))


def below_097() -> tuple[str, str, int]:
    """Pairs below IoU 0.97 after core set and random pairs; in how many pools more of the first."""
    core, random = (f"{100 * ten_pools()[name][below(0.97)]:.0f}" for name in ("core", "random"))
    return core, random, apart(below(0.97), "core", "random").n_higher


def copied() -> str:
    """Pairs whose shapes touch, in the core set and in the draws that copy its factors."""
    found = pd.read_csv(ROOT / "benchmarks" / "results" / "matched-factors.csv")
    core, *copies = found.loc[found["pairs"] != "pool", "0 to 1.5"]
    places = found.iloc[0].filter(like="place_")
    assert set(places[places > 0].index) == {"place_gap_px", "place_target_area_px"}
    return (f"the shapes touch in {core} pairs of the core set and in {copies[0]}, {copies[1]} "
            f"and {copies[2]} of the three copies")


DRAWS = ["random", "first", "scout"]
"""Random sets of the core set's size, with its updates, that every registered pool has."""


def wide(measure: str) -> pd.DataFrame:
    """A measure of the registered pools, one column an arm."""
    table = preregistered_report.stored(preregistered.RESULTS, registration.SEEDS)
    return table.pivot(index="pool", columns="arm", values=measure)


def three_draws() -> list[str]:
    """What the two further random draws of each pool say of tail and median."""
    tail, median, fine = wide(registration.TAIL), wide("median_iou"), wide(below(0.95))
    rates = [share(tail[name].mean()) for name in DRAWS[1:]]
    first, scout = (paired(tail["core"] - tail[name]) for name in DRAWS[1:])
    parts = [share(ratio(tail["matched"] - tail[name], tail["core"] - tail[name])[0], 0)
             for name in DRAWS[1:]]
    mean = paired(median["core"] - median[DRAWS].mean(axis=1))
    others = paired((median["core"] - median["random"]).drop(9004))
    low = [share(fine.loc[9004, name], 1) for name in DRAWS]
    assert fine["random"].idxmax() == 9004 and first.n_lower == scout.n_lower == 10
    assert not apart("median_iou", "core", "random").p_t < 0.05
    return [
        f"{rates[0]} and {rates[1]} % fail, the selected pairs do better by "
        f"{-100 * first.mean:.2f} ({-100 * first.high:.2f} to {-100 * first.low:.2f}) and "
        f"{-100 * scout.mean:.2f} points ({-100 * scout.high:.2f} to {-100 * scout.low:.2f}), in "
        f"all ten pools, and the factors bring {parts[0]} and {parts[1]} % of the difference",
        f"pairs of pool 9004 it left {low[0]} % of the held-out pairs below IoU 0.95, after the "
        f"two other draws {low[1]} and {low[2]} % are",
        f"difference is {negative(others)}; against the mean of all three draws it is "
        f"{negative(mean)} over the ten"]


def negative(found: Paired) -> str:
    """A difference of medians with its interval, with the minus of print."""
    return f"{found.mean:.4f} ({found.low:.4f} to {found.high:.4f})".replace("-", "−")


def one_shot() -> str:
    """Where the pairs of the largest one-shot error fail more often than the core set."""
    table = preregistered_report.stored(preregistered.RESULTS, registration.SEEDS)
    ious = [stored_ious.read(preregistered.RESULTS / f"pool-{seed}.npz")
            for seed in registration.SEEDS]
    found = failing_by_gap(ious, dict(zip(table["run_id"], table["arm"], strict=True)), 0.90)
    lost = found["n"] * (found["el2n"] - found["core"])
    assert found["gap_px"].iloc[-1] == "over 24" and (lost[:2] <= 0).all()
    return (f"{share(lost.iloc[-1] / lost.sum(), 0)} % lies in pairs with a gap over 24 px; below "
            "3 px those do no worse")


def registered_results() -> list[str]:
    """What is said of the pools around their report."""
    core, random, matched, core_4x, random_4x = of_ten_pools(
        "core", "random", "matched", "core-4x", "random-4x")
    ccs, ccs_test = share(ten_pools()["ccs"][registration.TAIL]), apart(
        registration.TAIL, "ccs", "random")
    more, medians = apart("median_iou", "core-4x", "random-4x"), [
        f"{ten_pools()[name]['median_iou']:.4f}" for name in ("random-4x", "core")]
    assert more.n_lower == 10 and apart("median_iou", "core", "random-4x").n_lower == 10
    fine, fine_random, n_more = below_097()
    price = apart(below(0.97), "core", "random")
    return [copied(), *three_draws(), one_shot(),
            f"selected pairs {core} % of held-out pairs fail, after as many random pairs "
            f"{random} %", f"its pool fail on {matched} %", by_factors().format(""),
            f"which with {ccs} % is not separated from random pairs (p = {ccs_test.p_t:.2f})",
            f"{core_4x} against {random_4x} % fail",
            f"{medians[0]} after random pairs with four times the updates and {medians[1]} after",
            f"by {-more.mean:.4f} ({-more.high:.4f} to {-more.low:.4f})",
            f"After the selected pairs {fine} % are below IoU 0.97, after random pairs "
            f"{fine_random} %, more in {n_more} of 10 pools ({100 * price.mean:.1f} points, "
            f"{100 * price.low:.1f} to {100 * price.high:.1f}, p = {price.p_t:.3f})",
            *all_pairs(), below_095(), f"the {by_factors()[:4]} with its interval",
            "thresholds other than IoU 0.90"]


def arm_rows(arms: pd.DataFrame) -> list[pd.Series]:
    """Core set and random pairs, at equal updates with the selection's network."""
    return [arm_row(arms, name, "equal updates") for name in NOW[:2]]


def real_pictures() -> str:
    """Selected against random pairs of the nuclei, the mean of three networks in every order."""
    runs = pd.read_csv(ROOT / "benchmarks" / "results" / "nuclei-study" / "runs.csv")
    means = runs.pivot_table(index="order_seed", columns="arm", values="mean_iou")
    lower = means["random"] - means["core"]
    return (f"of {runs['n_pool'].iloc[0]} training images of nuclei, the selected pairs gave a "
            f"lower held-out IoU than as many random ones in {(lower > 0).sum()} of {len(lower)} "
            f"orders, on average by {lower.mean():.3f}")


def readme() -> list[str]:
    """The short table, and what stands around it."""
    shown = [name for name in NOW if name != "Stratified random"]
    rows, medians = [arm("now", name) for name in shown], [median(name) for name in shown]
    core, random = of_ten_pools("core", "random")
    seeds = benchmark(SEEDS)
    fine, fine_random, n_more = below_097()
    sizes = ten_pools()["core"]
    one = arm_difference(*arm_rows(collect.read(STUDIES["now"]).arms), "share_failing")
    assert not one.separated
    noise = table("here", "noise").iloc[0]
    most = [arm_row(medians_table(IOUS, SCENE.result.n_core), name, "16 times the updates")[
        "median"] for name in (update_budget.CORE, update_budget.FULL)]
    further = [share(wide(registration.TAIL)[name].mean()) for name in DRAWS[1:]]
    medians_of_pools = wide("median_iou")
    mean = paired(medians_of_pools["core"] - medians_of_pools[DRAWS].mean(axis=1))
    n_core = SCENE.result.n_core
    few = arm_difference(arm("now", "Full pool"), arm("now", "Random"), "share_failing")
    typical = arm_difference(medians[-1], medians[1], "median")
    whole = arm_difference(arm("now", "Full pool"), arm("now", "Core set"), "share_failing",
                           these_sets=True)
    assert whole.separated
    assert not few.separated and not typical.separated and not one.separated
    assert round(SCENE.result.n_pool / n_core, -2) == 100  # "about one pair in a hundred"
    assert {row.n_runs for row in rows} == {3}
    article = two(Store(RECORDED, recorded=True))["article"].result
    return [
        f"{n_core} of {SCENE.result.n_pool:,} pairs are selected",
        f"its network, run here, keeps {article.n_core}.",
        f"of {SCENE.result.n_parameters:,} parameters",
        f"the {sizes.n_low:.0f} to {sizes.n_high:.0f} selected pairs of a pool, {core} % of "
        f"held-out pairs fail; after as many random ones, {random} % do ({further[0]} and "
        f"{further[1]} % in two further draws)",
        f"of all three random draws the selected pairs' median is lower by {-mean.mean:.4f} "
        f"({-mean.high:.4f} to {-mean.low:.4f})",
        by_factors_of_every_draw(), *all_pairs()[:3], below_095(),
        "below any IoU from 0.95 on, those random pairs do better in all ten pools",
        "| trained on | pairs | failing | median IoU |",
        *(f"| {label(row)} | {row.n_pairs:,} | {spread(row)} | {m['median']:.4f} |"
          for row, m in zip(rows, medians, strict=True)),
        f"from all pairs (failures: p = {whole.p:.3f}, not corrected, for these two sets)",
        f"not all pairs from random ones, in failures (p = {few.p:.2f}) or in the median "
        f"({typical.at:.4f}, −{-typical.low:.4f} to +{typical.high:.4f}), nor one core set from "
        f"three random draws (failures: p = {one.p:.2f})",
        f"With 16 times the updates all pairs are best: median {most[1]:.4f}, after the selected "
        f"pairs {most[0]:.4f}",
        f"From IoU {crossing()[1]:.2f} on, more pairs fall short after the selected pairs than "
        f"after random ones; over the ten pools, {fine} against {fine_random} % are below 0.97 "
        f"(in {n_more} of 10,",
        f"on two idle cores takes {seeds[CLICK]['value']:.0f} s from the click",
        f"ready ({seeds['made ready beforehand']['value']:.0f} s), else "
        f"{seeds['from the click to the finished selection, fresh worker']['value']:.0f} s",
        real_pictures(),
        f"of {noise.n_pool} pairs with {noise.n_pool_wrong} wrong masks it kept {noise.n_core}, "
        f"all {noise.n_wrong} among them (version 0.2.0, one run)",
    ]


README_REST = {
    "*Train 6 networks*", "IoU 0.95 were not registered",
    "10,000 synthetic", "(2018)", "271 of 10,000", "Python 3.11", "Guess how many of 10,000 pairs",
    "compact preset of version 0.3.0 on 2026-11-26", "IoU below 0.90 on 10,000 held-out pairs",
    "IoU 0.90", "95 % interval", "at 64 x 64 pixels",
}


@pytest.mark.parametrize(("file", "sentences", "rest"), [
    ("docs/results.md", results, RESULTS_REST), ("README.md", readme, README_REST)])
def test_every_number_follows_from_a_table(file, sentences, rest):
    """What is computed stands there, and nothing else that looks like a number does."""
    text, computed = text_of(file), sentences()
    assert [words for words in [*computed, *sorted(rest)] if words not in text] == []
    for words in sorted({*computed, *rest}, key=len, reverse=True):
        text = text.replace(words, "·")
    assert re.findall(r".{0,40}\d.{0,20}", text) == []


def test_the_moving_picture_is_light():
    """Under 2 MB, so that the page with the README opens at once."""
    assert 0 < (ROOT / "docs" / "images" / "replay.webp").stat().st_size < 2_000_000


def test_the_readme_is_short():
    """A newcomer reads it to the end."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 120
